// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/qamqpblockingconsumer_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using ConsumingEnd = QAmqpBlockingChannel::ConsumingEnd;
using Kind = QAmqpError::Kind;

/*!
    \class QAmqpBlockingConsumer
    \inmodule QtAmqp
    \brief The messages of a queue as a range, which waits for them.

    \snippet snippets.cpp blocking consume

    QAmqpBlockingChannel::consume() returns it. A loop over it waits for each message, and runs callbacks of
    the connection meanwhile. The loop ends when the subscription ends (by cancel(), by the broker or with the
    channel), when no message came for the inactivity timeout, and when a stop is requested; error() and
    isActive() show why. The subscription goes on when a loop is left: another loop, or
    QAmqpBlockingChannel::consume() for the same queue, goes on with the messages that came meanwhile.

    It also goes on when the link is lost and the connection recovers. Messages that came over the lost link and were
    not taken are dropped, since the broker delivers them again; only those of a consumer without acknowledgement
    stay. Messages that were taken and not acknowledged come again too, with QAmqpDelivery::isRedelivered().

    Copies stand for the same subscription.
*/

/*! \class QAmqpBlockingConsumer::const_iterator
    \inmodule QtAmqp
    \inheaderfile QAmqpBlockingConsumer
    \brief An input iterator over messages, which waits for the next one when it is incremented. */

QAmqpBlockingConsumer::QAmqpBlockingConsumer(std::shared_ptr<QAmqpBlockingConsumerPrivate> dd,
                                             std::chrono::milliseconds inactivityTimeout)
    : d(std::move(dd)), m_inactivityTimeout(inactivityTimeout)
{
}

/*! Waits for a message, and returns the iterator to it, or end() if this side has ended the subscription, a
    stop is requested or no message came for the inactivity timeout. Throws a QAmqpException if something else
    ended the subscription, and with LimitExceeded in place of a message that was too large, see next().
    Incrementing an iterator does the same. */
QAmqpBlockingConsumer::const_iterator QAmqpBlockingConsumer::begin() const
{
    const_iterator it;
    it.m_consumer = d;
    it.m_inactivityTimeout = m_inactivityTimeout;
    return ++it;
}

/*! Returns the iterator at which a loop ends. */
QAmqpBlockingConsumer::const_iterator QAmqpBlockingConsumer::end() const { return {}; }

QAmqpBlockingConsumer::const_iterator &QAmqpBlockingConsumer::const_iterator::operator++()
{
    bool isFailure = false;
    if (auto delivery = m_consumer->next(deadlineAfter(m_inactivityTimeout), &isFailure)) {
        m_delivery = *std::move(delivery);
    } else {
        *this = const_iterator();
        if (isFailure)
            delivery.error().raise();
    }
    return *this;
}

/*! Waits for the next message for the inactivity timeout given to QAmqpBlockingChannel::consume(). */
QAmqpResult<QAmqpDelivery> QAmqpBlockingConsumer::next() const { return next(m_inactivityTimeout); }

/*! \overload
    Waits for the next message for \a inactivityTimeout. Fails with Timeout if none came, and with Cancelled
    if the subscription is over or a stop is requested; messages that have come then wait for the next call.
    Fails with LimitExceeded in place of a message that is larger than
    QAmqpConnectionOptions::maxMessageSize() allows: that was rejected, and the next call returns the message
    behind it. If the channel ended, fails with that error. */
QAmqpResult<QAmqpDelivery> QAmqpBlockingConsumer::next(
        std::chrono::milliseconds inactivityTimeout) const
{
    bool isFailure = false; // only a loop needs it
    return d->next(deadlineAfter(inactivityTimeout), &isFailure);
}

