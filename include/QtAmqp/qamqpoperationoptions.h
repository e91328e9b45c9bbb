// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPOPERATIONOPTIONS_H
#define QAMQPOPERATIONOPTIONS_H

#include <QtAmqp/qamqptable.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpQueueOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpQueueOptions, QAmqpOperationOptionsPrivate)

    enum Type : quint8 { Classic, Quorum, Stream };
    Q_ENUM(Type)
    enum Overflow : quint8 { DropHead, RejectPublish, RejectPublishDlx };
    Q_ENUM(Overflow)

    bool isPassive() const;
    QAmqpQueueOptions &setPassive(bool passive = true);
    bool isDurable() const;
    QAmqpQueueOptions &setDurable(bool durable = true);
    bool isExclusive() const;
    QAmqpQueueOptions &setExclusive(bool exclusive = true);
    bool isAutoDelete() const;
    QAmqpQueueOptions &setAutoDelete(bool autoDelete = true);
    QAmqpTable arguments() const;
    QAmqpQueueOptions &setArguments(const QAmqpTable &arguments);
    QAmqpQueueOptions &setArgument(const QString &name, const QAmqpValue &value);

    // Arguments of RabbitMQ by name
    QAmqpQueueOptions &setType(Type type);
    QAmqpQueueOptions &setMessageTtl(std::chrono::milliseconds ttl);
    QAmqpQueueOptions &setExpires(std::chrono::milliseconds unused);
    QAmqpQueueOptions &setMaxLength(qint64 messages);
    QAmqpQueueOptions &setMaxLengthBytes(qint64 bytes);
    QAmqpQueueOptions &setMaxAge(std::chrono::seconds age);
    QAmqpQueueOptions &setOverflow(Overflow overflow);
    QAmqpQueueOptions &setDeadLetterExchange(const QString &exchange);
    QAmqpQueueOptions &setDeadLetterRoutingKey(const QString &routingKey);
    QAmqpQueueOptions &setSingleActiveConsumer(bool single = true);
    QAmqpQueueOptions &setDeliveryLimit(int deliveries);
    QAmqpQueueOptions &setMaxPriority(int priority);
};

class Q_AMQP_EXPORT QAmqpExchangeOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpExchangeOptions, QAmqpOperationOptionsPrivate)

    enum Type : quint8 { Direct, Fanout, Topic, Headers };
    Q_ENUM(Type)
    static QString typeName(Type type);

    bool isPassive() const;
    QAmqpExchangeOptions &setPassive(bool passive = true);
    bool isDurable() const;
    QAmqpExchangeOptions &setDurable(bool durable = true);
    bool isAutoDelete() const;
    QAmqpExchangeOptions &setAutoDelete(bool autoDelete = true);
    bool isInternal() const;
    QAmqpExchangeOptions &setInternal(bool internal = true);
    QAmqpTable arguments() const;
    QAmqpExchangeOptions &setArguments(const QAmqpTable &arguments);
    QAmqpExchangeOptions &setArgument(const QString &name, const QAmqpValue &value);
    QAmqpExchangeOptions &setAlternateExchange(const QString &exchange);
};

class Q_AMQP_EXPORT QAmqpConsumeOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpConsumeOptions, QAmqpOperationOptionsPrivate)

    enum StreamOffset : quint8 { First, Last, Next };
    Q_ENUM(StreamOffset)

    QString consumerTag() const;
    QAmqpConsumeOptions &setConsumerTag(const QString &consumerTag);
    quint16 prefetch() const;
    bool hasPrefetch() const;
    QAmqpConsumeOptions &setPrefetch(quint16 messages);
    bool isNoAck() const;
    QAmqpConsumeOptions &setNoAck(bool noAck = true);
    bool isNoLocal() const;
    QAmqpConsumeOptions &setNoLocal(bool noLocal = true);
    bool isExclusive() const;
    QAmqpConsumeOptions &setExclusive(bool exclusive = true);
    int deduplication() const;
    QAmqpConsumeOptions &setDeduplication(int messages);
    bool isResumedAfterCancel() const;
    QAmqpConsumeOptions &setResumedAfterCancel(bool resumed = true);
    QAmqpTable arguments() const;
    QAmqpConsumeOptions &setArguments(const QAmqpTable &arguments);
    QAmqpConsumeOptions &setArgument(const QString &name, const QAmqpValue &value);

    // Arguments of RabbitMQ by name
    QAmqpConsumeOptions &setPriority(int priority);
    QAmqpConsumeOptions &setStreamOffset(StreamOffset offset);
    QAmqpConsumeOptions &setStreamOffset(quint64 offset);
    QAmqpConsumeOptions &setStreamOffset(const QDateTime &time);
    QAmqpConsumeOptions &setStreamOffset(std::chrono::seconds age);
};

QT_END_NAMESPACE

#endif
