import QtQuick
import QtQuick.Controls.Basic

// A switch in the colours of the room.
Switch {
    id: control

    palette.windowText: Theme.text
    indicator: Rectangle {
        x: control.leftPadding
        y: (control.height - height) / 2
        implicitWidth: 38
        implicitHeight: 20
        radius: 10
        color: control.checked ? Theme.pressed : Theme.line
        border.color: control.visualFocus ? Theme.text : "transparent"
        border.width: 2

        Rectangle {
            x: control.checked ? parent.width - width - 3 : 3
            y: 3
            width: 14
            height: 14
            radius: 7
            color: "white"
        }
    }
}
