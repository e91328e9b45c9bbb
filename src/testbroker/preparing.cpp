// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a test sets up in the broker itself, before its clients come.

#include "testbroker/qamqptestbroker_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace QtAmqpPrivate::Broker;

static bool report(const char *function, const Refusal &refusal)
{
    if (refusal)
        qWarning("QAmqpTestBroker::%s: %s", function, refusal.text.constData());
    return !refusal;
}

static bool isTooLong(const QByteArray &name) { return name.size() > MaxShortString; }

static Refusal noHost(const QString &name)
{
    return refuse(ReplyCode::NotFound, "no vhost '" + name.toUtf8() + '\'');
}

/*!
    Declares the queue \a name in \a virtualHost with \a options, as a client would that needs no permission, so that a
    test can begin with a queue and its messages. A name must be given. A queue that is there already must have been
    declared with the same options. QAmqpQueueOptions::isPassive() has no meaning here, and an exclusive queue cannot be
    made, since it belongs to the connection that makes it.

    Returns false, with a warning that has RabbitMQ's text, if the queue cannot be declared. Works also while the broker
    is stopped. (AMQP 0-9-1, queue.declare)
*/
bool QAmqpTestBroker::declareQueue(const QString &name, const QAmqpQueueOptions &options,
                                   const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) {
        VirtualHost *const host = core.virtualHost(virtualHost.toUtf8());
        const QByteArray queue = name.toUtf8();
        if (!host)
            return report("declareQueue", noHost(virtualHost));
        if (queue.isEmpty() || isTooLong(queue) || options.isExclusive())
            return report(
                    "declareQueue",
                    refuse(ReplyCode::PreconditionFailed,
                           "the name must have 1 to 255 bytes, and the queue must not be exclusive"));
        QueueSettings settings;
        settings.durable = options.isDurable();
        settings.autoDelete = options.isAutoDelete();
        settings.arguments = options.arguments();
        return report("declareQueue", host->declareQueue(queue, std::move(settings), 0));
    });
}

/*!
    Declares the exchange \a name of \a type, which is "direct", "fanout", "topic" or "headers", in \a virtualHost with
    \a options, as a client would that needs no permission.

    Returns false, with a warning that has RabbitMQ's text, if it cannot be declared. Works also while the broker is
    stopped. (AMQP 0-9-1, exchange.declare)
*/
bool QAmqpTestBroker::declareExchange(const QString &name, const QString &type,
                                      const QAmqpExchangeOptions &options,
                                      const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) {
        VirtualHost *const host = core.virtualHost(virtualHost.toUtf8());
        const QByteArray exchange = name.toUtf8();
        const auto known = exchangeType(type.toUtf8());
        if (!host)
            return report("declareExchange", noHost(virtualHost));
        if (!known)
            return report("declareExchange",
                          refuse(ReplyCode::CommandInvalid,
                                 "unknown exchange type '" + type.toUtf8() + '\''));
        if (exchange.isEmpty() || isTooLong(exchange))
            return report(
                    "declareExchange",
                    refuse(ReplyCode::PreconditionFailed, "the name must have 1 to 255 bytes"));
        return report("declareExchange",
                      host->declareExchange(exchange,
                                            {*known, options.isDurable(), options.isAutoDelete(),
                                             options.isInternal(), options.arguments()}));
    });
}

/*! \overload
    Declares the exchange \a name of \a type in \a virtualHost with \a options. */
bool QAmqpTestBroker::declareExchange(const QString &name, QAmqpExchangeOptions::Type type,
                                      const QAmqpExchangeOptions &options,
                                      const QString &virtualHost)
{
    return declareExchange(name, QAmqpExchangeOptions::typeName(type), options, virtualHost);
}

/*!
    Binds \a queue to \a exchange in \a virtualHost with \a routingKey and \a arguments, as a client would that needs no
    permission. A binding that is there already stays.

    Returns false, with a warning that has RabbitMQ's text, if there is no such queue or exchange. Works also while the
    broker is stopped. (AMQP 0-9-1, queue.bind)
*/
bool QAmqpTestBroker::bindQueue(const QString &queue, const QString &exchange,
                                const QString &routingKey, const QAmqpTable &arguments,
                                const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) {
        VirtualHost *const host = core.virtualHost(virtualHost.toUtf8());
        if (!host)
            return report("bindQueue", noHost(virtualHost));
        if (exchange.isEmpty() || isTooLong(routingKey.toUtf8()))
            return report("bindQueue",
                          refuse(ReplyCode::AccessRefused,
                                 "operation not permitted on the default exchange, or "
                                 "the routing key has more than 255 bytes"));
        if (!host->queue(queue.toUtf8()))
            return report("bindQueue", host->missing("queue", queue.toUtf8()));
        return report("bindQueue",
                      host->bind(exchange.toUtf8(),
                                 {false, queue.toUtf8(), routingKey.toUtf8(), arguments}));
    });
}

/*!
    Makes \a queue of \a virtualHost take messages without confirming them if \a confirming is false, as a quorum queue
    does whose nodes cannot reach each other: a publisher waits for confirms that do not come. With true, messages that
    come from then on are confirmed again; those that were not stay unconfirmed. By default queues confirm.

    Returns false if there is no such queue.
*/
bool QAmqpTestBroker::setConfirming(const QString &queue, bool confirming,
                                    const QString &virtualHost)
{
    return d->change([&](BrokerCore &core) {
        VirtualHost *const host = core.virtualHost(virtualHost.toUtf8());
        const QueuePointer found = host ? host->queue(queue.toUtf8()) : nullptr;
        if (found)
            found->setAnswering(confirming);
        return found != nullptr;
    });
}

QT_END_NAMESPACE
