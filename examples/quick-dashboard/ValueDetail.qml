// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format
import "value.js" as Value

// One routing key: its value, the course of it, and all the numbers of its last message, one of which is the value.
Card {
    id: detail

    required property Telemetry telemetry
    property var entry: undefined
    // What is shown of it, as it was at the revision.
    readonly property var shown: detail.snapshot(detail.entry, detail.telemetry.revision)

    function snapshot(entry, revision: int) {
        const values = entry?.values.slice() ?? [];
        return {
            key: entry?.key ?? "",
            number: entry?.number,
            name: entry?.name ?? "",
            unit: entry?.unit ?? "",
            text: entry?.text ?? "",
            numbers: entry?.numbers ?? [],
            count: entry?.count ?? 0,
            age: entry ? Value.ago(Date.now() - entry.heard) : "",
            values: values,
            serial: entry?.serial ?? 0,
            lowest: values.length > 0 ? Math.min(...values) : 0,
            highest: values.length > 0 ? Math.max(...values) : 0,
        };
    }

    component Mark: Label {
        Layout.fillWidth: true
        elide: Text.ElideRight
        color: Theme.faint
    }

    title: qsTr("Value")
    note: detail.entry ? Format.line(detail.shown.key) || qsTr("(empty routing key)") : ""

    Label {
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !detail.entry
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        wrapMode: Text.Wrap
        text: qsTr("Select a routing key on the left\nto see its value, its trend and all its numbers here.")
        lineHeight: 1.3
        color: Theme.faint
    }
    RowLayout {
        visible: !!detail.entry
        spacing: Theme.gap / 2
        Label {
            objectName: "bigValue"
            Layout.fillWidth: detail.shown.number === undefined
            text: detail.shown.number === undefined ? detail.shown.text || qsTr("The body is empty")
                                                    : Value.text(detail.shown.number)
            textFormat: Text.PlainText
            font.pixelSize: Math.round(Theme.unit * (detail.shown.number === undefined ? 1 : 2))
            font.bold: detail.shown.number !== undefined
            wrapMode: detail.shown.number === undefined ? Text.Wrap : Text.NoWrap
            maximumLineCount: 4
            elide: Text.ElideRight
            color: Theme.text
        }
        Label {
            Layout.alignment: Qt.AlignBaseline
            Layout.fillWidth: true
            visible: detail.shown.number !== undefined
            text: detail.shown.unit || detail.shown.name
            textFormat: Text.PlainText
            font.pixelSize: Math.round(Theme.unit * 1.2)
            elide: Text.ElideRight
            color: Theme.faint
        }
    }
    Label {
        objectName: "bigAge"
        Layout.fillWidth: true
        visible: !!detail.entry
        text: detail.shown.count === 1 ? qsTr("1 message, %1").arg(detail.shown.age)
                                       : qsTr("%L1 messages, the last one %2").arg(detail.shown.count).arg(detail.shown.age)
        elide: Text.ElideRight
        color: Theme.faint
    }
    RowLayout {
        visible: !!detail.entry && detail.shown.number !== undefined && detail.shown.values.length > 1
        Layout.fillWidth: true
        Layout.fillHeight: true
        Layout.minimumHeight: Theme.unit * 3
        Layout.maximumHeight: Math.max(Theme.unit * 3, detail.height * 0.45)
        spacing: Theme.gap
        Accessible.role: Accessible.Chart
        Accessible.name: qsTr("The last %1 values are between %2 and %3").arg(detail.shown.values.length)
                         .arg(Value.text(detail.shown.lowest)).arg(Value.text(detail.shown.highest))
        Item {
            Layout.fillHeight: true
            implicitWidth: Math.max(highest.implicitWidth, lowest.implicitWidth)
            Label {
                id: highest
                objectName: "highest"
                anchors.right: parent.right
                y: lowest.visible ? 0 : (parent.height - height) / 2 // where the line is
                text: Value.text(detail.shown.highest)
                color: Theme.faint
            }
            Label {
                id: lowest
                objectName: "lowest"
                anchors.right: parent.right
                anchors.bottom: parent.bottom
                visible: detail.shown.lowest !== detail.shown.highest
                text: Value.text(detail.shown.lowest)
                color: Theme.faint
            }
        }
        Sparkline {
            Layout.fillWidth: true
            Layout.fillHeight: true
            filled: true
            values: detail.shown.values
            serial: detail.shown.serial
        }
    }
    Label {
        visible: detail.shown.numbers.length > 0
        Layout.topMargin: Theme.gap / 2
        text: qsTr("Numbers of the last message")
        font.bold: true
        color: Theme.text
    }
    ListView {
        id: numbers
        objectName: "numbers"
        Layout.fillWidth: true
        Layout.fillHeight: true
        Layout.minimumHeight: Math.min(numbers.count, 2) * Theme.lineHeight
        Layout.maximumHeight: numbers.contentHeight
        visible: !!detail.entry
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        activeFocusOnTab: count > 0
        keyNavigationEnabled: true
        highlightMoveDuration: 0
        currentIndex: 0
        model: detail.shown.numbers.length
        ScrollBar.vertical: RoomScrollBar { }
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Numbers of the last message")
        Keys.onSpacePressed: numbers.currentItem?.clicked()
        Keys.onReturnPressed: numbers.currentItem?.clicked()

        // For the delegates, which know no more than their view.
        readonly property Item owner: detail
        delegate: NumberRow { }
    }
    Label {
        Layout.fillWidth: true
        visible: detail.shown.numbers.length > 1 && detail.height > Theme.unit * 25
        wrapMode: Text.Wrap
        text: qsTr("Without a choice the value is the number called “value”, or else the first. A choice is for every "
                   + "routing key that has a number of this name.")
        color: Theme.faint
    }
    Item { // keeps what is above at the top
        Layout.fillHeight: true
        visible: !!detail.entry
    }
}
