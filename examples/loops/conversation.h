// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef CONVERSATION_H
#define CONVERSATION_H

// The programs loop-* all do the same, each on its own loop: declare a queue, publish with confirms, consume,
// stay silent for three heartbeats, and close. No QCoreApplication exists and no Qt event loop runs.

#include <QtAmqp/QtAmqp>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

#include <thread>

class Conversation
{
public:
    // usage: PROGRAM [URL]
    Conversation(int argc, char **argv, std::unique_ptr<QAmqpTransport> transport)
        : m_connection(
                QAmqpConnectionOptions::fromUrl(
                        QUrl(QString::fromLocal8Bit(argc > 1 ? argv[1] : "amqp://localhost")))
                        .setHeartbeat(Heartbeat))
    {
        m_connection.setTransport(std::move(transport));
        QObject::connect(&m_connection, &QAmqpConnection::closed, [this] { m_closed = true; });
        QAmqpChannel *channel = m_connection.createChannel();
        const auto fail = [this](const QAmqpError &error) {
            qCritical().noquote() << error.text();
            m_failed = true;
            m_connection.close();
        };
        QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
        QObject::connect(&m_connection, &QAmqpConnection::errorOccurred, fail);
        QAmqpQueue *queue = channel->queue();
        QObject::connect(queue, &QAmqpQueue::messageReceived,
                         [this](const QAmqpDelivery &delivery) { received(delivery); });
        queue->declare(QAmqpQueueOptions().setExclusive()).then([](const QAmqpQueueInfo &info) {
            qInfo().noquote() << "declared" << info.name;
        });
        queue->consume();
        for (int i = 1; i <= Messages; ++i)
            queue->publish(QByteArray::number(i));
        channel->allConfirmed().then([this] {
            qInfo() << "confirmed" << int(Messages) << "messages";
            m_confirmed = true;
        });
        m_connection.open();
    }

    // Whether to go on; the program asks this after each round of its loop.
    bool goesOn()
    {
        using Clock = std::chrono::steady_clock;
        if (!m_confirmed || m_received < Messages || m_closing)
            return !m_closed;
        if (!m_silentFrom) {
            m_silentFrom = Clock::now();
            m_framesBefore = m_connection.framesReceived();
        } else if (Clock::now() - *m_silentFrom > 3 * Heartbeat) {
            qInfo() << "silent but for" << m_connection.framesReceived() - m_framesBefore
                    << "heartbeats of the broker, and ours";
            m_closing = true;
            m_connection.close();
        }
        return !m_closed;
    }
    int status() const { return m_failed || !m_closing ? 1 : 0; }

private:
    static constexpr int Messages = 5;
    static constexpr std::chrono::seconds Heartbeat{1};

    void received(const QAmqpDelivery &delivery)
    {
        qInfo().noquote() << "received" << delivery.text();
        if (++m_received == Messages)
            std::thread([delivery] { delivery.ack(); }).join(); // wakes the loop
        else
            delivery.ack();
    }

    int m_received = 0;
    bool m_confirmed = false;
    bool m_closing = false;
    bool m_closed = false;
    bool m_failed = false;
    std::optional<std::chrono::steady_clock::time_point> m_silentFrom;
    quint64 m_framesBefore = 0;
    QAmqpConnection m_connection;
};

#endif
