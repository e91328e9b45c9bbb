// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Publishes one log line to the exchange "logs", which copies it to every queue bound to it.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"
    property string line: "info: Hello World!"

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
        type: "fanout" // does not look at the routing key
        onReadyChanged: if (ready) publish("", program.line)
        onConfirmed: { console.info("Sent", program.line); Qt.exit(0); }
    }
}
