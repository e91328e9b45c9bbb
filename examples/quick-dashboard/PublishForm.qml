import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import QtAmqp

// A message to publish; the button waits until its body is JSON.
Card {
    id: form

    required property AmqpExchange exchange
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
        form.outcome = qsTr("Published, not yet confirmed");
        form.exchange.publish(key.text, JSON.parse(body.text), { appId: "dashboard" });
    }

    title: qsTr("Publish")
    note: form.outcome
    Component.onCompleted: form.check()

    Connections {
        target: form.exchange
        function onConfirmed() { form.outcome = qsTr("Confirmed by the broker"); }
        function onNacked() { form.outcome = qsTr("Refused by the broker"); }
        function onMessageReturned() { form.outcome = qsTr("No queue takes this routing key"); }
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
            }
        }
    }
    RowLayout {
        Label {
            objectName: "problem"
            Layout.fillWidth: true
            text: form.problem
            color: Theme.bad
            elide: Text.ElideRight
        }
        Button {
            id: button
            objectName: "publish"
            text: qsTr("P&ublish")
            enabled: form.exchange.ready && form.problem === "" && key.text !== ""
            onClicked: form.publish()
        }
    }
}
