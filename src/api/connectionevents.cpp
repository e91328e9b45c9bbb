// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The half of QAmqpConnectionPrivate that the engine calls: events become signals and ended futures. Any slot may
// delete anything: an emission comes last, or what follows checks that the connection is there.

#include "api/qamqpconnection_p.h"

#include "api/qamqpchannel_p.h"

#include <QtAmqp/qamqpqueue.h>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qpointer.h>
#include <QtCore/qthread.h>
#include <QtNetwork/qnetworkinformation.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;

void QAmqpConnectionPrivate::emitStateChanged()
{
    // The end of a session is emitted by closed(), which is about to be called.
    if (engine->core().state() == ConnectionState::Closed)
        return;
    const QAmqpConnection::State now = currentState();
    const bool changed = emittedState != now;
    const bool elsewhere =
            now != QAmqpConnection::State::Closed && emittedEndpoint != engine->core().endpoint();
    if (!changed && !elsewhere && emittedError == lastError)
        return;
    emittedState = now;
    if (elsewhere)
        emittedEndpoint = engine->core().endpoint();
    const QPointer<QAmqpConnection> alive(q);
    if (changed)
        Q_EMIT q->stateChanged(now);
    if (alive && elsewhere)
        Q_EMIT q->endpointChanged(QString(emittedEndpoint)); // whose owner may go
    if (alive)
        emitLastErrorChanged();
}

void QAmqpConnectionPrivate::emitLastErrorChanged()
{
    const QAmqpError error = lastError;
    if (std::exchange(emittedError, error) != error)
        Q_EMIT q->lastErrorChanged(error);
}

void QAmqpConnectionPrivate::emitAttemptChanged()
{
    const int attempt = engine->core().recoveryAttempt();
    if (std::exchange(emittedAttempt, attempt) != attempt)
        Q_EMIT q->recoveryAttemptChanged(attempt);
}

void QAmqpConnectionPrivate::setNextAttempt(std::chrono::milliseconds delay)
{
    const QDateTime time =
            delay > 0ms ? QDateTime::currentDateTimeUtc().addMSecs(delay.count()) : QDateTime();
    nextAttemptAt = TimePoint::clock::now() + delay;
    if (std::exchange(nextAttempt, time) != time)
        Q_EMIT q->nextAttemptChanged(time);
}

void QAmqpConnectionPrivate::attemptFailed(const QAmqpError &error, std::chrono::milliseconds delay)
{
    lastError = error;
    const QPointer<QAmqpConnection> alive(q);
    if (delay > 0ms && !engine->core().isRecovering()) // else retryScheduled() follows
        setNextAttempt(delay);
    if (alive)
        emitStateChanged();
}

void QAmqpConnectionPrivate::attemptBegun() { setNextAttempt(0ms); }

void QAmqpConnectionPrivate::opened()
{
    const QPointer<QAmqpConnection> alive(q);
    lastError = {};
    emitStateChanged();
    if (alive && currentState() == QAmqpConnection::State::Open)
        Q_EMIT q->opened();
}

// What belonged to the link goes with it.
void QAmqpConnectionPrivate::linkLost(const LinkLost &lost)
{
    const QPointer<QObject> alive(q);
    const QAmqpError cause = lost.cause;
    const QAmqpError ended = lost.recovers
            ? operationError(
                      QAmqpError::Kind::Interrupted, cause.origin(),
                      u"the link was lost before the broker answered connection.update-secret: %1",
                      cause.text())
                      .setMethod(QStringLiteral("connection.update-secret"))
                      .setEndpoint(cause.endpoint())
                      .setCause(cause)
            : cause;
    for (const auto &promise : std::exchange(secretPromises, {}))
        endPromise(*promise, ended);
    if (alive)
        blockedChanged(false, {});
    if (!alive || !lost.recovers)
        return;
    lastError = cause;
    if (!q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpConnection::linkLost)))
        engine->log().add(qtAmqpConnection(), QtWarningMsg,
                          formatted(u"%1; the connection is made again", cause.text()));
    watchNetwork();
    emitStateChanged();
    if (alive)
        Q_EMIT q->linkLost(cause);
}

