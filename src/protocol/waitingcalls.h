// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_WAITINGCALLS_H
#define QTAMQP_PROTOCOL_WAITINGCALLS_H

// The calls of one channel that cannot be sent yet, in order. It also counts how many bytes the waiting calls
// of all channels of a connection take; nobody else changes that number.

#include "protocol/channelcalls.h"

#include <deque>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class WaitingCalls
{
public:
    explicit WaitingCalls(qint64 &bytesOfAll) : m_bytesOfAll(bytesOfAll) { }
    ~WaitingCalls() { m_bytesOfAll -= m_bytes; }

    bool isEmpty() const { return m_calls.empty(); }
    std::size_t size() const { return m_calls.size(); }
    auto begin() const { return m_calls.begin(); }
    auto end() const { return m_calls.end(); }
    const WireCall &first() const { return m_calls.front(); }

    void append(WireCall call)
    {
        count(call.storedSize());
        m_calls.push_back(std::move(call));
    }
    void prepend(WireCall call)
    {
        count(call.storedSize());
        m_calls.push_front(std::move(call));
    }
    void prepend(std::vector<WireCall> calls)
    {
        for (const WireCall &call : calls)
            count(call.storedSize());
        m_calls.insert(m_calls.begin(), std::make_move_iterator(calls.begin()),
                       std::make_move_iterator(calls.end()));
    }
    // Takes the calls out for which this is true, in order.
    template<typename Condition>
    std::vector<WireCall> takeIf(Condition condition)
    {
        std::vector<WireCall> taken;
        std::deque<WireCall> kept;
        for (WireCall &call : m_calls) {
            if (condition(call)) {
                count(-call.storedSize());
                taken.push_back(std::move(call));
            } else {
                kept.push_back(std::move(call));
            }
        }
        m_calls = std::move(kept);
        return taken;
    }
    // Their time begins anew.
    void restartTimes()
    {
        for (WireCall &call : m_calls)
            call.request.oldestSince.reset();
    }
    WireCall takeFirst()
    {
        WireCall call = std::move(m_calls.front());
        m_calls.pop_front();
        count(-call.storedSize());
        return call;
    }
    std::deque<WireCall> takeAll()
    {
        count(-m_bytes);
        return std::exchange(m_calls, {});
    }
    // The oldest request that somebody waits for, or null.
    Request *oldestRequest()
    {
        for (WireCall &call : m_calls) {
            if (call.request.isAwaited())
                return &call.request;
        }
        return nullptr;
    }

private:
    Q_DISABLE_COPY_MOVE(WaitingCalls)
    void count(qint64 bytes)
    {
        m_bytes += bytes;
        m_bytesOfAll += bytes;
    }

    std::deque<WireCall> m_calls;
    qint64 m_bytes = 0;
    qint64 &m_bytesOfAll;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
