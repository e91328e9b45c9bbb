import QtQuick
import QtQuick.Controls
import QtQuick.Layouts

// What went wrong, until it is mended or dismissed.
Rectangle {
    id: banner

    property string text
    property string dismissed
    signal retry()

    visible: banner.text !== "" && banner.text !== banner.dismissed
    implicitHeight: row.implicitHeight + 16
    radius: 8
    color: Theme.bad

    RowLayout {
        id: row
        anchors.fill: parent
        anchors.margins: 8
        anchors.leftMargin: 14

        Label {
            objectName: "bannerText"
            Layout.fillWidth: true
            text: banner.text
            color: "white"
            wrapMode: Text.Wrap
            textFormat: Text.PlainText
        }
        Button {
            text: qsTr("Try again")
            onClicked: banner.retry()
        }
        Button {
            text: qsTr("Dismiss")
            onClicked: banner.dismissed = banner.text
        }
    }
}
