// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpconsumer_p.h"

#include "api/turnclock.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpConsumer
    \inmodule QtAmqp
    \brief A running subscription to a queue.

    QAmqpQueue::consume() and QAmqpChannel::consume() make consumers. A consumer lives until cancel(),
    until its channel closes or until the broker cancels it; the object stays and may be deleted at any
    time, which cancels it too. It is not revived when the channel is opened again.

    When the link is lost and the connection recovers, the consumer goes on by itself: its state is Starting until the
    broker has accepted it on the next link, with the same tag, prefetch and arguments, and Active again then. Messages
    that were delivered and not settled are stale (QAmqpDelivery::isStale()) and come again, to this consumer or to
    another one of the queue; those that it held back (heldMessages()) are dropped for that, unless it is without
    acknowledgement. It stays paused if it was, and keeps its body sink. A stream goes on with the oldest message that
    was not settled. If the broker does not let it start again, cancelled() is emitted and the channel goes on.

    \sa {https://www.rabbitmq.com/consumers.html}
*/
/*!
    \enum QAmqpConsumer::State
    \value Starting    The broker has not answered yet, or the link is lost and the consumer starts again on the next.
    \value Active      Messages come.
    \value Cancelling  cancel() was called; what still arrives goes back to the queue.
    \value Cancelled   It is over.
*/
/*! \fn void QAmqpConsumer::stateChanged(QAmqpConsumer::State state)
    Emitted when \a state is reached. */
/*! \fn void QAmqpConsumer::started()
    Emitted once, when the broker has accepted the subscription. */
/*! \fn void QAmqpConsumer::messageReceived(const QAmqpDelivery &delivery)
    Emitted for each message. \a delivery may be copied and acknowledged later, from any thread.

    A slot may run an event loop, for instance a dialog or a wait for a future: answers, confirms,
    heartbeats and the messages of other consumers go on, and it may delete anything. It is not called
    again before it has returned; this consumer's messages wait until then, in order. Nor is it called
    while as many deliveries are unsettled as the prefetch says, whatever the broker sends. The prefetch
    bounds how many wait. Of what it does not bound (without acknowledgement, with a prefetch of 0, or
    the chunks in which streams send) no more than 64 MiB wait for all consumers of a connection: then
    nothing is read from it, no answer either, until half of that was taken. */
/*! \fn void QAmqpConsumer::messageDiscarded(const QAmqpDelivery &message, const QAmqpError &error)
    Emitted for each message that this consumer cannot have, always before cancelled().

    If the message is larger than QAmqpConnectionOptions::maxMessageSize() lets in, \a error is of kind
    LimitExceeded and scope Operation and says what was too large. The message is rejected without requeue, so that the
    queue's dead-letter exchange gets it, if there is one, and it is lost otherwise; what a stream delivered
    is acknowledged, and stays in the stream. A consumer without acknowledgement just loses it. The messages
    behind it come. \a message is settled, and has no body, but says by which exchange and routing key it
    came and, unless these were too large themselves, what its properties are.

    If the body could not be written into the device of setBodySink(), \a error is of kind DeviceFailed and says how
    many bytes were written. Then \a message is not settled: call its QAmqpDelivery::ack(), or QAmqpDelivery::nack() so that it comes again or is dead-lettered. If it is left as
    it is, it goes back to its queue with the end of the channel. If the link is lost, or the consumer, the channel or
    the connection ends, in the middle of such a body, or is being closed then, \a error is of the kind of what ended it, or
    Cancelled; the message cannot be settled any more, and comes again unless the consumer is without
    acknowledgement.

    If nothing is connected to this signal, the first such message of the consumer is logged as a warning. */
/*! \fn void QAmqpConsumer::cancelled(const QAmqpError &reason)
    Emitted once when the subscription ended; \a reason is no error after cancel() or close(), the error
    of the channel or connection if that ended, Cancelled if the broker ended the subscription (its queue
    was deleted; see QAmqpConsumeOptions::setResumedAfterCancel()), and Timeout if the broker did not answer basic.consume or basic.cancel in time. */
/*! \fn void QAmqpConsumer::pausedChanged(bool paused)
    Emitted from the event loop when the consumer was paused or goes on (\a paused is \c false). */

QAmqpConsumer::QAmqpConsumer(QAmqpConsumerPrivate *dd, QObject *parent) : QObject(parent), d_ptr(dd)
{
    dd->q = this;
}

/*! Cancels the subscription in silence; messages it holds or still gets go back to the queue, see
    cancel(). */
QAmqpConsumer::~QAmqpConsumer()
{
    if (d_ptr->state != State::Cancelled)
        d_ptr->channel->forgetConsumer(d_ptr.get());
    if (d_ptr->deduplicator)
        --d_ptr->channel->settlementWatchers;
}

/*! Returns the channel, null once it is destroyed. */
QAmqpChannel *QAmqpConsumer::channel() const { return d_ptr->channel->q; }

/*! Returns the options it was made with, and the prefetch that is in force: its own, that of the channel
    (QAmqpChannel::setPrefetch()) or 250. */
QAmqpConsumeOptions QAmqpConsumer::options() const { return d_ptr->options; }

/*! \property QAmqpConsumer::consumerTag
    Its name, unique in the channel; always chosen on this side. */
QString QAmqpConsumer::consumerTag() const { return textFromWire(d_ptr->tag); }

/*! \property QAmqpConsumer::state
    The state as of now. */
QAmqpConsumer::State QAmqpConsumer::state() const { return d_ptr->state; }

/*! Returns whether state() is Active. */
bool QAmqpConsumer::isActive() const { return d_ptr->state == State::Active; }

/*!
    Ends the subscription. The future tells how many messages went back to the queue: those held back
    (heldMessages()) and those under way; none if it is a stream, or may be one, since RabbitMQ closes the
    connection (540) when something is to go back to one. What was delivered to slots before is not touched: acknowledge it. A
    consumer without acknowledgement gets what is under way delivered, since the broker has forgotten it. While the
    link is lost the subscription is over at once and is not restored, and the future ends with 0, or with how many
    had been given back before.
    Fails with NotOpen if the consumer is not running, with InvalidArgument from a thread other than the
    connection's, with Timeout if the broker does not answer in time (the consumer is over then too), and
    with Cancelled if the channel ends before.
*/
QFuture<int> QAmqpConsumer::cancel()
{
    QAmqpError error = d_ptr->channel->threadError("cancel()");
    if (!error && (!d_ptr->channel->core || d_ptr->state >= State::Cancelling))
        error = notOpen(u"consumer \"%1\" is not running", d_ptr->tag);
    if (error)
        return failedFuture<int>(error);
    return d_ptr->channel->cancel(d_ptr.get());
}

/*!
    Ends the subscription as cancel() does, and then waits until the application has settled every message that it was
    shown, for \a deadline at most (0: as long as the channel lives). So a worker can be stopped without a message that
    is delivered twice: after this, close the channel or the connection.

    The future tells how many messages went back to the queue unseen, as that of cancel(). It fails as that does, and
    with Timeout if messages are still unsettled when \a deadline is over: the consumer has ended all the same, and they
    go back with the end of the channel. A negative \a deadline fails with InvalidArgument. If the link is lost
    meanwhile, what was shown can be settled no more and comes again somewhere, so that there is nothing left to wait
    for. cancelled() is emitted when the broker has answered, before the wait for the application begins.

    \sa {https://www.rabbitmq.com/docs/consumers#unsubscribing}
*/
QFuture<int> QAmqpConsumer::drain(std::chrono::milliseconds deadline)
{
    QAmqpError error = d_ptr->channel->threadError("drain()");
    if (!error && deadline.count() < 0)
        error = invalidArgument(u"drain(): the deadline of %1 ms is negative; 0 waits for ever",
                                deadline.count());
    if (!error && (!d_ptr->channel->core || d_ptr->state >= State::Cancelling))
        error = notOpen(u"consumer \"%1\" is not running", d_ptr->tag);
    if (error)
        return failedFuture<int>(error);
    return d_ptr->channel->drain(d_ptr.get(), deadline);
}

/*! Returns how many messages were acknowledged and not shown because this consumer had acknowledged one with their
    message-id before, see QAmqpConsumeOptions::setDeduplication(). */
quint64 QAmqpConsumer::duplicates() const
{
    return d_ptr->deduplicator ? d_ptr->deduplicator->count : 0;
}

/*! \property QAmqpConsumer::paused
    Whether deliveries are held back. */
bool QAmqpConsumer::isPaused() const { return d_ptr->paused; }

/*! Returns how many messages are held back: because it is paused, because a slot of messageReceived() has
    not returned, or because as many as the prefetch are unsettled. */
int QAmqpConsumer::heldMessages() const { return int(d_ptr->held.size()); }

/*! Holds deliveries back, at most as many as the prefetch, until resume(). Returns \c false and does
    nothing for a consumer without acknowledgement or without prefetch, since these have no bound; once
    the consumer is being cancelled; and, with a warning, in a thread other than the connection's. */
bool QAmqpConsumer::pause()
{
    if (const QAmqpError error = d_ptr->channel->threadError("pause()")) {
        d_ptr->channel->refuse(error);
        return false;
    }
    if (d_ptr->noAck || d_ptr->options.prefetch() == 0 || d_ptr->state >= State::Cancelling)
        return false;
    d_ptr->paused = true;
    d_ptr->channel->scheduleConsumerUpdate();
    return true;
}

/*! Delivers what was held back, from the event loop, and then goes on. Does nothing if the consumer is
    not paused, and nothing but print a warning in a thread other than the connection's. */
void QAmqpConsumer::resume()
{
    if (const QAmqpError error = d_ptr->channel->threadError("resume()"))
        return d_ptr->channel->refuse(error);
    d_ptr->paused = false;
    d_ptr->channel->scheduleConsumerUpdate();
}

/*!
    \typedef QAmqpConsumer::BodySink

    A function that returns the device for the body of a message, or null for none: see setBodySink().
*/

/*!
    Has bodies of \a atLeast bytes or more written into a device as they arrive, so that they need not fit into
    memory; smaller ones come as usual. Call it before the event loop goes on after QAmqpChannel::consume(), so
    that it holds for the first message.

    \snippet snippets.cpp bodysink

    When the beginning of such a message has come, \a sink is called with the delivery, which has everything but
    its body and cannot be settled yet, and with the size of the body. It returns the device that takes the body:
    open for writing, in the connection's thread, and alive until one of the two signals below is emitted for this
    message. When all of the body is written, messageReceived() is emitted with the same delivery, whose body is
    empty, and the device belongs to the application alone again; it is neither closed nor deleted, and may still
    have to pass on what it buffers.
    Settle the delivery then and not before: a QAmqpDelivery::ack() from another thread before the message is complete may return
    \c true, but it is dropped, and the message stays unsettled. QAmqpConnectionOptions::maxMessageSize() does not
    bound such bodies.

    If \a sink returns null, or the device fails, takes less than it was given, is closed or destroyed, the rest
    of the body is dropped as it arrives, and messageDiscarded() is emitted instead, with a delivery that the
    application has to settle. messageDiscarded() is also emitted for a message whose link is lost, or whose consumer,
    channel or connection ends, before all of it has come and been shown. So one of the two signals is emitted for each message for which \a sink was
    called, and before cancelled(), with two exceptions: the consumer, the channel or the connection object is
    destroyed; or the message is complete and held back when the consumer ends (see heldMessages()), and comes again.

    While more than 1 MiB of bodies waits to be written, here or in a device that buffers, as a socket does, nothing
    is read from the connection until half of that has been written: no messages of other consumers, and no answers
    or confirms either. RabbitMQ ends a connection that is not read for 30 s. QAmqpConnection::isReading() stays
    \c true meanwhile, and QAmqpConnection::setReading() with \c true does not make the connection read on.

    \a sink and the device may run an event loop. What comes for this consumer meanwhile waits in order and counts for
    that 1 MiB, so do not wait there for an answer of the broker. A slot of messageReceived() or messageDiscarded() may
    do so: while it runs, the bodies of later messages are written and \a sink is called for them. pause() holds
    messageReceived() back, but not the bodies: as many as the prefetch are still written. The bodies of several
    channels may arrive interleaved, those of one channel come one after the other.

    Another function, or an empty one, which ends this, holds for the messages that begin to arrive later; those that
    have begun still go to the earlier function. The sink stays set when the consumer goes on after the loss of a link;
    what was arriving then is given up, and comes again from its first byte. Does nothing once the consumer has ended, and prints a
    warning in a thread other than the connection's. The blocking classes and QML have no such sinks.
    \sa messageDiscarded(), {AMQP 0-9-1 §4.2.6}
*/
void QAmqpConsumer::setBodySink(BodySink sink, qint64 atLeast)
{
    QAmqpConsumerPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->channel->threadError("setBodySink()"))
        return d->channel->refuse(error);
    if (!d->isOfChannel())
        return;
    d->channel->core->setStreamFrom(
            d->tag, sink ? std::optional(quint64(std::max<qint64>(atLeast, 0))) : std::nullopt);
    if (d->bodies)
        d->bodies->setSink(std::move(sink));
    else if (sink)
        d->bodies = std::make_unique<BodyReceiver>(*d, std::move(sink));
}

