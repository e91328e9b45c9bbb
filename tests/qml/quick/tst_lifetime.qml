// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What Loader, Repeater, StackView and destroy() take away in the midst of things: nothing is warned of, the
// connection of others goes on, and what was not acknowledged goes back to its queue.

import QtQuick
import QtQuick.Controls
import QtTest
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Lifetime"
    when: windowShown
    width: 400
    height: 400
    visible: true

    property int destroyed: 0
    property int number: 0

    component Page: Item {
        id: page

        property AmqpConnection link: null // none: its own
        property string url: probe.url
        property int received: 0
        property int redelivered: 0
        property string end // the event that is its own end
        signal died
        property alias own: own
        property alias queue: queue
        property alias exchange: exchange
        property alias client: client
        readonly property bool ready: queue.ready && exchange.ready && client.ready

        function happened(event) {
            if (event === end)
                died()
        }
        Component.onDestruction: ++test.destroyed

        AmqpConnection {
            id: own
            url: page.url
            active: page.link === null
            onStateChanged: if (connected) page.happened("connected")
            onErrorOccurred: page.happened("connection's error")
        }
        AmqpQueue {
            id: queue
            connection: page.link ?? own
            name: "qtamqp.lifetime." + test.number
            arguments: ({ "x-expires": 20000 })
            ackPolicy: AmqpQueue.AckManually
            onReadyChanged: if (ready) page.happened("ready")
            onMessageReceived: (message) => {
                ++page.received
                if (message.redelivered)
                    ++page.redelivered
                page.happened("message")
            }
        }
        AmqpExchange {
            id: exchange
            connection: page.link ?? own
            onConfirmed: page.happened("confirm")
            onErrorOccurred: page.happened("error")
            onUnconfirmedChanged: if (unconfirmed > 0) page.happened("unconfirmed")
        }
        AmqpRpcClient { id: client; connection: page.link ?? own; timeout: 0 }
        ListView {
            anchors.fill: parent
            model: AmqpMessageModel { queue: page.queue }
            delegate: Text { required property string bodyText; text: bodyText }
        }
    }

    AmqpConnection { id: broker; url: probe.url; active: probe.url !== "" }
    AmqpQueue {
        id: witness
        connection: broker
        property int errors: 0
        property int received: 0
        onErrorOccurred: ++errors
        onMessageReceived: ++received
    }

    Component { id: alone; Page { } }
    Component { id: guest; Page { link: broker } }
    Component { id: lost; Page { url: "amqp://127.0.0.1:1?recovery=off" } }
    Component { id: empty; Item { } }

    Loader { id: loader; anchors.fill: parent }
    Repeater { id: repeater; model: 0 }
    StackView { id: stack; anchors.fill: parent; initialItem: empty }

    // Each makes a page of a component and returns it, and takes it away.
    readonly property var containers: ({
        "Loader": {
            make: (component) => { loader.sourceComponent = component; return loader.item },
            take: () => loader.sourceComponent = undefined
        },
        "Repeater": {
            make: (component) => {
                repeater.delegate = component
                repeater.model = 1
                return repeater.itemAt(0)
            },
            take: () => repeater.model = 0
        },
        "StackView": {
            make: (component) => stack.push(component, {}, StackView.Immediate),
            take: () => stack.pop(StackView.Immediate)
        },
        "destroy()": {
            make: (component) => component.createObject(test),
            take: (page) => page.destroy()
        }
    })

    readonly property var states: ({
        "connecting": () => { },
        "ready": (page) => tryVerify(() => page.ready, 20000),
        "unacknowledged": (page) => {
            tryVerify(() => page.ready, 20000)
            for (let i = 0; i < 3; ++i)
                page.queue.publish(i)
            tryVerify(() => page.received === 3, 20000)
        },
        "request pending": (page) => {
            tryVerify(() => page.ready, 20000)
            page.client.call(page.queue.name, "x", () => fail("a reply to what is gone"))
            tryVerify(() => page.received === 1, 20000)
            compare(page.client.pending, 1)
        },
        "unconfirmed": (page) => {
            tryVerify(() => page.ready, 20000)
            verify(page.exchange.publish(page.queue.name, "x") > 0)
        },
        "closed channel": (page) => {
            tryVerify(() => page.ready, 20000)
            page.exchange.name = "qtamqp.lifetime.none"
            page.exchange.publish("k", "x")
            tryCompare(page.exchange, "errorCode", 404, 20000)
        },
        "no broker": (page) => tryVerify(() => page.own.errorString !== "", 20000)
    })

    function init() {
        ++number
    }

    function rows() {
        const all = []
        for (const container in containers) {
            for (const state in states) {
                const components = state === "no broker" ? { lost } : { alone, guest }
                for (const component in components)
                    all.push({ tag: container + ", " + component + ", " + state, container, state,
                               component: components[component] })
            }
        }
        return all
    }

    function wantBroker() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        tryVerify(() => broker.connected && witness.ready, 20000)
    }

    function isWell() {
        if (probe.url === "")
            return true
        witness.received = 0
        witness.publish("x")
        tryCompare(witness, "received", 1, 20000)
        return broker.connected && witness.errors === 0
    }

    function test_takenAwayInAnyState_data() { return rows() }
    function test_takenAwayInAnyState(row) {
        if (row.state !== "no broker")
            wantBroker()
        const container = containers[row.container]
        const before = destroyed
        const page = container.make(row.component)
        verify(page)
        states[row.state](page)
        container.take(page)
        tryCompare(test, "destroyed", before + 1, 5000)
        verify(isWell())
        if (row.state !== "unacknowledged")
            return
        const next = container.make(row.component)
        tryVerify(() => next.redelivered === 3, 20000)
        container.take(next)
        tryCompare(test, "destroyed", before + 2, 5000)
    }

    function test_itsOwnHandlerIsItsEnd_data() {
        const all = []
        for (const container in containers) {
            for (const event of ["connected", "ready", "message", "confirm", "error", "unconfirmed",
                                 "reply", "connection's error"])
                all.push({ tag: container + ", " + event, container, event })
        }
        return all
    }
    function test_itsOwnHandlerIsItsEnd(row) {
        const withoutBroker = row.event === "connection's error"
        if (!withoutBroker)
            wantBroker()
        const container = containers[row.container]
        const before = destroyed
        const page = container.make(withoutBroker ? lost : alone)
        page.died.connect(() => container.take(page))
        page.end = row.event
        const use = {
            "message": () => page.queue.publish("x"),
            "confirm": () => page.exchange.publish("nowhere", "x"),
            "unconfirmed": () => page.exchange.publish("nowhere", "x"),
            "error": () => page.exchange.publish("nowhere", "x", { wrong: 1 }),
            "reply": () => page.client.call("nowhere", "x", () => page.died())
        }[row.event]
        if (use) {
            tryVerify(() => page.ready, 20000)
            use()
        }
        tryCompare(test, "destroyed", before + 1, 20000)
        wait(0)
        verify(isWell())
    }
}
