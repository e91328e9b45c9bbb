// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpexchange.h>

#include "api/notify.h"
#include "values/errorkinds.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

/*!
    \class QAmqpExchange
    \inmodule QtAmqp
    \brief A handle for one exchange on a channel.

    A handle costs nothing in the broker, and deleting it leaves the exchange alone. The functions are
    those of QAmqpChannel with the exchange's name filled in, and fail as those do.

    \sa {https://www.rabbitmq.com/tutorials/amqp-concepts.html#exchanges}
*/
/*!
    \typedef QAmqpExchange::Type
    The kind of an exchange, as QAmqpExchangeOptions::Type lists them.
*/
/*! \variable QAmqpExchange::Direct
    QAmqpExchangeOptions::Direct: routes to queues bound with exactly the routing key. */
/*! \variable QAmqpExchange::Fanout
    QAmqpExchangeOptions::Fanout: routes to all bound queues. */
/*! \variable QAmqpExchange::Topic
    QAmqpExchangeOptions::Topic: routes by patterns of words. */
/*! \variable QAmqpExchange::Headers
    QAmqpExchangeOptions::Headers: routes by the message's headers. */

class QAmqpExchangePrivate
{
public:
    // Calls a function of the channel, which takes the exchange's name first.
    template<typename Result, typename... Parameters, typename... Arguments>
    Result call(Result (QAmqpChannel::*function)(const QString &, Parameters...),
                const Arguments &...arguments) const
    {
        if (channel)
            return (channel->*function)(name, arguments...);
        if constexpr (std::is_same_v<Result, quint64>)
            return 0;
        else
            return QtAmqpPrivate::failedFuture(
                    QtAmqpPrivate::notOpen(u"the channel of exchange \"%1\" was destroyed", name),
                    Result());
    }

    QPointer<QAmqpChannel> channel;
    QString name;
};

QAmqpExchange::QAmqpExchange(const QString &name, QAmqpChannel *channel)
    : QObject(channel), d_ptr(std::make_unique<QAmqpExchangePrivate>())
{
    d_ptr->channel = channel;
    d_ptr->name = name;
}

/*! Leaves the exchange alone. */
QAmqpExchange::~QAmqpExchange() = default;

/*! Returns the channel, null once it is destroyed: the calls that need it fail with NotOpen then. */
QAmqpChannel *QAmqpExchange::channel() const { return d_ptr->channel; }

/*! \property QAmqpExchange::name
    The exchange's name, empty for the default exchange. */
QString QAmqpExchange::name() const { return d_ptr->name; }

/*! Declares the exchange as \a type with \a options, see QAmqpChannel::declareExchange(). */
QFuture<void> QAmqpExchange::declare(Type type, const QAmqpExchangeOptions &options)
{
    return d_ptr->call(
            qOverload<const QString &, QAmqpExchangeOptions::Type, const QAmqpExchangeOptions &>(
                    &QAmqpChannel::declareExchange),
            type, options);
}

/*! Declares the exchange as \a type, which may be a plugin's, with \a options; see
    QAmqpChannel::declareExchange(). */
QFuture<void> QAmqpExchange::declare(const QString &type, const QAmqpExchangeOptions &options)
{
    return d_ptr->call(qOverload<const QString &, const QString &, const QAmqpExchangeOptions &>(
                               &QAmqpChannel::declareExchange),
                       type, options);
}

/*! \overload
    Declares it as a direct exchange, or with passive \a options looks it up, whatever its type. */
QFuture<void> QAmqpExchange::declare(const QAmqpExchangeOptions &options)
{
    return d_ptr->call(qOverload<const QString &, const QAmqpExchangeOptions &>(
                               &QAmqpChannel::declareExchange),
                       options);
}

/*! Lets messages of \a source that match \a routingKey or \a arguments flow into this exchange,
    see QAmqpChannel::bindExchange(). */
QFuture<void> QAmqpExchange::bind(const QString &source, const QString &routingKey,
                                  const QAmqpTable &arguments)
{
    return d_ptr->call(&QAmqpChannel::bindExchange, source, routingKey, arguments);
}

