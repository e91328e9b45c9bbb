// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The half of QAmqpChannelPrivate that the engine calls: events become signals and ended futures. Any
// slot may delete anything: an emission comes last, or what follows checks that the channel is there.

#include "api/qamqpchannel_p.h"
#include "api/qamqpconnection_p.h"
#include "api/qamqpconsumer_p.h"
#include "api/qamqpdelivery_p.h"

#include <QtCore/qmetaobject.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

void QAmqpChannelPrivate::on(const ChannelOpened &opened)
{
    if (isEarlier(opened.channel))
        return;
    engine->mailbox()->admit(opened.channel, opened.generation);
    engine->updateLater(*this);
    const QPointer<QAmqpChannel> alive(q);
    emitStateChanged();
    if (alive && currentState() == QAmqpChannel::State::Open && !std::exchange(wasOpened, true))
        Q_EMIT q->opened();
}

// What the old link delivered can be settled no more, and comes again.
void QAmqpChannelPrivate::on(const ChannelLost &lost)
{
    if (isEarlier(lost.channel))
        return;
    engine->collectLastMail(number);
    const bool goesOn = core && !core->isEnded(); // else closed() follows
    for (const DrainPointer &drain : std::as_const(drains))
        drain->tags.clear(); // these come again
    if (!drains.isEmpty())
        engine->updateLater(*this);
    for (QAmqpConsumerPrivate *consumer : std::as_const(consumers)) {
        if (!consumer->noAck) // else the broker has forgotten it
            consumer->dropHeld();
        if (consumer->deduplicator)
            consumer->deduplicator->voided();
        if (goesOn && consumer->state == QAmqpConsumer::State::Active)
            consumer->state = QAmqpConsumer::State::Starting;
    }
    if (!goesOn)
        return;
    const QAmqpError cause = lost.cause;
    const QPointer<QAmqpChannel> alive(q);
    const QList<QPointer<QAmqpConsumer>> running = consumerObjects();
    scheduleConsumerUpdate(); // for the states, if a slot runs an event loop
    Q_EMIT q->interrupted(cause);
    if (alive)
        emitStateChanged();
    for (const QPointer<QAmqpConsumer> &consumer : running) {
        if (consumer)
            QAmqpConsumerPrivate::of(consumer)->interrupted(cause);
    }
    if (alive)
        emitReadyToPublish();
}

void QAmqpChannelPrivate::on(const ChannelRecovered &)
{
    const QPointer<QAmqpChannel> alive(q);
    emitStateChanged();
    if (alive && currentState() == QAmqpChannel::State::Open)
        Q_EMIT q->recovered();
}

// The core is done with this channel.
void QAmqpChannelPrivate::leaveCore()
{
    engine->collectLastMail(
            number); // that of other channels; for this one nothing is sent any more
    nextTag = core->nextPublishTag();
    unreportedFailure = core->unreportedFailure();
    endedConsumers += consumerObjects();
    consumers.clear();
    core = nullptr;
}

void QAmqpChannelPrivate::closed(const ChannelClosed &closed)
{
    const QPointer<QAmqpChannel> alive(q);
    const QAmqpError error = closed.error;
    if (error && closed.channel == number) // else it was opened again, which cleared lastError()
        lastError = error;
    unreportedFailure = {};
    // The error of a connection is emitted by the connection, once for all its channels.
    const bool own = error.scope() == QAmqpError::Scope::Channel;
    // A warning is printed if neither a slot nor the caller of a request hears of the error.
    const bool isHeard = closed.reported
            || q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpChannel::errorOccurred));
    if (own)
        engine->log().add(qtAmqpChannel(), isHeard ? QtInfoMsg : QtWarningMsg, error.text());
    const auto ended = std::exchange(endedConsumers, {});
    for (const QPointer<QAmqpConsumer> &consumer : ended) {
        if (consumer)
            QAmqpConsumerPrivate::of(consumer)->ended(error); // also if a slot deletes the channel
    }
    if (alive && !core) // else a slot has opened it again already
        emitStateChanged();
    if (alive)
        emitReadyToPublish();
    if (alive)
        emitLastErrorChanged();
    if (alive && own)
        Q_EMIT q->errorOccurred(error);
    if (alive)
        Q_EMIT q->closed();
}

