// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_TRAFFIC_H
#define QTAMQP_TESTS_TRAFFIC_H

// A program that must not lose a message, whatever happens to its links, and the networks that happen to it.

#include "brokertest.h"
#include "chaosproxy.h"

#include <QtAmqp/qamqprpcclient.h>
#include <QtAmqp/qamqprpcserver.h>
#include <QtCore/qset.h>

#include <random>

namespace BrokerTest {

// A set of the numbers from 1 on, in memory that does not grow as long as there are few gaps.
class NumberSet
{
public:
    bool contains(qint64 number) const { return number < m_next || m_beyond.contains(number); }
    void insert(qint64 number);
    qint64 size() const { return m_next - 1 + m_beyond.size(); }

private:
    qint64 m_next = 1; // all below are in the set
    QSet<qint64> m_beyond;
};

// Publishes persistent messages with numbers as their bodies to a durable queue, with confirms, and consumes them. What
// ends as indeterminate or is nacked is published again with the same message-id, after a nack on a channel that is opened
// anew: RabbitMQ 3.10 refuses everything of a channel whose first message it could not route to the leader of a quorum
// queue.
class Traffic : public QObject
{
public:
    // Both channels are made, and the queue is declared as `options` say, when the connection is opened.
    Traffic(QAmqpConnection *connection, const QAmqpQueueOptions &options);

    // From now on up to `batch` messages are published every 20 ms, until there are `last`.
    void publish(int batch, qint64 last = (std::numeric_limits<qint64>::max)());
    void stop() { m_last = m_next - 1; }
    bool isDone() const;

    QAmqpChannel *publisher() const { return m_publisher; }
    const QString &queue() const { return m_queue; }
    qint64 confirmed() const { return m_confirmed.size(); }
    qint64 arrived() const { return m_arrived.size(); }
    qint64 nacked() const { return m_nacked; }
    // What no client and no broker may do, the first of it that was seen; null as long as there is nothing.
    const QString &wrong() const { return m_wrong; }
    QByteArray report() const;

private:
    bool mayPublish() const;
    void publishMore();
    void publishOne(qint64 number);
    qint64 takeEnded(quint64 tag);
    void publishAgain(quint64 first, quint64 last);
    void arrive(const QAmqpDelivery &delivery);
    void complain(const QString &what);

    QAmqpChannel *const m_publisher;
    QAmqpChannel *const m_reader;
    const QString m_queue = uniqueName();
    QTimer m_pace;
    int m_batch = 0;
    qint64 m_last = 0;
    qint64 m_next = 1;
    QHash<quint64, qint64> m_open; // the publishes without an outcome, by their tags
    QList<qint64> m_waiting; // to be published when the channel is open again
    QTimer m_afterNacks;
    QSet<qint64> m_again; // what was published more than once
    NumberSet m_confirmed;
    NumberSet m_arrived;
    qint64 m_indeterminate = 0;
    qint64 m_nacked = 0;
    qint64 m_duplicates = 0;
    QString m_wrong;
};

// Calls a server on another connection again as soon as it has answered. Each call gets its own answer.
class Calls : public QObject
{
public:
    Calls(QAmqpConnection *client, QAmqpConnection *server);

    void start();
    void stop() { m_isStopped = true; }
    bool isDone() const { return m_isStopped && m_client.pendingCalls() == 0; }

    const QString &queue() const { return m_queue; }
    int answered() const { return m_answered; }
    const QString &wrong() const { return m_wrong; }

private:
    const QString m_queue = uniqueName(QStringLiteral("calls"));
    QAmqpRpcClient m_client;
    QAmqpChannel *const m_serving;
    QAmqpRpcServer m_server;
    int m_called = 0;
    int m_answered = 0;
    bool m_isStopped = false;
    QString m_wrong;
};

// Every 100 ms to 400 ms something happens to the connections through a proxy.
class Chaos : public QObject
{
public:
    explicit Chaos(ChaosProxy *proxy);

    void start() { m_timer.start(150ms); }
    void stop();

private:
    void happen();

    ChaosProxy &m_proxy;
    QTimer m_timer;
    QTimer m_relief; // ends what lasts
    std::minstd_rand m_random{std::random_device{}()};
};

// A proxy for the broker of options(), and options that reach it by the proxy and try again soon.
std::unique_ptr<ChaosProxy> proxyOfBroker();
QAmqpConnectionOptions recovering();
QAmqpConnectionOptions through(const ChaosProxy &proxy);

} // namespace BrokerTest

#endif
