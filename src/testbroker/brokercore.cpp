// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/brokercore.h"

#include "testbroker/connection.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

BrokerCore::BrokerCore(BrokerSettings settings, TimePoint now, quint64 secondsSinceEpoch,
                       quint32 seed)
    : m_settings(std::move(settings))
    , m_now(now)
    , m_start(now)
    , m_startSeconds(secondsSinceEpoch)
    , m_random(seed)
{
    for (const QByteArray &name : std::as_const(m_settings.virtualHosts))
        m_hosts[name] = std::make_unique<VirtualHost>(*this, name);
}

BrokerCore::~BrokerCore()
{
    for (const auto &connection : m_connections)
        connection->lost(m_now);
    m_connections.clear(); // their ends still ask for what is listed here
}

Connection *BrokerCore::accept(const PeerInfo &peer, TimePoint now)
{
    m_now = now;
    if (qsizetype(m_connections.size()) >= m_settings.maxConnections)
        return nullptr;
    ++m_counters.connections;
    m_connections.push_back(std::make_unique<Connection>(*this, peer, nextId(), now));
    Connection *const added = m_connections.back().get();
    added->m_number = m_counters.connections;
    if (!m_faults.empty()) {
        std::erase_if(m_faults, [](const FaultPointer &fault) { return fault->isSpent(); });
        for (const FaultPointer &fault : std::as_const(m_faults))
            addFault(*added, fault);
        settleDown(now);
    }
    return added;
}

void BrokerCore::addFault(Connection &connection, const FaultPointer &fault)
{
    const int number = fault->fault.connection();
    if (number == 0 || quint64(number) == connection.m_number)
        connection.addFault(fault);
}

void BrokerCore::addFault(const QAmqpTestFault &fault, TimePoint now)
{
    m_now = now;
    m_faults.push_back(std::make_shared<RequestedFault>(fault));
    const FaultPointer added = m_faults.back();
    for (const auto &connection : m_connections)
        addFault(*connection, added);
    settleDown(now);
}

void BrokerCore::clearFaults(TimePoint now)
{
    m_now = now;
    const auto blocks = [](const FaultPointer &fault) {
        return fault->fault.kind() == QAmqpTestFault::Kind::Block;
    };
    if (std::any_of(m_faults.begin(), m_faults.end(), blocks))
        unblock(now);
    m_faults.clear();
    for (const auto &connection : m_connections)
        connection->clearFaults();
    settleDown(now);
}

void BrokerCore::forget(Connection *connection)
{
    std::erase(m_ready, connection);
    std::erase_if(m_connections, [&](const auto &other) { return other.get() == connection; });
}

void BrokerCore::timeout(TimePoint now)
{
    m_now = now;
    while (!m_timed.empty() && m_timed.begin()->first.first <= now) {
        const QueuePointer queue = m_timed.begin()->second;
        m_timed.erase(m_timed.begin());
        queue->m_timeout.reset();
        if (VirtualHost *host = queue->host(); host && queue->isExpired(now))
            host->removeQueue(*queue, Queue::Removal::Expired);
        else
            changed(*queue);
    }
    for (size_t i = 0; i < m_connections.size(); ++i)
        m_connections[i]->timeout(now);
    settleDown(now);
}

std::vector<Connection *> BrokerCore::takeReady()
{
    for (Connection *connection : m_ready)
        connection->m_isReady = false;
    return std::exchange(m_ready, {});
}

std::optional<TimePoint> BrokerCore::nextTimeout() const
{
    std::optional<TimePoint> next;
    if (!m_dead.empty())
        next = m_now; // the rest of them
    else if (!m_timed.empty())
        next = m_timed.begin()->first.first;
    for (const auto &connection : m_connections)
        next = earlier(next, connection->nextTimeout());
    return next;
}

void BrokerCore::addVirtualHost(const QByteArray &name)
{
    auto &host = m_hosts[name];
    if (!host)
        host = std::make_unique<VirtualHost>(*this, name);
}

VirtualHost *BrokerCore::virtualHost(QByteArrayView name) const
{
    const auto it = m_hosts.find(name);
    return it == m_hosts.end() ? nullptr : it->second.get();
}

void BrokerCore::block(const QByteArray &reason, TimePoint now)
{
    m_now = now;
    m_blockedReason = reason;
    m_isBlocked = true;
}

void BrokerCore::unblock(TimePoint now)
{
    m_now = now;
    m_isBlocked = false;
    for (size_t i = 0; i < m_connections.size(); ++i)
        m_connections[i]->unblocked(now);
    settleDown(now);
}

bool BrokerCore::publish(const QByteArray &host, const QByteArray &exchange, const QByteArray &key,
                         QAmqpMessage message, TimePoint now)
{
    m_now = now;
    VirtualHost *const in = virtualHost(host);
    Exchange *const to = in ? in->exchange(exchange) : nullptr;
    if (!to || checkProperties(message))
        return false;
    auto *envelope = new Envelope;
    envelope->exchange = exchange;
    envelope->routingKey = key;
    const EnvelopePointer shared(envelope);
    bool isTaken = publishReply(shared, message);
    if (!isTaken) {
        const VirtualHost::Routes routes = in->routeAll(*to, routingKeys(key, message), message);
        removeBlindCopies(message);
        for (const QueuePointer &queue : routes)
            isTaken = queue->publish({shared, message}, now) != Queue::Outcome::Refused || isTaken;
    }
    settleDown(now);
    return isTaken;
}

