// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PERFLOAD_H
#define QTAMQP_TOOL_PERFLOAD_H

// The producers and consumers of qamqp perf: each a connection of its own, all in one thread.

#include "histogram.h"
#include "run.h"

#include <QtCore/qhash.h>

namespace Tool {

// The meaning of these is that of RabbitMQ's PerfTest.
struct PerfOptions
{
    explicit PerfOptions(const Arguments &arguments);

    int producers;
    int consumers;
    qsizetype size;
    double rate; // of each producer, 0 for no limit
    quint64 window; // of unconfirmed messages, 0 without confirms
    quint16 prefetch; // 0 for no limit
    bool noAck;
    quint64 ackEvery;
    quint64 producerMessages; // of each, 0 for no limit
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
    quint64 received = 0;
};

// What all of them did together. Times are in nanoseconds.
struct PerfTotals : PerfCounts
{
    qint64 begin = 0;
    qint64 lastSent = 0;
    qint64 lastReceived = 0;
    Histogram latency; // from publish() to the consumer
    Histogram confirmLatency;
    Histogram recentLatency; // since the last line
};

// Of a clock that the processes of one machine share.
qint64 nanoseconds();

class Producer
{
public:
    Producer(Run &run, const PerfOptions &options, PerfTotals &totals);

    // Publishes some messages if it is time; true if there is more to do at once.
    bool pump();
    void stop();
    // Nothing more will be sent.
    bool isDone() const;
    // And everything is answered for.
    bool isSettled() const;
    Session &session() { return m_session; }

private:
    void settle(quint64 first, quint64 last);
    void askForTheEnd();

    const PerfOptions &m_options;
    PerfTotals &m_totals;
    QAmqpMessage m_message;
    QByteArray m_body;
    QHash<quint64, qint64> m_sentAt; // of what is unconfirmed
    QTimer m_wake; // with a rate, to look again
    quint64 m_sent = 0;
    bool m_stopped = false;
    std::optional<QFuture<void>> m_end; // without confirms, the answer behind the last message
    Session m_session; // last: while it closes, the rest is used
};

class Consumer
{
public:
    Consumer(Run &run, const PerfOptions &options, PerfTotals &totals, const QString &queue);

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
