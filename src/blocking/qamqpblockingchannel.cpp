// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/qamqpblockingchannel_p.h"

#include "blocking/qamqpblockingconsumer_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
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
    : connection(std::move(owner)), timeout(connection->timeout.load()), publisher(this)
{
}

// No callback of the channel is called from now on, until it is opened again. What its consumers had
// waiting goes back to the queues when it closes.
void QAmqpBlockingChannelPrivate::silence()
{
    silenced = true;
    for (const ConsumerPointer &consumer : consumers)
        consumer->silence();
    publisher.silence();
}

void QAmqpBlockingChannelPrivate::abandon()
{
    locked([this] { silence(); });
    if (connection->orphaned)
        return keepForEver(shared_from_this());
    connection->thread.post([self = shared_from_this()] {
        delete self->channel.data(); // which still sends what it was asked for
        self->closed({});
    });
}

/*! Returns the connection, null once it is destroyed. */
QAmqpBlockingConnection *QAmqpBlockingChannel::connection() const
{
    return d->locked([this] { return d->connection->q; });
}

/*! Opens the channel again, with a clean slate: consumers, the prefetch and a transaction are not
    revived. Fails with NotOpen if the connection is not open. */
QAmqpResult<void> QAmqpBlockingChannel::open() { return d->open(); }

QAmqpResult<void> QAmqpBlockingChannelPrivate::open()
{
    const QString what = u"channel.open"_s;
    const auto result = connection->call<QAmqpResult<void>>(
            what, deadline(), [this, self = shared_from_this()](const Answer<void> &answer) {
                // Its end is told first, to those who wait for it.
                if (channel && channel->state() == QAmqpChannel::State::Closed)
                    afterEnd([self, answer] { self->openNow(answer); });
                else
                    openNow(answer);
            });
    if (!result) // it may open yet
        connection->thread.post([self = shared_from_this()] {
            if (self->channel)
                self->channel->close();
        });
    return result;
}

void QAmqpBlockingChannelPrivate::openNow(const Answer<void> &answer)
{
    if (!connection->connection->isOpen())
        return answer->give(endedError(u"channel.open: the connection is not open"_s, {}));
    if (!channel) {
        channel = connection->connection->createChannel();
        watch();
    } else {
        channel->open();
    }
    if (channel->isOpen())
        return answer->give(QAmqpResult<void>());
    if (channel->state() == QAmqpChannel::State::Closed)
        return answer->give(channel->lastError());
    waiters.push_back([answer](const QAmqpError &error) { answer->give(error); });
}

void QAmqpBlockingChannelPrivate::watch()
{
    {
        auto &channels = connection->channels;
        const std::lock_guard lock(mutex());
        std::erase_if(channels, [](const auto &other) { return other.expired(); });
        channels.push_back(weak_from_this());
    }
    // The channel object keeps this alive.
    QObject::connect(channel, &QAmqpChannel::opened, channel,
                     [this, self = shared_from_this()] { opened(); });
    QObject::connect(channel, &QAmqpChannel::errorOccurred, channel, [] {}); // the calls tell it
    QObject::connect(channel, &QAmqpChannel::publishRefused, channel, [] {}); // the same
    QObject::connect(channel, &QAmqpChannel::closed, channel, [this] {
        QAmqpError last = channel->lastError();
        if (last.scope() == QAmqpError::Scope::Operation)
            last = {}; // what was refused on this side ended nothing
        // If the connection ends with it, nobody is to see the one without the other.
        connection->afterEnd([self = shared_from_this(), last] { self->closed(last); });
    });
    publisher.watch(channel);
}

void QAmqpBlockingChannelPrivate::opened()
{
    {
        const std::lock_guard lock(mutex());
        isOpen = true;
        silenced = false;
        number = channel->number();
        lastError = QAmqpError();
        publisher.setTransactional(false);
    }
    answerAll(waiters, {});
}

void QAmqpBlockingChannelPrivate::closed(const QAmqpError &error)
{
    std::vector<ConsumerPointer> ended; // is destroyed without the mutex
    {
        const std::lock_guard lock(mutex());
        setClosed(error);
        if (!error)
            silence();
        ended = takeOut([](const auto &consumer) { return !consumer->isQueued(); });
    }
    publisher.channelClosed(error);
    answerAll(waiters,
              error ? error
                    : blockingError(Kind::Cancelled, u"channel.open: the channel was closed"));
}

