// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/QtAmqp>
#include <QtCore/QtCore>

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    const auto fail = [](const QAmqpError &error) { qCritical().noquote() << error.text(); };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(channel, &QAmqpChannel::closed, [&] { connection.close(); });
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    QAmqpQueue *queue = channel->queue(QStringLiteral("hello"));
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        qInfo() << delivery.text();
        delivery.ack();
        connection.close();
    });
    connection.open(QUrl(app.arguments().value(1, QStringLiteral("amqp://localhost"))));
    queue->declare();
    queue->publish(QByteArray("Hello, world!"));
    queue->consume();
    return app.exec() || channel->lastError();
}
