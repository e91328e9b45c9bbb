// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPDELIVERY_H
#define QAMQPDELIVERY_H

#include <QtAmqp/qamqpmessage.h>

QT_BEGIN_NAMESPACE

class QAmqpDeliveryPrivate;

class Q_AMQP_EXPORT QAmqpDelivery : public QAmqpMessage
{
    Q_GADGET
    Q_PROPERTY(QString exchange READ exchange)
    Q_PROPERTY(QString routingKey READ routingKey)
    Q_PROPERTY(QString consumerTag READ consumerTag)
    Q_PROPERTY(quint64 deliveryTag READ deliveryTag)
    Q_PROPERTY(bool redelivered READ isRedelivered)
public:
    Q_AMQP_COPYABLE(QAmqpDelivery)

    enum AckMode { Single, Multiple };
    Q_ENUM(AckMode)
    enum RequeueMode { Requeue, Discard };
    Q_ENUM(RequeueMode)

    static QAmqpDelivery fromJson(QByteArrayView json);
    QByteArray toJson() const;

    bool isValid() const;
    QString exchange() const;
    QString routingKey() const;
    QString consumerTag() const;
    quint64 deliveryTag() const;
    bool isRedelivered() const;
    quint32 remainingMessages() const;

    bool isSettled() const;
    bool isStale() const;
    bool ack(AckMode mode = Single) const;
    bool nack(RequeueMode requeue = Requeue, AckMode mode = Single) const;
    bool reject(RequeueMode requeue = Requeue) const;

private:
    friend class QAmqpDeliveryPrivate;

    QExplicitlySharedDataPointer<QAmqpDeliveryPrivate> d;
};

QT_END_NAMESPACE

#endif
