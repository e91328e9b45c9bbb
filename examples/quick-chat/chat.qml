// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Lines that are typed are published to a fanout exchange. Each window has a queue of its own, which is
// deleted with it.

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import QtAmqp

ApplicationWindow {
    id: window

    property string url: "amqp://localhost"
    property string nick: "Somebody"
    readonly property string problem: broker.lastError.text || inbox.errorString || room.errorString
    readonly property int line: Math.ceil(metrics.height) // all sizes depend on the height of a line

    title: qsTr("Chat")
    width: 27 * line
    height: 32 * line
    visible: true

    FontMetrics { id: metrics }

    AmqpConnection {
        id: broker
        url: window.url
        active: true

        AmqpExchange { id: room; name: "qtamqp.chat"; type: "fanout" }
        AmqpQueue { id: inbox; bindings: [{ exchange: room.name }] }
    }

    function say(): void {
        if (field.text !== "" && room.publish("", { name: window.nick, text: field.text }) > 0)
            field.clear()
        field.forceActiveFocus() // where the next line is typed
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: 12
        spacing: 8

        RowLayout {
            spacing: 8

            Rectangle {
                visible: window.problem === ""
                implicitWidth: window.line / 2
                implicitHeight: implicitWidth
                radius: implicitWidth / 2
                color: inbox.ready ? "#2e9e5b" : "#d68910"
            }
            Label {
                Layout.fillWidth: true
                text: {
                    if (broker.connected || window.problem === "")
                        return window.problem || broker.stateText
                    return broker.stateText + "\n" + window.problem
                }
                textFormat: Text.PlainText
                wrapMode: Text.Wrap
                padding: window.problem !== "" ? 8 : 0
                color: window.problem !== "" ? "white" : window.palette.windowText
                background: Rectangle {
                    visible: window.problem !== ""
                    radius: 6
                    color: "#b03a2e"
                }
            }
            Button {
                visible: !broker.connected && window.problem !== ""
                text: qsTr("Connect")
                onClicked: broker.recovering ? broker.reconnectNow() : broker.reopen()
            }
        }

        ListView {
            id: view
            Layout.fillWidth: true
            Layout.fillHeight: true
            clip: true
            spacing: 6
            verticalLayoutDirection: ListView.BottomToTop
            model: AmqpMessageModel { queue: inbox; newestFirst: true; maximumCount: 500 }
            delegate: Rectangle {
                id: bubble
                readonly property SystemPalette colors: SystemPalette { }
                required property var json
                required property date received
                readonly property bool mine: json?.name === window.nick
                readonly property FontMetrics metrics: FontMetrics { }
                readonly property real room: ListView.view?.width ?? 0

                x: mine ? room - width : 0
                width: Math.min(column.implicitWidth + 20, room * 0.8)
                height: column.implicitHeight + 14
                radius: 8
                color: mine ? bubble.colors.highlight : bubble.colors.base

                Column {
                    id: column
                    anchors { fill: parent; margins: 7; leftMargin: 10; rightMargin: 10 }

                    Label {
                        text: (bubble.json?.name ?? "?") + "  "
                              + bubble.received.toLocaleTimeString(Qt.locale(), Locale.ShortFormat)
                        textFormat: Text.PlainText
                        width: Math.min(implicitWidth, bubble.room * 0.8 - 20)
                        elide: Text.ElideRight
                        font.pixelSize: bubble.metrics.height * 0.65
                        opacity: 0.8
                        color: bubble.mine ? bubble.colors.highlightedText : bubble.colors.text
                    }
                    Label {
                        width: Math.min(implicitWidth, bubble.room * 0.8 - 20)
                        text: bubble.json?.text ?? ""
                        textFormat: Text.PlainText
                        wrapMode: Text.Wrap
                        color: bubble.mine ? bubble.colors.highlightedText : bubble.colors.text
                    }
                }
            }

            Label {
                anchors.centerIn: parent
                width: parent.width
                visible: view.count === 0 && room.ready
                horizontalAlignment: Text.AlignHCenter
                wrapMode: Text.Wrap
                text: qsTr("Nobody has said anything yet.\nWrite below, or open a second window.")
                opacity: 0.7
            }
        }

        RowLayout {
            TextField {
                id: field
                Layout.fillWidth: true
                focus: true
                enabled: room.ready
                placeholderText: room.ready ? qsTr("Say something as %1").arg(window.nick)
                                            : qsTr("You can write when there is a connection")
                onAccepted: window.say()
            }
            Button { text: qsTr("Send"); enabled: field.enabled && field.text !== ""; onClicked: window.say() }
        }
    }
}
