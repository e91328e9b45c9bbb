// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// A message to publish; the button waits until its body is JSON. It does not wait for the broker: the outbox does.
Card {
    id: form
    objectName: "form"

    required property AmqpOutbox outbox
    required property string exchangeName
    readonly property bool waits: form.outbox.count > 0
    property real awaited: 0 // the id of the last message, until its outcome is known
    property string problem // what is wrong with the body
    property string outcome
    property string tone: "faint" // the theme's name of the colour that says what the outcome means

    function check() {
        try {
            JSON.parse(body.text);
            form.problem = "";
        } catch (error) { // its text says no more than that
            form.problem = body.text.trim() === "" ? qsTr("A body is needed")
                                                       : qsTr("The body is not JSON");
        }
    }

    function publish() {
        if (!button.enabled)
            return;
        // The text itself is sent. If it were parsed and written again, large numbers would change.
        form.awaited = form.outbox.publish(form.exchangeName, key.text, body.text,
                                           { appId: "dashboard", contentType: "application/json" });
        form.show(form.awaited ? qsTr("Published, not yet confirmed") : qsTr("Not published"),
                  form.awaited ? "faint" : "bad");
    }

    function waiting(count: real): string {
        return count === 1 ? qsTr("1 message waits for the broker")
                           : qsTr("%1 messages wait for the broker").arg(count.toLocaleString(Qt.locale(), "f", 0));
    }

    function reason(why): string {
        return why.kind === "Unroutable" ? qsTr("No queue takes this routing key")
             : why.kind === "Nacked" ? qsTr("Refused by the broker") : why.text;
    }

    function show(outcome, tone) {
        form.outcome = outcome;
        form.tone = tone;
    }

    title: qsTr("Publish")
    Component.onCompleted: form.check()

    Connections {
        target: form.outbox
        function onDelivered(firstId, lastId) {
            if (form.awaited < firstId || form.awaited > lastId)
                return;
            form.awaited = 0;
            form.show(qsTr("Confirmed by the broker"), "good");
        }
        function onFailed(id, why) {
            if (form.awaited === id)
                form.awaited = 0;
            form.show(form.reason(why), "bad");
        }
    }
    Shortcut {
        sequence: "Ctrl+Return"
        onActivated: form.publish()
    }

    RowLayout {
        spacing: Theme.gap
        Label {
            text: qsTr("Routing key")
            color: Theme.faint
        }
        Field {
            id: key
            objectName: "key"
            Layout.fillWidth: true
            text: "hall.pump.pressure"
            font.family: Theme.fixedFont
            Accessible.name: qsTr("Routing key")
        }
    }
    Flickable {
        Layout.fillWidth: true
        Layout.fillHeight: true
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        ScrollBar.vertical: RoomScrollBar { }
        TextArea.flickable: TextArea {
            id: body
            objectName: "newBody"
            text: '{ "device": "pump-7", "pressure": 3.2, "unit": "bar" }'
            placeholderText: qsTr("A body as JSON")
            placeholderTextColor: Theme.faint
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.Wrap
            selectByMouse: true
            padding: Theme.gap / 2
            leftPadding: Theme.gap
            rightPadding: Theme.gap * 1.5
            color: Theme.text
            font.family: Theme.fixedFont
            KeyNavigation.priority: KeyNavigation.BeforeItem
            KeyNavigation.tab: button
            KeyNavigation.backtab: key
            Accessible.name: qsTr("Body as JSON")
            onTextChanged: form.check()
            background: Rectangle {
                radius: Theme.radius
                color: Theme.field
                border.color: form.problem !== "" ? Theme.bad
                            : body.activeFocus ? Theme.accent : Theme.line
                border.width: form.problem !== "" || body.activeFocus ? 2 : 1
            }
        }
    }
    RowLayout {
        spacing: Theme.gap / 2
        Dot {
            visible: status.text !== ""
            color: status.color
        }
        Label {
            id: status
            objectName: "status"
            Layout.fillWidth: true
            text: form.problem || (form.waits ? form.waiting(form.outbox.count) : form.outcome)
            textFormat: Text.PlainText
            font.bold: color === Theme.bad
            color: form.problem !== "" ? Theme.bad
                 : !form.waits ? Theme[form.tone]
                 : form.outbox.paused ? Theme.warning : Theme.faint
            wrapMode: Text.Wrap
            maximumLineCount: 2
            elide: Text.ElideRight
        }
        RoomButton {
            id: button
            objectName: "publish"
            text: qsTr("P&ublish")
            enabled: form.problem === "" && key.text !== ""
            onClicked: form.publish()
        }
    }
}
