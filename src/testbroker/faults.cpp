// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// When faults happen, and what is done then.

#include "testbroker/faults.h"

#include "testbroker/connection.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using Kind = QAmqpTestFault::Kind;
using Trigger = QAmqpTestFault::Trigger;
using Moment = QAmqpTestFault::Moment;

static quint32 methodId(const QString &name)
{
    quint32 id = 0;
    const auto tryMethod = [&](const MethodInfo &info) {
        if (name == QLatin1StringView(info.name))
            id = info.id();
    };
    [&]<typename... Methods>(TypeList<Methods...>) {
        (tryMethod(Methods::info), ...);
    }(AllMethods());
    return id;
}

// These ask at each login, open or publish whether they happen.
static bool isUsed(Kind kind)
{
    return kind == Kind::RefuseLogin || kind == Kind::RefuseVirtualHost
            || kind == Kind::NackPublishes || kind == Kind::ReturnPublishes;
}

static bool endsLink(Kind kind)
{
    return kind == Kind::Drop || kind == Kind::Reset || kind == Kind::HalfClose
            || kind == Kind::Stall || kind == Kind::Restart;
}

static bool answers(Kind kind)
{
    return kind == Kind::CloseChannel || kind == Kind::CloseConnection
            || kind == Kind::RefuseResources;
}

static qint64 allowedTimes(const QAmqpTestFault &fault)
{
    if (fault.times() <= 0)
        return -1;
    const bool isCounted =
            fault.kind() == Kind::NackPublishes || fault.kind() == Kind::ReturnPublishes;
    return qint64(fault.times()) * (isCounted ? std::max(fault.count(), 0) : 1);
}

RequestedFault::RequestedFault(const QAmqpTestFault &request)
    : fault(request), method(methodId(request.method())), left(allowedTimes(request))
{
}

bool RequestedFault::happens()
{
    if (left > 0)
        --left;
    else if (left == 0)
        return false;
    return true;
}

LinkFaults::LinkFaults(Connection &connection) : m_connection(connection) { }
LinkFaults::~LinkFaults() { m_connection.core().forgetFaults(this); }

TimePoint LinkFaults::now() const { return m_connection.now(); }

void LinkFaults::add(const FaultPointer &fault)
{
    const QAmqpTestFault &what = fault->fault;
    Armed armed{fault};
    if (what.trigger() == Trigger::ReceivedByte)
        armed.count = m_received;
    else if (what.trigger() == Trigger::SentByte)
        armed.count = m_sent;
    if (what.trigger() == Trigger::Elapsed && m_connection.isOpen() && !m_openedAt)
        m_openedAt = now();
    m_armed.push_back(armed);
    const bool isAtOnce =
            what.trigger() == Trigger::Immediately && what.kind() != Kind::RefuseResources;
    const bool isAtByte =
            what.trigger() == Trigger::ReceivedByte || what.trigger() == Trigger::SentByte;
    if (isAtOnce || (isAtByte && what.position() == 0))
        trigger(m_armed.back(), 0, 0);
    happen();
}

void LinkFaults::clear()
{
    m_armed.clear();
    m_pending.clear();
    m_delay = {};
    m_bytesPerSecond = 0;
    m_splits = m_losesUnconfirmed = m_garblesIn = false;
    m_garbledByte = NoByte;
    m_inFree = m_outFree = {};
    m_lastPiece.reset();
    if (std::exchange(m_isStalled, false))
        m_lastByte = NoByte;
    for (Unconfirmed &held : m_unconfirmed)
        held.confirmedAt = 0;
    confirmsSent();
    for (Piece &piece : m_in)
        piece.due = now();
    for (Piece &piece : m_out)
        piece.due = now();
    readOn();
    m_connection.core().ready(m_connection);
}

bool LinkFaults::uses(Kind kind)
{
    for (const Armed &armed : m_armed) {
        if (armed.isTriggered && armed.request->fault.kind() == kind && armed.request->happens())
            return true;
    }
    return false;
}

