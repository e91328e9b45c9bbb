// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BENCH_MEASURE_H
#define QTAMQP_BENCH_MEASURE_H

// CPU time of this process (user and system) and wall time between two points, and the line of JSON
// that a workload ends with.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

class Measure
{
public:
    void start() { m_start = sample(); }
    void stop() { m_end = sample(); }

    void print(const char *peer, const char *workload, long count, long size,
               std::vector<double> latencies = {}) const
    {
        std::printf(
                "{\"peer\":\"%s\",\"wl\":\"%s\",\"n\":%ld,\"size\":%ld,\"wall\":%.6f,\"user\":%.6f,\"sys\":%.6f,\"rss_kb\":%ld",
                peer, workload, count, size, m_end.wall - m_start.wall, m_end.user - m_start.user,
                m_end.sys - m_start.sys, peakKb());
        if (!latencies.empty()) {
            std::sort(latencies.begin(), latencies.end());
            const auto percentile = [&](double p) {
                return latencies[size_t(p * double(latencies.size() - 1))] * 1e6;
            };
            std::printf(",\"p50_us\":%.1f,\"p99_us\":%.1f", percentile(0.5), percentile(0.99));
        }
        std::printf("}\n");
    }

    static double now()
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
                .count();
    }

private:
    struct Sample
    {
        double wall = 0;
        double user = 0;
        double sys = 0;
    };

    static Sample sample()
    {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval &t) {
            return double(t.tv_sec) + double(t.tv_usec) * 1e-6;
        };
        return {now(), seconds(usage.ru_utime), seconds(usage.ru_stime)};
    }

    // Of this program alone: getrusage() would count what its launcher once needed.
    static long peakKb()
    {
        std::ifstream status("/proc/self/status");
        std::string line;
        while (std::getline(status, line)) {
            if (line.rfind("VmHWM:", 0) == 0)
                return std::strtol(line.c_str() + 6, nullptr, 10);
        }
        return 0;
    }

    Sample m_start;
    Sample m_end;
};

#endif
