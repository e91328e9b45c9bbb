// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What QAmqpChannel asks of the broker and gets an answer to: exchanges, queues, messages one by one,
// transactions; and what it tells without one, acknowledgements.

#include "api/qamqpchannel_p.h"
#include "api/qamqpconsumer_p.h"
#include "api/qamqpdelivery_p.h"
#include "values/qamqpoperationoptions_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

QFuture<QAmqpQueueInfo> QAmqpChannelPrivate::declareQueue(const QString &name,
                                                          const QAmqpQueueOptions &given,
                                                          const Ended &first)
{
    const QAmqpQueueOptions options = QAmqpOperationOptionsPrivate::forName(given, name);
    QByteArray wireName = wireFromText(name);
    if (options.isPassive() && name.isEmpty() && core && !threadError("")) {
        wireName = core->lastDeclared()->name;
        if (wireName.isEmpty())
            return failedFuture<QAmqpQueueInfo>(invalidArgument(
                    u"queue.declare: without a name a passive declaration is about the queue that was declared last on this channel, and its name is not known; declare one first, or say the name"));
    }
    return request<QAmqpQueueInfo>(
            QueueDeclare{.queue = wireName,
                         .passive = options.isPassive(),
                         .durable = options.isDurable(),
                         .exclusive = options.isExclusive(),
                         .autoDelete = options.isAutoDelete()},
            {.arguments = options.arguments(), .first = first}, [](const RequestEnd &end) {
                return QAmqpQueueInfo{textFromWire(end.name), end.messageCount, end.count};
            });
}

/*! Declares the queue \a name, or one that the broker names if it is empty, which is exclusive and auto-delete
    unless \a options say otherwise, see QAmqpQueueOptions. Fails with
    PreconditionFailed if it exists with other \a options, ResourceLocked if it is another connection's
    exclusive queue, NotFound if passive and missing. \sa {AMQP 0-9-1 §1.7.2.1} */
QFuture<QAmqpQueueInfo> QAmqpChannel::declareQueue(const QString &name,
                                                   const QAmqpQueueOptions &options)
{
    return d_ptr->declareQueue(name, options);
}

/*! Lets messages of \a exchange that match \a routingKey or \a arguments flow into \a queue. Fails with
    NotFound if one of them is missing. \sa {AMQP 0-9-1 §1.7.2.3} */
QFuture<void> QAmqpChannel::bindQueue(const QString &queue, const QString &exchange,
                                      const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue<QueueBind>(queueNameOf(queue), exchange, routingKey, arguments);
}

/*! Removes the binding of \a queue to \a exchange with exactly \a routingKey and \a arguments; succeeds
    if there is none. Fails with NotFound if the queue or the exchange is missing. \sa {AMQP 0-9-1 §1.7.2.5} */
QFuture<void> QAmqpChannel::unbindQueue(const QString &queue, const QString &exchange,
                                        const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue<QueueUnbind>(queueNameOf(queue), exchange, routingKey, arguments);
}

QFuture<quint32> QAmqpChannelPrivate::purgeQueue(const QueueNamePointer &queue)
{
    return request<quint32>(QueuePurge{}, {.queue = queue}, messageCount);
}

/*! Removes all messages that are ready in \a queue and tells how many; those delivered and unsettled
    stay. Fails with NotFound if there is no such queue, with ResourceLocked if it is another connection's
    exclusive queue. \sa {AMQP 0-9-1 §1.7.2.7} */
QFuture<quint32> QAmqpChannel::purgeQueue(const QString &queue)
{
    return d_ptr->purgeQueue(queueNameOf(queue));
}

QFuture<quint32> QAmqpChannelPrivate::deleteQueue(const QueueNamePointer &queue,
                                                  QAmqpChannel::DeleteFlags flags)
{
    return request<quint32>(QueueDelete{.ifUnused = flags.testFlag(QAmqpChannel::IfUnused),
                                        .ifEmpty = flags.testFlag(QAmqpChannel::IfEmpty)},
                            {.queue = queue}, messageCount);
}

/*! Deletes \a queue, under the conditions of \a flags, and tells how many messages went with it; 0 if
    there was no such queue. Fails with PreconditionFailed if the conditions do not hold, with
    ResourceLocked if it is another connection's exclusive queue. \sa {AMQP 0-9-1 §1.7.2.9} */
