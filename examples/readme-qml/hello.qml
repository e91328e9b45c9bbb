// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtAmqp

ListView {
    AmqpConnection {
        url: "amqp://localhost"; active: true
        AmqpQueue {
            id: hello
            name: "hello"
            onReadyChanged: if (ready) publish({ greeting: "Hello from QML" })
        }
    }
    model: AmqpMessageModel { queue: hello }
    delegate: Text { required property var json; text: json?.greeting ?? "" }
}
