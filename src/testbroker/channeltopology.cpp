// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The classes exchange and queue.

#include "testbroker/channel.h"
#include "testbroker/connection.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

static Refusal checkArguments(QByteArrayView arguments)
{
    Reader in(arguments);
    checkTable(arguments, in);
    return in.ok() ? Refusal()
                   : refuse(ReplyCode::SyntaxError, QByteArray("the arguments ") + in.error());
}

static Refusal checkReserved(const char *kind, QByteArrayView name)
{
    if (!name.startsWith("amq."))
        return {};
    return refuse(ReplyCode::AccessRefused,
                  QByteArray(kind) + " name '" + name.toByteArray()
                          + "' contains reserved prefix 'amq.*'");
}

static Refusal checkDefault(QByteArrayView exchange)
{
    if (!exchange.isEmpty())
        return {};
    return refuse(ReplyCode::AccessRefused, "operation not permitted on the default exchange");
}

// Messages that an argument sends on from a new queue or exchange are read there and written to that exchange.
Refusal Channel::checkFurtherExchange(const char *kind, QByteArrayView name,
                                      const QAmqpTable &arguments, const QString &argument) const
{
    const QAmqpValue to = arguments.value(argument);
    if (to.type() != QAmqpValue::Type::String)
        return {};
    if (const auto why = m_connection.allows(&Permissions::read, kind, name))
        return why;
    return m_connection.allows(&Permissions::write, "exchange", permissionName(to.toBytes()));
}

void Channel::on(const ExchangeDeclare &method)
{
    const auto refusal = [&]() -> Refusal {
        if (const auto why = checkDefault(method.exchange))
            return why;
        const Exchange *present = host().exchange(method.exchange);
        if (method.passive)
            return present ? Refusal() : host().missing("exchange", method.exchange);
        if (const auto why = checkArguments(method.arguments))
            return why;
        const auto type = exchangeType(method.type);
        if (!type)
            return refuse(ReplyCode::CommandInvalid,
                          "invalid exchange type '" + method.type.toByteArray() + '\'');
        if (const auto why =
                    m_connection.allows(&Permissions::configure, "exchange", method.exchange))
            return why;
        const QAmqpTable arguments = decodeTable(method.arguments);
        if (!present) {
            if (const auto why = checkReserved("exchange", method.exchange))
                return why;
            if (const auto why = checkFurtherExchange("exchange", method.exchange, arguments,
                                                      u"alternate-exchange"_s))
                return why;
        }
        return host().declareExchange(
                method.exchange,
                {*type, method.durable, method.autoDelete, method.internal, arguments});
    }();
    if (!fail(refusal, method))
        answer(method.noWait, ExchangeDeclareOk{});
}

void Channel::on(const ExchangeDelete &method)
{
    const auto refusal = [&]() -> Refusal {
        if (const auto why = checkDefault(method.exchange))
            return why;
        if (method.exchange.startsWith("amq."))
            return refuse(ReplyCode::AccessRefused,
                          "deletion of system " + host().describe("exchange", method.exchange)
                                  + " not allowed");
        if (const auto why =
                    m_connection.allows(&Permissions::configure, "exchange", method.exchange))
            return why;
        return host().deleteExchange(method.exchange, method.ifUnused);
    }();
    if (!fail(refusal, method))
        answer(method.noWait, ExchangeDeleteOk{});
}

Refusal Channel::mayBind(QByteArrayView source, const Binding &binding) const
{
    const char *const kind = binding.toExchange ? "exchange" : "queue";
    if (const auto why = checkDefault(source))
        return why;
    if (binding.toExchange) {
        if (const auto why = checkDefault(binding.destination))
            return why;
    }
    if (const auto why = m_connection.allows(&Permissions::write, kind, binding.destination))
        return why;
    return m_connection.allows(&Permissions::read, "exchange", source);
}

Refusal Channel::bindOrUnbind(QByteArrayView source, Binding binding, QByteArrayView arguments,
                              bool isBind)
{
    if (const auto why = mayBind(source, binding))
        return why;
    if (const auto why = checkArguments(arguments))
        return why;
    binding.arguments = decodeTable(arguments);
    if (isBind && !host().exchange(source))
        return host().missing("exchange", source);
    if (binding.toExchange) {
        if (isBind && !host().exchange(binding.destination))
            return host().missing("exchange", binding.destination);
    } else if (const QueuePointer queue = host().queue(binding.destination)) {
        if (const auto why = checkLock(*queue))
            return why;
    } else if (isBind) {
        return host().missing("queue", binding.destination);
    }
    if (isBind)
        return host().bind(source, std::move(binding));
    host().unbind(source, binding);
    return {};
}

void Channel::on(const ExchangeBind &method)
{
    const Binding binding{true, method.destination.toByteArray(), method.routingKey.toByteArray()};
    if (!fail(bindOrUnbind(method.source, binding, method.arguments, true), method))
        answer(method.noWait, ExchangeBindOk{});
}

