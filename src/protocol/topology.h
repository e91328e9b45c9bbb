// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_TOPOLOGY_H
#define QTAMQP_PROTOCOL_TOPOLOGY_H

// The exchanges, queues and bindings that were declared on a connection and still exist, as far as it can know.
// They belong to the connection, whichever channel declared them. What the broker has accepted is recorded, and
// what it has deleted is forgotten, together with what goes with it. The loss of a link forgets nothing: Replay
// declares everything again.
//
// The name of a queue that the broker made up changes then. The old names stay valid for the application: they are
// translated in whatever names a queue.

#include "codec/timepoint.h"
#include "protocol/channelcalls.h"

#include <QtAmqp/qamqprecoveryreport.h>

#include <map>
#include <optional>
#include <set>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Topology
{
public:
    enum class Kind : quint8 {
        Exchange,
        ExchangeBinding,
        Queue,
        QueueBinding
    }; // in the order of declaring

    struct Entity
    {
        quint64 id = 0; // in the order of recording
        Kind kind = Kind::Exchange;
        quint32 method = 0;
        QByteArray encoded = {}; // the method that declares it, which asks for an answer
        QByteArray name = {}; // of a binding the destination's
        QByteArray source = {}; // of a binding
        bool autoDelete = false;
        bool isNamedByBroker = false;
        bool diesWithLink = false; // or soon after it
        bool isForeign =
                false; // somebody else has declared it, and it is only looked whether it is there
        QueueNamePointer shared = {}; // what the handles of such a queue have
        QList<QByteArray> oldNames = {};
        int consumers = 0; // of this connection
        std::chrono::milliseconds expires{0}; // when unused for so long
        std::optional<TimePoint> expiresAt = {}; // unless it is used before
        int blame = 0; // how many links it has cost
    };

    // The broker has accepted a request, or one without an answer was sent.
    void accepted(quint32 method, const QByteArray &encoded, const QByteArray &queueName,
                  const QueueNamePointer &declared, TimePoint now);
    // A consumer uses a queue that somebody else may have declared.
    void seen(const QByteArray &queue);
    void consumerStarted(const QByteArray &queue);
    void consumerEnded(const QByteArray &queue, TimePoint now);
    // The queue was declared again or read, which puts its expiry off.
    void used(const QByteArray &queue, TimePoint now);
    bool mayExpire() const { return !m_expiring.empty(); }
    // The queue has another name. Returns the old one.
    QByteArray rename(quint64 queueId, const QByteArray &name);

    // All entities in the order in which they are to be declared; those that have expired are forgotten.
    std::vector<quint64> all(TimePoint now);
    Entity *find(quint64 id);
    const Entity *queue(const QByteArray &name) const { return lookUp(Kind::Queue, current(name)); }
    const Entity *exchange(const QByteArray &name) const { return lookUp(Kind::Exchange, name); }
    // The bindings whose destination this is.
    std::vector<quint64> bindingsOf(const Entity &destination) const;
    QAmqpRecoveryStep describe(const Entity &entity) const;

    // The present name of a queue that had this one.
    QByteArray current(const QByteArray &queue) const
    {
        return m_aliases.empty() ? queue : currentOf(queue);
    }
    // Puts the present name into an encoded method that names a queue.
    void translate(quint32 method, QByteArray &encoded) const
    {
        if (!m_aliases.empty())
            translateName(method, encoded);
    }
    // An encoded method that only looks whether the queue is there.
    static QByteArray passiveDeclare(const QByteArray &queue);
    // The queue that an encoded method names, or empty if it names none.
    static QByteArray queueNamed(quint32 method, const QByteArray &encoded);
    size_t size() const { return m_entities.size(); }
    size_t aliases() const { return m_aliases.size(); }

private:
    using Key = QByteArray;
    static Key keyOf(const Entity &entity);
    static Key keyOf(Kind kind, QByteArrayView name);
    const Entity *lookUp(Kind kind, const QByteArray &name) const;
    void record(Entity entity, TimePoint now);
    void forget(const Key &key);
    void forgetExchange(const QByteArray &name);
    void forgetQueue(const QByteArray &name);
    void forgetBindingsOf(Kind kind, const QByteArray &destination);
    void bindingGone(const QByteArray &source);
    void expire(TimePoint now);
    void used(Entity &queue, TimePoint now);
    void stopExpiring(Entity &queue);
    void renew(Entity &known, Entity entity);
    QByteArray currentOf(const QByteArray &queue) const;
    void translateName(quint32 method, QByteArray &encoded) const;
    template<typename Method>
    void acceptedBinding(Kind kind, const QByteArray &encoded, TimePoint now);
    template<typename Method>
    void acceptedUnbinding(Kind kind, const QByteArray &encoded);
    void acceptedExchange(const QByteArray &encoded, TimePoint now);
    void acceptedQueue(const QByteArray &encoded, const QByteArray &name,
                       const QueueNamePointer &declared, TimePoint now);

    std::map<Key, Entity> m_entities;
    std::map<quint64, Key> m_keys; // by id
    std::map<QByteArray, int> m_bindingsFrom; // how many bindings each exchange is the source of
    std::map<QByteArray, QByteArray> m_aliases; // the present names of queues by their old ones
    std::set<std::pair<TimePoint, quint64>> m_expiring; // queues that nobody uses
    quint64 m_lastId = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
