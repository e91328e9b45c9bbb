// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts

// Shows an error, until it is resolved or dismissed.
Pane {
    id: banner

    property string text
    property string detail // may change while the text is dismissed
    property string dismissed
    signal retry()

    visible: banner.text !== "" && banner.text !== banner.dismissed
    padding: Theme.gap
    background: Rectangle {
        radius: Theme.radius
        color: Theme.alarm
    }
    onTextChanged: {
        if (banner.text === "") // it is resolved: if the same error comes again, it is shown again
            banner.dismissed = "";
    }

    RowLayout {
        anchors.fill: parent
        spacing: Theme.gap

        Label {
            text: "!"
            font.bold: true
            color: Theme.alarm
            horizontalAlignment: Text.AlignHCenter
            Layout.preferredWidth: Theme.unit * 1.2
            Layout.preferredHeight: Theme.unit * 1.2
            verticalAlignment: Text.AlignVCenter
            background: Rectangle {
                radius: width / 2
                color: "white"
            }
        }
        ColumnLayout {
            spacing: 0
            Label {
                objectName: "bannerText"
                Layout.fillWidth: true
                text: banner.text
                color: "white"
                wrapMode: Text.Wrap
                textFormat: Text.PlainText
                Accessible.role: Accessible.AlertMessage
                Accessible.name: banner.text
            }
            Label {
                objectName: "bannerDetail"
                Layout.fillWidth: true
                visible: banner.detail !== ""
                text: banner.detail
                color: "white"
                wrapMode: Text.Wrap
                textFormat: Text.PlainText
            }
        }
        RoomButton {
            objectName: "retry"
            text: qsTr("&Try again")
            onClicked: banner.retry()
        }
        RoomButton {
            objectName: "dismiss"
            text: qsTr("&Dismiss")
            onClicked: banner.dismissed = banner.text
        }
    }
}
