import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp

// A control room: telemetry of a topic exchange, live.
ApplicationWindow {
    id: window

    property string url: "amqp://guest:guest@localhost"
    property string exchangeName: "telemetry"

    // Without the user and the password.
    readonly property string endpoint: window.url.replace(/^[^:]*:\/\/([^@\/]*@)?/, "").replace(/[\/?].*/, "")

    width: 1280
    height: 800
    minimumWidth: 900
    minimumHeight: 600
    visible: true
    title: qsTr("Control room")
    color: Theme.background
    palette {
        window: Theme.background
        windowText: Theme.text
        base: Theme.field
        text: Theme.text
        button: Theme.dark ? "#2b313b" : "#f3f5f8"
        buttonText: Theme.text
        highlight: Theme.accent
        highlightedText: "white"
    }

    AmqpConnection {
        id: broker
        url: window.url
        active: online.checked
        connectionName: "dashboard"
    }
    AmqpExchange {
        id: exchange
        connection: broker
        name: window.exchangeName
        type: "topic"
        mandatory: true
    }
    AmqpQueue {
        id: queue
        objectName: "queue"
        connection: broker // a queue of our own, named by the broker and gone with us
        bindings: [{ exchange: window.exchangeName, routingKey: pattern.applied }]
    }
    AmqpMessageModel {
        id: messages
        queue: queue
        maximumCount: 5000
        newestFirst: true
    }
    Shortcut {
        sequence: "Alt+O"
        onActivated: online.toggle()
    }
    Shortcut {
        sequence: "Ctrl+F"
        onActivated: list.editPattern()
    }
    Timer { // binds anew when the user has stopped typing
        id: pattern
        property string applied: "#"
        interval: 300
        onTriggered: pattern.applied = list.pattern || "#"
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: Theme.gap
        spacing: Theme.gap

        RowLayout {
            spacing: 10
            Label {
                text: window.title
                font.pixelSize: 22
                font.bold: true
                color: Theme.text
            }
            Rectangle {
                implicitWidth: 12
                implicitHeight: 12
                radius: 6
                color: broker.connected && !broker.blocked ? Theme.good
                     : broker.state === AmqpConnection.Closed ? Theme.faint : Theme.warning
            }
            Label {
                objectName: "state"
                Layout.fillWidth: true
                text: broker.connected && !broker.blocked ? qsTr("Connected to %1").arg(window.endpoint)
                                                          : broker.stateText
                textFormat: Text.PlainText
                color: Theme.faint
                elide: Text.ElideRight
            }
            RoomSwitch {
                id: online
                objectName: "online"
                text: qsTr("Online")
                checked: true
            }
        }
        Banner {
            objectName: "banner"
            Layout.fillWidth: true
            text: !online.checked ? ""
                : broker.errorString || exchange.errorString || queue.errorString
            onRetry: broker.reopen()
        }
        RowLayout {
            spacing: Theme.gap
            Layout.preferredHeight: 120
            Layout.maximumHeight: 120
            RateChart {
                Layout.preferredWidth: 1
                Layout.fillWidth: true
                Layout.fillHeight: true
                title: qsTr("Received per second")
                rate: broker.messagesPerSecondIn
            }
            RateChart {
                Layout.preferredWidth: 1
                Layout.fillWidth: true
                Layout.fillHeight: true
                title: qsTr("Published per second")
                rate: broker.messagesPerSecondOut
                stroke: Theme.good
            }
        }
        RowLayout {
            spacing: Theme.gap
            MessageList {
                id: list
                focus: true
                Layout.fillWidth: true
                Layout.fillHeight: true
                Layout.preferredWidth: 3
                messages: messages
                placeholder: broker.connected
                             ? qsTr("Nothing yet that fits %1").arg(pattern.applied)
                             : qsTr("No broker: what it sends will be listed here")
                onPatternChanged: pattern.restart()
                onSelected: (row) => detail.message = messages.get(row)
            }
            ColumnLayout {
                Layout.preferredWidth: 2
                Layout.fillWidth: true
                spacing: Theme.gap
                MessageDetail {
                    id: detail
                    Layout.fillWidth: true
                    Layout.fillHeight: true
                }
                PublishForm {
                    Layout.fillWidth: true
                    Layout.preferredHeight: Math.min(220, window.height * 0.3)
                    exchange: exchange
                }
            }
        }
    }
}
