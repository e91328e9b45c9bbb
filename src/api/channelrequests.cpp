// What QAmqpChannel asks of the broker and gets an answer to: exchanges, queues, messages one by one,
// transactions; and what it tells without one, acknowledgements.

#include "api/callall.h"
#include "api/qamqpchannel_p.h"
#include "api/qamqpconsumer_p.h"
#include "api/qamqpdelivery_p.h"
#include "values/errorkinds.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

QFuture<QAmqpQueueInfo> QAmqpChannelPrivate::declareQueue(const QByteArray &name,
                                                          const QAmqpQueueOptions &options,
                                                          Ended onEnd, RequestId *id)
{
    const QAmqpTable table = options.arguments();
    if (const QAmqpError misuse = nameErrors(
                {
                        {"queue name", &name}
    },
                table))
        return failedFuture<QAmqpQueueInfo>(misuse);
    if (const QAmqpError error = refusal("declareQueue"))
        return failedFuture<QAmqpQueueInfo>(error);
    const QByteArray arguments = encodeTable(table);
    const QueueDeclare method{0,
                              QByteArrayView(name),
                              options.isPassive(),
                              options.isDurable(),
                              options.isExclusive(),
                              options.isAutoDelete(),
                              false,
                              QByteArrayView(arguments)};
    if (const QAmqpError error = sizeError(QueueDeclare::info, encodedSize(method)))
        return failedFuture<QAmqpQueueInfo>(error);
    *id = core->request(method);
    const QFuture<QAmqpQueueInfo> future = wait<QAmqpQueueInfo>(*id, [](RequestEnd &end) {
        return QAmqpQueueInfo{QString::fromUtf8(end.reply->name), end.reply->messageCount,
                              end.reply->count};
    });
    if (onEnd) {
        requests[*id] = [first = std::move(onEnd), then = requests.take(*id)](RequestEnd &end) {
            CallAll all;
            all([&] { first(end); });
            all([&] { then(end); });
            all.rethrow();
        };
    }
    return future;
}

/*! Declares the queue \a name, or one that the broker names if it is empty. Fails with
    PreconditionFailed if it exists with other \a options, ResourceLocked if it is another connection's
    exclusive queue, NotFound if passive and missing. \sa {AMQP 0-9-1 §1.7.2.1} */
QFuture<QAmqpQueueInfo> QAmqpChannel::declareQueue(const QString &name,
                                                   const QAmqpQueueOptions &options)
{
    RequestId id = 0;
    return d_ptr->declareQueue(name.toUtf8(), options, nullptr, &id);
}

QFuture<void> QAmqpChannelPrivate::bindQueue(const QueueName &queue, const QString &exchange,
                                             const QString &routingKey, const QAmqpTable &arguments,
                                             bool bind)
{
    const QByteArray source = exchange.toUtf8();
    const QByteArray key = routingKey.toUtf8();
    const QAmqpError misuse = nameErrors(
            {
                    {"queue name",    &queue.utf8},
                    {"exchange name", &source    },
                    {"routing key",   &key       }
    },
            arguments);
    const QByteArray table = misuse ? QByteArray() : encodeTable(arguments);
    if (bind)
        return request("bindQueue",
                       QueueBind{0, QByteArrayView(queue.utf8), QByteArrayView(source),
                                 QByteArrayView(key), false, QByteArrayView(table)},
                       misuse, queue.from);
    return request("unbindQueue",
                   QueueUnbind{0, QByteArrayView(queue.utf8), QByteArrayView(source),
                               QByteArrayView(key), QByteArrayView(table)},
                   misuse, queue.from);
}

/*! Lets messages of \a exchange that match \a routingKey or \a arguments flow into \a queue. Fails with
    NotFound if one of them is missing. \sa {AMQP 0-9-1 §1.7.2.3} */
QFuture<void> QAmqpChannel::bindQueue(const QString &queue, const QString &exchange,
                                      const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue({queue.toUtf8()}, exchange, routingKey, arguments, true);
}

/*! Removes the binding of \a queue to \a exchange with exactly \a routingKey and \a arguments; succeeds
    if there is none. \sa {AMQP 0-9-1 §1.7.2.5} */
QFuture<void> QAmqpChannel::unbindQueue(const QString &queue, const QString &exchange,
                                        const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue({queue.toUtf8()}, exchange, routingKey, arguments, false);
}

QFuture<quint32> QAmqpChannelPrivate::purgeQueue(const QueueName &queue)
{
    return request<quint32>(
            "purgeQueue",
            QueuePurge{
                    0, QByteArrayView(queue.utf8), false
    },
            nameErrors({{"queue name", &queue.utf8}}),
            [](RequestEnd &end) { return end.reply->messageCount; }, queue.from);
}

