import QtQml
import QtAmqp

// Prints the messages of the queue "hello" until it is stopped.
QtObject {
    id: program

    property string url: "amqp://guest:guest@localhost"

    property AmqpConnection connection: AmqpConnection {
        id: broker
        url: program.url
        active: true
        onErrorOccurred: (error) => { console.warn(error.text); Qt.exit(1); }
    }
    property AmqpQueue hello: AmqpQueue {
        connection: broker
        name: "hello"
        onReadyChanged: if (ready) console.info("Waiting for messages. To exit press Ctrl+C")
        // Acknowledged when the handler returns.
        onMessageReceived: (message) => console.info("Received", message.text)
    }
}
