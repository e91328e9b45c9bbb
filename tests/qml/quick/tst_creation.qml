// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Calls in Component.onCompleted of what is made within a document that is not complete itself, or later:
// they are kept and done, in their order.

import QtQuick
import QtQuick.Controls
import QtTest
import QtQml
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Creation"
    when: windowShown
    width: 200
    height: 200
    visible: true

    property var received: []
    property var replies: []
    property var outcomes: []

    AmqpConnection { id: broker; url: probe.url; active: probe.url !== "" }
    AmqpExchange { id: answers; connection: broker }
    AmqpQueue {
        id: inbox
        connection: broker
        onMessageReceived: (message) => {
            test.received.push(message.text)
            if (message.replyTo)
                answers.publish(message.replyTo, "reply", { correlationId: message.correlationId })
        }
    }

    // What calls as soon as it is there: objects of its own and those of the document around it.
    component Caller: Item {
        id: caller
        property var around
        implicitHeight: 1
        AmqpExchange {
            id: own
            connection: caller.around.link
            onConfirmed: (first, last) => test.outcomes.push("own " + first + "-" + last)
        }
        AmqpRpcClient { id: client; connection: caller.around.link; timeout: 20000 }
        Component.onCompleted: {
            const name = inbox.queueName
            if (own.publish(name, "own 1") !== 1 || own.publish(name, "own 2") !== 2)
                test.outcomes.push("no tag")
            test.outcomes.push("unconfirmed " + own.unconfirmed)
            caller.around.exchange.publish(name, "around")
            caller.around.queue.publish("queue")
            client.call(name, "request", (reply, error) => test.replies.push(error ? error.text : reply.text))
        }
    }

    // A document with all ways to make one.
    component Page: Item {
        id: page
        property string way
        readonly property alias link: link
        readonly property alias exchange: exchange
        readonly property alias queue: queue
        property bool wanted: way.startsWith("later") ? false : true

        Component { id: callers; Caller { around: page } }
        Loader { active: page.wanted && page.way.endsWith("Loader"); sourceComponent: callers }
        Loader { active: page.way === "asynchronous"; asynchronous: true; sourceComponent: callers }
        Repeater { model: page.way === "Repeater" ? 1 : 0; delegate: callers }
        Instantiator { active: page.way === "Instantiator"; delegate: callers }
        ListView {
            anchors.fill: parent
            model: page.wanted && page.way.endsWith("ListView") ? 1 : 0
            delegate: callers
        }
        property var made: page.way === "createObject in a binding" ? callers.createObject(page) : null
        property var incubator: page.way === "incubateObject" ? callers.incubateObject(page) : null
        Component.onCompleted: if (page.way === "createObject") callers.createObject(page)

        AmqpExchange { id: exchange; connection: link }
        AmqpQueue {
            id: queue
            connection: link
            onMessageReceived: (message) => test.received.push(message.text)
        }
        // Last: what is above it in the document is complete before, or after.
        AmqpConnection { id: link; url: probe.url; active: true }
    }
    Component { id: pages; Page { } }

    function init() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        tryVerify(() => broker.connected && inbox.ready, 20000)
        received = []
        replies = []
        outcomes = []
    }

    readonly property var ways: ["Loader", "asynchronous", "Repeater", "Instantiator", "ListView", "createObject",
                                 "createObject in a binding", "incubateObject", "later Loader", "later ListView"]

    function test_callsAreKeptAndMade_data() {
        return ways.map((tag) => ({ tag }))
    }
    function test_callsAreKeptAndMade(row) {
        const page = createTemporaryObject(pages, test, { way: row.tag })
        if (row.tag.startsWith("later")) {
            tryVerify(() => page.link.connected, 20000)
            page.wanted = true
        }
        tryVerify(() => received.length === 5 && replies.length === 1, 20000)
        tryVerify(() => outcomes.length >= 2, 20000)
        compare(received.filter((text) => text.startsWith("own")), ["own 1", "own 2"])
        verify(received.includes("around") && received.includes("queue") && received.includes("request"))
        compare(replies, ["reply"])
        compare(outcomes[0], "unconfirmed 2")
        verify(!outcomes.includes("no tag"))
        verify(outcomes.includes("own 1-2") || outcomes.includes("own 2-2"), outcomes.join())
        compare(page.link.errorString + page.exchange.errorString + page.queue.errorString, "")
    }

    // A page that is made in the background: turns of the event loop come in between.
    function test_theDocumentIsMadeInTheBackground() {
        const incubator = pages.incubateObject(test, { way: "Loader" })
        tryVerify(() => incubator.status === Component.Ready, 20000)
        tryVerify(() => received.length === 5 && replies.length === 1, 20000)
        incubator.object.destroy()
    }
}
