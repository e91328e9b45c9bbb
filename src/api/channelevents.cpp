// The half of QAmqpChannelPrivate that the engine calls: events become signals and ended futures. Any
// slot may delete anything: an emission comes last, or what follows checks that the channel is there.

#include "api/callall.h"
#include "api/qamqpchannel_p.h"
#include "api/qamqpconsumer_p.h"
#include "api/qamqpdelivery_p.h"
#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

void QAmqpChannelPrivate::tellState()
{
    const QAmqpChannel::State now = currentState();
    if (now == toldState)
        return;
    toldState = now;
    Q_EMIT q->stateChanged(now);
}

void QAmqpChannelPrivate::opened()
{
    const QPointer<QAmqpChannel> alive(q);
    CallAll all;
    all([&] { tellState(); });
    if (alive && currentState() == QAmqpChannel::State::Open)
        all([&] { Q_EMIT q->opened(); });
    all.rethrow();
}

// The core is about to forget this channel.
void QAmqpChannelPrivate::leaveCore()
{
    nextTag = core->nextPublishTag();
    core = nullptr;
    prefetchSent.reset();
    channelPrefetch = 0;
    unsettled.clear();
    lastShown = 0;
    recovering = 0;
}

void QAmqpChannelPrivate::closed(const QAmqpError &error)
{
    const QPointer<QAmqpChannel> alive(q);
    if (error)
        lastError = error;
    const quint32 closedGeneration = generation;
    const auto ended = std::exchange(consumers, {});
    QList<QPointer<QAmqpConsumer>> objects;
    for (QAmqpConsumerPrivate *consumer : ended)
        objects.append(consumer->q);
    lastEnvelope.reset();
    failPublishes(error ? error : givenUp(QStringLiteral("the channel was closed")));
    CallAll all;
    for (const QPointer<QAmqpConsumer> &consumer : objects) {
        if (consumer)
            all([&] { QAmqpConsumerPrivate::of(consumer)->ended(error); });
    }
    // A slot may have opened it again already.
    if (alive && generation == closedGeneration)
        all([&] { tellState(); });
    if (alive && error)
        all([&] { Q_EMIT q->errorOccurred(error); });
    if (alive)
        all([&] { Q_EMIT q->closed(); });
    all.rethrow();
}

// The futures of the publishes that the end of the channel left indeterminate.
void QAmqpChannelPrivate::failPublishes(const QAmqpError &cause)
{
    QAmqpError error(
            cause.kind(), QAmqpError::Scope::Operation, cause.origin(),
            QStringLiteral("the broker did not answer for the message, which may have arrived: %1")
                    .arg(cause.text()));
    error.setReply(cause.replyCode(), cause.replyText()).setCause(cause);
    const auto promises = std::exchange(confirmPromises, {});
    const auto all = std::exchange(allConfirmed, {});
    for (const auto &[tag, entry] : promises)
        failPromise(*entry.promise, entry.returned ? entry.returned : error);
    for (const AllConfirmed &entry : all)
        failPromise(*entry.promise, entry.failure ? entry.failure : error);
}

void QAmqpChannelPrivate::replied(Replied &replied)
{
    if (const Ended handler = requests.take(replied.request)) {
        RequestEnd end{&replied, nullptr, replied.error};
        handler(end);
    }
}

void QAmqpChannelPrivate::got(Got &got)
{
    if (const Ended handler = requests.take(got.request)) {
        RequestEnd end{nullptr, &got, {}};
        handler(end);
    }
}

void QAmqpChannelPrivate::delivered(Delivered &delivered)
{
    if (lastEnvelope != delivered.envelope) {
        lastEnvelope = delivered.envelope;
        lastConsumer = consumers.value(delivered.envelope->consumerTag);
    }
    if (!lastConsumer)
        return;
    const bool noAck = lastConsumer->noAck;
    // While closing nobody wants it, and it goes back to its queue with the channel; but the broker
    // has forgotten what it sends without acknowledgement.
    if (!noAck && (core->isClosing() || engine->core().isClosing()))
        return;
    if (!noAck) {
        unsettled.delivered(delivered.deliveryTag);
        if (!lastConsumer->isHolding())
            lastShown = delivered.deliveryTag;
    }
    QAmqpDelivery delivery = std::move(scratch);
    QAmqpDeliveryPrivate::assign(
            delivery, delivered,
            noAck ? QExplicitlySharedDataPointer<Mailbox>() : engine->mailbox(), generation, 0);
    const Engine *const stays = engine; // through the turn, whatever is deleted
    const quint16 place = delivered.channel;
    lastConsumer->deliver(delivery);
    if (stays->channel(place) == this)
        QAmqpDeliveryPrivate::recycle(delivery, scratch);
}

