// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A work list with RabbitMQ: each row has its buttons, and shows what became of its message.

import QtQuick
import QtQuick.Controls
import QtTest
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Settling"
    when: windowShown
    width: 400
    height: 300
    visible: true

    AmqpConnection {
        id: broker
        url: probe.url
        active: probe.url !== ""
        AmqpQueue { id: queue; ackPolicy: AmqpQueue.AckManually }
        AmqpMessageModel { id: messages; queue: queue; maximumSize: 1000 }
    }

    ListView {
        id: view
        anchors.fill: parent
        model: messages
        delegate: ItemDelegate {
            id: row
            required property int index
            required property string bodyText
            required property bool settled
            required property var message
            readonly property alias done: done
            readonly property alias away: away
            width: ListView.view.width
            text: bodyText.slice(0, 9)
            Row {
                anchors { right: parent.right; verticalCenter: parent.verticalCenter }
                Button { id: done; text: "Done"; enabled: !row.settled; onClicked: row.message.ack() }
                Button { id: away; text: "Away"; onClicked: messages.remove(row.index) }
            }
        }
    }

    function test_buttonsOfARow() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        tryVerify(() => queue.ready, 20000)
        for (const text of ["first", "second", "third"])
            queue.publish(text)
        tryCompare(view, "count", 3, 20000)
        tryVerify(() => view.itemAtIndex(1)) // rows are made when the view is about to be drawn
        const second = view.itemAtIndex(1)
        verify(second.done.enabled)
        mouseClick(second.done)
        tryCompare(second, "settled", true)
        verify(!second.done.enabled)
        mouseClick(second.away)
        tryCompare(view, "count", 2)
        tryVerify(() => view.itemAtIndex(1)?.text === "third")
        messages.ack(0)
        tryCompare(view.itemAtIndex(0), "settled", true)
        compare(view.itemAtIndex(1).settled, false)

        messages.clear()
        queue.publish("x".repeat(990))
        tryCompare(view, "count", 1, 20000)
        queue.publish("y".repeat(990)) // too much for both
        tryVerify(() => view.count === 1 && view.itemAtIndex(0)?.text.startsWith("y"), 20000)
        compare(queue.errorString, "")
    }
}
