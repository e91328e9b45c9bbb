// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that takes messages: who consumes them, how many come ahead of their
// acknowledgement, and what is settled.

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

void ChannelCore::contentCame(Assembler &arrived, const Request &get)
{
    const ContentStart start = arrived.start();
    const QString excess = arrived.excess();
    Delivered content{.channel = m_number,
                      .redelivered = start.redelivered,
                      .generation = m_link->generation(),
                      .deliveryTag = start.deliveryTag,
                      .envelope = arrived.envelope(),
                      .message = arrived.takeMessage()};
    if (start.method == BasicDeliver::info.id())
        return deliver(std::move(content), excess);
    if (start.method == BasicReturn::info.id()) {
        const quint64 publish =
                m_publishes.returned(*content.envelope, content.message, start.replyCode,
                                     QString::fromUtf8(start.replyText));
        m_context.events.push_back(Returned{m_number, start.replyCode, start.replyText,
                                            content.envelope, content.message, publish});
        return;
    }
    endGet(std::move(content), get, start.remaining, excess);
}

void ChannelCore::endGet(Delivered content, const Request &get, quint32 remaining,
                         const QString &excess)
{
    const quint64 tag = content.deliveryTag;
    if (!get.noAck)
        m_deliveries.delivered(tag, DeliveryLedger::Nobody);
    if (get.over) {
        giveBack(tag);
    } else if (excess.isEmpty()) {
        m_context.events.push_back(Got{std::move(content), get.id, remaining});
    } else {
        m_context.events.push_back(Replied{.channel = m_number,
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

// Consecutive deliveries mostly are of one consumer.
ChannelCore::Consumer *ChannelCore::consumerOf(const EnvelopePointer &envelope)
{
    if (m_lastEnvelope != envelope) {
        const auto consumer = m_consumers.find(envelope->consumerTag);
        m_lastConsumer = consumer == m_consumers.end() ? nullptr : &consumer->second;
        m_lastEnvelope = envelope;
    }
    return m_lastConsumer;
}

ChannelCore::Consumer ChannelCore::takeConsumer(const QByteArray &consumerTag)
{
    const auto consumer = m_consumers.extract(consumerTag);
    m_lastEnvelope.reset();
    if (consumer.empty())
        return {};
    m_deliveries.removeConsumer(consumer.mapped().ledgerId);
    return consumer.mapped();
}

void ChannelCore::deliver(Delivered delivered, const QString &excess)
{
    Consumer *const consumer = consumerOf(delivered.envelope);
    const bool noAck = consumer && consumer->noAck;
    if (!m_link->acceptTag(delivered.deliveryTag, noAck))
        return;
    if (consumer && m_deliveries.needsOffset(consumer->ledgerId)) {
        const std::optional<qint64> offset = streamOffset(delivered.message);
        // Where the headers were not kept, or cannot be read, their absence says nothing.
        if (offset || (excess.isEmpty() && delivered.message.propertiesError().isEmpty()))
            m_deliveries.offsetSeen(consumer->ledgerId, offset);
    }
    // Those of a consumer without acknowledgement cannot go back, and come even while it cancels.
    if (!noAck && (!consumer || consumer->cancelling))
        return deliverToNobody(delivered, consumer);
    delivered.consumer = consumer->id;
    delivered.fromStream = m_deliveries.isStream(consumer->ledgerId);
    if (!noAck)
        m_deliveries.delivered(delivered.deliveryTag, consumer->ledgerId);
    if (!excess.isEmpty())
        discard(std::move(delivered), *consumer, excess);
    else if (noAck || heedsPrefetch(*consumer, delivered))
        m_context.events.push_back(std::move(delivered));
}

// It goes back to its queue, unless that may be a stream: nothing is lost there without it.
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

// Sent again it would only come again: it is rejected, for the queue's dead letters, if it has any.
void ChannelCore::discard(Delivered delivered, const Consumer &consumer, const QString &excess)
{
    const bool ofStream = m_deliveries.mayBeStream(consumer.ledgerId);
    const quint32 settled = m_deliveries.settleUnseen(
            delivered.deliveryTag, ofStream ? Settlement::Ack : Settlement::Discard, sender(true));
    if (settled == 0 && !consumer.noAck) // the broker recovers: it comes again
        return;
    const QAmqpError error = tooLarge(delivered, excess, consumer.noAck);
    m_context.events.push_back(Discarded{std::move(delivered), error});
}

// False if the peer takes no notice of the prefetch: the channel closes then. A lawful broker goes far beyond
// it in two ways, which are believed: a stream sends whole chunks as long as there is credit at all, and
// what went back to a queue whose node was lost comes again though it is still unsettled here. Whoever
// holds these back bounds them.
bool ChannelCore::heedsPrefetch(const Consumer &consumer, const Delivered &delivered)
{
    if (!m_deliveries.isFlooded(consumer.ledgerId) || delivered.redelivered
        || m_deliveries.mayBeStream(consumer.ledgerId))
        return true;
    QAmqpError error(
            QAmqpError::Kind::ProtocolViolation, QAmqpError::Scope::Channel,
            QAmqpError::Origin::Broker,
            formatted(u"%1 takes no notice of the prefetch: it sent consumer \"%2\" on channel "
                      "%3 several times as many messages as may be unacknowledged",
                      m_context.endpoint, delivered.envelope->consumerTag, m_number));
    giveUp(error.setEndpoint(m_context.endpoint), 0, ReplyCode::PreconditionFailed);
    return false;
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

// What RabbitMQ refuses to make a stream of is none.
void ChannelCore::queueDeclared(const QueueDeclare &method)
{
    const QByteArray queue = method.queue.toByteArray();
    m_lastDeclared = new QueueName(queue);
    m_lastDeclared->isComing = queue.isEmpty();
    if (method.passive || queue.isEmpty()) // which says nothing
        return;
    const QByteArray type =
            decodeTable(method.arguments).value(QStringLiteral("x-queue-type")).toBytes();
    if (type == "stream" || type == "quorum")
        m_queues.insert(queue,
                        new QueueKind(type == "stream" ? QueueKind::Stream : QueueKind::Quorum));
    else if (!type.isEmpty() || method.exclusive || method.autoDelete || !method.durable)
        m_queues.insert(queue, new QueueKind(QueueKind::Classic));
    else // a virtual host may have another default type
        m_queues.remove(queue);
}

bool ChannelCore::mayConsume(const QByteArray &queue) const
{
    const QueueKind *const kind = m_queues.object(queue);
    return m_channelPrefetch == 0 || !kind || *kind == QueueKind::Classic;
}

// A stream has no name that the broker made up, and no consumer without acknowledgement or prefetch.
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
                               std::optional<quint16> prefetch)
{
    WireCall call = callAbout(method, queue);
    call.request = requestOf(method, ++m_context.lastRequest);
    call.prefetch = prefetch;
    const RequestId id = call.request.id;
    // What limits its credit itself is no matter of the prefetch.
    const bool limited = !decodeTable(method.arguments).contains(QStringLiteral("x-credit"));
    const quint32 ledgerId = m_deliveries.addConsumer(
            limited ? prefetch.value_or(0) : 0, kindOf(method, *queueOf(method, queue), prefetch));
    m_consumers.emplace(call.request.consumerTag,
                        Consumer{.id = id, .ledgerId = ledgerId, .noAck = method.noAck});
    m_lastEnvelope.reset();
    sendOrQueue(std::move(call));
    return id;
}

// What is held goes back behind the cancel, so that the broker does not send it to this consumer again.
RequestId ChannelCore::cancel(const QByteArray &consumerTag)
{
    const auto found = m_consumers.find(consumerTag);
    if (found == m_consumers.end() || found->second.cancelling)
        return 0;
    Consumer &consumer = found->second;
    consumer.cancelling = true;
    const RequestId id = request(BasicCancel{.consumerTag = QByteArrayView(consumerTag)});
    consumer.requeued = m_deliveries.giveBack(consumer.ledgerId, sender());
    return id;
}

Settling ChannelCore::settle(const DeliveryMarkPointer &delivery, Settlement how, bool multiple)
{
    if (!m_link || (delivery && delivery->generation != m_link->generation()))
        return Settling::NotUnsettled;
    // Of all, not with tag 0: to the broker that also is what is still on its way and was never shown.
    const quint64 tag = delivery ? delivery->deliveryTag : m_deliveries.lastShown();
    // It would wait for what never comes, or be void.
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

void ChannelCore::showMore()
{
    if (!m_deliveries.hasHeld())
        return;
    const auto *const last =
            m_context.events.empty() ? nullptr : std::get_if<ShowMore>(&m_context.events.back());
    if (!last || last->channel != m_number)
        m_context.events.push_back(ShowMore{m_number});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
