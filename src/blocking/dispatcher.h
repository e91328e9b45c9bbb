// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_DISPATCHER_H
#define QTAMQP_BLOCKING_DISPATCHER_H

// The callbacks of a blocking connection, and the waits that run them.
//
// The mutex guards all that the I/O thread shares with callers. Callbacks run one at a time, without
// it, in a thread that waits here; a wait inside a callback runs none. Timers that are due take turns
// with everything else, so that neither makes the other wait for more than one callback.
//
// What happened waits as an event, which only says what is to be called when its turn has come: the
// application may have set another callback by then, or none, and who is closed drops its events.

#include "blocking/answer.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// A callback that an application sets: shared, so that whoever calls it needs no copy.
template<typename... Arguments>
using Handler = std::shared_ptr<const std::function<void(Arguments...)>>;

template<typename... Arguments>
Handler<Arguments...> shared(std::function<void(Arguments...)> function)
{
    using Function = const std::function<void(Arguments...)>;
    return function ? std::make_shared<Function>(std::move(function)) : nullptr;
}

using Callback = std::function<void()>;

class EventSource
{
public:
    virtual ~EventSource() = default;
    // What is to be called for its next event, or nothing. Asked once for each event, with the mutex
    // held: when its turn has come or when it is dropped.
    virtual Callback nextCallback() = 0;
};

// `next` is the nextCallback() of the one event there is.
template<typename Next>
std::shared_ptr<EventSource> singleEvent(Next next)
{
    class Source final : public EventSource
    {
    public:
        explicit Source(Next next) : m_next(std::move(next)) { }
        Callback nextCallback() override { return m_next(); }

    private:
        Next m_next;
    };
    return std::make_shared<Source>(std::move(next));
}

// How long a wait may miss a stop: a signal handler cannot wake a condition variable (tried, it
// deadlocks), so waits look at the flag.
constexpr auto StopLook = std::chrono::milliseconds(50);
// How long a broker that works may take to answer a call that a stop found waiting.
constexpr auto AnswerTime = std::chrono::milliseconds(500);

class Dispatcher
{
public:
    using Event = std::shared_ptr<EventSource>;
    // What was dropped: it may hold what takes the mutex when it goes.
    using Dropped = std::vector<std::pair<Event, Callback>>;
    using Condition = std::function<bool()>; // called with the mutex held
    using SleepHandler = std::function<void(int change)>; // called with the mutex held
    enum class End { Done, TimedOut, Stopped };

    // `handler` is told when a wait has nothing to do (+1), and of the end of that (-1).
    explicit Dispatcher(SleepHandler handler) : m_sleepHandler(std::move(handler)) { }
    Q_DISABLE_COPY_MOVE(Dispatcher)

    std::mutex &mutex() { return m_mutex; }
    // With the mutex held: something that a wait looks at has changed.
    void changed() { m_changed.notify_all(); }
    // With the mutex held. Events are dropped by their owner, one or all of them.
    void post(const void *owner, Event event);
    void drop(const void *owner, Dropped &dropped);
    void dropFirst(const void *owner, Dropped &dropped);
    void dropAll(Dropped &dropped);

    quint64 callAt(TimePoint time, Callback callback);
    bool cancelTimer(quint64 timer);
    // Drops all callbacks; they may hold what holds this.
    void clear();

    // Runs callbacks until `done`, the deadline or a stop. With the mutex held by `lock`. A deadline that
    // is over already lets those run that are ready.
    End wait(std::unique_lock<std::mutex> &lock, const Condition &done, TimePoint deadline);
    // Runs the callbacks that are ready, or waits for some to be; one pass. Tells how many ran.
    int pass(std::unique_lock<std::mutex> &lock, const Condition &ended, TimePoint deadline);
    // Waits for `done` or the deadline, and for nothing else.
    void waitOnly(std::unique_lock<std::mutex> &lock, const Condition &done, TimePoint deadline)
    {
        m_changed.wait_until(lock, deadline, done);
    }
    // Runs one that is ready, if there is one.
    bool runOne(std::unique_lock<std::mutex> &lock);
    bool isInCallback() const { return m_running == std::this_thread::get_id(); }

    void requestStop(bool stop) noexcept { m_stop.store(stop); }
    bool isStopRequested() const noexcept { return m_stop.load(); }

private:
    using TimerKey = std::pair<TimePoint, quint64>;

    static void drop(Event &event, Dropped &dropped);
    bool run(std::unique_lock<std::mutex> &lock, Event &&event, Callback &&callback);
    bool isTimerDue() const;
    qsizetype readyCount() const;
    void sleep(std::unique_lock<std::mutex> &lock, TimePoint deadline);

    const SleepHandler m_sleepHandler;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::pair<const void *, Event>> m_events; // with their owners
    std::map<TimerKey, Callback> m_timers;
    quint64 m_lastTimer = 0;
    bool m_timerWasLast = false;
    std::thread::id m_running; // the thread that is in a callback
    std::atomic<bool> m_stop = false;
    static_assert(std::atomic<bool>::is_always_lock_free, "requestStop() is for signal handlers");
};

// What a stop does to a call that waits for the broker.
enum class AtStop {
    EndSoon, // if it comes meanwhile; what begins after it is there to tidy up
    EndAtOnce,
    GoOn
};

// How long one call waits for the broker.
class Patience
{
public:
    Patience(const Dispatcher &dispatcher, TimePoint deadline, AtStop atStop)
        : m_dispatcher(dispatcher)
        , m_deadline(deadline)
        , m_atStop(atStop)
        , m_looks(atStop == AtStop::EndAtOnce
                  || (atStop == AtStop::EndSoon && !dispatcher.isStopRequested()))
    {
    }
    // False if `done` did not come in time. It is called with the mutex held by `lock`.
    template<typename Done>
    bool wait(std::condition_variable &changed, std::unique_lock<std::mutex> &lock, Done done)
    {
        while (!done()) {
            const TimePoint now = TimePoint::clock::now();
            if (m_looks && !m_stopped && m_dispatcher.isStopRequested()) {
                m_stopped = true;
                m_deadline = m_atStop == AtStop::EndAtOnce ? now
                                                           : std::min(m_deadline, now + AnswerTime);
            }
            if (now >= m_deadline)
                return false;
            changed.wait_until(lock, m_looks ? std::min(m_deadline, now + StopLook) : m_deadline);
        }
        return true;
    }
    // Whether it was a stop that ended it.
    bool isStopped() const { return m_stopped; }

private:
    const Dispatcher &m_dispatcher;
    TimePoint m_deadline;
    const AtStop m_atStop;
    const bool m_looks;
    bool m_stopped = false;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
