// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/dispatcher.h"

#include <QtCore/qscopeguard.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

void Dispatcher::post(const void *owner, Event event)
{
    m_events.emplace_back(owner, std::move(event));
    m_changed.notify_all();
}

void Dispatcher::drop(Event &event, Dropped &dropped)
{
    Callback callback = event->nextCallback();
    dropped.emplace_back(std::move(event), std::move(callback));
}

void Dispatcher::drop(const void *owner, Dropped &dropped)
{
    for (auto &[whose, event] : m_events) {
        if (whose == owner)
            drop(event, dropped);
    }
    std::erase_if(m_events, [](const auto &entry) { return !entry.second; });
}

void Dispatcher::dropFirst(const void *owner, Dropped &dropped)
{
    const auto found = std::find_if(m_events.begin(), m_events.end(),
                                    [owner](const auto &entry) { return entry.first == owner; });
    if (found == m_events.end())
        return;
    drop(found->second, dropped);
    m_events.erase(found);
}

void Dispatcher::dropAll(Dropped &dropped)
{
    for (auto &[whose, event] : std::exchange(m_events, {}))
        drop(event, dropped);
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
    decltype(m_timers)::node_type timerNode; // goes without the mutex
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
    decltype(m_events) events;
    std::map<TimerKey, Callback> timers;
    const std::lock_guard lock(m_mutex);
    events.swap(m_events); // they end without the mutex
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

bool Dispatcher::runOne(std::unique_lock<std::mutex> &lock)
{
    while (m_running == std::thread::id()) {
        Event event;
        Callback callback;
        if (isTimerDue() && !(m_timerWasLast && !m_events.empty())) {
            m_timerWasLast = true;
            callback = std::move(m_timers.begin()->second);
            m_timers.erase(m_timers.begin());
        } else if (!m_events.empty()) {
            m_timerWasLast = false;
            event = std::move(m_events.front().second);
            m_events.pop_front();
            callback = event->nextCallback();
        } else {
            return false;
        }
        if (run(lock, std::move(event), std::move(callback)))
            return true;
    }
    return false;
}

// Both go without the mutex. False if there is nothing to be called.
bool Dispatcher::run(std::unique_lock<std::mutex> &lock, Event &&event, Callback &&callback)
{
    const bool runs = bool(callback);
    if (runs)
        m_running = std::this_thread::get_id();
    lock.unlock();
    const auto end = qScopeGuard([&] { // the callback may throw
        callback = nullptr;
        event = nullptr;
        lock.lock();
        if (runs)
            m_running = std::thread::id();
        m_changed.notify_all();
    });
    if (runs)
        callback();
    return runs;
}

// Until something changes, a timer is due that could run here, or it is time to look for a stop.
void Dispatcher::sleep(std::unique_lock<std::mutex> &lock, TimePoint deadline)
{
    TimePoint until = std::min(deadline, TimePoint::clock::now() + StopLook);
    if (m_running == std::thread::id() && !m_timers.empty())
        until = std::min(until, m_timers.begin()->first.first);
    m_sleepHandler(1);
    m_changed.wait_until(lock, until);
    m_sleepHandler(-1);
}

Dispatcher::End Dispatcher::wait(std::unique_lock<std::mutex> &lock, const Condition &done,
                                 TimePoint deadline)
{
    // However many come meanwhile: a wait of no length must end.
    qsizetype ready = TimePoint::clock::now() >= deadline ? readyCount() : 0;
    for (;;) {
        if (done())
            return End::Done;
        if (isStopRequested())
            return End::Stopped;
        const bool late = TimePoint::clock::now() >= deadline;
        if (late && ready-- <= 0)
            return End::TimedOut;
        if (!runOne(lock)) {
            if (late)
                return End::TimedOut;
            sleep(lock, deadline);
        }
    }
}

int Dispatcher::pass(std::unique_lock<std::mutex> &lock, const Condition &ended, TimePoint deadline)
{
    for (;;) {
        // However many come meanwhile: those have their turn in the next pass.
        int count = 0;
        for (qsizetype left = readyCount(); left > 0 && !isStopRequested() && runOne(lock); --left)
            ++count;
        if (count > 0 || ended() || isStopRequested() || TimePoint::clock::now() >= deadline)
            return count;
        sleep(lock, deadline);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
