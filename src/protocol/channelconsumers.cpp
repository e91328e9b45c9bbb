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

// Since it ran last. One that the broker refuses or cancels more often is given up.
constexpr int MostRefusals = 5;

static BasicCancel cancelOf(const QByteArray &consumerTag)
{
    return {.consumerTag = QByteArrayView(consumerTag), .noWait = true};
}

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
        if (!queue.startsWith("amq.rabbitmq.")) // else it is no real queue, and always there
            m_context.topology.seen(queue);
        m_context.topology.consumerStarted(queue);
        consumer.consume = request.sent;
    }
    consumer.prefetch = request.prefetch;
    consumer.queue = queue;
    if (consumer.isAway) // the broker has cancelled it already
        return;
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
    method.queue = consumer.queue; // it may have had many names since the first one
    if (!m_deliveries.mayBeStream(consumer.ledgerId))
        return callOf(method).method;
    QAmqpTable arguments = decodeTable(method.arguments);
    const QString key = QStringLiteral("x-stream-offset");
    if (const std::optional<qint64> offset = m_deliveries.offsetToResume(consumer.ledgerId)) {
        arguments.insert(key, QAmqpValue(*offset));
    } else if (!m_deliveries.isStream(consumer.ledgerId)) {
        return callOf(method).method;
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
    if (!m_held.empty()) {
        releaseCalls();
        holdCalls(); // those about other queues
    }
    for (const QByteArray &tag : consumersToResume()) {
        Consumer &consumer = m_consumers.at(tag);
        if (!consumer.isAway || m_context.topology.current(consumer.queue) != queue)
            continue;
        consumer.isAway = false;
        WireCall call = resumingCall(tag, consumer);
        call.request.origin = Request::Origin::SetUp;
        ++m_settingUp;
        m_context.timed.insert(m_number);
        m_waiting.prepend(std::move(call)); // what waits is held back until it is answered
        if (std::exchange(consumer.owesCancel, false)) {
            WireCall answer = callOf(cancelOf(tag));
            answer.request.origin = Request::Origin::SetUp;
            m_waiting.prepend(std::move(answer));
        }
    }
    pump();
}

// The application has deleted the queue, or nobody uses it any more. What is asked about it is for the broker to answer.
void ChannelCore::endForgottenConsumers()
{
    if (!m_held.empty() && isUsable()) {
        releaseCalls();
        holdCalls();
        pump();
    }
    QByteArrayList tags;
    for (const auto &[tag, consumer] : m_consumers) {
        if (consumer.isAway && !consumer.cancelling && !m_context.topology.queue(consumer.queue))
            tags.append(tag);
    }
    for (const QByteArray &tag : std::as_const(tags))
        giveUpConsumer(tag,
                       operationError(QAmqpError::Kind::Cancelled, QAmqpError::Origin::Broker,
                                      u"queue \"%1\" was deleted while its consumer waited for it",
                                      m_consumers.at(tag).queue));
}

void ChannelCore::queueLost(const QByteArray &queue, const QAmqpError &reason)
{
    for (const QByteArray &tag : consumersToResume()) {
        const Consumer &consumer = m_consumers.at(tag);
        if (!consumer.isAway || m_context.topology.current(consumer.queue) != queue)
            continue;
        if (consumer.owesCancel && isOnLink())
            answer(cancelOf(tag));
        giveUpConsumer(tag, reason);
    }
    for (WireCall &call : std::exchange(m_held, {})) {
        const QByteArray name = Topology::queueNamed(call.request.method, call.method);
        if (m_context.topology.current(name) != queue) {
            m_held.push_back(std::move(call));
            continue;
        }
        endRequest(call.request, reason, false, true);
        if (call.request.method == BasicConsume::info.id())
            giveUpConsumer(call.request.consumerTag, reason);
    }
    closeIfIdle();
}

