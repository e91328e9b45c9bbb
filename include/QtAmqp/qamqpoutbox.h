// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPOUTBOX_H
#define QAMQPOUTBOX_H

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpmessage.h>
#include <QtCore/qdatetime.h>

#include <chrono>
#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpConnection;
class QAmqpOutboxPrivate;

struct QAmqpOutboxMessage
{
    quint64 id = 0;
    QString exchange;
    QString routingKey;
    QAmqpMessage message;
    QAmqpChannel::PublishFlags flags;
    QDateTime expires;

    Q_AMQP_EXPORT friend bool operator==(const QAmqpOutboxMessage &a, const QAmqpOutboxMessage &b);
    friend bool operator!=(const QAmqpOutboxMessage &a, const QAmqpOutboxMessage &b)
    {
        return !(a == b);
    }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpOutboxMessage &message);
};

class Q_AMQP_EXPORT QAmqpOutbox : public QObject
{
    Q_OBJECT
    Q_PROPERTY(qint64 count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(qint64 bytes READ bytes NOTIFY countChanged FINAL)
    Q_PROPERTY(bool paused READ isPaused NOTIFY pausedChanged FINAL)
    Q_PROPERTY(QAmqpError lastError READ lastError NOTIFY lastErrorChanged FINAL)
public:
    enum Overflow : quint8 { Refuse, DropOldest };
    Q_ENUM(Overflow)
    enum Rejection : quint8 { Fail, Retry };
    Q_ENUM(Rejection)

    explicit QAmqpOutbox(QAmqpConnection *connection = nullptr, QObject *parent = nullptr);
    ~QAmqpOutbox() override;

    QAmqpConnection *connection() const;
    void setConnection(QAmqpConnection *connection);

    quint64 publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                    QAmqpChannel::PublishFlags flags = QAmqpChannel::NoFlags);
    qint64 count() const;
    qint64 bytes() const;
    QList<QAmqpOutboxMessage> messages(qsizetype maximum, quint64 afterId = 0) const;
    int unconfirmed() const;
    quint64 publishedAgain() const;
    bool isPaused() const;
    QAmqpError lastError() const;

    // How much the box takes
    qint64 maximumCount() const;
    void setMaximumCount(qint64 messages);
    qint64 maximumBytes() const;
    void setMaximumBytes(qint64 bytes);
    Overflow overflow() const;
    void setOverflow(Overflow overflow);

    // How it publishes
    std::chrono::milliseconds messageTimeout() const;
    void setMessageTimeout(std::chrono::milliseconds timeout);
    int maximumAttempts() const;
    void setMaximumAttempts(int attempts);
    Rejection rejection() const;
    void setRejection(Rejection rejection);
    std::chrono::milliseconds retryDelay() const;
    void setRetryDelay(std::chrono::milliseconds delay);
    int window() const;
    void setWindow(int messages);
    bool addsMessageIds() const;
    void setAddsMessageIds(bool adds);

public Q_SLOTS:
    void pause();
    void resume();

Q_SIGNALS:
    void delivered(quint64 firstId, quint64 lastId);
    void failed(quint64 id, const QAmqpError &why);
    void countChanged();
    void publishRefused(const QAmqpError &error, quint64 messages);
    void errorOccurred(const QAmqpError &error);
    void lastErrorChanged(const QAmqpError &error);
    void pausedChanged(bool paused);

protected:
    QAmqpOutbox(QAmqpOutboxPrivate *dd, QAmqpConnection *connection, QObject *parent);
    const std::shared_ptr<QAmqpOutboxPrivate> d_ptr;

private:
    friend class QAmqpOutboxPrivate;
    Q_DISABLE_COPY_MOVE(QAmqpOutbox)
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpOutbox *outbox);

QT_END_NAMESPACE

#endif
