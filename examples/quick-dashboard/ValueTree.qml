// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "topic.js" as Topic

// The words of the routing keys as a tree, with the last value of each routing key and its course.
ColumnLayout {
    id: tree

    required property Telemetry telemetry
    property string placeholder
    property var currentPath: null // of the line that was chosen, also while others come before it
    readonly property bool narrow: tree.width < Theme.unit * 32
    readonly property real unitWidth: tree.narrow ? Theme.unitWidth : Theme.unitWidth * 1.5
    readonly property real trendWidth: Math.max(Theme.unit * 3, Math.min(Theme.unit * 12, tree.width * 0.2))
    signal wanted(string pattern) // only what fits it is to be shown
    signal selected(var entry)

    // What was selected before stays, if this line has no value.
    function select(index: int): void {
        if (index < 0)
            return;
        const line = tree.telemetry.line(index, tree.telemetry.revision);
        view.currentIndex = index;
        tree.currentPath = line.path;
        if (line.entry)
            tree.selected(line.entry);
    }

    // Shows this branch alone, or everything if it is shown alone already.
    function show(index: int): void {
        const line = tree.telemetry.line(index, tree.telemetry.revision);
        const pattern = Topic.branch(line.path);
        if (line.isBranch)
            tree.wanted(tree.telemetry.pattern === pattern ? "" : pattern);
    }

    function click(index: int): void {
        view.forceActiveFocus();
        tree.select(index);
        tree.show(index);
    }

    function toggle(index: int): void {
        view.forceActiveFocus();
        tree.telemetry.setOpen(index, !tree.telemetry.line(index, tree.telemetry.revision).open);
    }

    // Opens or closes a branch; where there is nothing to open or close, goes a line down or up in the tree.
    function step(open: bool): void {
        const line = tree.telemetry.line(view.currentIndex, tree.telemetry.revision);
        if (line.isBranch && line.open !== open)
            tree.telemetry.setOpen(view.currentIndex, open);
        else if (open && line.isBranch)
            tree.select(view.currentIndex + 1);
        else if (!open && tree.telemetry.parentOf(view.currentIndex) >= 0)
            tree.select(tree.telemetry.parentOf(view.currentIndex));
    }

    spacing: Theme.gap / 2

    Connections {
        target: tree.telemetry
        function onRevisionChanged() {
            if (tree.currentPath !== null)
                view.currentIndex = tree.telemetry.find(tree.currentPath);
        }
    }

    Item { // The row would not be laid out anew otherwise when the width of the tree changes its columns.
        Layout.fillWidth: true
        Layout.topMargin: Theme.gap / 2
        implicitHeight: heading.implicitHeight
        RowLayout {
            id: heading
            anchors.fill: parent
            anchors.leftMargin: Theme.gap
            anchors.rightMargin: Theme.gap * 1.5
            spacing: Theme.gap
            Label {
                Layout.fillWidth: true
                text: qsTr("Topic")
                color: Theme.faint
            }
            Label {
                Layout.preferredWidth: Theme.valueWidth
                Layout.rightMargin: tree.unitWidth - Theme.gap / 2
                horizontalAlignment: Text.AlignRight
                text: qsTr("Value")
                color: Theme.faint
            }
            Label {
                Layout.preferredWidth: tree.trendWidth
                text: qsTr("Trend")
                elide: Text.ElideRight
                color: Theme.faint
            }
            Label {
                visible: !tree.narrow
                Layout.preferredWidth: Theme.countWidth
                horizontalAlignment: Text.AlignRight
                text: qsTr("Messages")
                color: Theme.faint
            }
            Label {
                visible: !tree.narrow
                Layout.preferredWidth: Theme.ageWidth
                horizontalAlignment: Text.AlignRight
                text: qsTr("Age")
                color: Theme.faint
            }
        }
    }
    Rectangle {
        Layout.fillWidth: true
        implicitHeight: 1
        color: Theme.line
    }

    ListView {
        id: view
        objectName: "tree"
        Layout.fillWidth: true
        Layout.fillHeight: true
        clip: true
        activeFocusOnTab: true
        model: tree.telemetry.rows
        currentIndex: -1
        boundsBehavior: Flickable.StopAtBounds
        reuseItems: true
        highlightMoveDuration: 0
        ScrollBar.vertical: RoomScrollBar { }
        Accessible.role: Accessible.Tree
        Accessible.name: qsTr("Topics and their values")
        Keys.onDownPressed: tree.select(Math.min(view.currentIndex + 1, view.count - 1))
        Keys.onUpPressed: tree.select(Math.max(view.currentIndex - 1, 0))
        Keys.onRightPressed: tree.step(true)
        Keys.onLeftPressed: tree.step(false)
        Keys.onReturnPressed: tree.show(view.currentIndex)
        Keys.onEnterPressed: tree.show(view.currentIndex)
        Keys.onSpacePressed: tree.show(view.currentIndex)
        Keys.onEscapePressed: tree.wanted("")
        Keys.onPressed: (event) => {
            const page = Math.max(1, Math.floor(view.height / Theme.lineHeight) - 1);
            const to = event.key === Qt.Key_Home ? 0
                     : event.key === Qt.Key_End ? view.count - 1
                     : event.key === Qt.Key_PageUp ? Math.max(0, view.currentIndex - page)
                     : event.key === Qt.Key_PageDown ? Math.min(view.count - 1, view.currentIndex + page) : -1;
            event.accepted = to >= 0;
            if (event.accepted)
                tree.select(to);
        }

        // For the delegates, which know no more than their view.
        readonly property Item owner: tree
        delegate: ValueRow { }

        Rectangle {
            anchors.fill: parent
            visible: view.activeFocus
            color: "transparent"
            radius: Theme.radius
            border.color: Theme.accent
            border.width: view.currentIndex < 0 ? 2 : 1
        }

        Label {
            objectName: "treePlaceholder"
            anchors.centerIn: parent
            width: parent.width - 4 * Theme.gap
            horizontalAlignment: Text.AlignHCenter
            wrapMode: Text.Wrap
            visible: view.count === 0
            text: tree.placeholder
            textFormat: Text.PlainText
            lineHeight: 1.3
            color: Theme.faint
        }
    }
}
