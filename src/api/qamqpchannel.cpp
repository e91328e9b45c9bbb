// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpchannel_p.h"

#include "api/devicesource.h"
#include "api/qamqpconnection_p.h"
#include "api/qamqpconsumer_p.h"
#include "values/qamqpmessage_p.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtAmqp/qamqpqueue.h>
#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

// Kept for a channel that cannot send yet; more than this is refused.
constexpr qint64 MaxWaitingBytes = 8 * 1024 * 1024;

/*!
    \class QAmqpChannel
    \inmodule QtAmqp
    \brief A channel: everything that AMQP can do with exchanges, queues and messages.

    QAmqpConnection::createChannel() makes channels. Every call is sent in the order of the calls,
    publishes and acknowledgements included; calls made before the channel is open are kept (at most
    8 MiB of messages) and sent when it opens. Requests return a QFuture of their own, which ends
    with the reply or with a QAmqpException that carries the QAmqpError; nothing is attached to it by
    the library. Do not wait for it with result() in the connection's thread: it is finished there.

    A failing request closes the channel: that is AMQP's way. The request's future tells why, all other
    pending futures fail as Cancelled with that cause, unanswered publishes become indeterminate, and
    errorOccurred() and closed() follow. Other channels go on. open() makes the channel usable again.

    The loss of the link does not close a channel while its connection recovers, see \l {When the link is lost}.
    interrupted() tells of it, and the state is Opening until the channel is back with its modes and its consumers,
    which recovered() tells; meanwhile calls are kept as before the first opening. What comes then is in the order of
    the calls, behind what is asked again.

    Publisher confirms are on unless setConfirms(false) or txSelect() was called: each publish ends in
    exactly one of confirmed(), nacked() and indeterminate().

    An empty name of a queue means the one that the channel declared last, also if the broker makes up its name. If
    none was declared, the call fails with InvalidArgument. declareQueue() alone asks for a new queue then.

    All calls belong to the connection's thread. From another one requests fail with InvalidArgument,
    and what returns no future prints a warning and does nothing; publish() returns 0.

    \sa {AMQP 0-9-1 §1.5}, {https://www.rabbitmq.com/channels.html}
*/

/*!
    \enum QAmqpChannel::State
    \value Closed   Not usable; calls fail with NotOpen.
    \value Opening  Calls are kept until the channel is open, for the first time or again after the loss of the link.
    \value Open     Calls are sent.
    \value Closing  close() was called; what was asked before is being finished.
*/
/*!
    \enum QAmqpChannel::PublishFlag
    \value NoFlags    A message that reaches no queue is dropped, and confirmed.
    \value Mandatory  A message that reaches no queue comes back by messageReturned().
*/
/*!
    \enum QAmqpChannel::DeleteFlag
    \value Unconditionally  Deletes it, whatever is in it or bound to it.
    \value IfUnused         Fails (406) if it has consumers (a queue) or bindings (an exchange).
    \value IfEmpty          Fails (406) if the queue has messages.
*/
/*!
    \enum QAmqpChannel::AckPolicy
    \value Manual  The message is yours once you acknowledge it.
    \value NoAck   The broker forgets the message as it sends it.
*/
/*!
    \enum QAmqpChannel::PrefetchScope
    \value Consumer  The limit holds for each consumer that starts from now on.
    \value Channel   The limit holds for all consumers of the channel together.
*/
/*! \class QAmqpQueueInfo
    \inmodule QtAmqp
    \inheaderfile QAmqpChannel
    \brief What the broker tells of a declared queue: its name, how many messages are ready in it, and
    how many consumers it has. */

/*! \fn void QAmqpChannel::stateChanged(QAmqpChannel::State state)
    Emitted when \a state is reached. */
/*! \fn void QAmqpChannel::opened()
    Emitted once for each open(), when the channel is open. */
/*! \fn void QAmqpChannel::interrupted(const QAmqpError &cause)
    The link on which the channel was open is lost for \a cause, and the channel goes on with the next one. Futures and
    publishes that ended with it have been told before. What the channel delivered is stale now
    (QAmqpDelivery::isStale()): whoever keeps deliveries to settle them drops them here, since they come again.
    stateChanged() with Opening follows. Also emitted if the broker closes the channel because it refuses to start a
    consumer again while the channel is being restored, which is then tried once more. Not emitted if the channel ends
    with the link: closed() tells that. */
