// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPCONSUMER_H
#define QAMQPCONSUMER_H

#include <QtAmqp/qamqpchannel.h>

#include <chrono>
#include <functional>

QT_BEGIN_NAMESPACE

class QAmqpConsumerPrivate;

class Q_AMQP_EXPORT QAmqpConsumer : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString consumerTag READ consumerTag CONSTANT FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(bool paused READ isPaused NOTIFY pausedChanged FINAL)
public:
    enum State : quint8 { Starting, Active, Cancelling, Cancelled };
    Q_ENUM(State)

    ~QAmqpConsumer() override;

    QAmqpChannel *channel() const;
    QAmqpConsumeOptions options() const;
    QString consumerTag() const;
    State state() const;
    bool isActive() const;

    QFuture<int> cancel();
    QFuture<int> drain(std::chrono::milliseconds deadline);
    using BodySink = std::function<QIODevice *(const QAmqpDelivery &delivery, quint64 size)>;
    void setBodySink(BodySink sink, qint64 atLeast = 0);

    bool isPaused() const;
    int heldMessages() const;
    quint64 duplicates() const;

public Q_SLOTS:
    bool pause();
    void resume();

Q_SIGNALS:
    void stateChanged(QAmqpConsumer::State state);
    void started();
    void messageReceived(const QAmqpDelivery &delivery);
    void messageDiscarded(const QAmqpDelivery &message, const QAmqpError &error);
    void cancelled(const QAmqpError &reason);
    void pausedChanged(bool paused);

private:
    friend class QAmqpChannel;
    friend class QAmqpChannelPrivate;
    friend class QAmqpConsumerPrivate;
    friend class QAmqpQueue;
    Q_DISABLE_COPY_MOVE(QAmqpConsumer)
    QAmqpConsumer(QAmqpConsumerPrivate *dd, QObject *parent);
    const std::unique_ptr<QAmqpConsumerPrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpConsumer *consumer);

QT_END_NAMESPACE

#endif