QFuture<quint32> QAmqpChannel::deleteQueue(const QString &queue, DeleteFlags flags)
{
    return d_ptr->deleteQueue(queueNameOf(queue), flags);
}

/*! Declares the exchange \a name of \a type (direct, fanout, topic, headers, or a plugin's). Fails with
    PreconditionFailed if it exists with other \a options; an unknown type closes the whole connection
    (503) on RabbitMQ before 4. \sa {AMQP 0-9-1 §1.6.2.1} */
QFuture<void> QAmqpChannel::declareExchange(const QString &name, const QString &type,
                                            const QAmqpExchangeOptions &options)
{
    return d_ptr->request(ExchangeDeclare{.exchange = wireFromText(name),
                                          .type = wireFromText(type),
                                          .passive = options.isPassive(),
                                          .durable = options.isDurable(),
                                          .autoDelete = options.isAutoDelete(),
                                          .internal = options.isInternal()},
                          {.arguments = options.arguments()});
}

/*! \overload
    Declares the exchange \a name of one of the four types that each broker has, with \a options. */
QFuture<void> QAmqpChannel::declareExchange(const QString &name, QAmqpExchangeOptions::Type type,
                                            const QAmqpExchangeOptions &options)
{
    return declareExchange(name, QAmqpExchangeOptions::typeName(type), options);
}

/*! \overload
    Declares a direct exchange, or with passive \a options looks up one of any type. */
QFuture<void> QAmqpChannel::declareExchange(const QString &name,
                                            const QAmqpExchangeOptions &options)
{
    return declareExchange(name, QStringLiteral("direct"),
                           options); // nobody looks at it if passive
}

/*! Lets messages of the exchange \a source that match \a routingKey or \a arguments flow into the
    exchange \a destination. Fails with NotFound if one of them is missing, with AccessRefused for the
    default exchange. \sa {https://www.rabbitmq.com/e2e.html} */
QFuture<void> QAmqpChannel::bindExchange(const QString &destination, const QString &source,
                                         const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->request(ExchangeBind{.destination = wireFromText(destination),
                                       .source = wireFromText(source),
                                       .routingKey = wireFromText(routingKey)},
                          {.arguments = arguments});
}

/*! Removes the binding of \a destination to \a source with exactly \a routingKey and \a arguments;
    succeeds if there is none. Fails with NotFound if one of the exchanges is missing. */
QFuture<void> QAmqpChannel::unbindExchange(const QString &destination, const QString &source,
                                           const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->request(ExchangeUnbind{.destination = wireFromText(destination),
                                         .source = wireFromText(source),
                                         .routingKey = wireFromText(routingKey)},
                          {.arguments = arguments});
}

/*! Deletes the exchange \a name, with IfUnused in \a flags only if nothing is bound to it; succeeds if
    there is none. Fails with PreconditionFailed if something is bound to it all the same, with
    AccessRefused for the broker's own exchanges. \sa {AMQP 0-9-1 §1.6.2.3} */
QFuture<void> QAmqpChannel::deleteExchange(const QString &name, DeleteFlags flags)
{
    return d_ptr->request(
            ExchangeDelete{.exchange = wireFromText(name), .ifUnused = flags.testFlag(IfUnused)});
}

/*! Returns whether requests that can do without an answer are sent so; off by default. */
bool QAmqpChannel::isNoWait() const { return d_ptr->noWait; }

/*!
    Has the requests that follow sent without waiting for an answer, if \a noWait: declaring and deleting
    queues and exchanges, bindQueue(), bindExchange(), unbindExchange() and purgeQueue(), also by
    handles. Their futures are finished at once and know no counts. If the broker refuses one, the
    channel closes, and errorOccurred() is the only word of it: use this for many declarations that
    are known to be good, and wait for the last one.

    The order stays that of the calls. What is refused locally still fails. Not affected are
    unbindQueue(), setPrefetch() and get(), for which AMQP has no such bit; the declaration of a queue
    whose name the broker makes up; and consume() and QAmqpConsumer::cancel(), whose answers tell when
    messages may come and how many went back. Holds for this object, also when it is opened again.
    \sa {AMQP 0-9-1 §1.7.2.1}
*/
void QAmqpChannel::setNoWait(bool noWait)
{
    if (const QAmqpError error = d_ptr->threadError("setNoWait()"))
        return d_ptr->refuse(error);
    d_ptr->noWait = noWait;
}

