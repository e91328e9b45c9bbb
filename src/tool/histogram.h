// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_HISTOGRAM_H
#define QTAMQP_TOOL_HISTOGRAM_H

// Counts values in buckets whose width grows with the value, so that each value is exact to one part in 1024.
// Any number of values takes half a megabyte. (Debian has no HdrHistogram for C or C++.)

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace Tool {

class Histogram
{
public:
    void add(std::uint64_t value)
    {
        ++m_counts[bucketOf(value)];
        ++m_count;
        m_least = std::min(m_least, value);
        m_most = std::max(m_most, value);
    }

    void clear() { *this = Histogram(); }
    std::uint64_t count() const { return m_count; }
    std::uint64_t least() const { return m_count ? m_least : 0; }
    std::uint64_t most() const { return m_most; }

    // Returns the value that `percent` of all values do not exceed.
    std::uint64_t percentile(double percent) const
    {
        const double rank = std::ceil(percent / 100 * double(m_count));
        std::uint64_t left = std::max(std::uint64_t(1), std::uint64_t(rank));
        for (std::size_t bucket = 0; bucket < m_counts.size(); ++bucket) {
            if (m_counts[bucket] >= left)
                return std::min(lastOf(bucket), m_most);
            left -= m_counts[bucket];
        }
        return m_most;
    }

private:
    static constexpr int Bits = 10;

    // Each value below 2048 has a bucket of its own; above, there are 1024 for each power of two.
    static std::size_t bucketOf(std::uint64_t value)
    {
        const int shift = std::max(0, int(std::bit_width(value)) - Bits - 1);
        return (std::size_t(shift) << Bits) + std::size_t(value >> shift);
    }

    static std::uint64_t lastOf(std::size_t bucket)
    {
        if (bucket < std::size_t(2) << Bits)
            return bucket;
        const std::size_t shift = (bucket >> Bits) - 1;
        const std::uint64_t first = std::uint64_t(bucket - (shift << Bits)) << shift;
        return first + (std::uint64_t(1) << shift) - 1;
    }

    std::vector<std::uint64_t> m_counts =
            std::vector<std::uint64_t>(std::size_t(65 - Bits) << Bits);
    std::uint64_t m_count = 0;
    std::uint64_t m_least = UINT64_MAX;
    std::uint64_t m_most = 0;
};

} // namespace Tool

#endif
