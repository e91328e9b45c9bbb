// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every role and property of AmqpMessageModel in the delegates that programs are made of. A name that such a
// type has itself cannot be a required property of it, or shows the delegate's own value.

import QtQuick
import QtTest
import QtAmqp

// The program's context has the probe.
// qmllint disable unqualified
TestCase {
    id: test
    name: "Delegates"
    when: windowShown
    width: 400
    height: 300
    visible: true

    readonly property var types: [
        "ItemDelegate", "CheckDelegate", "RadioDelegate", "SwitchDelegate", "SwipeDelegate", "Button",
        "RoundButton", "ToolButton", "TabButton", "MenuItem", "CheckBox", "Switch", "Label", "TextField",
        "TextArea", "Control", "Pane", "Frame", "GroupBox", "Text", "TextEdit", "Item", "Rectangle"
    ]

    AmqpMessageModel { id: messages }
    ListView { id: view; anchors.fill: parent; model: messages; delegate: null }

    // The names of the roles, as the reference has them.
    readonly property var roles: [
        "body", "bodyText", "json", "exchange", "routingKey", "headers", "contentType", "contentEncoding",
        "persistent", "priority", "correlationId", "replyTo", "expiration", "messageId", "timestamp", "type",
        "userId", "appId", "clusterId", "propertiesError", "redelivered", "deliveryTag", "consumerTag",
        "settled", "message", "received"
    ]
    readonly property var properties: ["queue", "maximumCount", "maximumSize", "newestFirst", "paused", "filter", "count",
                                       "waiting"]

    function initTestCase() {
        messages.append(probe.message('{"id":17}', "order"))
        tryCompare(messages, "count", 1)
    }

    // The first delegate of the view, made from `body`.
    function delegate(type, body) {
        view.delegate = null
        view.delegate = Qt.createQmlObject(
            "import QtQuick; import QtQuick.Controls\nComponent { " + type + " { " + body + " } }", test)
        view.forceLayout()
        const item = view.itemAtIndex(0)
        verify(item, type)
        return item
    }

    function checkValues(value) {
        for (const role of roles)
            verify(value(role) !== undefined, role)
        compare(value("bodyText"), '{"id":17}')
        compare(value("json").id, 17)
        compare(value("type"), "order")
        compare(value("message").text, '{"id":17}')
        compare(value("settled"), true)
        verify(value("received") instanceof Date)
    }

    function test_rolesAreRequiredProperties_data() { return types.map((tag) => ({ tag })) }
    function test_rolesAreRequiredProperties(row) {
        const required = roles.map((role) => "required property var " + role)
        const item = delegate(row.tag, required.join("; "))
        checkValues((role) => item[role])
    }

    function test_rolesByTheModel_data() { return types.map((tag) => ({ tag })) }
    function test_rolesByTheModel(row) {
        const own = roles.map((role) => "property var own_" + role + ": model." + role)
        const item = delegate(row.tag, own.join("; "))
        checkValues((role) => item["own_" + role])
    }

    function test_rolesByTheirNames_data() { return types.map((tag) => ({ tag })) }
    function test_rolesByTheirNames(row) {
        const own = roles.map((role) => "property var own_" + role + ": " + role)
        const item = delegate(row.tag, own.join("; "))
        checkValues((role) => item["own_" + role])
    }

    function test_propertiesOfTheModelByTheView_data() { return types.map((tag) => ({ tag })) }
    function test_propertiesOfTheModelByTheView(row) {
        const own = properties.map((name) => "property var own_" + name + ": ListView.view.model." + name)
        const item = delegate(row.tag, own.join("; "))
        for (const name of properties)
            compare(item["own_" + name], messages[name], name)
    }

    function test_timestampsAreDates() {
        const before = messages.count
        messages.append(probe.timestampedMessage(1.7e9))
        messages.append(probe.timestampedMessage(2 ** 50))
        tryCompare(messages, "count", before + 2)
        delegate("ItemDelegate", "required property date timestamp; text: '' + (timestamp.getTime() / 1000)")
        compare([0, 1, 2].map((row) => view.itemAtIndex(row).text), ["NaN", "1700000000", "NaN"])
    }

    function test_theDelegateOfTheReference() {
        const item = delegate("ItemDelegate", "required property string type\n"
            + "required property string bodyText\n"
            + "width: ListView.view.width; text: type + ': ' + bodyText")
        compare(item.text, 'order: {"id":17}')
        compare(item.width, view.width)
    }
}
