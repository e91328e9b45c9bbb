// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of QAmqpBlockingChannel that publishes and consumes.

#include "blocking/qamqpblockingconsumer_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using ConsumingEnd = QAmqpBlockingChannel::ConsumingEnd;
using Kind = QAmqpError::Kind;

/*!
    Publishes \a message to \a exchange with \a routingKey. While confirms are on and confirmWindow() is
    1, which is the default, the call waits for the broker's answer: the result is a number, 1 for the
    first message of this channel, or the error Nacked, Unroutable (a returned Mandatory message) or why
    the channel ended; QAmqpPublishResult::messages() has the message.

    With a larger window the call waits only while that many messages are unanswered; waitForConfirms()
    returns their outcome. With confirms off it waits only while too many messages were not sent yet.

    Fails with Timeout after timeout(); the message may have arrived then, or may still be sent. Fails with
    Interrupted if the link is lost before the broker has answered and the connection recovers: the message may have
    arrived, and is not sent again by itself. While the connection recovers the call waits, and the message is sent
    over the new link, also if the call ends with Timeout before. Fails with InvalidArgument or
    LimitExceeded, sending nothing, if the message cannot be sent as it is, or if 1000 messages or 8 MiB of a
    window have failed and waitForConfirms() was not called since. For \a flags see
    QAmqpChannel::PublishFlag.
*/
QAmqpPublishResult QAmqpBlockingChannel::publish(const QString &exchange, const QString &routingKey,
                                                 const QAmqpMessage &message, PublishFlags flags)
{
    return d->publisher.publish({exchange, routingKey, message, flags});
}

/*! Returns whether publishes are confirmed. */
bool QAmqpBlockingChannel::confirms() const
{
    return d->locked([this] { return d->publisher.isConfirming(); });
}

/*! Switches publisher confirms on if \a enabled, and off otherwise, before the first publish(). */
QAmqpResult<void> QAmqpBlockingChannel::setConfirms(bool enabled)
{
    const auto result = d->request(u"setConfirms()"_s, &QAmqpChannel::setConfirms, enabled);
    if (result)
        d->locked([&] { d->publisher.setConfirming(enabled); });
    return result;
}

/*! Returns how many messages may be unanswered before publish() waits. */
quint64 QAmqpBlockingChannel::confirmWindow() const
{
    return d->locked([this] { return d->publisher.window(); });
}

/*! Lets \a messages be unanswered before publish() waits. With 1, the default, each publish() waits for its
    own answer. A window such as 1000 is many times faster; waitForConfirms() returns the outcome then. */
void QAmqpBlockingChannel::setConfirmWindow(quint64 messages)
{
    d->locked([&] { d->publisher.setWindow(messages); });
}

/*! Returns how many messages waitForConfirms() would wait for. */
quint64 QAmqpBlockingChannel::unconfirmed() const
{
    return d->locked([this] { return d->publisher.unconfirmed(); });
}

/*! Waits until the broker has answered for everything published within a window, timeout() at most. Returns
    how many messages were confirmed since the last call, or the first error (Nacked, Unroutable, Interrupted, or
    why the channel ended) with all messages that failed. Each failure is returned once. Fails with Timeout if answers
    are missing, and may be called again; fails with InvalidArgument if confirms are off. */
QAmqpPublishResult QAmqpBlockingChannel::waitForConfirms()
{
    return d->publisher.waitForConfirms(d->deadline());
}

/*! \overload
    Waits for \a timeout at most. */
QAmqpPublishResult QAmqpBlockingChannel::waitForConfirms(std::chrono::milliseconds timeout)
{
    return d->publisher.waitForConfirms(deadlineAfter(timeout));
}

/*! Has \a callback called with each message that is returned while confirms are off; while they are on,
    publish() and waitForConfirms() return the error Unroutable instead. The callback that is set when it is
    called counts, not when the message came. Without a callback the last 1000 messages (8 MiB at most) are
    kept until the next wait. With one all are kept, and reading stops at that number, see
    \l {How much is kept}. */
void QAmqpBlockingChannel::onReturned(std::function<void(const QAmqpReturn &message)> callback)
{
    d->publisher.onReturned(std::move(callback));
}

/*!
    Subscribes to \a queue with \a options, and returns the messages as a range that waits for them, see
    QAmqpBlockingConsumer. A loop ends when no message came for \a inactivityTimeout. If the channel has such
    a range for this queue already, that one is returned; if it has other options, the call fails.

    If the broker refuses, the range is empty and QAmqpBlockingConsumer::error() says why.

    A lost link does not end the range if the connection recovers: a loop waits, and goes on with the messages that the
    broker delivers again.
*/
QAmqpBlockingConsumer QAmqpBlockingChannel::consume(const QString &queue,
                                                    const QAmqpConsumeOptions &options,
                                                    std::chrono::milliseconds inactivityTimeout)
{
    return d->consume(queue, options, inactivityTimeout);
}

