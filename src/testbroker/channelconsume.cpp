// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How messages leave: consumers, basic.get, and what becomes of a message that was handed out.

#include "testbroker/channel.h"
#include "testbroker/connection.h"
#include "values/tableformat.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

void Channel::on(const BasicQos &method)
{
    if (method.prefetchSize != 0) {
        fail(refuse(ReplyCode::NotImplemented,
                    "prefetch_size!=0 (" + QByteArray::number(method.prefetchSize) + ')'),
             method);
        return;
    }
    if (method.global) {
        m_channelPrefetch = method.prefetchCount;
        hasRoom();
    } else {
        m_prefetch = method.prefetchCount;
    }
    send(BasicQosOk{});
}

void Channel::on(const BasicConsume &method)
{
    QByteArray tag = method.consumerTag.toByteArray();
    if (tag.isEmpty())
        tag = core().makeName("amq.ctag-");
    const auto refusal = [&]() -> Refusal {
        Reader in(method.arguments);
        checkTable(method.arguments, in);
        if (!in.ok())
            return refuse(ReplyCode::SyntaxError, QByteArray("the arguments ") + in.error());
        if (m_consumers.contains(tag))
            return refuse(ReplyCode::NotAllowed, "attempt to reuse consumer tag '" + tag + '\'');
        if (m_connection.consumerCount() >= core().settings().maxConsumers)
            return refuse(ReplyCode::ResourceError, "too many consumers on this connection");
        return method.queue == ReplyTo ? consumeReplies(method, tag) : consumeFrom(method, tag);
    }();
    if (fail(refusal, method))
        return;
    Consumer *const consumer = m_consumers[tag].get();
    consumer->isStarting = true;
    m_starting.push_back({consumer, method.noWait});
    putOff();
}

Refusal Channel::consumeFrom(const BasicConsume &method, const QByteArray &tag)
{
    Refusal why;
    const QueuePointer queue = findQueue(method.queue, &Permissions::read, why);
    if (!queue)
        return why;
    const QByteArray what = host().describe("queue", queue->name());
    const QueueSettings &settings = queue->settings();
    const QAmqpTable arguments = decodeTable(method.arguments);
    if (const auto refused = checkConsumerArguments(arguments, settings.type, what))
        return refused;
    if (m_channelPrefetch > 0 && settings.type == QueueType::Quorum)
        return refuse(ReplyCode::NotImplemented, what + " does not support global qos");
    // Queues that are replicated take no notice of it.
    const bool wantsAll = method.exclusive && settings.type == QueueType::Classic;
    if (queue->hasExclusiveConsumer()
        || (wantsAll && (settings.singleActiveConsumer || !queue->consumers().empty())))
        return refuse(ReplyCode::AccessRefused, what + " in exclusive use");
    auto consumer = std::make_shared<Consumer>();
    consumer->channel = this;
    consumer->tag = tag;
    consumer->queue = queue;
    consumer->noAck = method.noAck;
    consumer->exclusive = wantsAll;
    consumer->arguments = arguments;
    consumer->priority = consumer->arguments.value(u"x-priority"_s).toInt();
    consumer->prefetch = m_prefetch;
    if (queue->isStream()) {
        if (method.noAck)
            return refuse(ReplyCode::NotImplemented,
                          "automatic acknowledgement not supported by stream queues " + what);
        if (m_prefetch == 0)
            return refuse(ReplyCode::PreconditionFailed,
                          "consumer prefetch count is not set for '" + what + '\'');
        if (const auto refused = queue->placeInStream(consumer.get()))
            return refused;
    }
    queue->addConsumer(consumer.get(), now());
    m_consumers[tag] = std::move(consumer);
    return {};
}

// A pseudo-queue: answers are handed to this consumer without one
// (https://www.rabbitmq.com/docs/direct-reply-to).
Refusal Channel::consumeReplies(const BasicConsume &method, const QByteArray &tag)
{
    if (!method.noAck)
        return refuse(ReplyCode::PreconditionFailed, "reply consumer cannot acknowledge");
    if (!m_replyAddress.isEmpty())
        return refuse(ReplyCode::PreconditionFailed, "reply consumer already set");
    auto consumer = std::make_shared<Consumer>();
    consumer->channel = this;
    consumer->tag = tag;
    consumer->noAck = true;
    m_replyAddress = core().makeName("amq.rabbitmq.reply-to.");
    core().replyConsumers()[m_replyAddress] = consumer.get();
    m_consumers[tag] = std::move(consumer);
    return {};
}

