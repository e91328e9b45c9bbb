import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// What comes in, the newest on top, and the pattern of routing keys that it is bound by.
Card {
    id: list

    required property AmqpMessageModel messages
    property alias pattern: filter.text
    property alias view: view
    property string placeholder
    signal selected(int row)

    function editPattern() {
        filter.forceActiveFocus(Qt.ShortcutFocusReason);
        filter.selectAll();
    }

    title: qsTr("Telemetry")
    note: list.messages.paused ? qsTr("%L1 waiting").arg(list.messages.waiting)
                               : qsTr("%L1 messages").arg(list.messages.count)

    RowLayout {
        spacing: 8
        Field {
            id: filter
            objectName: "filter"
            Layout.fillWidth: true
            focus: true
            text: "#"
            placeholderText: qsTr("routing key, such as *.hall.# or #")
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
            onClicked: {
                view.currentIndex = -1;
                list.messages.clear();
            }
        }
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
        ScrollBar.vertical: ScrollBar { }
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Messages")

        delegate: MessageRow { }
        // Not the index, which changes with each message that comes in above.
        onCurrentItemChanged: {
            const row = view.currentItem as MessageRow;
            if (row)
                list.selected(row.index);
        }

        Connections {
            target: list.messages
            // What is read stays in detail when it leaves the list; no other takes its place.
            function onRowsAboutToBeRemoved(parent, first, last) {
                if (view.currentIndex >= first && view.currentIndex <= last)
                    view.currentIndex = -1;
            }
        }
        Rectangle {
            anchors.fill: parent
            visible: view.activeFocus
            color: "transparent"
            radius: 4
            border.color: Theme.accent
            border.width: view.currentIndex < 0 ? 2 : 1
        }

        Label {
            anchors.centerIn: parent
            width: parent.width - 40
            horizontalAlignment: Text.AlignHCenter
            wrapMode: Text.Wrap
            visible: view.count === 0
            text: list.placeholder
            color: Theme.faint
        }
    }
}
