// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Numbers that a program computes or a user sets, with RabbitMQ, which is strict about their types.

import QtQuick
import QtQuick.Controls
import QtTest
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Values"
    when: windowShown
    width: 300
    height: 100
    visible: true

    Slider { id: slider; from: 0; to: 10; stepSize: 2.5; value: 7.5 }

    AmqpConnection {
        id: broker
        url: probe.url
        active: probe.url !== ""

        AmqpExchange {
            id: exchange
            name: "qtamqp.values"
            type: "headers"
            autoDelete: true
            mandatory: true
            property int returned: 0
            onMessageReturned: ++returned
        }
        AmqpQueue {
            id: queue
            arguments: ({ "x-max-length": 2.5 * slider.value, "x-max-priority": slider.to })
            bindings: [{ exchange: exchange.name, arguments: { size: slider.to * 4, "x-match": "all" } }]
            prefetch: slider.to * 2
        }
        AmqpMessageModel { id: messages; queue: queue }
    }

    function initTestCase() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        slider.increase() // what a user does
        compare(slider.value, 10)
        tryVerify(() => queue.ready && exchange.ready, 20000)
    }
    function init() {
        messages.clear()
        compare(broker.errorString + queue.errorString + exchange.errorString, "")
    }

    function test_numbersGoThereAndBack() {
        const sent = { size: slider.value * 4, ratio: slider.value / 4, list: [slider.value, 0.1],
                       inside: { half: slider.value / 2 }, time: new Date(1.7e12) }
        verify(exchange.publish("", 1, { headers: sent, priority: slider.value / 2, expiration: slider.value * 6000,
                                         timestamp: 1.7e9 }) > 0)
        tryCompare(messages, "count", 1, 20000) // it matches as an integer, or is returned
        const message = messages.get(0)
        compare(message.headers, sent)
        compare(message.priority, 5)
        compare(message.expiration, "60000")
        compare(message.timestamp, new Date(1.7e12))
        compare(exchange.returned, 0)
    }

    function test_whatRabbitWouldEndTheConnectionForIsRefused() {
        compare(exchange.publish("", 1, { headers: { size: 0 / 0 } }), 0)
        compare(exchange.error.kind, "InvalidArgument")
        verify(exchange.errorString.includes('"size": the number is NaN'))
        compare(exchange.publish("", 1, { priority: 256 }), 0)
        verify(exchange.errorString.includes("priority is 256"))
        verify(broker.connected && exchange.ready)
        exchange.active = false
        exchange.active = true
        tryVerify(() => exchange.ready, 20000)
    }
}
