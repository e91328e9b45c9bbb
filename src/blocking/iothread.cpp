// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/iothread.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qcoreevent.h>

#include <utility>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Posted tasks wait in a list of their own, and an empty event wakes the thread. A queued call for each task
// would cost more, and ThreadSanitizer does not see the locks inside a Qt that is not instrumented.
class IoThread::LetterBox final : public QObject
{
public:
    explicit LetterBox(IoThread *thread) : m_thread(thread) { }
    bool event(QEvent *event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        m_thread->runTasks();
        return true;
    }

private:
    IoThread *const m_thread;
};

IoThread::IoThread() { setObjectName(QStringLiteral("QtAmqp I/O")); }

IoThread::~IoThread() { end({}); }

void IoThread::begin(Task first)
{
    {
        const std::lock_guard lock(m_mutex);
        m_tasks.push_back(std::move(first));
        m_open = true;
        m_running = true;
    }
    start();
}

bool IoThread::post(Task task)
{
    const std::lock_guard lock(m_mutex);
    if (!m_open)
        return false;
    m_tasks.push_back(std::move(task));
    if (m_letterBox && m_tasks.size() == 1)
        QCoreApplication::postEvent(m_letterBox, new QEvent(QEvent::User));
    return true;
}

void IoThread::end(Task last)
{
    {
        std::unique_lock lock(m_mutex);
        if (!std::exchange(m_open, false))
            return;
        if (last)
            m_tasks.push_back(std::move(last));
        quit();
        m_changed.wait(lock, [this] { return !m_running; });
    }
    wait();
}

void IoThread::run()
{
    m_id = QThread::currentThreadId();
    {
        LetterBox letterBox(this);
        {
            const std::lock_guard lock(m_mutex);
            m_letterBox = &letterBox;
        }
        runTasks();
        exec();
        runTasks(); // those that were posted before the end
        const std::lock_guard lock(m_mutex);
        m_letterBox = nullptr;
    }
    m_id = nullptr; // another thread may get the same id
    {
        const std::lock_guard lock(m_mutex);
        m_running = false;
    }
    m_changed.notify_all();
}

void IoThread::runTasks()
{
    std::vector<Task> tasks;
    {
        const std::lock_guard lock(m_mutex);
        tasks.swap(m_tasks);
    }
    for (Task &task : tasks)
        std::exchange(task, {})(); // destroys what the task holds before the next one runs
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
