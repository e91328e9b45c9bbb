// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Sends one message to the queue "hello" and ends once the broker has confirmed it.
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
    property AmqpQueue hello: AmqpQueue { // declared, so that there is something to send to
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        name: "hello"
        receiving: false
        onReadyChanged: if (ready) exchange.publish("hello", "Hello World!")
    }
    property AmqpExchange exchange: AmqpExchange { // the default one: the key names the queue
        id: exchange
        connection: broker
        onErrorOccurred: (error) => program.fail(error)
        onConfirmed: { console.info("Sent 'Hello World!'"); Qt.exit(0); }
    }
}
