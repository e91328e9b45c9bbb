import QtQuick
import QtQuick.Controls.Basic
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
    color: Theme.alarm
    onTextChanged: {
        if (banner.text === "") // mended: the same would be news
            banner.dismissed = "";
    }

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
            Accessible.role: Accessible.AlertMessage
            Accessible.name: banner.text
        }
        RoomButton {
            objectName: "retry"
            text: qsTr("&Try again")
            onClicked: banner.retry()
        }
        RoomButton {
            objectName: "dismiss"
            text: qsTr("&Dismiss")
            onClicked: banner.dismissed = banner.text
        }
    }
}
