// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Prints every log line published while it runs. Start several: each gets all of them.
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
    property AmqpExchange logs: AmqpExchange {
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        name: "logs"
        type: "fanout"
    }
    property AmqpQueue lines: AmqpQueue { // without a name: the broker chooses one, and it is ours alone
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        bindings: [{ exchange: "logs" }]
        ackPolicy: AmqpQueue.NoAck
        onReadyChanged: if (ready) console.info("Waiting for logs. To exit press Ctrl+C")
        onMessageReceived: (message) => console.info(message.text)
    }
}
