// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_QAMQPCONNECTION_P_H
#define QTAMQP_API_QAMQPCONNECTION_P_H

#include "api/engine.h"
#include "api/notify.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qdatetime.h>

#include <deque>

QT_BEGIN_NAMESPACE

class QAmqpConnectionPrivate
{
public:
    QAmqpConnectionPrivate(QAmqpConnection *q, QAmqpConnectionOptions options);

    static QAmqpConnectionPrivate *of(QAmqpConnection *connection)
    {
        return connection->d_ptr.get();
    }

    bool isOwnThread(const char *function) const;
    bool refuseUnlessClosed(const char *function);
    QAmqpConnection::State currentState() const;
    void emitStateChanged();
    void emitLastErrorChanged();
    void emitAttemptChanged();
    void watchNetwork();
    void setNextAttempt(std::chrono::milliseconds delay); // 0: none is waited for

    // Called by the engine
    void attemptFailed(const QAmqpError &error, std::chrono::milliseconds delay);
    void attemptBegun();
    void opened();
    void linkLost(const QtAmqpPrivate::LinkLost &lost);
    void retryScheduled(int attempt, std::chrono::milliseconds delay);
    void queueRenamed(const QString &from, const QString &to);
    void recovered(const QAmqpRecoveryReport &report);
    void closed(const QAmqpError &error);
    void blockedChanged(bool isBlocked, const QString &reason);
    void secretUpdated(const QAmqpError &error);

    QAmqpConnection *const q;
    QAmqpConnectionOptions options;
    std::optional<QSslConfiguration> sslConfiguration;
    QList<QSslError> ignoredSslErrors;
    QNetworkProxy proxy = QNetworkProxy::DefaultProxy;
    std::shared_ptr<QtAmqpPrivate::Engine> engine;
    QAmqpConnection::State emittedState = QAmqpConnection::State::Closed;
    QString emittedEndpoint;
    QAmqpError lastError;
    QAmqpError emittedError;
    QDateTime nextAttempt;
    QtAmqpPrivate::TimePoint nextAttemptAt; // while there is one
    int emittedAttempt = 0;
    bool watchesNetwork = false;
    bool blocked = false;
    QString blockedReason;
    std::deque<QtAmqpPrivate::SharedPromise<void>> secretPromises;
    QList<QAmqpChannelPrivate *> channels; // of all channel objects, open or not
};

QT_END_NAMESPACE

#endif
