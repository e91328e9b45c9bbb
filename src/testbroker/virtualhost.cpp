// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/virtualhost.h"

#include "testbroker/brokercore.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

VirtualHost::VirtualHost(BrokerCore &core, QByteArray name) : m_core(core), m_name(std::move(name))
{
    const auto add = [this](const QByteArray &exchangeName, ExchangeType type) {
        m_exchanges[exchangeName] = std::make_unique<Exchange>(
                exchangeName, ExchangeSettings{.type = type, .durable = true});
    };
    add("", ExchangeType::Direct);
    add("amq.direct", ExchangeType::Direct);
    add("amq.fanout", ExchangeType::Fanout);
    add("amq.topic", ExchangeType::Topic);
    add("amq.headers", ExchangeType::Headers);
    add("amq.match", ExchangeType::Headers);
    m_exchanges["amq.rabbitmq.trace"] = std::make_unique<Exchange>(
            "amq.rabbitmq.trace",
            ExchangeSettings{.type = ExchangeType::Topic, .durable = true, .internal = true});
}

QByteArray VirtualHost::describe(const char *kind, QByteArrayView name) const
{
    return QByteArray(kind) + " '" + name.toByteArray() + "' in vhost '" + m_name + '\'';
}

Refusal VirtualHost::missing(const char *kind, QByteArrayView name) const
{
    return refuse(ReplyCode::NotFound, "no " + describe(kind, name));
}

Refusal VirtualHost::checkRoom(size_t count, const char *what) const
{
    if (count < size_t(m_core.settings().maxEntities))
        return {};
    return refuse(ReplyCode::ResourceError,
                  QByteArray("too many ") + what + " in vhost '" + m_name + "', the limit is "
                          + QByteArray::number(m_core.settings().maxEntities));
}

Exchange *VirtualHost::exchange(QByteArrayView name)
{
    const auto it = m_exchanges.find(name);
    return it == m_exchanges.end() ? nullptr : it->second.get();
}

Refusal VirtualHost::declareExchange(QByteArrayView name, ExchangeSettings settings)
{
    static constexpr const char *names[] = {"alternate-exchange", nullptr};
    const QByteArray what = describe("exchange", name);
    if (const auto refusal = checkAlternate(settings.arguments, what))
        return refusal;
    if (const Exchange *present = exchange(name)) {
        const ExchangeSettings &old = present->settings();
        if (settings.type != old.type)
            return refuse(ReplyCode::PreconditionFailed,
                          "inequivalent arg 'type' for " + what + ": received '"
                                  + nameOf(settings.type) + "' but current is '" + nameOf(old.type)
                                  + '\'');
        if (const auto refusal = compareFlag("durable", settings.durable, old.durable, what))
            return refusal;
        if (const auto refusal =
                    compareFlag("auto_delete", settings.autoDelete, old.autoDelete, what))
            return refusal;
        if (const auto refusal = compareFlag("internal", settings.internal, old.internal, what))
            return refusal;
        return compareArguments(names, settings.arguments, old.arguments, what);
    }
    if (const Refusal refusal = checkRoom(m_exchanges.size(), "exchanges"))
        return refusal;
    m_exchanges[name.toByteArray()] =
            std::make_unique<Exchange>(name.toByteArray(), std::move(settings));
    ++m_changes;
    return {};
}

Refusal VirtualHost::deleteExchange(QByteArrayView name, bool ifUnused)
{
    const Exchange *present = exchange(name);
    if (!present)
        return {};
    if (ifUnused && !present->bindings().empty())
        return refuse(ReplyCode::PreconditionFailed, describe("exchange", name) + " in use");
    removeExchange(name);
    return {};
}

// An auto-delete exchange that loses its last binding goes too, and with it the bindings to it. There may be a long
// chain of them.
void VirtualHost::removeExchange(QByteArrayView name)
{
    QByteArrayList leaving{name.toByteArray()};
    while (!leaving.isEmpty()) {
        const auto it = m_exchanges.find(leaving.takeLast());
        if (it == m_exchanges.end())
            continue;
        const std::unique_ptr<Exchange> gone = std::move(it->second);
        m_exchanges.erase(it);
        m_bindings -= gone->bindings().size();
        ++m_changes;
        for (const Binding &binding : gone->bindings())
            forgetSource({binding.toExchange, binding.destination}, gone->name());
        leaving += removeBindingsTo(true, gone->name());
    }
}

