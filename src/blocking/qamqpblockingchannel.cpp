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

    QAmqpBlockingConnection::createChannel() opens channels. Calls wait for the broker's answer, timeout() at
    most, and return a QAmqpResult; they may come from any thread. By the rules of AMQP, a request that the
    broker refuses closes the channel: the result of the request has the reason, and later calls fail with
    NotOpen and the same reason until open() is called.

    When the link is lost and the connection recovers, the channel comes back with everything that belonged to it:
    confirms or the transaction mode, prefetch and consumers. Calls that may be asked a second time without harm
    (declaring, binding and unbinding, setPrefetch(), consume(), txSelect() and open()) wait for that, timeout() at
    most; the error Timeout then has the loss as its QAmqpError::cause(). Calls that had reached the broker and may not be
    asked again (deleting, purging, get(), txCommit(), txRollback(), setFlow(), publish()) fail with Interrupted at the
    loss, and their outcome is unknown. Every call that begins while the connection recovers waits. What was delivered
    over the lost link can be acknowledged no more (QAmqpDelivery::isStale()), and comes again, see \l {Lost links}.

    Publisher confirms are on unless setConfirms(false) or txSelect() was called.

    The destructor closes the channel, but does not wait for that.

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

/*! Closes the channel, without waiting for that. Messages that were published before are still sent; received
    messages that were not acknowledged go back to their queues. No callback of the channel is called any
    more. */
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

// From now on no callback of the channel is called, until it is opened again. Messages that wait in its
// consumers go back to the queues when it closes.
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
        delete self->channel.data(); // its destructor lets pending calls finish
        self->closed({});
    });
}

/*! Returns the connection, null once it is destroyed. */
QAmqpBlockingConnection *QAmqpBlockingChannel::connection() const
{
    return d->locked([this] { return d->connection->q; });
}

/*! Opens the channel again. It has no consumers, the default prefetch and no transaction then. Fails with
    NotOpen if the connection is not open; while that recovers, waits until the channel is open, timeout() at most.
    Does nothing if the channel is open, or comes back by itself after the loss of a link. */
QAmqpResult<void> QAmqpBlockingChannel::open() { return d->open(); }

QAmqpResult<void> QAmqpBlockingChannelPrivate::open()
{
    const QString what = u"channel.open"_s;
    const auto result = connection->call<QAmqpResult<void>>(
            what, deadline(), [this, self = shared_from_this()](const Answer<void> &answer) {
                // The end of the channel must be reported before it is opened again.
                if (channel && channel->state() == QAmqpChannel::State::Closed)
                    afterEnd([self, answer] { self->openNow(answer); });
                else
                    openNow(answer);
            });
    if (!result) // the call has given up, but the channel may still open
        connection->thread.post([self = shared_from_this()] {
            if (self->channel)
                self->channel->close();
        });
    return result;
}

void QAmqpBlockingChannelPrivate::openNow(const Answer<void> &answer)
{
    if (!connection->isUsable())
        return answer->give(endedError(u"channel.open: the connection is not open"_s, {}));
    const bool isInterrupted =
            isOpen && channel && channel->state() == QAmqpChannel::State::Opening;
    if (isInterrupted) // its link comes back, which opened() would not tell
        return answer->give(QAmqpResult<void>());
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
    // The connections of the channel object keep this object alive.
    QObject::connect(channel, &QAmqpChannel::opened, channel,
                     [this, self = shared_from_this()] { opened(); });
    // The calls return these errors, so that no warning about them is needed.
    QObject::connect(channel, &QAmqpChannel::errorOccurred, channel, [] {});
    QObject::connect(channel, &QAmqpChannel::publishRefused, channel, [] {});
    QObject::connect(channel, &QAmqpChannel::closed, channel, [this] {
        QAmqpError last = channel->lastError();
        if (last.scope() == QAmqpError::Scope::Operation)
            last = {}; // a call that this side refused did not end the channel
        // If the connection ends too, both must seem to end at the same time.
        connection->afterEnd([self = shared_from_this(), last] { self->closed(last); });
    });
    QObject::connect(channel, &QAmqpChannel::interrupted, channel, [this](const QAmqpError &cause) {
        dropWaiting(); // nothing of it can be acknowledged any more, and it comes again
        // Who hears of the loss by the result of a call finds the connection recovering.
        connection->afterEnd(
                [self = shared_from_this(), cause] { self->publisher.interrupted(cause); });
    });
    publisher.watch(channel);
}

