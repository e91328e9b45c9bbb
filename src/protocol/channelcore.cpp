// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <algorithm>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

ChannelCore::ChannelCore(ConnectionContext &context, quint16 number, quint64 nextPublishTag,
                         PrivateUser *user)
    : m_context(context)
    , m_user(user)
    , m_number(number)
    , m_waiting(context.waitingBytes)
    , m_nextTag(nextPublishTag)
    , m_publishes(context.events, number)
{
    m_context.log->opened(m_number);
    m_context.log->used(m_number);
}

ChannelCore::~ChannelCore() = default;

bool ChannelCore::isIdle() const
{
    return m_publishes.unconfirmed() == 0 && m_held.empty()
            && (!m_link || (m_link->isIdle() && !m_link->isSendingBody()))
            && std::all_of(m_waiting.begin(), m_waiting.end(),
                           [&](const WireCall &waiting) { return waiting.request.over; });
}

void ChannelCore::open(LinkContext &link) { m_link.emplace(link, *this); }

void ChannelCore::opened()
{
    if (!m_user) {
        m_context.events.append(ChannelOpened{m_number, m_link->generation()});
        if (std::exchange(m_wasOpen, true))
            setUp();
    }
    if (m_closeWanted)
        m_link->changeState(Cause::CloseCommand);
    pump();
}

void ChannelCore::close()
{
    if (std::exchange(m_closeWanted, true))
        return;
    if (m_context.isRecovering && !isOnLink()) // the broker has closed it with the link
        return finish({}, 0);
    m_context.timed.insert(m_number);
    releaseCalls();
    if (m_link)
        m_link->changeState(Cause::CloseCommand);
    if (isOnLink())
        pump();
}

// Closing waits for what was asked before, confirms included: RabbitMQ drops them otherwise.
void ChannelCore::closeIfIdle()
{
    if (state() != ChannelState::Draining)
        return;
    m_closeHeldUp.reset(); // something was done
    if (!isIdle() || !m_link->changeState(Cause::Answered))
        return;
    if (m_user)
        m_link->close();
    else
        m_context.events.append(ReadyToClose{m_number});
}

void ChannelCore::finishClose()
{
    if (isReadyToClose())
        m_link->close();
}

void ChannelCore::sendOrQueue(WireCall call)
{
    m_context.log->used(m_number);
    if (call.request.method)
        m_context.timed.insert(m_number);
    if (!m_held.empty() && isBehindHeld(call)) {
        m_held.push_back(std::move(call));
        return;
    }
    if (m_waiting.isEmpty() && m_link && m_link->takes(call) && !isHeldBack(call))
        return send(std::move(call));
    m_waiting.append(std::move(call));
}

void ChannelCore::send(WireCall call)
{
    if (call.confirming && !call.body.source) // else it counts when all of the body was sent
        m_publishes.sent();
    call.insertName();
    const quint32 method = call.request.method;
    m_context.topology.translate(method, call.method);
    if (method == TxCommit::info.id() || method == TxRollback::info.id())
        m_transactionBegun = false;
    else if (!method)
        noteTransaction();
    m_link->send(std::move(call));
}

void ChannelCore::pump()
{
    while (!m_waiting.isEmpty() && m_link->takes(m_waiting.first())
           && !isHeldBack(m_waiting.first()))
        send(m_waiting.takeFirst());
    closeIfIdle();
}

void ChannelCore::answered(const Request &request, Replied replied)
{
    if (m_user) {
        m_user->answered(request, replied);
        return pump();
    }
    if (isRecorded(request.method))
        m_context.topology.accepted(request.method, request.sent, replied.name, request.declared,
                                    m_context.turnTime);
    if (request.method == QueueDelete::info.id()) // a consumer may be waiting for it
        m_context.hasRecoveryLeft = true;
    switch (request.method) {
    case BasicConsume::info.id(): started(request); break;
    case ConfirmSelect::info.id():
    case TxSelect::info.id(): m_modeSelected = true; break;
    case QueueDeclare::info.id():
        request.declared->name = replied.name;
        request.declared->isComing = false;
        break;
    case BasicCancel::info.id():
        // If the broker cancelled the consumer first, the tag may belong to a new one by now.
        if (const auto consumer = m_consumers.find(request.consumerTag);
            consumer != m_consumers.end() && consumer->second.cancelling == request.id)
            replied.count = takeConsumer(request.consumerTag).requeued;
        break;
    case BasicRecover::info.id(): m_deliveries.recovered(); break;
    case TxCommit::info.id():
        m_deliveries.committed();
        showMore();
        break;
    case TxRollback::info.id(): m_deliveries.rolledBack(sender()); break;
    }
    if (request.origin == Request::Origin::SetUp)
        setUpAnswered(request);
    else if (!request.over && request.origin == Request::Origin::Application)
        m_context.events.append(std::move(replied));
    pump();
}