QAmqpBlockingConsumer QAmqpBlockingChannelPrivate::consume(
        const QString &queue, const QAmqpConsumeOptions &options,
        std::chrono::milliseconds inactivityTimeout)
{
    const auto consumer = std::make_shared<QAmqpBlockingConsumerPrivate>(
            shared_from_this(), queue, options, QAmqpBlockingChannel::Handler());
    Dispatcher::Lock lock(mutex());
    const auto same = std::find_if(consumers.begin(), consumers.end(), [&](const auto &other) {
        return isOpen && other->isRange() && !other->ended && other->queue == queue;
    });
    if (same == consumers.end()) {
        lock.unlock();
        static_cast<void>(start(consumer)); // the error is that of the consumer
    } else if ((*same)->options == options) {
        return {*same, inactivityTimeout};
    } else {
        consumer->setEnded(blockingError(
                Kind::InvalidArgument,
                u"consume(): this channel consumes from \"%1\" already, with other options; cancel() that first",
                queue));
    }
    return {consumer, inactivityTimeout};
}

QAmqpError QAmqpBlockingChannelPrivate::start(const ConsumerPointer &consumer)
{
    const auto started = call<QAmqpResult<void>>(
            u"basic.consume"_s, [this, consumer](const Answer<void> &answer) {
                QAmqpConsumer *const object = channel->consume(consumer->queue, consumer->options);
                if (object->state() == QAmqpConsumer::State::Cancelled) {
                    answer->give(channel->lastError());
                    delete object;
                    return;
                }
                consumer->start(object, answer);
                const std::lock_guard lock(mutex());
                consumers.push_back(consumer);
                if (!consumer->isRange())
                    consumingEnd = ConsumingEnd::NoConsumers;
            });
    if (started)
        return {};
    {
        const std::lock_guard lock(mutex());
        consumer->setEnded(started.error());
        std::erase(consumers, consumer);
    }
    consumer->giveBack();
    // The consumer may still start, and nobody would take its messages.
    connection->thread.post([consumer] {
        delete consumer->consumer.data();
        consumer->giveBack();
    });
    return started.error();
}

/*!
    Subscribes to \a queue with \a options, and has \a handler called with each message while a thread
    waits in startConsuming() or in another call that runs callbacks. Returns the consumer's tag, which stays the same
    when the connection recovers.
*/
QAmqpResult<QString> QAmqpBlockingChannel::consume(const QString &queue, Handler handler,
                                                   const QAmqpConsumeOptions &options)
{
    const auto consumer =
            std::make_shared<QAmqpBlockingConsumerPrivate>(d, queue, options, std::move(handler));
    if (const QAmqpError error = d->start(consumer))
        return error;
    return d->locked([&] { return consumer->tag; });
}

/*! Ends all ranges that consume() made on this channel, and returns how many messages went back to their
    queues, see QAmqpBlockingConsumer::cancel(). Returns 0 if there are none; fails with the reason if
    the channel has ended. */
QAmqpResult<int> QAmqpBlockingChannel::cancel()
{
    return d->cancel([](const auto &consumer) { return consumer.isRange(); });
}

/*! \overload
    Ends the subscription \a consumerTag, be it a range or one with a handler. Returns 0 if there is none. */
QAmqpResult<int> QAmqpBlockingChannel::cancel(const QString &consumerTag)
{
    return d->cancel([&](const auto &consumer) { return consumer.tag == consumerTag; });
}

/*! Ends the subscription \a consumerTag, or without a tag all subscriptions with a handler, so that
    startConsuming() returns. It may be called from any thread, also inside a handler. Returns how many
    messages went back to their queues. */
QAmqpResult<int> QAmqpBlockingChannel::stopConsuming(const QString &consumerTag)
{
    return d->cancel([&](const auto &consumer) {
        return consumerTag.isEmpty() ? !consumer.isRange() : consumer.tag == consumerTag;
    });
}

