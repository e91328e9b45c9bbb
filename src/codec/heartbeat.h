// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_HEARTBEAT_H
#define QTAMQP_CODEC_HEARTBEAT_H

// Decides when to send a heartbeat and when the peer is dead (AMQP 0-9-1 §4.2.7).
//
// A heartbeat is sent when nothing else was for half the interval. The peer is dead after two intervals
// without a byte. Time in which this thread did not run, because of a debugger or a busy user interface, does
// not count as silence of the peer. But to the broker it is our silence, for which it cuts the link without
// giving a reason; so it is remembered for a while, to be named in the error.

#include "codec/timepoint.h"

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Heartbeat
{
public:
    using Duration = TimePoint::duration;

    void start(std::chrono::seconds interval, TimePoint now)
    {
        m_interval = interval;
        m_lastSent = m_lastReceived = m_lastLook = now;
        m_silenceEnd.reset();
    }
    void stop() { m_interval = Duration::zero(); }
    bool isRunning() const { return m_interval > Duration::zero(); }

    void sent(TimePoint now) { m_lastSent = now; }
    void received(TimePoint now) { m_lastReceived = now; }

    // To be called in each turn, before isSendDue() and isPeerDead().
    void observe(TimePoint now)
    {
        const Duration away = now - m_lastLook;
        if (away > m_interval / 2 + Tolerance && m_lastReceived <= m_lastLook)
            m_lastReceived += away - m_interval / 2;
        m_lastLook = now;
        if (isRunning() && now - m_lastSent >= 2 * m_interval) {
            m_silence = now - m_lastSent;
            m_silenceEnd = now;
        }
    }
    // For how long nothing was sent, if this was too long and may have led to a loss at `now`.
    std::optional<std::chrono::seconds> silenceBefore(TimePoint now) const
    {
        if (!m_silenceEnd || now - *m_silenceEnd > Remembered)
            return std::nullopt;
        return std::chrono::duration_cast<std::chrono::seconds>(m_silence);
    }
    bool isSendDue(TimePoint now) const
    {
        return isRunning() && now - m_lastSent >= m_interval / 2;
    }
    bool isPeerDead(TimePoint now) const
    {
        return isRunning() && now - m_lastReceived >= 2 * m_interval;
    }

    std::optional<TimePoint> nextTimeout() const
    {
        if (!isRunning())
            return std::nullopt;
        return std::min(m_lastSent + m_interval / 2, m_lastReceived + 2 * m_interval);
    }

private:
    static constexpr Duration Tolerance = std::chrono::seconds(1);
    static constexpr Duration Remembered = std::chrono::minutes(1);

    Duration m_interval = Duration::zero();
    TimePoint m_lastSent;
    TimePoint m_lastReceived;
    TimePoint m_lastLook;
    Duration m_silence = Duration::zero(); // the last time without sending that was too long
    std::optional<TimePoint> m_silenceEnd;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