void QAmqpBlockingChannelPrivate::setClosed(const QAmqpError &error)
{
    isOpen = false;
    lastError = error;
    for (const ConsumerPointer &consumer : consumers) {
        if (!consumer->ended)
            consumer->setEnded(error);
    }
    connection->dispatcher.changed();
}

void QAmqpBlockingChannelPrivate::afterEnd(const std::function<void()> &what)
{
    if (isOpen && !(channel && channel->isOpen()))
        waiters.push_back([what](const QAmqpError &) { what(); });
    else
        connection->afterEnd(what);
}

QAmqpError QAmqpBlockingChannelPrivate::refusal(const QString &what) const
{
    if (isOpen)
        return {};
    if (!connection->now.open)
        return connection->notOpen(what);
    return endedError(u"%1: channel %2 is closed; open() it again"_s.arg(what).arg(number),
                      lastError);
}

/*! Closes the channel when everything asked for before is done, confirms included. Succeeds if it is
    closed already. From the call on no callback of this channel is called, but for one that runs already;
    messages that came and were not seen go back to their queues. */
QAmqpResult<void> QAmqpBlockingChannel::close()
{
    {
        const std::lock_guard lock(d->mutex());
        d->silence();
        if (!d->isOpen)
            return {};
    }
    return d->call<QAmqpResult<void>>(u"channel.close"_s, [d = d.get()](const auto &answer) {
        if (!d->isOpen)
            return answer->give(QAmqpResult<void>());
        d->waiters.push_back([d, answer](const QAmqpError &) { answer->give(d->lastError); });
        d->channel->close();
    });
}

/*! Returns whether the channel is open. */
bool QAmqpBlockingChannel::isOpen() const
{
    return d->locked([this] { return d->isOpen; });
}

/*! Returns the channel's number on the wire. */
int QAmqpBlockingChannel::number() const
{
    return d->locked([this] { return d->number; });
}

/*! Returns why the channel ended; no error while it is open and after close(). */
QAmqpError QAmqpBlockingChannel::lastError() const
{
    return d->locked([this] { return d->lastError; });
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
    return d->request(u"queue.declare"_s, &QAmqpChannel::declareQueue, name, options);
}

/*! Binds \a queue to \a exchange by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::bindQueue(const QString &queue, const QString &exchange,
                                                  const QString &routingKey,
                                                  const QAmqpTable &arguments)
{
    return d->request(u"queue.bind"_s, &QAmqpChannel::bindQueue, queue, exchange, routingKey,
                      arguments);
}

/*! Takes back the binding of \a queue to \a exchange by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::unbindQueue(const QString &queue, const QString &exchange,
                                                    const QString &routingKey,
                                                    const QAmqpTable &arguments)
{
    return d->request(u"queue.unbind"_s, &QAmqpChannel::unbindQueue, queue, exchange, routingKey,
                      arguments);
}

/*! Deletes the messages that are ready in \a queue, and returns how many there were. */
QAmqpResult<quint32> QAmqpBlockingChannel::purgeQueue(const QString &queue)
{
    return d->request(u"queue.purge"_s, &QAmqpChannel::purgeQueue, queue);
}

/*! Deletes \a queue, under the conditions in \a flags, and returns how many messages went with it. */
QAmqpResult<quint32> QAmqpBlockingChannel::deleteQueue(const QString &queue, DeleteFlags flags)
{
    return d->request(u"queue.delete"_s, &QAmqpChannel::deleteQueue, queue, flags);
}

/*! Declares the exchange \a name of a \a type (\c direct, \c fanout, \c topic, \c headers, or a
    plugin's) with \a options. */
QAmqpResult<void> QAmqpBlockingChannel::declareExchange(const QString &name, const QString &type,
                                                        const QAmqpExchangeOptions &options)
{
    return d->request(u"exchange.declare"_s,
                      qOverload<const QString &, const QString &, const QAmqpExchangeOptions &>(
                              &QAmqpChannel::declareExchange),
                      name, type, options);
}

/*! \overload
    Declares a direct exchange, or with passive \a options looks up one of any type. */
QAmqpResult<void> QAmqpBlockingChannel::declareExchange(const QString &name,
                                                        const QAmqpExchangeOptions &options)
{
    return d->request(u"exchange.declare"_s,
                      qOverload<const QString &, const QAmqpExchangeOptions &>(
                              &QAmqpChannel::declareExchange),
                      name, options);
}