// Only in the parent's thread can an object become its child.
static void adoptLater(QObject *object, QObject *parent)
{
    object->moveToThread(parent->thread());
    const auto adopt = [object, parent = QPointer<QObject>(parent)] {
        if (parent)
            object->setParent(parent);
        else
            object->deleteLater();
    };
    QMetaObject::invokeMethod(object, adopt, Qt::QueuedConnection);
}

QAmqpConsumer *QAmqpChannelPrivate::consume(const QueueNamePointer &queue,
                                            const QAmqpConsumeOptions &options, QObject *parent)
{
    auto *consumer = new QAmqpConsumerPrivate;
    const bool isForeign = threadError("consume()").isError();
    auto *object = new QAmqpConsumer(consumer, isForeign ? nullptr : parent);
    if (isForeign)
        adoptLater(object, parent);
    consumer->channel = shared_from_this();
    consumer->options = options;
    consumer->noAck = options.isNoAck();
    consumer->tag = wireFromText(options.consumerTag());
    if (consumer->tag.isEmpty() && !isForeign)
        consumer->tag = formatted(u"qtamqp-%1.%2", number, ++consumersMade).toLatin1();
    BasicConsume method{.consumerTag = consumer->tag,
                        .noLocal = options.isNoLocal(),
                        .noAck = options.isNoAck(),
                        .exclusive = options.isExclusive()};
    Call call{.queue = queue, .arguments = options.arguments()};
    QAmqpError error = prepare(method, call);
    if (!error && core->consumerId(consumer->tag))
        error = invalidArgument(u"the consumer tag \"%1\" is in use on this channel",
                                consumer->tag);
    if (!error) {
        const QByteArray &name = (queue ? queue : core->lastDeclared())->name;
        if (!core->mayConsume(name))
            error = invalidArgument(
                    u"consume(): \"%1\" is a quorum queue or a stream, of which each consumer has its own prefetch; RabbitMQ would end the connection (540) for that of the channel: setPrefetch(0, PrefetchScope::Channel), or another channel",
                    name);
    }
    if (error) {
        refuse(error);
        consumer->state = QAmqpConsumer::State::Cancelled;
        return object;
    }
    consumer->engine = engine->weak_from_this();
    if (options.deduplication() > 0 && !consumer->noAck) {
        consumer->deduplicator = std::make_unique<Deduplicator>(options.deduplication());
        ++settlementWatchers;
    }
    engine->collectMail();
    std::optional<quint16> prefetch;
    if (!options.isNoAck()) {
        if (!options.hasPrefetch())
            consumer->options.setPrefetch(core->prefetch().value_or(options.prefetch()));
        prefetch = consumer->options.prefetch();
    }
    consumer->id = core->consume(method, queue, prefetch, options.isResumedAfterCancel());
    consumers.insert(consumer->id, consumer);
    requests.insert(consumer->id, [this, id = consumer->id](RequestEnd &end) {
        if (end.error && end.error.kind() != QAmqpError::Kind::Timeout)
            return; // the end of the channel, which ends the consumer
        QAmqpConsumerPrivate *starting = consumers.value(id);
        if (starting && !end.error)
            return starting->started();
        if (!starting)
            return;
        forgetConsumer(starting);
        starting->ended(end.error);
    });
    engine->scheduleTurn();
    return object;
}

/*!
    Starts to consume from \a queue and returns the subscription, a child of this channel. Deliveries come
    by QAmqpConsumer::messageReceived(); acknowledge them unless \a options say NoAck. The prefetch bounds
    how many come ahead of their acknowledgement: that of the options, or if they have none what
    setPrefetch() set last, or else 250.
    If the call is refused locally, the consumer is in state Cancelled and lastError() says why (from a
    thread other than the connection's a warning does, and that thread's event loop makes the consumer
    a child of this channel); if the broker refuses, the channel closes and QAmqpConsumer::cancelled() is emitted. If the broker does not
    answer within QAmqpConnectionOptions::requestTimeout(), the consumer ends: QAmqpConsumer::cancelled() is
    emitted with Timeout, and should the answer come after all, the subscription is cancelled at the broker.
    \sa {AMQP 0-9-1 §1.8.3.3}, {https://www.rabbitmq.com/consumers.html}
*/
QAmqpConsumer *QAmqpChannel::consume(const QString &queue, const QAmqpConsumeOptions &options)
{
    return d_ptr->consume(queueNameOf(queue), options, this);
}

