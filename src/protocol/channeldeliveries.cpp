// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that receives messages: consumers, the prefetch, and settlements.

#include "protocol/channelcore.h"

#include "values/errorkinds.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

static QAmqpError tooLarge(const Delivered &content, const QString &why, bool noAck)
{
    return operationError(QAmqpError::Kind::LimitExceeded, QAmqpError::Origin::Library,
                          u"the message from exchange \"%1\" with routing key \"%2\" was %3: %4",
                          content.envelope->exchange, content.envelope->routingKey,
                          noAck ? "dropped" : "rejected", why);
}

Delivered ChannelCore::takeContent(Assembler &arrived)
{
    const ContentStart &start = arrived.start();
    return {.channel = m_number,
            .redelivered = start.redelivered,
            .isStreamed = arrived.isStreamed(),
            .generation = m_link->generation(),
            .deliveryTag = start.deliveryTag,
            .envelope = arrived.envelope(),
            .message = arrived.takeMessage()};
}

void ChannelCore::contentCame(Assembler &arrived)
{
    if (arrived.start().method == BasicDeliver::info.id())
        return deliver(arrived);
    const quint16 replyCode = arrived.start().replyCode;
    const QByteArray replyText = arrived.start().replyText;
    const Delivered content = takeContent(arrived);
    const quint64 publish = m_publishes.returned(*content.envelope, content.message, replyCode,
                                                 QString::fromUtf8(replyText));
    m_context.events.append(
            Returned{m_number, replyCode, replyText, content.envelope, content.message, publish});
}

void ChannelCore::gotContent(Assembler &arrived, const Request &get)
{
    const quint32 remaining = arrived.start().remaining;
    const QString excess = arrived.excess();
    Delivered content = takeContent(arrived);
    const quint64 tag = content.deliveryTag;
    if (!get.noAck)
        m_deliveries.delivered(tag, DeliveryLedger::Nobody);
    if (get.over) {
        giveBack(tag);
    } else if (excess.isEmpty()) {
        m_context.events.append(Got{std::move(content), get.id, remaining});
    } else {
        m_context.events.append(Replied{.channel = m_number,
                                        .request = get.id,
                                        .error = tooLarge(content, excess, get.noAck)});
        m_deliveries.settleUnseen(tag, Settlement::Discard, sender(true));
    }
    closeIfIdle();
}

void ChannelCore::giveBack(quint64 deliveryTag)
{
    if (m_deliveries.settleUnseen(deliveryTag, Settlement::Requeue, sender(true)))
        m_context.log->add(qtAmqpChannel(), QtDebugMsg,
                           formatted(u"nobody waits any more for message %1 on channel %2, which "
                                     "basic.get took: it goes back to its queue",
                                     deliveryTag, m_number));
}

// RabbitMQ writes such a header to each message of a stream, as a signed 64-bit integer.
static std::optional<qint64> streamOffset(const QAmqpMessage &message)
{
    const QAmqpValue offset = message.headers().value(QStringLiteral("x-stream-offset"));
    return offset.type() == QAmqpValue::Type::Int64 ? std::optional(offset.toInt()) : std::nullopt;
}

// The last consumer is remembered, since consecutive deliveries mostly are for the same one. These share the
// memory of the tag, see Assembler::begin().
ChannelCore::Consumer *ChannelCore::consumerOf(const QByteArray &consumerTag)
{
    if (m_lastTag.constData() != consumerTag.constData()) {
        const auto consumer = m_consumers.find(consumerTag);
        m_lastConsumer = consumer == m_consumers.end() ? nullptr : &consumer->second;
        m_lastTag = consumerTag;
    }
    return m_lastConsumer;
}

ChannelCore::Consumer ChannelCore::takeConsumer(const QByteArray &consumerTag)
{
    const auto consumer = m_consumers.extract(consumerTag);
    forgetLastConsumer();
    if (consumer.empty())
        return {};
    m_deliveries.removeConsumer(consumer.mapped().ledgerId);
    consumerGone(consumer.mapped());
    noteSinks();
    return consumer.mapped();
}

void ChannelCore::deliver(Assembler &arrived)
{
    Consumer *const consumer = consumerOf(arrived.envelope()->consumerTag);
    const bool noAck = consumer && consumer->noAck;
    const QString excess = arrived.excess();
    Delivered delivered = takeContent(arrived);
    const quint64 tag = delivered.deliveryTag;
    if (!m_link->acceptTag(tag, noAck))
        return;
    if (consumer && m_deliveries.needsOffset(consumer->ledgerId)) {
        const std::optional<qint64> offset = streamOffset(delivered.message);
        // If the headers were not kept, or cannot be read, a missing offset means nothing.
        if (offset || (excess.isEmpty() && delivered.message.propertiesError().isEmpty()))
            m_deliveries.offsetSeen(consumer->ledgerId, offset);
    }
    // Messages without acknowledgement cannot go back to the queue: they are delivered even while the
    // consumer is being cancelled.
    if (!noAck && (!consumer || consumer->cancelling))
        return deliverToNobody(delivered, consumer);
    delivered.consumer = consumer->id;
    delivered.fromStream = m_deliveries.isStream(consumer->ledgerId);
    if (!noAck)
        m_deliveries.delivered(tag, consumer->ledgerId);
    if (!excess.isEmpty())
        discard(std::move(delivered), *consumer, excess);
    else if (noAck || heedsPrefetch(*consumer, delivered))
        m_context.events.append(std::move(delivered));
    else
        refuseFlood(delivered);
}

