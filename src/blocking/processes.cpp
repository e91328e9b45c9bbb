// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How blocking connections end with their QCoreApplication, and what becomes of them after fork().
//
// I/O threads can do nothing without a QCoreApplication: they end just before it is destroyed, while they can
// still close their connections. A process that fork() made has no I/O threads: connections are orphans in
// it, whose mutexes are free and whose calls fail at once.

#include "blocking/qamqpblockingconnection_p.h"

#include <QtCore/qcoreapplication.h>

#ifdef Q_OS_UNIX
#  include <pthread.h>
#endif

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

namespace {

struct Process
{
    std::mutex mutex;
    std::vector<QAmqpBlockingConnectionPrivate *> connections;
    std::vector<std::shared_ptr<void>> orphans;
};

// Never destroyed, since there may be static connections.
Process &process()
{
    static auto *const process = new Process;
    return *process;
}

// Called when QCoreApplication is about to be destroyed.
void endAll()
{
    std::vector<std::shared_ptr<QAmqpBlockingConnectionPrivate>> connections;
    {
        const std::lock_guard lock(process().mutex);
        for (QAmqpBlockingConnectionPrivate *connection : process().connections)
            connections.push_back(connection->shared_from_this());
    }
    for (const auto &connection : connections)
        connection->end(QStringLiteral("the QCoreApplication object was destroyed"));
}

#ifdef Q_OS_UNIX
// Takes all mutexes, so that no other thread is in the middle of a change that the new process would find
// half done.
void beforeFork()
{
    process().mutex.lock();
    for (QAmqpBlockingConnectionPrivate *connection : process().connections) {
        connection->dispatcher.mutex().lock();
        connection->thread.mutex().lock();
    }
}

void afterFork()
{
    for (QAmqpBlockingConnectionPrivate *connection : process().connections) {
        connection->thread.mutex().unlock();
        connection->dispatcher.mutex().unlock();
    }
    process().mutex.unlock();
}

void inNewProcess()
{
    for (QAmqpBlockingConnectionPrivate *connection : process().connections) {
        connection->thread.leave();
        connection->thread.mutex().unlock();
        connection->orphan();
        connection->dispatcher.mutex().unlock();
    }
    process().mutex.unlock();
}
#endif

} // namespace

void addToProcess(QAmqpBlockingConnectionPrivate *connection)
{
#ifdef Q_OS_UNIX
    [[maybe_unused]] static const int watching =
            ::pthread_atfork(beforeFork, afterFork, inNewProcess);
#endif
    const std::lock_guard lock(process().mutex);
    auto &all = process().connections;
    if (std::find(all.begin(), all.end(), connection) != all.end())
        return;
    all.push_back(connection);
    qRemovePostRoutine(endAll); // a QCoreApplication calls a routine once, so it is added again
    qAddPostRoutine(endAll);
}

void removeFromProcess(QAmqpBlockingConnectionPrivate *connection)
{
    const std::lock_guard lock(process().mutex);
    std::erase(process().connections, connection);
}

void keepForEver(std::shared_ptr<void> orphan)
{
    const std::lock_guard lock(process().mutex);
    process().orphans.push_back(std::move(orphan));
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
