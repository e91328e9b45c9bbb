import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import "format.js" as Format

// A line of the list: how serious, when, what about, and the beginning of the body.
ItemDelegate {
    id: row

    required property int index
    required property var model
    required property string routingKey
    required property date received

    width: ListView.view.width
    height: 30
    leftPadding: 8
    rightPadding: 8
    topPadding: 0
    bottomPadding: 0
    highlighted: ListView.isCurrentItem
    onClicked: {
        ListView.view.forceActiveFocus();
        ListView.view.currentIndex = row.index;
    }

    background: Rectangle {
        radius: 4
        color: row.highlighted ? Qt.alpha(Theme.accent, 0.25)
             : row.hovered ? Qt.alpha(Theme.accent, 0.08) : "transparent"
    }
    contentItem: RowLayout {
        spacing: 10
        Rectangle {
            implicitWidth: 8
            implicitHeight: 8
            radius: 4
            color: row.routingKey.endsWith(".critical") ? Theme.bad
                 : row.routingKey.endsWith(".warning") ? Theme.warning : Theme.good
        }
        Label {
            Layout.preferredWidth: 66
            text: Qt.formatTime(row.received, "hh:mm:ss")
            color: Theme.faint
        }
        Label {
            Layout.preferredWidth: 180
            text: row.routingKey
            textFormat: Text.PlainText
            color: Theme.text
            elide: Text.ElideRight
        }
        Label {
            Layout.fillWidth: true
            text: Format.preview(row.model.body)
            textFormat: Text.PlainText
            maximumLineCount: 1
            color: Theme.faint
            elide: Text.ElideRight
            font.family: Theme.fixedFont
        }
    }
}