void VirtualHost::forgetSource(const Destination &destination, const QByteArray &source)
{
    const auto it = m_sources.find(destination);
    if (it == m_sources.end())
        return;
    it->second.erase(source);
    if (it->second.empty())
        m_sources.erase(it);
}

QueuePointer VirtualHost::queue(QByteArrayView name) const
{
    const auto it = m_queues.find(name);
    return it == m_queues.end() ? nullptr : it->second;
}

Refusal VirtualHost::declareQueue(QByteArrayView name, QueueSettings settings, quint64 owner)
{
    const QByteArray what = describe("queue", name);
    const quint64 owns = settings.exclusive ? owner : 0;
    if (const QueuePointer present = queue(name)) {
        if (present->owner() != owns)
            return lockedQueue(name);
        present->used(m_core.now());
        return compareSettings(settings, present->settings(), what);
    }
    if (const Refusal refusal = readArguments(settings, what))
        return refusal;
    if (const Refusal refusal = checkRoom(m_queues.size(), "queues"))
        return refusal;
    const auto made = std::make_shared<Queue>(*this, name.toByteArray(), std::move(settings), owns,
                                              m_core.now());
    m_queues[made->name()] = made;
    if (owns != 0)
        m_exclusive.emplace(owns, made->name());
    ++m_changes;
    m_core.queueTimes(*made);
    return {};
}

Refusal VirtualHost::lockedQueue(QByteArrayView name) const
{
    return refuse(ReplyCode::ResourceLocked,
                  "cannot obtain exclusive access to locked " + describe("queue", name)
                          + ". It could be originally declared on another connection or the "
                            "exclusive property value does not match that of the original "
                            "declaration.");
}

void VirtualHost::removeQueue(Queue &queue, Queue::Removal why)
{
    const auto it = m_queues.find(queue.name());
    if (it == m_queues.end() || it->second.get() != &queue)
        return;
    const QueuePointer gone = it->second;
    m_queues.erase(it);
    ++m_changes;
    if (gone->owner() != 0)
        m_exclusive.erase({gone->owner(), gone->name()});
    const QByteArrayList unused = removeBindingsTo(false, gone->name());
    for (const QByteArray &name : unused)
        removeExchange(name);
    gone->remove(why);
    m_core.queueTimes(*gone);
}

void VirtualHost::removeExclusive(quint64 owner)
{
    auto it = m_exclusive.lower_bound({owner, {}});
    while (it != m_exclusive.end() && it->first == owner) {
        removeQueue(*m_queues.find(it->second)->second);
        it = m_exclusive.lower_bound({owner, {}});
    }
}

Refusal VirtualHost::bind(QByteArrayView source, Binding binding)
{
    Exchange *from = exchange(source);
    if (!from)
        return missing("exchange", source);
    if (from->settings().type == ExchangeType::Headers) {
        if (const Refusal refusal = checkMatch(binding.arguments))
            return refusal;
    }
    if (const Refusal refusal = checkRoom(m_bindings, "bindings"))
        return refusal;
    Destination destination{binding.toExchange, binding.destination};
    if (from->bind(std::move(binding))) {
        m_sources[std::move(destination)].insert(from->name());
        ++m_bindings;
        ++m_changes;
    }
    return {};
}

void VirtualHost::unbind(QByteArrayView source, const Binding &binding)
{
    Exchange *from = exchange(source);
    if (!from || !from->unbind(binding))
        return;
    if (!from->hasBindingTo(binding.toExchange, binding.destination))
        forgetSource({binding.toExchange, binding.destination}, from->name());
    --m_bindings;
    ++m_changes;
    if (from->settings().autoDelete && from->bindings().empty())
        removeExchange(source);
}

