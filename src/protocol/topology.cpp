// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/topology.h"

#include "codec/dispatch.h"
#include "values/tableformat.h"
#include "values/wiretext.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr qsizetype MethodIdSize = 4;
constexpr qsizetype MaxOldNames = 32; // of one queue, however often the link is lost

template<typename Method>
static Method decoded(const QByteArray &encoded)
{
    Reader in(QByteArrayView(encoded).sliced(MethodIdSize));
    return decode<Method>(in);
}

// The broker declares its own exchanges.
static bool isPredefined(QByteArrayView exchange)
{
    return exchange.isEmpty() || exchange.startsWith("amq.");
}

static void append(QByteArray &key, QByteArrayView name)
{
    key += char(quint8(name.size()));
    key += name;
}

Topology::Key Topology::keyOf(Kind kind, QByteArrayView name)
{
    Key key(1, char(kind));
    append(key, name);
    return key;
}

// A binding is the same as another one if everything that it was made with is.
Topology::Key Topology::keyOf(const Entity &entity)
{
    Key key = keyOf(entity.kind, entity.name);
    const auto add = [&key](QByteArrayView source, QByteArrayView routingKey,
                            QByteArrayView arguments) {
        append(key, source);
        append(key, routingKey);
        key += arguments;
    };
    if (entity.kind == Kind::QueueBinding) {
        const auto binding = decoded<QueueBind>(entity.encoded);
        add(binding.exchange, binding.routingKey, binding.arguments);
    } else if (entity.kind == Kind::ExchangeBinding) {
        const auto binding = decoded<ExchangeBind>(entity.encoded);
        add(binding.source, binding.routingKey, binding.arguments);
    }
    return key;
}

const Topology::Entity *Topology::lookUp(Kind kind, const QByteArray &name) const
{
    const auto found = m_entities.find(keyOf(kind, name));
    return found == m_entities.end() ? nullptr : &found->second;
}

Topology::Entity *Topology::find(quint64 id)
{
    const auto key = m_keys.find(id);
    return key == m_keys.end() ? nullptr : &m_entities.at(key->second);
}

void Topology::record(Entity entity, TimePoint now)
{
    expire(now);
    const Key key = keyOf(entity);
    if (const auto known = m_entities.find(key); known != m_entities.end()) {
        renew(known->second, std::move(entity));
        if (known->second.kind == Kind::Queue)
            used(known->second, now);
        return;
    }
    entity.id = ++m_lastId;
    m_keys.emplace(entity.id, key);
    if (!entity.source.isEmpty())
        ++m_bindingsFrom[entity.source];
    Entity &recorded = m_entities.emplace(key, std::move(entity)).first->second;
    if (recorded.kind == Kind::Queue)
        used(recorded, now);
}

// The broker accepts another declaration of something that exists only if it is the same; so if it is not, somebody
// has deleted it meanwhile.
void Topology::renew(Entity &known, Entity entity)
{
    known.blame = 0;
    if (known.isNamedByBroker)
        return;
    known.encoded = std::move(entity.encoded);
    known.autoDelete = entity.autoDelete;
    known.diesWithLink = entity.diesWithLink;
    known.isForeign = false;
    known.expires = entity.expires;
}

void Topology::used(const QByteArray &queue, TimePoint now)
{
    if (const auto entity = m_entities.find(keyOf(Kind::Queue, current(queue)));
        entity != m_entities.end())
        used(entity->second, now);
}

void Topology::used(Entity &queue, TimePoint now)
{
    stopExpiring(queue);
    if (queue.expires.count() > 0 && queue.consumers == 0) {
        queue.expiresAt = now + queue.expires;
        m_expiring.emplace(*queue.expiresAt, queue.id);
    }
}

void Topology::stopExpiring(Entity &queue)
{
    if (const auto at = std::exchange(queue.expiresAt, std::nullopt))
        m_expiring.erase({*at, queue.id});
}

// Forgets the queues that the broker has deleted because nobody has used them.
void Topology::expire(TimePoint now)
{
    while (!m_expiring.empty() && m_expiring.begin()->first <= now)
        forget(Key(m_keys.at(m_expiring.begin()->second)));
}