QFuture<std::optional<QAmqpDelivery>> QAmqpChannelPrivate::get(const QueueNamePointer &queue,
                                                               QAmqpChannel::AckPolicy policy)
{
    const bool noAck = policy == QAmqpChannel::AckPolicy::NoAck;
    if (core && queue && !threadError("") && core->isStream(queue->name))
        return failedFuture<std::optional<QAmqpDelivery>>(invalidArgument(
                u"basic.get: \"%1\" is a stream, for which RabbitMQ would end the connection (540); consume() it",
                queue->name));
    return request<std::optional<QAmqpDelivery>>(
            BasicGet{.noAck = noAck}, {.queue = queue}, [this, noAck](const RequestEnd &end) {
                std::optional<QAmqpDelivery> message;
                if (end.message) {
                    if (core && !isEarlier(end.channel))
                        core->show(end.message->deliveryTag);
                    message.emplace();
                    QAmqpDeliveryPrivate::assign(*message, *end.message,
                                                 noAck ? MailboxPointer() : engine->mailbox(),
                                                 end.messageCount);
                }
                return message;
            });
}

/*! Takes one message from \a queue, or none if it is empty. \a policy tells whether it must be
    acknowledged. For one message now and then; consumers are much faster. Refused (InvalidArgument) for a queue
    that was declared as a stream on this channel, which RabbitMQ lets nobody get from (540). Fails with NotFound if there is
    no such queue, with ResourceLocked if it is another connection's exclusive queue; with Timeout if the
    broker does not answer in time, and what comes after that goes back to the queue, as it does when the
    future was cancelled. \sa {AMQP 0-9-1 §1.8.3.10} */
QFuture<std::optional<QAmqpDelivery>> QAmqpChannel::get(const QString &queue, AckPolicy policy)
{
    return d_ptr->get(queueNameOf(queue), policy);
}

/*! Bounds how many unacknowledged messages the broker sends ahead: \a messages, 0 for no bound;
    \a scope tells for whom. PrefetchScope::Consumer is for each consumer that consume() makes afterwards
    with options that have no prefetch of their own, until the channel closes. RabbitMQ knows
    PrefetchScope::Channel for classic queues only, and ends the connection (540) when a quorum queue or a
    stream is consumed on such a channel: consume() refuses those that were declared on it. Fails as any
    request does when the channel ends or the broker does not answer in time.
    \sa {https://www.rabbitmq.com/consumer-prefetch.html} */
QFuture<void> QAmqpChannel::setPrefetch(quint16 messages, PrefetchScope scope)
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->refusal(BasicQos{}))
        return failedFuture<void>(error);
    d->engine->collectMail();
    return d->wait(d->core->setPrefetch(messages, scope == PrefetchScope::Channel));
}

/*! Returns the tags of the channel's consumers, in order: those that the broker was asked for and that
    have not ended yet, whether by QAmqpConsumer::cancel(), by the broker or with the channel.
    \sa consume() */
QStringList QAmqpChannel::consumerTags() const
{
    QStringList tags;
    for (const QAmqpConsumerPrivate *consumer : std::as_const(d_ptr->consumers))
        tags.append(textFromWire(consumer->tag));
    tags.sort();
    return tags;
}

/*! Asks the broker to requeue everything unacknowledged of this channel and to deliver it again, maybe
    elsewhere (basic.recover with requeue, the only way RabbitMQ knows). What was delivered before cannot
    be acknowledged any more. Without an answer in time (Timeout) the channel closes. Refused (InvalidArgument)
    while deliveries of a stream are unsettled, which takes nothing back. */
QFuture<void> QAmqpChannel::recover()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (d->core && !d->threadError("") && d->core->hasUnsettledOfStream())
        return failedFuture<void>(invalidArgument(
                u"basic.recover: a stream takes nothing back, and RabbitMQ would end the connection (541); ack() what it delivered before"));
    const auto voided = [d](RequestEnd &end) {
        if (end.error || d->isEarlier(end.channel))
            return;
        for (QAmqpConsumerPrivate *consumer : std::as_const(d->consumers)) {
            if (!consumer->noAck)
                consumer->dropHeld(); // it comes again, with new tags
            if (consumer->deduplicator)
                consumer->deduplicator->voided();
        }
        if (!d->drains.isEmpty())
            d->scheduleUpdate();
    };
    return d->request(BasicRecover{true}, {.first = voided});
}