void QAmqpConsumerPrivate::emitChanges()
{
    const QPointer<QAmqpConsumer> alive(q);
    if (const QAmqpConsumer::State now = state; std::exchange(emittedState, now) != now)
        Q_EMIT q->stateChanged(now);
    if (alive && std::exchange(emittedPaused, paused) != paused)
        Q_EMIT q->pausedChanged(paused);
}

void QAmqpConsumerPrivate::started()
{
    if (state != QAmqpConsumer::State::Starting)
        return;
    const QPointer<QAmqpConsumer> alive(q);
    state = QAmqpConsumer::State::Active;
    emitChanges();
    if (alive)
        Q_EMIT q->started();
}

void QAmqpConsumerPrivate::interrupted(const QAmqpError &cause)
{
    const QPointer<QAmqpConsumer> alive(q);
    if (bodies)
        bodies->interrupted(cause);
    if (alive)
        emitChanges();
}

void QAmqpConsumerPrivate::resumed()
{
    if (state != QAmqpConsumer::State::Starting)
        return;
    state = QAmqpConsumer::State::Active;
    emitChanges();
}

QAmqpConsumerPrivate::~QAmqpConsumerPrivate()
{
    if (slotRuns)
        *slotRuns = true;
    dropHeld();
}

// The application gets no more unsettled messages than the prefetch allows, whatever the broker sends. It gets
// none any more once the channel has ended, since they go back to their queue.
bool QAmqpConsumerPrivate::mayShow(const QAmqpDelivery &delivery) const
{
    return noAck || (isOfChannel() && channel->core->show(delivery.deliveryTag()));
}