// What was bound goes with a queue or an exchange.
void Topology::forget(const Key &key)
{
    auto node = m_entities.extract(key);
    if (node.empty())
        return;
    Entity &gone = node.mapped();
    m_keys.erase(gone.id);
    if (gone.kind == Kind::Queue) {
        stopExpiring(gone);
        for (const QByteArray &old : gone.oldNames)
            m_aliases.erase(old);
        forgetBindingsOf(Kind::QueueBinding, gone.name);
    } else if (gone.kind == Kind::Exchange) {
        forgetBindingsOf(Kind::ExchangeBinding, gone.name);
    } else {
        bindingGone(gone.source);
    }
}

// Somebody else may have declared the queue, and this connection only bound it.
void Topology::forgetQueue(const QByteArray &name)
{
    forget(keyOf(Kind::Queue, name));
    forgetBindingsOf(Kind::QueueBinding, name);
}

std::vector<quint64> Topology::bindingsOf(const Entity &destination) const
{
    const Key prefix =
            keyOf(destination.kind == Kind::Queue ? Kind::QueueBinding : Kind::ExchangeBinding,
                  destination.name);
    std::vector<quint64> ids;
    for (auto each = m_entities.lower_bound(prefix);
         each != m_entities.end() && each->first.startsWith(prefix); ++each)
        ids.push_back(each->second.id);
    return ids;
}

void Topology::forgetBindingsOf(Kind kind, const QByteArray &destination)
{
    const Key prefix = keyOf(kind, destination);
    for (auto each = m_entities.lower_bound(prefix);
         each != m_entities.end() && each->first.startsWith(prefix);
         each = m_entities.lower_bound(prefix))
        forget(Key(each->first));
}

// The broker deletes an auto-delete exchange with the last binding of which it was the source.
void Topology::bindingGone(const QByteArray &source)
{
    const auto count = m_bindingsFrom.find(source);
    if (count == m_bindingsFrom.end() || --count->second > 0)
        return;
    m_bindingsFrom.erase(count);
    if (const Entity *const exchange = lookUp(Kind::Exchange, source);
        exchange && exchange->autoDelete)
        forgetExchange(source);
}

void Topology::forgetExchange(const QByteArray &name)
{
    std::vector<Key> fromIt;
    for (const auto &[key, entity] : m_entities) {
        if (!entity.source.isNull() && entity.source == name)
            fromIt.push_back(key);
    }
    forget(keyOf(Kind::Exchange, name));
    forgetBindingsOf(Kind::ExchangeBinding, name);
    for (const Key &key : fromIt)
        forget(key);
}

void Topology::acceptedExchange(const QByteArray &encoded, TimePoint now)
{
    ExchangeDeclare method = decoded<ExchangeDeclare>(encoded);
    if (method.passive || isPredefined(method.exchange))
        return;
    method.noWait = false;
    record({.kind = Kind::Exchange,
            .method = ExchangeDeclare::info.id(),
            .encoded = callOf(method).method,
            .name = method.exchange.toByteArray(),
            .autoDelete = method.autoDelete},
           now);
}

void Topology::acceptedQueue(const QByteArray &encoded, const QByteArray &name,
                             const QueueNamePointer &declared, TimePoint now)
{
    QueueDeclare method = decoded<QueueDeclare>(encoded);
    if (method.passive || (method.queue.isEmpty() && name.isEmpty())) // nobody knows that name
        return;
    method.noWait = false;
    const bool isNamedByBroker = method.queue.isEmpty();
    const qint64 expires = decodeTable(method.arguments).value(QStringLiteral("x-expires")).toInt();
    record({.kind = Kind::Queue,
            .method = QueueDeclare::info.id(),
            .encoded = callOf(method).method,
            .name = name.isEmpty() ? method.queue.toByteArray() : name,
            .autoDelete = method.autoDelete,
            .isNamedByBroker = isNamedByBroker,
            .diesWithLink = method.exclusive || method.autoDelete,
            .shared = isNamedByBroker ? declared : QueueNamePointer(),
            .expires = std::chrono::milliseconds(std::max<qint64>(expires, 0))},
           now);
}