QList<QPointer<QAmqpConsumer>> QAmqpChannelPrivate::consumerObjects() const
{
    QList<QPointer<QAmqpConsumer>> objects;
    for (const QAmqpConsumerPrivate *consumer : consumers)
        objects.append(consumer->q);
    return objects;
}

void QAmqpChannelPrivate::on(Replied &replied)
{
    if (const Ended handler = requests.take(replied.request)) {
        RequestEnd end{std::move(replied)};
        handler(end);
    }
}

void QAmqpChannelPrivate::on(Got &got)
{
    if (const Ended handler = requests.take(got.request)) {
        RequestEnd end{
                {.channel = got.channel, .request = got.request, .messageCount = got.remaining},
                &got};
        handler(end);
    } else {
        giveBack(got);
    }
}

void QAmqpChannelPrivate::giveBack(const Delivered &message)
{
    if (core && !isEarlier(message.channel))
        core->giveBack(message.deliveryTag);
}

// While closing nobody wants them, and they go back to their queue with the channel; but the broker has forgotten
// what it sends without acknowledgement.
bool QAmqpChannelPrivate::wantsDeliveries(const QAmqpConsumerPrivate &consumer) const
{
    return consumer.noAck
            || (consumer.state != QAmqpConsumer::State::Cancelling && !core->isClosing()
                && !engine->core().isClosing());
}

void QAmqpChannelPrivate::on(BodyBegan &began)
{
    QAmqpConsumerPrivate *const consumer = consumers.value(began.consumer);
    if (!consumer || !wantsDeliveries(*consumer))
        return;
    QAmqpDelivery delivery;
    QAmqpDeliveryPrivate::assign(delivery, began,
                                 consumer->noAck ? MailboxPointer() : engine->mailbox());
    consumer->bodies->began(delivery, began.size);
}

void QAmqpChannelPrivate::on(BodyArrived &arrived)
{
    QAmqpConsumerPrivate *const consumer = consumers.value(arrived.consumer);
    if (consumer)
        consumer->bodies->arrived(std::move(arrived.bytes), wantsDeliveries(*consumer));
}

void QAmqpChannelPrivate::on(Delivered &delivered)
{
    QAmqpConsumerPrivate *const consumer = consumers.value(delivered.consumer);
    if (!consumer) // the object was deleted, and the core gives back what nobody has seen
        return;
    if (delivered.isStreamed)
        return consumer->bodies->ended(delivered.deliveryTag, wantsDeliveries(*consumer));
    if (!wantsDeliveries(*consumer))
        return;
    const bool noAck = consumer->noAck;
    QAmqpDelivery delivery;
    QAmqpDeliveryPrivate::take(delivery, scratch);
    QAmqpDeliveryPrivate::assign(delivery, delivered, noAck ? MailboxPointer() : engine->mailbox());
    Engine *const stays = engine; // through the turn, whatever is deleted
    const quint16 place = delivered.channel;
    if (consumer->bodies && consumer->bodies->isBusy())
        consumer->bodies->queue(delivery);
    else
        consumer->deliver(delivery);
    stays->core().recycle(delivery);
    if (stays->channel(place) == this)
        QAmqpDeliveryPrivate::recycle(delivery, scratch);
}

void QAmqpChannelPrivate::on(Discarded &discarded)
{
    QAmqpConsumerPrivate *consumer = consumers.value(discarded.consumer);
    if (!consumer)
        return;
    QAmqpDelivery message;
    QAmqpDeliveryPrivate::assign(message, discarded, MailboxPointer());
    if (consumer->bodies && consumer->bodies->isBusy())
        consumer->bodies->queue(message, discarded.error);
    else
        consumer->discarded(message, discarded.error);
}

void QAmqpChannelPrivate::on(const Returned &returned)
{
    const QString reason = QString::fromUtf8(returned.replyText);
    const QAmqpReturn message(returned.message, returned.replyCode, reason,
                              textFromWire(returned.envelope->exchange),
                              textFromWire(returned.envelope->routingKey), returned.publishTag);
    Q_EMIT q->messageReturned(message);
}

