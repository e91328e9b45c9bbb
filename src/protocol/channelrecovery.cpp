// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ChannelCore that outlives a link: what the loss of one means for everything under way, and how modes
// and consumers come back on the next one.

#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "protocol/replay.h"
#include "values/errorkinds.h"
#include "values/tableformat.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using namespace std::chrono_literals;

// The text says what is known of a request that was sent before the link was lost.
static QAmqpError interruptedError(const QString &what, const QAmqpError &cause)
{
    return operationError(
                   QAmqpError::Kind::Interrupted, cause.origin(),
                   u"%1 was under way when the link was lost, and whether it was carried out is unknown: %2",
                   what, cause.text())
            .setMethod(what)
            .setEndpoint(cause.endpoint())
            .setCause(cause);
}

void ChannelCore::endWell(RequestId request, quint32 count)
{
    m_context.events.append(Replied{.channel = m_number, .request = request, .count = count});
}

void ChannelCore::interrupted(const QAmqpError &cause, quint32 &guiltyMethod)
{
    if (!m_ended && isOnLink() && !m_user)
        interrupt(cause, guiltyMethod);
    else if (m_link)
        m_link->lost();
}

void ChannelCore::interrupt(const QAmqpError &cause, quint32 &guiltyMethod)
{
    releaseCalls();
    m_isBack = !m_wasOpen; // else the application has not heard of it yet
    m_context.events.append(ReadyToClose{m_number}); // before any slot hears of it
    m_waiting.takeIf(
            [](const WireCall &call) { return call.request.origin == Request::Origin::SetUp; });
    m_settingUp = 0;
    tearTransaction(cause);
    m_waiting.takeIf([](const WireCall &call) { return !call.request.method && !call.hasContent; });
    std::optional<WireCall>
            untouched; // a body of which nothing was sent comes behind what was asked before it
    if (m_link->isBodyUntouched() && !m_transactional) {
        untouched = m_link->takeBody();
        untouched->takeNameBack();
    } else if (m_link->isSendingBody()) {
        if (m_link->bodyCall().confirming)
            m_publishes.sent(); // in part, so that its outcome is as unknown as that of the others
        m_link->dropBody();
        --m_streamedBodies;
    }
    std::vector<WireCall> again;
    bool isInternal = cause.replyCode() == int(ReplyCode::InternalError) && !guiltyMethod;
    m_link->endRequests([&](Request &request) {
        if (request.origin != Request::Origin::Application || !request.isAwaited())
            return endUnderWay(request, cause, again);
        // For an internal error RabbitMQ blames nothing. What twice was the oldest one that it had not answered is
        // not asked a third time.
        const bool isSuspect = std::exchange(isInternal, false) && ++request.internalErrors >= 2;
        if (!isSuspect && (!guiltyMethod || request.method != guiltyMethod))
            return endUnderWay(request, cause, again);
        guiltyMethod = 0;
        endGuilty(request, cause);
    });
    m_link->lost();
    if (untouched)
        again.push_back(std::move(*untouched));
    for (const WireCall &call : m_waiting.takeIf([](const WireCall &waiting) {
             return waiting.request.method == BasicRecover::info.id();
         }))
        endWell(call.request.id);
    endCancelling(again);
    m_waiting.prepend(std::move(again));
    m_waiting.restartTimes();
    m_publishes.linkLost(cause, true);
    m_deliveries.clear(int(std::count_if(m_waiting.begin(), m_waiting.end(), [](const auto &call) {
        return call.request.method == TxCommit::info.id()
                || call.request.method == TxRollback::info.id();
    })));
    forgetLastConsumer();
    if (m_wasOpen)
        m_context.events.append(ChannelLost{m_number, cause});
    if (m_closeWanted) // the loss has closed it
        finish({}, 0);
}