/*! \fn void QAmqpChannel::recovered()
    The channel is open on the next link, and its modes, its prefetch and its consumers are as they were, but for those
    whose end was told by QAmqpConsumer::cancelled(). What waited in the channel is sent.
    QAmqpConnection::recovered() follows when the other channels are back too. */
/*! \fn void QAmqpChannel::closed()
    Emitted once for each open(), when the channel is closed for whatever reason. If its connection ended
    by an error, lastError() is that error, which QAmqpConnection::errorOccurred() tells after this. */
/*! \fn void QAmqpChannel::errorOccurred(const QAmqpError &error)
    Emitted once, before closed(), if the channel ended by an \a error of its own: the broker closed it,
    its reply code says which kind of error. What ended the connection is told by
    QAmqpConnection::errorOccurred() alone, see \l {Errors}.

    Of this side are Timeout, when the broker did not answer the opening or the closing of the channel,
    txCommit() or recover() in time, or not all publishes after close(); and LimitExceeded, if the
    broker, as the connection opened, allowed fewer channels or smaller frames than were asked for
    before; and InvalidArgument, if it turned out to have no confirms for what was published before. Not emitted when the channel was closed in good order. */
/*! \fn void QAmqpChannel::lastErrorChanged(const QAmqpError &error)
    Emitted when \a error has become the one that lastError() returns: also because a call was refused. */
/*! \fn void QAmqpChannel::confirmed(quint64 firstTag, quint64 lastTag)
    The broker is responsible for the publishes \a firstTag to \a lastTag now. */
/*! \fn void QAmqpChannel::nacked(quint64 firstTag, quint64 lastTag)
    The broker refused the publishes \a firstTag to \a lastTag, or their bodies were to come from a device and
    could not be sent entirely; nothing of them was kept. */
/*! \fn void QAmqpChannel::indeterminate(quint64 firstTag, quint64 lastTag)
    The channel ended, or the link was lost, before the broker answered for \a firstTag to \a lastTag: they may have
    arrived. They are not published again by the library. */
/*! \fn void QAmqpChannel::messageReturned(const QAmqpReturn &message)
    A mandatory \a message reached no queue. It is confirmed afterwards, as the broker does. */
/*! \fn void QAmqpChannel::publishRefused(const QAmqpError &error, quint64 messages)
    So many \a messages were given to publish() of the channel or its handles and refused: it returned 0, and
    nothing was sent. Emitted once for all such calls since the last turn of the event loop; \a error is that of the
    last one. What publishConfirmed() refuses its future tells alone. */
/*! \fn void QAmqpChannel::readyToPublishChanged(bool ready)
    Emitted from the event loop when \a ready has become what isReadyToPublish() returns. */
/*! \fn void QAmqpChannel::readyToPublish()
    Emitted when isReadyToPublish() has become \c true: when the channel has opened, and when there is room again. */

QAmqpChannel::QAmqpChannel(QAmqpChannelPrivate *dd, QObject *parent) : QObject(parent), d_ptr(dd)
{
    dd->q = this;
}

QAmqpChannelPrivate::QAmqpChannelPrivate(QAmqpConnection *owner)
    : connection(owner), engine(QAmqpConnectionPrivate::of(owner)->engine.get())
{
    QAmqpConnectionPrivate::of(owner)->channels.append(this);
}

/*!
    Closes the channel as close() does, but in silence: pending futures fail, publishes and
    acknowledgements already made are still sent, nothing is emitted. Its queues, exchanges and
    consumers are deleted. A continuation of such a future may delete any other object; what it asks of
    this one is refused.
*/
QAmqpChannel::~QAmqpChannel()
{
    d_ptr->leaveConnection();
    d_ptr->q = nullptr;
    setParent(nullptr); // a continuation may delete the parent
    d_ptr->failRequests(givenUp(u"channel %1 was destroyed", d_ptr->number));
    while (!children().isEmpty())
        delete children().constFirst();
}

/*! Returns the connection, null once it is destroyed. */
QAmqpConnection *QAmqpChannel::connection() const { return d_ptr->connection; }

/*! \property QAmqpChannel::number
    The channel's number on the wire, 1 or more, 0 if it never got one. */
