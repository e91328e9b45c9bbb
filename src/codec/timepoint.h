#ifndef QTAMQP_CODEC_TIMEPOINT_H
#define QTAMQP_CODEC_TIMEPOINT_H

#include <QtCore/qglobal.h>

#include <algorithm>
#include <chrono>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using TimePoint = std::chrono::steady_clock::time_point;

// As good as for ever, and safe to reckon with.
constexpr std::chrono::seconds FarAway = std::chrono::hours(24 * 365 * 100);

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
