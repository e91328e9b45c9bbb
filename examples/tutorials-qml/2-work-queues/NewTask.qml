import QtQml
import QtAmqp

// Puts one task into the queue "tasks": each dot of its text is a second of work.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"
    property string task: "Hello World!"

    property AmqpConnection connection: AmqpConnection {
        id: broker
        url: program.url
        active: true
        onErrorOccurred: (error) => { console.warn(error.text); Qt.exit(1); }
    }
    property AmqpQueue tasks: AmqpQueue {
        connection: broker
        name: "tasks"
        durable: true // with persistent messages it outlives a restart of the broker
        receiving: false
        onReadyChanged: if (ready) exchange.publish("tasks", program.task, { persistent: true })
    }
    property AmqpExchange exchange: AmqpExchange {
        id: exchange
        connection: broker
        onConfirmed: { console.info("Sent", program.task); Qt.exit(0); }
    }
}
