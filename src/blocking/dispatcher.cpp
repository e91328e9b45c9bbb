// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/dispatcher.h"

#include <QtCore/qscopeguard.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// How often a wait checks for a stop, since a signal handler must not notify a condition variable (it may
// deadlock).
constexpr auto StopInterval = std::chrono::milliseconds(50);
// How long the broker may take to answer a call that was waiting when a stop was requested.
constexpr auto AnswerTime = std::chrono::milliseconds(500);

void Dispatcher::post(const void *source, std::weak_ptr<void> owner, LookUp lookUp)
{
    m_events.push_back({source, std::move(owner), std::move(lookUp)});
    m_changed.notify_all();
}

qsizetype Dispatcher::count(const void *source) const
{
    return std::count_if(m_events.begin(), m_events.end(),
                         [source](const Event &event) { return event.source == source; });
}

void Dispatcher::drop(const void *source)
{
    std::erase_if(m_events, [source](const Event &event) { return event.source == source; });
}

void Dispatcher::dropFirst(const void *source)
{
    const auto first = std::find_if(m_events.begin(), m_events.end(),
                                    [source](const Event &e) { return e.source == source; });
    first->lookUp();
    m_events.erase(first);
}

quint64 Dispatcher::callAt(TimePoint time, Callback callback)
{
    const std::lock_guard lock(m_mutex);
    m_timers.emplace(TimerKey(time, ++m_lastTimer), std::move(callback));
    m_changed.notify_all();
    return m_lastTimer;
}

bool Dispatcher::cancelTimer(quint64 timer)
{
    decltype(m_timers)::node_type timerNode; // destroyed without the mutex
    const std::lock_guard lock(m_mutex);
    const auto found = std::find_if(m_timers.begin(), m_timers.end(), [timer](const auto &entry) {
        return entry.first.second == timer;
    });
    if (found == m_timers.end())
        return false;
    timerNode = m_timers.extract(found);
    return true;
}

void Dispatcher::clear()
{
    std::map<TimerKey, Callback> timers; // destroyed without the mutex
    const std::lock_guard lock(m_mutex);
    m_events.clear();
    timers.swap(m_timers);
}

bool Dispatcher::isTimerDue() const
{
    return !m_timers.empty() && m_timers.begin()->first.first <= TimePoint::clock::now();
}

qsizetype Dispatcher::readyCount() const
{
    const TimePoint now = TimePoint::clock::now();
    return qsizetype(m_events.size())
            + std::count_if(m_timers.begin(), m_timers.end(),
                            [now](const auto &timer) { return timer.first.first <= now; });
}

bool Dispatcher::runOne(Lock &lock)
{
    while (m_running == std::thread::id()) {
        Callback callback; // destroyed without the mutex, like the owner
        std::shared_ptr<void> owner;
        if (isTimerDue() && !(m_timerWasLast && !m_events.empty())) {
            m_timerWasLast = true;
            callback = std::move(m_timers.begin()->second);
            m_timers.erase(m_timers.begin());
        } else if (!m_events.empty()) {
            m_timerWasLast = false;
            const Event event = std::move(m_events.front());
            m_events.pop_front();
            owner = event.owner.lock();
            if (owner)
                callback = event.lookUp();
        } else {
            return false;
        }
        m_running = std::this_thread::get_id();
        lock.unlock();
        const bool runs = bool(callback);
        const auto end = qScopeGuard([&] { // runs even if the callback throws
            callback = nullptr;
            owner.reset();
            lock.lock();
            m_running = std::thread::id();
            m_changed.notify_all();
        });
        if (runs) {
            callback();
            return true;
        }
    }
    return false;
}

// The only function in which a thread waits.
Dispatcher::End Dispatcher::wait(Lock &lock, std::condition_variable &changed,
                                 const Condition &done, TimePoint deadline, AtStop atStop,
                                 int *count)
{
    const bool endsAtStop =
            atStop == AtStop::EndAtOnce || (atStop == AtStop::EndSoon && !isStopRequested());
    End atDeadline = End::TimedOut;
    // A wait whose deadline is over runs only the callbacks that are ready when it begins. Otherwise it might
    // never end.
    qsizetype ready = count && TimePoint::clock::now() >= deadline ? readyCount() : 0;
    for (;;) {
        if (done())
            return End::Done;
        const TimePoint now = TimePoint::clock::now();
        if (endsAtStop && atDeadline == End::TimedOut && isStopRequested()) {
            atDeadline = End::Stopped;
            ready = 0;
            deadline = atStop == AtStop::EndAtOnce ? now : std::min(deadline, now + AnswerTime);
        }
        if (now >= deadline && ready-- <= 0)
            return atDeadline;
        if (count && runOne(lock)) {
            ++*count;
            continue;
        }
        if (now >= deadline)
            return atDeadline;
        TimePoint until = endsAtStop ? std::min(deadline, now + StopInterval) : deadline;
        if (count && m_running == std::thread::id() && !m_timers.empty())
            until = std::min(until, m_timers.begin()->first.first);
        m_sleepHandler(1);
        changed.wait_until(lock, until);
        m_sleepHandler(-1);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