void Channel::on(const BasicCancel &method)
{
    const QByteArray tag = method.consumerTag.toByteArray();
    if (const auto it = m_consumers.find(tag); it != m_consumers.end()) {
        if (it->second->isStarting) { // RabbitMQ's channel crashes over that
            fail(crash(), method);
            return;
        }
        it->second->isCancelled = true;
    }
    const auto consumer = m_consumers.find(tag);
    m_cancelled.push_back({.tag = tag,
                           .consumer = consumer == m_consumers.end() ? nullptr : consumer->second,
                           .noWait = method.noWait});
    putOff();
}

void Channel::endConsumer(const QByteArray &tag)
{
    const auto it = m_consumers.find(tag);
    if (it == m_consumers.end())
        return;
    const std::shared_ptr<Consumer> consumer = std::move(it->second);
    m_consumers.erase(it);
    if (consumer->isStarting)
        std::erase_if(m_starting,
                      [&](const Late &late) { return late.consumer == consumer.get(); });
    if (consumer->queue)
        consumer->queue->removeConsumer(consumer.get(), now());
    else
        core().replyConsumers().erase(std::exchange(m_replyAddress, {}));
}

void Channel::queueGone(Consumer *consumer)
{
    const QByteArray tag = consumer->tag;
    endConsumer(tag);
    if (m_connection.cancelNotify())
        send(BasicCancel{QByteArrayView(tag), true});
}

bool Channel::canTake(const Consumer &consumer) const
{
    if (m_state != State::Open || consumer.isStarting || consumer.isCancelled
        || !m_connection.takesDeliveries())
        return false;
    return consumer.noAck
            || ((consumer.prefetch == 0 || consumer.unacknowledged < consumer.prefetch)
                && (m_channelPrefetch == 0 || m_unacknowledgedCount < m_channelPrefetch));
}

void Channel::deliver(Consumer &consumer, Message message)
{
    ++core().count().delivered;
    core().count().redelivered += message.deliveries > 0;
    if (LinkFaults *const faults = m_connection.faults())
        faults->comes(QAmqpTestFault::Trigger::Delivery, BasicDeliver::info.id(), m_number);
    send(BasicDeliver{QByteArrayView(consumer.tag), m_lastDeliveryTag + 1, message.deliveries > 0,
                      QByteArrayView(message.envelope->exchange),
                      QByteArrayView(message.envelope->routingKey)});
    m_connection.sendContent(m_number, message.content);
    if (consumer.noAck)
        ++m_lastDeliveryTag;
    else
        remember(consumer.queue, consumer.shared_from_this(), std::move(message));
}

quint64 Channel::remember(QueuePointer queue, std::shared_ptr<Consumer> consumer, Message message)
{
    if (consumer)
        ++consumer->unacknowledged;
    ++m_unacknowledgedCount;
    m_unacknowledged.push_back(
            {++m_lastDeliveryTag, std::move(queue), std::move(consumer), std::move(message)});
    return m_lastDeliveryTag;
}

void Channel::wantsMore()
{
    for (const auto &[tag, consumer] : m_consumers) {
        if (consumer->queue && consumer->queue->host())
            core().changed(*consumer->queue);
    }
}

// However much of it comes at once, the queues are asked only once.
void Channel::hasRoom()
{
    m_hasRoom = true;
    putOff();
}

void Channel::on(const BasicGet &method)
{
    Refusal why;
    const QueuePointer queue = findQueue(method.queue, &Permissions::read, why);
    if (queue && queue->isStream())
        why = refuse(ReplyCode::NotImplemented,
                     "basic.get not supported by stream queues "
                             + host().describe("queue", queue->name()));
    if (fail(why, method))
        return;
    auto message = queue->take(now(), !method.noAck);
    if (!message) {
        send(BasicGetEmpty{});
        return;
    }
    ++core().count().delivered;
    core().count().redelivered += message->deliveries > 0;
    send(BasicGetOk{m_lastDeliveryTag + 1, message->deliveries > 0,
                    QByteArrayView(message->envelope->exchange),
                    QByteArrayView(message->envelope->routingKey), quint32(queue->readyCount())});
    m_connection.sendContent(m_number, message->content);
    if (method.noAck)
        ++m_lastDeliveryTag;
    else
        remember(queue, nullptr, std::move(*message));
}

void Channel::on(const BasicAck &method)
{
    settle({method.deliveryTag, method.multiple, Settlement::Ack}, BasicAck::info.id());
}

void Channel::on(const BasicNack &method)
{
    settle({method.deliveryTag, method.multiple,
            method.requeue ? Settlement::Requeue : Settlement::Reject},
           BasicNack::info.id());
}

void Channel::on(const BasicReject &method)
{
    settle({method.deliveryTag, false, method.requeue ? Settlement::Requeue : Settlement::Reject},
           BasicReject::info.id());
}