bool LinkFaults::comes(Trigger what, quint32 method, quint16 channel)
{
    bool isReplaced = false;
    for (Armed &armed : m_armed) {
        const QAmqpTestFault &fault = armed.request->fault;
        const bool isOpening = fault.kind() == Kind::RefuseResources
                && fault.trigger() == Trigger::Immediately && what == Trigger::Method
                && method == ConnectionOpen::info.id();
        const bool isMeant = fault.trigger() == what
                && (what != Trigger::Method || armed.request->method == method);
        if (armed.isTriggered || (!isOpening && (!isMeant || ++armed.count < fault.position())))
            continue;
        const size_t before = m_pending.size();
        trigger(armed, method, channel);
        isReplaced = isReplaced
                || (m_pending.size() > before && answers(fault.kind()) && what != Trigger::Delivery
                    && fault.moment() == Moment::InsteadOfAnswer);
    }
    return isReplaced;
}

// What lasts begins at once; the rest happens when what is going on is done.
void LinkFaults::trigger(Armed &armed, quint32 method, quint16 channel)
{
    armed.isTriggered = true;
    const QAmqpTestFault &fault = armed.request->fault;
    if (isUsed(fault.kind()) || !armed.request->happens())
        return;
    switch (fault.kind()) {
    case Kind::Throttle: m_bytesPerSecond = std::max(fault.bytesPerSecond(), qint64(1)); return;
    case Kind::Delay: m_delay = std::max(fault.delay(), std::chrono::milliseconds(0)); return;
    case Kind::SplitOddly: m_splits = true; return;
    case Kind::LoseUnconfirmed: m_losesUnconfirmed = true; return;
    default: break;
    }
    const bool hasAnswer = fault.trigger() == Trigger::Publish
            || fault.trigger() == Trigger::Delivery || fault.trigger() == Trigger::Method;
    const bool isInstead = hasAnswer && fault.moment() == Moment::InsteadOfAnswer;
    const qint64 byte = fault.trigger() == Trigger::SentByte ? m_sent : produced();
    if (endsLink(fault.kind()) && (isInstead || fault.trigger() == Trigger::SentByte))
        m_lastByte = std::min(m_lastByte, byte);
    m_pending.push_back({armed.request, method, channel,
                         isInstead || fault.trigger() == Trigger::SentByte ? byte : NoByte});
    m_connection.core().putOff(*this);
}

void LinkFaults::triggerAt(Trigger what, qint64 position)
{
    for (Armed &armed : m_armed) {
        const QAmqpTestFault &fault = armed.request->fault;
        if (!armed.isTriggered && fault.trigger() == what
            && armed.count + fault.position() <= position)
            trigger(armed, 0, 0);
    }
}

// How many bytes may pass until the next fault.
qint64 LinkFaults::untilTrigger(Trigger what, qint64 position, qint64 most) const
{
    for (const Armed &armed : m_armed) {
        const QAmqpTestFault &fault = armed.request->fault;
        if (!armed.isTriggered && fault.trigger() == what)
            most = std::min(most, std::max(armed.count + fault.position() - position, qint64(1)));
    }
    return most;
}

// Answers that come late have to be written before what comes after them.
void LinkFaults::happen()
{
    const auto isAfter = [](const Pending &pending) { return pending.byte == NoByte; };
    if (std::any_of(m_pending.begin(), m_pending.end(), isAfter))
        m_connection.core().settleChannels();
    const auto all = std::exchange(m_pending, {});
    for (const Pending &pending : all)
        happen(pending);
    if (!all.empty() && m_lastByte == NoByte) {
        for (const auto &[number, channel] : m_connection.channels())
            channel->wantsMore();
    }
}

static QByteArray textOf(const QAmqpTestFault &fault)
{
    if (!fault.text().isEmpty())
        return fault.text().toUtf8();
    return fault.kind() == Kind::Block ? "low on memory" : "Closed by the test";
}

