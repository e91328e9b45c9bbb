// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONNECTION_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONNECTION_P_H

#include "blocking/dispatcher.h"
#include "blocking/iothread.h"
#include "blocking/processes.h"

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqpconnection.h>

QT_BEGIN_NAMESPACE

class QAmqpBlockingChannelPrivate;

class QAmqpBlockingConnectionPrivate
    : public std::enable_shared_from_this<QAmqpBlockingConnectionPrivate>
{
public:
    using Clock = std::chrono::steady_clock;
    template<typename T>
    using Answer = QtAmqpPrivate::AnswerPointer<QAmqpResult<T>>;

    // Any thread
    template<typename Result, typename Start>
    Result wait(const char *what, QtAmqpPrivate::TimePoint deadline, Start start,
                QtAmqpPrivate::AtStop atStop = QtAmqpPrivate::AtStop::EndSoon);
    QAmqpError unanswered(const char *what, const QtAmqpPrivate::Patience &patience) const;
    QAmqpError notOpen(const char *what) const;
    void awaitEnd(const QAmqpError &error, const bool &open);
    // With the mutex held: why waiting makes no sense (any more, if it did).
    QAmqpError refusal(const char *what, bool wasOpen) const;
    QAmqpError notOpenNow(const char *what) const;
    // With the mutex held: it is not open, and nothing that could be told here is left to be told.
    bool isOver() const { return !now.open && (!closedWaits || dispatcher.isInCallback()); }
    std::chrono::milliseconds timeout() const { return m_timeout.load(); }
    void setTimeout(std::chrono::milliseconds timeout);
    QAmqpResult<void> open(const QAmqpConnectionOptions *wanted);
    void begin();
    bool hasGivenUp(const QAmqpError &error) const;
    QAmqpResult<void> close(std::chrono::milliseconds deadline);
    QAmqpResult<std::shared_ptr<QAmqpBlockingChannelPrivate>> makeChannel();
    void abort();
    void end(const QString &why = QString());
    void silence();

    // With the mutex held, when messages that no prefetch bounds came or were taken.
    void countWaiting(qint64 messages, qint64 bytes);
    void countReaders(int change); // who waits needs what the broker sends
    void lookAtReading();

    // I/O thread
    void startOpening(const Answer<void> &answer,
                      const std::optional<QAmqpConnectionOptions> &with);
    void watch();
    void tellOpened();
    void tellClosed();
    void reportBlocked(bool blocked);
    QtAmqpPrivate::Callback blockedCallback(bool blocked,
                                            const QString &reason); // with the mutex held

    struct Snapshot
    {
        bool open = false;
        QString endpoint = {};
        bool blocked = false;
        QString blockedReason = {};
        QAmqpError lastError = {};
        quint16 channelMax = 0;
        quint32 frameMax = 0;
        std::chrono::seconds heartbeat = {};
        QAmqpTable serverProperties = {};
    };

    template<typename T>
    T current(T Snapshot::*member) const
    {
        const std::lock_guard lock(dispatcher.mutex());
        return now.*member;
    }

    mutable QtAmqpPrivate::Dispatcher dispatcher{[this](int change) { countReaders(change); }};
    QtAmqpPrivate::IoThread thread;

    // Guarded by the dispatcher's mutex
    QAmqpBlockingConnection *q = nullptr; // also null once it is gone: its channels outlive it
    Snapshot now;
    QAmqpConnectionOptions options;
    std::function<void(QAmqpConnection *)> setUp;
    QtAmqpPrivate::Handler<const QString &> blockedHandler;
    QtAmqpPrivate::Handler<> unblockedHandler;
    QtAmqpPrivate::Handler<const QAmqpError &> closedHandler;
    int blockedChanges = 0; // to be called back
    bool closedWaits = false; // the same
    bool silenced = false; // it is being closed, until the next open()
    bool begun = false;
    bool orphaned = false; // it is the connection of another process, see processes.h
    int readers = 0; // calls and waits that need something to be read
    qint64 waitingMessages = 0;
    qint64 waitingBytes = 0;
    bool tooManyWait = false;
    bool tooManyForReaders = false;
    bool reading = true; // as the I/O thread was last told

    // Of the I/O thread
    QAmqpConnection *connection = nullptr; // made by the first task, and gone after the last
    QAmqpError failure; // of the present session
    Answer<void> opener;
    std::vector<Answer<void>> closers;
    std::vector<std::weak_ptr<QAmqpBlockingChannelPrivate>> channels;

private:
    std::atomic<std::chrono::milliseconds> m_timeout = std::chrono::milliseconds(30'000);
};

// While a call waits, its connection reads, however many messages there are.
class QAmqpBlockingCall
{
public:
    explicit QAmqpBlockingCall(QAmqpBlockingConnectionPrivate *connection)
        : m_connection(connection)
    {
        count(1);
    }
    ~QAmqpBlockingCall() { count(-1); }
    Q_DISABLE_COPY_MOVE(QAmqpBlockingCall)

private:
    void count(int change)
    {
        const std::lock_guard lock(m_connection->dispatcher.mutex());
        m_connection->countReaders(change);
    }
    QAmqpBlockingConnectionPrivate *const m_connection;
};

// Has the I/O thread call start(answer), and waits for the answer.
template<typename Result, typename Start>
Result QAmqpBlockingConnectionPrivate::wait(const char *what, QtAmqpPrivate::TimePoint deadline,
                                            Start start, QtAmqpPrivate::AtStop atStop)
{
    if (thread.isCurrent())
        return QtAmqpPrivate::blockingError(
                QAmqpError::Kind::InvalidArgument,
                QStringLiteral("%1: called in the I/O thread, which would wait for itself")
                        .arg(QLatin1StringView(what)));
    const QAmqpBlockingCall call(this);
    const auto answer = std::make_shared<QtAmqpPrivate::Answer<Result>>();
    if (!thread.post([answer, start = std::move(start)]() mutable { start(answer); }))
        return notOpen(what);
    QtAmqpPrivate::Patience patience(dispatcher, deadline, atStop);
    if (std::optional<Result> result = answer->wait(patience))
        return *std::move(result);
    return unanswered(what, patience);
}

QT_END_NAMESPACE

#endif
