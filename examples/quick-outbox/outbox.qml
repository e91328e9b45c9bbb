// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Each note that is written waits in a file until the broker has it.

import QtQuick
import QtQuick.Controls
import QtAmqp

ApplicationWindow {
    id: window

    property string url: "amqp://localhost"
    property string file: "notes.box"
    readonly property int line: Math.ceil(metrics.height) // all sizes depend on the height of a line
    readonly property string problem: box.errorString || notes.errorString || broker.lastError.text

    title: qsTr("Notes")
    width: 26 * line
    height: 13 * line
    minimumWidth: 16 * line
    minimumHeight: 10 * line
    visible: true

    FontMetrics { id: metrics }

    AmqpConnection {
        id: broker
        url: window.url
        active: true

        AmqpQueue { id: notes; name: "notes"; durable: true; receiving: false }
        AmqpOutbox { id: box; file: window.file; paused: !notes.ready }
    }

    header: TextField {
        padding: window.line / 2
        focus: true
        placeholderText: qsTr("Write a note and press Return")
        Accessible.name: qsTr("A note")
        onAccepted: if (text !== "" && box.publish("", "notes", text, { persistent: true })) clear()
    }

    Column {
        anchors.fill: parent
        anchors.margins: window.line / 2
        spacing: window.line / 2

        Row {
            spacing: window.line / 2
            Rectangle {
                anchors.verticalCenter: parent.verticalCenter
                implicitWidth: window.line / 2
                implicitHeight: implicitWidth
                radius: implicitWidth / 2
                color: notes.ready ? "#2e9e5b" : "#d68910"
            }
            Label {
                objectName: "state"
                text: broker.stateText
                textFormat: Text.PlainText
            }
        }
        Label {
            objectName: "problem"
            width: parent.width
            visible: text !== ""
            text: window.problem
            textFormat: Text.PlainText
            wrapMode: Text.Wrap
            maximumLineCount: 4
            elide: Text.ElideRight
        }
        Label {
            width: parent.width
            text: notes.ready
                  ? qsTr("What you write is sent to the queue “%1”.").arg(notes.name)
                  : qsTr("Notes can be written all the same. They are kept in %1 until they are sent.")
                    .arg(window.file.replace(/.*[\/\\]/, ""))
            textFormat: Text.PlainText
            wrapMode: Text.Wrap
            opacity: 0.7
        }
    }

    footer: Label {
        padding: window.line / 2
        text: qsTr("Notes to be sent: %1").arg(box.count)
        font.bold: box.count > 0
    }
}