bool QAmqpConsumerPrivate::isOfChannel() const
{
    return channel->core && !channel->core->isEnded() && channel->consumers.value(id) == this;
}

void QAmqpConsumerPrivate::deliver(const QAmqpDelivery &delivery)
{
    if (deduplicator && deduplicator->takes(delivery))
        return;
    if (isReentrant)
        Q_EMIT q->messageReceived(delivery);
    else if (paused || slotRuns || !held.empty() || !mayShow(delivery))
        hold(delivery);
    else if (callSlot(delivery) && endsWith)
        deliverLast();
}

// A slot may run an event loop of its own. It is not called again meanwhile, or a flood of messages would call it
// until the stack is full: they are held, and everything else goes on. Returns false if the slot deleted this.
inline bool QAmqpConsumerPrivate::callSlot(const QAmqpDelivery &delivery)
{
    if (deduplicator)
        deduplicator->shown(delivery);
    bool gone = false;
    slotRuns = &gone;
    Q_EMIT q->messageReceived(delivery);
    if (gone)
        return false;
    slotRuns = nullptr;
    if (!held.empty() && !endsWith)
        channel->scheduleConsumerUpdate();
    return true;
}

void QAmqpConsumerPrivate::hold(const QAmqpDelivery &delivery)
{
    held.push_back(delivery);
    if (held.size() > bound())
        countHeld(held.back(), 1);
}

