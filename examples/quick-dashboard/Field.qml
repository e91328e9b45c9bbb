import QtQuick
import QtQuick.Controls.Basic

// A line of text to edit, in the colours of the room.
TextField {
    id: field

    color: Theme.text
    placeholderTextColor: Theme.faint
    selectByMouse: true
    leftPadding: 10
    rightPadding: 10
    topPadding: 7
    bottomPadding: 7
    font.family: Theme.fixedFont
    background: Rectangle {
        radius: 6
        color: Theme.field
        border.color: field.activeFocus ? Theme.accent : Theme.line
        border.width: field.activeFocus ? 2 : 1
    }
}
