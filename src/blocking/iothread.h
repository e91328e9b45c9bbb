// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_IOTHREAD_H
#define QTAMQP_BLOCKING_IOTHREAD_H

// The thread in which a blocking connection does its input and output, and its letter box: what is
// posted runs there in order.

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

    // Runs `first` before all that is posted; again only after end().
    void begin(Task first);
    // False, and nothing is done, before begin() and after end().
    bool post(Task task);
    // Runs what was posted and then `last`, after which nothing is, and waits for that. It ends without
    // a QCoreApplication, too, which no event would reach.
    void end(Task last);

    // For fork(), which the thread does not go through: nothing is posted in the new process.
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
