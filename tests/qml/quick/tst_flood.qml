// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// As many messages as the broker delivers into a model with a view.

import QtQuick
import QtTest
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Flood"
    when: windowShown
    width: 400
    height: 400
    visible: true

    AmqpConnection {
        id: broker
        url: probe.url
        active: probe.url !== ""

        AmqpExchange { id: exchange; name: "qtamqp.flood"; type: "topic"; autoDelete: true }
        AmqpQueue {
            id: queue
            bindings: [{ exchange: exchange.name, routingKey: "#" }]
            property int received: 0
            onMessageReceived: {
                ++received
                probe.delivered()
            }
        }
    }
    AmqpMessageModel { id: rows; queue: queue; maximumCount: 1000; newestFirst: true }

    ListView {
        anchors.fill: parent
        model: rows
        delegate: Text {
            required property string routingKey
            required property var json
            text: routingKey + " " + json.number
        }
    }

    function test_flood() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        tryVerify(() => queue.ready, 20000)
        probe.flood(exchange.name)
        tryVerify(() => rows.count === 1000, 20000)
        wait(probe.seconds * 1000 / 5) // until memory is what it will be
        const start = queue.received
        const memory = probe.memory
        probe.measure()
        wait(probe.seconds * 1000)
        const rate = Math.round((queue.received - start) / probe.seconds)
        const grown = probe.memory - memory
        const text = rate + " messages/s for " + probe.seconds + " s; " + probe.measured
                   + "; memory grew by " + grown.toFixed(1) + " MiB to " + probe.memory.toFixed(0)
        console.info(text)
        verify(broker.connected && queue.ready && queue.errorString === "", broker.errorString)
        compare(rows.count, 1000)
        verify(rate > 500, text)
        verify(broker.messagesPerSecondIn > 500, text)
        verify(probe.longestTurn < 50, text)
        verify(probe.longestGap < 50, text)
        verify(grown < 16, text)
        probe.stopFlood()
    }
}
