// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKMESSAGE_H
#define QAMQPQUICKMESSAGE_H

#include "qtamqpquickglobal.h"

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qjsonvalue.h>
#include <QtCore/qobject.h>
#include <QtQml/qqmlregistration.h>

QT_BEGIN_NAMESPACE

class QJSEngine;
class QJSValue;

class Q_AMQPQUICK_EXPORT QAmqpQuickMessage
{
    Q_GADGET
    QML_VALUE_TYPE(amqpMessage)
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(QByteArray body READ body CONSTANT FINAL)
    Q_PROPERTY(QString text READ text CONSTANT FINAL)
    Q_PROPERTY(QJsonValue json READ json CONSTANT FINAL)
    Q_PROPERTY(QString exchange READ exchange CONSTANT FINAL)
    Q_PROPERTY(QString routingKey READ routingKey CONSTANT FINAL)
    Q_PROPERTY(QVariantMap headers READ headers CONSTANT FINAL)
    Q_PROPERTY(QString contentType READ contentType CONSTANT FINAL)
    Q_PROPERTY(QString contentEncoding READ contentEncoding CONSTANT FINAL)
    Q_PROPERTY(bool persistent READ isPersistent CONSTANT FINAL)
    Q_PROPERTY(int priority READ priority CONSTANT FINAL)
    Q_PROPERTY(QString correlationId READ correlationId CONSTANT FINAL)
    Q_PROPERTY(QString replyTo READ replyTo CONSTANT FINAL)
    Q_PROPERTY(QString expiration READ expiration CONSTANT FINAL)
    Q_PROPERTY(QString messageId READ messageId CONSTANT FINAL)
    Q_PROPERTY(QVariant timestamp READ timestampToJs CONSTANT FINAL)
    Q_PROPERTY(QString type READ type CONSTANT FINAL)
    Q_PROPERTY(QString userId READ userId CONSTANT FINAL)
    Q_PROPERTY(QString appId READ appId CONSTANT FINAL)
    Q_PROPERTY(QString clusterId READ clusterId CONSTANT FINAL)
    Q_PROPERTY(QString propertiesError READ propertiesError CONSTANT FINAL)
    Q_PROPERTY(bool redelivered READ isRedelivered CONSTANT FINAL)
    Q_PROPERTY(quint64 deliveryTag READ deliveryTag CONSTANT FINAL)
    Q_PROPERTY(QString consumerTag READ consumerTag CONSTANT FINAL)
    Q_PROPERTY(bool settled READ isSettled FINAL)
    Q_PROPERTY(bool stale READ isStale FINAL)
public:
    QAmqpQuickMessage() = default;
    QAmqpQuickMessage(QAmqpDelivery delivery);
    QAmqpQuickMessage(const QAmqpMessage &message);

    static QAmqpMessage fromJs(const QJSValue &body, const QJSValue &properties, QJSEngine *engine,
                               QString *error);

    const QAmqpDelivery &delivery() const { return m_delivery; }
    QByteArray body() const { return m_delivery.body(); }
    QString text() const { return m_delivery.text(); }
    QJsonValue json() const;
    QString exchange() const { return m_delivery.exchange(); }
    QString routingKey() const { return m_delivery.routingKey(); }
    QVariantMap headers() const;
    QString propertiesError() const { return m_delivery.propertiesError(); }
    QString contentType() const { return m_delivery.contentType(); }
    QString contentEncoding() const { return m_delivery.contentEncoding(); }
    bool isPersistent() const;
    int priority() const { return m_delivery.priority(); }
    QString correlationId() const { return m_delivery.correlationId(); }
    QString replyTo() const { return m_delivery.replyTo(); }
    QString expiration() const { return m_delivery.expiration(); }
    QString messageId() const { return m_delivery.messageId(); }
    QDateTime timestamp() const { return m_delivery.timestamp(); }
    QVariant timestampToJs() const;
    QString type() const { return m_delivery.type(); }
    QString userId() const { return m_delivery.userId(); }
    QString appId() const { return m_delivery.appId(); }
    QString clusterId() const { return m_delivery.clusterId(); }
    bool isRedelivered() const { return m_delivery.isRedelivered(); }
    quint64 deliveryTag() const { return m_delivery.deliveryTag(); }
    QString consumerTag() const { return m_delivery.consumerTag(); }
    bool isSettled() const { return m_delivery.isSettled(); }
    bool isStale() const { return !isSettled() && m_delivery.isStale(); }

    Q_INVOKABLE bool ack() const;
    Q_INVOKABLE bool nack(bool requeue = true) const;
    Q_INVOKABLE QString toJson() const;

    friend bool operator==(const QAmqpQuickMessage &a, const QAmqpQuickMessage &b)
    {
        return a.m_delivery == b.m_delivery;
    }
    friend bool operator!=(const QAmqpQuickMessage &a, const QAmqpQuickMessage &b)
    {
        return !(a == b);
    }

private:
    QAmqpDelivery m_delivery;
};

QT_END_NAMESPACE

#endif