// What happens to a request that was sent and not answered.
void ChannelCore::endUnderWay(Request &request, const QAmqpError &cause,
                              std::vector<WireCall> &again)
{
    const quint32 method = request.method;
    const bool isOurs = request.origin != Request::Origin::Application;
    if (!method || request.noWait || request.over || isOurs) {
        if (request.declared)
            request.declared->isComing = false;
        return;
    }
    if (method == BasicCancel::info.id()) {
        const auto isOfIt = [&](const auto &each) { return each.second.cancelling == request.id; };
        if (std::none_of(m_consumers.begin(), m_consumers.end(), isOfIt)) // the broker was faster
            endWell(request.id); // otherwise endCancelling() ends it
        return;
    }
    if (method == BasicRecover::info.id())
        return endWell(request.id);
    if (!isRepeatable(method)) {
        m_context.events.append(Replied{.channel = m_number,
                                        .request = request.id,
                                        .error = interruptedError(methodName(method), cause)});
        return;
    }
    request.oldestSince.reset();
    WireCall call;
    call.method = std::move(request.sent);
    call.prefetch = request.prefetch;
    call.request = std::move(request);
    again.push_back(std::move(call));
}

// The broker has closed the connection because of this request: if it was asked again, it would do that again.
void ChannelCore::endGuilty(const Request &request, const QAmqpError &cause)
{
    if (request.declared)
        request.declared->isComing = false;
    m_context.events.append(
            Replied{.channel = m_number,
                    .request = request.id,
                    .error = QAmqpError(cause).setMethod(methodName(request.method))});
    if (request.method == BasicConsume::info.id())
        giveUpConsumer(request.consumerTag, cause);
}

// The loss has ended the consumers that were being cancelled.
void ChannelCore::endCancelling(std::vector<WireCall> &again)
{
    QByteArrayList tags;
    for (const auto &[tag, consumer] : m_consumers) {
        if (consumer.cancelling)
            tags.append(tag);
    }
    for (const QByteArray &tag : std::as_const(tags)) {
        const Consumer consumer = takeConsumer(tag);
        const auto isOfIt = [&](const WireCall &call) {
            return call.request.id == consumer.id || call.request.id == consumer.cancelling;
        };
        m_waiting.takeIf(isOfIt);
        std::erase_if(again, isOfIt);
        if (!consumer.since) // else its basic.consume was answered
            endWell(consumer.id);
        endWell(consumer.cancelling, consumer.requeued);
    }
}

// A transaction of which a part was sent is rolled back by the broker. What is left of it must not be committed as if
// it were the whole.
void ChannelCore::tearTransaction(const QAmqpError &cause)
{
    if (!m_transactional)
        return;
    bool isTorn = std::exchange(m_transactionBegun, false);
    bool isOver = false; // behind its end, the next transaction is whole
    WireCall end;
    for (const WireCall &call : m_waiting) {
        if (call.request.method == TxCommit::info.id()
            || call.request.method == TxRollback::info.id())
            break;
        isTorn = isTorn || (!call.request.method && !call.hasContent);
    }
    if (!isTorn)
        return;
    const auto isPart = [&](const WireCall &call) {
        const quint32 method = call.request.method;
        const bool isEnd = method == TxCommit::info.id() || method == TxRollback::info.id();
        if (isOver || (method && !isEnd))
            return false;
        isOver = isEnd;
        return true;
    };
    for (const WireCall &call : m_waiting.takeIf(isPart)) {
        m_streamedBodies -= call.body.source != nullptr;
        if (call.request.method == TxCommit::info.id())
            m_context.events.append(
                    Replied{.channel = m_number,
                            .request = call.request.id,
                            .error = interruptedError(QStringLiteral("the transaction"), cause)});
        else if (call.request.method)
            endWell(call.request.id);
    }
    m_isTorn = !isOver;
}

// The application commits a transaction of which a part was lost. What came after the loss is rolled back too.
RequestId ChannelCore::refuseTorn()
{
    const RequestId id = ++m_context.lastRequest;
    m_context.events.append(Replied{
            .channel = m_number,
            .request = id,
            .error = operationError(
                    QAmqpError::Kind::Interrupted, QAmqpError::Origin::Transport,
                    u"tx.commit: the link was lost in the middle of this transaction, and a part of it with the link; all of it is rolled back")});
    WireCall call = callOf(TxRollback{});
    call.request = requestOf(TxRollback{}, ++m_context.lastRequest);
    call.request.origin = Request::Origin::Library;
    sendOrQueue(std::move(call));
    return id;
}

