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
            arguments: ({ "x-max-length": 10000 })
            property int received: 0
            onMessageReceived: ++received
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
        const start = queue.received
        const memory = probe.memory()
        wait(probe.seconds * 1000)
        const rate = Math.round((queue.received - start) / probe.seconds)
        const grown = probe.memory() - memory
        const text = rate + " messages/s; the longest turn ran " + probe.longestTurn.toFixed(1)
                   + " ms, the longest gap was " + probe.longestGap.toFixed(1) + " ms; memory grew by "
                   + grown + " MiB to " + probe.memory()
        console.info(text)
        verify(broker.connected && queue.ready && queue.errorString === "", broker.errorString)
        compare(rows.count, 1000)
        verify(rate > 100, text)
        verify(broker.messagesPerSecondIn > 100, text)
        verify(probe.longestTurn < 50, text)
        verify(grown < 32, text)
        probe.stopFlood()
    }
}