/*! \overload
    Binds this exchange to \a source, which may be a handle on another channel, with \a routingKey and
    \a arguments. Fails with InvalidArgument if \a source is null. */
QFuture<void> QAmqpExchange::bind(const QAmqpExchange *source, const QString &routingKey,
                                  const QAmqpTable &arguments)
{
    return source ? bind(source->name(), routingKey, arguments) : QtAmqpPrivate::noExchange();
}

/*! Removes the binding to \a source with exactly \a routingKey and \a arguments, see
    QAmqpChannel::unbindExchange(). */
QFuture<void> QAmqpExchange::unbind(const QString &source, const QString &routingKey,
                                    const QAmqpTable &arguments)
{
    return d_ptr->call(&QAmqpChannel::unbindExchange, source, routingKey, arguments);
}

/*! \overload
    Removes the binding to \a source with exactly \a routingKey and \a arguments. Fails with
    InvalidArgument if \a source is null. */
QFuture<void> QAmqpExchange::unbind(const QAmqpExchange *source, const QString &routingKey,
                                    const QAmqpTable &arguments)
{
    return source ? unbind(source->name(), routingKey, arguments) : QtAmqpPrivate::noExchange();
}

/*! Deletes the exchange from the broker, with IfUnused in \a flags only if nothing is bound
    to it, see QAmqpChannel::deleteExchange(). */
QFuture<void> QAmqpExchange::deleteExchange(QAmqpChannel::DeleteFlags flags)
{
    return d_ptr->call(&QAmqpChannel::deleteExchange, flags);
}

/*! Publishes \a message with \a routingKey and \a flags, see QAmqpChannel::publish(). */
quint64 QAmqpExchange::publish(const QString &routingKey, const QAmqpMessage &message,
                               QAmqpChannel::PublishFlags flags)
{
    return d_ptr->call(qOverload<const QString &, const QString &, const QAmqpMessage &,
                                 QAmqpChannel::PublishFlags>(&QAmqpChannel::publish),
                       routingKey, message, flags);
}

/*! Publishes \a message with \a routingKey and \a flags, see QAmqpChannel::publishConfirmed(). */
QFuture<quint64> QAmqpExchange::publishConfirmed(const QString &routingKey,
                                                 const QAmqpMessage &message,
                                                 QAmqpChannel::PublishFlags flags)
{
    return d_ptr->call(qOverload<const QString &, const QString &, const QAmqpMessage &,
                                 QAmqpChannel::PublishFlags>(&QAmqpChannel::publishConfirmed),
                       routingKey, message, flags);
}

/*! \overload
    Publishes \a size bytes of the device \a body with \a routingKey, \a properties and \a flags, see
    QAmqpChannel::publish(). */
quint64 QAmqpExchange::publish(const QString &routingKey, QIODevice *body, qint64 size,
                               const QAmqpMessage &properties, QAmqpChannel::PublishFlags flags)
{
    return d_ptr->call(
            qOverload<const QString &, const QString &, QIODevice *, qint64, const QAmqpMessage &,
                      QAmqpChannel::PublishFlags>(&QAmqpChannel::publish),
            routingKey, body, size, properties, flags);
}

/*! \overload
    Publishes \a size bytes of the device \a body with \a routingKey, \a properties and \a flags, see
    QAmqpChannel::publishConfirmed(). */
QFuture<quint64> QAmqpExchange::publishConfirmed(const QString &routingKey, QIODevice *body,
                                                 qint64 size, const QAmqpMessage &properties,
                                                 QAmqpChannel::PublishFlags flags)
{
    return d_ptr->call(
            qOverload<const QString &, const QString &, QIODevice *, qint64, const QAmqpMessage &,
                      QAmqpChannel::PublishFlags>(&QAmqpChannel::publishConfirmed),
            routingKey, body, size, properties, flags);
}

/*! \relates QAmqpExchange
    Writes the name of \a exchange and the number of its channel to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpExchange *exchange)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!exchange)
        return debug << "QAmqpExchange(null)";
    debug << "QAmqpExchange(" << exchange->name();
    if (exchange->channel())
        debug << ", channel " << exchange->channel()->number();
    return debug << ')';
}

QT_END_NAMESPACE
