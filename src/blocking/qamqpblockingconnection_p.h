// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONNECTION_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONNECTION_P_H

#include "blocking/dispatcher.h"
#include "blocking/iothread.h"

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqpconnection.h>

QT_BEGIN_NAMESPACE

class QAmqpBlockingChannelPrivate;
class QAmqpBlockingConnectionPrivate;
class QAmqpBlockingOutboxPrivate;

namespace QtAmqpPrivate {

// See processes.cpp: a connection is registered while its I/O thread runs.
void addToProcess(QAmqpBlockingConnectionPrivate *connection);
void removeFromProcess(QAmqpBlockingConnectionPrivate *connection);
// Keeps the objects of an orphan for ever: its condition variables seem to be in use by threads that do not
// exist in this process, and must not be destroyed.
void keepForEver(std::shared_ptr<void> orphan);

} // namespace QtAmqpPrivate

class QAmqpBlockingConnectionPrivate final
    : public std::enable_shared_from_this<QAmqpBlockingConnectionPrivate>
{
public:
    using Dispatcher = QtAmqpPrivate::Dispatcher;
    template<typename T>
    using Answer = QtAmqpPrivate::AnswerPointer<QAmqpResult<T>>;

    // Any thread
    // The one way to ask the I/O thread for something: it calls start(answer), and this waits for the answer.
    template<typename Result, typename Start>
    Result call(const QString &what, QtAmqpPrivate::TimePoint deadline, Start start,
                QtAmqpPrivate::AtStop atStop = QtAmqpPrivate::AtStop::EndSoon);
    QAmqpError begin(const QString &what); // starts the I/O thread, if that does not run
    QAmqpResult<void> open(const std::optional<QAmqpConnectionOptions> &with);
    QAmqpResult<void> close(std::chrono::milliseconds deadline);
    void abort();
    void end(const QString &why);
    void silence();
    void addOutbox(const std::shared_ptr<QAmqpBlockingOutboxPrivate> &outbox);
    void removeOutbox(const QAmqpBlockingOutboxPrivate *outbox);

    // Any thread, with the mutex held
    QAmqpError unanswered(const QString &what, Dispatcher::End end) const;
    QAmqpError timedOut(QString text) const;
    QAmqpError notOpen(const QString &what) const;
    // Returns why the call cannot succeed any more, or no error.
    QAmqpError refusal(const QString &what, bool wasOpen) const;
    bool isOver() const
    {
        return !now.open && (dispatcher.count(this) == 0 || dispatcher.isInCallback());
    }
    void countWaiting(qint64 messages, qint64 bytes); // those that are not bounded by a prefetch
    void countReaders(int change); // calls that wait for something the broker sends
    void updateReading();
    void post(const QtAmqpPrivate::LookUp &lookUp);
    void orphan(); // in a process that fork() made

    // I/O thread
    void endOutboxes(const QAmqpError &why);
    void answerAtEnd(const Answer<void> &answer);
    void startOpening(const Answer<void> &answer,
                      const std::optional<QAmqpConnectionOptions> &with);
    void watch();
    void opened();
    void interrupted(const QAmqpError &cause);
    void recovered(const QAmqpRecoveryReport &report);
    void closed();
    bool isUsable() const; // it is open, or recovers
    // After closed() or interrupted() if that is due, or else now.
    void afterEnd(const std::function<void()> &what);

    struct Snapshot
    {
        bool open = false; // also while it recovers
        bool recovering = false;
        QString endpoint = {};
        bool blocked = false;
        QString blockedReason = {};
        QAmqpError lastError = {};
        quint16 channelMax = 0;
        quint32 frameMax = 0;
        std::chrono::seconds heartbeat = {};
        QAmqpTable serverProperties = {};
    };
    Snapshot current() const
    {
        return dispatcher.locked([this] { return now; });
    }

    mutable Dispatcher dispatcher{[this](int change) { countReaders(change); }};
    QtAmqpPrivate::IoThread thread;
    std::atomic<std::chrono::milliseconds> timeout = std::chrono::milliseconds(30'000);

    // Guarded by the dispatcher's mutex
    QAmqpBlockingConnection *q = nullptr; // null once it is destroyed: channels may outlive it
    Snapshot now;
    QAmqpConnectionOptions options;
    std::function<void(QAmqpConnection *)> setUp;
    QtAmqpPrivate::Handler<const QString &> blockedHandler;
    QtAmqpPrivate::Handler<> unblockedHandler;
    QtAmqpPrivate::Handler<const QAmqpError &> interruptedHandler;
    QtAmqpPrivate::Handler<const QAmqpRecoveryReport &> recoveredHandler;
    QtAmqpPrivate::Handler<const QAmqpError &> closedHandler;
    std::vector<std::weak_ptr<QAmqpBlockingChannelPrivate>> channels;
    std::vector<std::shared_ptr<QAmqpBlockingOutboxPrivate>> outboxes; // until they are closed
    bool silenced = false; // close() was called: no callbacks until the next open()
    bool begun = false;
    bool orphaned = false; // it is the connection of another process, see processes.cpp
    int readers = 0; // how many calls wait for something the broker sends
    qint64 waitingMessages = 0;
    qint64 waitingBytes = 0;
    bool tooManyWait = false;
    bool tooManyForReaders = false;
    bool reading = true; // as the I/O thread was last asked

    // Of the I/O thread
    QAmqpConnection *connection = nullptr; // lives as long as the thread
    QAmqpError failure; // of the present session
    QtAmqpPrivate::Waiters waiters;
    QtAmqpPrivate::Waiters lossWaiters; // for interrupted()
};

template<typename Result, typename Start>
Result QAmqpBlockingConnectionPrivate::call(const QString &what, QtAmqpPrivate::TimePoint deadline,
                                            Start start, QtAmqpPrivate::AtStop atStop)
{
    if (thread.isCurrent())
        return QtAmqpPrivate::blockingError(
                QAmqpError::Kind::InvalidArgument,
                u"%1: called in the I/O thread, which would wait for itself", what);
    const auto answer = std::make_shared<QtAmqpPrivate::Answer<Result>>(dispatcher.mutex());
    const bool posted =
            thread.post([answer, start = std::move(start)]() mutable { start(answer); });
    Dispatcher::Lock lock(dispatcher.mutex());
    if (!posted)
        return notOpen(what);
    const auto isGiven = [&] { return answer->value.has_value(); };
    const auto end = dispatcher.await(lock, answer->given, isGiven, deadline, atStop);
    answer->abandoned = end != Dispatcher::End::Done;
    if (answer->abandoned)
        return unanswered(what, end);
    if (!now.open && QtAmqpPrivate::lacksReason(answer->value->error()))
        return notOpen(what);
    return *std::move(answer->value);
}

QT_END_NAMESPACE

#endif