/*! Removes all messages that are ready in \a queue and tells how many. \sa {AMQP 0-9-1 §1.7.2.7} */
QFuture<quint32> QAmqpChannel::purgeQueue(const QString &queue)
{
    return d_ptr->purgeQueue({queue.toUtf8()});
}

QFuture<quint32> QAmqpChannelPrivate::deleteQueue(const QueueName &queue,
                                                  QAmqpChannel::DeleteFlags flags)
{
    return request<quint32>(
            "deleteQueue",
            QueueDelete{
                    0, QByteArrayView(queue.utf8), flags.testFlag(QAmqpChannel::IfUnused),
                    flags.testFlag(QAmqpChannel::IfEmpty), false
    },
            nameErrors({{"queue name", &queue.utf8}}),
            [](RequestEnd &end) { return end.reply->messageCount; }, queue.from);
}

/*! Deletes \a queue, under the conditions of \a flags, and tells how many messages went with it; 0 if
    there was no such queue. \sa {AMQP 0-9-1 §1.7.2.9} */
QFuture<quint32> QAmqpChannel::deleteQueue(const QString &queue, DeleteFlags flags)
{
    return d_ptr->deleteQueue({queue.toUtf8()}, flags);
}

/*! Declares the exchange \a name of \a type (direct, fanout, topic, headers, or a plugin's). Fails with
    PreconditionFailed if it exists with other \a options; an unknown type closes the whole connection
    (503) on RabbitMQ before 4. \sa {AMQP 0-9-1 §1.6.2.1} */
QFuture<void> QAmqpChannel::declareExchange(const QString &name, const QString &type,
                                            const QAmqpExchangeOptions &options)
{
    const QByteArray exchange = name.toUtf8();
    const QByteArray kind = type.toUtf8();
    const QAmqpTable table = options.arguments();
    const QAmqpError misuse = d_ptr->nameErrors(
            {
                    {"exchange name", &exchange},
                    {"exchange type", &kind    }
    },
            table);
    const QByteArray arguments = misuse ? QByteArray() : encodeTable(table);
    return d_ptr->request("declareExchange",
                          ExchangeDeclare{0, QByteArrayView(exchange), QByteArrayView(kind),
                                          options.isPassive(), options.isDurable(),
                                          options.isAutoDelete(), options.isInternal(), false,
                                          QByteArrayView(arguments)},
                          misuse);
}

QFuture<void> QAmqpChannelPrivate::bindExchange(const QString &destination, const QString &source,
                                                const QString &routingKey,
                                                const QAmqpTable &arguments, bool bind)
{
    const QByteArray to = destination.toUtf8();
    const QByteArray from = source.toUtf8();
    const QByteArray key = routingKey.toUtf8();
    const QAmqpError misuse = nameErrors(
            {
                    {"destination", &to  },
                    {"source",      &from},
                    {"routing key", &key }
    },
            arguments);
    const QByteArray table = misuse ? QByteArray() : encodeTable(arguments);
    if (bind)
        return request("bindExchange",
                       ExchangeBind{0, QByteArrayView(to), QByteArrayView(from),
                                    QByteArrayView(key), false, QByteArrayView(table)},
                       misuse);
    return request("unbindExchange",
                   ExchangeUnbind{0, QByteArrayView(to), QByteArrayView(from), QByteArrayView(key),
                                  false, QByteArrayView(table)},
                   misuse);
}

/*! Lets messages of the exchange \a source that match \a routingKey or \a arguments flow into the
    exchange \a destination. \sa {https://www.rabbitmq.com/e2e.html} */
QFuture<void> QAmqpChannel::bindExchange(const QString &destination, const QString &source,
                                         const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindExchange(destination, source, routingKey, arguments, true);
}

/*! Removes the binding of \a destination to \a source with exactly \a routingKey and \a arguments. */
QFuture<void> QAmqpChannel::unbindExchange(const QString &destination, const QString &source,
                                           const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindExchange(destination, source, routingKey, arguments, false);
}

/*! Deletes the exchange \a name, with IfUnused in \a flags only if nothing is bound to it; succeeds if
    there is none. \sa {AMQP 0-9-1 §1.6.2.3} */
QFuture<void> QAmqpChannel::deleteExchange(const QString &name, DeleteFlags flags)
{
    const QByteArray exchange = name.toUtf8();
    return d_ptr->request("deleteExchange",
                          ExchangeDelete{
                                  0, QByteArrayView(exchange), flags.testFlag(IfUnused), false
    },
                          d_ptr->nameErrors({{"exchange name", &exchange}}));
}

