// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_TIMEPOINT_H
#define QTAMQP_CODEC_TIMEPOINT_H

#include <QtCore/qglobal.h>

#include <algorithm>
#include <chrono>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using TimePoint = std::chrono::steady_clock::time_point;

// Long enough to stand for "for ever", and small enough that sums with it do not overflow.
constexpr std::chrono::seconds FarAway = std::chrono::hours(24 * 365 * 100);

// Returns the earlier of two times, each of which may be missing.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b)
{
    if (!b || *b == TimePoint::max())
        return a;
    return a && *a < *b ? a : b;
}

// Adds without overflow: TimePoint::max() stands for a time that never comes.
inline TimePoint timeAfter(TimePoint now, std::chrono::milliseconds time)
{
    if (time >= FarAway || now == TimePoint::max())
        return TimePoint::max();
    return now + std::max<std::chrono::milliseconds>(time, -FarAway);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
