// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/qamqpblockingchannel_p.h"

#include "blocking/qamqpblockingconsumer_p.h"

#include <QtCore/qloggingcategory.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

/*!
    \class QAmqpBlockingChannel
    \inmodule QtAmqp
    \brief A channel of a QAmqpBlockingConnection: everything AMQP can do, as calls that wait.

    QAmqpBlockingConnection::channel() opens channels. Calls wait for the broker's answer, timeout() at
    most, and return a QAmqpResult; they may come from any thread. A request that the broker refuses
    closes the channel, that is AMQP's way: its result tells why, and what is called afterwards fails
    with NotOpen and the same reason until open().

    Publisher confirms are on unless setConfirms(false) or txSelect() was called.

    The channel is closed when the object goes, without waiting for that.

    \sa Blocking
*/

QAmqpBlockingChannel::QAmqpBlockingChannel(std::shared_ptr<QAmqpBlockingChannelPrivate> dd)
    : d(std::move(dd))
{
}

/*! Takes over \a other, which must not be used any more. */
QAmqpBlockingChannel::QAmqpBlockingChannel(QAmqpBlockingChannel &&other) noexcept = default;

/*! Closes this channel and takes over \a other, which must not be used any more. */
QAmqpBlockingChannel &QAmqpBlockingChannel::operator=(QAmqpBlockingChannel &&other) noexcept
{
    QAmqpBlockingChannel old(std::move(*this));
    d = std::move(other.d);
    return *this;
}

/*! Closes the channel, without waiting for that. What was published before is still sent; messages that
    nobody acknowledged go back to their queues. No callback of the channel is called any more. */
QAmqpBlockingChannel::~QAmqpBlockingChannel()
{
    if (d)
        d->abandon();
}

QAmqpBlockingChannelPrivate::QAmqpBlockingChannelPrivate(
        std::shared_ptr<QAmqpBlockingConnectionPrivate> owner)
    : connection(std::move(owner)), timeout(connection->timeout()), publisher(this)
{
}

// No callback of the channel is called from now on, until it is opened again. What its consumers had
// waiting goes back to the queues when it closes.
void QAmqpBlockingChannelPrivate::silence()
{
    Dispatcher::Dropped dropped; // goes without the mutex
    const std::lock_guard lock(mutex());
    for (const ConsumerPointer &consumer : consumers)
        consumer->silence(dropped);
    publisher.silence(dropped);
}

void QAmqpBlockingChannelPrivate::abandon()
{
    silence();
    if (connection->orphaned)
        return keepForEver(shared_from_this());
    connection->thread.post([self = shared_from_this()] {
        if (!self->channel)
            return;
        if (self->channel->state() == QAmqpChannel::State::Closed)
            return self->channel->deleteLater();
        QObject::connect(self->channel, &QAmqpChannel::closed, self->channel,
                         &QObject::deleteLater);
        self->channel->close();
    });
}

/*! Returns the connection, null once it is destroyed. */
QAmqpBlockingConnection *QAmqpBlockingChannel::connection() const
{
    const std::lock_guard lock(d->mutex());
    return d->connection->q;
}

/*! Opens the channel again, with a clean slate: consumers, the prefetch and a transaction are not
    revived. Fails with NotOpen if the connection is not open. */
QAmqpResult<void> QAmqpBlockingChannel::open() { return d->open(); }

QAmqpResult<void> QAmqpBlockingChannelPrivate::open()
{
    const auto result = connection->wait<QAmqpResult<void>>(
            "channel.open", deadline(),
            [this, self = shared_from_this()](const Answer<void> &answer) {
                if (!connection->connection->isOpen())
                    return answer->give(connection->notOpen("channel.open"));
                if (!channel) {
                    channel = connection->connection->createChannel();
                    // The call's result tells it.
                    QObject::connect(channel, &QAmqpChannel::publishRefused, channel, [] {});
                    watch();
                } else {
                    channel->open();
                }
                if (channel->isOpen())
                    return answer->give(QAmqpResult<void>());
                if (channel->state() == QAmqpChannel::State::Closed)
                    return answer->give(channel->lastError());
                openers.push_back(answer);
            });
    if (connection->hasGivenUp(result.error()))
        connection->thread.post([self = shared_from_this()] {
            if (self->channel)
                self->channel->close();
        });
    return result;
}

