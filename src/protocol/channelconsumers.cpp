// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that starts consumers again: on the next link, when their queue is back, or after the broker
// has cancelled them.

#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "protocol/replay.h"
#include "values/errorkinds.h"
#include "values/tableformat.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using namespace std::chrono_literals;
using Origin = Request::Origin;

void ChannelCore::started(const Request &request)
{
    const auto found = m_consumers.find(request.consumerTag);
    if (found == m_consumers.end())
        return;
    Consumer &consumer = found->second;
    Reader in(QByteArrayView(request.sent).sliced(4));
    const QByteArray queue = decode<BasicConsume>(in).queue.toByteArray();
    if (!consumer.since) {
        consumer.since = m_context.turnTime;
        if (consumer.returns)
            m_context.topology.seen(queue);
        m_context.topology.consumerStarted(queue);
        consumer.consume = request.sent;
    }
    consumer.prefetch = request.prefetch;
    consumer.queue = queue;
    consumer.runsSince = m_context.turnTime;
    consumer.refusals = consumer.blame = 0;
}

void ChannelCore::consumerGone(const Consumer &consumer)
{
    if (consumer.since)
        m_context.topology.consumerEnded(consumer.queue, m_context.turnTime);
}

// A stream goes on with the oldest message that is not settled. If none has come yet, it begins where it would have
// begun at first: "next" and "last" mean another message by now.
QByteArray ChannelCore::resumingConsume(const Consumer &consumer) const
{
    Reader in(QByteArrayView(consumer.consume).sliced(4));
    BasicConsume method = decode<BasicConsume>(in);
    if (!m_deliveries.mayBeStream(consumer.ledgerId))
        return consumer.consume;
    QAmqpTable arguments = decodeTable(method.arguments);
    const QString key = QStringLiteral("x-stream-offset");
    if (const std::optional<qint64> offset = m_deliveries.offsetToResume(consumer.ledgerId)) {
        arguments.insert(key, QAmqpValue(*offset));
    } else if (!m_deliveries.isStream(consumer.ledgerId)) {
        return consumer.consume;
    } else if (const QString from = arguments.value(key).toString();
               !from.isEmpty() && from != QLatin1StringView("first")) {
        const auto passed =
                std::chrono::ceil<std::chrono::seconds>(m_context.turnTime - *consumer.since);
        arguments.insert(key, formatted(u"%1s", std::max<qint64>(passed.count(), 1)));
    }
    const QByteArray encoded = encodeTable(arguments);
    method.arguments = encoded;
    return callOf(method).method;
}

WireCall ChannelCore::resumingCall(const QByteArray &consumerTag, const Consumer &consumer)
{
    WireCall call{.method = resumingConsume(consumer), .prefetch = consumer.prefetch};
    call.request = {.id = ++m_context.lastRequest,
                    .method = BasicConsume::info.id(),
                    .replies = replyIds(BasicConsume::Replies()),
                    .consumerTag = consumerTag,
                    .noAck = consumer.noAck};
    return call;
}

QByteArrayList ChannelCore::consumersToResume() const
{
    std::vector<std::pair<RequestId, QByteArray>> order;
    for (const auto &[tag, consumer] : m_consumers) {
        if (consumer.since && !consumer.cancelling)
            order.emplace_back(consumer.id, tag);
    }
    std::sort(order.begin(), order.end());
    QByteArrayList tags;
    for (const auto &[id, tag] : order)
        tags.append(tag);
    return tags;
}

QByteArray ChannelCore::queueOfConsumer(const QByteArray &consumerTag) const
{
    const auto consumer = m_consumers.find(consumerTag);
    return consumer == m_consumers.end() ? QByteArray() : consumer->second.queue;
}

void ChannelCore::giveUpConsumer(const QByteArray &consumerTag, const QAmqpError &reason)
{
    const Consumer consumer = takeConsumer(consumerTag);
    if (consumer.id)
        m_context.events.append(ConsumerCancelled{m_number, consumer.id, reason});
}

