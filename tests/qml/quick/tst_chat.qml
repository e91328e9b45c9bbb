// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// examples/quick-chat as a user works with it.

import QtQuick
import QtTest

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Chat"
    when: windowShown

    function open(properties) {
        const component = Qt.createComponent("../../../examples/quick-chat/chat.qml")
        compare(component.status, Component.Ready, component.errorString())
        const window = createTemporaryObject(component, test, properties)
        tryVerify(() => window.active || window.visible, 5000)
        return window
    }

    function find(item, test_) {
        if (test_(item))
            return item
        for (let i = 0; i < (item.children?.length ?? 0); ++i) {
            const found = find(item.children[i], test_)
            if (found)
                return found
        }
        return null
    }

    function field(window) {
        return find(window.contentItem, (item) => item.placeholderText !== undefined)
    }
    function count(window) {
        return find(window.contentItem, (item) => item instanceof ListView).count
    }
    function type(window, text) {
        for (const letter of text)
            keyClick(letter)
        compare(field(window).text, text)
    }
    function activate(window) {
        window.requestActivate()
        tryVerify(() => window.active && window.activeFocusItem?.activeFocus, 5000)
    }

    function test_saysWhatIsWrongWithoutABroker() {
        const window = open({ url: "amqp://127.0.0.1:1" })
        tryVerify(() => find(window.contentItem, (item) => item.text?.includes("127.0.0.1")) !== null, 10000)
        const button = find(window.contentItem, (item) => item.text === "Connect")
        tryVerify(() => button.visible)
        activate(window)
        verify(!field(window).enabled)
        keyClick(Qt.Key_Tab)
        tryVerify(() => button.activeFocus)
        verify(field(window).placeholderText.includes("connection"))
        verify(probe.photograph(window, "quick-chat-no-broker"))
        // The button tries again, by key and by mouse.
        const label = find(window.contentItem, (item) => item.text?.includes("127.0.0.1"))
        keyClick(Qt.Key_Space)
        tryVerify(() => label.text.includes("127.0.0.1"), 10000)
        mouseClick(button)
        tryVerify(() => label.text.includes("127.0.0.1"), 10000)
        window.destroy()
    }

    // By the keyboard alone, and by the mouse.
    function test_whatIsTypedIsSeenByAll() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        const anna = open({ url: probe.url, nick: "Anna" })
        const ben = open({ url: probe.url, nick: "Ben" })
        const ready = (window) => find(window.contentItem, (item) => item.text === "Connected") !== null
        tryVerify(() => ready(anna) && ready(ben) && field(anna).enabled && field(ben).enabled, 20000)
        wait(200) // the queues are bound

        activate(anna)
        tryVerify(() => field(anna).activeFocus) // nobody has to click
        type(anna, "Is the pump running?")
        keyClick(Qt.Key_Return)
        compare(field(anna).text, "")
        tryVerify(() => count(anna) === 1 && count(ben) === 1, 20000)
        keyClick(Qt.Key_Return) // nothing to say
        wait(50)
        compare(count(anna), 1)

        activate(ben)
        const send = find(ben.contentItem, (item) => item.text === "Send")
        verify(!send.enabled)
        mouseClick(field(ben))
        type(ben, "Yes, since a quarter past nine. It was the fuse again, I have ordered two of them.")
        verify(send.enabled)
        mouseClick(send)
        compare(field(ben).text, "")
        tryVerify(() => count(anna) === 2 && count(ben) === 2, 20000)
        type(ben, "<b>Tea?</b>") // the field has the focus still
        keyClick(Qt.Key_Tab)
        tryVerify(() => send.activeFocus)
        keyClick(Qt.Key_Space)
        tryVerify(() => count(anna) === 3, 20000)
        activate(anna)
        type(anna, "Thank you")

        verify(probe.photograph(anna, "quick-chat"))
        anna.destroy()
        ben.destroy()
    }
}
