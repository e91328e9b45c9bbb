// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPCHANNEL_H
#define QAMQPCHANNEL_H

#include <QtAmqp/qamqpdelivery.h>
#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqpoperationoptions.h>
#include <QtAmqp/qamqpreturn.h>
#include <QtCore/qfuture.h>
#include <QtCore/qobject.h>

#include <memory>
#include <optional>

QT_BEGIN_NAMESPACE

class QIODevice;
class QAmqpChannelPrivate;
class QAmqpConnection;
class QAmqpConsumer;
class QAmqpExchange;
class QAmqpQueue;

struct QAmqpQueueInfo
{
    QString name;
    quint32 messageCount = 0;
    quint32 consumerCount = 0;

    Q_AMQP_EXPORT friend bool operator==(const QAmqpQueueInfo &a, const QAmqpQueueInfo &b);
    friend bool operator!=(const QAmqpQueueInfo &a, const QAmqpQueueInfo &b) { return !(a == b); }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpQueueInfo &info);
};

class Q_AMQP_EXPORT QAmqpChannel : public QObject
{
    Q_OBJECT
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(int number READ number NOTIFY stateChanged FINAL)
    Q_PROPERTY(QAmqpError lastError READ lastError NOTIFY lastErrorChanged FINAL)
    Q_PROPERTY(bool readyToPublish READ isReadyToPublish NOTIFY readyToPublishChanged FINAL)
public:
    enum State : quint8 { Closed, Opening, Open, Closing };
    Q_ENUM(State)

    enum PublishFlag : quint8 { NoFlags = 0x00, Mandatory = 0x01 };
    Q_DECLARE_FLAGS(PublishFlags, PublishFlag)
    Q_FLAG(PublishFlags)

    enum DeleteFlag : quint8 { Unconditionally = 0x00, IfUnused = 0x01, IfEmpty = 0x02 };
    Q_DECLARE_FLAGS(DeleteFlags, DeleteFlag)
    Q_FLAG(DeleteFlags)

    enum AckPolicy : quint8 { Manual, NoAck };
    Q_ENUM(AckPolicy)

    enum PrefetchScope : quint8 { Consumer, Channel };
    Q_ENUM(PrefetchScope)

    ~QAmqpChannel() override;

    QAmqpConnection *connection() const;
    int number() const;
    State state() const;
    bool isOpen() const;
    QAmqpError lastError() const;

    QAmqpQueue *queue(const QString &name = QString());
    QAmqpExchange *exchange(const QString &name = QString());

    QFuture<QAmqpQueueInfo> declareQueue(const QString &name,
                                         const QAmqpQueueOptions &options = QAmqpQueueOptions());
    QFuture<void> bindQueue(const QString &queue, const QString &exchange,
                            const QString &routingKey = QString(),
                            const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbindQueue(const QString &queue, const QString &exchange,
                              const QString &routingKey = QString(),
                              const QAmqpTable &arguments = QAmqpTable());
    QFuture<quint32> purgeQueue(const QString &queue);
    QFuture<quint32> deleteQueue(const QString &queue, DeleteFlags flags = Unconditionally);

    QFuture<void> declareExchange(const QString &name, const QString &type,
                                  const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QFuture<void> declareExchange(const QString &name, QAmqpExchangeOptions::Type type,
                                  const QAmqpExchangeOptions &options = QAmqpExchangeOptions());
    QFuture<void> declareExchange(const QString &name, const QAmqpExchangeOptions &options);
    QFuture<void> bindExchange(const QString &destination, const QString &source,
                               const QString &routingKey = QString(),
                               const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> unbindExchange(const QString &destination, const QString &source,
                                 const QString &routingKey = QString(),
                                 const QAmqpTable &arguments = QAmqpTable());
    QFuture<void> deleteExchange(const QString &name, DeleteFlags flags = Unconditionally);
    bool isNoWait() const;
    void setNoWait(bool noWait = true);

    quint64 publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                    PublishFlags flags = NoFlags);
    QFuture<quint64> publishConfirmed(const QString &exchange, const QString &routingKey,
                                      const QAmqpMessage &message, PublishFlags flags = NoFlags);
    quint64 publish(const QString &exchange, const QString &routingKey, QIODevice *body,
                    qint64 size, const QAmqpMessage &properties = QAmqpMessage(),
                    PublishFlags flags = NoFlags);
    QFuture<quint64> publishConfirmed(const QString &exchange, const QString &routingKey,
                                      QIODevice *body, qint64 size,
                                      const QAmqpMessage &properties = QAmqpMessage(),
                                      PublishFlags flags = NoFlags);
    QFuture<void> allConfirmed();
    bool confirms() const;
    bool setConfirms(bool enabled);
    quint64 unconfirmed() const;
    quint64 maxUnconfirmed() const;
    void setMaxUnconfirmed(quint64 messages);
    bool isReadyToPublish() const;

    QAmqpConsumer *consume(const QString &queue,
                           const QAmqpConsumeOptions &options = QAmqpConsumeOptions());
    QFuture<std::optional<QAmqpDelivery>> get(const QString &queue,
                                              AckPolicy policy = AckPolicy::Manual);
    QFuture<void> setPrefetch(quint16 messages, PrefetchScope scope = PrefetchScope::Consumer);
    QStringList consumerTags() const;
    QFuture<void> recover();
    bool ackAll();
    bool nackAll(QAmqpDelivery::RequeueMode requeue = QAmqpDelivery::Requeue);

    QFuture<bool> setFlow(bool active);

    QFuture<void> txSelect();
    QFuture<void> txCommit();
    QFuture<void> txRollback();

public Q_SLOTS:
    void open();
    void close();

Q_SIGNALS:
    void stateChanged(QAmqpChannel::State state);
    void opened();
    void closed();
    void errorOccurred(const QAmqpError &error);
    void lastErrorChanged(const QAmqpError &error);
    void confirmed(quint64 firstTag, quint64 lastTag);
    void nacked(quint64 firstTag, quint64 lastTag);
    void indeterminate(quint64 firstTag, quint64 lastTag);
    void messageReturned(const QAmqpReturn &message);
    void publishRefused(const QAmqpError &error, quint64 messages);
    void readyToPublishChanged(bool ready);
    void readyToPublish();
    void interrupted(const QAmqpError &cause);
    void recovered();

private:
    friend class QAmqpChannelPrivate;
    friend class QAmqpConnection;
    Q_DISABLE_COPY_MOVE(QAmqpChannel)
    QAmqpChannel(QAmqpChannelPrivate *dd, QObject *parent);
    const std::shared_ptr<QAmqpChannelPrivate> d_ptr; // its handles have it too
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpChannel *channel);
Q_DECLARE_OPERATORS_FOR_FLAGS(QAmqpChannel::PublishFlags)
Q_DECLARE_OPERATORS_FOR_FLAGS(QAmqpChannel::DeleteFlags)

QT_END_NAMESPACE

#endif