bool QAmqpChannelPrivate::settleAll(const char *function, Settlement how)
{
    if (const QAmqpError error = threadError(function)) {
        refuse(error);
        return false;
    }
    if (engine)
        engine->collectMail();
    if (currentState() == QAmqpChannel::State::Open)
        setLastError({}); // so that it tells of this call
    if (!core) {
        setLastError(notOpen(u"%1: channel %2 is closed; open() it again", function, number));
        return false;
    }
    switch (core->settle({}, how, true)) {
    case Settling::Accepted:
        noteSettled(std::numeric_limits<quint64>::max(), true, how);
        engine->scheduleTurn();
        return true;
    case Settling::NotUnsettled: break;
    case Settling::FromStream: setLastError(streamTakesNothingBack()); break;
    case Settling::NotNow:
        setLastError(notOpen(
                u"channel %1 settles nothing while it recovers or its connection closes", number));
        break;
    }
    return false;
}

/*! Acknowledges everything delivered on this channel so far. Returns \c false, and sends nothing, if
    there is nothing (which is no error: lastError() has none then), or the channel is not open, recover()
    is under way or the connection closes (NotOpen in lastError()). */
bool QAmqpChannel::ackAll() { return d_ptr->settleAll("ackAll()", Settlement::Ack); }

/*! Gives back (or discards, see \a requeue) everything unsettled on this channel. Returns \c false, and
    sends nothing, if there is nothing (lastError() has no error then) or the channel is not open; and if
    a consumer with QAmqpConsumeOptions::setStreamOffset() got messages of a stream on it, which takes
    nothing back (InvalidArgument in lastError()). */
bool QAmqpChannel::nackAll(QAmqpDelivery::RequeueMode requeue)
{
    return d_ptr->settleAll("nackAll()",
                            requeue == QAmqpDelivery::Requeue ? Settlement::Requeue
                                                              : Settlement::Discard);
}

/*! Asks the broker to send deliveries (\a active) or to hold them back, and tells which it does
    (channel.flow). RabbitMQ always sends: it answers \c true, and \c false makes it close the whole
    connection (540, not implemented); bound what it sends by setPrefetch() instead. What the broker asks
    of this side by channel.flow is answered and obeyed without a word: publishes wait until it lets
    them go on. \sa {AMQP 0-9-1 §1.5.2.3} */
QFuture<bool> QAmqpChannel::setFlow(bool active)
{
    return d_ptr->request<bool>(ChannelFlow{active}, {},
                                [](const RequestEnd &end) { return end.count != 0; });
}

/*! Makes the channel transactional: publishes and acknowledgements take effect at txCommit(). Refused
    (InvalidArgument) once the channel confirms publishes. \sa {https://www.rabbitmq.com/semantics.html#tx} */
QFuture<void> QAmqpChannel::txSelect()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->refusal(TxSelect{}))
        return failedFuture<void>(error);
    if (d->core->isConfirming())
        return failedFuture<void>(invalidArgument(
                u"txSelect(): this channel confirms publishes already; use another channel, or txSelect() before the first publish()"));
    d->engine->collectMail();
    return d->wait(d->core->selectTransactions());
}

template<typename Method>
QFuture<void> QAmqpChannelPrivate::endTransaction(const Method &method)
{
    QAmqpError misuse = threadError(Method::info.name);
    if (!misuse && core && !core->isTransactional())
        misuse = invalidArgument(u"%1 needs txSelect() before", Method::info.name);
    return request(method, {.misuse = misuse});
}

/*! Commits what was published and acknowledged since the last one. Calls behind it wait for the reply.
    Fails with InvalidArgument without txSelect() before. A commit that is not answered in time (Timeout)
    closes the channel; whether it took place is not known then. */
QFuture<void> QAmqpChannel::txCommit() { return d_ptr->endTransaction(TxCommit{}); }

/*! Drops what was published and acknowledged since the last txCommit(). Fails with InvalidArgument
    without txSelect() before. */
QFuture<void> QAmqpChannel::txRollback() { return d_ptr->endTransaction(TxRollback{}); }

QT_END_NAMESPACE
