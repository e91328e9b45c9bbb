// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Puts one task into the queue "tasks": each dot of its text is a second of work.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"
    property string task: "Hello World!"

    function fail(error: var) { console.warn(error.text); Qt.exit(1); }

    property AmqpConnection connection: AmqpConnection {
        id: broker
        url: program.url
        active: true
        onErrorOccurred: (error) => program.fail(error)
    }
    property AmqpQueue tasks: AmqpQueue {
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        name: "tasks"
        durable: true // with persistent messages it outlives a restart of the broker
        receiving: false
        onReadyChanged: if (ready) exchange.publish("tasks", program.task, { persistent: true })
    }
    property AmqpExchange exchange: AmqpExchange {
        id: exchange
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        onConfirmed: { console.info("Sent", program.task); Qt.exit(0); }
    }
}
