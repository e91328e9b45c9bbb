// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_IOTHREAD_H
#define QTAMQP_BLOCKING_IOTHREAD_H

// The thread in which a blocking connection does its input and output. Tasks that are posted run there, in
// their order.

#include <QtCore/qthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class IoThread final : private QThread
{
public:
    using Task = std::function<void()>;

    IoThread();
    ~IoThread() override;

    // Starts the thread, which runs `first` before all posted tasks. It may be started again after end().
    void begin(Task first);
    // Does nothing and returns false before begin() and after end().
    bool post(Task task);
    // Runs the posted tasks and then `last`, and waits for the thread to end. This works without a
    // QCoreApplication too, when no events are delivered.
    void end(Task last);

    // For fork(): the new process does not have the thread, so that nothing may be posted in it.
    std::mutex &mutex() { return m_mutex; }
    void leave() { m_open = false; } // with the mutex held

    bool isCurrent() const { return m_id == QThread::currentThreadId(); }

private:
    class LetterBox;

    void run() override;
    void runTasks();

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<Task> m_tasks;
    LetterBox *m_letterBox = nullptr;
    bool m_open = false;
    bool m_running = false;
    std::atomic<Qt::HANDLE> m_id = nullptr;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
