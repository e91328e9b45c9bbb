#ifndef QTAMQP_PROTOCOL_CONFIRMS_H
#define QTAMQP_PROTOCOL_CONFIRMS_H

// Which publishes the broker has not answered for yet (https://www.rabbitmq.com/confirms.html).
//
// Tags count through the life of the channel object, the broker's sequence starts at 1 with each
// confirm.select: a tag is `base` plus the sequence number. Answers come unordered and may be
// "multiple"; every tag is settled exactly once. They are for what was sent: a publish that still
// waits in the channel has its place in the sequence, but no answer can mean it.

#include "protocol/events.h"

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Confirms
{
public:
    // The next published message, with the tag `tag`, gets the broker's sequence number 1.
    void select(quint64 tag) { m_base = tag - 1; }
    void published()
    {
        m_open.push_back(true);
        ++m_outstanding;
    }

    // The oldest publish that was not sent yet is on its way.
    void sent() { ++m_sent; }

    quint64 outstanding() const { return m_outstanding; }
    quint64 firstOutstanding() const { return m_base + m_settled + 1; }

    // Calls settled(firstTag, lastTag) for each run of tags that this answer settles. False if the
    // broker answers for something that was never published.
    template<typename Callback>
    bool settle(quint64 sequence, bool multiple, Callback settled)
    {
        if (multiple && sequence == 0)
            sequence = m_sent;
        if (sequence > m_sent || (sequence == 0 && !multiple))
            return false;
        if (sequence <= m_settled)
            return true;
        for (quint64 from = multiple ? m_settled + 1 : sequence; from <= sequence;) {
            if (!take(from)) {
                ++from;
                continue;
            }
            quint64 to = from;
            while (to < sequence && take(to + 1))
                ++to;
            settled(m_base + from, m_base + to);
            from = to + 1;
        }
        while (!m_open.empty() && !m_open.front()) {
            m_open.pop_front();
            ++m_settled;
        }
        return true;
    }

    template<typename Callback>
    void settleAll(Callback settled)
    {
        m_sent = m_settled + m_open.size();
        settle(0, true, settled);
    }

private:
    bool take(quint64 sequence)
    {
        bool &slot = m_open[size_t(sequence - m_settled - 1)];
        m_outstanding -= slot;
        return std::exchange(slot, false);
    }

    std::deque<bool> m_open; // from sequence m_settled + 1 on: still unanswered?
    quint64 m_base = 0;
    quint64 m_sent = 0;
    quint64 m_settled = 0; // everything up to here is answered
    quint64 m_outstanding = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
