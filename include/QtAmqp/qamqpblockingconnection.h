// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPBLOCKINGCONNECTION_H
#define QAMQPBLOCKINGCONNECTION_H

#include <QtAmqp/qamqpblockingchannel.h>
#include <QtAmqp/qamqpblockingoutbox.h>
#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtAmqp/qamqprecoveryreport.h>
#include <QtAmqp/qamqpresult.h>

#include <chrono>
#include <functional>
#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpBlockingConnectionPrivate;
class QAmqpConnection;

class Q_AMQP_EXPORT QAmqpBlockingConnection
{
public:
    QAmqpBlockingConnection();
    explicit QAmqpBlockingConnection(const QAmqpConnectionOptions &options);
    explicit QAmqpBlockingConnection(const QUrl &url);
    ~QAmqpBlockingConnection();

    // The link
    QAmqpResult<void> open(const QAmqpConnectionOptions &options);
    QAmqpResult<void> open(const QUrl &url);
    QAmqpResult<void> open();
    QAmqpResult<void> close(std::chrono::milliseconds deadline = std::chrono::seconds(10));
    void abort();
    void setUp(std::function<void(QAmqpConnection *connection)> function);

    std::chrono::milliseconds timeout() const;
    void setTimeout(std::chrono::milliseconds timeout);

    bool isOpen() const;
    bool isRecovering() const;
    QString endpoint() const;
    bool isBlocked() const;
    QString blockedReason() const;
    QAmqpError lastError() const;
    QAmqpConnectionOptions options() const;
    quint16 channelMax() const;
    quint32 frameMax() const;
    std::chrono::seconds heartbeat() const;
    QAmqpTable serverProperties() const;
    bool hasCapability(const QString &name) const;

    QAmqpResult<QAmqpBlockingChannel> createChannel();
    [[deprecated("use createChannel()")]] QAmqpResult<QAmqpBlockingChannel> channel()
    {
        return createChannel();
    }
    QAmqpResult<QAmqpBlockingOutbox> outbox();
    QAmqpResult<QAmqpBlockingOutbox> outbox(
            const std::function<QAmqpOutbox *(QAmqpConnection *connection)> &make);
    QAmqpResult<void> updateSecret(const QString &secret, const QString &reason);

    // Callbacks, and the waits that run them
    quint64 callLater(std::chrono::milliseconds delay, std::function<void()> callback);
    bool cancelTimer(quint64 timer);
    QAmqpResult<void> addCallbackThreadsafe(std::function<void()> callback);
    void onBlocked(std::function<void(const QString &reason)> callback);
    void onUnblocked(std::function<void()> callback);
    void onInterrupted(std::function<void(const QAmqpError &cause)> callback);
    void onRecovered(std::function<void(const QAmqpRecoveryReport &report)> callback);
    void onClosed(std::function<void(const QAmqpError &reason)> callback);
    QAmqpResult<int> processDataEvents(std::chrono::milliseconds timeLimit = {});
    QAmqpResult<void> sleep(std::chrono::milliseconds duration);

    void requestStop() noexcept;
    bool isStopRequested() const noexcept;
    void clearStopRequest() noexcept;

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpBlockingConnection &connection);

private:
    Q_DISABLE_COPY_MOVE(QAmqpBlockingConnection)
    const std::shared_ptr<QAmqpBlockingConnectionPrivate> d;
};

QT_END_NAMESPACE

#endif
