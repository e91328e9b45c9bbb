// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtTest
import QtAmqp.Test

TestCase {
    name: "Alerts"
    when: windowShown
    visible: true; width: 300; height: 200

    AmqpTestBroker { id: server }
    Alerts { id: alerts; url: server.url }

    function test_showsWhatComesAndAnswers() {
        verify(server.waitUntil(() => alerts.ready))
        server.publish("", "alerts", { text: "Boiler 3 is hot" })
        verify(server.waitUntil(() => alerts.itemAtIndex(0)?.text === "Boiler 3 is hot"))
        mouseClick(alerts.itemAtIndex(0))
        verify(server.waitUntil(() => server.queue("answers")?.messages === 1))
        compare(server.take("answers").json, { seen: "Boiler 3 is hot" })
        server.dropConnections()
        verify(server.waitUntil(() => alerts.problem !== ""))
        verify(server.waitUntil(() => alerts.ready)) // it is back
    }
}
