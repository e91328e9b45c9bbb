// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H
#define QTAMQP_BLOCKING_QAMQPBLOCKINGCONSUMER_P_H

#include "blocking/qamqpblockingchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// A message that came, or with an error what is left of one that was too large.
struct Arrived : QAmqpDelivery
{
    QAmqpError error = {};
};

} // namespace QtAmqpPrivate

class QAmqpBlockingConsumerPrivate final
    : public QtAmqpPrivate::EventSource
    , public std::enable_shared_from_this<QAmqpBlockingConsumerPrivate>
{
public:
    using Handler = QAmqpBlockingChannel::Handler;

    ~QAmqpBlockingConsumerPrivate() override;

    // Any thread
    // `isFailure` becomes true unless this side ended it or the waiting.
    QAmqpResult<QAmqpDelivery> next(QtAmqpPrivate::TimePoint deadline, bool *isFailure = nullptr);
    QtAmqpPrivate::Arrived take(); // with the mutex held; there is one
    QtAmqpPrivate::Callback nextCallback() override; // one event is posted for each message
    // With the mutex held: what the broker's cancellation calls.
    QtAmqpPrivate::Callback cancellation(const QAmqpBlockingChannelPrivate &owner);
    std::deque<QAmqpDelivery> takeAll(); // with the mutex held
    // With the mutex held. Whether its messages count for the connection: no more of them come once it
    // has ended.
    bool isCounted() const { return !ended && !isBounded; }
    void setEnded(const QAmqpError &reason); // with the mutex held
    bool isRange() const { return !handler; }
    // With the mutex held. Whether callbacks are still to be called for it.
    bool isQueued() const { return cancellationWaits || (!isRange() && !waiting.empty()); }
    // With the mutex held. Whether startConsuming() has nothing to wait for here.
    bool isDone() const { return isRange() || cancelled || (ended && !isQueued()); }
    // With the mutex held. Whether its channel needs to know it no more.
    bool isOver() const { return ended && waiting.empty() && !cancellationWaits; }
    void silence(QtAmqpPrivate::Dispatcher::Dropped &dropped); // with the mutex held

    // I/O thread
    void watch(const QtAmqpPrivate::AnswerPointer<QAmqpResult<void>> &answer);
    void deliver(const QAmqpDelivery &delivery, const QAmqpError &discarded = {});
    void end(const QAmqpError &reason);

    // Without a connection or channel: consume() was refused, and `error` says why.
    std::shared_ptr<QAmqpBlockingConnectionPrivate> connection;
    std::weak_ptr<QAmqpBlockingChannelPrivate> channel;
    QString queue;
    QAmqpConsumeOptions options;
    bool isBounded = false; // by a prefetch
    Handler handler; // none: a range

    // Guarded by the dispatcher's mutex
    QString tag;
    std::deque<QtAmqpPrivate::Arrived> waiting;
    bool ended = false;
    bool cancelled = false; // on this side
    bool silenced = false; // its channel is being closed
    bool cancellationWaits = false; // the broker's, to be called back
    QAmqpError error;

    // Of the I/O thread
    QPointer<QAmqpConsumer> consumer;
};

QT_END_NAMESPACE

#endif