void QAmqpBlockingChannelPrivate::watch()
{
    std::erase_if(connection->channels, [](const auto &other) { return other.expired(); });
    connection->channels.push_back(weak_from_this());
    // The channel object keeps this alive.
    QObject::connect(channel, &QAmqpChannel::opened, channel,
                     [this, self = shared_from_this()] { tellOpened(); });
    QObject::connect(channel, &QAmqpChannel::errorOccurred, channel, [] {}); // the calls tell it
    QObject::connect(channel, &QAmqpChannel::closed, channel, [this] {
        const QAmqpError last = channel->lastError();
        // That of an operation, which was refused on this side, ended nothing.
        tellClosed(last.scope() == QAmqpError::Scope::Operation ? QAmqpError() : last);
    });
    publisher.watch(channel);
}

void QAmqpBlockingChannelPrivate::tellOpened()
{
    {
        const std::lock_guard lock(mutex());
        isOpen = true;
        number = channel->number();
        lastError = QAmqpError();
        publisher.tellOpened();
    }
    for (const Answer<void> &answer : std::exchange(openers, {}))
        answer->give(QAmqpResult<void>());
}

void QAmqpBlockingChannelPrivate::tellClosed(const QAmqpError &error)
{
    Dispatcher::Dropped dropped; // both go without the mutex
    std::vector<ConsumerPointer> ended;
    {
        const std::lock_guard lock(mutex());
        isOpen = false;
        lastError = error;
        ended.swap(consumers);
        for (const ConsumerPointer &consumer : ended) {
            if (!consumer->ended)
                consumer->setEnded(error);
            if (!error)
                consumer->silence(dropped);
            if (consumer->isQueued())
                consumers.push_back(consumer);
        }
        if (!error)
            publisher.silence(dropped);
        connection->dispatcher.changed();
    }
    publisher.tellClosed(error);
    for (const Answer<void> &answer : std::exchange(openers, {}))
        answer->give(error ? error
                           : blockingError(Kind::Cancelled,
                                           QStringLiteral("channel.open: the channel was closed")));
    for (const Answer<void> &answer : std::exchange(closers, {}))
        answer->give(error);
}

// Adds the reason to a NotOpen: why the channel closed, or the connection.
QAmqpError QAmqpBlockingChannelPrivate::explained(const QAmqpError &error) const
{
    const std::lock_guard lock(mutex());
    const QAmqpError reason = lastError ? lastError : connection->now.lastError;
    if (!reason || error.cause())
        return error;
    QAmqpError result(error.kind(), error.scope(), error.origin(),
                      error.text() + QStringLiteral(". It ended because: ") + reason.text());
    return result.setCause(reason);
}

QAmqpError QAmqpBlockingChannelPrivate::refusal(const char *what) const
{
    if (isUsable())
        return {};
    if (connection->orphaned)
        return connection->notOpenNow(what);
    const QAmqpError reason = lastError ? lastError : connection->now.lastError;
    QString text = QStringLiteral("%1: channel %2 is closed; open() it again")
                           .arg(QLatin1StringView(what))
                           .arg(number);
    if (reason)
        text += QStringLiteral(". It ended because: ") + reason.text();
    return blockingError(Kind::NotOpen, text).setCause(reason);
}

/*! Closes the channel when everything asked for before is done, confirms included. Succeeds if it is
    closed already. From the call on no callback of this channel is called, but for one that runs already;
    messages that came and were not seen go back to their queues. */
QAmqpResult<void> QAmqpBlockingChannel::close() { return d->close(); }

QAmqpResult<void> QAmqpBlockingChannelPrivate::close()
{
    silence();
    {
        const std::lock_guard lock(mutex());
        if (!isUsable())
            return {};
    }
    return wait<QAmqpResult<void>>("channel.close", [this](const Answer<void> &answer) {
        if (channel->state() == QAmqpChannel::State::Closed)
            return answer->give(QAmqpResult<void>());
        closers.push_back(answer);
        channel->close();
    });
}

/*! Returns whether the channel is open. */
bool QAmqpBlockingChannel::isOpen() const
{
    const std::lock_guard lock(d->mutex());
    return d->isUsable();
}

/*! Returns the channel's number on the wire. */
int QAmqpBlockingChannel::number() const
{
    const std::lock_guard lock(d->mutex());
    return d->number;
}

/*! Returns why the channel ended; no error while it is open and after close(). */
QAmqpError QAmqpBlockingChannel::lastError() const
{
    const std::lock_guard lock(d->mutex());
    return d->lastError;
}