void ChannelCore::publishesSettled(quint64 sequence, bool multiple, Outcome outcome)
{
    if (!m_confirming || !m_publishes.settle(sequence, multiple, outcome))
        m_link->blame(
                ReplyCode::UnexpectedFrame,
                formatted(u"the broker answered for publish %1, which was never sent", sequence));
    closeIfIdle();
}

void ChannelCore::selectConfirms()
{
    m_confirming = true;
    request(ConfirmSelect{});
}

RequestId ChannelCore::selectTransactions()
{
    m_transactional = true;
    return request(TxSelect{});
}

bool ChannelCore::fitsFrame(const QAmqpMessage &message, quint32 frameMax)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    return d.properties.size() + ContentHeaderSize + FrameOverhead <= qsizetype(frameMax);
}

bool ChannelCore::waitingFitsFrames(quint32 frameMax) const
{
    return std::all_of(m_waiting.begin(), m_waiting.end(), [frameMax](const WireCall &waiting) {
        return waiting.method.size() + waiting.growth() + FrameOverhead <= qsizetype(frameMax)
                && fitsFrame(waiting.message, frameMax);
    });
}

quint64 ChannelCore::publish(const BasicPublish &method, const QAmqpMessage &message,
                             const QueueNamePointer &queue, StreamedBody body)
{
    if (queue && !queue->isComing && !body.source && sendsAtOnce()) {
        BasicPublish resolved = method;
        resolved.routingKey = queue->name;
        return publish(resolved, message, {}, std::move(body));
    }
    const quint64 tag = m_nextTag++;
    m_context.log->used(m_number);
    if (m_confirming) {
        m_publishes.published(tag);
        if (method.mandatory)
            m_publishes.mayReturn(
                    method.exchange,
                    queue ? queue
                          : QueueNamePointer(new QueueName(method.routingKey.toByteArray())),
                    message.bytes(QAmqpMessage::Property::MessageId));
    }
    if (sendsAtOnce() && !queue && !body.source) {
        noteTransaction();
        m_link->sendPublish(method, message);
        if (m_confirming)
            m_publishes.sent();
        return tag;
    }
    WireCall call = callOf(method);
    call.queue = queue;
    call.nameAt = 7; // of the routing key: the method's numbers, reserved-1 and exchange come first
    call.hasContent = true;
    call.confirming = m_confirming;
    call.message = message;
    m_streamedBodies += body.source != nullptr;
    call.body = std::move(body);
    sendOrQueue(std::move(call));
    return tag;
}

RequestId ChannelCore::requestEncoded(quint32 method, const QByteArray &encoded)
{
    WireCall call{.method = encoded};
    call.request = {.id = ++m_context.lastRequest, .method = method, .replies = repliesTo(method)};
    sendOrQueue(std::move(call));
    return m_context.lastRequest;
}

RequestId ChannelCore::awaitConfirm()
{
    m_publishes.await(++m_context.lastRequest);
    return m_context.lastRequest;
}

RequestId ChannelCore::awaitAllConfirms()
{
    if (m_ended) // a Replied behind ChannelClosed would find no channel object
        return 0;
    return m_publishes.awaitAll(++m_context.lastRequest) ? m_context.lastRequest : 0;
}

quint64 ChannelCore::firstWaitingTag() const
{
    return m_nextTag
            - quint64(std::count_if(m_waiting.begin(), m_waiting.end(),
                                    [](const WireCall &waiting) { return waiting.hasContent; }));
}

Deadline ChannelCore::await(TimePoint until, const QAmqpError &late)
{
    const Deadline deadline(until, ++m_context.lastRequest);
    m_context.awaited.emplace(
            deadline, Replied{.channel = m_number, .request = deadline.second, .error = late});
    return deadline;
}

// Ends a request that the broker will not answer any more.
void ChannelCore::endRequest(const Request &request, const QAmqpError &cause, bool wasSent,
                             bool isGuilty)
{
    if (request.declared)
        request.declared->isComing = false;
    if (!request.isAwaited())
        return;
    const QString name = methodName(request.method);
    QAmqpError error = cause;
    if (!isGuilty && cause.scope() == QAmqpError::Scope::Connection) {
        const bool hadLink = wasSent || cause.phase() >= QAmqpError::Phase::Open;
        error = m_context
                        .error(hadLink ? QAmqpError::Kind::ConnectionLost : cause.kind(),
                               cause.origin(),
                               wasSent ? u"%2 was sent to %1, and whether it was carried out is "
                                         "unknown: %3"
                                       : u"%2 was not sent to %1: %3",
                               name, cause.text())
                        .setEndpoint(cause.endpoint())
                        .setPhase(cause.phase())
                        .setCause(cause);
    } else if (!isGuilty) {
        const QString why = cause ? cause.text() : QStringLiteral("the channel was closed");
        error = operationError(QAmqpError::Kind::Cancelled, cause.origin(), u"%1 was given up: %2",
                               name, why)
                        .setCause(cause);
    }
    m_context.events.append(
            Replied{.channel = m_number, .request = request.id, .error = error.setMethod(name)});
}

