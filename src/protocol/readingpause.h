// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_READINGPAUSE_H
#define QTAMQP_PROTOCOL_READINGPAUSE_H

// How long nothing was read from the peer because this side did not: slots took their time, or reading
// was switched off. RabbitMQ closes a connection whose bytes nobody takes for 30 s, without a word
// that could arrive; the error of such a loss has to say what may be behind it.
//
// The loss shows once what had arrived before is read, so a pause is remembered for a while.

#include "codec/timepoint.h"

#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class ReadingPause
{
public:
    using Duration = TimePoint::duration;

    void begin(TimePoint now)
    {
        if (!m_since)
            m_since = now;
    }
    void end(TimePoint now)
    {
        if (m_since && now - *m_since >= Notable) {
            m_length = now - *m_since;
            m_end = now;
        }
        m_since.reset();
    }

    // The length of one that may have led to a loss at `now`; none if there was none.
    std::optional<std::chrono::seconds> before(TimePoint now) const
    {
        std::optional<Duration> length;
        if (m_since && now - *m_since >= Notable)
            length = now - *m_since;
        else if (m_end && now - *m_end <= Remembered)
            length = m_length;
        if (!length)
            return std::nullopt;
        return std::chrono::duration_cast<std::chrono::seconds>(*length);
    }

private:
    static constexpr Duration Notable = std::chrono::seconds(25); // a little less than the broker's
    static constexpr Duration Remembered = std::chrono::minutes(1);

    std::optional<TimePoint> m_since;
    std::optional<TimePoint> m_end; // of the last notable one
    Duration m_length = Duration::zero();
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
