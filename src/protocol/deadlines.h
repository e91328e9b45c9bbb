// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_DEADLINES_H
#define QTAMQP_PROTOCOL_DEADLINES_H

// The deadlines of one object, by name. Its owner asks for the first of them, to wake up then.

#include "codec/timepoint.h"

#include <array>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// `Name` is an enum whose last value is Count.
template<typename Name>
class Deadlines
{
public:
    std::optional<TimePoint> &operator[](Name name) { return m_times[std::size_t(name)]; }
    const std::optional<TimePoint> &operator[](Name name) const
    {
        return m_times[std::size_t(name)];
    }
    bool isDue(Name name, TimePoint now) const
    {
        const std::optional<TimePoint> &time = m_times[std::size_t(name)];
        return time && now >= *time;
    }
    // Returns whether the deadline is due, and clears it then.
    bool take(Name name, TimePoint now)
    {
        const bool due = isDue(name, now);
        if (due)
            m_times[std::size_t(name)].reset();
        return due;
    }
    void clear() { m_times = {}; }
    std::optional<TimePoint> first() const
    {
        std::optional<TimePoint> first;
        for (const std::optional<TimePoint> &time : m_times)
            first = earlier(first, time);
        return first;
    }

private:
    std::array<std::optional<TimePoint>, std::size_t(Name::Count)> m_times;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