/*! Returns how long a call waits. */
std::chrono::milliseconds QAmqpBlockingChannel::timeout() const { return d->timeout; }

/*! Makes each call wait for \a timeout at most; the connection's timeout when the channel was made
    unless set. What the broker was asked for stays asked for when a call gives up. */
void QAmqpBlockingChannel::setTimeout(std::chrono::milliseconds timeout)
{
    d->timeout = std::max(timeout, std::chrono::milliseconds(1));
}

/*! Declares the queue \a name with \a options, see QAmqpChannel::declareQueue(); without a name the
    broker makes one up, which the result tells. */
QAmqpResult<QAmqpQueueInfo> QAmqpBlockingChannel::declareQueue(const QString &name,
                                                               const QAmqpQueueOptions &options)
{
    return d->request<QAmqpQueueInfo>("queue.declare", [=](QAmqpChannel *channel) {
        return channel->declareQueue(name, options);
    });
}

/*! Binds \a queue to \a exchange by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::bindQueue(const QString &queue, const QString &exchange,
                                                  const QString &routingKey,
                                                  const QAmqpTable &arguments)
{
    return d->request("queue.bind", [=](QAmqpChannel *channel) {
        return channel->bindQueue(queue, exchange, routingKey, arguments);
    });
}

/*! Takes back the binding of \a queue to \a exchange by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::unbindQueue(const QString &queue, const QString &exchange,
                                                    const QString &routingKey,
                                                    const QAmqpTable &arguments)
{
    return d->request("queue.unbind", [=](QAmqpChannel *channel) {
        return channel->unbindQueue(queue, exchange, routingKey, arguments);
    });
}

/*! Deletes the messages that are ready in \a queue, and returns how many there were. */
QAmqpResult<quint32> QAmqpBlockingChannel::purgeQueue(const QString &queue)
{
    return d->request<quint32>("queue.purge",
                               [=](QAmqpChannel *channel) { return channel->purgeQueue(queue); });
}

/*! Deletes \a queue, under the conditions in \a flags, and returns how many messages went with it. */
QAmqpResult<quint32> QAmqpBlockingChannel::deleteQueue(const QString &queue, DeleteFlags flags)
{
    return d->request<quint32>("queue.delete", [=](QAmqpChannel *channel) {
        return channel->deleteQueue(queue, flags);
    });
}

/*! Declares the exchange \a name of a \a type (\c direct, \c fanout, \c topic, \c headers, or a
    plugin's) with \a options. */
QAmqpResult<void> QAmqpBlockingChannel::declareExchange(const QString &name, const QString &type,
                                                        const QAmqpExchangeOptions &options)
{
    return d->request("exchange.declare", [=](QAmqpChannel *channel) {
        return channel->declareExchange(name, type, options);
    });
}

/*! \overload
    Declares a direct exchange, or with passive \a options looks up one of any type. */
QAmqpResult<void> QAmqpBlockingChannel::declareExchange(const QString &name,
                                                        const QAmqpExchangeOptions &options)
{
    return d->request("exchange.declare", [=](QAmqpChannel *channel) {
        return channel->declareExchange(name, options);
    });
}

/*! Has \a destination get what is published to \a source, by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::bindExchange(const QString &destination,
                                                     const QString &source,
                                                     const QString &routingKey,
                                                     const QAmqpTable &arguments)
{
    return d->request("exchange.bind", [=](QAmqpChannel *channel) {
        return channel->bindExchange(destination, source, routingKey, arguments);
    });
}

/*! Takes back the binding of \a destination to \a source by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::unbindExchange(const QString &destination,
                                                       const QString &source,
                                                       const QString &routingKey,
                                                       const QAmqpTable &arguments)
{
    return d->request("exchange.unbind", [=](QAmqpChannel *channel) {
        return channel->unbindExchange(destination, source, routingKey, arguments);
    });
}

/*! Deletes the exchange \a name, under the conditions in \a flags. */
QAmqpResult<void> QAmqpBlockingChannel::deleteExchange(const QString &name, DeleteFlags flags)
{
    return d->request("exchange.delete",
                      [=](QAmqpChannel *channel) { return channel->deleteExchange(name, flags); });
}

// A message that came when its call had failed already.
static void giveBack(const std::optional<QAmqpDelivery> &unwanted)
{
    static const QLoggingCategory log("qt.amqp.channel", QtWarningMsg);
    if (unwanted && unwanted->nack())
        qCDebug(log,
                "nobody waits any more for message %llu, which basic.get took: it goes back to its "
                "queue",
                unwanted->deliveryTag());
}

