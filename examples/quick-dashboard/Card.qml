// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts

// A titled surface; what is declared in it is laid out below the title.
Pane {
    id: card

    property string title
    property string note
    default property alias content: column.data
    property alias head: head.data // what stands beside the title

    padding: Theme.gap
    background: Rectangle {
        color: Theme.card
        radius: Theme.radius
        border.color: Theme.line
    }

    ColumnLayout {
        id: column
        anchors.fill: parent
        spacing: Theme.gap / 2

        RowLayout {
            spacing: Theme.gap
            Label {
                text: card.title
                font.bold: true
                color: Theme.text
            }
            RowLayout {
                id: head
                visible: head.children.length > 0
                spacing: Theme.gap / 2
            }
            Label {
                Layout.fillWidth: true
                horizontalAlignment: Text.AlignRight
                elide: Text.ElideMiddle
                text: card.note
                textFormat: Text.PlainText
                color: Theme.faint
            }
        }
    }
}
