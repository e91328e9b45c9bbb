// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

import QtQml
import QtAmqp

// Works at the tasks of the queue "tasks", one at a time. Start several: each task goes to one that is
// free, and the task of a worker that dies goes to another.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"
    property var task: undefined // what is being worked at

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
        durable: true
        prefetch: 1 // no second task before the first is acknowledged: a fair dispatch
        ackPolicy: AmqpQueue.AckManually
        onReadyChanged: if (ready) console.info("Waiting for tasks. To exit press Ctrl+C")
        onMessageReceived: (message) => {
            console.info("Received", message.text);
            program.task = message;
            work.interval = 1000 * (message.text.split(".").length - 1);
            work.start();
        }
    }
    property Timer work: Timer {
        id: work
        onTriggered: {
            console.info("Done", program.task.text);
            program.task.ack(); // without it the broker gives the task to another worker
        }
    }
}