// Gives the delivery back to its queue, unless that may be a stream, which keeps its messages anyway.
void ChannelCore::deliverToNobody(const Delivered &delivered, Consumer *cancelling)
{
    if (cancelling ? m_deliveries.mayBeStream(cancelling->ledgerId)
                   : streamOffset(delivered.message).has_value())
        return m_deliveries.leftOut();
    const quint32 ledgerId = cancelling ? cancelling->ledgerId : DeliveryLedger::Nobody;
    m_deliveries.delivered(delivered.deliveryTag, ledgerId);
    const quint32 count =
            m_deliveries.settleUnseen(delivered.deliveryTag, Settlement::Requeue, sender(true));
    if (cancelling)
        cancelling->requeued += count;
}

// Rejects a message that is too large instead of requeuing it, since it would only come again. The queue
// dead-letters it, if it has a dead-letter exchange.
void ChannelCore::discard(Delivered delivered, const Consumer &consumer, const QString &excess)
{
    const bool ofStream = m_deliveries.mayBeStream(consumer.ledgerId);
    const quint32 settled = m_deliveries.settleUnseen(
            delivered.deliveryTag, ofStream ? Settlement::Ack : Settlement::Discard, sender(true));
    if (settled == 0 && !consumer.noAck) // basic.recover is unanswered: the message will come again
        return;
    const QAmqpError error = tooLarge(delivered, excess, consumer.noAck);
    m_context.events.append(Discarded{std::move(delivered), error});
}

void ChannelCore::refuseFlood(const Delivered &delivered)
{
    QAmqpError error(
            QAmqpError::Kind::ProtocolViolation, QAmqpError::Scope::Channel,
            QAmqpError::Origin::Broker,
            formatted(u"%1 takes no notice of the prefetch: it sent consumer \"%2\" on channel "
                      "%3 several times as many messages as may be unacknowledged",
                      m_context.endpoint, delivered.envelope->consumerTag, m_number));
    giveUp(error.setEndpoint(m_context.endpoint), 0, ReplyCode::PreconditionFailed);
}

RequestId ChannelCore::setPrefetch(quint16 messages, bool ofChannel)
{
    if (ofChannel)
        m_channelPrefetch = messages;
    else
        m_prefetch = messages;
    return request(BasicQos{.prefetchCount = messages, .global = ofChannel});
}

void ChannelCore::consumeSent(const QByteArray &consumerTag)
{
    if (const auto consumer = m_consumers.find(consumerTag); consumer != m_consumers.end())
        m_deliveries.started(consumer->second.ledgerId);
}

void ChannelCore::prefetchSent(quint16 messages, bool ofChannel)
{
    ofChannel ? m_deliveries.channelPrefetch(messages) : m_deliveries.consumerPrefetch(messages);
}

// Notes of which kind a declared queue is. RabbitMQ refuses streams and quorum queues that are exclusive,
// auto-delete or not durable, so that such a queue is a classic one.
void ChannelCore::queueDeclared(const QueueDeclare &method)
{
    const QByteArray queue = method.queue.toByteArray();
    m_lastDeclared = new QueueName(queue);
    m_lastDeclared->isComing = queue.isEmpty();
    if (method.passive || queue.isEmpty()) // the kind stays unknown
        return;
    const QByteArray type =
            decodeTable(method.arguments).value(QStringLiteral("x-queue-type")).toBytes();
    if (type == "stream" || type == "quorum")
        m_queues.insert(queue,
                        new QueueKind(type == "stream" ? QueueKind::Stream : QueueKind::Quorum));
    else if (!type.isEmpty() || method.exclusive || method.autoDelete || !method.durable)
        m_queues.insert(queue, new QueueKind(QueueKind::Classic));
    else // the type depends on the default of the virtual host
        m_queues.remove(queue);
}

bool ChannelCore::mayConsume(const QByteArray &queue) const
{
    const QueueKind *const kind = m_queues.object(queue);
    return m_channelPrefetch == 0 || !kind || *kind == QueueKind::Classic;
}

bool ChannelCore::isStream(const QByteArray &queue) const
{
    const QueueKind *const kind = m_queues.object(queue);
    return kind && *kind == QueueKind::Stream;
}

