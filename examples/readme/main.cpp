#include <QtAmqp/QtAmqp>
#include <QtCore/QtCore>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QAmqpConnection connection;
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred,
                     [](const QAmqpError &e) { qCritical() << e; });
    QAmqpChannel *channel = connection.createChannel();
    QAmqpQueue *queue = channel->queue(u"hello"_s);
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        qInfo() << delivery.text();
        delivery.ack();
        connection.close();
    });
    connection.open(QUrl(app.arguments().value(2, u"amqp://localhost"_s))); // readme --url URL
    queue->declare();
    queue->publish(QByteArray("Hello, world!"));
    queue->consume();
    return app.exec();
}
