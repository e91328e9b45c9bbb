// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPBLOCKINGOUTBOX_H
#define QAMQPBLOCKINGOUTBOX_H

#include <QtAmqp/qamqpoutbox.h>
#include <QtAmqp/qamqpresult.h>

#include <chrono>
#include <functional>
#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpBlockingOutboxPrivate;

class Q_AMQP_EXPORT QAmqpBlockingOutbox
{
public:
    QAmqpResult<quint64> publish(const QString &exchange, const QString &routingKey,
                                 const QAmqpMessage &message,
                                 QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags) const;
    qint64 count() const;
    qint64 bytes() const;
    QAmqpError lastError() const;
    QAmqpResult<void> waitUntilEmpty() const;
    QAmqpResult<void> waitUntilEmpty(std::chrono::milliseconds timeout) const;
    QAmqpResult<qint64> close() const;

    // Callbacks
    void onDelivered(std::function<void(quint64 firstId, quint64 lastId)> callback) const;
    void onFailed(std::function<void(quint64 id, const QAmqpError &why)> callback) const;

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpBlockingOutbox &outbox);

private:
    friend class QAmqpBlockingConnection;
    explicit QAmqpBlockingOutbox(std::shared_ptr<QAmqpBlockingOutboxPrivate> dd);
    std::shared_ptr<QAmqpBlockingOutboxPrivate> d;
};

QT_END_NAMESPACE

#endif