void ChannelCore::addSetUp(std::vector<WireCall> &calls, WireCall call)
{
    call.request.origin = Request::Origin::SetUp;
    calls.push_back(std::move(call));
    ++m_settingUp;
}

// Modes, consumers in the order in which they were made, and the prefetch of the channel come before everything else.
void ChannelCore::setUp()
{
    std::vector<WireCall> calls;
    const auto add = [&](const auto &method) {
        WireCall call = callOf(method);
        call.request = requestOf(method, ++m_context.lastRequest);
        addSetUp(calls, std::move(call));
    };
    m_settingUp = 0;
    if (!m_closeWanted)
        holdCalls();
    if (m_modeSelected)
        m_transactional ? add(TxSelect{}) : add(ConfirmSelect{});
    const QByteArrayList tags = consumersToResume();
    for (const QByteArray &tag : tags) {
        Consumer &consumer = m_consumers.at(tag);
        consumer.isAway = m_context.replay->isAway(consumer.queue);
        consumer.owesCancel = false;
        if (!consumer.isAway)
            addSetUp(calls, resumingCall(tag, consumer));
    }
    if (m_channelPrefetch > 0)
        add(BasicQos{.prefetchCount = m_channelPrefetch, .global = true});
    m_waiting.prepend(std::move(calls));
    if (m_settingUp == 0)
        setUpDone();
}

void ChannelCore::setUpDone()
{
    if (!std::exchange(m_isBack, true))
        m_context.events.append(ChannelRecovered{m_number});
}

void ChannelCore::setUpAnswered(const Request &request)
{
    --m_settingUp;
    if (request.method == BasicConsume::info.id()) {
        if (const auto consumer = m_consumers.find(request.consumerTag);
            consumer != m_consumers.end() && !consumer->second.isAway)
            m_context.events.append(ConsumerResumed{m_number, consumer->second.id});
    }
    if (m_settingUp == 0)
        setUpDone();
}

// The broker closes the whole connection for some of what it refuses.
bool ChannelCore::isSetUpBlamed(const QAmqpError &cause, quint32 guiltyMethod)
{
    const Request *const guilty =
            m_link && m_settingUp > 0 && guiltyMethod == BasicConsume::info.id()
            ? m_link->unanswered(guiltyMethod)
            : nullptr;
    if (!guilty || guilty->origin != Request::Origin::SetUp)
        return false;
    blame(guilty->consumerTag, cause);
    return true;
}

// The consumer has cost a link. One that costs the second one in a row is given up.
void ChannelCore::blame(const QByteArray &consumerTag, const QAmqpError &cause)
{
    constexpr int most = 2;
    if (const auto consumer = m_consumers.find(consumerTag);
        consumer != m_consumers.end() && ++consumer->second.blame >= most)
        giveUpConsumer(consumerTag, cause);
}

// The broker has closed the channel because it refuses to start a consumer again. That is not the application's
// error: the channel is opened once more, without that consumer.
bool ChannelCore::setUpRefused(const QAmqpError &error, quint32 guiltyMethod)
{
    const Request *const guilty = m_link ? m_link->unanswered(guiltyMethod) : nullptr;
    if (!guilty || guilty->origin != Request::Origin::SetUp
        || guiltyMethod != BasicConsume::info.id() || error.origin() != QAmqpError::Origin::Broker)
        return false;
    const QByteArray tag = guilty->consumerTag;
    const auto found = m_consumers.find(tag);
    m_settingUp = 0;
    if (found != m_consumers.end() && !waitsForQueue(found->second, error))
        giveUpConsumer(tag, error);
    m_context.hasRecoveryLeft = true;
    interrupt(error);
    return true;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
