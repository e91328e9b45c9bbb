// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes as fast as the broker can keep up, and handles the outcome of each message.
// usage: streaming [--url URL] [--count N]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QElapsedTimer>
#include <QtCore/QHash>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.addOption({u"count"_s, u"How many messages."_s, u"n"_s, u"1000"_s});
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpQueue *queue = channel->queue();
    const quint64 count = parser.value(u"count"_s).toULongLong();
    quint64 published = 0;
    QHash<quint64, QByteArray> outstanding; // messages that would have to be published again
    QElapsedTimer time;

    const auto publish = [&] {
        while (published < count && channel->isReadyToPublish()) {
            const QByteArray body = QByteArray::number(++published);
            outstanding.insert(queue->publish(body), body);
        }
    };
    const auto settle = [&](quint64 first, quint64 last, bool confirmed) {
        for (quint64 tag = first; tag <= last; ++tag) {
            const QByteArray body = outstanding.take(tag);
            if (!confirmed)
                qWarning().noquote() << "The broker does not have message" << body;
        }
        if (published < count || !outstanding.isEmpty())
            return;
        qInfo("Published %llu messages as they come in %lld ms", published, time.elapsed());
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::confirmed,
                     [&](quint64 first, quint64 last) { settle(first, last, true); });
    QObject::connect(channel, &QAmqpChannel::nacked,
                     [&](quint64 first, quint64 last) { settle(first, last, false); });
    // The window: when it is full, isReadyToPublish() is false, until readyToPublish() is emitted.
    channel->setMaxUnconfirmed(200);
    QObject::connect(channel, &QAmqpChannel::readyToPublish, publish);
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    queue->declare(QAmqpQueueOptions().setExclusive());
    time.start();
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
