// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpqueue.h>

#include "api/qamqpchannel_p.h"

#include <QtAmqp/qamqpconsumer.h>
#include <QtAmqp/qamqpexchange.h>
#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpQueue
    \inmodule QtAmqp
    \brief A handle for one queue on a channel.

    \snippet snippets.cpp queue

    A handle costs nothing in the broker, and deleting it leaves the queue alone; its consumers are its
    children and end with it. A handle without a name gets one from the broker when it is declared; what
    is called before the name is known waits for it. The functions are those of QAmqpChannel with the
    queue's name filled in, and fail as those do.

    A queue that the broker named may get another name when the connection recovers from the loss of its link
    (QAmqpConnection::queueRenamed()): all handles with the old name then have the new one, on whichever channel.

    \sa {https://www.rabbitmq.com/queues.html}
*/
/*! \fn void QAmqpQueue::nameChanged(const QString &name)
    Emitted when the broker has made up the \a name, for the first time or anew after the loss of the link. */
/*! \fn void QAmqpQueue::messageReceived(const QAmqpDelivery &delivery)
    Emitted for each \a delivery that a consumer made by consume() receives. */
/*! \fn void QAmqpQueue::cancelled(const QAmqpError &reason)
    Emitted when such a consumer ended for \a reason, see QAmqpConsumer::cancelled(). */

class QAmqpQueuePrivate
{
public:
    std::shared_ptr<QAmqpChannelPrivate> channel; // may outlive its object, and refuses then
    QString name;
    QueueNamePointer queue;
    bool isNamedByBroker;
};

QAmqpQueue::QAmqpQueue(const QString &name, QAmqpChannel *channel)
    : QObject(channel)
    , d_ptr(new QAmqpQueuePrivate{QAmqpChannelPrivate::of(channel)->shared_from_this(), name,
                                  QueueNamePointer(new QueueName(wireFromText(name))),
                                  name.isEmpty()})
{
    d_ptr->channel->queues.append(this);
}

/*! Ends the consumers that were made by consume(). */
QAmqpQueue::~QAmqpQueue()
{
    d_ptr->channel->queues.removeOne(this);
    while (!children().isEmpty())
        delete children().constFirst();
}

/*! Returns the channel, null once it is destroyed: the calls that need it fail with NotOpen then. */
QAmqpChannel *QAmqpQueue::channel() const { return d_ptr->channel->q; }

/*! \property QAmqpQueue::name
    The queue's name, empty until the broker has made one up. */
QString QAmqpQueue::name() const { return d_ptr->name; }

/*! Declares the queue with \a options, see QAmqpChannel::declareQueue(). Without a name of its own the
    handle asks the broker for a new one each time, also after the channel was opened again, and the queue is
    exclusive and auto-delete unless \a options say otherwise. */
QFuture<QAmqpQueueInfo> QAmqpQueue::declare(const QAmqpQueueOptions &options)
{
    QAmqpChannelPrivate *channel = d_ptr->channel.get();
    if (!d_ptr->isNamedByBroker || (options.isPassive() && !d_ptr->name.isEmpty()))
        return channel->declareQueue(d_ptr->name, options);
    const auto declared = std::make_shared<QueueNamePointer>();
    const auto ended = [declared, self = QPointer<QAmqpQueue>(this)](const RequestEnd &end) {
        if (!self)
            return;
        QAmqpQueuePrivate *d = self->d_ptr.get();
        const QString name = end.error ? d->name : textFromWire(end.name);
        if (d->queue == *declared) // else a later declare() decides on the name
            d->queue = new QueueName(wireFromText(name));
        if (std::exchange(d->name, name) != name)
            Q_EMIT self->nameChanged(name);
    };
    QFuture<QAmqpQueueInfo> future = channel->declareQueue(QString(), options, ended);
    if (!future.isFinished()) // a future that is finished was refused
        d_ptr->queue = *declared = channel->core->lastDeclared();
    return future;
}

void QAmqpChannelPrivate::queueRenamed(QAmqpQueue *handle, const QString &from, const QString &to)
{
    QAmqpQueuePrivate *const d = handle->d_ptr.get();
    if (d->name != from)
        return;
    if (!d->queue->isComing) // else a declare() under way decides on the name
        d->queue = new QueueName(wireFromText(to));
    d->name = to;
    Q_EMIT handle->nameChanged(to);
}

/*! Binds the queue, see QAmqpChannel::bindQueue() for \a exchange, \a routingKey and \a arguments. */
QFuture<void> QAmqpQueue::bind(const QString &exchange, const QString &routingKey,
                               const QAmqpTable &arguments)
{
    return d_ptr->channel->bindQueue<QueueBind>(d_ptr->queue, exchange, routingKey, arguments);
}

/*! \overload
    Binds the queue to \a exchange, which may be a handle on another channel, with \a routingKey and
    \a arguments. Fails with InvalidArgument if \a exchange is null. */
QFuture<void> QAmqpQueue::bind(const QAmqpExchange *exchange, const QString &routingKey,
                               const QAmqpTable &arguments)
{
    return exchange ? bind(exchange->name(), routingKey, arguments) : noExchange();
}

/*! Removes a binding, see QAmqpChannel::unbindQueue() for \a exchange, \a routingKey and \a arguments. */
QFuture<void> QAmqpQueue::unbind(const QString &exchange, const QString &routingKey,
                                 const QAmqpTable &arguments)
{
    return d_ptr->channel->bindQueue<QueueUnbind>(d_ptr->queue, exchange, routingKey, arguments);
}

/*! \overload
    Removes the binding to \a exchange with exactly \a routingKey and \a arguments. Fails with
    InvalidArgument if \a exchange is null. */
QFuture<void> QAmqpQueue::unbind(const QAmqpExchange *exchange, const QString &routingKey,
                                 const QAmqpTable &arguments)
{
    return exchange ? unbind(exchange->name(), routingKey, arguments) : noExchange();
}

/*! Removes all ready messages and tells how many, see QAmqpChannel::purgeQueue(). */
QFuture<quint32> QAmqpQueue::purge() { return d_ptr->channel->purgeQueue(d_ptr->queue); }

/*! Deletes the queue from the broker, under the conditions of \a flags; tells how many messages went
    with it. See QAmqpChannel::deleteQueue(). */
QFuture<quint32> QAmqpQueue::deleteQueue(QAmqpChannel::DeleteFlags flags)
{
    return d_ptr->channel->deleteQueue(d_ptr->queue, flags);
}

/*! Starts to consume with \a options; messages come by messageReceived() of the returned consumer, a
    child of this object, and of this object. The consumer ends with Timeout if the broker does not answer
    in time, see QAmqpChannel::consume(). */
QAmqpConsumer *QAmqpQueue::consume(const QAmqpConsumeOptions &options)
{
    QAmqpConsumer *consumer = d_ptr->channel->consume(d_ptr->queue, options, this);
    connect(consumer, &QAmqpConsumer::messageReceived, this, &QAmqpQueue::messageReceived);
    connect(consumer, &QAmqpConsumer::cancelled, this, &QAmqpQueue::cancelled);
    return consumer;
}

/*! Takes one message, or none, see QAmqpChannel::get() for \a policy. */
QFuture<std::optional<QAmqpDelivery>> QAmqpQueue::get(QAmqpChannel::AckPolicy policy)
{
    return d_ptr->channel->get(d_ptr->queue, policy);
}

/*! Publishes \a message to this queue by the default exchange with \a flags, see QAmqpChannel::publish(). */
quint64 QAmqpQueue::publish(const QAmqpMessage &message, QAmqpChannel::PublishFlags flags)
{
    return d_ptr->channel->publishReporting({}, {}, message, flags, d_ptr->queue);
}

/*! Publishes \a message to this queue with \a flags, see QAmqpChannel::publishConfirmed(). */
QFuture<quint64> QAmqpQueue::publishConfirmed(const QAmqpMessage &message,
                                              QAmqpChannel::PublishFlags flags)
{
    return d_ptr->channel->publishConfirmed({}, {}, message, flags, d_ptr->queue);
}

/*! \overload
    Publishes \a size bytes of the device \a body to this queue with \a properties and \a flags, see
    QAmqpChannel::publish(). */
quint64 QAmqpQueue::publish(QIODevice *body, qint64 size, const QAmqpMessage &properties,
                            QAmqpChannel::PublishFlags flags)
{
    const DeviceBody from{body, size};
    return d_ptr->channel->publishReporting({}, {}, properties, flags, d_ptr->queue, &from);
}

/*! \overload
    Publishes \a size bytes of the device \a body to this queue with \a properties and \a flags, see
    QAmqpChannel::publishConfirmed(). */
QFuture<quint64> QAmqpQueue::publishConfirmed(QIODevice *body, qint64 size,
                                              const QAmqpMessage &properties,
                                              QAmqpChannel::PublishFlags flags)
{
    const DeviceBody from{body, size};
    return d_ptr->channel->publishConfirmed({}, {}, properties, flags, d_ptr->queue, &from);
}

/*! \relates QAmqpQueue
    Writes the name of \a queue and the number of its channel to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpQueue *queue)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!queue)
        return debug << "QAmqpQueue(null)";
    debug << "QAmqpQueue(" << queue->name();
    if (queue->channel())
        debug << ", channel " << queue->channel()->number();
    return debug << ')';
}

QT_END_NAMESPACE
