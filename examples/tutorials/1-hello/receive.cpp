// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Prints the messages of the queue "hello" until it is stopped.
// usage: receive [--url URL]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpQueue *queue = channel->queue(u"hello"_s);
    QObject::connect(queue, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &delivery) {
        qInfo().noquote() << "Received" << delivery.text();
        delivery.ack();
    });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    queue->declare();
    const QAmqpConsumer *consumer = queue->consume();
    QObject::connect(consumer, &QAmqpConsumer::started,
                     [] { qInfo() << "Waiting for messages. To exit press Ctrl+C"; });
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
