// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPBLOCKINGCHANNEL_H
#define QAMQPBLOCKINGCHANNEL_H

#include <QtAmqp/qamqpblockingconsumer.h>
#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpresult.h>

#include <chrono>
#include <functional>
#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpBlockingChannelPrivate;
class QAmqpBlockingConnection;

class Q_AMQP_EXPORT QAmqpBlockingChannel
{
    Q_GADGET
public:
    enum ConsumingEnd { NoConsumers, CancelledByBroker, StopRequested, TimeLimit };
    Q_ENUM(ConsumingEnd)

    using PublishFlags = QAmqpChannel::PublishFlags;
    using DeleteFlags = QAmqpChannel::DeleteFlags;
    using AckPolicy = QAmqpChannel::AckPolicy;
    using Handler = std::function<void(const QAmqpDelivery &delivery)>;

    QAmqpBlockingChannel(QAmqpBlockingChannel &&other) noexcept;
    QAmqpBlockingChannel &operator=(QAmqpBlockingChannel &&other) noexcept;
    ~QAmqpBlockingChannel();

    QAmqpBlockingConnection *connection() const;
    QAmqpResult<void> open();
    QAmqpResult<void> close();
    bool isOpen() const;
    int number() const;
    QAmqpError lastError() const;
    std::chrono::milliseconds timeout() const;
    void setTimeout(std::chrono::milliseconds timeout);

    // Queues and exchanges
    QAmqpResult<QAmqpQueueInfo> declareQueue(
            const QString &name = QString(),
            const QAmqpQueueOptions &options = QAmqpQueueOptions());
    QAmqpResult<void> bindQueue(const QString &queue, const QString &exchange,
                                const QString &routingKey = QString(),
                                const QAmqpTable &arguments = QAmqpTable());
    QAmqpResult<void> unbindQueue(const QString &queue, const QString &exchange,
                                  const QString &routingKey = QString(),
                                  const QAmqpTable &arguments = QAmqpTable());
    QAmqpResult<quint32> purgeQueue(const QString &queue);
    QAmqpResult<quint32> deleteQueue(const QString &queue,
                                     DeleteFlags flags = QAmqpChannel::Unconditionally);
    QAmqpResult<void> declareExchange(const QString &name, const QString &type,
                                      const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QAmqpResult<void> declareExchange(const QString &name, QAmqpExchangeOptions::Type type,
                                      const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QAmqpResult<void> declareExchange(const QString &name, const QAmqpExchangeOptions &options);
    QAmqpResult<void> bindExchange(const QString &destination, const QString &source,
                                   const QString &routingKey = QString(),
                                   const QAmqpTable &arguments = QAmqpTable());
    QAmqpResult<void> unbindExchange(const QString &destination, const QString &source,
                                     const QString &routingKey = QString(),
                                     const QAmqpTable &arguments = QAmqpTable());
    QAmqpResult<void> deleteExchange(const QString &name,
                                     DeleteFlags flags = QAmqpChannel::Unconditionally);

    // Publishing
    [[nodiscard]] QAmqpPublishResult publish(const QString &exchange, const QString &routingKey,
                                             const QAmqpMessage &message,
                                             PublishFlags flags = QAmqpChannel::NoFlags);
    bool confirms() const;
    QAmqpResult<void> setConfirms(bool enabled);
    quint64 confirmWindow() const;
    void setConfirmWindow(quint64 messages);
    quint64 unconfirmed() const;
    [[nodiscard]] QAmqpPublishResult waitForConfirms();
    [[nodiscard]] QAmqpPublishResult waitForConfirms(std::chrono::milliseconds timeout);
    void onReturned(std::function<void(const QAmqpReturn &message)> callback);

    // Consuming
    QAmqpResult<std::optional<QAmqpDelivery>> get(const QString &queue,
                                                  AckPolicy policy = AckPolicy::Manual);
    QAmqpBlockingConsumer consume(
            const QString &queue, const QAmqpConsumeOptions &options = QAmqpConsumeOptions(),
            std::chrono::milliseconds inactivityTimeout = (std::chrono::milliseconds::max)());
    QAmqpResult<QString> consume(const QString &queue, Handler handler,
                                 const QAmqpConsumeOptions &options = QAmqpConsumeOptions());
    QAmqpResult<int> cancel();
    QAmqpResult<int> cancel(const QString &consumerTag);
    QStringList consumerTags() const;
    void onCancelled(std::function<void(const QString &tag, const QAmqpError &reason)> callback);
    void onDiscarded(
            std::function<void(const QAmqpDelivery &message, const QAmqpError &error)> callback);
    QAmqpResult<ConsumingEnd> startConsuming(
            std::chrono::milliseconds timeLimit = (std::chrono::milliseconds::max)());
    QAmqpResult<int> stopConsuming(const QString &consumerTag = QString());

    QAmqpResult<void> setPrefetch(
            quint16 messages,
            QAmqpChannel::PrefetchScope scope = QAmqpChannel::PrefetchScope::Consumer);
    QAmqpResult<bool> setFlow(bool active);
    QAmqpResult<void> recover();
    QAmqpResult<void> ackAll();
    QAmqpResult<void> nackAll(QAmqpDelivery::RequeueMode requeue = QAmqpDelivery::Requeue);

    // Transactions
    QAmqpResult<void> txSelect();
    QAmqpResult<void> txCommit();
    QAmqpResult<void> txRollback();

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpBlockingChannel &channel);

private:
    friend class QAmqpBlockingConnection;
    Q_DISABLE_COPY(QAmqpBlockingChannel)
    explicit QAmqpBlockingChannel(std::shared_ptr<QAmqpBlockingChannelPrivate> dd);
    std::shared_ptr<QAmqpBlockingChannelPrivate> d;
};

QT_END_NAMESPACE

#endif
