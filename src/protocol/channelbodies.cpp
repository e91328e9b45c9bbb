// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that sends bodies which are read meanwhile, and hands on those that arrive.

#include "protocol/channelcore.h"

#include "values/errorkinds.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The broker counts a message when all of it has come.
void ChannelCore::bodyRead(BodyPart &part)
{
    if (!m_link || !m_link->isBodyOf(part))
        return;
    if (part.size() < 0)
        return bodyFailed(part.source()->error());
    const bool isConfirming = m_link->bodyCall().confirming;
    if (!m_link->sendBodyPart(part))
        return;
    --m_streamedBodies;
    if (isConfirming)
        m_publishes.sent();
    goOn();
}

// What waited behind a body is sent, and the time of a request among it begins anew.
void ChannelCore::goOn()
{
    if (Request *const oldest = m_waiting.oldestRequest())
        oldest->oldestSince.reset();
    m_context.timed.insert(m_number);
    pump();
}

QAmqpError ChannelCore::notSentError(QAmqpError::Kind kind, QAmqpError::Origin origin,
                                     const QString &reason) const
{
    return operationError(kind, origin,
                          u"a message was not sent, since its body ended at byte %1 of %2: %3",
                          m_link->bodyBytesSent(), m_link->bodyCall().body.size, reason);
}

// The channel ends while it sends a body: that message has not arrived.
void ChannelCore::endBody(const QAmqpError &cause)
{
    if (!m_link || !m_link->isSendingBody())
        return;
    if (m_link->bodyCall().confirming) {
        QAmqpError error = cause;
        if (cause.kind() != QAmqpError::Kind::DeviceFailed)
            error = notSentError(cause ? kindOfLoss(cause) : QAmqpError::Kind::Cancelled,
                                 cause.origin(),
                                 cause ? cause.text() : QStringLiteral("the channel was closed"))
                            .setCause(cause);
        m_publishes.notSent(error.setScope(QAmqpError::Scope::Operation));
    }
    m_link->dropBody();
}

// A message that was begun cannot be taken back. If it was finished with other bytes, a queue would get it. So it
// stays unfinished, and with it the channel. Nothing can be sent on it any more, not even its close.
void ChannelCore::bodyFailed(const QString &reason)
{
    const QAmqpError error =
            notSentError(QAmqpError::Kind::DeviceFailed, QAmqpError::Origin::Application, reason);
    if (!m_link->isBodyUntouched() || !m_link->bodyCall().confirming)
        return giveUp(QAmqpError(error).setScope(QAmqpError::Scope::Channel), 0);
    m_context.log->add(qtAmqpChannel(), QtWarningMsg, error.text());
    m_link->dropBody();
    --m_streamedBodies;
    m_publishes.notSent(error);
    goOn();
}

void ChannelCore::setStreamFrom(const QByteArray &consumerTag, std::optional<quint64> size)
{
    const auto consumer = m_consumers.find(consumerTag);
    if (consumer == m_consumers.end())
        return;
    consumer->second.streamFrom = size;
    noteSinks();
}

void ChannelCore::noteSinks()
{
    m_hasSinks = std::any_of(m_consumers.begin(), m_consumers.end(), [](const auto &consumer) {
        return consumer.second.streamFrom.has_value();
    });
}

std::optional<quint64> ChannelCore::streamFromOf(const Assembler &content)
{
    if (content.start().method != BasicDeliver::info.id())
        return std::nullopt;
    const Consumer *const consumer = consumerOf(content.envelope()->consumerTag);
    return consumer ? consumer->streamFrom : std::nullopt;
}

// Returns null once the consumer is being cancelled: then its messages go back to the queue, and their bodies are
// dropped. But the broker has forgotten those that need no acknowledgement.
const ChannelCore::Consumer *ChannelCore::bodyConsumerOf(const Assembler &content)
{
    const Consumer *const consumer = consumerOf(content.envelope()->consumerTag);
    return consumer && (consumer->noAck || !consumer->cancelling) ? consumer : nullptr;
}

// The delivery counts when all of it has come: until then it cannot be settled, and if its consumer is cancelled it
// goes back to the queue.
void ChannelCore::bodyBegan(const Assembler &content)
{
    const Consumer *const consumer = bodyConsumerOf(content);
    if (!consumer)
        return;
    BodyBegan began;
    began.channel = m_number;
    began.redelivered = content.start().redelivered;
    began.fromStream = m_deliveries.isStream(consumer->ledgerId);
    began.isStreamed = true;
    began.generation = m_link->generation();
    began.deliveryTag = content.start().deliveryTag;
    began.consumer = consumer->id;
    began.envelope = content.envelope();
    began.message = content.messageWithoutBody();
    began.size = content.missing();
    m_context.events.append(std::move(began));
}

void ChannelCore::bodyArrived(const Assembler &content, QByteArrayView part)
{
    if (const Consumer *const consumer = bodyConsumerOf(content); consumer && !part.isEmpty())
        m_context.events.append(BodyArrived{m_number, consumer->id, part.toByteArray()});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
