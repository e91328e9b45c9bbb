// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_QUEUE_H
#define QTAMQP_TESTBROKER_QUEUE_H

// A queue or a stream: messages that wait, and consumers that want them.
//
// Messages are handed out by dispatch(), which the broker calls for each queue in which something has changed
// once all that has arrived is done. A stream keeps its messages; each of its consumers has a place of its own.

#include "testbroker/message.h"
#include "testbroker/queuesettings.h"

#include <deque>
#include <map>
#include <memory>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class BrokerCore;
class Channel;
class Queue;
class VirtualHost;

using QueuePointer = std::shared_ptr<Queue>;

// A subscription; it belongs to its channel.
struct Consumer : std::enable_shared_from_this<Consumer>
{
    Channel *channel = nullptr;
    QByteArray tag;
    QueuePointer queue; // null: direct reply-to
    bool noAck = false;
    bool exclusive = false;
    bool isStarting = false; // its beginning is still to be answered
    bool isCancelled = false; // its cancellation is still to be answered
    qint64 priority = 0;
    quint32 prefetch = 0; // 0: without limit
    quint32 unacknowledged = 0;
    quint64 streamPosition = 0; // of the next message, in a stream
    QAmqpTable arguments = {};
};

class Queue : public std::enable_shared_from_this<Queue>
{
public:
    enum class Removal { Deleted, Expired, HostGone };

    Queue(VirtualHost &host, QByteArray name, QueueSettings settings, quint64 owner, TimePoint now);

    const QByteArray &name() const { return m_name; }
    const QueueSettings &settings() const { return m_settings; }
    bool isStream() const { return m_settings.type == QueueType::Stream; }
    quint64 owner() const { return m_owner; } // the connection it is exclusive to, or 0
    VirtualHost *host() const { return m_host; } // null once it is deleted

    // For a message that is on its way through exchanges: false if it was here in this round already.
    bool reach(quint64 round) { return std::exchange(m_round, round) != round; }

    quint64 readyCount() const { return m_readyCount; }
    quint64 readyBytes() const { return m_readyBytes; }
    quint64 unacknowledgedCount() const { return m_unacknowledged; }
    const std::vector<Consumer *> &consumers() const { return m_consumers; }
    bool hasExclusiveConsumer() const { return m_exclusiveConsumers > 0; }
    const Consumer *activeConsumer() const; // of a queue with a single active one

    // A full queue may refuse a message. One that does not answer is as if the nodes that have it were away.
    // Of several queues the last of these counts.
    enum class Outcome : quint8 { Taken, Open, Refused };
    Outcome publish(Message message, TimePoint now);
    void setAnswering(bool answering) { m_isAnswering = answering; }
    // For basic.get; `isHeld` says whether it is to be acknowledged.
    std::optional<Message> take(TimePoint now, bool isHeld);
    quint64 purge();
    // What was handed out to be acknowledged: is settled, comes back, or is discarded.
    void acknowledged() { --m_unacknowledged; }
    void requeue(Message message);
    void reject(const Message &message);

    void addConsumer(Consumer *consumer, TimePoint now);
    // Where a consumer of a stream begins, by its arguments.
    Refusal placeInStream(Consumer *consumer) const;
    void removeConsumer(Consumer *consumer, TimePoint now);

    void dispatch(TimePoint now);
    void used(TimePoint now); // it expires if this is not called for long enough

    std::optional<TimePoint> nextTimeout() const;
    bool isExpired(TimePoint now) const;

    // The broker is started again, without consumers: what is not persistent is gone, the rest comes once more.
    void forgetTransient();
    // Ends it: consumers are told, what waits is gone.
    void remove(Removal why);

private:
    using Ready = std::deque<Message>;

    Ready *firstReady();
    Message takeFirst(Ready &ready);
    void append(Message message);
    void dropExpired(TimePoint now, bool atOnce);
    void dropOverflow();
    bool isFull(const Message &message) const;
    bool isAbove() const;
    Consumer *nextConsumer();
    void handOut(Consumer &consumer, Message message);
    void dispatchStream();
    void trimStream();
    void discard(const Message &message, const char *reason);
    void countDeliveries(Message &message) const;

    VirtualHost *m_host;
    const QByteArray m_name;
    const QueueSettings m_settings;
    const quint64 m_owner;
    std::map<size_t, Ready> m_ready; // by priority, as far as there were messages of it
    quint64 m_readyCount = 0;
    quint64 m_readyBytes = 0;
    quint64 m_unacknowledged = 0;
    quint64 m_nextPosition = 0;
    quint64 m_round = 0;
    int m_exclusiveConsumers = 0;
    std::vector<Consumer *> m_consumers; // of higher priority first, then whose turn it is
    TimePoint m_lastUsed;
    const quint64 m_id;
    std::optional<TimePoint> m_timeout; // as the broker knows it
    bool m_isAnswering = true;
    bool m_isChanged = false; // dispatch() will be called

    friend class BrokerCore;
};

// Adds a header as RabbitMQ does, which leaves them sorted by their names.
void addHeader(QAmqpMessage &message, const QString &name, const QAmqpValue &value);
void removeHeader(QAmqpMessage &message, const QString &name);

// The bytes that count for the limits of a queue.
quint64 bodySize(const Message &message);

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
