#ifndef QAMQPOPERATIONOPTIONS_H
#define QAMQPOPERATIONOPTIONS_H

#include <QtAmqp/qamqptable.h>

QT_BEGIN_NAMESPACE

class QDebug;
class QAmqpQueueOptionsPrivate;
class QAmqpExchangeOptionsPrivate;
class QAmqpConsumeOptionsPrivate;

class Q_AMQP_EXPORT QAmqpQueueOptions
{
    Q_GADGET
public:
    QAmqpQueueOptions();
    QAmqpQueueOptions(const QAmqpQueueOptions &other);
    QAmqpQueueOptions(QAmqpQueueOptions &&other) noexcept;
    QAmqpQueueOptions &operator=(const QAmqpQueueOptions &other);
    QAmqpQueueOptions &operator=(QAmqpQueueOptions &&other) noexcept;
    ~QAmqpQueueOptions();

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

private:
    Q_AMQP_EXPORT friend bool operator==(const QAmqpQueueOptions &a, const QAmqpQueueOptions &b);
    friend bool operator!=(const QAmqpQueueOptions &a, const QAmqpQueueOptions &b)
    {
        return !(a == b);
    }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpQueueOptions &options);

    QSharedDataPointer<QAmqpQueueOptionsPrivate> d;
};

class Q_AMQP_EXPORT QAmqpExchangeOptions
{
    Q_GADGET
public:
    QAmqpExchangeOptions();
    QAmqpExchangeOptions(const QAmqpExchangeOptions &other);
    QAmqpExchangeOptions(QAmqpExchangeOptions &&other) noexcept;
    QAmqpExchangeOptions &operator=(const QAmqpExchangeOptions &other);
    QAmqpExchangeOptions &operator=(QAmqpExchangeOptions &&other) noexcept;
    ~QAmqpExchangeOptions();

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

private:
    Q_AMQP_EXPORT friend bool operator==(const QAmqpExchangeOptions &a,
                                         const QAmqpExchangeOptions &b);
    friend bool operator!=(const QAmqpExchangeOptions &a, const QAmqpExchangeOptions &b)
    {
        return !(a == b);
    }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpExchangeOptions &options);

    QSharedDataPointer<QAmqpExchangeOptionsPrivate> d;
};

class Q_AMQP_EXPORT QAmqpConsumeOptions
{
    Q_GADGET
public:
    QAmqpConsumeOptions();
    QAmqpConsumeOptions(const QAmqpConsumeOptions &other);
    QAmqpConsumeOptions(QAmqpConsumeOptions &&other) noexcept;
    QAmqpConsumeOptions &operator=(const QAmqpConsumeOptions &other);
    QAmqpConsumeOptions &operator=(QAmqpConsumeOptions &&other) noexcept;
    ~QAmqpConsumeOptions();

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

private:
    Q_AMQP_EXPORT friend bool operator==(const QAmqpConsumeOptions &a,
                                         const QAmqpConsumeOptions &b);
    friend bool operator!=(const QAmqpConsumeOptions &a, const QAmqpConsumeOptions &b)
    {
        return !(a == b);
    }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpConsumeOptions &options);

    QSharedDataPointer<QAmqpConsumeOptionsPrivate> d;
};

QT_END_NAMESPACE

#endif