void Channel::settle(const Settle &settle, quint32 method)
{
    // The tag 0 with `multiple` stands for all.
    auto first = m_unacknowledged.begin();
    auto last = m_unacknowledged.end();
    if (!settle.multiple || settle.tag != 0) {
        const auto found = std::lower_bound(
                first, last, settle.tag,
                [](const Unacknowledged &entry, quint64 tag) { return entry.tag < tag; });
        if (found == last || found->tag != settle.tag || !found->isPending()) {
            fail(refuse(ReplyCode::PreconditionFailed,
                        "unknown delivery tag " + QByteArray::number(settle.tag)),
                 method);
            return;
        }
        last = found + 1;
        if (!settle.multiple)
            first = found;
    }
    if (settle.how != Settlement::Ack) {
        const auto ofStream = std::find_if(first, last, [](const Unacknowledged &entry) {
            return entry.isPending() && entry.queue->isStream();
        });
        if (ofStream != last && ofStream->queue->host()) {
            const QByteArray what = host().describe("queue", ofStream->queue->name());
            fail(refuse(ReplyCode::NotImplemented,
                        "basic.nack and basic.reject not supported by stream queues " + what),
                 method);
            return;
        }
    }
    if (m_isTransactional) {
        for (auto it = first; it != last; ++it) {
            if (it->isPending())
                it->held = settle.how;
        }
        return;
    }
    if (settle.how == Settlement::Requeue) {
        // The last one first: so each becomes the first of its queue, where there is room for it.
        while (last != first)
            settleOne(*--last, settle.how);
    } else {
        for (auto it = first; it != last; ++it)
            settleOne(*it, settle.how);
    }
    forgetSettled();
}

void Channel::forgetSettled()
{
    while (!m_unacknowledged.empty() && !m_unacknowledged.front().queue)
        m_unacknowledged.pop_front();
    while (!m_unacknowledged.empty() && !m_unacknowledged.back().queue)
        m_unacknowledged.pop_back();
    // A client may leave the oldest alone, and settle all that come later.
    if (m_unacknowledged.size() > 2 * m_unacknowledgedCount + 64)
        std::erase_if(m_unacknowledged, [](const Unacknowledged &entry) { return !entry.queue; });
}

// A transaction ends: what was settled in it is, or is to be settled again.
void Channel::endTransaction(bool isCommitted)
{
    for (Unacknowledged &entry : m_unacknowledged) {
        if (isCommitted && entry.held && entry.held != Settlement::Requeue)
            settleOne(entry, *entry.held);
    }
    for (size_t i = m_unacknowledged.size(); i-- > 0;) {
        Unacknowledged &entry = m_unacknowledged[i];
        if (isCommitted && entry.held == Settlement::Requeue)
            settleOne(entry, Settlement::Requeue);
        entry.held.reset();
    }
    forgetSettled();
}

void Channel::settleOne(Unacknowledged &entry, Settlement how)
{
    if (!entry.queue)
        return;
    const QueuePointer queue = std::exchange(entry.queue, nullptr);
    --m_unacknowledgedCount;
    if (const auto consumer = std::exchange(entry.consumer, nullptr))
        --consumer->unacknowledged;
    if (how == Settlement::Ack) {
        ++core().count().acknowledged;
        queue->acknowledged();
    } else {
        ++core().count().rejected;
        if (how == Settlement::Requeue)
            queue->requeue(std::move(entry.message));
        else
            queue->reject(entry.message);
    }
    entry.message = {};
    if (m_channelPrefetch > 0)
        hasRoom();
    else if (queue->host())
        core().changed(*queue);
}

void Channel::requeueAll(bool withHeld)
{
    for (size_t i = m_unacknowledged.size(); i-- > 0;) {
        Unacknowledged &entry = m_unacknowledged[i];
        if (entry.queue && (withHeld || entry.isPending())) {
            if (const auto consumer = std::exchange(entry.consumer, nullptr))
                --consumer->unacknowledged;
            --m_unacknowledgedCount;
            std::exchange(entry.queue, nullptr)->requeue(std::move(entry.message));
        }
    }
    std::erase_if(m_unacknowledged, [](const Unacknowledged &entry) { return !entry.queue; });
}

void Channel::recover(bool requeue, quint32 method)
{
    if (!requeue) {
        fail(refuse(ReplyCode::NotImplemented, "requeue=false"), method);
        return;
    }
    requeueAll(false);
    hasRoom();
}

void Channel::on(const BasicRecoverAsync &method)
{
    recover(method.requeue, BasicRecoverAsync::info.id());
}

void Channel::on(const BasicRecover &method)
{
    recover(method.requeue, BasicRecover::info.id());
    if (isOpen())
        send(BasicRecoverOk{});
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
