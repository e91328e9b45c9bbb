import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format

// One message: its body, its properties and its headers.
Card {
    id: detail

    property var message: undefined
    readonly property var properties: detail.message ? detail.propertiesOf(detail.message) : []

    function propertiesOf(message) {
        const names = ["contentType", "contentEncoding", "priority", "correlationId", "replyTo",
                       "expiration", "messageId", "type", "userId", "appId", "clusterId"];
        const lines = [["exchange", message.exchange],
                       ["size", Format.sizeText(Format.size(message.body))]];
        for (const name of ["redelivered", "persistent"]) {
            if (message[name])
                lines.push([name, "true"]);
        }
        for (const name of names) {
            if (message[name])
                lines.push([name, String(message[name])]);
        }
        if (!isNaN(message.timestamp))
            lines.push(["timestamp", message.timestamp.toLocaleString(Qt.locale(), Locale.ShortFormat)]);
        const headers = message.headers;
        const keys = Object.keys(headers);
        if (keys.length > 0)
            lines.push([qsTr("Headers"), ""]);
        for (const key of keys) {
            lines.push([key, Format.value(headers[key])]);
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
        Layout.preferredHeight: 1
        visible: !!detail.message
        TextArea {
            objectName: "body"
            readOnly: true
            selectByMouse: true
            activeFocusOnTab: true
            text: detail.message ? Format.body(detail.message) : ""
            placeholderText: qsTr("The body is empty")
            placeholderTextColor: Theme.faint
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
        Layout.fillHeight: true
        Layout.preferredHeight: 1 // half of the card, or less if that is enough
        Layout.maximumHeight: contentHeight
        visible: !!detail.message
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        model: detail.properties
        ScrollBar.vertical: ScrollBar { }
        activeFocusOnTab: true
        keyNavigationEnabled: true
        highlightMoveDuration: 0
        highlight: Rectangle {
            visible: ListView.view?.activeFocus ?? false
            radius: 4
            color: Qt.alpha(Theme.accent, 0.25)
        }
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Properties and headers")
        delegate: RowLayout {
            id: line
            required property var modelData
            width: ListView.view.width
            Label {
                Layout.preferredWidth: 120
                Layout.alignment: Qt.AlignTop
                Layout.topMargin: 3
                Layout.bottomMargin: 3
                textFormat: Text.PlainText
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
                wrapMode: Text.Wrap
                maximumLineCount: 8
                elide: Text.ElideRight
            }
        }
    }
}
