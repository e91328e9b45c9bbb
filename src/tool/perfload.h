// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PERFLOAD_H
#define QTAMQP_TOOL_PERFLOAD_H

// The producers and consumers of qamqp perf. Each has a connection of its own, and all run in one thread.

#include "histogram.h"
#include "run.h"

#include <QtCore/qhash.h>

namespace Tool {

// These have the same meaning as in RabbitMQ's PerfTest.
struct PerfOptions
{
    explicit PerfOptions(const Arguments &arguments);

    int producers;
    int consumers;
    qsizetype size;
    double rate; // messages per second of each producer, 0 for no limit
    quint64 window; // how many messages may be unconfirmed, 0 without confirms
    quint16 prefetch; // 0 for no limit
    bool noAck;
    quint64 ackEvery;
    quint64 producerMessages; // of each producer, 0 for no limit
    quint64 consumerMessages;
    std::optional<std::chrono::milliseconds> duration;
    bool persistent = false;
    bool mandatory = false;
    QString exchange;
    QString routingKey;
};

struct PerfCounts
{
    quint64 sent = 0;
    quint64 confirmed = 0;
    quint64 nacked = 0;
    quint64 returned = 0;
    quint64 indeterminate = 0; // not confirmed when the connection was lost
    quint64 received = 0;
};

// The counts of all producers and consumers together. Times are in nanoseconds.
struct PerfTotals : PerfCounts
{
    qint64 begin = 0;
    qint64 lastSent = 0;
    qint64 lastReceived = 0;
    Histogram latency; // from publish() to the consumer
    Histogram confirmLatency;
    Histogram recentLatency; // latencies since the last line of the report
};

// The time of a clock that all processes of a machine share.
qint64 nanoseconds();

class Producer
{
public:
    Producer(Run &run, const PerfOptions &options, PerfTotals &totals);

    // Publishes some messages if it is time to. Returns true if more can be published at once.
    bool pump();
    void stop();
    // Whether nothing more will be sent.
    bool isDone() const;
    // Whether also the outcome of all messages is known.
    bool isSettled() const;
    Session &session() { return m_session; }

private:
    void settle(quint64 first, quint64 last);
    void forget(quint64 first, quint64 last);
    void askForTheEnd();

    const PerfOptions &m_options;
    PerfTotals &m_totals;
    QAmqpMessage m_message;
    QByteArray m_body;
    QHash<quint64, qint64> m_sentAt; // when each unconfirmed message was sent
    QTimer m_wake; // with a rate: wakes the event loop to publish again
    quint64 m_sent = 0;
    bool m_stopped = false;
    std::optional<QFuture<void>> m_end; // without confirms: a request behind the last message
    Session m_session; // the last member: while it closes, the others are used
};

class Consumer
{
public:
    Consumer(Run &run, const PerfOptions &options, PerfTotals &totals);
    void start(Run &run, const QString &queue);

    bool isDone() const
    {
        return m_options.consumerMessages > 0 && m_received >= m_options.consumerMessages;
    }
    Session &session() { return m_session; }

private:
    void receive(const QAmqpDelivery &delivery);

    const PerfOptions &m_options;
    PerfTotals &m_totals;
    QAmqpConsumer *m_consumer = nullptr;
    quint64 m_received = 0;
    Session m_session; // last: while it closes, the rest is used
};

} // namespace Tool

#endif
