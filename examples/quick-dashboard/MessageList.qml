import QtQuick
import QtQuick.Controls
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

    title: qsTr("Telemetry")
    note: list.messages.paused ? qsTr("%L1 waiting").arg(list.messages.waiting)
                               : qsTr("%L1 messages").arg(list.messages.count)

    RowLayout {
        spacing: 8
        Field {
            id: filter
            objectName: "filter"
            Layout.fillWidth: true
            text: "#"
            placeholderText: qsTr("routing key, such as *.hall.# or #")
            Accessible.name: qsTr("Pattern of routing keys")
        }
        Button {
            objectName: "pause"
            text: qsTr("&Pause")
            checkable: true
            onToggled: list.messages.paused = checked
        }
        Button {
            objectName: "clear"
            text: qsTr("C&lear")
            onClicked: list.messages.clear()
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
        onCurrentIndexChanged: {
            if (view.currentIndex >= 0)
                list.selected(view.currentIndex);
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