// The next attempt need not wait when the network is back. Qt's information on that is one object for the application
// and belongs to the thread that has loaded it, so that other threads only use what is there.
void QAmqpConnectionPrivate::watchNetwork()
{
    const QCoreApplication *const application = QCoreApplication::instance();
    if (!application || watchesNetwork)
        return;
    if (!QNetworkInformation::instance() && QThread::currentThread() == application->thread())
        QNetworkInformation::loadDefaultBackend();
    const QNetworkInformation *const network = QNetworkInformation::instance();
    if (!network)
        return;
    watchesNetwork = true;
    using Reachability = QNetworkInformation::Reachability;
    const auto changed = [this](Reachability reachability) {
        if (reachability != Reachability::Disconnected && reachability != Reachability::Unknown
            && engine->core().isRecovering())
            q->reconnectNow();
    };
    QObject::connect(network, &QNetworkInformation::reachabilityChanged, q, changed);
}

void QAmqpConnectionPrivate::retryScheduled(int attempt, std::chrono::milliseconds delay)
{
    const QPointer<QObject> alive(q);
    setNextAttempt(delay);
    if (alive)
        emitAttemptChanged();
    if (alive && engine->core().isRecovering()) // else a slot has ended it
        Q_EMIT q->reconnecting(attempt, delay);
}

void QAmqpConnectionPrivate::queueRenamed(const QString &from, const QString &to)
{
    const QPointer<QObject> alive(q);
    QList<QPointer<QAmqpQueue>> handles;
    for (const QAmqpChannelPrivate *channel : std::as_const(channels)) {
        for (QAmqpQueue *handle : channel->queues)
            handles.append(handle);
    }
    for (const QPointer<QAmqpQueue> &handle : std::as_const(handles)) {
        if (handle)
            QAmqpChannelPrivate::queueRenamed(handle, from, to);
    }
    if (alive)
        Q_EMIT q->queueRenamed(from, to);
}

void QAmqpConnectionPrivate::recovered(const QAmqpRecoveryReport &report)
{
    if (currentState() != QAmqpConnection::State::Open) // the link that did it is lost already
        return;
    const QPointer<QAmqpConnection> alive(q);
    lastError = {};
    emitStateChanged();
    if (alive)
        emitAttemptChanged();
    if (alive && currentState() == QAmqpConnection::State::Open)
        Q_EMIT q->recovered(report);
}

void QAmqpConnectionPrivate::closed(const QAmqpError &error)
{
    const QPointer<QAmqpConnection> alive(q);
    engine->reset(options);
    blockedReason.clear();
    const bool wasBlocked = std::exchange(blocked, false);
    if (error)
        lastError = error;
    // A warning is printed if no slot hears of the error.
    const bool isHeard = !error
            || q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpConnection::errorOccurred));
    engine->log().add(qtAmqpConnection(), isHeard ? QtInfoMsg : QtWarningMsg,
                      error ? error.text() : QStringLiteral("closed"));
    const QAmqpError cause = error ? error : givenUp(u"the connection was closed");
    for (const auto &promise : std::exchange(secretPromises, {}))
        endPromise(*promise, cause);
    if (alive && wasBlocked)
        Q_EMIT q->blockedChanged(false);
    if (alive
        && std::exchange(emittedState, QAmqpConnection::State::Closed)
                != QAmqpConnection::State::Closed)
        Q_EMIT q->stateChanged(QAmqpConnection::State::Closed);
    if (alive && !std::exchange(emittedEndpoint, {}).isEmpty())
        Q_EMIT q->endpointChanged({});
    if (alive)
        setNextAttempt(0ms);
    if (alive)
        emitAttemptChanged();
    if (alive)
        emitLastErrorChanged();
    if (alive && error)
        Q_EMIT q->errorOccurred(error);
    if (alive)
        Q_EMIT q->closed();
}

void QAmqpConnectionPrivate::blockedChanged(bool isBlocked, const QString &reason)
{
    if (blocked == isBlocked && blockedReason == reason)
        return;
    blocked = isBlocked;
    blockedReason = reason;
    Q_EMIT q->blockedChanged(isBlocked);
}

void QAmqpConnectionPrivate::secretUpdated(const QAmqpError &error)
{
    if (secretPromises.empty())
        return;
    const SharedPromise<void> promise = std::move(secretPromises.front());
    secretPromises.pop_front();
    endPromise(*promise, error);
}

QT_END_NAMESPACE
