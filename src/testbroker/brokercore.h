// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_BROKERCORE_H
#define QTAMQP_TESTBROKER_BROKERCORE_H

// A broker without a socket, a loop or a clock: bytes and time come in as arguments; bytes and the next deadline
// go out. It knows the codec, and nothing of the client's protocol layer.
//
//   happened   accept() · Connection::received() · Connection::lost() · timeout()         world -> broker
//   to do      takeReady(): the connections that have output, or are to be closed
//              (Connection::takeOutput(), Connection::end()) · nextTimeout()              broker -> world
//   on request publish(), take(), block() and so on: what a test asks for
//
// After anything happened, ask for both.

#include "testbroker/brokersettings.h"
#include "testbroker/faults.h"
#include "testbroker/virtualhost.h"

#include <functional>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class Connection;

// Is shown each method that a client sends, before it is done. Returning false leaves it undone.
using Observer =
        std::function<bool(Connection &, quint16 channel, quint32 method, QByteArrayView fields)>;

// Who is at the other end.
struct PeerInfo
{
    QByteArray address = "127.0.0.1";
    QByteArray certificateName =
            {}; // of a client's certificate that was verified; empty if there was none
    bool isTls = false;
};

// What clients did, since the broker was made.
struct Counters
{
    quint64 connections = 0; // that were opened
    quint64 channels = 0;
    quint64 published = 0;
    quint64 confirmed = 0;
    quint64 returned = 0;
    quint64 delivered = 0; // deliveries and answers of basic.get
    quint64 redelivered = 0;
    quint64 acknowledged = 0;
    quint64 rejected = 0; // and nacked
    quint64 deadLettered = 0;
    quint64 heartbeats = 0; // that clients sent
};

// Hears of things as they happen. It is called while the broker is at work, so that it must ask nothing of it.
class Watcher
{
public:
    virtual ~Watcher() = default;

    virtual void opened(const Connection &connection) = 0;
    virtual void closed(const Connection &connection) = 0; // of those that were open
    virtual void published(const VirtualHost &host, const EnvelopePointer &envelope,
                           const QAmqpMessage &message) = 0; // by a client
};

class BrokerCore
{
public:
    // `seed` decides on everything that is left to chance.
    explicit BrokerCore(BrokerSettings settings = {}, TimePoint now = {},
                        quint64 secondsSinceEpoch = 1'700'000'000, quint32 seed = 1);
    ~BrokerCore();
    Q_DISABLE_COPY_MOVE(BrokerCore)

    // happened
    // Returns null if there are too many. The connection is there until it is forgotten.
    Connection *accept(const PeerInfo &peer, TimePoint now);
    void forget(Connection *connection); // after lost()
    void timeout(TimePoint now);

    // to do
    std::vector<Connection *> takeReady();
    std::optional<TimePoint> nextTimeout() const;

    // on request
    BrokerSettings &settings() { return m_settings; }
    void addVirtualHost(const QByteArray &name);
    VirtualHost *virtualHost(QByteArrayView name) const;
    const std::vector<std::unique_ptr<Connection>> &connections() const { return m_connections; }
    const Counters &counters() const { return m_counters; }
    void setWatcher(Watcher *watcher) { m_watcher = watcher; } // or null
    void setSeed(quint32 seed) { m_random = seed; }
    // An alarm: connections that publish are told, and not read.
    void block(const QByteArray &reason, TimePoint now);
    void unblock(TimePoint now);
    bool isBlocked() const { return m_isBlocked; }
    const QByteArray &blockedReason() const { return m_blockedReason; }
    // Returns false if there is no such exchange, no queue that takes it, or something in it that is refused.
    bool publish(const QByteArray &host, const QByteArray &exchange, const QByteArray &key,
                 QAmqpMessage message, TimePoint now);
    std::optional<Message> take(const QByteArray &host, const QByteArray &queue, TimePoint now);
    // As when a queue moves to another node. Returns how many there were.
    qsizetype cancelConsumers(const QByteArray &host, const QByteArray &queue, TimePoint now);
    // Closes all connections, as one that is stopped does or as one that is killed, and keeps what is durable.
    enum class Stop { Orderly, Killed };
    void restart(Stop how, TimePoint now);
    // On the connections that are there, and those that come.
    void addFault(const QAmqpTestFault &fault, TimePoint now);
    void clearFaults(TimePoint now);

    // Is called with a line for each method that a client sent or gets, and for each content. Secrets are masked, and
    // nothing in a line is a control character.
    using Trace = std::function<void(const QString &line)>;
    void setTrace(Trace trace) { m_trace = std::move(trace); }

    void setObserver(Observer observer) { m_observer = std::move(observer); }

    // called by its parts
    const Trace &trace() const { return m_trace; }
    const Observer &observer() const { return m_observer; }
    TimePoint now() const { return m_now; }
    void setNow(TimePoint now) { m_now = now; }
    quint64 nextId() { return ++m_lastId; }
    quint64 secondsSinceEpoch() const;
    quint64 random();
    QByteArray makeName(const char *prefix); // a name that nobody uses
    Counters &count() { return m_counters; }
    Watcher *watcher() const { return m_watcher; }
    void ready(Connection &connection);
    // What is done once all that had arrived is: a queue gives out messages, a channel says what it has put off, and
    // what queues gave up is published.
    void changed(Queue &queue);
    void putOff(Channel &channel) { m_late.push_back(&channel); }
    void publishLater(DeadLetter letter);
    void settleDown(TimePoint now);
    void settleChannels(); // writes answers that were put off, before something else happens
    void putOff(LinkFaults &faults) { m_faulty.push_back(&faults); }
    void forgetFaults(LinkFaults *faults) { std::erase(m_faulty, faults); }
    void forgetChannel(Channel *channel);
    // Hands a message that is published to the address of a consumer of direct reply-to to it; false if it is not.
    bool publishReply(const EnvelopePointer &envelope, const QAmqpMessage &message);
    // The consumer of direct reply-to that this is the address of.
    std::map<QByteArray, Consumer *, std::less<>> &replyConsumers() { return m_replyConsumers; }
    void removeExclusive(quint64 owner);
    void queueTimes(Queue &queue); // its next deadline may be another one

private:
    void addFault(Connection &connection, const FaultPointer &fault);

    BrokerSettings m_settings;
    TimePoint m_now;
    const TimePoint m_start;
    const quint64 m_startSeconds;
    quint64 m_random;
    quint64 m_lastId = 0;
    Counters m_counters;
    Watcher *m_watcher = nullptr;
    std::map<QByteArray, std::unique_ptr<VirtualHost>, std::less<>> m_hosts;
    std::vector<std::unique_ptr<Connection>> m_connections;
    std::vector<Connection *> m_ready;
    std::vector<QueuePointer> m_changed;
    std::vector<Channel *> m_late;
    std::deque<DeadLetter> m_dead;
    std::map<std::pair<TimePoint, quint64>, QueuePointer> m_timed; // queues with a deadline
    std::map<QByteArray, Consumer *, std::less<>> m_replyConsumers;
    Observer m_observer;
    bool m_isBlocked = false;
    QByteArray m_blockedReason;
    std::vector<FaultPointer> m_faults; // that may still happen on connections to come
    std::vector<LinkFaults *> m_faulty; // on which something is to happen now
    Trace m_trace;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
