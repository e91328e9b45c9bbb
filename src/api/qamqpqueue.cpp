#include <QtAmqp/qamqpqueue.h>

#include "api/qamqpchannel_p.h"
#include "values/errorkinds.h"

#include <QtAmqp/qamqpconsumer.h>

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

    \sa {https://www.rabbitmq.com/queues.html}
*/
/*! \fn void QAmqpQueue::nameChanged(const QString &name)
    Emitted when the broker has made up the \a name. */
/*! \fn void QAmqpQueue::messageReceived(const QAmqpDelivery &delivery)
    Emitted for each \a delivery that a consumer made by consume() receives. */
/*! \fn void QAmqpQueue::cancelled(const QAmqpError &reason)
    Emitted when such a consumer ended for \a reason, see QAmqpConsumer::cancelled(). */

class QAmqpQueuePrivate
{
public:
    QueueName wireName() const { return {name.toUtf8(), name.isEmpty() ? declaring : 0}; }

    // Why nothing can be done with the queue: it has no name and none is on its way.
    QAmqpError nameless(const char *function) const
    {
        if (!name.isEmpty() || declaring)
            return {};
        return invalidArgument(
                QStringLiteral(
                        "%1(): the queue has no name yet; declare() it, and the broker makes one up")
                        .arg(QLatin1StringView(function)));
    }

    QAmqpChannelPrivate *channel() const { return QAmqpChannelPrivate::of(object); }

    QAmqpChannel *object = nullptr;
    QString name;
    RequestId declaring = 0; // the declare that will tell the name
};

QAmqpQueue::QAmqpQueue(const QString &name, QAmqpChannel *channel)
    : QObject(channel), d_ptr(std::make_unique<QAmqpQueuePrivate>())
{
    d_ptr->object = channel;
    d_ptr->name = name;
}

/*! Ends the consumers that were made by consume(). */
QAmqpQueue::~QAmqpQueue()
{
    while (!children().isEmpty())
        delete children().constFirst();
}

/*! Returns the channel. */
QAmqpChannel *QAmqpQueue::channel() const { return d_ptr->object; }

/*! \property QAmqpQueue::name
    The queue's name, empty until the broker has made one up. */
QString QAmqpQueue::name() const { return d_ptr->name; }

/*! Declares the queue with \a options, see QAmqpChannel::declareQueue(). */
QFuture<QAmqpQueueInfo> QAmqpQueue::declare(const QAmqpQueueOptions &options)
{
    RequestId id = 0;
    const auto learnName = [self = QPointer<QAmqpQueue>(this)](RequestEnd &end) {
        if (!self)
            return;
        self->d_ptr->declaring = 0;
        if (!self->d_ptr->name.isEmpty() || end.error)
            return;
        self->d_ptr->name = QString::fromUtf8(end.reply->name);
        Q_EMIT self->nameChanged(self->d_ptr->name);
    };
    QFuture<QAmqpQueueInfo> future =
            d_ptr->channel()->declareQueue(d_ptr->name.toUtf8(), options, learnName, &id);
    if (d_ptr->name.isEmpty())
        d_ptr->declaring = id;
    return future;
}

/*! Binds the queue, see QAmqpChannel::bindQueue() for \a exchange, \a routingKey and \a arguments. */
QFuture<void> QAmqpQueue::bind(const QString &exchange, const QString &routingKey,
                               const QAmqpTable &arguments)
{
    if (const QAmqpError error = d_ptr->nameless("bind"))
        return failedFuture<void>(error);
    return d_ptr->channel()->bindQueue(d_ptr->wireName(), exchange, routingKey, arguments, true);
}

/*! Removes a binding, see QAmqpChannel::unbindQueue() for \a exchange, \a routingKey and \a arguments. */
QFuture<void> QAmqpQueue::unbind(const QString &exchange, const QString &routingKey,
                                 const QAmqpTable &arguments)
{
    if (const QAmqpError error = d_ptr->nameless("unbind"))
        return failedFuture<void>(error);
    return d_ptr->channel()->bindQueue(d_ptr->wireName(), exchange, routingKey, arguments, false);
}

/*! Removes all ready messages and tells how many. */
QFuture<quint32> QAmqpQueue::purge()
{
    if (const QAmqpError error = d_ptr->nameless("purge"))
        return failedFuture<quint32>(error);
    return d_ptr->channel()->purgeQueue(d_ptr->wireName());
}

/*! Deletes the queue from the broker, under the conditions of \a flags; tells how many messages went with it. */
QFuture<quint32> QAmqpQueue::remove(QAmqpChannel::DeleteFlags flags)
{
    if (const QAmqpError error = d_ptr->nameless("remove"))
        return failedFuture<quint32>(error);
    return d_ptr->channel()->deleteQueue(d_ptr->wireName(), flags);
}

/*! Starts to consume with \a options; messages come by messageReceived() of the returned consumer, a
    child of this object, and of this object. See QAmqpChannel::consume(). */
QAmqpConsumer *QAmqpQueue::consume(const QAmqpConsumeOptions &options)
{
    QAmqpChannelPrivate *channel = d_ptr->channel();
    QueueName name = d_ptr->wireName();
    QAmqpConsumer *consumer = channel->consume(name, options, this, d_ptr->nameless("consume"));
    connect(consumer, &QAmqpConsumer::messageReceived, this, &QAmqpQueue::messageReceived);
    connect(consumer, &QAmqpConsumer::cancelled, this, &QAmqpQueue::cancelled);
    return consumer;
}

/*! Takes one message, or none, see QAmqpChannel::get() for \a policy. */
QFuture<std::optional<QAmqpDelivery>> QAmqpQueue::get(QAmqpChannel::AckPolicy policy)
{
    if (const QAmqpError error = d_ptr->nameless("get"))
        return failedFuture<std::optional<QAmqpDelivery>>(error);
    return d_ptr->channel()->get(d_ptr->wireName(), policy);
}

/*! Publishes \a message to this queue by the default exchange with \a flags, see QAmqpChannel::publish(). */
quint64 QAmqpQueue::publish(const QAmqpMessage &message, QAmqpChannel::PublishFlags flags)
{
    QAmqpChannelPrivate *channel = d_ptr->channel();
    if (const QAmqpError error = d_ptr->nameless("publish")) {
        channel->lastError = error;
        return 0;
    }
    return channel->publish(QString(), d_ptr->name, message, flags,
                            d_ptr->name.isEmpty() ? d_ptr->declaring : 0);
}

/*! Publishes \a message to this queue with \a flags, see QAmqpChannel::publishConfirmed(). */
QFuture<quint64> QAmqpQueue::publishConfirmed(const QAmqpMessage &message,
                                              QAmqpChannel::PublishFlags flags)
{
    if (const QAmqpError error = d_ptr->nameless("publishConfirmed"))
        return failedFuture<quint64>(error);
    return d_ptr->channel()->publishConfirmed(QString(), d_ptr->name, message, flags,
                                              d_ptr->name.isEmpty() ? d_ptr->declaring : 0);
}

QT_END_NAMESPACE