QByteArrayList VirtualHost::removeBindingsTo(bool toExchange, const QByteArray &destination)
{
    QByteArrayList unused;
    const auto sources = m_sources.find({toExchange, destination});
    if (sources == m_sources.end())
        return unused;
    for (const QByteArray &name : sources->second) {
        Exchange *const from = exchange(name);
        m_bindings -= from->unbindAll(toExchange, destination);
        if (from->settings().autoDelete && from->bindings().empty())
            unused.append(name);
    }
    m_sources.erase(sources);
    return unused;
}

VirtualHost::Routes VirtualHost::route(Exchange &exchange, QByteArrayView key,
                                       const QAmqpMessage &message)
{
    Routes routes;
    if (exchange.name().isEmpty()) { // each queue is bound to it by its name
        if (const QueuePointer found = queue(key))
            routes.push_back(found);
        return routes;
    }
    const quint64 round = ++m_routings; // marks what was reached already
    std::vector<Exchange *> open{&exchange};
    std::optional<QAmqpTable> headers;
    const auto readHeaders = [&]() -> const QAmqpTable & {
        if (!headers)
            headers = message.headers();
        return *headers;
    };
    while (!open.empty()) {
        Exchange *at = open.back();
        open.pop_back();
        if (!at->reach(round))
            continue;
        bool found = false;
        at->route(key, readHeaders, [&](const Binding &binding) {
            found = true;
            if (binding.toExchange) {
                if (Exchange *next = this->exchange(binding.destination))
                    open.push_back(next);
            } else if (const QueuePointer to = queue(binding.destination)) {
                if (to->reach(round))
                    routes.push_back(to);
            }
        });
        if (Exchange *next =
                    found || at->alternate().isEmpty() ? nullptr : this->exchange(at->alternate()))
            open.push_back(next);
    }
    return routes;
}

VirtualHost::Routes VirtualHost::routeAll(Exchange &exchange, const QByteArrayList &keys,
                                          const QAmqpMessage &message)
{
    Routes all = route(exchange, keys.constFirst(), message);
    for (qsizetype i = 1; i < keys.size(); ++i) {
        const Routes more = route(exchange, keys.at(i), message);
        const quint64 round = ++m_routings;
        for (const QueuePointer &to : all)
            to->reach(round);
        std::copy_if(more.begin(), more.end(), std::back_inserter(all),
                     [&](const QueuePointer &to) { return to->reach(round); });
    }
    return all;
}

// The message is published when everything else is done, so that however many queues hand it on, none is in the
// middle of something.
void VirtualHost::deadLetter(const Queue &queue, const Message &message, const char *reason)
{
    const QueueSettings &settings = queue.settings();
    QByteArrayList keys{message.envelope->routingKey};
    keys += carbonCopies(message.content, "CC");
    std::optional<QAmqpMessage> dead =
            withDeath(message, queue, reason, keys, m_core.secondsSinceEpoch());
    if (!dead)
        return;
    if (settings.deadLetterRoutingKey)
        keys = {*settings.deadLetterRoutingKey};
    m_core.publishLater({this, *settings.deadLetterExchange, keys, *std::move(dead)});
}

void VirtualHost::publishDead(const DeadLetter &letter)
{
    Exchange *to = exchange(letter.exchange);
    if (!to)
        return;
    ++m_core.count().deadLettered;
    auto *envelope = new Envelope;
    envelope->exchange = letter.exchange;
    envelope->routingKey = letter.keys.constFirst();
    const EnvelopePointer shared(envelope);
    const QByteArrayList before = queuesOfCycle(letter.message);
    for (const QueuePointer &queue : routeAll(*to, letter.keys, letter.message)) {
        if (!before.contains(queue->name()))
            queue->publish({shared, letter.message}, m_core.now());
    }
}

void VirtualHost::restart()
{
    const auto queues = m_queues;
    for (const auto &[name, queue] : queues) {
        if (!queue->settings().durable || queue->settings().exclusive)
            removeQueue(*queue, Queue::Removal::HostGone);
        else
            queue->forgetTransient();
    }
    QByteArrayList gone;
    for (const auto &[name, exchange] : m_exchanges) {
        if (!exchange->settings().durable)
            gone.append(name);
    }
    for (const QByteArray &name : std::as_const(gone))
        removeExchange(name);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
