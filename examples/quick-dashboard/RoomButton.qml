// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic

// A button in the colours of the room; it shows where the keyboard is.
Button {
    id: button

    implicitHeight: Math.round(Theme.unit * 1.8)
    leftPadding: Theme.gap
    rightPadding: Theme.gap
    palette.buttonText: button.enabled ? Theme.text : Theme.disabled
    palette.brightText: "white" // of what is highlighted
    background: Rectangle {
        radius: Theme.radius
        color: button.highlighted ? Theme.pressed
             : button.down ? Theme.line
             : button.hovered && button.enabled ? Theme.hovered : Theme.button
        border.color: button.visualFocus ? Theme.accent : Theme.line
        border.width: button.visualFocus ? 2 : 1
    }
}