QAmqpDelivery QAmqpConsumerPrivate::takeHeld()
{
    if (held.size() > bound())
        countHeld(held[bound()], -1); // the first one behind the bound moves up
    QAmqpDelivery delivery = std::move(held.front());
    held.pop_front();
    return delivery;
}

// How many of the held messages the prefetch allows.
size_t QAmqpConsumerPrivate::bound() const { return noAck ? 0 : options.prefetch(); }

// Messages beyond the prefetch, or without one, are counted by the engine, which stops reading when they are many.
void QAmqpConsumerPrivate::countHeld(const QAmqpDelivery &delivery, int sign) const
{
    if (const std::shared_ptr<Engine> counting = engine.lock())
        counting->countHeld(sign * (QAmqpMessagePrivate::size(delivery) + Overhead));
}

void QAmqpConsumerPrivate::dropHeld()
{
    while (!held.empty())
        takeHeld();
}

void QAmqpConsumerPrivate::discarded(const QAmqpDelivery &message, const QAmqpError &error)
{
    const auto signal = QMetaMethod::fromSignal(&QAmqpConsumer::messageDiscarded);
    if (!q->isSignalConnected(signal) && channel->engine && !std::exchange(warned, true))
        channel->engine->log().add(qtAmqpChannel(), QtWarningMsg, error.text());
    Q_EMIT q->messageDiscarded(message, error);
}

