// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// examples/quick-outbox as a user works with it, with the broker for tests.

import QtQuick
import QtTest
import QtAmqp.Test

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Outbox"
    when: windowShown

    AmqpTestBroker { id: broker }

    function open(url, file) {
        const component = Qt.createComponent("../../../examples/quick-outbox/outbox.qml")
        compare(component.status, Component.Ready, component.errorString())
        const window = createTemporaryObject(component, test, { url: url, file: file })
        tryVerify(() => window.active || window.visible, 5000)
        return window
    }

    function test_notesAreSentWhenThereIsABroker() {
        const file = probe.temporaryFile("notes.box")
        let window = open("amqp://127.0.0.1:1?recovery_delay=60", file)
        tryCompare(window.footer, "text", "Notes to be sent: 0")
        for (const note of ["one", "two"]) {
            window.header.text = note
            window.header.accepted()
            compare(window.header.text, "")
        }
        tryCompare(window.footer, "text", "Notes to be sent: 2")
        window.header.text = ""
        window.header.accepted() // nothing to send
        tryVerify(() => findChild(window.contentItem, "problem").text.includes("127.0.0.1:1"))
        compare(window.footer.text, "Notes to be sent: 2")
        verify(probe.photograph(window, "quick-outbox-no-broker"))
        window.destroy()
        tryVerify(() => window.header === undefined) // it has gone, and has closed the file

        window = open(broker.url + "?recovery_delay=30", file)
        tryVerify(() => broker.confirmed === 2, 20000)
        tryCompare(window.footer, "text", "Notes to be sent: 0")
        compare(broker.take("notes").text + broker.take("notes").text, "onetwo")
        compare(findChild(window.contentItem, "state").text, "Connected")
        verify(!findChild(window.contentItem, "problem").visible)
        window.header.text = "three"
        verify(probe.photograph(window, "quick-outbox"))

        broker.running = false
        tryVerify(() => findChild(window.contentItem, "state").text.startsWith("Connection lost, trying again in"), 20000)
        window.header.accepted()
        tryCompare(window.footer, "text", "Notes to be sent: 1")
        verify(findChild(window.contentItem, "problem").visible)
        verify(probe.photograph(window, "quick-outbox-lost"))
    }
}
