#ifndef QTAMQP_PROTOCOL_TIMEPOINT_H
#define QTAMQP_PROTOCOL_TIMEPOINT_H

#include <QtCore/qglobal.h>

#include <algorithm>
#include <chrono>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using TimePoint = std::chrono::steady_clock::time_point;

// Never overflows: a time so far away that no clock reaches it stands for none.
inline TimePoint timeAfter(TimePoint now, std::chrono::milliseconds time)
{
    constexpr std::chrono::milliseconds century = std::chrono::hours(24 * 365 * 100);
    if (time >= century || now == TimePoint::max())
        return TimePoint::max();
    return now + std::max(time, -century);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
