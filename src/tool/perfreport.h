// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PERFREPORT_H
#define QTAMQP_TOOL_PERFREPORT_H

// The output of qamqp perf.

#include "output.h"
#include "perfload.h"

namespace Tool {

// Prints one line each second, about that second alone.
class PerfTicker
{
public:
    PerfTicker(Run &run, PerfTotals &totals);

    void tick();

private:
    Run &m_run;
    PerfTotals &m_totals;
    PerfCounts m_before;
    qint64 m_last;
    QString m_line;
    Counting m_counting; // with --json the lines are the progress
};

QByteArray report(const Run &run, const PerfOptions &options, const PerfTotals &totals);

} // namespace Tool

#endif
