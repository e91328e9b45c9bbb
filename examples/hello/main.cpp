// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Hello, world: a publisher that sees its confirms and a consumer that acknowledges, with signals.
// usage: hello [--url amqp://user:password@host:port/vhost]

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
    parser.addOption({u"url"_s, u"The broker, amqp://guest:guest@localhost by default."_s, u"url"_s,
                      u"amqp://guest:guest@localhost"_s});
    parser.process(app);

    constexpr int count = 5;
    int received = 0;
    quint64 confirmed = 0;
    int status = 0;

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    QAmqpQueue *queue = channel->queue();
    const auto closeWhenDone = [&] {
        if (received == count && confirmed == count)
            connection.close();
    };

    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        qInfo().noquote() << "received  " << delivery.text();
        delivery.ack();
        ++received;
        closeWhenDone();
    });
    QObject::connect(channel, &QAmqpChannel::confirmed, [&](quint64 first, quint64 last) {
        for (quint64 tag = first; tag <= last; ++tag)
            qInfo().noquote() << "confirmed  message" << tag;
        confirmed += last - first + 1;
        closeWhenDone();
    });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    // Nothing has to be waited for: calls made before the connection is open are sent in order.
    queue->declare(QAmqpQueueOptions().setExclusive());
    queue->consume();
    for (int i = 1; i <= count; ++i)
        queue->publish(u"Hello, world! (%1 of %2)"_s.arg(i).arg(count).toUtf8());
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
