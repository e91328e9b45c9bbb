// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_RUN_H
#define QTAMQP_TOOL_RUN_H

// One run of a command, and its connections. Commands can be read from top to bottom: they wait for a future
// or a condition while the event loop runs. Whatever ends the command (an error of the broker, the deadline,
// Ctrl-C) is thrown from the wait as a Failure. Only the first one is thrown, so that one line is printed.

#include "configuration.h"
#include "progress.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qdatetime.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qeventloop.h>
#include <QtCore/qtimer.h>

#include <memory>

namespace Tool {

// For commands that go on when their connection is lost and comes back.
inline constexpr Option retryOption = {
        "retry", "SECONDS",
        "How long to go on without a connection that was lost, 60 by default; then it ends with status 2. 0 "
        "ends it at once."};

// Returns how an error ends the command. An error that only follows from its cause is replaced by that.
Failure failureOf(const QAmqpError &error);

class Run
{
public:
    explicit Run(const Arguments &arguments);

    const Arguments &arguments() const { return m_arguments; }
    bool json() const { return m_json; }
    // The name of the program and the command, with which a line on standard error begins.
    QString name() const;
    const QAmqpConnectionOptions &connectionOptions() const { return m_options; }
    QString managementUrl() const; // empty: where it usually is

    // The signal that asked to stop, or 0.
    int stopSignal() const { return m_signal; }
    // Sets what the command is doing, for the progress and for the text when the time is up.
    void setDoing(const QString &what);
    Progress &progress() { return m_progress; }
    // Ends the command from a slot: the wait throws the failure. Only the first one counts.
    void fail(const Failure &failure);
    const std::optional<Failure> &failure() const { return m_failure; }

    // What the line that tells a loss says at its end about messages that were under way.
    void setLossNote(const QString &note) { m_lossNote = note; }
    // Called by the sessions. However many are lost at a time, one line tells the first loss and one that all are
    // back. If they are not back in time, the command fails.
    void lost(const QAmqpError &cause);
    void setLastError(const QAmqpError &error) { m_lastError = error; }
    void setNextAttempt(const QDateTime &time) { m_nextAttempt = time; }
    void found(const QString &endpoint,
               const QString &again); // no endpoint: it ends without a connection
    bool isLost() const { return m_lost > 0; }
    // Set while a broker takes no messages: who it is, and why. Empty when it takes them again.
    void setBlocked(const QString &blocked) { m_blocked = blocked; }
    // Until endPatience() a connection that is lost is waited for without limit, unless it is not to be waited for at
    // all. The time of --retry begins then.
    void setPatient();
    void endPatience();

    template<typename Condition>
    void waitUntil(Condition done)
    {
        while (!done()) {
            check();
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        }
    }

    template<typename T>
    T wait(QFuture<T> future)
    {
        waitUntil([&] { return future.isFinished(); });
        try {
            if constexpr (std::is_void_v<T>)
                future.waitForFinished();
            else
                return future.result();
        } catch (const QAmqpException &exception) {
            throw failureOf(exception.error());
        }
    }

    // Waits too, and returns the error with which it has ended, if there is one.
    template<typename T>
    QAmqpError outcome(QFuture<T> future)
    {
        waitUntil([&] { return future.isFinished(); });
        try {
            future.waitForFinished();
        } catch (const QAmqpException &exception) {
            return exception.error();
        }
        return {};
    }

    // Waits too, but throws nothing and gives up after `limit`: to end in good order after a Failure.
    template<typename Condition>
    static bool settle(Condition done, std::chrono::milliseconds limit)
    {
        return settleFor(done, std::min(limit, timeToEnd()));
    }

    // The same, with a limit that the user has set, instead of three seconds for all of the ending.
    template<typename Condition>
    static bool settleFor(Condition done, std::chrono::milliseconds limit)
    {
        const QDeadlineTimer deadline(limit);
        QTimer wake; // makes events, without which the loop would not check the condition
        wake.start(std::min(limit / 20, std::chrono::milliseconds(100))
                   + std::chrono::milliseconds(1));
        while (!done()) {
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            if (deadline.hasExpired())
                return done();
        }
        return true;
    }

    // Throws the failure that has ended the command, if there is one.
    void check() const;

private:
    QString obstacle() const;
    // Returns what is left of the three seconds that all of the ending may take.
    static std::chrono::milliseconds timeToEnd();

    const Arguments &m_arguments;
    const bool m_json;
    const Broker m_broker;
    QAmqpConnectionOptions m_options;
    std::optional<Failure> m_failure;
    int m_signal = 0;
    QString m_doing;
    QTimer m_deadline;
    int m_lost = 0; // how many sessions have no connection
    QElapsedTimer m_lostSince;
    QAmqpError m_lastError; // why there is none
    QDateTime m_nextAttempt;
    QString m_blocked;
    QString m_lossNote;
    QTimer m_retryEnd;
    bool m_isPatient = false;
    Progress m_progress;
};

// A connection; the destructor closes it.
class Link
{
public:
    explicit Link(Run &run, const QString &name = QString());
    ~Link();

    QAmqpConnection &connection() { return m_connection; }
    const QAmqpConnection &connection() const { return m_connection; }
    // Opens it, and waits for that.
    template<typename Condition>
    void open(Condition isOpen)
    {
        beginOpen();
        m_run.waitUntil(isOpen);
        endOpen();
    }
    // Opens it in the background, and goes on if there is no broker, as if the connection had been lost.
    void openLater();
    void close(); // closes in good order; throws a Failure if that fails
    // Begins to close. The run does not fail if that takes too long.
    void beginClose();
    bool isClosed() const { return m_connection.state() == QAmqpConnection::State::Closed; }

    // Ends the command by this error, unless the link is closing already.
    void fail(const QAmqpError &error);

private:
    void reportLoss();
    void beginOpen();
    void endOpen();
    void lost(const QAmqpError &cause);
    void found(const QString &again);

    Run &m_run;
    bool m_isLost = false;
    bool m_isClosing = false;
    QAmqpConnection m_connection;
    QMetaObject::Connection m_showing; // of the endpoint that is tried
};

// A link with one channel, opened by the constructor.
class Session : public Link
{
public:
    explicit Session(Run &run, const QString &name = QString());

    QAmqpChannel *channel() const { return m_channel; }

private:
    QAmqpChannel *m_channel;
};

} // namespace Tool

#endif
