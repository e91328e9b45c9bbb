// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Sends a million messages of 16 bytes to a broker and receives them: they are published with confirms in a
// bounded window, and each is acknowledged and counted. Prints the rate and the memory, and fails if a
// message is lost or comes twice, or if resident memory reaches 64 MiB.
// usage: million [--url URL] [--count N] [--window N]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QBitArray>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QElapsedTimer>
#include <QtCore/QFile>
#include <QtCore/QTimer>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

// Returns resident memory in KiB: VmRSS is the present size, VmHWM the largest so far. It is 0 without /proc.
static qint64 memory(QByteArrayView field)
{
    QFile status(u"/proc/self/status"_s);
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = status.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith(field))
            return line.simplified().split(' ').value(1).toLongLong();
    }
    return 0;
}

class Million
{
public:
    Million(const QUrl &url, quint64 count, quint64 window)
        : m_count(count)
        , m_seen(qsizetype(count))
        , m_channel(m_connection.createChannel())
        , m_queue(m_channel->queue())
    {
        m_channel->setMaxUnconfirmed(window);
        QObject::connect(m_channel, &QAmqpChannel::readyToPublish, [this] { publish(); });
        QObject::connect(m_channel, &QAmqpChannel::confirmed, [this](quint64 first, quint64 last) {
            m_confirmed += last - first + 1;
            closeWhenDone();
        });
        QObject::connect(m_queue, &QAmqpQueue::messageReceived,
                         [this](const QAmqpDelivery &delivery) { receive(delivery); });
        const auto fail = [this](const QAmqpError &error) {
            qCritical().noquote() << error.text();
            m_failed = true;
            m_connection.close();
        };
        QObject::connect(m_channel, &QAmqpChannel::errorOccurred, fail);
        QObject::connect(&m_connection, &QAmqpConnection::errorOccurred, fail);
        QObject::connect(&m_connection, &QAmqpConnection::closed, qApp, &QCoreApplication::quit);
        QObject::connect(&m_progress, &QTimer::timeout, [this] {
            qInfo().noquote() << u"%1 confirmed, %2 received, %3 MiB"_s.arg(m_confirmed)
                                         .arg(m_received)
                                         .arg(memory("VmRSS:") / 1024);
        });
        m_progress.start(std::chrono::seconds(1));
        m_time.start();
        m_queue->declare(QAmqpQueueOptions().setExclusive());
        m_queue->consume(QAmqpConsumeOptions().setPrefetch(1000));
        m_connection.open(url);
    }

    int result() const
    {
        const double seconds = double(m_time.elapsed()) / 1000;
        const qint64 peak = memory("VmHWM:");
        const quint64 lost = m_count - quint64(m_seen.count(true));
        qInfo().noquote()
                << u"%1 messages in %2 s (%3 per second): %4 confirmed, %5 received, %6 lost, %7 twice; at most %8 MiB resident"_s
                           .arg(m_count)
                           .arg(seconds, 0, 'f', 1)
                           .arg(qRound64(double(m_received) / seconds))
                           .arg(m_confirmed)
                           .arg(m_received)
                           .arg(lost)
                           .arg(m_twice)
                           .arg(double(peak) / 1024, 0, 'f', 1);
        return m_failed || lost || m_twice || m_confirmed != m_count || peak >= 64 * 1024 ? 1 : 0;
    }

private:
    void publish()
    {
        while (m_published < m_count && m_channel->isReadyToPublish())
            m_queue->publish(QByteArray::number(m_published++).rightJustified(16, '0'));
    }

    void receive(const QAmqpDelivery &delivery)
    {
        delivery.ack();
        const qsizetype number = delivery.body().toLongLong();
        m_twice += m_seen.testBit(number);
        m_seen.setBit(number);
        ++m_received;
        closeWhenDone();
    }

    void closeWhenDone()
    {
        if (m_confirmed == m_count && m_received == m_count)
            m_connection.close();
    }

    const quint64 m_count;
    QBitArray m_seen;
    quint64 m_published = 0;
    quint64 m_confirmed = 0;
    quint64 m_received = 0;
    quint64 m_twice = 0;
    bool m_failed = false;
    QElapsedTimer m_time;
    QTimer m_progress;
    QAmqpConnection m_connection;
    QAmqpChannel *m_channel;
    QAmqpQueue *m_queue;
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker, amqp://guest:guest@localhost by default."_s, u"url"_s,
                      u"amqp://guest:guest@localhost"_s});
    parser.addOption(
            {u"count"_s, u"How many messages, 1000000 by default."_s, u"n"_s, u"1000000"_s});
    parser.addOption({u"window"_s, u"How many publishes may be unconfirmed, 2000 by default."_s,
                      u"n"_s, u"2000"_s});
    parser.process(app);
    Million million(QUrl(parser.value(u"url"_s)), parser.value(u"count"_s).toULongLong(),
                    parser.value(u"window"_s).toULongLong());
    app.exec();
    return million.result();
}
