// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H

#include "blocking/qamqpblockingchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>

QT_BEGIN_NAMESPACE

// One subscription: a range, from which the application takes the messages, or one with a handler.
class QAmqpBlockingConsumerPrivate final
    : public std::enable_shared_from_this<QAmqpBlockingConsumerPrivate>
{
public:
    // A message that came, or with an error what is left of one that was too large.
    struct Arrived : QAmqpDelivery
    {
        QAmqpError error = {};
    };

    QAmqpBlockingConsumerPrivate(const std::shared_ptr<QAmqpBlockingChannelPrivate> &owner,
                                 const QString &name, const QAmqpConsumeOptions &consumeOptions,
                                 QAmqpBlockingChannel::Handler function)
        : connection(owner->connection)
        , channel(owner)
        , queue(name)
        , options(consumeOptions)
        , handler(std::move(function))
    {
    }

    // Any thread
    // `isFailure` becomes true unless this side ended the subscription or the waiting.
    QAmqpResult<QAmqpDelivery> next(QtAmqpPrivate::TimePoint deadline, bool *isFailure);
    int giveBack(); // what was not seen; returns how many messages went back to the queue
    std::mutex &mutex() const { return connection->dispatcher.mutex(); }
    template<typename Function>
    auto locked(Function function) const
    {
        return connection->dispatcher.locked(function);
    }
    bool isRange() const { return !handler; }

    // Any thread, with the mutex held
    Arrived take(); // there is one
    std::deque<Arrived> takeAll();
    QtAmqpPrivate::Callback nextCallback();
    void setEnded(const QAmqpError &reason);
    void silence();
    // Whether callbacks are still to be called for it.
    bool isQueued() const { return cancellationWaits || (!isRange() && !waiting.empty()); }
    // Whether startConsuming() has nothing to wait for here.
    bool isDone() const { return isRange() || cancelled || (ended && !isQueued()); }
    // Whether its channel need not know it any more.
    bool isOver() const
    {
        return ended && !cancellationWaits && (waiting.empty() || (isRange() && cancelled));
    }

    // I/O thread
    void start(QAmqpConsumer *object,
               const QtAmqpPrivate::AnswerPointer<QAmqpResult<void>> &answer);
    void deliver(const QAmqpDelivery &delivery, const QAmqpError &discarded = {});
    void end(const QAmqpError &reason);

    const std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;
    const std::weak_ptr<QAmqpBlockingChannelPrivate> channel;
    const QString queue;
    const QAmqpConsumeOptions options;
    const QAmqpBlockingChannel::Handler handler; // none: a range

    // Guarded by the dispatcher's mutex
    QString tag;
    std::deque<Arrived> waiting;
    bool isCounted = false; // its messages are, since no prefetch bounds them
    bool ended = false;
    bool cancelled = false; // on this side, which may have closed the channel
    bool cancellationWaits = false; // the broker's, which no callback was told of yet
    QAmqpError error; // why it ended

    // Of the I/O thread
    QPointer<QAmqpConsumer> consumer;

private:
    void uncount(); // with the mutex held
};

QT_END_NAMESPACE

#endif
