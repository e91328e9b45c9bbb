// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick.Controls
import QtAmqp

ApplicationWindow {
    id: window
    property string url: "amqp://localhost"
    property string file: "notes.box"
    visible: true; width: 360; height: 72; title: "Notes"
    AmqpConnection {
        url: window.url; active: true
        AmqpQueue { id: notes; name: "notes"; durable: true; receiving: false }
        AmqpOutbox { id: box; file: window.file; paused: !notes.ready }
    }
    header: TextField {
        placeholderText: "A note"; focus: true
        onAccepted: if (box.publish("", "notes", text, { persistent: true })) clear()
    }
    footer: Label { padding: 8; text: box.errorString || `Notes to be sent: ${box.count}` }
}
