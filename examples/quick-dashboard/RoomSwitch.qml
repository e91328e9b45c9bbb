// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic

// A switch in the colours of the room.
Switch {
    id: control

    palette.windowText: Theme.text
    indicator: Rectangle {
        x: control.leftPadding
        y: (control.height - height) / 2
        implicitWidth: Theme.unit * 2
        implicitHeight: Theme.unit
        radius: height / 2
        color: control.checked ? Theme.pressed : Theme.disabled
        border.color: control.visualFocus ? Theme.text : "transparent"
        border.width: 2

        Rectangle {
            x: control.checked ? parent.width - width - 3 : 3
            y: 3
            width: parent.height - 6
            height: width
            radius: width / 2
            color: "white"
        }
    }
}
