// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQuick
import QtAmqp

Text {
    id: label
    width: 400
    text: broker.stateText

    AmqpConnection {
        id: broker
        url: "amqp://localhost"
        active: true

        AmqpQueue {
            name: "hello"
            onReadyChanged: if (ready) publish("Hello from QML")
            onMessageReceived: (message) => {
                label.text = message.text
                console.info(message.text)
            }
        }
    }
}