int QAmqpChannel::number() const { return d_ptr->number; }

/*! \property QAmqpChannel::state
    The state as of now; stateChanged() follows from the event loop. */
QAmqpChannel::State QAmqpChannel::state() const { return d_ptr->currentState(); }

/*! Returns whether state() is Open. */
bool QAmqpChannel::isOpen() const { return state() == State::Open; }

/*! \property QAmqpChannel::lastError
    Why the channel closed, or why the last call was refused that returned no future. There is none from open()
    on. lastErrorChanged() follows from the event loop, unless the connection was destroyed. */
QAmqpError QAmqpChannel::lastError() const { return d_ptr->lastError; }

QAmqpChannel::State QAmqpChannelPrivate::currentState() const
{
    if (!core || core->isEnded())
        return QAmqpChannel::State::Closed;
    if (core->isClosing())
        return QAmqpChannel::State::Closing;
    return core->state() == ChannelState::Open ? QAmqpChannel::State::Open
                                               : QAmqpChannel::State::Opening;
}

QAmqpError QAmqpChannelPrivate::threadError(const char *what) const
{
    if (!engine || !engine->mailbox()->isForeign())
        return {};
    return invalidArgument(
            u"%1: channel %2 was called from a thread other than its connection's; call it there, for example by QMetaObject::invokeMethod()",
            what, number);
}

QAmqpError QAmqpChannelPrivate::refusal(const MethodInfo &method, qsizetype size,
                                        const QueueName *queue) const
{
    if (const QAmqpError error = threadError(method.name))
        return error;
    if (!engine)
        return notOpen(u"%1: channel %2 or its connection was destroyed", method.name, number);
    if (!core || core->isEnded())
        return notOpen(u"%1: channel %2 is closed; open() it again", method.name, number);
    if (core->isClosing() || engine->core().isClosing())
        return notOpen(u"%1: channel %2 is closing", method.name, number);
    if (queue && queue->isMissing())
        return invalidArgument(
                u"%1: the queue has no name yet; declare it, and the broker makes one up",
                method.name);
    // A frame above the negotiated size would end the whole connection.
    const quint32 frameMax = engine->core().outgoingFrameMax();
    // The name may be put in later, and in a binding that is the key too.
    if (queue && (queue->isComing || queue == core->lastDeclared().data()))
        size += 2 * MaxShortString;
    if (size + FrameOverhead > qsizetype(frameMax))
        return operationError(
                Kind::LimitExceeded, QAmqpError::Origin::Library,
                u"%1 takes %2 bytes and must fit one frame of %3; shorten its arguments",
                method.name, size, frameMax);
    return {};
}

// Tells of a refusal where no future can. What lastError() returns belongs to the connection's thread.
void QAmqpChannelPrivate::refuse(const QAmqpError &error)
{
    if (engine && engine->mailbox()->isForeign())
        qWarning("QtAmqp: %s", qPrintable(error.text()));
    else
        setLastError(error);
}

// A channel that was closed or destroyed has its number until the broker has answered that.
static QString allInUse(const ConnectionCore &core)
{
    int closing = 0;
    for (quint16 number = 1; const ChannelCore *each = core.channel(number); ++number)
        closing += each->isClosing();
    if (closing == 0)
        return QStringLiteral("all channels of this connection are in use; close some, or open a "
                              "second connection");
    return formatted(
            u"all channels of this connection are in use, %1 of them only until the broker "
            "has answered their close; open() the channel again then, or use a second "
            "connection",
            closing);
}

/*! Opens a channel that is closed, with a new number and a clean slate: consumers, the prefetch and a
    transaction are not revived, the tags of publishes go on. On a closed connection the channel opens
    with it. In a slot or a continuation that runs before closed() is emitted, while state() is Closed
    already, it opens too; closed() follows all the same. While the connection recovers the channel opens when that is
    done. Does nothing unless closed; sets lastError(), and
    stays closed, while the connection is closing (NotOpen) or if it has no channel left (LimitExceeded): one
    that was closed or destroyed counts until the broker has answered its close. \sa {AMQP 0-9-1 §1.5} */
