// The part of ChannelCore that bounds how many messages come ahead of their acknowledgement: what the broker
// is told, and what becomes of one that takes no notice of it.

#include "protocol/channelcore.h"

#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

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
