// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format

// One message: its body, its properties and its headers.
Card {
    id: detail

    property var message: undefined
    readonly property var shown: detail.message ? Format.body(detail.message) : { text: "", byteCount: 0 }
    readonly property var properties: detail.message ? detail.propertiesOf(detail.message) : []

    // Returns lines of a name and a value; a heading has no value.
    function propertiesOf(message) {
        const byteCount = Format.size(message.body);
        const lines = [[qsTr("Routing key"), message.routingKey],
                       [qsTr("Exchange"), message.exchange || qsTr("(default)")],
                       [qsTr("Size"), detail.shown.byteCount === byteCount ? Format.sizeText(byteCount)
                            : qsTr("%1, the first %2 shown").arg(Format.sizeText(byteCount))
                              .arg(Format.sizeText(detail.shown.byteCount))]];
        const others = [[qsTr("Content type"), message.contentType],
                        [qsTr("Encoding"), message.contentEncoding],
                        [qsTr("Type"), message.type],
                        [qsTr("Application"), message.appId],
                        [qsTr("User"), message.userId],
                        [qsTr("Message id"), message.messageId],
                        [qsTr("Sent"), Format.time(message.timestamp)],
                        [qsTr("Correlation id"), message.correlationId],
                        [qsTr("Reply to"), message.replyTo],
                        [qsTr("Expires after"), message.expiration && qsTr("%1 ms").arg(message.expiration)],
                        [qsTr("Priority"), message.priority],
                        [qsTr("Persistent"), message.persistent && qsTr("yes")],
                        [qsTr("Redelivered"), message.redelivered && qsTr("yes")],
                        [qsTr("Cluster"), message.clusterId]];
        for (const [name, value] of others) {
            if (value)
                lines.push([name, String(value)]);
        }
        const headers = message.headers;
        const keys = Object.keys(headers);
        if (keys.length > 0)
            lines.push([qsTr("Headers")]);
        for (const key of keys)
            lines.push([key, Format.value(headers[key])]);
        return lines;
    }

    title: qsTr("Message")

    Label {
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !detail.message
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        wrapMode: Text.Wrap
        text: qsTr("Select a message on the left\nto see its body, properties and headers here.")
        lineHeight: 1.3
        color: Theme.faint
    }
    Flickable {
        id: upper
        // As high as the body, if that leaves the properties half of the card, or as much as they need.
        Layout.preferredHeight: Math.min(body.implicitHeight,
                                         Math.max(detail.availableHeight / 2,
                                                  detail.availableHeight - lower.contentHeight - Theme.unit * 2))
        Layout.fillWidth: true
        visible: !!detail.message
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        ScrollBar.vertical: RoomScrollBar { }
        TextArea.flickable: TextArea {
            id: body
            objectName: "body"
            readOnly: true
            selectByMouse: true
            activeFocusOnTab: true
            padding: Theme.gap / 2
            leftPadding: Theme.gap
            rightPadding: Theme.gap * 1.5
            text: detail.shown.text
            placeholderText: qsTr("The body is empty")
            placeholderTextColor: Theme.faint
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.Wrap
            color: Theme.text
            font.family: Theme.fixedFont
            background: Rectangle {
                radius: Theme.radius
                color: Theme.field
                border.color: body.activeFocus ? Theme.accent : Theme.line
            }
        }
    }
    ListView {
        id: lower
        objectName: "properties"
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !!detail.message
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        model: detail.properties
        ScrollBar.vertical: RoomScrollBar { }
        activeFocusOnTab: true
        keyNavigationEnabled: true
        highlightMoveDuration: 0
        highlight: Rectangle {
            visible: ListView.view?.activeFocus ?? false
            radius: Theme.radius
            color: Qt.alpha(Theme.accent, 0.25)
        }
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Properties and headers")
        delegate: RowLayout {
            id: line
            required property var modelData
            readonly property bool isHeading: line.modelData.length === 1
            width: ListView.view.width - Theme.gap * 1.5 // leaves room for the scroll bar
            spacing: Theme.gap
            Label {
                Layout.preferredWidth: Theme.unit * 7
                Layout.fillWidth: line.isHeading
                Layout.alignment: Qt.AlignTop
                Layout.topMargin: line.isHeading ? Theme.gap / 2 : 1
                Layout.bottomMargin: 1
                textFormat: Text.PlainText
                text: line.modelData[0]
                font.bold: line.isHeading
                color: line.isHeading ? Theme.text : Theme.faint
                wrapMode: Text.Wrap
            }
            Label {
                Layout.fillWidth: true
                Layout.alignment: Qt.AlignTop
                Layout.topMargin: 1
                visible: !line.isHeading
                text: line.modelData[1] ?? ""
                textFormat: Text.PlainText
                color: Theme.text
                wrapMode: Text.Wrap
                maximumLineCount: 8
                elide: Text.ElideRight
            }
        }
    }
}
