// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that takes messages: whose they are, and how many come ahead of their
// acknowledgement.

#include "protocol/channelcore.h"

#include "values/errorkinds.h"

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
    Delivered content{m_number, start.redelivered, start.deliveryTag, arrived.envelope(),
                      arrived.takeMessage()};
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
    if (!get.over && excess.isEmpty()) {
        if (!get.noAck)
            m_deliveries.delivered(content.deliveryTag, DeliveryLedger::Nobody);
        m_context.events.push_back(Got{std::move(content), get.id, remaining});
    } else if (!get.over) {
        m_context.events.push_back(Replied{.channel = m_number,
                                           .request = get.id,
                                           .error = tooLarge(content, excess, get.noAck)});
        if (!get.noAck)
            putBack(content.deliveryTag, false);
    } else if (!get.noAck) { // nobody waits for it any more
        putBack(content.deliveryTag, true);
    }
    closeIfIdle();
}

// Sent again it would only come again: it is rejected, for the queue's dead letters, if it has any.
void ChannelCore::discard(Delivered delivered, const Consumer &consumer, const QString &excess)
{
    if (m_recovering > 0 && !consumer.noAck) // it comes again, with a tag that can be rejected
        return;
    const quint64 tag = delivered.deliveryTag;
    const bool ofStream = consumer.fromStream || !mayGoBack(delivered.message);
    const QAmqpError error = tooLarge(delivered, excess, consumer.noAck);
    m_context.events.push_back(Discarded{std::move(delivered), error});
    if (ofStream && !consumer.noAck)
        answer(BasicAck{tag, false});
    else if (!consumer.noAck)
        answer(BasicNack{tag, false, false});
}

// Messages that nobody will look at go back to the queue; those of a consumer without acknowledgement
// cannot, and reach the application even while it cancels.
void ChannelCore::deliver(Delivered delivered, const QString &excess)
{
    const auto consumer = m_consumers.find(delivered.envelope->consumerTag);
    if (!m_link->acceptTag(delivered.deliveryTag, consumer != m_consumers.end() && consumer->noAck))
        return;
    if (consumer != m_consumers.end() && (!consumer->cancelling || consumer->noAck)) {
        if (!excess.isEmpty())
            discard(std::move(delivered), *consumer, excess);
        else if (consumer->noAck || heedsPrefetch(*consumer, delivered))
            m_context.events.push_back(std::move(delivered));
        return;
    }
    if (!mayGoBack(delivered.message))
        return;
    if (consumer != m_consumers.end())
        ++consumer->requeued;
    putBack(delivered.deliveryTag, true);
}

// What nobody has seen. Unless the broker takes it back itself: to refuse what was on its way when it was
// told to recover is an unknown delivery tag (406).
void ChannelCore::putBack(quint64 deliveryTag, bool requeue)
{
    if (m_recovering == 0)
        answer(BasicNack{deliveryTag, false, requeue});
}

// RabbitMQ closes the connection (540) over a basic.nack for what a stream delivered. Nothing is lost
// there without it, nor on a queue to which such a message was copied with its headers: it goes back
// when the channel closes.
bool ChannelCore::mayGoBack(const QAmqpMessage &message)
{
    return !message.headers().contains(QStringLiteral("x-stream-offset"));
}

RequestId ChannelCore::setPrefetch(quint16 messages, bool ofChannel)
{
    const RequestId id = request(BasicQos{.prefetchCount = messages, .global = ofChannel});
    if (ofChannel) {
        m_channelPrefetch = messages;
        m_deliveries.channelPrefetch(messages);
    } else {
        m_prefetch = m_prefetchSent = messages;
        m_deliveries.consumerPrefetch(messages);
        renewChannelPrefetch();
    }
    return id;
}

void ChannelCore::usePrefetch(quint16 messages)
{
    if (m_prefetchSent == messages)
        return;
    m_prefetchSent = messages;
    request(BasicQos{.prefetchCount = messages});
    m_deliveries.consumerPrefetch(messages);
    renewChannelPrefetch();
}

// RabbitMQ drops the limit of the channel when it is told that of the next consumers.
void ChannelCore::renewChannelPrefetch()
{
    if (m_channelPrefetch == 0)
        return;
    request(BasicQos{.prefetchCount = m_channelPrefetch, .global = true});
    m_deliveries.channelPrefetch(m_channelPrefetch);
}

// False if the peer takes no notice of the prefetch: the channel closes then. A lawful broker goes far beyond
// it in two ways, which are believed: a stream sends whole chunks as long as there is credit at all, and
// what went back to a queue whose node was lost comes again though it is still unsettled here. Whoever
// holds these back bounds them.
bool ChannelCore::heedsPrefetch(const Consumer &consumer, const Delivered &delivered)
{
    m_deliveries.delivered(delivered.deliveryTag, consumer.ledgerId);
    if (!m_deliveries.isFlooded(consumer.ledgerId) || delivered.redelivered
        || !mayGoBack(delivered.message))
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

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
