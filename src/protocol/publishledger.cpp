// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/publishledger.h"

#include "values/errorkinds.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

PublishLedger::Watched &PublishLedger::watchNewest()
{
    const quint64 tag = m_entries.back().tag;
    if (m_watched.empty() || m_watched.back().tag != tag)
        m_watched.push_back({.tag = tag});
    return m_watched.back();
}

void PublishLedger::mayReturn(QByteArrayView exchange, const QueueNamePointer &routingKey,
                              const QByteArray &messageId)
{
    Watched &newest = watchNewest();
    newest.mayReturn = true;
    newest.exchange = exchange.toByteArray();
    newest.routingKey = routingKey;
    newest.messageId = messageId;
}

void PublishLedger::await(RequestId request) { watchNewest().request = request; }

bool PublishLedger::awaitAll(RequestId request)
{
    if (m_unreported == 0)
        return false;
    if (m_unconfirmed == 0) // all outcomes are known, and their events are in the queue
        endRequest(request, m_unreportedFailure);
    else
        m_awaitedAll.push_back({request, m_entries.back().tag, m_unconfirmed, m_unreportedFailure});
    return true;
}

bool PublishLedger::close(quint64 sequence)
{
    bool &open = m_entries[size_t(sequence - m_settled - 1)].open;
    m_unconfirmed -= open;
    return std::exchange(open, false);
}

// Closes the open publishes from sequence number `from` on, and calls settle(firstTag, lastTag) for each run
// of consecutive tags among them.
template<typename Settle>
void PublishLedger::closeUpTo(quint64 from, quint64 sequence, Settle settle)
{
    const auto tagOf = [this](quint64 n) { return m_entries[size_t(n - m_settled - 1)].tag; };
    while (from <= sequence) {
        if (!close(from)) {
            ++from;
            continue;
        }
        quint64 to = from;
        while (to < sequence && tagOf(to + 1) == tagOf(to) + 1 && close(to + 1))
            ++to;
        settle(tagOf(from), tagOf(to));
        from = to + 1;
    }
    for (; !m_entries.empty() && !m_entries.front().open; ++m_settled)
        m_entries.pop_front();
}

bool PublishLedger::settle(quint64 sequence, bool multiple, Outcome outcome)
{
    if (multiple && sequence == 0)
        sequence = m_sent;
    if (sequence > m_sent || (sequence == 0 && !multiple))
        return false;
    QAmqpError nack;
    if (outcome == Outcome::Nacked)
        nack = operationError(Kind::Nacked, Origin::Broker,
                              u"the broker refused the message (basic.nack); a queue may be full, "
                              "or the broker in trouble");
    if (sequence > m_settled)
        closeUpTo(multiple ? m_settled + 1 : sequence, sequence,
                  [&](quint64 first, quint64 last) { settleRun(first, last, outcome, nack); });
    return true;
}

void PublishLedger::settleRun(quint64 firstTag, quint64 lastTag, Outcome outcome,
                              const QAmqpError &error)
{
    if (!m_watched.empty() || !m_awaitedAll.empty() || error)
        endRequests(firstTag, lastTag, error);
    m_events.append(Settled{m_channel, outcome, firstTag, lastTag});
}

void PublishLedger::notSent(const QAmqpError &error)
{
    const auto entry = m_entries.begin() + qptrdiff(m_sent - m_settled);
    const quint64 tag = entry->tag;
    m_entries.erase(entry);
    --m_unconfirmed;
    settleRun(tag, tag, Outcome::Nacked, error);
}

void PublishLedger::endRequests(quint64 firstTag, quint64 lastTag, const QAmqpError &error)
{
    const auto before = [](const Watched &publish, quint64 tag) { return publish.tag < tag; };
    const auto first = std::lower_bound(m_watched.begin(), m_watched.end(), firstTag, before);
    const auto end = std::lower_bound(first, m_watched.end(), lastTag + 1, before);
    const bool isNack = error.kind() == Kind::Nacked;
    for (auto publish = first; publish != end; ++publish) {
        if (publish->request)
            endRequest(publish->request, isNack || !publish->returned ? error : publish->returned);
    }
    m_watched.erase(first, end);
    for (AwaitedAll &all : m_awaitedAll) {
        if (firstTag > all.lastTag)
            continue;
        all.remaining -= std::min(lastTag, all.lastTag) - firstTag + 1;
        if (!all.failure)
            all.failure = error;
    }
    for (; !m_awaitedAll.empty() && m_awaitedAll.front().remaining == 0; m_awaitedAll.pop_front())
        endRequest(m_awaitedAll.front().request, m_awaitedAll.front().failure);
    if (!error)
        return;
    if (!m_unreportedFailure)
        m_unreportedFailure = error;
    m_unreportedFailures += lastTag - firstTag + 1;
}

void PublishLedger::endRequest(RequestId request, const QAmqpError &error)
{
    m_events.append(Replied{.channel = m_channel, .request = request, .error = error});
}

// basic.return does not say which publish it is: that is found by exchange, routing key and message-id, the
// oldest first.
quint64 PublishLedger::returned(const Envelope &envelope, const QAmqpMessage &message,
                                quint16 replyCode, const QString &reason)
{
    const QByteArray id = message.bytes(QAmqpMessage::Property::MessageId);
    const auto publish = std::find_if(m_watched.begin(), m_watched.end(), [&](const Watched &w) {
        return w.mayReturn && w.messageId == id && w.routingKey->name == envelope.routingKey
                && w.exchange == envelope.exchange;
    });
    if (publish == m_watched.end())
        return 0;
    publish->mayReturn = false;
    publish->returned = operationError(
            Kind::Unroutable, Origin::Broker,
            u"the message to exchange \"%1\" with routing key \"%2\" reached no queue: %3",
            envelope.exchange, envelope.routingKey, reason);
    publish->returned.setReply(replyCode, reason);
    return publish->tag;
}

bool PublishLedger::linkLost(const QAmqpError &error, bool recovers)
{
    const QAmqpError cause = error ? error : givenUp(u"the channel was closed");
    QAmqpError indeterminate =
            operationError(recovers ? Kind::Interrupted : kindOfLoss(cause), cause.origin(),
                           u"the broker did not answer for the message, which may have arrived: %1",
                           cause.text())
                    .setReply(cause.replyCode(), cause.replyText())
                    .setCause(cause);
    if (cause.scope() == QAmqpError::Scope::Connection && !recovers)
        indeterminate.setScope(cause.scope());
    const auto requests = [this] {
        return m_awaitedAll.size()
                + std::size_t(std::count_if(m_watched.begin(), m_watched.end(),
                                            [](const Watched &w) { return w.request != 0; }));
    };
    const std::size_t before = requests();
    closeUpTo(m_settled + 1, m_sent, [&](quint64 first, quint64 last) {
        settleRun(first, last, Outcome::Indeterminate, indeterminate);
    });
    m_sent = m_settled = 0;
    return requests() < before;
}

bool PublishLedger::end(const QAmqpError &cause)
{
    m_sent = m_settled + m_entries.size();
    return linkLost(cause);
}

void PublishLedger::reported(const Settled &settled)
{
    const quint64 publishes = settled.lastTag - settled.firstTag + 1;
    m_unreported -= publishes;
    if (settled.outcome == Outcome::Confirmed)
        return;
    m_unreportedFailures -= publishes;
    if (m_unreportedFailures == 0)
        m_unreportedFailure = {};
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