void QAmqpChannel::open()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->threadError("open()"))
        return d->refuse(error);
    if (!d->engine || (d->core && !d->core->isEnded()))
        return;
    ConnectionCore &core = d->engine->core();
    if (core.isClosing()) {
        d->setLastError(notOpen(u"open(): the connection is closing; wait for its closed()"));
        return;
    }
    if (d->core) // closed() of the earlier session is still to be emitted
        d->leaveCore();
    d->core = core.addChannel(d->nextTag);
    if (!d->core) {
        d->setLastError(QAmqpError(Kind::LimitExceeded, QAmqpError::Scope::Channel,
                                   QAmqpError::Origin::Library, allInUse(core)));
        return;
    }
    d->number = d->core->number();
    d->setLastError({});
    d->emittedState = State::Closed; // so that Opening is emitted, with another number
    d->refusalWarned = false;
    d->publishHeld = false;
    d->wasOpened = false;
    d->engine->addChannel(quint16(d->number), d);
    d->engine->scheduleTurn();
}

/*! Closes as soon as everything asked for before is done, confirms included. Deliveries that arrive
    meanwhile go back to their queues. Safe in every state. While the link is lost there is nobody to tell, and the
    channel closes at once: what waits in it is not sent.

    Each request that is missing has its time, and the confirms together have
    QAmqpConnectionOptions::requestTimeout() since the last one of them came. When that is over, the channel
    closes all the same: the publishes are indeterminate and errorOccurred() tells of it (Timeout). */
void QAmqpChannel::close()
{
    if (const QAmqpError error = d_ptr->threadError("close()"))
        return d_ptr->refuse(error);
    if (d_ptr->core)
        d_ptr->engine->closeChannel(quint16(d_ptr->number));
}

bool operator==(const QAmqpQueueInfo &a, const QAmqpQueueInfo &b)
{
    return a.name == b.name && a.messageCount == b.messageCount
            && a.consumerCount == b.consumerCount;
}

QDebug operator<<(QDebug debug, const QAmqpQueueInfo &info)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpQueueInfo(" << info.name << ", " << info.messageCount
                           << " messages, " << info.consumerCount << " consumers)";
}

/*! \relates QAmqpChannel
    Writes the number and state of \a channel and what it waits for to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpChannel *channel)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!channel)
        return debug << "QAmqpChannel(null)";
    debug << "QAmqpChannel(" << channel->number() << ", " << channel->state();
    if (channel->unconfirmed())
        debug << ", " << channel->unconfirmed() << " unconfirmed";
    if (const qsizetype consumers = channel->consumerTags().size())
        debug << ", " << consumers << " consumers";
    if (channel->lastError())
        debug << ", " << channel->lastError();
    return debug << ')';
}

/*! Returns a new handle, a child of this channel, for the queue \a name; without a name the broker
    makes one up when the handle is declared. Nothing is sent. */
QAmqpQueue *QAmqpChannel::queue(const QString &name) { return new QAmqpQueue(name, this); }

/*! Returns a new handle, a child of this channel, for the exchange \a name. Nothing is sent. */
QAmqpExchange *QAmqpChannel::exchange(const QString &name) { return new QAmqpExchange(name, this); }

QAmqpError QAmqpChannelPrivate::publishRefusal(const BasicPublish &method,
                                               const QAmqpMessage &message,
                                               const QueueName *queue) const
{
    if (const QAmqpError error = refusal(method, queue))
        return error;
    if (const QString reason = message.errorString(); !reason.isEmpty())
        return invalidArgument(u"the message cannot be sent: %1", reason);
    const quint32 frameMax = engine->core().outgoingFrameMax();
    if (!ChannelCore::fitsFrame(message, frameMax))
        return operationError(
                Kind::LimitExceeded, QAmqpError::Origin::Library,
                u"the message's properties do not fit one frame of %1 bytes; shorten its headers",
                frameMax);
    if (((queue && queue->isComing) || !core->sendsAtOnce())
        && engine->core().waitingBytes() + storedSizeOf(message) > MaxWaitingBytes)
        return operationError(
                Kind::LimitExceeded, QAmqpError::Origin::Library,
                u"8 MiB of messages wait for the channel to send them; go on at readyToPublish()");
    return {};
}