template<typename Method>
static Topology::Entity bindingOf(Topology::Kind kind, Method method)
{
    method.noWait = false;
    Topology::Entity entity{
            .kind = kind, .method = Method::info.id(), .encoded = callOf(method).method};
    if constexpr (requires { method.queue; }) {
        entity.name = method.queue.toByteArray();
        entity.source = method.exchange.toByteArray();
    } else {
        entity.name = method.destination.toByteArray();
        entity.source = method.source.toByteArray();
    }
    return entity;
}

template<typename Method>
void Topology::acceptedBinding(Kind kind, const QByteArray &encoded, TimePoint now)
{
    record(bindingOf(kind, decoded<Method>(encoded)), now);
}

template<typename Method>
void Topology::acceptedUnbinding(Kind kind, const QByteArray &encoded)
{
    const Method method = decoded<Method>(encoded);
    if constexpr (requires { method.queue; })
        forget(keyOf(bindingOf(kind,
                               QueueBind{.queue = method.queue,
                                         .exchange = method.exchange,
                                         .routingKey = method.routingKey,
                                         .arguments = method.arguments})));
    else
        forget(keyOf(bindingOf(kind,
                               ExchangeBind{.destination = method.destination,
                                            .source = method.source,
                                            .routingKey = method.routingKey,
                                            .arguments = method.arguments})));
}

void Topology::accepted(quint32 method, const QByteArray &encoded, const QByteArray &queueName,
                        const QueueNamePointer &declared, TimePoint now)
{
    switch (method) {
    case ExchangeDeclare::info.id(): return acceptedExchange(encoded, now);
    case ExchangeDelete::info.id():
        return forgetExchange(decoded<ExchangeDelete>(encoded).exchange.toByteArray());
    case ExchangeBind::info.id():
        return acceptedBinding<ExchangeBind>(Kind::ExchangeBinding, encoded, now);
    case ExchangeUnbind::info.id():
        return acceptedUnbinding<ExchangeUnbind>(Kind::ExchangeBinding, encoded);
    case QueueDeclare::info.id(): return acceptedQueue(encoded, queueName, declared, now);
    case QueueDelete::info.id():
        return forgetQueue(decoded<QueueDelete>(encoded).queue.toByteArray());
    case QueueBind::info.id(): return acceptedBinding<QueueBind>(Kind::QueueBinding, encoded, now);
    case QueueUnbind::info.id(): return acceptedUnbinding<QueueUnbind>(Kind::QueueBinding, encoded);
    default: break;
    }
}

QByteArray Topology::passiveDeclare(const QByteArray &queue)
{
    return callOf(QueueDeclare{.queue = queue, .passive = true}).method;
}

void Topology::seen(const QByteArray &queue)
{
    const Key key = keyOf(Kind::Queue, current(queue));
    if (m_entities.count(key) > 0)
        return;
    Entity entity{.id = ++m_lastId,
                  .kind = Kind::Queue,
                  .method = QueueDeclare::info.id(),
                  .encoded = passiveDeclare(queue),
                  .name = queue,
                  .isForeign = true};
    m_keys.emplace(entity.id, key);
    m_entities.emplace(key, std::move(entity));
}

void Topology::consumerStarted(const QByteArray &queue)
{
    if (const auto entity = m_entities.find(keyOf(Kind::Queue, current(queue)));
        entity != m_entities.end()) {
        ++entity->second.consumers;
        stopExpiring(entity->second);
    }
}

// The broker deletes an auto-delete queue with its last consumer.
void Topology::consumerEnded(const QByteArray &queue, TimePoint now)
{
    const auto entity = m_entities.find(keyOf(Kind::Queue, current(queue)));
    if (entity == m_entities.end() || entity->second.consumers == 0
        || --entity->second.consumers > 0)
        return;
    if (entity->second.isForeign) { // what was bound to it here stays bound
        m_keys.erase(entity->second.id);
        m_entities.erase(entity);
    } else if (entity->second.autoDelete) {
        forget(Key(entity->first));
    } else {
        used(entity->second, now);
    }
}

