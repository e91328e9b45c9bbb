// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Layouts
import QtAmqp

// What comes in, by routing key with its values or message by message, and the pattern that routing keys must fit.
Card {
    id: card
    objectName: "telemetry"

    required property AmqpMessageModel messages
    required property Telemetry telemetry
    property alias pattern: filter.text
    property string placeholder
    property bool showsValues: true
    signal messageSelected(int row)
    signal valueSelected(var entry)

    function editPattern(): void {
        filter.forceActiveFocus(Qt.ShortcutFocusReason);
        filter.selectAll();
    }
    function clear(): void {
        list.clear();
        card.telemetry.clear();
    }

    title: qsTr("Telemetry")
    note: !card.showsValues ? list.note
        : card.telemetry.paused ? qsTr("paused")
        : card.telemetry.pattern !== "#"
          ? qsTr("%L1 of %L2 routing keys fit the filter").arg(card.telemetry.fittingCount).arg(card.telemetry.keyCount)
        : card.telemetry.forgotten ? qsTr("the last %L1 routing keys").arg(card.telemetry.keyCount)
        : card.telemetry.keyCount === 1 ? qsTr("1 routing key")
                                        : qsTr("%L1 routing keys").arg(card.telemetry.keyCount)
    head: [
        RoomButton {
            objectName: "showValues"
            text: qsTr("&Values")
            highlighted: card.showsValues
            Accessible.role: Accessible.PageTab
            Accessible.selected: highlighted
            onClicked: card.showsValues = true
        },
        RoomButton {
            objectName: "showMessages"
            text: qsTr("&Messages")
            highlighted: !card.showsValues
            Accessible.role: Accessible.PageTab
            Accessible.selected: highlighted
            onClicked: card.showsValues = false
        }
    ]

    RowLayout {
        spacing: Theme.gap
        Field {
            id: filter
            objectName: "filter"
            Layout.fillWidth: true
            focus: true
            placeholderText: qsTr("Filter by routing key: hall.# or *.*.temperature")
            Accessible.name: qsTr("Pattern of routing keys")
            Keys.onEscapePressed: filter.clear()
        }
        RoomButton {
            objectName: "showAll"
            visible: filter.text !== ""
            text: qsTr("Show &all")
            onClicked: filter.clear()
        }
        RoomButton {
            objectName: "pause"
            text: qsTr("&Pause")
            highlighted: card.messages.paused // not `checked`, which a mnemonic would not change
            Accessible.checked: highlighted
            onClicked: card.messages.paused = !card.messages.paused
        }
        RoomButton {
            objectName: "clear"
            text: qsTr("C&lear")
            onClicked: card.clear()
        }
    }
    ValueTree {
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: card.showsValues
        telemetry: card.telemetry
        placeholder: card.placeholder
        onWanted: (pattern) => filter.text = pattern
        onSelected: (entry) => card.valueSelected(entry)
    }
    MessageList {
        id: list
        Layout.fillWidth: true
        Layout.fillHeight: true
        visible: !card.showsValues
        messages: card.messages
        placeholder: card.placeholder
        onSelected: (row) => card.messageSelected(row)
    }
}
