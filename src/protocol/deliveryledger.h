// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_DELIVERYLEDGER_H
#define QTAMQP_PROTOCOL_DELIVERYLEDGER_H

// The unsettled deliveries of a channel: the consumer of each, whether the application has seen it, and
// whether it may be settled now. A tag that is not here must not be sent: RabbitMQ closes the channel for it
// (406), also for "multiple" with a tag that was settled before.
//
// It also enforces the prefetch: a consumer is shown no more than that many unsettled deliveries, whatever
// the peer sends. What comes beyond is Held, and so is what a paused consumer does not want to see yet. A
// broker may rightly send more than the prefetch: if it has taken back what is unsettled here (a mirrored
// queue that moved to another node), or if it sends a stream, chunk by chunk. Any other broker that goes far
// beyond ignores the prefetch. An acknowledgement counts here as soon as it is sent, so that the broker's own
// count is never less than ours; one in a transaction counts when that is committed.

#include "protocol/deliverymark.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class DeliveryLedger
{
public:
    static constexpr quint32 Nobody = 0; // stands for the consumer of what basic.get fetched

    // Adds a consumer that may have `prefetch` unsettled deliveries; 0 is any number.
    quint32 addConsumer(quint16 prefetch, QueueKind queue = QueueKind::Classic)
    {
        const auto unused =
                std::find_if(m_consumers.begin() + 1, m_consumers.end(),
                             [](const Consumer &c) { return c.gone && c.unsettled == 0; });
        const Consumer added{.prefetch = prefetch, .bound = prefetch, .queue = queue};
        if (unused == m_consumers.end()) {
            m_consumers.push_back(added);
            return quint32(m_consumers.size() - 1);
        }
        *unused = added;
        return quint32(unused - m_consumers.begin());
    }
    void started(quint32 consumer) // its basic.consume is sent
    {
        m_running += !std::exchange(m_consumers[consumer].started, true);
    }
    // The unsettled deliveries of the consumer stay.
    void removeConsumer(quint32 consumer)
    {
        m_consumers[consumer].gone = true;
        m_unsettled -= m_consumers[consumer].unsettled;
        m_running -= m_consumers[consumer].started;
    }

    // The consumer begins anew, with nothing unsettled. Returns its new number.
    quint32 renew(quint32 consumer)
    {
        interrupted(consumer);
        const Consumer was = m_consumers[consumer];
        removeConsumer(consumer);
        const quint32 renewed = addConsumer(quint16(was.prefetch), was.queue);
        m_consumers[renewed].resumeAt = was.resumeAt;
        return renewed;
    }

    // A stream numbers its messages in a header, in ascending order. Publishers can set such a header too;
    // but a queue is no stream if the header is missing, or if it is out of order and the consumer did not
    // ask for a stream.
    bool needsOffset(quint32 consumer) const
    {
        const QueueKind queue = m_consumers[consumer].queue;
        return queue == QueueKind::Unknown || queue >= QueueKind::SeemsStream;
    }
    void offsetSeen(quint32 consumer, std::optional<qint64> offset)
    {
        Consumer &of = m_consumers[consumer];
        if (!offset || (of.queue != QueueKind::Stream && *offset <= of.lastOffset))
            of.queue = QueueKind::Classic;
        else if (of.queue == QueueKind::Unknown)
            of.queue = QueueKind::SeemsStream;
        of.lastOffset = offset.value_or(0);
    }
    bool mayBeStream(quint32 consumer) const
    {
        return m_consumers[consumer].queue >= QueueKind::SeemsStream;
    }
    // With which message a stream goes on after the loss of a link: the oldest one that was not settled, or else
    // the next one. None if no message has come.
    std::optional<qint64> offsetToResume(quint32 consumer) const
    {
        return m_consumers[consumer].resumeAt;
    }
    bool isStream(quint32 consumer) const
    {
        return m_consumers[consumer].queue == QueueKind::Stream;
    }

    // basic.qos for later consumers was sent. Some brokers apply it to all consumers, and RabbitMQ drops the
    // prefetch of the channel until that is sent again.
    void consumerPrefetch(quint16 messages)
    {
        m_bound = 0;
        for (Consumer &consumer : m_consumers)
            widen(consumer.bound, messages);
    }
    // basic.qos for all consumers together was sent. Deliveries on their way still obey the old one.
    void channelPrefetch(quint16 messages)
    {
        if (m_running == 0)
            m_bound = messages;
        else
            widen(m_bound, messages);
    }

    // Adds a delivery that needs an acknowledgement. Tags come in ascending order.
    void delivered(quint64 tag, quint32 consumer)
    {
        m_entries.push_back({.tag = tag, .consumer = consumer, .state = Held});
        ++m_held;
        Consumer &of = m_consumers[consumer];
        ++of.unsettled;
        m_unsettled += !of.gone;
        if (of.queue >= QueueKind::SeemsStream)
            noteOffset(tag, consumer);
    }
    // A delivery came that is not added and not settled: later ones must not settle it by "multiple".
    void leftOut() { m_leftOut = true; }
    // Whether far more came for the consumer than the prefetch allows.
    bool isFlooded(quint32 consumer) const
    {
        return isFlood(m_consumers[consumer].unsettled, m_consumers[consumer].bound)
                || isFlood(m_unsettled, m_bound);
    }

    // The application is about to see this delivery; false if it has as many as the prefetch allows.
    bool show(quint64 tag)
    {
        const auto entry = find(tag);
        if (entry == m_entries.end() || entry->state != Held)
            return true;
        Consumer &consumer = m_consumers[entry->consumer];
        if (consumer.prefetch > 0 && consumer.shown >= consumer.prefetch)
            return false;
        ++consumer.shown;
        entry->state = Shown;
        --m_held;
        return true;
    }
    bool hasHeld() const { return m_held > 0; }

    // The application settles a delivery, and with `multiple` also those that it has seen before. Calls
    // send(tag, multiple, how) for each method to be sent. A rollback marks `mark` as unsettled again, if it
    // is given.
    template<typename Send>
    Settling settle(quint64 tag, bool multiple, Settlement how, const DeliveryMarkPointer &mark,
                    Send send)
    {
        const auto last = find(tag);
        if (last == m_entries.end())
            return Settling::NotUnsettled;
        if (m_recovering > 0) // basic.recover makes all tags void
            return Settling::NotNow;
        const auto isMeant = [&](const Entry &entry) {
            return entry.state == Shown || (!multiple && entry.state == Held);
        };
        const auto first = multiple ? m_entries.begin() : last;
        if (how != Settlement::Ack && std::any_of(first, last + 1, [&](const Entry &entry) {
                return isMeant(entry) && isStream(entry.consumer);
            }))
            return Settling::FromStream;
        const bool atOnce = multiple && m_held == 0 && !m_leftOut;
        for (auto each = first; each <= last; ++each) {
            if (!isMeant(*each))
                continue;
            take(*each, how, InTransaction);
            if (!atOnce)
                send(each->tag, false, how);
        }
        if (m_transaction && mark)
            m_marks.push_back({m_transaction, mark});
        dropSettled();
        if (atOnce)
            send(tag, true, how);
        return Settling::Accepted;
    }

    // The library settles what the application has not seen: one delivery, or all of a consumer. Returns how
    // many were settled. While basic.recover is unanswered that is none, since the broker takes all of them
    // back itself, and their tags would be unknown to it (406).
    template<typename Send>
    quint32 settleUnseen(quint64 tag, Settlement how, Send send)
    {
        const auto entry = find(tag);
        if (entry == m_entries.end() || entry->state != Held || m_recovering > 0)
            return 0;
        take(*entry, how, InOurTransaction);
        dropSettled();
        send(tag, false, how);
        return 1;
    }
    template<typename Send>
    quint32 giveBack(quint32 consumer, Send send)
    {
        if (m_held == 0 || m_recovering > 0 || mayBeStream(consumer))
            return 0;
        quint32 count = 0;
        for (Entry &entry : m_entries) {
            if (entry.consumer != consumer || entry.state != Held)
                continue;
            take(entry, Settlement::Requeue, InOurTransaction);
            send(entry.tag, false, Settlement::Requeue);
            ++count;
        }
        dropSettled();
        return count;
    }

    // basic.recover was requested, then answered: all earlier deliveries are void, and new ones get new tags.
    void recover() { ++m_recovering; }
    void recovered()
    {
        --m_recovering;
        m_leftOut = false;
        for (Entry &entry : m_entries) {
            if (entry.state == Held || entry.state == Shown)
                forget(entry);
        }
        dropSettled();
    }

    // From now on a settlement counts when its transaction is committed, and not if that is rolled back.
    void selectTransactions()
    {
        if (m_transaction == 0)
            m_transaction = m_oldestTransaction = 1;
    }
    // tx.commit or tx.rollback is sent.
    void endTransaction() { m_transaction = next(m_transaction); }
    void committed()
    {
        for (Entry &entry : m_entries) {
            if (isOfOldest(entry))
                forget(entry);
        }
        dropSettled();
        dropMarks(true);
    }
    // What the application had settled is unsettled again. What the library had settled is settled once more,
    // in the present transaction.
    template<typename Send>
    void rolledBack(Send send)
    {
        for (Entry &entry : m_entries) {
            if (!isOfOldest(entry))
                continue;
            if (entry.state == InTransaction) {
                entry.state = Shown;
            } else {
                entry.transaction = m_transaction;
                send(entry.tag, false, entry.how);
            }
        }
        dropMarks(false);
    }
    // The consumer is going to be started again. A stream begins again with a message that it has sent before.
    void interrupted(quint32 consumer)
    {
        const qint64 last = std::exchange(m_consumers[consumer].lastOffset, -1);
        if (m_consumers[consumer].queue < QueueKind::SeemsStream || last < 0)
            return;
        std::optional<qint64> &resumeAt = m_consumers[consumer].resumeAt;
        resumeAt = last + 1;
        auto entry = m_entries.begin();
        std::erase_if(m_offsets, [&](const Offset &each) {
            if (each.consumer != consumer)
                return false;
            entry = std::lower_bound(entry, m_entries.end(), each.tag,
                                     [](const Entry &e, quint64 tag) { return e.tag < tag; });
            if (entry != m_entries.end() && entry->tag == each.tag && entry->state != Settled)
                resumeAt = std::min(*resumeAt, each.offset);
            return true;
        });
    }
    // The link is lost, or the channel is over: the broker requeues all, and rolls back open transactions. The ends
    // of so many transactions are still to be sent.
    void clear(int endsToSend = 0)
    {
        for (quint32 consumer = 0; consumer < m_consumers.size(); ++consumer)
            interrupted(consumer);
        for (Entry &entry : m_entries) {
            if (entry.state != Settled)
                forget(entry);
        }
        dropSettled();
        m_leftOut = false;
        m_recovering = 0;
        m_oldestTransaction = m_transaction;
        for (; endsToSend > 0; --endsToSend)
            m_oldestTransaction = m_oldestTransaction == 1 ? 0xffff : m_oldestTransaction - 1;
        m_offsets.clear();
        for (const auto &mark : std::exchange(m_marks, {}))
            mark.second->settled = false;
    }

    bool hasUnsettledOfStream() const
    {
        return std::any_of(m_entries.begin(), m_entries.end(), [this](const Entry &entry) {
            return entry.state != Settled && isStream(entry.consumer);
        });
    }

    std::vector<quint64> shownTo(quint32 consumer) const
    {
        std::vector<quint64> tags;
        for (const Entry &entry : m_entries) {
            if (entry.consumer == consumer && entry.state == Shown)
                tags.push_back(entry.tag);
        }
        return tags;
    }
    bool contains(quint64 tag) { return find(tag) != m_entries.end(); }

    // The highest tag that the application has seen and not settled; 0 if there is none.
    quint64 lastShown() const
    {
        const auto last = std::find_if(m_entries.rbegin(), m_entries.rend(),
                                       [](const Entry &entry) { return entry.state == Shown; });
        return last == m_entries.rend() ? 0 : last->tag;
    }

    // How many entries are kept, including settled ones that were not dropped yet.
    size_t size() const { return m_entries.size(); }

private:
    enum State : quint8 {
        Settled,
        Held,
        Shown,
        InTransaction, // settled by the application in a transaction that is not committed
        InOurTransaction // settled by the library in such a transaction
    };
    struct Entry
    {
        quint64 tag = 0;
        quint32 consumer = Nobody;
        State state = Settled;
        Settlement how = Settlement::Ack; // how it was settled, if in a transaction
        quint16 transaction = 0;
    };
    struct Consumer
    {
        quint32 prefetch = 0;
        quint32 bound = 0; // the largest prefetch that may be in force for it; 0 is no bound
        quint64 unsettled = 0;
        quint32 shown = 0;
        QueueKind queue = QueueKind::Classic;
        bool started = false;
        bool gone = false;
        qint64 lastOffset = -1;
        std::optional<qint64> resumeAt = {};
    };
    struct Offset
    {
        quint64 tag;
        qint64 offset;
        quint32 consumer;
    };

    static void widen(quint32 &bound, quint16 messages)
    {
        if (bound > 0)
            bound = messages > 0 ? std::max<quint32>(bound, messages) : 0;
    }
    static bool isFlood(quint64 unsettled, quint32 bound)
    {
        constexpr quint64 manyTimes = 4;
        return bound > 0 && unsettled > manyTimes * bound;
    }
    static quint16 next(quint16 transaction) { return transaction == 0xffff ? 1 : transaction + 1; }
    bool isOfOldest(const Entry &entry) const
    {
        return entry.state >= InTransaction && entry.transaction == m_oldestTransaction;
    }
    // Returns the end if the delivery is not unsettled. Most often it is the last one or the first one; and if no
    // tag is missing, its index follows from the tag.
    std::deque<Entry>::iterator find(quint64 tag)
    {
        if (m_entries.empty() || tag < m_entries.front().tag || tag > m_entries.back().tag)
            return m_entries.end();
        if (m_entries.back().tag == tag && m_entries.back().state == Held)
            return m_entries.end() - 1;
        if (m_entries.front().tag == tag && m_entries.front().state == Shown)
            return m_entries.begin();
        const quint64 place = std::min<quint64>(tag - m_entries.front().tag, m_entries.size() - 1);
        auto entry = m_entries.begin() + qptrdiff(place);
        if (entry->tag != tag)
            entry = std::lower_bound(m_entries.begin(), entry, tag,
                                     [](const Entry &e, quint64 sought) { return e.tag < sought; });
        const bool isUnsettled = entry->state == Held || entry->state == Shown;
        return entry->tag == tag && isUnsettled ? entry : m_entries.end();
    }
    void take(Entry &entry, Settlement how, State inTransaction)
    {
        if (m_transaction == 0)
            return forget(entry);
        m_held -= entry.state == Held;
        m_consumers[entry.consumer].shown += entry.state == Held;
        entry.state = inTransaction;
        entry.how = how;
        entry.transaction = m_transaction;
    }
    void forget(Entry &entry)
    {
        Consumer &consumer = m_consumers[entry.consumer];
        --consumer.unsettled;
        m_unsettled -= !consumer.gone;
        if (entry.state == Held)
            --m_held;
        else
            --consumer.shown;
        entry.state = Settled;
        ++m_settled;
    }
    // Settled entries behind one that stays unsettled for long are dropped when they are half of all.
    void dropSettled()
    {
        constexpr size_t few = 64;
        for (; !m_entries.empty() && m_entries.front().state == Settled; --m_settled)
            m_entries.pop_front();
        if (m_settled < few || m_settled < m_entries.size() / 2)
            return;
        std::erase_if(m_entries, [](const Entry &entry) { return entry.state == Settled; });
        m_settled = 0;
    }
    void noteOffset(quint64 tag, quint32 consumer)
    {
        while (!m_offsets.empty() && m_offsets.front().tag < m_entries.front().tag)
            m_offsets.pop_front();
        if (m_consumers[consumer].lastOffset >= 0)
            m_offsets.push_back({tag, m_consumers[consumer].lastOffset, consumer});
    }
    // Drops the marks of the oldest transaction, which is over.
    void dropMarks(bool committed)
    {
        std::erase_if(m_marks, [&](const auto &mark) {
            if (mark.first != m_oldestTransaction)
                return false;
            if (!committed)
                mark.second->settled = false;
            return true;
        });
        m_oldestTransaction = next(m_oldestTransaction);
    }

    std::deque<Entry> m_entries; // by tag
    std::deque<Offset> m_offsets; // of the deliveries of streams among them, by tag
    size_t m_settled = 0; // how many entries are Settled
    quint64 m_held = 0; // how many entries are Held
    bool m_leftOut = false; // leftOut() was called: the broker awaits more than the entries
    std::vector<Consumer> m_consumers{{.gone = true}};
    quint32 m_running = 0; // consumers that were started and not removed
    quint64 m_unsettled = 0; // deliveries of all consumers that were not removed
    quint32 m_bound = 0; // the same as Consumer::bound, for all consumers of the channel together
    quint32 m_recovering = 0; // how many basic.recover are unanswered
    quint16 m_transaction = 0; // the present one; 0 if the channel is not transactional
    quint16 m_oldestTransaction = 0; // the first one whose end is not answered
    std::vector<std::pair<quint16, DeliveryMarkPointer>> m_marks; // by transaction
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