void ChannelCore::queueReturned(const QByteArray &queue)
{
    if (!isUsable() || isClosing())
        return;
    for (const QByteArray &tag : consumersToResume()) {
        Consumer &consumer = m_consumers.at(tag);
        if (!consumer.isAway || m_context.topology.current(consumer.queue) != queue)
            continue;
        consumer.isAway = false;
        WireCall call = resumingCall(tag, consumer);
        call.request.origin = Origin::SetUp;
        ++m_settingUp;
        m_context.timed.insert(m_number);
        m_waiting.prepend(std::move(call)); // what waits is held back until it is answered
    }
    pump();
}

void ChannelCore::queueLost(const QByteArray &queue, const QAmqpError &reason)
{
    for (const QByteArray &tag : consumersToResume()) {
        const Consumer &consumer = m_consumers.at(tag);
        if (consumer.isAway && m_context.topology.current(consumer.queue) == queue)
            giveUpConsumer(tag, reason);
    }
}

// The broker ended a subscription, mostly because its queue is gone. RabbitMQ asks for no reply; it
// wants to see the consumer cancelled from this side too before it forgets it (4.3, quorum queues).
void ChannelCore::cancelled(const QByteArray &consumerTag)
{
    const auto found = m_consumers.find(consumerTag);
    if (found == m_consumers.end() || found->second.isAway)
        return;
    Consumer &consumer = found->second;
    if (!consumer.cancelling) // a second basic.cancel could mean a new consumer of the same tag
        answer(BasicCancel{.consumerTag = QByteArrayView(consumerTag), .noWait = true});
    m_deliveries.giveBack(consumer.ledgerId, sender());
    if (comesBack(consumer)) {
        consumer.isAway = true;
        m_deliveries.interrupted(consumer.ledgerId);
        m_context.events.append(ConsumerInterrupted{m_number, consumer.id});
    } else {
        m_context.events.append(ConsumerCancelled{m_number, takeConsumer(consumerTag).id});
    }
}

// The broker may delete a queue that belonged to the old link after it was declared and consumed on the new one.
// Otherwise the consumer is started again only if the application wants that, and not at once when the broker cancels
// it again and again.
bool ChannelCore::comesBack(Consumer &consumer)
{
    constexpr auto longRun = 10s;
    constexpr int largestShift = 8;
    const Topology::Entity *const queue = m_context.topology.queue(consumer.queue);
    if (!consumer.since || consumer.cancelling || !queue || m_closeWanted)
        return false;
    const TimePoint now = m_context.turnTime;
    const bool isSoon =
            m_context.isRecovering || (m_context.graceUntil && now < *m_context.graceUntil);
    if (isSoon && queue->diesWithLink && mayComeBack(consumer)) {
        ++consumer.refusals;
        missing({.name = consumer.queue});
        return true;
    }
    if (!consumer.returns || !m_context.replay->mayDeclareAgain(consumer.queue))
        return false;
    consumer.cancels = now - consumer.runsSince < longRun ? consumer.cancels + 1 : 0;
    const auto delay = std::min(100ms * (1 << std::min(consumer.cancels, largestShift)), 30'000ms);
    missing({.name = consumer.queue, .from = now + delay});
    return true;
}

bool ChannelCore::mayComeBack(const Consumer &consumer) const
{
    constexpr int most = 3;
    return consumer.refusals <= most && m_context.replay->mayDeclareAgain(consumer.queue);
}

void ChannelCore::missing(MissingQueue queue)
{
    m_missingQueues.push_back(std::move(queue));
    m_context.hasRecoveryLeft = true;
}

// A queue may have been deleted with the old link after it was declared, and an exclusive one, or an exclusive
// consumer, may still belong to it.
ChannelCore::Remedy ChannelCore::remedyFor(const Consumer &consumer, const QAmqpError &error) const
{
    constexpr auto patience = 60s;
    switch (ReplyCode(error.replyCode())) {
    case ReplyCode::NotFound: return mayComeBack(consumer) ? Remedy::DeclareAgain : Remedy::GiveUp;
    case ReplyCode::AccessRefused:
        if (!error.replyText().contains(QLatin1StringView("exclusive")))
            return Remedy::GiveUp;
        [[fallthrough]];
    case ReplyCode::ResourceLocked:
        return m_context.turnTime - consumer.refusedSince < patience ? Remedy::Retry
                                                                     : Remedy::GiveUp;
    default: return Remedy::GiveUp;
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
