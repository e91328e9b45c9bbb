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

    function test_saysWhatIsWrongWithoutABroker() {
        const window = open({ url: "amqp://127.0.0.1:1" })
        tryVerify(() => find(window.contentItem, (item) => item.text?.includes("127.0.0.1")) !== null, 10000)
        const button = find(window.contentItem, (item) => item.text === "Connect")
        tryVerify(() => button.visible)
        window.destroy()
    }

    function test_whatIsTypedIsSeenByAll() {
        if (probe.url === "")
            skip("needs RabbitMQ: QTAMQP_TEST_URL is not set")
        const anna = open({ url: probe.url, name: "Anna" })
        const ben = open({ url: probe.url, name: "Ben" })
        const view = (window) => find(window.contentItem, (item) => item instanceof ListView)
        const field = (window) => find(window.contentItem, (item) => item.placeholderText !== undefined)
        tryVerify(() => field(anna).enabled && field(ben).enabled, 20000)
        wait(200)
        for (const window of [anna, ben]) {
            field(window).forceActiveFocus()
            field(window).text = "Hello, this is " + window.name
            const send = find(window.contentItem, (item) => item.text === "Send")
            if (window === anna)
                mouseClick(send)
            else
                field(window).accepted()
            tryCompare(field(window), "text", "", 5000)
        }
        tryVerify(() => view(anna).count === 2 && view(ben).count === 2, 20000)
        wait(100)
        verify(probe.screenshot(anna, "quick-chat.png"))
        anna.destroy()
        ben.destroy()
    }
}