QByteArray Topology::rename(quint64 queueId, const QByteArray &name)
{
    const auto key = m_keys.find(queueId);
    if (key == m_keys.end())
        return {};
    const QByteArray old = m_entities.at(key->second).name;
    if (old == name)
        return old;
    std::vector<Entity> bindings;
    for (const quint64 id : bindingsOf(m_entities.at(key->second)))
        bindings.push_back(m_entities.extract(m_keys.at(id)).mapped());
    auto node = m_entities.extract(key->second);
    Entity &queue = node.mapped();
    queue.name = name;
    queue.oldNames.append(old);
    if (queue.oldNames.size()
        > MaxOldNames) // the first name is what an application most likely keeps
        m_aliases.erase(queue.oldNames.takeAt(1));
    for (const QByteArray &each : std::as_const(queue.oldNames))
        m_aliases[each] = name;
    if (queue.shared)
        queue.shared->name = name;
    node.key() = key->second = keyOf(queue);
    m_entities.insert(std::move(node));
    for (Entity &binding : bindings) {
        binding.name = name;
        QueueBind method = decoded<QueueBind>(binding.encoded);
        method.queue = name;
        binding.encoded = callOf(method).method;
        const Key renewed = keyOf(binding);
        m_keys[binding.id] = renewed;
        m_entities.insert_or_assign(renewed, std::move(binding));
    }
    return old;
}

std::vector<quint64> Topology::all(TimePoint now)
{
    expire(now);
    std::vector<std::pair<Kind, quint64>> order;
    for (const auto &[key, entity] : m_entities) {
        if (!entity.isForeign)
            order.emplace_back(entity.kind, entity.id);
    }
    std::sort(order.begin(), order.end());
    std::vector<quint64> ids;
    ids.reserve(order.size());
    for (const auto &[kind, id] : order)
        ids.push_back(id);
    return ids;
}

QByteArray Topology::currentOf(const QByteArray &queue) const
{
    const auto alias = m_aliases.find(queue);
    return alias == m_aliases.end() ? queue : alias->second;
}

constexpr qsizetype QueueNameAt = MethodIdSize + 2; // behind reserved-1

QByteArray Topology::queueNamed(quint32 method, const QByteArray &encoded)
{
    switch (method) {
    case QueueDeclare::info.id():
    case QueueBind::info.id():
    case QueueUnbind::info.id():
    case QueuePurge::info.id():
    case QueueDelete::info.id():
    case BasicConsume::info.id():
    case BasicGet::info.id(): return encoded.mid(QueueNameAt + 1, quint8(encoded[QueueNameAt]));
    default: return {};
    }
}

void Topology::translateName(quint32 method, QByteArray &encoded) const
{
    const QByteArray name = queueNamed(method, encoded);
    if (const auto alias = m_aliases.find(name); !name.isEmpty() && alias != m_aliases.end())
        encoded.replace(QueueNameAt, 1 + name.size(), char(alias->second.size()) + alias->second);
}

QAmqpRecoveryStep Topology::describe(const Entity &entity) const
{
    using Step = QAmqpRecoveryStep;
    Step step;
    step.setName(textFromWire(entity.name)).setAutoDelete(entity.autoDelete);
    switch (entity.kind) {
    case Kind::Exchange: {
        const auto method = decoded<ExchangeDeclare>(entity.encoded);
        return step.setEntity(Step::Entity::Exchange)
                .setDurable(method.durable)
                .setArguments(decodeTable(method.arguments));
    }
    case Kind::Queue: {
        const auto method = decoded<QueueDeclare>(entity.encoded);
        return step.setEntity(Step::Entity::Queue)
                .setDurable(method.durable)
                .setExclusive(method.exclusive)
                .setArguments(decodeTable(method.arguments));
    }
    case Kind::ExchangeBinding: {
        const auto method = decoded<ExchangeBind>(entity.encoded);
        return step.setEntity(Step::Entity::ExchangeBinding)
                .setSource(textFromWire(entity.source))
                .setRoutingKey(textFromWire(method.routingKey.toByteArray()))
                .setArguments(decodeTable(method.arguments));
    }
    case Kind::QueueBinding: {
        const auto method = decoded<QueueBind>(entity.encoded);
        return step.setEntity(Step::Entity::QueueBinding)
                .setSource(textFromWire(entity.source))
                .setRoutingKey(textFromWire(method.routingKey.toByteArray()))
                .setArguments(decodeTable(method.arguments));
    }
    }
    return step;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