/*! Has \a destination get what is published to \a source, by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::bindExchange(const QString &destination,
                                                     const QString &source,
                                                     const QString &routingKey,
                                                     const QAmqpTable &arguments)
{
    return d->request(u"exchange.bind"_s, &QAmqpChannel::bindExchange, destination, source,
                      routingKey, arguments);
}

/*! Takes back the binding of \a destination to \a source by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::unbindExchange(const QString &destination,
                                                       const QString &source,
                                                       const QString &routingKey,
                                                       const QAmqpTable &arguments)
{
    return d->request(u"exchange.unbind"_s, &QAmqpChannel::unbindExchange, destination, source,
                      routingKey, arguments);
}

/*! Deletes the exchange \a name, under the conditions in \a flags. */
QAmqpResult<void> QAmqpBlockingChannel::deleteExchange(const QString &name, DeleteFlags flags)
{
    return d->request(u"exchange.delete"_s, &QAmqpChannel::deleteExchange, name, flags);
}

/*! Takes a message from \a queue, or nothing if it is empty. By \a policy it is to be acknowledged, or
    is gone from the queue at once. \sa QAmqpDelivery::ack() */
QAmqpResult<std::optional<QAmqpDelivery>> QAmqpBlockingChannel::get(const QString &queue,
                                                                    AckPolicy policy)
{
    return d->request(u"basic.get"_s, &QAmqpChannel::get, queue, policy);
}

/*! Has the broker send at most \a messages ahead of their acknowledgements, see
    QAmqpChannel::setPrefetch(). \a scope says to whom that applies. */
QAmqpResult<void> QAmqpBlockingChannel::setPrefetch(quint16 messages,
                                                    QAmqpChannel::PrefetchScope scope)
{
    return d->request(u"basic.qos"_s, &QAmqpChannel::setPrefetch, messages, scope);
}

/*! Asks the broker to send deliveries (\a active) or to hold them back, and returns which it does, see
    QAmqpChannel::setFlow(): RabbitMQ answers \c true, and closes the connection (540) for \c false. */
QAmqpResult<bool> QAmqpBlockingChannel::setFlow(bool active)
{
    return d->request(u"channel.flow"_s, &QAmqpChannel::setFlow, active);
}

/*! Has the broker deliver again what was delivered on this channel and not acknowledged. */
QAmqpResult<void> QAmqpBlockingChannel::recover()
{
    return d->request(u"basic.recover"_s, &QAmqpChannel::recover);
}

/*! Acknowledges everything delivered on this channel, also what was not seen yet. Fails with NotOpen if
    the channel is not open. */
QAmqpResult<void> QAmqpBlockingChannel::ackAll()
{
    return d->request(u"ackAll()"_s, &QAmqpChannel::ackAll);
}

/*! Gives back, or discards, everything delivered on this channel, see \a requeue. Fails with NotOpen if
    the channel is not open, and with InvalidArgument if a stream was consumed on it, see
    QAmqpChannel::nackAll(). */
QAmqpResult<void> QAmqpBlockingChannel::nackAll(QAmqpDelivery::RequeueMode requeue)
{
    return d->request(u"nackAll()"_s, &QAmqpChannel::nackAll, requeue);
}

/*! Begins transactions, which rule out confirms: publishes and acknowledgements take effect at
    txCommit(). */
QAmqpResult<void> QAmqpBlockingChannel::txSelect()
{
    const auto result = d->request(u"tx.select"_s, &QAmqpChannel::txSelect);
    if (result)
        d->locked([this] { d->publisher.setTransactional(true); });
    return result;
}

/*! Has everything since txSelect() or the last txCommit() take effect. */
QAmqpResult<void> QAmqpBlockingChannel::txCommit()
{
    return d->request(u"tx.commit"_s, &QAmqpChannel::txCommit);
}

/*! Drops everything since txSelect() or the last txCommit(). */
QAmqpResult<void> QAmqpBlockingChannel::txRollback()
{
    return d->request(u"tx.rollback"_s, &QAmqpChannel::txRollback);
}

QDebug operator<<(QDebug debug, const QAmqpBlockingChannel &channel)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpBlockingChannel(" << channel.number()
                           << (channel.isOpen() ? ", open)" : ", closed)");
}

QT_END_NAMESPACE