/*! Takes a message from \a queue, or nothing if it is empty. By \a policy it is to be acknowledged, or
    is gone from the queue at once. If the call fails with Timeout and a message comes all the same, that
    goes back to the queue. \sa QAmqpDelivery::ack() */
QAmqpResult<std::optional<QAmqpDelivery>> QAmqpBlockingChannel::get(const QString &queue,
                                                                    AckPolicy policy)
{
    return d->wait<QAmqpResult<std::optional<QAmqpDelivery>>>(
            "basic.get", [d = d.get(), queue, policy](const auto &answer) {
                giveWhenEnded(answer, d->channel->get(queue, policy), giveBack);
            });
}

/*! Has the broker send at most \a messages ahead of their acknowledgements, see
    QAmqpChannel::setPrefetch(). \a scope says to whom that applies. */
QAmqpResult<void> QAmqpBlockingChannel::setPrefetch(quint16 messages,
                                                    QAmqpChannel::PrefetchScope scope)
{
    return d->request("basic.qos",
                      [=](QAmqpChannel *channel) { return channel->setPrefetch(messages, scope); });
}

/*! Asks the broker to send deliveries (\a active) or to hold them back, and returns which it does, see
    QAmqpChannel::setFlow(): RabbitMQ answers \c true, and closes the connection (540) for \c false. */
QAmqpResult<bool> QAmqpBlockingChannel::setFlow(bool active)
{
    return d->request<bool>("channel.flow",
                            [active](QAmqpChannel *channel) { return channel->setFlow(active); });
}

/*! Has the broker deliver again what was delivered on this channel and not acknowledged. */
QAmqpResult<void> QAmqpBlockingChannel::recover()
{
    return d->request("basic.recover", [](QAmqpChannel *channel) { return channel->recover(); });
}

// Why not all was settled; that there was nothing to settle is no error.
static QAmqpError refusalOf(const char *what, const QAmqpChannel *channel, bool settled)
{
    if (!settled && !channel->isOpen())
        return blockingError(
                Kind::NotOpen,
                QStringLiteral("%1: the channel is not open").arg(QLatin1StringView(what)));
    return settled ? QAmqpError() : channel->lastError();
}

/*! Acknowledges everything delivered on this channel, also what was not seen yet. Fails with NotOpen if
    the channel is not open. */
QAmqpResult<void> QAmqpBlockingChannel::ackAll()
{
    return d->wait<QAmqpResult<void>>("ackAll()", [d = d.get()](const auto &answer) {
        answer->give(refusalOf("ackAll()", d->channel, d->channel->ackAll()));
    });
}

/*! Gives back, or discards, everything delivered on this channel, see \a requeue. Fails with NotOpen if
    the channel is not open, and with InvalidArgument if a stream was consumed on it, see
    QAmqpChannel::nackAll(). */
QAmqpResult<void> QAmqpBlockingChannel::nackAll(QAmqpDelivery::RequeueMode requeue)
{
    return d->wait<QAmqpResult<void>>("nackAll()", [d = d.get(), requeue](const auto &answer) {
        answer->give(refusalOf("nackAll()", d->channel, d->channel->nackAll(requeue)));
    });
}

/*! Begins transactions, which rule out confirms: publishes and acknowledgements take effect at
    txCommit(). */
QAmqpResult<void> QAmqpBlockingChannel::txSelect()
{
    const auto result =
            d->request("tx.select", [](QAmqpChannel *channel) { return channel->txSelect(); });
    if (result)
        d->publisher.setTransactional();
    return result;
}

/*! Has everything since txSelect() or the last txCommit() take effect. */
QAmqpResult<void> QAmqpBlockingChannel::txCommit()
{
    return d->request("tx.commit", [](QAmqpChannel *channel) { return channel->txCommit(); });
}

/*! Drops everything since txSelect() or the last txCommit(). */
QAmqpResult<void> QAmqpBlockingChannel::txRollback()
{
    return d->request("tx.rollback", [](QAmqpChannel *channel) { return channel->txRollback(); });
}

QDebug operator<<(QDebug debug, const QAmqpBlockingChannel &channel)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpBlockingChannel(" << channel.number()
                           << (channel.isOpen() ? ", open)" : ", closed)");
}

QT_END_NAMESPACE