// Returns whether this reports the cause to the caller of a request. confirm.select does not count, since the
// library sends it by itself, nor does basic.consume, which has no future.
bool ChannelCore::endSentRequests(const QAmqpError &cause, quint32 &guiltyMethod)
{
    bool reported = false;
    if (m_link)
        m_link->endRequests([&](const Request &request) {
            const bool isGuilty = request.method && request.method == guiltyMethod;
            if (isGuilty)
                guiltyMethod = 0;
            reported |= isGuilty && request.isAwaited()
                    && request.method != ConfirmSelect::info.id()
                    && request.method != BasicConsume::info.id();
            endRequest(request, cause, true, isGuilty);
        });
    return reported;
}

// Ends the waits for answers that are no replies of the broker, see await().
bool ChannelCore::endAwaited(const QAmqpError &cause)
{
    bool reported = false;
    for (auto next = m_context.awaited.begin(); next != m_context.awaited.end();) {
        const auto answer = next++;
        if (answer->second.channel != m_number)
            continue;
        Replied end = std::move(m_context.awaited.extract(answer).mapped());
        end.error = operationError(cause ? kindOfLoss(cause) : QAmqpError::Kind::Cancelled,
                                   cause.origin(), u"no reply can come any more: %1",
                                   cause ? cause.text() : QStringLiteral("the channel was closed"))
                            .setCause(cause);
        m_context.events.append(std::move(end));
        reported = true;
    }
    return reported;
}

void ChannelCore::linkLost(const QAmqpError &cause, quint32 &guiltyMethod)
{
    if (!m_link)
        return;
    m_link->lost();
    if (m_ended)
        return;
    m_context.events.append(ReadyToClose{m_number}); // before any slot hears of the end
    endSentRequests(cause, guiltyMethod);
    m_publishes.linkLost(cause);
    endAwaited(cause);
    m_deliveries.clear();
    m_context.events.append(ChannelLost{m_number, cause});
}

void ChannelCore::end(const QAmqpError &error)
{
    if (m_link)
        m_link->lost();
    finish(error, 0);
}

// Ends a channel that cannot go on, because an answer is missing or the peer broke the protocol. Its number
// stays taken until the broker, which may only be slow, has answered the close.
void ChannelCore::giveUp(const QAmqpError &error, quint32 guiltyMethod, ReplyCode code)
{
    const QByteArray why = error.text().toUtf8().left(MaxShortString);
    endBody(error);
    m_link->giveUp(code, code == ReplyCode::Success ? "Normal shutdown" : QByteArrayView(why));
    finish(error, guiltyMethod);
}

// Ends everything that was under way, and then the channel.
void ChannelCore::finish(const QAmqpError &error, quint32 guiltyMethod)
{
    if (!m_ended && m_settingUp > 0 && setUpRefused(error, guiltyMethod))
        return;
    if (std::exchange(m_ended, true))
        return;
    releaseCalls();
    if (m_user) {
        m_waiting.takeAll();
        m_user->ended(error, guiltyMethod);
        return;
    }
    m_context.events.append(ReadyToClose{m_number}); // before any slot hears of the end
    endBody(error);
    m_streamedBodies = 0;
    bool reported = endSentRequests(error, guiltyMethod);
    // The broker blames nothing that was not sent; it is we who give up what waits for too long.
    const bool isOurs = error.origin() == QAmqpError::Origin::Library;
    for (const WireCall &waiting : m_waiting.takeAll()) {
        const bool isGuilty = isOurs && guiltyMethod && waiting.request.method == guiltyMethod;
        if (isGuilty)
            guiltyMethod = 0;
        endRequest(waiting.request, error, false, isGuilty);
    }
    reported |= endAwaited(error);
    reported |= m_publishes.end(error);
    for (const auto &consumer : m_consumers)
        consumerGone(consumer.second);
    m_consumers.clear();
    forgetLastConsumer();
    m_deliveries.clear();
    m_context.events.append(ChannelClosed{m_number, error, reported});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