void QAmqpChannelPrivate::returned(const Returned &returned)
{
    const QString text = QString::fromUtf8(returned.replyText);
    const QAmqpReturn message(returned.message, returned.replyCode, text,
                              QString::fromUtf8(returned.envelope->exchange),
                              QString::fromUtf8(returned.envelope->routingKey),
                              returned.publishTag);
    if (const auto waiting = confirmPromises.find(returned.publishTag);
        waiting != confirmPromises.end()) {
        waiting->second.returned = operationError(
                Kind::Unroutable, QAmqpError::Origin::Broker,
                QStringLiteral(
                        "the message to exchange \"%1\" with routing key \"%2\" reached no queue: %3")
                        .arg(message.exchange(), message.routingKey(), text));
        waiting->second.returned.setReply(returned.replyCode, text);
    }
    Q_EMIT q->messageReturned(message);
}

static QAmqpError nackError()
{
    return operationError(
            Kind::Nacked, QAmqpError::Origin::Broker,
            QStringLiteral(
                    "the broker refused the message (basic.nack); a queue may be full, or the broker in trouble"));
}

void QAmqpChannelPrivate::settled(const Settled &settled)
{
    untold -= settled.lastTag - settled.firstTag + 1;
    // What is indeterminate ends with the channel, and learns why: closed() follows.
    const bool promises = settled.outcome != Outcome::Indeterminate
            && (!confirmPromises.empty() || !allConfirmed.empty());
    const QPointer<QAmqpChannel> alive(promises ? q : nullptr);
    if (promises) {
        std::deque<std::pair<quint64, ConfirmPromise>> ended;
        const auto first = confirmPromises.lower_bound(settled.firstTag);
        const auto last = confirmPromises.upper_bound(settled.lastTag);
        for (auto it = first; it != last; ++it)
            ended.emplace_back(it->first, std::move(it->second));
        confirmPromises.erase(first, last);
        std::deque<AllConfirmed> allEnded;
        for (AllConfirmed &waiting : allConfirmed) {
            if (settled.firstTag > waiting.lastTag)
                continue;
            waiting.remaining -= std::min(settled.lastTag, waiting.lastTag) - settled.firstTag + 1;
            if (settled.outcome != Outcome::Confirmed && !waiting.failure)
                waiting.failure = nackError();
        }
        while (!allConfirmed.empty() && allConfirmed.front().remaining == 0) {
            allEnded.push_back(std::move(allConfirmed.front()));
            allConfirmed.pop_front();
        }
        for (auto &[tag, entry] : ended) {
            const QAmqpError error =
                    settled.outcome == Outcome::Confirmed ? entry.returned : nackError();
            if (error) {
                failPromise(*entry.promise, error);
            } else {
                entry.promise->addResult(tag);
                entry.promise->finish();
            }
        }
        for (const AllConfirmed &entry : allEnded) {
            if (entry.failure)
                failPromise(*entry.promise, entry.failure);
            else
                entry.promise->finish();
        }
    }
    if (promises && !alive)
        return;
    switch (settled.outcome) {
    case Outcome::Confirmed: Q_EMIT q->confirmed(settled.firstTag, settled.lastTag); break;
    case Outcome::Nacked: Q_EMIT q->nacked(settled.firstTag, settled.lastTag); break;
    case Outcome::Indeterminate: Q_EMIT q->indeterminate(settled.firstTag, settled.lastTag); break;
    }
}

void QAmqpChannelPrivate::consumerCancelled(const QByteArray &consumerTag)
{
    QAmqpConsumerPrivate *consumer = consumers.take(consumerTag);
    lastEnvelope.reset();
    if (!consumer)
        return;
    consumer->requeueHeld();
    consumer->ended(operationError(
            Kind::Cancelled, QAmqpError::Origin::Broker,
            QStringLiteral(
                    "the broker cancelled consumer \"%1\": its queue was deleted or became unavailable")
                    .arg(QString::fromUtf8(consumerTag))));
}