// A queue is no stream if the broker made its name up, or if the consumer has no acknowledgement or no
// prefetch, which a stream requires.
QueueKind ChannelCore::kindOf(const BasicConsume &method, const QueueName &queue,
                              std::optional<quint16> prefetch) const
{
    if (method.noAck)
        return QueueKind::Classic;
    if (decodeTable(method.arguments).contains(QStringLiteral("x-stream-offset")))
        return QueueKind::Stream;
    if (const QueueKind *const kind = m_queues.object(queue.name))
        return *kind;
    const bool isNone = queue.isComing || queue.name.startsWith("amq.") || prefetch == 0;
    return isNone ? QueueKind::Classic : QueueKind::Unknown;
}

RequestId ChannelCore::consume(const BasicConsume &method, const QueueNamePointer &queue,
                               std::optional<quint16> prefetch, bool returns)
{
    WireCall call = callAbout(method, queue);
    call.request = requestOf(method, ++m_context.lastRequest);
    call.prefetch = prefetch;
    const RequestId id = call.request.id;
    // A consumer that controls its own credit is not bounded by the prefetch.
    const bool limited = !decodeTable(method.arguments).contains(QStringLiteral("x-credit"));
    const quint32 ledgerId = m_deliveries.addConsumer(
            limited ? prefetch.value_or(0) : 0, kindOf(method, *queueOf(method, queue), prefetch));
    m_consumers.emplace(call.request.consumerTag,
                        Consumer{.id = id,
                                 .ledgerId = ledgerId,
                                 .noAck = method.noAck,
                                 .exclusive = method.exclusive,
                                 .returns = returns});
    forgetLastConsumer();
    sendOrQueue(std::move(call));
    return id;
}

// Held deliveries are given back after basic.cancel is sent, so that the broker does not send them to this
// consumer again.
RequestId ChannelCore::cancel(const QByteArray &consumerTag)
{
    const auto found = m_consumers.find(consumerTag);
    if (found == m_consumers.end() || found->second.cancelling)
        return 0;
    Consumer &consumer = found->second;
    if ((m_context.isRecovering && !isOnLink()) || isHeld(consumer.id))
        return cancelAway(consumerTag);
    const RequestId id = consumer.cancelling =
            request(BasicCancel{.consumerTag = QByteArrayView(consumerTag)});
    consumer.requeued = m_deliveries.giveBack(consumer.ledgerId, sender());
    return id;
}

// While there is no link, or its basic.consume waits for its queue, the consumer just does not come back.
RequestId ChannelCore::cancelAway(const QByteArray &consumerTag)
{
    const Consumer consumer = takeConsumer(consumerTag);
    const auto isConsume = [&](const WireCall &call) { return call.request.id == consumer.id; };
    if (!m_waiting.takeIf(isConsume).empty() || std::erase_if(m_held, isConsume) > 0)
        endWell(consumer.id);
    const RequestId id = ++m_context.lastRequest;
    endWell(id);
    return id;
}

Settling ChannelCore::settle(const DeliveryMarkPointer &delivery, Settlement how, bool multiple)
{
    if (!m_link || (delivery && delivery->generation != m_link->generation()))
        return Settling::NotUnsettled;
    // Tag 0 stands for all deliveries, but to the broker these include ones that are still on their way.
    const quint64 tag = delivery ? delivery->deliveryTag : m_deliveries.lastShown();
    // It could not be sent before the channel closes.
    if (!m_link->mayWrite() || (isReadyToClose() && !sendsAtOnce()))
        return tag ? Settling::NotNow : Settling::NotUnsettled;
    const Settling settling = m_deliveries.settle(tag, multiple, how, delivery, sender());
    if (settling == Settling::Accepted)
        showMore();
    return settling;
}

void ChannelCore::sendSettlement(quint64 deliveryTag, bool multiple, Settlement how, bool ofPeer)
{
    const auto send = [&](const auto &method) { ofPeer ? answer(method) : sendOrQueue(method); };
    if (how == Settlement::Ack)
        send(BasicAck{deliveryTag, multiple});
    else
        send(BasicNack{deliveryTag, multiple, how == Settlement::Requeue});
}

std::vector<quint64> ChannelCore::unsettledOf(const QByteArray &consumerTag) const
{
    const auto consumer = m_consumers.find(consumerTag);
    return consumer == m_consumers.end() ? std::vector<quint64>()
                                         : m_deliveries.shownTo(consumer->second.ledgerId);
}

void ChannelCore::showMore()
{
    if (!m_deliveries.hasHeld())
        return;
    const auto *const last =
            m_context.events.empty() ? nullptr : std::get_if<ShowMore>(&m_context.events.back());
    if (!last || last->channel != m_number)
        m_context.events.append(ShowMore{m_number});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
