// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PROGRESS_H
#define QTAMQP_TOOL_PROGRESS_H

// What a command shows on a terminal while it takes longer than a second: how far it is, how fast, and what it waits for.

#include <QtCore/qelapsedtimer.h>
#include <QtCore/qstring.h>
#include <QtCore/qtimer.h>

#include <deque>
#include <functional>

namespace Tool {

struct Standing
{
    quint64 count = 0; // of what the rate is shown
    QString done; // such as "300 published, 250 confirmed"
    QString awaited; // what keeps it from going on, if anything does
};

class Progress
{
public:
    explicit Progress(const QString &name);
    ~Progress();

    // What the command is doing, for as long as it has nothing to count.
    void setDoing(const QString &doing) { m_doing = doing; }
    // What keeps everything from going on, such as a connection that is lost. May be empty.
    void setObstacle(const std::function<QString()> &obstacle) { m_obstacle = obstacle; }
    // Shows nothing any more: somebody else writes to the terminal.
    void hide();

private:
    friend class Counting;

    void tick();
    QString line();
    double rateOf(quint64 count);

    const QString m_name;
    QString m_doing;
    std::function<QString()> m_obstacle;
    std::function<Standing()> m_standing;
    QTimer m_timer;
    QElapsedTimer m_since;
    std::deque<std::pair<qint64, quint64>> m_counts; // of the last two seconds
};

// Lets the progress count, for as long as this object lives.
class Counting
{
public:
    Counting(Progress &progress, const std::function<Standing()> &standing);
    ~Counting();

private:
    Progress &m_progress;
};

} // namespace Tool

#endif
