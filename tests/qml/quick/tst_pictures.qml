// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What other tests do not show of the examples with windows: the chat after a lost link, and the alerts of
// examples/testing-qml with data, after a lost link and without a broker.

import QtQuick
import QtQuick.Controls
import QtTest
import QtAmqp.Test

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Pictures"
    when: windowShown

    AmqpTestBroker { id: server }
    Component {
        id: frame // Alerts.qml is a part of a window
        ApplicationWindow { visible: true; width: 300; height: 200; title: "Alerts" }
    }

    function init() { server.running = true }

    function create(file, parent, properties) {
        const component = Qt.createComponent(`../../../examples/${file}`)
        compare(component.status, Component.Ready, component.errorString())
        return createTemporaryObject(component, parent, properties)
    }

    function shows(item, text) {
        return (item.visible && item.text?.includes(text))
                || Array.from(item.children ?? []).some((child) => shows(child, text))
    }

    function test_chat() {
        const window = create("quick-chat/chat.qml", test, { url: server.url, nick: "Anna" })
        verify(server.waitUntil(() => server.bindings.some((binding) => binding.exchange === "qtamqp.chat")))
        server.publish("qtamqp.chat", "", { name: "Ben", text: "Is the pump running?" })
        server.publish("qtamqp.chat", "", { name: "Anna", text: "Yes, since a quarter past nine." })
        tryVerify(() => shows(window.contentItem, "quarter"))
        server.running = false
        tryVerify(() => shows(window.contentItem, "127.0.0.1"), 20000)
        verify(probe.photograph(window, "quick-chat-lost"))
    }

    function test_alerts() {
        const open = (url) => create("testing-qml/Alerts.qml", createTemporaryObject(frame, test).contentItem, { url: url })

        const alerts = open(server.url)
        verify(server.waitUntil(() => alerts.ready))
        for (const text of ["Boiler 3 is hot", "Pump 1 stands still", "The door of the yard is open"])
            server.publish("", "alerts", { text: text })
        verify(server.waitUntil(() => alerts.count === 3))
        verify(probe.photograph(alerts.Window.window, "testing-qml"))
        server.running = false
        verify(server.waitUntil(() => alerts.problem !== ""))
        verify(probe.photograph(alerts.Window.window, "testing-qml-lost"))

        const alone = open("amqp://127.0.0.1:1")
        verify(server.waitUntil(() => alone.problem !== ""))
        verify(probe.photograph(alone.Window.window, "testing-qml-no-broker"))
    }
}
