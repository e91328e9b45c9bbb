// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_TURNCLOCK_H
#define QTAMQP_API_TURNCLOCK_H

// Says when one turn has handed out enough, so that other events of the loop get their chance. Time decides, and
// not the number of messages or bytes: a turn that ends costs several system calls, and slots differ. Reading the
// clock costs 39 ns, so it is read rarely while slots are quick.

#include "codec/timepoint.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class TurnClock
{
public:
    TurnClock(TimePoint start, bool slotsAreSlow)
        : m_start(start), m_last(start), m_slotsAreSlow(slotsAreSlow)
    {
    }

    // Is called after each event, with the size of the message that it handed out, or with 0.
    bool isOver(qsizetype bytes)
    {
        ++m_events;
        m_bytes += bytes;
        if (!m_slotsAreSlow && m_events < EventsPerRead && m_bytes < BytesPerRead)
            return false;
        const TimePoint now = TimePoint::clock::now();
        m_slotsAreSlow = now - std::exchange(m_last, now) > std::exchange(m_events, 0) * SlowSlot;
        m_bytes = 0;
        return now - m_start >= TurnTime;
    }
    bool slotsAreSlow() const { return m_slotsAreSlow; }

private:
    static constexpr auto TurnTime = std::chrono::milliseconds(2);
    static constexpr int EventsPerRead = 32;
    static constexpr qsizetype BytesPerRead = 64 * 1024;
    // From here on the clock is read after each event.
    static constexpr auto SlowSlot = std::chrono::microseconds(10);

    const TimePoint m_start;
    TimePoint m_last; // when the clock was read
    int m_events = 0; // since then
    qsizetype m_bytes = 0;
    bool m_slotsAreSlow;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