QAmqpError QAmqpChannelPrivate::bodyRefusal(const DeviceBody &body, const QAmqpMessage &properties)
{
    QIODevice *const device = body.device;
    if (!device || !device->isReadable())
        return invalidArgument(u"publish(): %1",
                               device ? "the device of the body is not open for reading"
                                      : "there is no device to read the body from");
    if (device->thread() != QThread::currentThread())
        return invalidArgument(
                u"publish(): the device of the body belongs to another thread than the connection");
    if (!properties.body().isEmpty())
        return invalidArgument(
                u"publish(): the message has a body already; give one without, for its properties");
    if (body.size < 0)
        return invalidArgument(u"publish(): a body cannot have %1 bytes", body.size);
    if (const qint64 left = device->size() - device->pos();
        !device->isSequential() && body.size > left)
        return invalidArgument(
                u"publish(): a body of %1 bytes was asked for, and the device has %2 from its position on",
                body.size, left);
    return {};
}

/*!
    Publishes \a message to \a exchange (empty: the default exchange, whose routing keys are names of
    queues) with \a routingKey, and returns a tag: 1, 2, 3 and so on through the life of this object,
    also across open(). Never waits; bytes leave at the latest at the end of this turn of the event
    loop. What becomes of the message is told by confirmed(), nacked(), indeterminate() and, with the
    flag Mandatory, messageReturned().

    Returns 0, sends nothing and sets lastError() if the channel is closed (NotOpen), a name or a
    property cannot be sent or the broker has no confirms and setConfirms(false) was not called
    (InvalidArgument), or the properties do not fit one frame or 8 MiB wait
    already because the channel cannot send yet (LimitExceeded). A missing exchange closes the channel
    (404) later. publishRefused() follows from the event loop; if nobody is connected to it, the first such
    call after each open() is warned of.

    \a flags: see PublishFlag. \sa isReadyToPublish(), {AMQP 0-9-1 §1.8.3.7}
*/
quint64 QAmqpChannel::publish(const QString &exchange, const QString &routingKey,
                              const QAmqpMessage &message, PublishFlags flags)
{
    return d_ptr->publishReporting(exchange, routingKey, message, flags);
}

quint64 QAmqpChannelPrivate::publish(const QString &exchange, const QString &routingKey,
                                     const QAmqpMessage &message, QAmqpChannel::PublishFlags flags,
                                     const QueueNamePointer &queue, const DeviceBody *body)
{
    if (engine && engine->mailbox()->isForeign()) {
        refuse(threadError("publish()"));
        return 0;
    }
    const QByteArray &exchangeName = exchangeUtf8.of(exchange);
    const QByteArray &key = queue ? queue->name : routingKeyUtf8.of(routingKey);
    const bool isKeyValid = queue ? !key.isEmpty() && key.isValidUtf8() : routingKeyUtf8.isValid();
    const BasicPublish method{.exchange = exchangeName,
                              .routingKey = key,
                              .mandatory = flags.testFlag(QAmqpChannel::Mandatory)};
    const QAmqpMessagePrivate &content = QAmqpMessagePrivate::of(message);
    const bool ordinary = core && core->state() == ChannelState::Open && !core->isClosing()
            && !engine->core().isClosing() && exchangeName.size() <= MaxShortString
            && key.size() <= MaxShortString && exchangeUtf8.isValid() && isKeyValid
            && content.refusals.isEmpty() && content.properties.size() < 1024
            && engine->core().waitingBytes() == 0 && !body;
    if (!ordinary) {
        QAmqpError error = publishRefusal(method, message, queue.data());
        if (body && !error)
            error = bodyRefusal(*body, message);
        if (error) {
            setLastError(error);
            return 0;
        }
    }
    engine->collectMail();
    if (confirmsWanted && !core->isConfirming() && !core->isTransactional()) {
        if (!engine->core().mayConfirm()) {
            setLastError(invalidArgument(
                    u"publish(): the broker knows no publisher confirms; call setConfirms(false) before"));
            return 0;
        }
        core->selectConfirms();
    }
    StreamedBody streamed;
    if (body && body->size > 0)
        streamed = {std::make_shared<DeviceSource>(body->device, engine->weak_from_this()),
                    quint64(body->size)};
    const quint64 tag = core->publish(method, message, queue, std::move(streamed));
    engine->scheduleTurn(); // which also looks at how much is on its way out
    if ((maxUnconfirmed > 0 && core->unconfirmed() >= maxUnconfirmed) || core->hasStreamedBody())
        holdPublish();
    return tag;
}

