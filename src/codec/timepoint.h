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

// As good as for ever, and safe to reckon with.
constexpr std::chrono::seconds FarAway = std::chrono::hours(24 * 365 * 100);

// The earlier of two times, of which each may be none.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b)
{
    if (!b || *b == TimePoint::max())
        return a;
    return a && *a < *b ? a : b;
}

// Never overflows: a time so far away that no clock reaches it stands for none.
inline TimePoint timeAfter(TimePoint now, std::chrono::milliseconds time)
{
    if (time >= FarAway || now == TimePoint::max())
        return TimePoint::max();
    return now + std::max<std::chrono::milliseconds>(time, -FarAway);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
