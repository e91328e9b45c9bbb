// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_VIRTUALHOST_H
#define QTAMQP_TESTBROKER_VIRTUALHOST_H

// The exchanges, queues and bindings of a virtual host, and the way of a message through them.

#include "testbroker/exchange.h"
#include "testbroker/queue.h"

#include <map>
#include <memory>
#include <set>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

class BrokerCore;

class VirtualHost;

// A message that a queue has given up, to be published anew.
struct DeadLetter
{
    VirtualHost *host = nullptr;
    QByteArray exchange;
    QByteArrayList keys;
    QAmqpMessage message;
};

class VirtualHost
{
public:
    template<typename T>
    using ByName = std::map<QByteArray, T, std::less<>>;
    using Routes = std::vector<QueuePointer>;

    VirtualHost(BrokerCore &core, QByteArray name);

    const QByteArray &name() const { return m_name; }
    BrokerCore &core() const { return m_core; }
    // "queue 'q' in vhost '/'", as RabbitMQ says it
    QByteArray describe(const char *kind, QByteArrayView name) const;
    Refusal missing(const char *kind, QByteArrayView name) const;

    Exchange *exchange(QByteArrayView name);
    const ByName<std::unique_ptr<Exchange>> &exchanges() const { return m_exchanges; }
    Refusal declareExchange(QByteArrayView name, ExchangeSettings settings);
    Refusal deleteExchange(QByteArrayView name, bool ifUnused);

    QueuePointer queue(QByteArrayView name) const;
    const ByName<QueuePointer> &queues() const { return m_queues; }
    // `owner` is the connection, to which the queue belongs if it is exclusive.
    Refusal declareQueue(QByteArrayView name, QueueSettings settings, quint64 owner);
    void removeQueue(Queue &queue, Queue::Removal why = Queue::Removal::Deleted);
    void removeExclusive(quint64 owner);
    Refusal lockedQueue(QByteArrayView name) const;

    // To the queue or exchange that `binding` names, which must exist.
    Refusal bind(QByteArrayView source, Binding binding);
    void unbind(QByteArrayView source, const Binding &binding);

    // The queues that a message goes to, each once. What changes their result counts changes().
    Routes route(Exchange &exchange, QByteArrayView key, const QAmqpMessage &message);
    Routes routeAll(Exchange &exchange, const QByteArrayList &keys, const QAmqpMessage &message);
    quint64 changes() const { return m_changes; }

    void deadLetter(const Queue &queue, const Message &message, const char *reason);
    void publishDead(const DeadLetter &letter);

    // As a broker that is started again: what is not durable is gone.
    void restart();

private:
    using Destination = std::pair<bool, QByteArray>; // whether it is an exchange, and its name

    // Returns the exchanges that go with their last binding.
    QByteArrayList removeBindingsTo(bool toExchange, const QByteArray &destination);
    void removeExchange(QByteArrayView name);
    void forgetSource(const Destination &destination, const QByteArray &source);
    Refusal checkRoom(size_t count, const char *what) const;

    BrokerCore &m_core;
    const QByteArray m_name;
    ByName<std::unique_ptr<Exchange>> m_exchanges;
    ByName<QueuePointer> m_queues;
    std::map<Destination, std::set<QByteArray>> m_sources; // the exchanges with bindings to it
    std::set<std::pair<quint64, QByteArray>> m_exclusive; // queues by their owner
    quint64 m_changes = 0;
    quint64 m_routings = 0;
    size_t m_bindings = 0;
};

// The message with the headers of one that died: x-death and what belongs to it (deadletters.cpp). There is none
// if it has died in too many queues: on a long way its headers would take ever more time.
std::optional<QAmqpMessage> withDeath(const Message &message, const Queue &queue,
                                      const char *reason, const QByteArrayList &keys,
                                      quint64 secondsSinceEpoch);
// The queues in which a message that died has been without having been rejected since. It does not come there again.
QByteArrayList queuesOfCycle(const QAmqpMessage &message);
// The further routing keys that a message carries in a header.
QByteArrayList carbonCopies(const QAmqpMessage &message, const char *header);
// All of them. "Blind" copies do not say to whom else they went.
QByteArrayList routingKeys(const QByteArray &key, const QAmqpMessage &message);
void removeBlindCopies(QAmqpMessage &message);
// What is refused in a message whoever publishes it (channelpublish.cpp).
Refusal checkProperties(const QAmqpMessage &message);

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
