// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "progress.h"

#include "output.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

Progress::Progress(const QString &name) : m_name(name)
{
    if (!canShowStatus())
        return;
    m_since.start();
    m_timer.callOnTimeout([this] { tick(); });
    m_timer.start(1s);
}

Progress::~Progress() { hide(); }

void Progress::hide()
{
    m_timer.stop();
    clearStatus();
}

void Progress::tick()
{
    m_timer.setInterval(200ms);
    showStatus(line());
}

QString Progress::line()
{
    QStringList parts;
    QString awaited = m_obstacle ? m_obstacle() : QString();
    if (m_standing) {
        const Standing standing = m_standing();
        const qint64 rate = qRound64(rateOf(standing.count));
        parts += rate > 0 ? u"%1, %2/s"_s.arg(standing.done).arg(rate) : standing.done;
        if (awaited.isEmpty())
            awaited = rate > 0 || !standing.awaited.isEmpty() ? standing.awaited : m_doing;
    } else if (awaited.isEmpty()) {
        awaited = m_doing;
    }
    if (!awaited.isEmpty())
        parts += awaited;
    return m_name + ": "_L1 + parts.join("; "_L1);
}

double Progress::rateOf(quint64 count)
{
    const qint64 now = m_since.elapsed();
    m_counts.emplace_back(now, count);
    while (m_counts.size() > 2 && now - m_counts.front().first > 2000)
        m_counts.pop_front();
    const auto &[then, before] = m_counts.front();
    return now > then && count > before ? double(count - before) * 1000 / double(now - then) : 0;
}

Counting::Counting(Progress &progress, const std::function<Standing()> &standing)
    : m_progress(progress)
{
    m_progress.m_counts = {{m_progress.m_since.isValid() ? m_progress.m_since.elapsed() : 0, 0}};
    m_progress.m_standing = standing;
}

Counting::~Counting() { m_progress.m_standing = nullptr; }

} // namespace Tool
