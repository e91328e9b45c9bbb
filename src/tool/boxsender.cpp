// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "boxsender.h"

#include "filebox.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

using Kind = QAmqpError::Kind;

BoxSender::BoxSender(Run &run)
    : m_run(run)
    , m_window(windowOf(run.arguments()))
    , m_link(run)
    , m_box(std::make_unique<QAmqpOutbox>())
{
    m_box->setMaximumCount(0); // isReady() says how much it takes
    m_box->setMaximumBytes(0);
    m_box->setAddsMessageIds(false); // a message is sent as it was given
    m_link.open([this] { return m_link.connection().isOpen(); });
    begin();
}

BoxSender::BoxSender(Run &run, const QString &fileName)
    : m_run(run)
    , m_fileName(fileName)
    , m_window(windowOf(run.arguments()))
    , m_link(run)
    , m_box(openFileBox(fileName))
{
    m_tally.hasFile = true;
    m_tally.earlier = quint64(m_box->count());
    run.setLossNote(u"messages wait in %1"_s.arg(fileName));
    run.setPatient();
    m_link.openLater();
    begin();
}

void BoxSender::begin()
{
    using B = QAmqpOutbox;
    B *const box = m_box.get();
    box->setWindow(m_window);
    QObject::connect(box, &B::delivered, box,
                     [this](quint64 first, quint64 last) { delivered(first, last); });
    QObject::connect(box, &B::failed, box,
                     [this](quint64 id, const QAmqpError &why) { failed(id, why); });
    QObject::connect(box, &B::errorOccurred, box, [this](const QAmqpError &why) { stop(why); });
    QObject::connect(box, &B::publishRefused, box, [] {}); // publish() has returned 0
    box->setConnection(&m_link.connection());
}

bool BoxSender::isReady()
{
    constexpr qint64 mostBytes = 8 * 1024 * 1024;

    // In memory more than what is under way and what comes next is of no use.
    return !m_fileName.isEmpty() || m_box->count() == 0
            || (m_box->count() < m_window + 1000 && m_box->bytes() < mostBytes);
}

void BoxSender::send(const Outgoing &message)
{
    const quint64 id =
            m_box->publish(message.exchange, message.routingKey, message.message, message.flags);
    if (id == 0)
        throw failureOf(m_box->lastError());
    ++m_tally.published;
    if (m_firstId == 0)
        m_firstId = id;
    noteTarget(id, message);
}

void BoxSender::noteTarget(quint64 id, const Outgoing &message)
{
    constexpr size_t most = 10'000;

    if (!m_targets.empty()) {
        const Target &last = m_targets.rbegin()->second;
        if (last.exchange == message.exchange && last.routingKey == message.routingKey)
            return;
    }
    m_targets.emplace_hint(m_targets.end(), id, Target{message.exchange, message.routingKey});
    if (m_targets.size() % most != 0)
        return;
    if (const auto waiting = m_box->messages(1); !waiting.isEmpty()) {
        if (const auto next = m_targets.upper_bound(waiting.constFirst().id);
            next != m_targets.begin())
            m_targets.erase(m_targets.begin(), std::prev(next));
    }
}

void BoxSender::delivered(quint64 firstId, quint64 lastId)
{
    m_tally.confirmed += lastId - firstId + 1;
    m_reported += lastId - firstId + 1;
}

void BoxSender::failed(quint64 id, const QAmqpError &why)
{
    ++m_reported;
    switch (why.kind()) {
    case Kind::Nacked:
        ++m_tally.nacked;
        m_tally.addReason(name(id), u"nacked by the broker"_s);
        return;
    case Kind::Unroutable: // the broker confirms it too
        ++m_tally.confirmed;
        ++m_tally.returned;
        m_tally.addReason(name(id), returnReason(id, why));
        return;
    case Kind::Timeout: break;
    case Kind::InvalidArgument:
        if (!isOwn(id))
            break;
        [[fallthrough]];
    default: return stop(why);
    }
    ++m_tally.dropped;
    m_tally.addReason(name(id), u"dropped: %1"_s.arg(why.text()));
}

void BoxSender::stop(const QAmqpError &why)
{
    m_box->pause();
    m_link.fail(why);
}

QString BoxSender::name(quint64 id) const
{
    return isOwn(id) ? u"message %1"_s.arg(id - m_firstId + 1)
                     : u"message %1 of %2"_s.arg(QString::number(id), m_fileName);
}

QString BoxSender::returnReason(quint64 id, const QAmqpError &why) const
{
    const auto next = m_targets.upper_bound(id);
    if (next == m_targets.begin()) // of an earlier run
        return u"returned: %1"_s.arg(why.text());
    const Target &target = std::prev(next)->second;
    return Tool::returnReason(u"%1 %2"_s.arg(why.replyCode()).arg(why.replyText()), target.exchange,
                              target.routingKey);
}

void BoxSender::finish()
{
    m_run.endPatience();
    m_run.setDoing(u"waiting for confirms"_s);
    m_run.waitUntil([this] { return m_box->count() == 0 && isReported(); });
    m_run.setDoing(u"closing the connection"_s);
    m_link.close();
}

// What is in memory is to arrive, unless a message was refused; what is in the file can wait.
void BoxSender::settle()
{
    if (!m_fileName.isEmpty())
        m_box->pause();
    Run::settle(
            [this] {
                if (!isReported())
                    return false;
                return !m_link.connection().isOpen()
                        || (m_box->isPaused() ? m_box->unconfirmed() == 0 : m_box->count() == 0);
            },
            2s);
}

bool BoxSender::isReported() const
{
    return m_reported + quint64(m_box->count()) == m_tally.published + m_tally.earlier;
}

Tally BoxSender::tally() const
{
    Tally tally = m_tally;
    tally.publishedAgain = m_box->publishedAgain();
    tally.waiting = quint64(m_box->count());
    return tally;
}

QString BoxSender::remains(const Failure &failure) const
{
    const qint64 count = m_box->count();
    if (count == 0)
        return {};
    if (!m_fileName.isEmpty()) {
        return count == 1
                ? u"; 1 message stays in %1: send it with qamqp outbox --send %1"_s.arg(m_fileName)
                : u"; %1 messages stay in %2: send them with qamqp outbox --send %2"_s.arg(
                        QString::number(count), m_fileName);
    }
    return failure.status == NoConnection ? u"; not confirmed: "_s + unsettled() : QString();
}

// Returns the numbers of the messages in the box.
QString BoxSender::unsettled() const
{
    QStringList ranges;
    quint64 first = 0;
    quint64 last = 0;
    qint64 left = m_box->count();
    const auto endRange = [&] {
        if (first != 0)
            ranges += first == last ? QString::number(first) : u"%1-%2"_s.arg(first).arg(last);
    };
    for (;;) {
        const QList<QAmqpOutboxMessage> some = m_box->messages(1000, last);
        for (const QAmqpOutboxMessage &each : some) {
            if (each.id != last + 1 || first == 0) {
                endRange();
                first = each.id;
            }
            if (quint64(ranges.size()) == Tally::MaxListed)
                return ranges.join(", "_L1) + u" and %1 more"_s.arg(left);
            last = each.id;
            --left;
        }
        if (some.isEmpty())
            break;
    }
    endRange();
    return ranges.join(", "_L1);
}

} // namespace Tool