void LinkFaults::happen(const Pending &pending)
{
    const QAmqpTestFault &fault = pending.request->fault;
    const QByteArray text = textOf(fault);
    const qint64 byte = pending.byte == NoByte ? produced() : pending.byte;
    if (endsLink(fault.kind()))
        m_lastByte = std::min(m_lastByte, byte);
    switch (fault.kind()) {
    case Kind::Drop: return m_connection.closeLink(Connection::End::Close);
    case Kind::Reset: return m_connection.closeLink(Connection::End::Reset);
    case Kind::HalfClose: return m_connection.halfClose();
    case Kind::Stall: m_isStalled = true; return;
    case Kind::Restart:
        return m_connection.core().restart(BrokerCore::Stop::Killed, m_connection.now());
    case Kind::Garble:
        if (fault.trigger() == Trigger::ReceivedByte)
            m_garblesIn = true;
        else
            m_garbledByte = byte;
        return;
    case Kind::Block: return m_connection.core().block(text, now());
    case Kind::CancelConsumers: return cancelConsumers(fault.queue().toUtf8());
    case Kind::CloseChannel: return closeChannels(pending);
    case Kind::CloseConnection:
    case Kind::RefuseResources:
        return m_connection.close(refuse(ReplyCode(fault.replyCode()), text), pending.method);
    default: return;
    }
}

void LinkFaults::closeChannels(const Pending &pending)
{
    const QAmqpTestFault &fault = pending.request->fault;
    const Refusal why = refuse(ReplyCode(fault.replyCode()), textOf(fault));
    for (const auto &[number, channel] : m_connection.channels()) {
        if (pending.channel == 0 || pending.channel == number)
            channel->close(why, pending.method);
    }
}

void LinkFaults::cancelConsumers(const QByteArray &queue)
{
    if (!m_connection.host())
        return;
    std::vector<Consumer *> consumers;
    if (const QueuePointer meant = m_connection.host()->queue(queue)) {
        consumers = meant->consumers();
    } else if (queue.isEmpty()) {
        for (const auto &[number, channel] : m_connection.channels()) {
            for (const auto &[tag, consumer] : channel->consumers())
                consumers.push_back(consumer.get());
        }
    }
    for (Consumer *consumer : consumers)
        consumer->channel->queueGone(consumer);
}

void LinkFaults::opened()
{
    m_openedAt = now();
    timeout();
}

void LinkFaults::timeout()
{
    m_lastPiece.reset();
    if (m_openedAt) {
        const auto sinceOpen =
                std::chrono::duration_cast<std::chrono::milliseconds>(now() - *m_openedAt);
        triggerAt(Trigger::Elapsed, sinceOpen.count());
    }
    const bool hadInput = !m_in.empty();
    readOn();
    m_looked = now();
    if (m_outSize > 0 || hadInput) // there may be room for more input again
        m_connection.core().ready(m_connection);
}

std::optional<TimePoint> LinkFaults::nextTimeout() const
{
    std::optional<TimePoint> next;
    for (const Armed &armed : m_armed) {
        const QAmqpTestFault &fault = armed.request->fault;
        if (!armed.isTriggered && fault.trigger() == Trigger::Elapsed && m_openedAt)
            next = earlier(next,
                           timeAfter(*m_openedAt, std::chrono::milliseconds(fault.position())));
    }
    if (!m_in.empty() && !m_isStalled)
        next = earlier(next, std::max(m_in.front().due, m_inFree));
    if (m_lastPiece && outputSize() > 0)
        return earlier(next, m_lastPiece);
    // What could have been taken by now waits for the client, not for the time.
    if (!m_out.empty() && std::max(m_out.front().due, m_outFree) > m_looked)
        next = earlier(next, std::max(m_out.front().due, m_outFree));
    return next;
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
