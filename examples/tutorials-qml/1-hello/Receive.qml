// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Prints the messages of the queue "hello" until it is stopped.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"

    function fail(error: var) { console.warn(error.text); Qt.exit(1); }

    property AmqpConnection connection: AmqpConnection {
        id: broker
        url: program.url
        active: true
        onErrorOccurred: (error) => program.fail(error)
    }
    property AmqpQueue hello: AmqpQueue {
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        name: "hello"
        onReadyChanged: if (ready) console.info("Waiting for messages. To exit press Ctrl+C")
        // Acknowledged when the handler returns.
        onMessageReceived: (message) => console.info("Received", message.text)
    }
}
