// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_EVENTQUEUE_H
#define QTAMQP_PROTOCOL_EVENTQUEUE_H

// The events that the core has for the world, in their order. Mostly there is one at a time; so the queue keeps its
// memory, where a std::deque would allocate some for every few events.

#include "protocol/events.h"

#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class EventQueue
{
public:
    bool empty() const { return m_first == m_events.size(); }
    size_t size() const { return m_events.size() - m_first; }
    auto begin() const { return m_events.begin() + qptrdiff(m_first); }
    auto end() const { return m_events.end(); }
    Event &front() { return m_events[m_first]; }
    Event &back() { return m_events.back(); }

    template<typename E>
    void append(E &&event)
    {
        m_events.emplace_back(std::forward<E>(event));
    }
    void removeFirst()
    {
        constexpr size_t many = 1000;
        ++m_first;
        if (!empty() && m_first < many)
            return;
        m_events.erase(m_events.begin(), m_events.begin() + qptrdiff(m_first));
        m_first = 0;
        if (m_events.empty() && m_events.capacity() > many)
            m_events = {};
    }

private:
    std::vector<Event> m_events;
    size_t m_first = 0; // those before it were taken
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