QAmqpError QAmqpChannelPrivate::confirmsRefusal(const char *function) const
{
    QAmqpError error = threadError(function);
    if (!error && (!confirmsWanted || (core && core->isTransactional())))
        error = invalidArgument(
                u"%1 needs confirms, which setConfirms(false) or txSelect() turned off", function);
    return error;
}

QFuture<quint64> QAmqpChannelPrivate::publishConfirmed(
        const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
        QAmqpChannel::PublishFlags flags, const QueueNamePointer &queue, const DeviceBody *body)
{
    if (const QAmqpError error = confirmsRefusal("publishConfirmed()"))
        return failedFuture<quint64>(error);
    const QAmqpError before = lastError; // a refusal is told by the future alone
    const quint64 tag = publish(exchange, routingKey, message, flags, queue, body);
    if (tag == 0) {
        const QAmqpError refused = std::exchange(lastError, before);
        return failedFuture<quint64>(refused);
    }
    return wait<quint64>(core->awaitConfirm(), {}, [tag](const RequestEnd &) { return tag; });
}

/*!
    Publishes like publish() and returns a future that ends with the tag once the broker confirmed the
    message, or with an error: Nacked, Unroutable (a returned Mandatory message), or the error that ended
    the channel or connection before the broker answered. What publish() would refuse fails at once, and
    so do confirms that are off (InvalidArgument). Costs more than the signals, for a message or two.

    \a exchange, \a routingKey, \a message and \a flags are those of publish().
*/
QFuture<quint64> QAmqpChannel::publishConfirmed(const QString &exchange, const QString &routingKey,
                                                const QAmqpMessage &message, PublishFlags flags)
{
    return d_ptr->publishConfirmed(exchange, routingKey, message, flags);
}

/*!
    \overload
    Publishes a message with the properties of \a properties, which has no body, and the next \a size bytes of
    the device \a body. They are read from the event loop while the connection has room for them, so that a body
    of any size takes less than 256 KiB of memory. The device must be open for reading, belong to the
    connection's thread and live until the message is settled; nobody else may read it meanwhile. A sequential
    device must emit QIODevice::readyRead(); a QFile that is a pipe stops the thread instead until there is
    something to read. The device is neither closed nor deleted.

    It is one publish like any other, with a tag and an outcome. Since AMQP lets nothing come between the frames
    of a message, everything else that is asked of this channel waits for the end of the body, acknowledgements
    and close() too, while other channels go on: use a channel for streamed bodies alone. isReadyToPublish() is
    \c false until no streamed body is left to be sent. What an alarm of the broker blocks, or a slow peer, just
    takes longer, and heartbeats go on. There is no timeout for a device that has nothing to read.

    If the device fails, is closed or destroyed, or ends before \a size bytes were read, the message is nacked(),
    and the error (DeviceFailed) says why. If nothing of the message was sent so far, that is all; but without
    confirms the channel closes, since nothing else could tell. A message that has begun cannot be taken back. It
    stays unfinished, so that no queue gets it, and the channel ends with that error; errorOccurred() and
    closed() are emitted. The broker is not told that this channel is closed, as RabbitMQ would end the
    connection (505), so that its number stays taken, and the unacknowledged messages of its consumers stay with
    it, until the connection closes. The same holds whenever a channel ends in the middle of a body, for instance
    because the broker closes it: that message is nacked() too, as it cannot have arrived.

    When the channel object is destroyed, its bodies are still sent. When the connection is destroyed, they are
    for QAmqpConnectionOptions::lingerTime() at most; but a device that destroys the connection while it is read ends its
    body there, and the message never reaches a queue.

    Returns 0 as the other publish() does, and with InvalidArgument in lastError() also if there is no such
    device, it is not open for reading, it belongs to another thread, it is not sequential and has less than
    \a size bytes from its position on, \a size is negative, or \a properties has a body. A broker may refuse large
    messages: RabbitMQ closes the channel (406) for more than its \c max_message_size, 128 MiB if nothing else is
    configured. With Mandatory in \a flags a message that no queue takes comes back with its body, which is
    assembled in memory up to QAmqpConnectionOptions::maxMessageSize().

    \a exchange and \a routingKey are those of publish(). The blocking classes and QML have no streamed bodies.
    \sa {https://www.rabbitmq.com/docs/channels}, {AMQP 0-9-1 §4.2.6}
*/
quint64 QAmqpChannel::publish(const QString &exchange, const QString &routingKey, QIODevice *body,
                              qint64 size, const QAmqpMessage &properties, PublishFlags flags)
{
    const DeviceBody from{body, size};
    return d_ptr->publishReporting(exchange, routingKey, properties, flags, {}, &from);
}