// Once a turn: what no single event causes.
void QAmqpChannelPrivate::afterEvents()
{
    const QPointer<QAmqpChannel> alive(q);
    tellState();
    if (alive && std::exchange(hasResumed, false)) {
        QList<QPointer<QAmqpConsumer>> resumed;
        for (QAmqpConsumerPrivate *consumer : std::as_const(consumers))
            resumed.append(consumer->q);
        for (const QPointer<QAmqpConsumer> &consumer : std::as_const(resumed)) {
            if (consumer)
                QAmqpConsumerPrivate::of(consumer)->deliverHeld();
        }
    }
    // Half of what stops publishing: so that a block's worth fits each time.
    if (alive && publishHeld && currentState() == QAmqpChannel::State::Open
        && isReady(128 * 1024)) {
        publishHeld = false;
        Q_EMIT q->readyToPublish();
    }
}

QFuture<int> QAmqpChannelPrivate::cancel(QAmqpConsumerPrivate *consumer)
{
    consumer->cancelPromise = startPromise<int>();
    const QFuture<int> future = consumer->cancelPromise->future();
    const int requeued = consumer->requeueHeld();
    consumer->paused = false;
    const RequestId id = core->cancel(consumer->tag);
    requests.insert(id, [this, requeued, tag = consumer->tag](RequestEnd &end) {
        if (end.error && end.error.kind() != Kind::Timeout)
            return; // the end of the channel or of the object, which ends the consumer; this may be gone
        QAmqpConsumerPrivate *cancelled = consumers.take(tag);
        lastEnvelope.reset();
        if (end.error && cancelled)
            return cancelled->ended(end.error);
        if (!cancelled)
            return; // the broker's own cancel was first
        const SharedPromise<int> promise = std::exchange(cancelled->cancelPromise, nullptr);
        const QPointer<QAmqpConsumer> alive(cancelled->q);
        promise->addResult(requeued + int(end.reply->count));
        promise->finish();
        if (alive)
            QAmqpConsumerPrivate::of(alive)->ended({});
    });
    engine->commanded();
    return future;
}

// A consumer object goes: the broker is told, and what still comes for it goes back to the queue.
void QAmqpChannelPrivate::forgetConsumer(QAmqpConsumerPrivate *consumer)
{
    const auto own = consumers.constFind(consumer->tag);
    if (own == consumers.cend() || *own != consumer) // the tag may be another consumer's by now
        return;
    consumers.erase(own);
    lastEnvelope.reset();
    consumer->requeueHeld();
    if (core && core->state() != ChannelState::Closed && !core->isClosing()) {
        core->cancel(consumer->tag);
        engine->commanded();
    }
}

void QAmqpChannelPrivate::abandonAll(const QAmqpError &error)
{
    // All in hand first: a continuation may delete this object.
    const QHash<RequestId, Ended> handlers = std::exchange(requests, {});
    const auto promises = std::exchange(confirmPromises, {});
    const auto all = std::exchange(allConfirmed, {});
    QList<RequestId> oldestFirst = handlers.keys();
    std::sort(oldestFirst.begin(), oldestFirst.end());
    for (const RequestId id : std::as_const(oldestFirst)) {
        RequestEnd end{nullptr, nullptr, error};
        handlers.value(id)(end);
    }
    for (const auto &[tag, entry] : promises)
        failPromise(*entry.promise, error);
    for (const AllConfirmed &entry : all)
        failPromise(*entry.promise, error);
}

void QAmqpChannelPrivate::connectionGone()
{
    engine = nullptr;
    connection = nullptr;
    core = nullptr;
    const QAmqpError error = givenUp(QStringLiteral("the connection was destroyed"));
    std::vector<SharedPromise<int>> cancels;
    for (QAmqpConsumerPrivate *consumer : std::exchange(consumers, {})) {
        consumer->state = QAmqpConsumer::State::Cancelled;
        consumer->held.clear();
        if (consumer->cancelPromise)
            cancels.push_back(std::exchange(consumer->cancelPromise, nullptr));
    }
    abandonAll(error);
    for (const SharedPromise<int> &promise : cancels)
        failPromise(*promise, error);
}

QT_END_NAMESPACE
