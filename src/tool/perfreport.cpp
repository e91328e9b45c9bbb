// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "perfreport.h"

#include "json.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

double perSecond(quint64 count, qint64 nanoseconds)
{
    return nanoseconds > 0 ? double(count) * 1e9 / double(nanoseconds) : 0;
}

QString milliseconds(quint64 nanoseconds)
{
    return QString::number(double(nanoseconds) / 1e6, 'f', 3);
}

constexpr std::pair<const char *, double> percentiles[] = {
        {"p50", 50}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}};

QByteArray latencyJson(const Histogram &latency)
{
    JsonObject json;
    const auto add = [&json](const char *name, quint64 nanoseconds) {
        json.addReal(name, double(nanoseconds) / 1e6, 3);
    };
    add("min", latency.least());
    for (const auto &[name, percent] : percentiles)
        add(name, latency.percentile(percent));
    add("max", latency.most());
    return json.json();
}

QString latencyText(const char *name, const Histogram &latency)
{
    QString line = u"%1: min %2"_s.arg(QLatin1StringView(name), milliseconds(latency.least()));
    for (const auto &[label, percent] : percentiles)
        line += u", %1 %2"_s.arg(QLatin1StringView(label),
                                 milliseconds(latency.percentile(percent)));
    return line + u", max %1 ms\n"_s.arg(milliseconds(latency.most()));
}

} // namespace

PerfTicker::PerfTicker(Run &run, PerfTotals &totals)
    : m_run(run), m_totals(totals), m_last(totals.begin), m_counting(run.progress(), [this] {
        return Standing{0, m_line, {}};
    })
{
    if (!run.json())
        run.progress().hide();
}

void PerfTicker::tick()
{
    const qint64 now = nanoseconds();
    const auto rate = [&](quint64 PerfCounts::*member) {
        return qRound64(perSecond(m_totals.*member - m_before.*member, now - m_last));
    };
    QString line = u"%1 s: sent %2/s"_s.arg(double(now - m_totals.begin) / 1e9, 0, 'f', 1)
                           .arg(rate(&PerfCounts::sent));
    if (m_totals.confirmed + m_totals.nacked > 0)
        line += u", confirmed %1/s"_s.arg(rate(&PerfCounts::confirmed));
    if (m_totals.nacked > 0)
        line += u", nacked %1/s"_s.arg(rate(&PerfCounts::nacked));
    line += u", received %1/s"_s.arg(rate(&PerfCounts::received));
    if (Histogram &recent = m_totals.recentLatency; recent.count() > 0) {
        line += u", latency p50 %1 p99 %2 max %3 ms"_s.arg(milliseconds(recent.percentile(50)),
                                                           milliseconds(recent.percentile(99)),
                                                           milliseconds(recent.most()));
        recent.clear();
    }
    if (m_run.json())
        m_line = line;
    else
        print(line.toUtf8() + '\n');
    m_before = static_cast<const PerfCounts &>(m_totals);
    m_last = now;
}

QByteArray report(const Run &run, const PerfOptions &options, const PerfTotals &totals)
{
    const double sendRate = perSecond(totals.sent, totals.lastSent - totals.begin);
    const double receiveRate = perSecond(totals.received, totals.lastReceived - totals.begin);
    if (run.json()) {
        JsonObject json;
        json.addNumber("producers", options.producers)
                .addNumber("consumers", options.consumers)
                .addNumber("size", options.size)
                .addNumber("sent", qint64(totals.sent))
                .addNumber("confirmed", qint64(totals.confirmed))
                .addNumber("nacked", qint64(totals.nacked))
                .addNumber("returned", qint64(totals.returned))
                .addNumber("indeterminate", qint64(totals.indeterminate))
                .addNumber("received", qint64(totals.received))
                .addReal("send_rate", sendRate, 1)
                .addReal("receive_rate", receiveRate, 1);
        if (totals.latency.count() > 0)
            json.add("latency_ms", latencyJson(totals.latency));
        if (totals.confirmLatency.count() > 0)
            json.add("confirm_latency_ms", latencyJson(totals.confirmLatency));
        return json.line();
    }
    QString text = u"sent %1 (%2/s), received %3 (%4/s)"_s.arg(totals.sent)
                           .arg(sendRate, 0, 'f', 0)
                           .arg(totals.received)
                           .arg(receiveRate, 0, 'f', 0);
    if (options.window > 0)
        text += u", confirmed %1, nacked %2"_s.arg(totals.confirmed).arg(totals.nacked);
    if (totals.returned > 0)
        text += u", returned %1"_s.arg(totals.returned);
    if (totals.indeterminate > 0)
        text += u", indeterminate %1"_s.arg(totals.indeterminate);
    text += u'\n';
    if (totals.latency.count() > 0)
        text += latencyText("latency", totals.latency);
    if (totals.confirmLatency.count() > 0)
        text += latencyText("confirm latency", totals.confirmLatency);
    return text.toUtf8();
}

} // namespace Tool
