// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRPCSERVER_H
#define QAMQPRPCSERVER_H

#include <QtAmqp/qamqpchannel.h>

#include <functional>
#include <optional>

QT_BEGIN_NAMESPACE

class QAmqpRpcRequestPrivate;
class QAmqpRpcServerPrivate;

class Q_AMQP_EXPORT QAmqpRpcRequest
{
    Q_GADGET
public:
    bool isValid() const;
    QAmqpDelivery message() const;

    bool isAnswered() const;
    bool reply(const QAmqpMessage &message) const;
    bool fail(QAmqpDelivery::RequeueMode requeue = QAmqpDelivery::Discard) const;

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpRpcRequest &request);

private:
    friend class QAmqpRpcServerPrivate;
    std::shared_ptr<QAmqpRpcRequestPrivate> d;
};

class Q_AMQP_EXPORT QAmqpRpcServer : public QObject
{
    Q_OBJECT
    Q_PROPERTY(bool running READ isRunning NOTIFY runningChanged FINAL)
public:
    using Handler = std::function<QAmqpMessage(const QAmqpDelivery &request)>;

    QAmqpRpcServer(QAmqpChannel *channel, const QString &queue, QObject *parent = nullptr);
    ~QAmqpRpcServer() override;

    QAmqpChannel *channel() const;
    QString queue() const;
    void setHandler(const Handler &handler);

    bool start(std::optional<quint16> prefetch = {});
    QFuture<int> stop();
    bool isRunning() const;

Q_SIGNALS:
    void runningChanged(bool running);
    void requestReceived(const QAmqpRpcRequest &request);
    void errorOccurred(const QAmqpError &error);
    void stopped(const QAmqpError &reason);

private:
    friend class QAmqpRpcServerPrivate;
    Q_DISABLE_COPY_MOVE(QAmqpRpcServer)
    const std::unique_ptr<QAmqpRpcServerPrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpRpcServer *server);

QT_END_NAMESPACE

#endif
