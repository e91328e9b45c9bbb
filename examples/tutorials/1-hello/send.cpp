// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Sends one message to the queue "hello" and ends once the broker has confirmed that it has it.
// usage: send [--url URL]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
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
    QObject::connect(channel, &QAmqpChannel::confirmed, [&] {
        qInfo() << "Sent 'Hello World!'";
        connection.close();
    });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    // Declaring a queue that is there already does nothing, so both programs may do it.
    queue->declare();
    queue->publish("Hello World!"_ba);
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
