// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_READINGPAUSE_H
#define QTAMQP_PROTOCOL_READINGPAUSE_H

// How long this side did not read from the socket, because slots took their time or reading was switched off.
// RabbitMQ closes a connection that nobody reads for 30 s, and cannot send the reason; so the library has to
// name it in the error.
//
// The loss shows only when the bytes that arrived before it are read, so a pause is remembered for a while.

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

    // The length of a pause that may have led to a loss at `now`, if there was one.
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
    static constexpr Duration Notable =
            std::chrono::seconds(25); // a little less than the broker waits
    static constexpr Duration Remembered = std::chrono::minutes(1);

    std::optional<TimePoint> m_since;
    std::optional<TimePoint> m_end; // of the last notable one
    Duration m_length = Duration::zero();
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
