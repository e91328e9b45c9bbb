#ifndef QTAMQP_PROTOCOL_HEARTBEAT_H
#define QTAMQP_PROTOCOL_HEARTBEAT_H

// When to send a heartbeat and when the peer is dead (AMQP 0-9-1 §4.2.7).
//
// A heartbeat goes out when nothing else did for half the interval. The peer is dead after two
// intervals without one octet, never later. Time in which we ourselves did not run is no silence of
// the peer: the broker cannot be blamed for a debugger or a busy user interface.

#include "protocol/timepoint.h"

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
    }
    void stop() { m_interval = Duration::zero(); }
    bool isRunning() const { return m_interval > Duration::zero(); }

    void sent(TimePoint now) { m_lastSent = now; }
    void received(TimePoint now) { m_lastReceived = now; }

    // To be asked at each turn: first look(), then the two questions.
    void look(TimePoint now)
    {
        const Duration away = now - m_lastLook;
        if (away > m_interval / 2 + Tolerance && m_lastReceived <= m_lastLook)
            m_lastReceived += away - m_interval / 2;
        m_lastLook = now;
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

    Duration m_interval = Duration::zero();
    TimePoint m_lastSent;
    TimePoint m_lastReceived;
    TimePoint m_lastLook;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