void QAmqpChannelPrivate::setPrefetchFor(const QAmqpConsumeOptions &options)
{
    if (options.isNoAck() || prefetchSent == options.prefetch())
        return;
    prefetchSent = options.prefetch();
    core->request(BasicQos{0, options.prefetch(), false});
    renewChannelPrefetch();
}

// RabbitMQ drops the limit of the channel when it is told that of the next consumers.
void QAmqpChannelPrivate::renewChannelPrefetch()
{
    if (channelPrefetch > 0)
        core->request(BasicQos{0, channelPrefetch, true});
}

QAmqpConsumer *QAmqpChannelPrivate::consume(const QueueName &queue,
                                            const QAmqpConsumeOptions &options, QObject *parent,
                                            const QAmqpError &misuse)
{
    auto *consumer = new QAmqpConsumerPrivate;
    consumer->channel = q;
    consumer->options = options;
    consumer->noAck = options.isNoAck();
    consumer->tag = options.consumerTag().toUtf8();
    if (consumer->tag.isEmpty())
        consumer->tag = QByteArrayLiteral("qtamqp-") + QByteArray::number(number) + '.'
                + QByteArray::number(++consumersMade);
    const QAmqpTable table = options.arguments();
    QAmqpError error = misuse
            ? misuse
            : nameErrors(
                    {
                            {"queue name",   &queue.utf8   },
                            {"consumer tag", &consumer->tag}
    },
                    table);
    if (!error)
        error = refusal("consume");
    if (!error && core->hasConsumer(consumer->tag))
        error = invalidArgument(QStringLiteral("the consumer tag \"%1\" is in use on this channel")
                                        .arg(QString::fromUtf8(consumer->tag)));
    const QByteArray arguments = error ? QByteArray() : encodeTable(table);
    const BasicConsume method{0,
                              QByteArrayView(queue.utf8),
                              QByteArrayView(consumer->tag),
                              options.isNoLocal(),
                              options.isNoAck(),
                              options.isExclusive(),
                              false,
                              QByteArrayView(arguments)};
    if (!error)
        error = sizeError(BasicConsume::info, encodedSize(method));
    auto *object = new QAmqpConsumer(consumer, parent);
    if (error) {
        lastError = error;
        consumer->state = QAmqpConsumer::State::Cancelled;
        return object;
    }
    setPrefetchFor(options);
    consumers.insert(consumer->tag, consumer);
    lastEnvelope.reset();
    const RequestId id = core->consume(method, queue.from);
    requests.insert(id, [this, tag = consumer->tag](RequestEnd &end) {
        if (end.error && end.error.kind() != QAmqpError::Kind::Timeout)
            return; // the end of the channel, which ends the consumer; this may be gone
        QAmqpConsumerPrivate *starting = consumers.value(tag);
        if (starting && !end.error)
            return starting->started();
        if (!starting)
            return;
        consumers.remove(tag);
        lastEnvelope.reset();
        core->cancel(tag);
        starting->ended(end.error);
    });
    engine->commanded();
    return object;
}

/*!
    Starts to consume from \a queue and returns the subscription, a child of this channel. Deliveries come
    by QAmqpConsumer::messageReceived(); acknowledge them unless \a options say NoAck. The prefetch of
    the options (250 messages by default) bounds how many come ahead of their acknowledgement.
    If the call is refused locally, the consumer is in state Cancelled and lastError() says why; if the
    broker refuses, the channel closes and QAmqpConsumer::cancelled() is emitted.
    \sa {AMQP 0-9-1 §1.8.3.3}, {https://www.rabbitmq.com/consumers.html}
*/
QAmqpConsumer *QAmqpChannel::consume(const QString &queue, const QAmqpConsumeOptions &options)
{
    return d_ptr->consume({queue.toUtf8()}, options, this);
}

QFuture<std::optional<QAmqpDelivery>> QAmqpChannelPrivate::get(const QueueName &queue,
                                                               QAmqpChannel::AckPolicy policy)
{
    const bool noAck = policy == QAmqpChannel::AckPolicy::NoAck;
    return request<std::optional<QAmqpDelivery>>(
            "get",
            BasicGet{
                    0, QByteArrayView(queue.utf8), noAck
    },
            nameErrors({{"queue name", &queue.utf8}}),
            [this, noAck](RequestEnd &end) {
                std::optional<QAmqpDelivery> message;
                if (end.got) {
                    if (!noAck)
                        unsettled.delivered(lastShown = end.got->delivery.deliveryTag);
                    message.emplace();
                    QAmqpDeliveryPrivate::assign(*message, end.got->delivery,
                                                 noAck ? QExplicitlySharedDataPointer<Mailbox>()
                                                       : engine->mailbox(),
                                                 generation, end.got->remaining);
                }
                return message;
            },
            queue.from);
}

