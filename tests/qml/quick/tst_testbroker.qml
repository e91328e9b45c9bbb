// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The test broker in QML: it needs no other broker.

import QtQuick
import QtTest
import QtAmqp
import QtAmqp.Test

TestCase {
    id: test
    name: "TestBroker"
    when: windowShown

    Component {
        id: brokers
        AmqpTestBroker { property int changes: 0; onChanged: ++changes }
    }
    Component {
        id: connections
        AmqpConnection {
            id: connection
            property alias queue: queue
            property int errors: 0
            property var texts: []
            active: url !== ""
            connectionName: "the client"
            onErrorOccurred: ++errors
            AmqpQueue {
                id: queue
                name: "q"
                durable: true
                onMessageReceived: message => { connection.texts = [...connection.texts, message.text] }
                onErrorOccurred: ++connection.errors
            }
        }
    }

    function makeBroker(properties) { return createTemporaryObject(brokers, test, properties ?? {}) }
    function connectTo(broker, query) {
        const made = createTemporaryObject(connections, test, { url: broker.url + (query ?? "") })
        verify(broker.waitUntil(() => made.queue.ready))
        return made
    }

    function test_runsByItselfAndEndsWithTheObject() {
        const broker = makeBroker()
        verify(broker.running)
        verify(/^amqp:\/\/guest:guest@127\.0\.0\.1:[1-9]\d*$/.test(broker.url), broker.url)
        compare(broker.errorString, "")
        const client = connectTo(broker, "?recovery=off")
        broker.destroy()
        tryVerify(() => !client.connected)
        compare(client.errors, 1)
    }

    function test_doesNotRunIfItShallNot() {
        const broker = makeBroker({ running: false })
        verify(!broker.running)
        compare(broker.url, "")
        compare(broker.publish("amq.fanout", "", "x"), false)
        compare(broker.take("q"), null)
        broker.running = true
        verify(broker.running)
        verify(broker.url !== "")
    }

    function test_startsAgainWithWhatIsDurableAtTheSameUrl() {
        const broker = makeBroker()
        const url = broker.url
        const client = connectTo(broker)
        client.queue.receiving = false
        broker.publish("", "q", "kept", { persistent: true })
        broker.running = false
        verify(broker.waitUntil(() => !client.connected))
        broker.running = true
        compare(broker.url, url)
        compare(broker.queues.map(queue => queue.name), ["q"])
        connectTo(broker)
        tryCompare(broker, "acknowledged", 1)
    }

    function test_saysWhyItCannotStart() {
        const broker = makeBroker()
        ignoreWarning(/AmqpTestBroker: .*already in use/)
        const other = makeBroker({ port: Number(broker.url.split(":").pop()) })
        verify(!other.running)
        verify(other.errorString.includes("in use"), other.errorString)
        ignoreWarning(/AmqpTestBroker: port is 65536/)
        other.port = 65536
        other.running = true
        verify(!other.running)
        other.port = 0
        other.running = true
        verify(other.running)
        compare(other.errorString, "")
    }

    function test_publishesLikeAQueue_data() {
        return [
            { tag: "object", body: { a: [1, "b"] }, text: "{\"a\":[1,\"b\"]}", contentType: "application/json" },
            { tag: "array", body: [1, 2], text: "[1,2]", contentType: "application/json" },
            { tag: "text", body: "Grüße", text: "Grüße", contentType: "text/plain" },
            { tag: "bytes", body: new Uint8Array([104, 105]).buffer, text: "hi", contentType: "application/octet-stream" },
        ]
    }
    function test_publishesLikeAQueue(data) {
        const broker = makeBroker()
        const client = connectTo(broker)
        verify(broker.publish("", "q", data.body, { headers: { number: 7 } }))
        verify(broker.waitUntil(() => client.texts.length === 1))
        compare(client.texts[0], data.text)
        client.queue.receiving = false
        tryVerify(() => broker.queue("q").consumers === 0)
        verify(broker.publish("", "q", data.body, { headers: { number: 7 } }))
        const taken = broker.take("q")
        compare(taken.text, data.text)
        compare(taken.contentType, data.contentType)
        compare(taken.headers.number, 7)
        compare(broker.take("q"), null)
    }

    function test_saysWhatCannotBeSent() {
        const broker = makeBroker()
        let thrown = ""
        try { broker.publish("amq.fanout", "", "x", { priority: -1 }) } catch (error) { thrown = String(error) }
        verify(thrown.includes("priority"), thrown)
        compare(broker.publish("no-such", "", "x"), false)
        compare(broker.publish("", "no-such", "x"), false)
    }

    function test_showsWhatClientsDo() {
        const broker = makeBroker()
        const client = connectTo(broker)
        compare(broker.connections.length, 1)
        compare(broker.connections[0].name, "the client")
        compare(broker.connections[0].user, "guest")
        compare(broker.exchanges.find(e => e.name === "amq.topic"),
                { name: "amq.topic", type: "topic", durable: true, autoDelete: false, internal: false })
        client.queue.bindings = [{ exchange: "amq.topic", routingKey: "a.*" }]
        tryVerify(() => broker.bindings.some(b => b.exchange === "amq.topic"))
        const made = broker.bindings.find(b => b.exchange === "amq.topic")
        compare(made, { exchange: "amq.topic", routingKey: "a.*", destination: "q", toExchange: false })
        client.queue.publish("one")
        client.queue.publish("two")
        tryCompare(broker, "published", 2)
        tryCompare(broker, "confirmed", 2)
        tryCompare(broker, "delivered", 2)
        tryCompare(broker, "acknowledged", 2)
        compare(client.texts, ["one", "two"])
        compare(broker.queue("q"), { name: "q", messages: 0, unacknowledged: 0, consumers: 1, durable: true,
                                     exclusive: false, autoDelete: false })
        compare(broker.queues, [broker.queue("q")])
        compare(broker.queue("no-such"), null)
    }

    function test_waitsUntilItIsSo() {
        const broker = makeBroker()
        const client = createTemporaryObject(connections, test, { url: broker.url })
        verify(broker.waitUntil(() => client.queue.ready))
        verify(!broker.waitUntil(() => false, 1))
        let thrown = ""
        try { broker.waitUntil(() => { throw new Error("oh") }) } catch (error) { thrown = String(error) }
        verify(thrown.includes("oh"), thrown)
        thrown = ""
        try { broker.waitUntil(3) } catch (error) { thrown = String(error) }
        verify(thrown.includes("function"), thrown)
    }

    // However much happens, bindings are evaluated once in a turn of the event loop.
    function test_changesAreSaidOnceATurn() {
        const broker = makeBroker()
        connectTo(broker)
        wait(0)
        const before = broker.changes
        for (let i = 0; i < 1000; ++i)
            broker.publish("", "q", "x")
        compare(broker.changes, before)
        tryVerify(() => broker.changes > before)
        tryCompare(broker, "acknowledged", 1000)
        verify(broker.changes - before < 500, broker.changes - before)
    }

    function test_blocksAndUnblocks() {
        const broker = makeBroker()
        const client = connectTo(broker)
        broker.block("no room")
        verify(broker.blocked)
        client.queue.publish("x")
        verify(broker.waitUntil(() => client.blocked))
        broker.unblock()
        verify(!broker.blocked)
        tryVerify(() => !client.blocked)
        verify(broker.waitUntil(() => client.texts.length === 1))
        compare(client.errors, 0)
    }

    function test_dropsAndClosesConnections_data() {
        return [
            { tag: "dropped", end: broker => broker.dropConnections(), queues: 1 },
            { tag: "restarted", end: broker => broker.restart(), queues: 1 },
            { tag: "closed", end: broker => broker.closeConnections(), queues: 1, text: "CONNECTION_FORCED" },
            { tag: "closed with a code", end: broker => broker.closeConnections(541, "a fault"), queues: 1,
              text: "a fault" },
        ]
    }
    function test_dropsAndClosesConnections(data) {
        const broker = makeBroker()
        const url = broker.url
        const client = connectTo(broker, "?recovery=off")
        data.end(broker)
        verify(broker.waitUntil(() => client.errors === 1))
        verify(client.errorString.includes(data.text ?? ""), client.errorString)
        compare(broker.url, url)
        compare(broker.queues.length, data.queues)
        client.reopen()
        verify(broker.waitUntil(() => client.queue.ready))
        verify(broker.publish("", "q", "again"))
        verify(broker.waitUntil(() => client.texts.length === 1))
    }

    function test_aClientComesBackByItself_data() {
        return test_dropsAndClosesConnections_data()
    }
    function test_aClientComesBackByItself(data) {
        const broker = makeBroker()
        const client = connectTo(broker)
        data.end(broker)
        verify(broker.waitUntil(() => client.recovering))
        verify(!client.connected && !client.queue.ready)
        verify(client.stateText.startsWith("Connection lost, trying again"), client.stateText)
        verify(client.lastError.text.includes(data.text ?? ""), client.lastError.text)
        verify(broker.waitUntil(() => client.connected && client.queue.ready))
        verify(broker.publish("", "q", "again"))
        verify(broker.waitUntil(() => client.texts.length === 1))
        compare(client.errors, 0)
        compare(client.lastError.text + client.errorString, "")
    }
}
