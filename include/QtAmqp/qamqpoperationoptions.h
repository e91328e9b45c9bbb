#ifndef QAMQPOPERATIONOPTIONS_H
#define QAMQPOPERATIONOPTIONS_H

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpQueueOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpQueueOptions, QAmqpOperationOptionsPrivate)

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
};

class Q_AMQP_EXPORT QAmqpExchangeOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpExchangeOptions, QAmqpOperationOptionsPrivate)

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
};

class Q_AMQP_EXPORT QAmqpConsumeOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpConsumeOptions, QAmqpOperationOptionsPrivate)

    QString consumerTag() const;
    QAmqpConsumeOptions &setConsumerTag(const QString &consumerTag);
    quint16 prefetch() const;
    QAmqpConsumeOptions &setPrefetch(quint16 messages);
    bool isNoAck() const;
    QAmqpConsumeOptions &setNoAck(bool noAck = true);
    bool isNoLocal() const;
    QAmqpConsumeOptions &setNoLocal(bool noLocal = true);
    bool isExclusive() const;
    QAmqpConsumeOptions &setExclusive(bool exclusive = true);
    QAmqpTable arguments() const;
    QAmqpConsumeOptions &setArguments(const QAmqpTable &arguments);
    QAmqpConsumeOptions &setArgument(const QString &name, const QAmqpValue &value);
};

QT_END_NAMESPACE

#endif
