// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRPCCLIENT_H
#define QAMQPRPCCLIENT_H

#include <QtAmqp/qamqpchannel.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class QAmqpRpcClientPrivate;

class Q_AMQP_EXPORT QAmqpRpcClient : public QObject
{
    Q_OBJECT
public:
    explicit QAmqpRpcClient(QAmqpChannel *channel, QObject *parent = nullptr);
    ~QAmqpRpcClient() override;

    QAmqpChannel *channel() const;
    std::chrono::milliseconds timeout() const;
    void setTimeout(std::chrono::milliseconds timeout);
    bool isIdempotent() const;
    void setIdempotent(bool idempotent);

    QFuture<QAmqpMessage> call(const QString &exchange, const QString &routingKey,
                               const QAmqpMessage &request);
    QFuture<QAmqpMessage> call(const QString &exchange, const QString &routingKey,
                               const QAmqpMessage &request, std::chrono::milliseconds timeout);
    QFuture<QAmqpMessage> call(const QString &queue, const QAmqpMessage &request);

    int pendingCalls() const;
    quint64 ignoredReplies() const;

Q_SIGNALS:
    void replyIgnored(const QAmqpMessage &reply);

private:
    friend class QAmqpRpcClientPrivate;
    Q_DISABLE_COPY_MOVE(QAmqpRpcClient)
    const std::shared_ptr<QAmqpRpcClientPrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpRpcClient *client);

QT_END_NAMESPACE

#endif
