// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes and waits for the broker's confirms: first for each message, then for a hundred at a time.
// usage: waiting [--url URL] [--count N]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QElapsedTimer>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

class Publisher
{
public:
    Publisher(QAmqpChannel *channel, int count)
        : m_channel(channel), m_queue(channel->queue()), m_count(count)
    {
        m_queue->declare(QAmqpQueueOptions().setExclusive());
        m_time.start();
        publishOne(1);
    }

private:
    // Publishes each message when the broker has the one before. That is simple, but each costs a round trip.
    void publishOne(int i)
    {
        m_queue->publishConfirmed(QByteArray::number(i)).then(m_channel, [this, i](quint64) {
            if (i < m_count)
                return publishOne(i + 1);
            report("one by one");
            publishBatch(0);
        });
    }

    // Publishes a hundred and waits for all. That takes fewer round trips; after a failure more is to be repeated.
    void publishBatch(int sent)
    {
        for (const int end = std::min(sent + 100, m_count); sent < end; ++sent)
            m_queue->publish(QByteArray::number(sent));
        m_channel->allConfirmed().then(m_channel, [this, sent] {
            if (sent < m_count)
                return publishBatch(sent);
            report("by the hundred");
            m_channel->connection()->close();
        });
    }

    void report(const char *how)
    {
        qInfo("Published %d messages %s in %lld ms", m_count, how, m_time.restart());
    }

    QAmqpChannel *m_channel;
    QAmqpQueue *m_queue;
    const int m_count;
    QElapsedTimer m_time;
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.addOption({u"count"_s, u"How many messages."_s, u"n"_s, u"1000"_s});
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    const auto fail = [](const QAmqpError &error) { qCritical().noquote() << error.text(); };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(channel, &QAmqpChannel::closed, [&] { connection.close(); });
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    Publisher publisher(channel, parser.value(u"count"_s).toInt());
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec() || channel->lastError();
}
