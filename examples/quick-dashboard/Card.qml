import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts

// A titled surface; what is declared in it is laid out below the title.
Pane {
    id: card

    property string title
    property string note
    default property alias content: column.data

    padding: Theme.gap
    background: Rectangle {
        color: Theme.card
        radius: 8
        border.color: Theme.line
    }

    ColumnLayout {
        id: column
        anchors.fill: parent
        spacing: 8

        RowLayout {
            visible: card.title !== ""
            Label {
                text: card.title
                font.bold: true
                color: Theme.text
            }
            Label {
                Layout.fillWidth: true
                horizontalAlignment: Text.AlignRight
                elide: Text.ElideRight
                text: card.note
                textFormat: Text.PlainText
                color: Theme.faint
            }
        }
    }
}