QAmqpResult<int> QAmqpBlockingChannelPrivate::cancel(
        const std::function<bool(const QAmqpBlockingConsumerPrivate &)> &which)
{
    std::vector<ConsumerPointer> chosen; // both are destroyed without the mutex
    std::vector<ConsumerPointer> over;
    Dispatcher::Lock lock(mutex());
    if (const QAmqpError error = refusal(u"basic.cancel"_s))
        return error;
    for (const ConsumerPointer &consumer : consumers) {
        if (!which(*consumer))
            continue;
        consumer->cancelled = true;
        consumer->cancellationWaits = false; // onCancelled() is not called after cancel()
        if (!consumer->isRange())
            consumingEnd = ConsumingEnd::NoConsumers;
        chosen.push_back(consumer);
    }
    int requeued = 0;
    QAmqpError error;
    for (const ConsumerPointer &consumer : chosen) {
        lock.unlock();
        const auto underWay = call<QAmqpResult<int>>(
                u"basic.cancel"_s,
                [consumer, self = shared_from_this()](const Answer<int> &answer) {
                    if (consumer->consumer
                        && consumer->consumer->state() < QAmqpConsumer::State::Cancelling)
                        giveWhenEnded(answer, consumer->consumer->cancel(), self);
                    else // the broker has cancelled it before
                        answer->give(0);
                });
        if (!consumer->options.isNoAck()) // otherwise next() still returns what came
            requeued += consumer->giveBack();
        lock.lock();
        if (underWay)
            requeued += *underWay;
        else if (!error)
            error = underWay.error();
        if (!underWay && !consumer->ended) // the call has timed out: does not wait for the end
            consumer->setEnded(underWay.error());
    }
    over = takeOut([](const auto &consumer) { return consumer->isOver(); });
    connection->dispatcher.changed();
    lock.unlock();
    return error ? QAmqpResult<int>(error) : QAmqpResult<int>(requeued);
}

/*! Returns the tags of all running subscriptions. */
QStringList QAmqpBlockingChannel::consumerTags() const
{
    const std::lock_guard lock(d->mutex());
    QStringList tags;
    for (const auto &consumer : d->consumers) {
        if (!consumer->ended)
            tags.append(consumer->tag);
    }
    return tags;
}

/*! Has \a callback called when the broker ends a subscription, because its queue was deleted or became
    unavailable, and when a recovery cannot or may not start it again. A lost link alone does not end a
    subscription, if the connection recovers. The handler gets the messages that came before that first. The callback is not called for a
    subscription that cancel() or stopConsuming() has ended, nor after close(). */
void QAmqpBlockingChannel::onCancelled(
        std::function<void(const QString &tag, const QAmqpError &reason)> callback)
{
    d->cancelledHandler.set(d->mutex(), std::move(callback));
}

/*! Has \a callback called for each message of a subscription with a handler that is larger than
    QAmqpConnectionOptions::maxMessageSize() allows, with the message without its body and a LimitExceeded
    error. The message was rejected, see QAmqpConsumer::messageDiscarded(), and later ones still come. Without
    a callback a warning is logged. For a range, QAmqpBlockingConsumer::next() fails instead. */
void QAmqpBlockingChannel::onDiscarded(
        std::function<void(const QAmqpDelivery &message, const QAmqpError &error)> callback)
{
    d->discardedHandler.set(d->mutex(), std::move(callback));
}

/*!
    \enum QAmqpBlockingChannel::ConsumingEnd
    Why startConsuming() returned.
    \value NoConsumers        No subscription with a handler is left: stopConsuming() or cancel() ended the
                              last one, the channel was closed on this side, or there was none.
    \value CancelledByBroker  The broker ended the last one, or a recovery did not start it again, and the callback of
                              onCancelled() was called.
    \value StopRequested      QAmqpBlockingConnection::requestStop() was called.
    \value TimeLimit          The time limit is over.
*/

/*!
    Runs callbacks until no subscription with a handler is left on this channel, because stopConsuming() was
    called, by a handler or another thread, or the broker cancelled them and onCancelled()'s callback was
    called. Returns early when a stop is requested or \a timeLimit is over; with a limit of 0 it runs the
    callbacks that are ready and returns. The result says why it returned. Goes on while the connection recovers. Fails
    with the reason when the channel ends, and with InvalidArgument inside a callback.

    An exception from a handler passes through. Call the function again then: the next messages are not lost.
*/
QAmqpResult<QAmqpBlockingChannel::ConsumingEnd> QAmqpBlockingChannel::startConsuming(
        std::chrono::milliseconds timeLimit)
{
    const auto keep = d; // a callback may destroy this object
    Dispatcher &dispatcher = keep->connection->dispatcher;
    Dispatcher::Lock lock(keep->mutex());
    if (dispatcher.isInCallback())
        return blockingError(
                Kind::InvalidArgument,
                u"startConsuming() was called inside a callback, where no other callback runs; return from it first");
    if (const QAmqpError error = keep->refusal(u"startConsuming()"_s))
        return error;
    const auto isDone = [&] {
        return !keep->isOpen
                || std::all_of(keep->consumers.begin(), keep->consumers.end(),
                               [](const auto &consumer) { return consumer->isDone(); });
    };
    switch (dispatcher.run(lock, isDone, deadlineAfter(timeLimit))) {
    case Dispatcher::End::Stopped: return ConsumingEnd::StopRequested;
    case Dispatcher::End::TimedOut: return ConsumingEnd::TimeLimit;
    case Dispatcher::End::Done: break;
    }
    if (keep->isOpen)
        return keep->consumingEnd;
    if (keep->lastError)
        return keep->lastError;
    return ConsumingEnd::NoConsumers;
}

QT_END_NAMESPACE