void QAmqpConsumerPrivate::deliverHeld()
{
    TurnClock clock(TimePoint::clock::now(), true);
    while (!paused && !slotRuns && !held.empty() && mayShow(held.front())) {
        const QAmqpDelivery delivery = takeHeld();
        if (!callSlot(delivery))
            return;
        if (endsWith)
            return deliverLast();
        if (clock.isOver(QAmqpMessagePrivate::size(delivery)))
            return;
    }
}

// The broker has forgotten what it sent without acknowledgement, so the slot gets it before cancelled(). Does nothing
// before the end; what makes it wait, a slot or bodies that are busy, calls it again.
void QAmqpConsumerPrivate::deliverLast()
{
    while (endsWith && !held.empty()) {
        if (slotRuns || !callSlot(takeHeld()))
            return;
    }
    if (endsWith && !(bodies && bodies->isBusy()))
        emitCancelled(*std::exchange(endsWith, std::nullopt));
}

void QAmqpConsumerPrivate::ended(const QAmqpError &reason)
{
    const QPointer<QAmqpConsumer> alive(q);
    if (bodies)
        bodies->giveUp(reason);
    if (!alive)
        return;
    if (!noAck)
        dropHeld();
    endsWith = reason;
    deliverLast();
}

void QAmqpConsumerPrivate::emitCancelled(const QAmqpError &reason)
{
    const QPointer<QAmqpConsumer> alive(q);
    paused = false;
    state = QAmqpConsumer::State::Cancelled;
    emitChanges();
    if (alive)
        Q_EMIT q->cancelled(reason);
}

/*! \relates QAmqpConsumer
    Writes the tag and the state of \a consumer to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpConsumer *consumer)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!consumer)
        return debug << "QAmqpConsumer(null)";
    debug << "QAmqpConsumer(" << consumer->consumerTag() << ", " << consumer->state();
    if (consumer->isPaused())
        debug << ", paused with " << consumer->heldMessages() << " messages";
    return debug << ')';
}

QT_END_NAMESPACE
