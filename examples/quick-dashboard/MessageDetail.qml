import QtQuick
import QtQuick.Controls
import QtQuick.Layouts

// One message: its body, its properties and its headers.
Card {
    id: detail

    property var message: undefined
    readonly property var properties: detail.message ? detail.propertiesOf(detail.message) : []

    function bodyOf(message) {
        return message.json === undefined ? message.text : JSON.stringify(message.json, null, 2);
    }

    function propertiesOf(message) {
        const names = ["contentType", "contentEncoding", "priority", "correlationId", "replyTo",
                       "expiration", "messageId", "type", "userId", "appId"];
        const lines = [["exchange", message.exchange],
                       ["redelivered", String(message.redelivered)]];
        for (const name of names) {
            if (message[name])
                lines.push([name, String(message[name])]);
        }
        const headers = message.headers;
        const keys = Object.keys(headers);
        if (keys.length > 0)
            lines.push([qsTr("Headers"), ""]);
        for (const key of keys) {
            const value = headers[key];
            lines.push([key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
        }
        return lines;
    }

    title: qsTr("Message")
    note: detail.message ? detail.message.routingKey : ""

    Label {
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !detail.message
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        text: qsTr("Select a message to see all of it")
        color: Theme.faint
    }
    ScrollView {
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !!detail.message
        TextArea {
            objectName: "body"
            readOnly: true
            selectByMouse: true
            activeFocusOnTab: true
            text: detail.message ? detail.bodyOf(detail.message) : ""
            textFormat: TextEdit.PlainText
            color: Theme.text
            font.family: Theme.fixedFont
            background: Rectangle {
                radius: 6
                color: Theme.field
            }
        }
    }
    ListView {
        objectName: "properties"
        Layout.fillWidth: true
        Layout.preferredHeight: Math.min(contentHeight, 190)
        visible: !!detail.message
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        model: detail.properties
        ScrollBar.vertical: ScrollBar { }
        delegate: RowLayout {
            id: line
            required property var modelData
            width: ListView.view.width
            height: 22
            Label {
                Layout.preferredWidth: 120
                text: line.modelData[0]
                font.bold: line.modelData[1] === ""
                color: font.bold ? Theme.text : Theme.faint
                elide: Text.ElideRight
            }
            Label {
                Layout.fillWidth: true
                text: line.modelData[1]
                textFormat: Text.PlainText
                color: Theme.text
                elide: Text.ElideRight
            }
        }
    }
}
