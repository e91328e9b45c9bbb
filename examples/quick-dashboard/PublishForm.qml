import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// A message to publish; the button waits until its body is JSON.
Card {
    id: form
    objectName: "form"

    required property AmqpExchange exchange
    property real awaited: 0 // the tag of what was published last, until it is known what became of it
    property string problem
    property string outcome

    function check() {
        try {
            JSON.parse(body.text);
            form.problem = "";
        } catch (error) {
            form.problem = body.text.trim() === "" ? qsTr("A body is needed") : String(error.message);
        }
    }

    function publish() {
        if (!button.enabled)
            return;
        // The text itself: parsed and written again, large numbers would be others.
        form.awaited = form.exchange.publish(key.text, body.text, { appId: "dashboard",
                                                                    contentType: "application/json" });
        form.outcome = form.awaited ? qsTr("Published, not yet confirmed") : qsTr("Not published");
    }

    function settle(firstTag, lastTag, outcome) {
        if (form.awaited < firstTag || form.awaited > lastTag)
            return;
        form.awaited = 0;
        form.outcome = outcome;
    }

    title: qsTr("Publish")
    note: form.outcome
    Component.onCompleted: form.check()

    Connections {
        target: form.exchange
        function onConfirmed(firstTag, lastTag) {
            form.settle(firstTag, lastTag, qsTr("Confirmed by the broker"));
        }
        function onNacked(firstTag, lastTag) {
            form.settle(firstTag, lastTag, qsTr("Refused by the broker"));
        }
        function onIndeterminate(firstTag, lastTag) {
            form.settle(firstTag, lastTag, qsTr("Not known whether it arrived"));
        }
        // Comes before the confirm.
        function onMessageReturned(message, routingKey, reason, tag) {
            form.settle(tag, tag, qsTr("No queue takes this routing key"));
        }
    }
    Shortcut {
        sequence: "Ctrl+Return"
        onActivated: form.publish()
    }

    Field {
        id: key
        objectName: "key"
        Layout.fillWidth: true
        text: "pump.hall.info"
        placeholderText: qsTr("routing key")
        Accessible.name: qsTr("Routing key")
    }
    ScrollView {
        id: scroll
        contentWidth: scroll.availableWidth
        Layout.fillWidth: true
        Layout.fillHeight: true
        TextArea {
            id: body
            objectName: "newBody"
            text: '{ "device": "pump-7", "pressure": 3.2 }'
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.Wrap
            selectByMouse: true
            color: Theme.text
            font.family: Theme.fixedFont
            KeyNavigation.priority: KeyNavigation.BeforeItem
            KeyNavigation.tab: button
            KeyNavigation.backtab: key
            Accessible.name: qsTr("Body as JSON")
            onTextChanged: form.check()
            background: Rectangle {
                radius: 6
                color: Theme.field
                border.color: form.problem !== "" ? Theme.bad
                            : body.activeFocus ? Theme.accent : Theme.line
                border.width: body.activeFocus ? 2 : 1
            }
        }
    }
    RowLayout {
        Label {
            objectName: "problem"
            Layout.fillWidth: true
            text: form.problem
            textFormat: Text.PlainText
            color: Theme.bad
            elide: Text.ElideRight
        }
        RoomButton {
            id: button
            objectName: "publish"
            text: qsTr("P&ublish")
            enabled: form.exchange.ready && form.problem === "" && key.text !== ""
            onClicked: form.publish()
        }
    }
}