QAmqpResult<QAmqpDelivery> QAmqpBlockingConsumerPrivate::next(TimePoint deadline, bool *isFailure)
{
    const auto keep = shared_from_this(); // a callback may destroy the last handle
    Dispatcher &dispatcher = connection->dispatcher;
    Dispatcher::Lock lock(mutex());
    // Even if many messages wait, due callbacks get their turn, and a stop ends the loop.
    if (!dispatcher.isStopRequested())
        dispatcher.runOne(lock);
    const auto isDone = [&] {
        return !dispatcher.isStopRequested() && (ended || !waiting.empty());
    };
    const auto end = dispatcher.run(lock, isDone, deadline);
    if (end == Dispatcher::End::Stopped)
        return blockingError(Kind::Cancelled, u"a stop was requested");
    if (!waiting.empty()) {
        const Arrived message = take();
        *isFailure = message.error.isError();
        if (*isFailure)
            return message.error;
        return static_cast<const QAmqpDelivery &>(message);
    }
    *isFailure = error && !cancelled;
    if (end == Dispatcher::End::TimedOut)
        return connection->timedOut(u"no message came from \"%1\" in time"_s.arg(queue));
    return error ? error : blockingError(Kind::Cancelled, u"consumer \"%1\" was cancelled", tag);
}

QAmqpBlockingConsumerPrivate::Arrived QAmqpBlockingConsumerPrivate::take()
{
    Arrived delivery = std::move(waiting.front());
    waiting.pop_front();
    if (isCounted)
        connection->countWaiting(-1, -delivery.size());
    return delivery;
}

std::deque<QAmqpBlockingConsumerPrivate::Arrived> QAmqpBlockingConsumerPrivate::takeAll()
{
    uncount();
    connection->dispatcher.drop(this);
    return std::exchange(waiting, {});
}

void QAmqpBlockingConsumerPrivate::uncount()
{
    qint64 bytes = 0;
    for (const QAmqpDelivery &delivery : waiting)
        bytes += delivery.size();
    if (isCounted)
        connection->countWaiting(-qint64(waiting.size()), -bytes);
}

// Whether the message may be from a stream, which numbers its messages in this header. RabbitMQ ends the
// connection (540) when a message is given back to a stream, so such a message is not. A stream keeps it
// anyway, and to any other queue it goes back when the channel closes.
static bool mayBeOfStream(const QAmqpDelivery &delivery)
{
    return delivery.headers().value(u"x-stream-offset"_s).type() == QAmqpValue::Type::Int64;
}

int QAmqpBlockingConsumerPrivate::giveBack()
{
    int requeued = 0;
    for (const QAmqpDelivery &delivery : locked([this] { return takeAll(); }))
        requeued += !mayBeOfStream(delivery) && delivery.nack();
    return requeued;
}

Callback QAmqpBlockingConsumerPrivate::nextCallback()
{
    const Arrived message = take();
    if (!message.error)
        return [self = shared_from_this(), message] { self->handler(message); };
    const auto owner = channel.lock();
    if (owner && owner->discardedHandler)
        return owner->discardedHandler.with<QAmqpDelivery>(message, message.error);
    return [message] { qWarning("QtAmqp: %s", qPrintable(message.error.text())); };
}

// The channel closes: no callback of the consumer is called any more. Waiting messages go back to the queue
// with the channel. Only a range without acknowledgement keeps them, since they cannot go back.
void QAmqpBlockingConsumerPrivate::silence()
{
    cancelled = true;
    cancellationWaits = false;
    if (!isRange() || !options.isNoAck())
        takeAll();
}

void QAmqpBlockingConsumerPrivate::start(QAmqpConsumer *object,
                                         const AnswerPointer<QAmqpResult<void>> &answer)
{
    consumer = object;
    // The connections of the consumer object keep this object alive.
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, consumer,
                     [this, self = shared_from_this()](const QAmqpDelivery &d) { deliver(d); });
    QObject::connect(consumer, &QAmqpConsumer::messageDiscarded, consumer,
                     [this](const QAmqpDelivery &d, const QAmqpError &why) { deliver(d, why); });
    QObject::connect(consumer, &QAmqpConsumer::started, consumer,
                     [answer] { answer->give(QAmqpResult<void>()); });
    QObject::connect(consumer, &QAmqpConsumer::cancelled, consumer,
                     [this, answer](const QAmqpError &why) {
                         end(why);
                         const QAmqpError reason =
                                 why ? why : blockingError(Kind::Cancelled, u"it was cancelled");
                         if (const auto owner = channel.lock())
                             owner->afterEnd([answer, reason] { answer->give(reason); });
                         consumer->deleteLater();
                     });
    const std::lock_guard lock(mutex());
    tag = consumer->consumerTag();
    isCounted = object->options().isNoAck() || object->options().prefetch() == 0;
}