// What waits to be taken was settled with all other deliveries, or comes again. What was too large was rejected
// before, and is still told.
void QAmqpBlockingChannelPrivate::dropWaiting()
{
    std::vector<ConsumerPointer> over; // is destroyed without the mutex
    const std::lock_guard lock(mutex());
    for (const ConsumerPointer &consumer : consumers) {
        if (consumer->options.isNoAck())
            continue;
        for (auto &message : consumer->takeAll()) {
            if (message.error)
                consumer->add(std::move(message));
        }
        if (consumer->cancellationWaits)
            consumer->postCancellation();
    }
    over = takeOut([](const auto &consumer) { return consumer->isOver(); });
    connection->dispatcher.changed();
}

void QAmqpBlockingChannelPrivate::opened()
{
    dropWaiting(); // messages of before the channel ended, which come again
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
    std::vector<ConsumerPointer> ended; // destroyed without the mutex
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
    const auto state = channel ? channel->state() : QAmqpChannel::State::Closed;
    if (isOpen && (state == QAmqpChannel::State::Closing || state == QAmqpChannel::State::Closed))
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

/*! Closes the channel when everything asked for before is done, confirms included. Succeeds if it is closed
    already. As soon as it is called, no callback of this channel runs any more, except one that is running
    already; messages that came and were not seen go back to their queues. While the connection recovers it is
    closed at once, and does not come back; messages that were not sent yet fail. */
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

/*! Returns whether the channel is open. It stays open while the connection recovers. */
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

/*! Returns how long a call waits at most. */
std::chrono::milliseconds QAmqpBlockingChannel::timeout() const { return d->timeout; }

/*! Makes each call wait for \a timeout at most; the default is the timeout that the connection had when the
    channel was made. A call that gives up does not take its request back: the broker may still do it. */
void QAmqpBlockingChannel::setTimeout(std::chrono::milliseconds timeout)
{
    d->timeout = std::max(timeout, std::chrono::milliseconds(1));
}

/*! Declares the queue \a name with \a options, see QAmqpChannel::declareQueue(). If the name is empty, the
    broker makes one up, and the result has it. */
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

/*! Removes the binding of \a queue to \a exchange by \a routingKey and \a arguments. */
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
    Declares the exchange \a name of one of the four types that each broker has, with \a options. */
QAmqpResult<void> QAmqpBlockingChannel::declareExchange(const QString &name,
                                                        QAmqpExchangeOptions::Type type,
                                                        const QAmqpExchangeOptions &options)
{
    return d->request(
            u"exchange.declare"_s,
            qOverload<const QString &, QAmqpExchangeOptions::Type, const QAmqpExchangeOptions &>(
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

/*! Binds the exchange \a destination to the exchange \a source by \a routingKey and \a arguments. */
QAmqpResult<void> QAmqpBlockingChannel::bindExchange(const QString &destination,
                                                     const QString &source,
                                                     const QString &routingKey,
                                                     const QAmqpTable &arguments)
{
    return d->request(u"exchange.bind"_s, &QAmqpChannel::bindExchange, destination, source,
                      routingKey, arguments);
}

/*! Removes the binding of \a destination to \a source by \a routingKey and \a arguments. */
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

/*! Takes a message from \a queue, or nothing if it is empty. The \a policy says whether the message must be
    acknowledged, or is removed from the queue at once. Fails with Interrupted if the link is lost before the answer
    came: the message is back in its queue then, unless it needed no acknowledgement. \sa QAmqpDelivery::ack() */
QAmqpResult<std::optional<QAmqpDelivery>> QAmqpBlockingChannel::get(const QString &queue,
                                                                    AckPolicy policy)
{
    return d->request(u"basic.get"_s, &QAmqpChannel::get, queue, policy);
}

/*! Has the broker send at most \a messages ahead of their acknowledgements, see
    QAmqpChannel::setPrefetch(). The \a scope says to which consumers that applies. */
QAmqpResult<void> QAmqpBlockingChannel::setPrefetch(quint16 messages,
                                                    QAmqpChannel::PrefetchScope scope)
{
    return d->request(u"basic.qos"_s, &QAmqpChannel::setPrefetch, messages, scope);
}

/*! Asks the broker to send deliveries if \a active, and to hold them back otherwise. Returns whether it sends
    them, see QAmqpChannel::setFlow(): RabbitMQ answers \c true, and closes the connection (540) for
    \c false. */
QAmqpResult<bool> QAmqpBlockingChannel::setFlow(bool active)
{
    return d->request(u"channel.flow"_s, &QAmqpChannel::setFlow, active);
}

/*! Has the broker deliver all messages again that were delivered on this channel and not acknowledged. Those
    that wait here to be taken are dropped, since they come again. */
QAmqpResult<void> QAmqpBlockingChannel::recover()
{
    return d->call<QAmqpResult<void>>(u"basic.recover"_s, [d = d](const auto &answer) {
        QFuture<void> recovered = d->channel->recover().then([d](const QFuture<void> &ended) {
            QFuture<void>(ended).waitForFinished(); // throws the error, if there is one
            d->dropWaiting();
        });
        giveWhenEnded(answer, recovered, d);
    });
}

/*! Acknowledges everything delivered on this channel. Messages that wait here to be taken are acknowledged too,
    and dropped. Fails with NotOpen if the channel is not open, and with Interrupted while the connection recovers,
    since everything that was delivered comes again. */
QAmqpResult<void> QAmqpBlockingChannel::ackAll()
{
    return d->settleAll(u"ackAll()"_s, [d = d.get()] { return d->channel->ackAll(); });
}

/*! Gives everything that was delivered on this channel back to the queues, or discards it, as \a requeue
    says. Messages that wait here to be taken are dropped. Fails with NotOpen if the channel is not open, with
    Interrupted while the connection recovers, since everything that was delivered comes again, and with
    InvalidArgument if a stream was consumed on it, see QAmqpChannel::nackAll(). */
QAmqpResult<void> QAmqpBlockingChannel::nackAll(QAmqpDelivery::RequeueMode requeue)
{
    return d->settleAll(u"nackAll()"_s, [=, d = d.get()] { return d->channel->nackAll(requeue); });
}

QAmqpResult<void> QAmqpBlockingChannelPrivate::settleAll(const QString &what,
                                                         const std::function<bool()> &settle)
{
    return call<QAmqpResult<void>>(what, [=, this](const Answer<void> &answer) {
        if (channel->state() == QAmqpChannel::State::Opening)
            return answer->give(blockingError(
                    Kind::Interrupted,
                    u"%1: the link is lost over which the messages came, and they come again",
                    what));
        const bool isDone = settle();
        if (isDone)
            dropWaiting();
        answer->give(isDone ? QAmqpError() : channel->lastError());
    });
}

/*! Makes the channel transactional: publishes and acknowledgements take effect at txCommit(). This rules out
    confirms. */
QAmqpResult<void> QAmqpBlockingChannel::txSelect()
{
    const auto result = d->request(u"tx.select"_s, &QAmqpChannel::txSelect);
    if (result)
        d->locked([this] { d->publisher.setTransactional(true); });
    return result;
}

/*! Makes publishes and acknowledgements since txSelect() or the end of the last transaction take effect. If the link
    was lost since, all of them are gone, and the call fails with Interrupted; if it is lost before the broker has
    answered, they may have taken effect. */
QAmqpResult<void> QAmqpBlockingChannel::txCommit()
{
    return d->request(u"tx.commit"_s, &QAmqpChannel::txCommit);
}

/*! Drops publishes and acknowledgements since txSelect() or the end of the last transaction. */
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
