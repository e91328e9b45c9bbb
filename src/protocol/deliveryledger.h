// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_DELIVERYLEDGER_H
#define QTAMQP_PROTOCOL_DELIVERYLEDGER_H

// Which deliveries of a channel the broker still waits for, whose they are and which of them the
// application has seen. A tag that is not here must not be sent: RabbitMQ closes the channel for it (406),
// also for "multiple" with a tag settled before.
//
// It also keeps the promise of the prefetch: a consumer is shown no more than that many unsettled
// deliveries, whatever the peer sends. What comes beyond is Held. A lawful broker sends that if it has taken
// back what is unsettled here (a mirrored queue that moves to another node) or if it sends a stream, chunk
// by chunk; another one that goes far beyond takes no notice of the prefetch. An acknowledgement on its way
// counts here first, so that the broker's own count is never less than ours.

#include <QtCore/qglobal.h>

#include <algorithm>
#include <deque>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class DeliveryLedger
{
public:
    static constexpr quint32 Nobody = 0; // the consumer of what basic.get fetched

    // A consumer that may have `prefetch` deliveries unsettled, 0: any number.
    quint32 addConsumer(quint16 prefetch)
    {
        const auto unused =
                std::find_if(m_consumers.begin() + 1, m_consumers.end(),
                             [](const Consumer &c) { return c.gone && c.unsettled == 0; });
        const Consumer added{.prefetch = prefetch, .bound = prefetch};
        ++m_running;
        if (unused == m_consumers.end()) {
            m_consumers.push_back(added);
            return quint32(m_consumers.size() - 1);
        }
        *unused = added;
        return quint32(unused - m_consumers.begin());
    }
    // Its unsettled deliveries stay.
    void removeConsumer(quint32 consumer)
    {
        m_consumers[consumer].gone = true;
        m_unsettled -= m_consumers[consumer].unsettled;
        --m_running;
    }

    // The prefetch of later consumers was changed. To some brokers that is the prefetch of all, and
    // RabbitMQ drops that of the channel until it is told it again.
    void consumerPrefetch(quint16 messages)
    {
        m_bound = 0;
        for (Consumer &consumer : m_consumers)
            widen(consumer.bound, messages);
    }
    // That of all consumers together. What was on its way before obeys the old one.
    void channelPrefetch(quint16 messages)
    {
        if (m_running == 0)
            m_bound = messages;
        else
            widen(m_bound, messages);
    }

    // Tags come in ascending order; those left out need no acknowledgement.
    void delivered(quint64 tag, quint32 consumer)
    {
        m_entries.push_back({tag, consumer, Held});
        ++m_held;
        ++m_consumers[consumer].unsettled;
        m_unsettled += !m_consumers[consumer].gone;
    }
    // Whether far more came for it than the prefetch allows.
    bool isFlooded(quint32 consumer) const
    {
        return isFlood(m_consumers[consumer].unsettled, m_consumers[consumer].bound)
                || isFlood(m_unsettled, m_bound);
    }

    // The application is about to see it; false if it has as many as the prefetch allows.
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

    // Calls send(tag, multiple) for what is to be sent. False, and nothing changed, if the tag is not
    // unsettled. "Multiple" leaves alone what the application has not seen.
    template<typename Send>
    bool settle(quint64 tag, bool multiple, Send send)
    {
        const auto last = find(tag);
        if (last == m_entries.end())
            return false;
        const bool atOnce = multiple && m_held == 0;
        for (auto each = multiple ? m_entries.begin() : last; each <= last; ++each) {
            if (each->state == Settled || (multiple && each->state == Held))
                continue;
            forget(*each);
            if (!atOnce)
                send(each->tag, false);
        }
        dropSettled();
        if (atOnce)
            send(tag, true);
        return true;
    }

    bool contains(quint64 tag) { return find(tag) != m_entries.end(); }

    // The highest tag that was seen and is unsettled, 0 if there is none.
    quint64 lastShown() const
    {
        const auto last = std::find_if(m_entries.rbegin(), m_entries.rend(),
                                       [](const Entry &entry) { return entry.state == Shown; });
        return last == m_entries.rend() ? 0 : last->tag;
    }

    // How many entries it keeps, of which no more than a few are settled.
    size_t size() const { return m_entries.size(); }

    // All were taken back by the broker.
    void clear()
    {
        m_entries.clear();
        m_settled = 0;
        m_held = 0;
        m_unsettled = 0;
        for (Consumer &consumer : m_consumers)
            consumer.unsettled = consumer.shown = 0;
    }

private:
    enum State : quint8 { Settled, Held, Shown };
    struct Entry
    {
        quint64 tag = 0;
        quint32 consumer = Nobody;
        State state = Settled;
    };
    struct Consumer
    {
        quint32 prefetch = 0;
        quint32 bound = 0; // the largest prefetch that may be in force for it, 0: none is
        quint64 unsettled = 0;
        quint32 shown = 0;
        bool gone = false;
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
    // The end if it is not unsettled. Where no tag was left out its place is known.
    std::deque<Entry>::iterator find(quint64 tag)
    {
        if (m_entries.empty() || tag < m_entries.front().tag || tag > m_entries.back().tag)
            return m_entries.end();
        const quint64 place = std::min<quint64>(tag - m_entries.front().tag, m_entries.size() - 1);
        auto entry = m_entries.begin() + qptrdiff(place);
        if (entry->tag != tag)
            entry = std::lower_bound(m_entries.begin(), entry, tag,
                                     [](const Entry &e, quint64 sought) { return e.tag < sought; });
        return entry->tag == tag && entry->state != Settled ? entry : m_entries.end();
    }
    void forget(Entry &entry)
    {
        Consumer &consumer = m_consumers[entry.consumer];
        --consumer.unsettled;
        m_unsettled -= !consumer.gone;
        if (entry.state == Shown)
            --consumer.shown;
        else
            --m_held;
        entry.state = Settled;
        ++m_settled;
    }
    // Those behind one that stays unsettled for long make room too, when they are most of all.
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

    std::deque<Entry> m_entries; // by tag
    size_t m_settled = 0; // how many of them are Settled
    quint64 m_held = 0; // how many are Held
    std::vector<Consumer> m_consumers{{.gone = true}};
    quint32 m_running = 0; // consumers that were not removed
    quint64 m_unsettled = 0; // of all of them
    quint32 m_bound = 0; // as that of a consumer, for all together
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