bool BrokerCore::publishReply(const EnvelopePointer &envelope, const QAmqpMessage &message)
{
    if (!envelope->exchange.isEmpty() || !envelope->routingKey.startsWith(ReplyTo))
        return false;
    const auto consumer = m_replyConsumers.find(envelope->routingKey);
    if (consumer == m_replyConsumers.end())
        return false;
    Channel &to = *consumer->second->channel;
    if (!to.connection().isFull()) // there is no queue for what this client does not read
        to.deliver(*consumer->second, {envelope, message});
    return true;
}

std::optional<Message> BrokerCore::take(const QByteArray &host, const QByteArray &queue,
                                        TimePoint now)
{
    m_now = now;
    VirtualHost *const in = virtualHost(host);
    const QueuePointer from = in ? in->queue(queue) : nullptr;
    if (!from)
        return {};
    auto message = from->take(now, false);
    settleDown(now);
    return message;
}

qsizetype BrokerCore::cancelConsumers(const QByteArray &host, const QByteArray &queue,
                                      TimePoint now)
{
    m_now = now;
    VirtualHost *const in = virtualHost(host);
    const QueuePointer from = in ? in->queue(queue) : nullptr;
    if (!from)
        return 0;
    const std::vector<Consumer *> consumers = from->consumers();
    for (Consumer *consumer : consumers)
        consumer->channel->queueGone(consumer);
    settleDown(now);
    return qsizetype(consumers.size());
}

void BrokerCore::restart(Stop how, TimePoint now)
{
    m_now = now;
    for (const auto &connection : m_connections) {
        if (how == Stop::Orderly)
            connection->close(refuse(ReplyCode::ConnectionForced,
                                     "broker forced connection closure with reason 'shutdown'"));
        else
            connection->closeLink(Connection::End::Reset);
    }
    for (const auto &[name, host] : m_hosts)
        host->restart();
    unblock(now); // an alarm is not remembered
}

quint64 BrokerCore::secondsSinceEpoch() const
{
    return m_startSeconds
            + quint64(std::chrono::duration_cast<std::chrono::seconds>(m_now - m_start).count());
}

// SplitMix64: the same numbers for the same seed, everywhere.
quint64 BrokerCore::random()
{
    m_random += 0x9e3779b97f4a7c15;
    quint64 z = m_random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

QByteArray BrokerCore::makeName(const char *prefix)
{
    const quint64 numbers[] = {random(), random()};
    return prefix
            + QByteArray(reinterpret_cast<const char *>(numbers), sizeof numbers)
                      .toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
}

void BrokerCore::changed(Queue &queue)
{
    if (std::exchange(queue.m_isChanged, true))
        return;
    m_changed.push_back(queue.shared_from_this());
}

void BrokerCore::ready(Connection &connection)
{
    if (!std::exchange(connection.m_isReady, true))
        m_ready.push_back(&connection);
}

void BrokerCore::queueTimes(Queue &queue)
{
    const auto next = queue.nextTimeout();
    if (next == queue.m_timeout)
        return;
    if (queue.m_timeout)
        m_timed.erase({*queue.m_timeout, queue.m_id});
    if (next)
        m_timed[{*next, queue.m_id}] = queue.shared_from_this();
    queue.m_timeout = next;
}

// Queues that hand messages on to each other through an exchange can multiply them without end, each on another
// way. So a part of them is done at a time, and there is a limit beyond which they are lost.
static constexpr int MostDeadLetters = 1000;
static constexpr size_t MostWaitingDeadLetters = 100'000;

void BrokerCore::publishLater(DeadLetter letter)
{
    if (m_dead.size() < MostWaitingDeadLetters)
        m_dead.push_back(std::move(letter));
}

// Answers that come late go out first, so that consumers are known before they get messages. What queues give
// up is published by them, which may make further queues give up something.
void BrokerCore::settleDown(TimePoint now)
{
    m_now = now;
    int deadLetters = 0;
    while (!m_late.empty() || !m_changed.empty() || !m_faulty.empty()
           || (!m_dead.empty() && deadLetters < MostDeadLetters)) {
        settleChannels();
        for (const QueuePointer &queue : std::exchange(m_changed, {})) {
            queue->m_isChanged = false;
            queue->dispatch(now);
        }
        for (size_t left = m_dead.size(); left > 0 && deadLetters < MostDeadLetters; --left) {
            const DeadLetter letter = std::move(m_dead.front());
            m_dead.pop_front();
            ++deadLetters;
            letter.host->publishDead(letter);
        }
        for (LinkFaults *faults : std::exchange(m_faulty, {}))
            faults->happen();
    }
}

void BrokerCore::settleChannels()
{
    for (Channel *channel : std::exchange(m_late, {}))
        channel->settleDown();
}

void BrokerCore::forgetChannel(Channel *channel) { std::erase(m_late, channel); }

void BrokerCore::removeExclusive(quint64 owner)
{
    for (const auto &[name, host] : m_hosts)
        host->removeExclusive(owner);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