/*!
    \overload
    Publishes \a size bytes of the device \a body as publish() does, and returns a future as the other
    publishConfirmed() does. If the device fails, the future fails with DeviceFailed.

    \a exchange, \a routingKey, \a properties and \a flags are those of publish().
*/
QFuture<quint64> QAmqpChannel::publishConfirmed(const QString &exchange, const QString &routingKey,
                                                QIODevice *body, qint64 size,
                                                const QAmqpMessage &properties, PublishFlags flags)
{
    const DeviceBody from{body, size};
    return d_ptr->publishConfirmed(exchange, routingKey, properties, flags, {}, &from);
}

/*! Returns a future that ends when everything published so far is answered for: well, or with the
    first error among them: Nacked, or what ended the channel and left one indeterminate. Ends at once
    if nothing is unanswered; fails with InvalidArgument if confirms are off. */
QFuture<void> QAmqpChannel::allConfirmed()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (const QAmqpError error = d->confirmsRefusal("allConfirmed()"))
        return failedFuture<void>(error);
    if (d->unreportedFailure)
        return failedFuture<void>(d->unreportedFailure);
    if (!d->core)
        return QtFuture::makeReadyFuture();
    if (const RequestId request = d->core->awaitAllConfirms())
        return d->wait(request);
    const QAmqpError &failure = d->core->unreportedFailure();
    return failure ? failedFuture<void>(failure) : QtFuture::makeReadyFuture();
}

/*! Returns whether publishes are confirmed, unless txSelect() was called; on by default. */
bool QAmqpChannel::confirms() const { return d_ptr->confirmsWanted; }

/*! Turns publisher confirms on or off (\a enabled). They are on from the start; returns \c false, and
    changes nothing, once the channel has published or is in a transaction. */
bool QAmqpChannel::setConfirms(bool enabled)
{
    if (const QAmqpError error = d_ptr->threadError("setConfirms()")) {
        d_ptr->refuse(error);
        return false;
    }
    const ChannelCore *core = d_ptr->core;
    if (core
        && (core->isConfirming() || core->isTransactional()
            || core->nextPublishTag() != d_ptr->nextTag)) {
        d_ptr->setLastError(invalidArgument(
                u"setConfirms() comes before the first publish() and not within a transaction"));
        return false;
    }
    d_ptr->confirmsWanted = enabled;
    return true;
}

/*! Returns how many publishes the broker has not answered for. */
quint64 QAmqpChannel::unconfirmed() const { return d_ptr->core ? d_ptr->core->unconfirmed() : 0; }

/*! Returns the bound that setMaxUnconfirmed() set, 0 for none (the default). */
quint64 QAmqpChannel::maxUnconfirmed() const { return d_ptr->maxUnconfirmed; }

/*! Makes isReadyToPublish() say no while \a messages or more are unconfirmed; 0 for no bound. */
void QAmqpChannel::setMaxUnconfirmed(quint64 messages)
{
    if (const QAmqpError error = d_ptr->threadError("setMaxUnconfirmed()"))
        return d_ptr->refuse(error);
    d_ptr->maxUnconfirmed = messages;
    d_ptr->scheduleUpdate(); // there may be more room, or less
}

/*! \property QAmqpChannel::readyToPublish
    Whether it is wise to publish now: the channel is open, less than 256 KiB wait to leave, fewer
    than maxUnconfirmed() publishes are unanswered, and no body is being sent from a device. Once
    that is not so, it is \c false until only half as much
    waits. publish() works all the same; a program that publishes much stops here and goes on at
    readyToPublish(), so that memory stays bounded. */
bool QAmqpChannel::isReadyToPublish() const { return d_ptr->isReadyToPublish(); }

QT_END_NAMESPACE
