// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// What comes in, the newest on top, and the pattern that the routing keys have to fit.
Card {
    id: list
    objectName: "telemetry"

    required property AmqpMessageModel messages
    property alias pattern: filter.text
    property alias view: view
    property string placeholder
    property real arrived: 0 // since the list was cleared
    property real told: 0 // of these, until the last rows came: once in a turn, not for each message
    property real pending: 0 // and during a pause
    signal selected(int row)

    function editPattern() {
        filter.forceActiveFocus(Qt.ShortcutFocusReason);
        filter.selectAll();
    }
    function clear() {
        list.arrived = list.told = 0;
        list.messages.clear();
    }

    title: qsTr("Telemetry")
    note: list.messages.paused
          ? qsTr("paused, %L1 new").arg(list.pending)
        : list.messages.filter !== undefined
          ? qsTr("%L1 of %L2 fit the filter").arg(list.messages.count).arg(list.told)
        : list.messages.count < list.told
          ? qsTr("newest %L1 of %L2").arg(list.messages.count).arg(list.told)
        : list.messages.count === 1 ? qsTr("1 message")
                                    : qsTr("%L1 messages").arg(list.messages.count)

    Connections {
        target: list.messages.queue
        function onMessageReceived() {
            ++list.arrived;
        }
    }
    Connections {
        target: list.messages
        function onRowsInserted() {
            list.told = list.arrived;
        }
        function onWaitingChanged() {
            list.pending = list.arrived - list.told;
        }
        // What is read stays in detail when it leaves the list; no other takes its place.
        function onRowsAboutToBeRemoved(parent, first, last) {
            if (view.currentIndex >= first && view.currentIndex <= last)
                view.currentIndex = -1;
        }
        function onModelAboutToBeReset() {
            view.currentIndex = -1;
        }
    }

    RowLayout {
        spacing: Theme.gap
        Field {
            id: filter
            objectName: "filter"
            Layout.fillWidth: true
            focus: true
            placeholderText: qsTr("Filter by routing key: *.hall.info or pump.#")
            Accessible.name: qsTr("Pattern of routing keys")
        }
        RoomButton {
            objectName: "pause"
            text: qsTr("&Pause")
            highlighted: list.messages.paused // not checked, which a mnemonic would not change
            Accessible.checked: highlighted
            onClicked: list.messages.paused = !list.messages.paused
        }
        RoomButton {
            objectName: "clear"
            text: qsTr("C&lear")
            onClicked: list.clear()
        }
    }
    RowLayout {
        spacing: Theme.gap
        Layout.leftMargin: Theme.gap * 2 + Math.round(Theme.unit * 0.5) // as the rows are
        Layout.topMargin: Theme.gap / 2
        Label {
            Layout.preferredWidth: Theme.timeWidth
            text: qsTr("Time")
            color: Theme.faint
        }
        Label {
            Layout.preferredWidth: Theme.keyWidth
            text: qsTr("Routing key")
            color: Theme.faint
        }
        Label {
            Layout.fillWidth: true
            text: qsTr("Body")
            color: Theme.faint
        }
    }
    Rectangle {
        Layout.fillWidth: true
        implicitHeight: 1
        color: Theme.line
    }

    ListView {
        id: view
        objectName: "list"
        Layout.fillWidth: true
        Layout.fillHeight: true
        clip: true
        keyNavigationEnabled: true
        activeFocusOnTab: true
        model: list.messages
        currentIndex: -1
        boundsBehavior: Flickable.StopAtBounds
        reuseItems: true
        highlightMoveDuration: 0
        ScrollBar.vertical: RoomScrollBar { }
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Messages")

        delegate: MessageRow { }
        // Not the index, which changes with each message that comes in above.
        onCurrentItemChanged: {
            const row = view.currentItem as MessageRow;
            if (row)
                list.selected(row.index);
        }

        Rectangle {
            anchors.fill: parent
            visible: view.activeFocus
            color: "transparent"
            radius: Theme.radius
            border.color: Theme.accent
            border.width: view.currentIndex < 0 ? 2 : 1
        }

        Label {
            objectName: "placeholder"
            anchors.centerIn: parent
            width: parent.width - 4 * Theme.gap
            horizontalAlignment: Text.AlignHCenter
            wrapMode: Text.Wrap
            visible: view.count === 0
            text: list.placeholder
            textFormat: Text.PlainText
            lineHeight: 1.3
            color: Theme.faint
        }
    }
}