void QAmqpChannelPrivate::on(const Settled &settled)
{
    switch (settled.outcome) {
    case Outcome::Confirmed: Q_EMIT q->confirmed(settled.firstTag, settled.lastTag); break;
    case Outcome::Nacked: Q_EMIT q->nacked(settled.firstTag, settled.lastTag); break;
    case Outcome::Indeterminate: Q_EMIT q->indeterminate(settled.firstTag, settled.lastTag); break;
    }
}

// What it held has gone back to the queue, but for messages without acknowledgement.
void QAmqpChannelPrivate::on(const ConsumerInterrupted &interrupted)
{
    QAmqpConsumerPrivate *const consumer = consumers.value(interrupted.consumer);
    if (!consumer)
        return;
    engine->log().add(qtAmqpChannel(), QtInfoMsg,
                      formatted(u"the broker cancelled consumer \"%1\", which is started again",
                                consumer->tag));
    if (!consumer->noAck)
        consumer->dropHeld();
    if (consumer->state == QAmqpConsumer::State::Active)
        consumer->state = QAmqpConsumer::State::Starting;
    consumer->emitChanges();
}

void QAmqpChannelPrivate::on(const ConsumerResumed &resumed)
{
    if (QAmqpConsumerPrivate *const consumer = consumers.value(resumed.consumer))
        consumer->resumed();
}

void QAmqpChannelPrivate::on(const ConsumerCancelled &cancelled)
{
    QAmqpConsumerPrivate *consumer = consumers.take(cancelled.consumer);
    if (!consumer)
        return;
    const QAmqpError reason = cancelled.reason
            ? cancelled.reason
            : operationError(
                    Kind::Cancelled, QAmqpError::Origin::Broker,
                    u"the broker cancelled consumer \"%1\": its queue was deleted or became unavailable",
                    consumer->tag);
    engine->log().add(qtAmqpChannel(), QtInfoMsg, reason.text());
    consumer->ended(reason);
}

RequestId QAmqpChannelPrivate::beginCancel(QAmqpConsumerPrivate *consumer)
{
    consumer->state = QAmqpConsumer::State::Cancelling;
    engine->collectMail();
    const RequestId request = core->cancel(consumer->tag);
    if (!consumer->noAck)
        consumer->dropHeld();
    consumer->paused = false;
    scheduleConsumerUpdate();
    return request;
}

QAmqpChannelPrivate::Ended QAmqpChannelPrivate::cancelEnded(RequestId consumer)
{
    return [this, consumer](RequestEnd &end) {
        if (end.error && end.error.kind() != Kind::Timeout)
            return; // the end of the channel, which ends the consumer
        if (QAmqpConsumerPrivate *cancelled =
                    consumers.take(consumer)) // else the broker's own basic.cancel came first
            cancelled->ended(end.error);
    };
}

QFuture<int> QAmqpChannelPrivate::cancel(QAmqpConsumerPrivate *consumer)
{
    // The broker or the channel has ended the consumer, and cancelled() is about to be emitted.
    if (core->consumerId(consumer->tag) != consumer->id)
        return failedFuture<int>(notOpen(u"consumer \"%1\" is not running", consumer->tag));
    const Ended ended = cancelEnded(consumer->id);
    return wait<int>(beginCancel(consumer), ended,
                     [](const RequestEnd &end) { return int(end.count); });
}

QFuture<int> QAmqpChannelPrivate::drain(QAmqpConsumerPrivate *consumer,
                                        std::chrono::milliseconds deadline)
{
    if (core->consumerId(consumer->tag) != consumer->id)
        return failedFuture<int>(notOpen(u"consumer \"%1\" is not running", consumer->tag));
    engine->collectMail();
    const auto drain = std::make_shared<Drain>(
            Drain{.promise = startPromise<int>(), .tags = core->unsettledOf(consumer->tag)});
    const QFuture<int> future = drain->promise->future();
    drains.append(drain);
    ++settlementWatchers;
    const auto keepAlive = shared_from_this();
    const Ended ended = cancelEnded(consumer->id);
    const QAmqpError late =
            operationError(Kind::Timeout, QAmqpError::Origin::Library,
                           u"drain(): messages of consumer \"%1\" were not settled within %2 ms",
                           consumer->tag, deadline.count());
    requests.insert(beginCancel(consumer), [=, self = weak_from_this()](RequestEnd &end) {
        const std::shared_ptr<QAmqpChannelPrivate> alive = self.lock();
        const QAmqpError error = end.error;
        drain->returned = int(end.count);
        drain->isCancelled = true;
        ended(end); // a slot may delete the channel
        if (error)
            alive->drained(drain, error);
        else
            alive->scheduleUpdate();
    });
    drain->deadline = await(deadline, late, [=, self = weak_from_this()](RequestEnd &end) {
        if (const std::shared_ptr<QAmqpChannelPrivate> alive = self.lock())
            alive->drained(drain, end.error);
    });
    return future;
}

