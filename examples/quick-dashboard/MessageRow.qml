// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format

// A line of the list. It shows how serious the message is, when it came, its routing key and the beginning of
// its body.
ItemDelegate {
    id: row

    required property int index
    required property var model
    required property string routingKey
    required property date received

    width: ListView.view.width
    height: Theme.lineHeight
    leftPadding: Theme.gap
    rightPadding: Theme.gap * 1.5 // leaves room for the scroll bar
    topPadding: 0
    bottomPadding: 0
    highlighted: ListView.isCurrentItem
    onClicked: {
        ListView.view.forceActiveFocus();
        ListView.view.currentIndex = row.index;
    }

    background: Rectangle {
        radius: Theme.radius
        color: row.highlighted ? Qt.alpha(Theme.accent, 0.25)
             : row.hovered ? Qt.alpha(Theme.accent, 0.08) : "transparent"
    }
    contentItem: RowLayout {
        spacing: Theme.gap
        Dot {
            color: row.routingKey.endsWith(".critical") ? Theme.bad
                 : row.routingKey.endsWith(".warning") ? Theme.warning : Theme.good
        }
        Label {
            objectName: "time"
            Layout.preferredWidth: Theme.timeWidth
            text: Qt.formatTime(row.received, "hh:mm:ss")
            color: Theme.faint
        }
        Label {
            objectName: "routingKey"
            Layout.preferredWidth: Theme.keyWidth
            text: Format.line(row.routingKey)
            textFormat: Text.PlainText
            color: Theme.text
            elide: Text.ElideRight
        }
        Label {
            objectName: "preview"
            Layout.fillWidth: true
            text: Format.preview(row.model.body)
            textFormat: Text.PlainText
            maximumLineCount: 1
            color: Theme.faint
            elide: Text.ElideRight
            font.family: Theme.fixedFont
        }
    }
}
