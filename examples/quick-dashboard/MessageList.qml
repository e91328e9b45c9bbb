// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// The messages that come in, the newest on top.
ColumnLayout {
    id: list

    required property AmqpMessageModel messages
    property string placeholder
    // How many there are, for a title above.
    readonly property string note: list.messages.paused
          ? qsTr("paused, %L1 new").arg(list.pending)
        : list.messages.filter !== undefined
          ? qsTr("%L1 of %L2 fit the filter").arg(list.messages.count).arg(list.counted)
        : list.messages.count < list.counted
          ? qsTr("newest %L1 of %L2").arg(list.messages.count).arg(list.counted)
        : list.messages.count === 1 ? qsTr("1 message")
                                    : qsTr("%L1 messages").arg(list.messages.count)
    property real arrived: 0 // since the list was cleared
    property real counted: 0 // as arrived, but updated with the rows, once in a turn of the event loop
    property real pending: 0 // those that came during a pause
    signal selected(int row)

    function clear() {
        list.arrived = list.counted = 0;
        list.messages.clear();
    }

    Connections {
        target: list.messages.queue
        function onMessageReceived() {
            ++list.arrived;
        }
    }
    Connections {
        target: list.messages
        function onRowsInserted() {
            list.counted = list.arrived;
        }
        function onWaitingChanged() {
            list.pending = list.arrived - list.counted;
        }
        // If the message that is being read leaves the list, its detail stays, and no other row becomes
        // current.
        function onRowsAboutToBeRemoved(parent, first, last) {
            if (view.currentIndex >= first && view.currentIndex <= last)
                view.currentIndex = -1;
        }
        function onModelAboutToBeReset() {
            view.currentIndex = -1;
        }
    }

    spacing: Theme.gap / 2

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
        // Not the index, which changes with each message that is inserted above.
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
