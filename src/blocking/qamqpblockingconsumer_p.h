// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H

#include "blocking/qamqpblockingchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>

QT_BEGIN_NAMESPACE

// One subscription: either a range, from which the application takes the messages, or one with a handler.
class QAmqpBlockingConsumerPrivate final
    : public std::enable_shared_from_this<QAmqpBlockingConsumerPrivate>
{
public:
    // A message that came. With an error, it was too large, and has no body.
    struct Arrived : QAmqpDelivery
    {
        QAmqpError error = {};
    };

    QAmqpBlockingConsumerPrivate(const std::shared_ptr<QAmqpBlockingChannelPrivate> &owner,
                                 QString name, QAmqpConsumeOptions consumeOptions,
                                 QAmqpBlockingChannel::Handler function)
        : connection(owner->connection)
        , channel(owner)
        , queue(std::move(name))
        , options(std::move(consumeOptions))
        , handler(std::move(function))
    {
    }

    // Any thread
    // Sets `isFailure` to true unless this side ended the subscription or the wait.
    QAmqpResult<QAmqpDelivery> next(QtAmqpPrivate::TimePoint deadline, bool *isFailure);
    int giveBack(); // gives unseen messages back to the queue, and returns how many
    std::mutex &mutex() const { return connection->dispatcher.mutex(); }
    template<typename Function>
    auto locked(Function function) const
    {
        return connection->dispatcher.locked(function);
    }
    bool isRange() const { return !handler; }

    // Any thread, with the mutex held
    Arrived take(); // a message must be waiting
    std::deque<Arrived> takeAll();
    void add(Arrived message);
    QtAmqpPrivate::Callback nextCallback();
    void setEnded(const QAmqpError &reason);
    void silence();
    void postCancellation();
    // Whether callbacks are still to be called for this subscription.
    bool isQueued() const { return cancellationWaits || (!isRange() && !waiting.empty()); }
    // Whether startConsuming() has nothing to wait for here.
    bool isDone() const { return isRange() || cancelled || (ended && !isQueued()); }
    // Whether the channel can forget this subscription.
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
    const QAmqpBlockingChannel::Handler handler; // null for a range

    // Guarded by the dispatcher's mutex
    QString tag;
    std::deque<Arrived> waiting;
    bool isCounted = false; // countWaiting() counts its messages: a prefetch does not bound them
    bool ended = false;
    bool cancelled = false; // this side ended the subscription, or closed the channel
    bool cancellationWaits = false; // onCancelled() is still to be called
    QAmqpError error; // why the subscription ended

    // Of the I/O thread
    QPointer<QAmqpConsumer> consumer;

private:
    void uncount(); // with the mutex held
};

QT_END_NAMESPACE

#endif