// The application's continuations run here.
void QAmqpChannelPrivate::drained(const DrainPointer &drain, const QAmqpError &error)
{
    if (!drains.removeOne(drain))
        return;
    --settlementWatchers;
    forget(drain->deadline);
    endPromise(*drain->promise, error, drain->returned);
}

void QAmqpChannelPrivate::updateDrains()
{
    const auto keepAlive = shared_from_this();
    const QList<DrainPointer> all = drains;
    for (const DrainPointer &drain : all) {
        std::erase_if(drain->tags,
                      [this](quint64 tag) { return !core || !core->isUnsettled(tag); });
        if (drain->isCancelled && drain->tags.empty())
            drained(drain, {});
    }
}

// A consumer object goes: the broker is told, and what still comes for it goes back to the queue.
void QAmqpChannelPrivate::forgetConsumer(QAmqpConsumerPrivate *consumer)
{
    if (consumers.remove(consumer->id) && core && !core->isEnded() && !core->isClosing()
        && core->consumerId(consumer->tag) == consumer->id) {
        core->cancel(consumer->tag);
        engine->scheduleTurn();
    }
}

Deadline QAmqpChannelPrivate::await(std::chrono::milliseconds limit, const QAmqpError &late,
                                    const Ended &ended)
{
    const TimePoint until = limit > std::chrono::milliseconds::zero()
            ? timeAfter(TimePoint::clock::now(), limit)
            : TimePoint::max();
    const Deadline answer = core->await(until, late);
    requests.insert(answer.second, ended);
    engine->scheduleTurn();
    return answer;
}

void QAmqpChannelPrivate::forget(const Deadline &answer)
{
    requests.remove(answer.second);
    if (core)
        core->forget(answer);
}

// The channel object or the connection goes: what was asked for is still sent, and nothing more is taken.
void QAmqpChannelPrivate::leaveConnection()
{
    if (!engine)
        return;
    const auto ended = std::exchange(endedConsumers, {}) + consumerObjects();
    if (ChannelCore *const leaving = core) {
        engine->collectMail(); // acknowledgements that were accepted come before
        // Messages that come while the channel closes would come to nobody.
        for (const QPointer<QAmqpConsumer> &consumer : consumerObjects())
            forgetConsumer(QAmqpConsumerPrivate::of(consumer));
        leaveCore();
        leaving->close();
        leaving->finishClose();
        engine->scheduleTurn();
    }
    engine->forgetChannel(this);
    for (const QPointer<QAmqpConsumer> &consumer : ended) {
        if (!consumer)
            continue;
        QAmqpConsumerPrivate *const left = QAmqpConsumerPrivate::of(consumer);
        left->state = QAmqpConsumer::State::Cancelled;
        left->dropHeld();
        if (left->bodies)
            left->bodies->leave();
    }
    endedConsumers.clear();
    QAmqpConnectionPrivate::of(connection)->channels.removeOne(this);
    engine = nullptr;
    connection = nullptr;
}

// Ends the futures of all requests. The application's continuations run here.
void QAmqpChannelPrivate::failRequests(const QAmqpError &error)
{
    const auto keepAlive = shared_from_this(); // a continuation may delete the channel
    const QHash<RequestId, Ended> handlers = std::exchange(requests, {});
    QList<RequestId> oldestFirst = handlers.keys();
    std::sort(oldestFirst.begin(), oldestFirst.end());
    for (const RequestId id : std::as_const(oldestFirst)) {
        RequestEnd end{{.request = id, .error = error}};
        handlers.value(id)(end);
    }
}

QT_END_NAMESPACE
