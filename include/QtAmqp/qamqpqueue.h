// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUEUE_H
#define QAMQPQUEUE_H

#include <QtAmqp/qamqpchannel.h>

QT_BEGIN_NAMESPACE

class QAmqpQueuePrivate;

class Q_AMQP_EXPORT QAmqpQueue : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString name READ name NOTIFY nameChanged FINAL)
public:
    ~QAmqpQueue() override;

    QAmqpChannel *channel() const;
    QString name() const;

    QFuture<QAmqpQueueInfo> declare(const QAmqpQueueOptions &options = QAmqpQueueOptions());
    QFuture<void> bind(const QString &exchange, const QString &routingKey = QString(),
                       const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> bind(const QAmqpExchange *exchange, const QString &routingKey = QString(),
                       const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbind(const QString &exchange, const QString &routingKey = QString(),
                         const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbind(const QAmqpExchange *exchange, const QString &routingKey = QString(),
                         const QAmqpTable &arguments = QAmqpTable());
    QFuture<quint32> purge();
    QFuture<quint32> deleteQueue(QAmqpChannel::DeleteFlags flags = QAmqpChannel::Unconditionally);

    QAmqpConsumer *consume(const QAmqpConsumeOptions &options = QAmqpConsumeOptions());
    QFuture<std::optional<QAmqpDelivery>> get(
            QAmqpChannel::AckPolicy policy = QAmqpChannel::AckPolicy::Manual);
    quint64 publish(const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    QFuture<quint64> publishConfirmed(const QAmqpMessage &message,
                                      QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    quint64 publish(QIODevice *body, qint64 size, const QAmqpMessage &properties = QAmqpMessage(),
                    QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    QFuture<quint64> publishConfirmed(QIODevice *body, qint64 size,
                                      const QAmqpMessage &properties = QAmqpMessage(),
                                      QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);

Q_SIGNALS:
    void nameChanged(const QString &name);
    void messageReceived(const QAmqpDelivery &delivery);
    void cancelled(const QAmqpError &reason);

private:
    friend class QAmqpChannel;
    friend class QAmqpChannelPrivate;
    friend class QAmqpQueuePrivate;
    Q_DISABLE_COPY_MOVE(QAmqpQueue)
    QAmqpQueue(const QString &name, QAmqpChannel *channel);
    const std::unique_ptr<QAmqpQueuePrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpQueue *queue);

QT_END_NAMESPACE

#endif
