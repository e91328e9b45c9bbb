#ifndef QTAMQP_BLOCKING_DISPATCHER_H
#define QTAMQP_BLOCKING_DISPATCHER_H

// The callbacks of a blocking connection, and the waits that run them.
//
// The mutex guards all that the I/O thread shares with callers. Callbacks run one at a time, without
// it, in a thread that waits here; a wait inside a callback runs none. Timers that are due take turns
// with everything else, so that neither makes the other wait for more than one callback.

#include "blocking/answer.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <thread>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Dispatcher
{
public:
    using Callback = std::function<void()>;
    using Condition = std::function<bool()>; // called with the mutex held
    using SleepHandler = std::function<void(int change)>; // called with the mutex held
    enum class End { Done, TimedOut, Stopped };

    // `handler` is told when a wait has nothing to do (+1), and of the end of that (-1).
    explicit Dispatcher(SleepHandler handler) : m_sleepHandler(std::move(handler)) { }
    Q_DISABLE_COPY_MOVE(Dispatcher)

    std::mutex &mutex() { return m_mutex; }
    // With the mutex held: something that a wait looks at has changed.
    void changed() { m_changed.notify_all(); }
    // With the mutex held.
    void post(Callback callback);

    quint64 callAt(TimePoint time, Callback callback);
    bool cancelTimer(quint64 timer);
    // Drops all callbacks; they may hold what holds this.
    void clear();

    // Runs callbacks until `done`, the deadline or a stop. With the mutex held by `lock`.
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

    bool isTimerDue() const;
    qsizetype readyCount() const;
    void sleep(std::unique_lock<std::mutex> &lock, TimePoint deadline);

    const SleepHandler m_sleepHandler;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Callback> m_callbacks;
    std::map<TimerKey, Callback> m_timers;
    quint64 m_lastTimer = 0;
    bool m_timerWasLast = false;
    std::thread::id m_running; // the thread that is in a callback
    std::atomic<bool> m_stop = false;
    static_assert(std::atomic<bool>::is_always_lock_free, "requestStop() is for signal handlers");
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