/*! Takes one message from \a queue, or none if it is empty. \a policy tells whether it must be
    acknowledged. For one message now and then; consumers are much faster. \sa {AMQP 0-9-1 §1.8.3.10} */
QFuture<std::optional<QAmqpDelivery>> QAmqpChannel::get(const QString &queue, AckPolicy policy)
{
    return d_ptr->get({queue.toUtf8()}, policy);
}

/*! Bounds how many unacknowledged messages the broker sends ahead: \a messages, 0 for no bound;
    \a scope tells for whom. consume() calls this with its own options. \sa {https://www.rabbitmq.com/consumer-prefetch.html} */
QFuture<void> QAmqpChannel::setPrefetch(quint16 messages, PrefetchScope scope)
{
    const QFuture<void> future = d_ptr->request(
            "setPrefetch", BasicQos{0, messages, scope == PrefetchScope::Channel}, {});
    if (future.isFinished()) // refused
        return future;
    if (scope == PrefetchScope::Channel) {
        d_ptr->channelPrefetch = messages;
    } else {
        d_ptr->prefetchSent = messages;
        d_ptr->renewChannelPrefetch();
    }
    return future;
}

/*! Asks the broker to requeue everything unacknowledged of this channel and to deliver it again, maybe
    elsewhere (basic.recover with requeue, the only way RabbitMQ knows). */
QFuture<void> QAmqpChannel::recover()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    const QFuture<void> future = d->request<void>("recover", BasicRecover{true}, {}, [d] {
        --d->recovering;
        d->unsettled.clear(); // all void; what comes now has new tags
    });
    d->recovering += !future.isFinished();
    return future;
}

bool QAmqpChannelPrivate::settleDelivery(const Settlement &settlement)
{
    if (!core || core->state() != ChannelState::Open || settlement.generation != generation
        || recovering || !unsettled.settle(settlement.deliveryTag, settlement.multiple))
        return false;
    if (settlement.kind == Settlement::Ack)
        core->ack(settlement.deliveryTag, settlement.multiple);
    else
        core->nack(settlement.deliveryTag, settlement.multiple, settlement.requeue);
    engine->commanded();
    return true;
}

// Not with tag 0, which to the broker is also what is still on its way and was never shown.
bool QAmqpChannelPrivate::settleAll(Settlement::Kind kind, bool requeue)
{
    const quint64 last = unsettled.lastUpTo(lastShown);
    return last && settleDelivery({quint16(number), generation, last, kind, true, requeue});
}

/*! Acknowledges everything delivered on this channel so far. Returns \c false, and sends nothing, if
    there is nothing or the channel is not open. */
bool QAmqpChannel::ackAll() { return d_ptr->settleAll(Settlement::Ack, false); }

/*! Gives back (or discards, see \a requeue) everything unsettled on this channel. Returns \c false, and
    sends nothing, if there is nothing or the channel is not open. */
bool QAmqpChannel::nackAll(QAmqpDelivery::RequeueMode requeue)
{
    return d_ptr->settleAll(Settlement::Nack, requeue == QAmqpDelivery::Requeue);
}

/*! Makes the channel transactional: publishes and acknowledgements take effect at txCommit(). Refused
    (InvalidArgument) once the channel confirms publishes. \sa {https://www.rabbitmq.com/semantics.html#tx} */
QFuture<void> QAmqpChannel::txSelect()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->refusal("txSelect"))
        return failedFuture<void>(error);
    if (d->core->isConfirming())
        return failedFuture<void>(invalidArgument(QStringLiteral(
                "txSelect(): this channel confirms publishes already; use another channel, or txSelect() before the first publish()")));
    return d->wait<void>(d->core->selectTransactions(), nullptr);
}

template<typename Method>
QFuture<void> QAmqpChannelPrivate::endTransaction(const char *function, const Method &method)
{
    QAmqpError misuse;
    if (core && !core->isTransactional())
        misuse = invalidArgument(
                QStringLiteral("%1() needs txSelect() before").arg(QLatin1StringView(function)));
    return request(function, method, misuse);
}

/*! Commits what was published and acknowledged since the last one. Calls behind it wait for the reply. */
QFuture<void> QAmqpChannel::txCommit() { return d_ptr->endTransaction("txCommit", TxCommit{}); }

/*! Drops what was published and acknowledged since the last txCommit(). */
QFuture<void> QAmqpChannel::txRollback()
{
    return d_ptr->endTransaction("txRollback", TxRollback{});
}

QT_END_NAMESPACE
