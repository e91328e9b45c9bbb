// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import QtAmqp
import "topic.js" as Topic

// A control room that shows the telemetry of a topic exchange live.
ApplicationWindow {
    id: window

    property string url: "amqp://guest:guest@localhost"
    property string exchangeName: "telemetry"

    // The URL without the user and the password.
    readonly property string endpoint: window.url.replace(/^[^:]*:\/\/([^@\/]*@)?/, "").replace(/[\/?].*/, "")

    width: Math.max(1280, Theme.unit * 56)
    height: Math.max(800, Theme.unit * 36)
    minimumWidth: Theme.unit * 48
    minimumHeight: Theme.unit * 33
    visible: true
    title: qsTr("Control room")
    color: Theme.background
    palette {
        window: Theme.background
        windowText: Theme.text
        base: Theme.field
        text: Theme.text
        button: Theme.button
        buttonText: Theme.text
        highlight: Theme.accent
        highlightedText: "white"
    }

    // Says why there is no message, and what to do.
    function advice(): string {
        if (!online.checked)
            return qsTr("Not connected.\nSwitch to Online to see what is sent.");
        if (broker.errorString !== "")
            return qsTr("No connection.\nTry again when the broker runs.");
        if (!broker.connected)
            return broker.lastError.text ? qsTr("No connection.\nIt is made as soon as the broker runs.")
                                         : qsTr("Connecting…");
        if (pattern.applied !== "#")
            return qsTr("No routing key fits “%1” so far.\nTry another pattern, or none to see everything.")
                   .arg(pattern.applied);
        return qsTr("Nothing has been sent to “%1” yet.\nPublish a message by the form on the right.")
               .arg(window.exchangeName);
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
    }
    AmqpOutbox { // what is published while there is no broker waits here
        id: box
        connection: broker
        mandatory: true
        paused: !exchange.ready || !queue.ready // else nothing would take it
    }
    AmqpQueue {
        id: queue
        objectName: "queue"
        connection: broker // without a name: the broker makes one up, and deletes the queue at the end
        bindings: [{ exchange: window.exchangeName, routingKey: pattern.applied }]
    }
    AmqpMessageModel {
        id: messages
        queue: queue
        maximumCount: 5000
        newestFirst: true
        // This applies to messages that came before the pattern changed, and to those that are still on their
        // way.
        filter: pattern.applied === "#" ? undefined
                                        : (message) => Topic.fits(pattern.applied, message.routingKey)
    }
    Telemetry {
        id: telemetry
        queue: queue
        pattern: pattern.applied
        paused: messages.paused
    }
    Shortcut {
        sequence: "Alt+O"
        onActivated: online.toggle()
    }
    Shortcut {
        sequence: "Ctrl+F"
        onActivated: card.editPattern()
    }
    Timer { // applies the pattern to filter and binding when the user has stopped typing
        id: pattern
        property string applied: "#"
        interval: 300
        onTriggered: pattern.applied = card.pattern || "#"
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: Theme.gap
        spacing: Theme.gap

        RowLayout {
            spacing: Theme.gap
            Label {
                text: window.title
                font.pixelSize: Math.round(Theme.unit * 1.25)
                font.bold: true
                color: Theme.text
            }
            Dot {
                color: broker.connected && !broker.blocked ? Theme.good
                     : broker.lastError.text !== "" ? Theme.bad
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
                : broker.lastError.text || exchange.errorString || queue.errorString || box.errorString
            detail: broker.connected || broker.secondsToNextAttempt === 0 ? ""
                : telemetry.keyCount === 0 ? qsTr("%1. What you publish waits until then.").arg(broker.stateText)
                : qsTr("%1. What is shown came before that; what you publish waits.").arg(broker.stateText)
            onRetry: broker.recovering ? broker.reconnectNow() : broker.reopen()
        }
        RowLayout {
            spacing: Theme.gap
            ColumnLayout {
                Layout.preferredWidth: 3
                Layout.fillWidth: true
                spacing: Theme.gap
                RateChart {
                    Layout.fillWidth: true
                    Layout.preferredHeight: Theme.unit * 7.5
                    received: broker.messagesPerSecondIn
                    published: broker.messagesPerSecondOut
                }
                TelemetryCard {
                    id: card
                    focus: true
                    Layout.fillWidth: true
                    Layout.fillHeight: true
                    messages: messages
                    telemetry: telemetry
                    placeholder: window.advice()
                    onPatternChanged: pattern.restart()
                    onMessageSelected: (row) => detail.message = messages.get(row)
                    onValueSelected: (entry) => value.entry = entry
                }
            }
            ColumnLayout {
                Layout.preferredWidth: 2
                Layout.fillWidth: true
                spacing: Theme.gap
                ValueDetail {
                    id: value
                    visible: card.showsValues
                    Layout.fillWidth: true
                    Layout.fillHeight: true
                    telemetry: telemetry
                }
                MessageDetail {
                    id: detail
                    visible: !card.showsValues
                    Layout.fillWidth: true
                    Layout.fillHeight: true
                }
                PublishForm {
                    Layout.fillWidth: true
                    Layout.preferredHeight: Math.max(Theme.unit * 10, window.height * 0.25)
                    outbox: box
                    exchangeName: window.exchangeName
                }
            }
        }
    }
}