void Channel::on(const ExchangeUnbind &method)
{
    const Binding binding{true, method.destination.toByteArray(), method.routingKey.toByteArray()};
    if (!fail(bindOrUnbind(method.source, binding, method.arguments, false), method))
        answer(method.noWait, ExchangeUnbindOk{});
}

// Without names the queue that was declared last is meant, and its name is the routing key too (AMQP 0-9-1,
// queue.bind).
Binding Channel::queueBinding(QByteArrayView queue, QByteArrayView key) const
{
    Binding binding{false, queue.toByteArray(), key.toByteArray()};
    if (queue.isEmpty()) {
        binding.destination = m_lastQueue;
        if (key.isEmpty())
            binding.key = m_lastQueue;
    }
    return binding;
}

Refusal Channel::bindOrUnbindQueue(const auto &method, bool isBind)
{
    if (method.queue.isEmpty() && m_lastQueue.isEmpty())
        return refuse(ReplyCode::NotFound, "no previously declared queue");
    return bindOrUnbind(method.exchange, queueBinding(method.queue, method.routingKey),
                        method.arguments, isBind);
}

void Channel::on(const QueueBind &method)
{
    if (!fail(bindOrUnbindQueue(method, true), method))
        answer(method.noWait, QueueBindOk{});
}

void Channel::on(const QueueUnbind &method)
{
    if (!fail(bindOrUnbindQueue(method, false), method))
        send(QueueUnbindOk{});
}

void Channel::on(const QueueDeclare &method)
{
    QByteArray name = method.queue.toByteArray();
    quint32 consumers = 0;
    const auto refusal = [&]() -> Refusal {
        if (name == ReplyTo || core().replyConsumers().contains(name)) {
            consumers = 1;
            return {};
        }
        if (method.passive) {
            const QueuePointer present = host().queue(name);
            if (!present)
                return host().missing("queue", name);
            present->used(now());
            return checkLock(*present);
        }
        if (const auto refused = checkArguments(method.arguments))
            return refused;
        if (name.isEmpty()) {
            name = core().makeName("amq.gen-");
        } else if (const auto reserved = checkReserved("queue", name)) {
            return reserved;
        }
        if (const auto refused = m_connection.allows(&Permissions::configure, "queue", name))
            return refused;
        QueueSettings settings;
        settings.durable = method.durable;
        settings.exclusive = method.exclusive;
        settings.autoDelete = method.autoDelete;
        settings.arguments = decodeTable(method.arguments);
        if (!host().queue(name)) {
            if (const auto refused = checkFurtherExchange("queue", name, settings.arguments,
                                                          u"x-dead-letter-exchange"_s))
                return refused;
        }
        return host().declareQueue(name, std::move(settings), m_connection.id());
    }();
    if (fail(refusal, method))
        return;
    m_lastQueue = name;
    const QueuePointer queue = host().queue(name);
    answer(method.noWait,
           QueueDeclareOk{QByteArrayView(name), queue ? quint32(queue->readyCount()) : 0,
                          queue ? quint32(queue->consumers().size()) : consumers});
}

void Channel::on(const QueuePurge &method)
{
    Refusal why;
    const QueuePointer queue = findQueue(method.queue, &Permissions::read, why);
    if (queue && queue->isStream())
        why = refuse(ReplyCode::NotImplemented,
                     "queue.purge not supported by stream queues "
                             + host().describe("queue", queue->name()));
    if (!fail(why, method))
        answer(method.noWait, QueuePurgeOk{quint32(queue->purge())});
}

void Channel::on(const QueueDelete &method)
{
    Refusal why;
    const QueuePointer queue = findQueue(method.queue, &Permissions::configure, why);
    const bool isDeleted = !method.queue.isEmpty() && why.code == ReplyCode::NotFound;
    if (!isDeleted && fail(why, method))
        return;
    quint32 count = 0;
    if (queue) {
        const QByteArray what = host().describe("queue", queue->name());
        if (queue->settings().type == QueueType::Quorum && (method.ifUnused || method.ifEmpty))
            why = refuse(ReplyCode::NotImplemented,
                         "cannot delete " + what + ". queue.delete operations with if-"
                                 + (method.ifUnused ? "unused" : "empty")
                                 + " flag set are not supported by quorum queues");
        if (!why && method.ifUnused && !queue->consumers().empty())
            why = refuse(ReplyCode::PreconditionFailed, what + " in use");
        if (!why && method.ifEmpty && queue->readyCount() > 0)
            why = refuse(ReplyCode::PreconditionFailed, what + " not empty");
        if (fail(why, method))
            return;
        count = quint32(queue->readyCount());
        host().removeQueue(*queue);
    }
    answer(method.noWait, QueueDeleteOk{count});
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