// The broker ended a subscription, mostly because its queue is gone. RabbitMQ asks for no reply; it
// wants to see the consumer cancelled from this side too before it forgets it (4.3, quorum queues).
void ChannelCore::cancelled(const QByteArray &consumerTag)
{
    const auto found = m_consumers.find(consumerTag);
    if (found == m_consumers.end() || found->second.isAway)
        return;
    Consumer &consumer = found->second;
    m_deliveries.giveBack(consumer.ledgerId, sender());
    if (comesBack(consumer)) {
        // What waits to be sent might hold the answer up, so it comes with the next basic.consume.
        consumer.isAway = consumer.owesCancel = true;
        consumer.ledgerId = m_deliveries.renew(consumer.ledgerId);
        m_context.events.append(ConsumerInterrupted{m_number, consumer.id});
    } else {
        if (!consumer.cancelling) // a second basic.cancel could mean a new consumer of the same tag
            answer(cancelOf(consumerTag));
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
    if (!consumer.since || consumer.cancelling || !queue || m_closeWanted
        || !m_context.replay->mayReturn(consumer.queue))
        return false;
    const TimePoint now = m_context.turnTime;
    const bool isSoon =
            m_context.isRecovering || (m_context.graceUntil && now < *m_context.graceUntil);
    if (!consumer.returns
        && !(isSoon && queue->diesWithLink && ++consumer.refusals <= MostRefusals))
        return false;
    consumer.cancels = now - consumer.runsSince < longRun ? consumer.cancels + 1 : 1;
    const auto delay = std::min(50ms * (1 << std::min(consumer.cancels, largestShift)), 10'000ms);
    missing({.name = consumer.queue, .from = now + delay, .isPatient = consumer.returns});
    return true;
}

// A queue may have been deleted with the old link after it was declared, or still belong to that link, as an exclusive
// one or one that has an exclusive consumer. The consumer does not start before the queue is seen to be there and free.
bool ChannelCore::waitsForQueue(Consumer &consumer, const QAmqpError &error)
{
    constexpr int largestShift = 9;
    const auto code = ReplyCode(error.replyCode());
    const bool isTaken = code == ReplyCode::AccessRefused
            && error.replyText().contains(QLatin1StringView("exclusive"));
    if (!isTaken && code != ReplyCode::ResourceLocked && code != ReplyCode::NotFound)
        return false;
    if (!m_context.replay->mayReturn(consumer.queue)
        || (++consumer.refusals > MostRefusals && !consumer.returns))
        return false;
    const auto delay = 50ms * (1 << std::min(consumer.refusals - 1, largestShift));
    missing({.name = consumer.queue,
             .from = m_context.turnTime + delay,
             .isPatient = consumer.returns,
             .until = !isTaken            ? MissingQueue::Until::IsThere
                     : consumer.exclusive ? MissingQueue::Until::IsFree
                                          : MissingQueue::Until::IsShared});
    return true;
}

std::vector<MissingQueue> ChannelCore::queuesToAwait() const
{
    std::vector<MissingQueue> queues;
    for (const QByteArray &tag : consumersToResume()) {
        const Consumer &consumer = m_consumers.at(tag);
        if (consumer.exclusive || consumer.returns)
            queues.push_back({.name = consumer.queue,
                              .isPatient = consumer.returns,
                              .until = consumer.exclusive ? MissingQueue::Until::IsFree
                                                          : MissingQueue::Until::IsThere});
    }
    return queues;
}

void ChannelCore::missing(MissingQueue queue)
{
    m_missingQueues.push_back(std::move(queue));
    m_context.hasRecoveryLeft = true;
}

// What waits to be asked about a queue that is not back yet is asked when it is. The broker would close the channel
// for it.
void ChannelCore::holdCalls()
{
    m_held = m_waiting.takeIf([this](const WireCall &call) {
        const quint32 method = call.request.method;
        return method && m_context.replay->holds(Topology::queueNamed(method, call.method));
    });
}

// What is asked about the same queue keeps its order.
bool ChannelCore::isBehindHeld(const WireCall &call) const
{
    const auto queueOf = [](const WireCall &each) {
        return Topology::queueNamed(each.request.method, each.method);
    };
    const QByteArray queue = call.request.method ? queueOf(call) : QByteArray();
    return !queue.isEmpty() && std::any_of(m_held.begin(), m_held.end(), [&](const WireCall &held) {
        return queueOf(held) == queue;
    });
}

void ChannelCore::releaseCalls() { m_waiting.prepend(std::exchange(m_held, {})); }

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