void QAmqpBlockingConsumerPrivate::deliver(const QAmqpDelivery &delivery,
                                           const QAmqpError &discarded)
{
    const auto owner = channel.lock();
    const std::lock_guard lock(mutex());
    if (!owner || owner->silenced) // the message goes back to the queue with the channel
        return;
    add({delivery, discarded});
}

void QAmqpBlockingConsumerPrivate::add(Arrived message)
{
    if (isCounted)
        connection->countWaiting(1, message.size());
    waiting.push_back(std::move(message));
    if (isRange())
        connection->dispatcher.changed();
    else
        connection->dispatcher.post(this, weak_from_this(), [this] { return nextCallback(); });
}

void QAmqpBlockingConsumerPrivate::setEnded(const QAmqpError &reason)
{
    uncount(); // no more messages come
    isCounted = false;
    ended = true;
    error = reason;
}

void QAmqpBlockingConsumerPrivate::postCancellation()
{
    connection->dispatcher.post(this, weak_from_this(), [this] {
        cancellationWaits = false;
        const auto alive = channel.lock();
        return alive ? alive->cancelledHandler.with(tag, error) : Callback();
    });
}

void QAmqpBlockingConsumerPrivate::end(const QAmqpError &reason)
{
    const auto owner = channel.lock();
    if (!owner)
        return;
    // The end of the channel ends its consumers, in setClosed(), so that both seem to end at the same time. A recovery
    // that could not start the consumer again has an error of a channel too, and that channel goes on.
    const bool isClosed = !owner->channel || owner->channel->state() == QAmqpChannel::State::Closed;
    if (isClosed && reason && reason.scope() != QAmqpError::Scope::Operation)
        return;
    std::vector<std::shared_ptr<QAmqpBlockingConsumerPrivate>> over; // destroyed without the mutex
    const std::lock_guard lock(mutex());
    setEnded(reason);
    if (reason && !cancelled) {
        if (!isRange())
            owner->consumingEnd = ConsumingEnd::CancelledByBroker;
        cancellationWaits = true;
        postCancellation();
    }
    over = owner->takeOut([](const auto &each) { return each->isOver(); });
    connection->dispatcher.changed();
}

/*! Returns the consumer tag of the subscription, which is unique in its channel. */
QString QAmqpBlockingConsumer::consumerTag() const
{
    return d->locked([this] { return d->tag; });
}

/*! Returns whether the subscription goes on. */
bool QAmqpBlockingConsumer::isActive() const
{
    return d->locked([this] { return !d->ended; });
}

/*! Returns why QAmqpBlockingChannel::consume() failed or the subscription ended; no error while it goes
    on, or if it was cancelled on this side. */
QAmqpError QAmqpBlockingConsumer::error() const
{
    return d->locked([this] { return d->error; });
}

/*! Returns how many messages have come that next() has not returned yet. It returns them without waiting. */
int QAmqpBlockingConsumer::waitingMessages() const
{
    return d->locked([this] { return int(d->waiting.size()); });
}

/*! Ends the subscription, and returns how many messages went back to the queue: those that came and were not
    seen, and those on their way. Messages seen before stay as they are. Without acknowledgement nothing can
    go back, and next() still returns the messages that came. The subscription ends on this side even if the
    broker does not answer in time (Timeout). Messages with an \c x-stream-offset header, as those of a stream have,
    are not counted: what came of a stream needs not go back, and from another queue it does when the channel
    closes. */
QAmqpResult<int> QAmqpBlockingConsumer::cancel() const
{
    const auto channel = d->channel.lock();
    if (!channel)
        return endedError(u"basic.cancel: the channel was destroyed"_s, error());
    return channel->cancel([this](const auto &consumer) { return &consumer == d.get(); });
}

QDebug operator<<(QDebug debug, const QAmqpBlockingConsumer &consumer)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpBlockingConsumer(" << consumer.consumerTag()
                           << (consumer.isActive() ? ", active, " : ", over, ")
                           << consumer.waitingMessages() << " messages wait)";
}

QT_END_NAMESPACE
