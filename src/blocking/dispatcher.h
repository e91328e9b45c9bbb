// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_DISPATCHER_H
#define QTAMQP_BLOCKING_DISPATCHER_H

// All waits of a blocking connection, and the callbacks that some of them run.
//
// The mutex guards everything that the I/O thread shares with callers. Callbacks run one at a time, without
// the mutex, in a thread that waits here; a wait inside a callback runs none. Due timers alternate with other
// callbacks, so that each waits for at most one of the other kind.
//
// An event is queued with a function that looks its callback up when the event is dispatched: the application
// may have set another one by then, or none. That function holds no objects of the application, so that
// events can be dropped while the mutex is held.

#include "blocking/answer.h"

#include <atomic>
#include <deque>
#include <map>
#include <thread>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Callback = std::function<void()>;

// A callback that an application sets.
template<typename... Arguments>
class Handler
{
public:
    // The old callback is destroyed without the mutex, since destructors of what it holds may call functions
    // of this connection.
    void set(std::mutex &mutex, std::function<void(Arguments...)> function)
    {
        Function handler;
        if (function)
            handler =
                    std::make_shared<const std::function<void(Arguments...)>>(std::move(function));
        const std::lock_guard lock(mutex);
        m_function.swap(handler);
    }
    explicit operator bool() const { return m_function != nullptr; }
    // Returns a function that calls the callback with these values, or null if no callback is set.
    template<typename... Values>
    Callback with(const Values &...values) const
    {
        if (!m_function)
            return {};
        return [function = m_function, values...] { (*function)(values...); };
    }

private:
    using Function = std::shared_ptr<const std::function<void(Arguments...)>>;
    Function m_function; // shared, so that it is not copied for each call
};

// Called with the mutex held, once for each event. Returns null if no callback is set.
using LookUp = std::function<Callback()>;

// What requestStop() does to a wait.
enum class AtStop {
    EndSoon, // ends it after a while; but a wait that begins after the stop goes on, to tidy up
    EndAtOnce,
    GoOn
};

class Dispatcher
{
public:
    using Lock = std::unique_lock<std::mutex>;
    using Condition = std::function<bool()>; // called with the mutex held
    enum class End { Done, TimedOut, Stopped };

    // `sleepHandler` is called with +1 when a wait begins to sleep, and with -1 when it wakes up.
    explicit Dispatcher(std::function<void(int change)> sleepHandler)
        : m_sleepHandler(std::move(sleepHandler))
    {
    }
    Q_DISABLE_COPY_MOVE(Dispatcher)

    std::mutex &mutex() { return m_mutex; }
    template<typename Function>
    auto locked(Function function)
    {
        const std::lock_guard lock(m_mutex);
        return function();
    }

    quint64 callAt(TimePoint time, Callback callback);
    bool cancelTimer(quint64 timer);
    void clear(); // breaks cycles: callbacks may hold the connection that has this object

    // All of these are called with the mutex held.
    void changed() { m_changed.notify_all(); } // a condition that a wait checks may have changed
    void post(const void *source, std::weak_ptr<void> owner, LookUp lookUp);
    qsizetype count(const void *source) const; // how many events of this source wait
    void drop(const void *source);
    void dropFirst(const void *source); // calls its LookUp too; there must be an event

    // Waits until `done`, which is checked when `changed` is notified, and runs no callbacks.
    End await(Lock &lock, std::condition_variable &changed, const Condition &done,
              TimePoint deadline, AtStop atStop = AtStop::EndSoon)
    {
        return wait(lock, changed, done, deadline, atStop, nullptr);
    }
    // Runs callbacks until `done`, the deadline or a stop, and adds how many ran to `count`. If the deadline
    // is over already, it runs those that are ready.
    End run(Lock &lock, const Condition &done, TimePoint deadline, int *count = nullptr)
    {
        int unused = 0;
        return wait(lock, m_changed, done, deadline, AtStop::EndAtOnce, count ? count : &unused);
    }
    // Runs one callback that is ready, if there is one.
    bool runOne(Lock &lock);
    bool isInCallback() const { return m_running == std::this_thread::get_id(); }

    void requestStop(bool stop) noexcept { m_stop.store(stop); }
    bool isStopRequested() const noexcept { return m_stop.load(); }

private:
    using TimerKey = std::pair<TimePoint, quint64>;
    struct Event
    {
        const void *source;
        std::weak_ptr<void> owner; // owns the objects that `lookUp` uses
        LookUp lookUp;
    };

    End wait(Lock &lock, std::condition_variable &changed, const Condition &done,
             TimePoint deadline, AtStop atStop, int *count);
    bool isTimerDue() const;
    qsizetype readyCount() const;

    const std::function<void(int change)> m_sleepHandler;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Event> m_events;
    std::map<TimerKey, Callback> m_timers;
    quint64 m_lastTimer = 0;
    bool m_timerWasLast = false;
    std::thread::id m_running; // the thread that runs a callback
    std::atomic<bool> m_stop = false;
    static_assert(std::atomic<bool>::is_always_lock_free, "requestStop() is for signal handlers");
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
