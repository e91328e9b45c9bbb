// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPMESSAGE_H
#define QAMQPMESSAGE_H

#include <QtAmqp/qamqptable.h>
#include <QtCore/qdatetime.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpMessage
{
    Q_GADGET
    Q_PROPERTY(QByteArray body READ body WRITE setBody)
    Q_PROPERTY(QString contentType READ contentType WRITE setContentType)
    Q_PROPERTY(QString contentEncoding READ contentEncoding WRITE setContentEncoding)
    Q_PROPERTY(QAmqpTable headers READ headers WRITE setHeaders)
    Q_PROPERTY(DeliveryMode deliveryMode READ deliveryMode WRITE setDeliveryMode)
    Q_PROPERTY(quint8 priority READ priority WRITE setPriority)
    Q_PROPERTY(QString correlationId READ correlationId WRITE setCorrelationId)
    Q_PROPERTY(QString replyTo READ replyTo WRITE setReplyTo)
    Q_PROPERTY(QString expiration READ expiration WRITE setExpiration)
    Q_PROPERTY(QString messageId READ messageId WRITE setMessageId)
    Q_PROPERTY(QDateTime timestamp READ timestamp WRITE setTimestamp)
    Q_PROPERTY(QString type READ type WRITE setType)
    Q_PROPERTY(QString userId READ userId WRITE setUserId)
    Q_PROPERTY(QString appId READ appId WRITE setAppId)
    Q_PROPERTY(QString clusterId READ clusterId WRITE setClusterId)
public:
    Q_AMQP_VALUE(QAmqpMessage, QAmqpMessagePrivate)

    // The bits of the property-flags word of the content header.
    enum class Property : quint16 {
        ContentType = 0x8000,
        ContentEncoding = 0x4000,
        Headers = 0x2000,
        DeliveryMode = 0x1000,
        Priority = 0x0800,
        CorrelationId = 0x0400,
        ReplyTo = 0x0200,
        Expiration = 0x0100,
        MessageId = 0x0080,
        Timestamp = 0x0040,
        Type = 0x0020,
        UserId = 0x0010,
        AppId = 0x0008,
        ClusterId = 0x0004,
    };
    Q_ENUM(Property)

    enum DeliveryMode : quint8 { Unset = 0, Transient = 1, Persistent = 2 };
    Q_ENUM(DeliveryMode)

    QAmqpMessage(const QByteArray &body);
    QAmqpMessage(const QString &text);
    QAmqpMessage(const char *utf8);

    static QAmqpMessage fromJson(QByteArrayView json);
    QByteArray toJson() const;

    QByteArray body() const;
    void setBody(const QByteArray &body);
    qsizetype size() const;
    QString text() const;

    bool has(Property property) const;
    void clear(Property property);
    QByteArray bytes(Property property) const;

    QString contentType() const;
    void setContentType(const QString &contentType);
    QString contentEncoding() const;
    void setContentEncoding(const QString &contentEncoding);
    QAmqpTable headers() const;
    void setHeaders(const QAmqpTable &headers);
    QAmqpValue header(const QString &name) const;
    void setHeader(const QString &name, const QAmqpValue &value);
    DeliveryMode deliveryMode() const;
    void setDeliveryMode(DeliveryMode mode);
    quint8 priority() const;
    void setPriority(quint8 priority);
    QString correlationId() const;
    void setCorrelationId(const QString &correlationId);
    QString replyTo() const;
    void setReplyTo(const QString &replyTo);
    QString expiration() const;
    void setExpiration(const QString &milliseconds);
    void setExpiration(std::chrono::milliseconds expiration);
    QString messageId() const;
    void setMessageId(const QString &messageId);
    QDateTime timestamp() const;
    void setTimestamp(const QDateTime &timestamp);
    QString type() const;
    void setType(const QString &type);
    QString userId() const;
    void setUserId(const QString &userId);
    QString appId() const;
    void setAppId(const QString &appId);
    QString clusterId() const;
    void setClusterId(const QString &clusterId);

    QString propertiesError() const;
    QString errorString() const;
};

QT_END_NAMESPACE

#endif
