// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format
import "value.js" as Value

// One of the numbers of a message. A click on it chooses it as the value that is shown.
ItemDelegate {
    id: row

    required property int index
    readonly property var detail: ListView.view?.owner // a ValueDetail
    readonly property var number: row.detail?.shown.numbers[row.index] ?? { name: "", number: 0, unit: "" }
    readonly property bool isShown: row.number.name === row.detail?.shown.name

    width: ListView.view?.width ?? 0
    height: Theme.lineHeight
    topPadding: 0
    bottomPadding: 0
    leftPadding: Theme.gap / 2
    rightPadding: Theme.gap * 1.5 // leaves room for the scroll bar
    text: Format.line(row.number.name) || qsTr("the body itself")
    Accessible.role: Accessible.RadioButton
    Accessible.checked: row.isShown
    Accessible.name: qsTr("%1: %2 %3").arg(row.text).arg(Value.text(row.number.number)).arg(row.number.unit)
    onClicked: {
        ListView.view.currentIndex = row.index;
        row.detail.telemetry.choose(row.number.name);
    }

    background: Rectangle {
        radius: Theme.radius
        color: row.ListView.isCurrentItem && (row.ListView.view?.activeFocus ?? false) ? Qt.alpha(Theme.accent, 0.25)
             : row.hovered ? Qt.alpha(Theme.accent, 0.08) : "transparent"
    }
    contentItem: RowLayout {
        spacing: Theme.gap / 2
        Rectangle { // as a radio button
            implicitWidth: Math.round(Theme.unit * 0.8)
            implicitHeight: implicitWidth
            radius: width / 2
            color: "transparent"
            border.color: row.isShown ? Theme.accent : Theme.faint
            border.width: Math.max(1, Math.round(width * (row.isShown ? 0.3 : 0.1)))
        }
        Label {
            Layout.fillWidth: true
            text: row.text
            textFormat: Text.PlainText
            maximumLineCount: 1
            elide: Text.ElideRight
            color: Theme.text
        }
        Label {
            text: Value.text(row.number.number)
            textFormat: Text.PlainText
            font.bold: row.isShown
            color: Theme.text
        }
        Label {
            Layout.preferredWidth: Theme.unitWidth
            text: row.number.unit
            textFormat: Text.PlainText
            maximumLineCount: 1
            elide: Text.ElideRight
            color: Theme.faint
        }
    }
}
