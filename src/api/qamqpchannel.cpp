#include "api/qamqpchannel_p.h"

#include "api/qamqpconnection_p.h"
#include "api/qamqpconsumer_p.h"
#include "api/qamqpdelivery_p.h"
#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtAmqp/qamqpqueue.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

// Kept for a channel that cannot send yet; more than this is refused.
constexpr qint64 MaxWaitingBytes = 8 * 1024 * 1024;
// Above this much on its way out, isReadyToPublish() says no.
constexpr qint64 HighWater = 256 * 1024;

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
    pending futures are cancelled with that cause, unanswered publishes become indeterminate, and
    errorOccurred() and closed() follow. Other channels go on. open() makes the channel usable again.

    Publisher confirms are on unless setConfirms(false) or txSelect() was called: each publish ends in
    exactly one of confirmed(), nacked() and indeterminate().

    All calls belong to the connection's thread.

    \sa {AMQP 0-9-1 §1.5}, {https://www.rabbitmq.com/channels.html}
*/

/*!
    \enum QAmqpChannel::State
    \value Closed   Not usable; calls fail with NotOpen.
    \value Opening  Calls are kept until the channel is open.
    \value Open     Calls are sent.
    \value Closing  close() was called; what was asked before is being finished.
*/
/*!
    \enum QAmqpChannel::PublishFlag
    \value NoFlags
    \value Mandatory  A message that reaches no queue comes back by messageReturned().
*/
/*!
    \enum QAmqpChannel::DeleteFlag
    \value Always
    \value IfUnused  Fails (406) if it has consumers (a queue) or bindings (an exchange).
    \value IfEmpty   Fails (406) if the queue has messages.
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
    \brief What the broker tells of a declared queue: its name, how many messages are ready in it, and
    how many consumers it has. */

/*! \fn void QAmqpChannel::stateChanged(QAmqpChannel::State state)
    Emitted when \a state is reached. */
/*! \fn void QAmqpChannel::opened()
    Emitted when the channel is open. */
/*! \fn void QAmqpChannel::closed()
    Emitted once for each open(), when the channel is closed for whatever reason. */
/*! \fn void QAmqpChannel::errorOccurred(const QAmqpError &error)
    Emitted once, before closed(), unless the channel or the connection was asked to close. */
/*! \fn void QAmqpChannel::confirmed(quint64 firstTag, quint64 lastTag)
    The broker is responsible for the publishes \a firstTag to \a lastTag now. */
/*! \fn void QAmqpChannel::nacked(quint64 firstTag, quint64 lastTag)
    The broker refused the publishes \a firstTag to \a lastTag; nothing of them was kept. */
/*! \fn void QAmqpChannel::indeterminate(quint64 firstTag, quint64 lastTag)
    The channel ended before the broker answered for \a firstTag to \a lastTag: they may have arrived. */
/*! \fn void QAmqpChannel::messageReturned(const QAmqpReturn &message)
    A mandatory \a message reached no queue. It is confirmed afterwards, as the broker does. */
/*! \fn void QAmqpChannel::readyToPublish()
    Emitted when isReadyToPublish() becomes \c true again, and when the channel opens. */

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
    Closes the channel as close() does, but in silence: pending futures fail, publishes already made
    are still sent, nothing is emitted. Its queues, exchanges and consumers are deleted.
*/
QAmqpChannel::~QAmqpChannel()
{
    while (!children().isEmpty())
        delete children().constFirst();
    QAmqpChannelPrivate *d = d_ptr.get();
    d->abandonAll(QAmqpError(Kind::Cancelled, QAmqpError::Scope::Operation, QAmqpError::Origin::Application,
                             QStringLiteral("channel %1 was destroyed").arg(d->number)));
    if (!d->engine)
        return;
    QAmqpConnectionPrivate::of(d->connection)->channels.removeOne(d);
    d->engine->forgetChannel(d);
    if (d->core) {
        d->core->close();
        d->engine->commanded();
    }
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
    Why the channel closed, or why the last call was refused that returned no future. */
QAmqpError QAmqpChannel::lastError() const { return d_ptr->lastError; }

QAmqpChannel::State QAmqpChannelPrivate::currentState() const
{
    if (!core || core->state() == ChannelState::Closed)
        return QAmqpChannel::State::Closed;
    if (core->isClosing())
        return QAmqpChannel::State::Closing;
    return core->state() == ChannelState::Open ? QAmqpChannel::State::Open : QAmqpChannel::State::Opening;
}

QAmqpError QAmqpChannelPrivate::refusal(const char *function) const
{
    const bool closing = core && (core->isClosing() || engine->core().isClosing());
    if (core && core->state() != ChannelState::Closed && !closing)
        return {};
    const QString text = closing ? QStringLiteral("%1(): channel %2 is closing").arg(QLatin1StringView(function)).arg(number)
                                 : QStringLiteral("%1(): channel %2 is closed; open() it again").arg(QLatin1StringView(function)).arg(number);
    return QAmqpError(Kind::NotOpen, QAmqpError::Scope::Operation, QAmqpError::Origin::Application, text);
}

static QAmqpError invalidArgument(const QString &text)
{
    return QAmqpError(Kind::InvalidArgument, QAmqpError::Scope::Operation, QAmqpError::Origin::Application, text);
}

// The first of the names that is too long for AMQP, or what is wrong with the table.
QAmqpError QAmqpChannelPrivate::nameErrors(std::initializer_list<std::pair<const char *, const QByteArray *>> names, const QAmqpTable &table) const
{
    for (const auto &[what, utf8] : names) {
        if (utf8->size() > MaxShortString) {
            return invalidArgument(QStringLiteral("the %1 \"%2…\" has %3 octets of UTF-8, AMQP allows 255; shorten it")
                                           .arg(QLatin1StringView(what), QString::fromUtf8(utf8->left(32)), QString::number(utf8->size())));
        }
    }
    if (const QString error = table.errorString(); !error.isEmpty())
        return invalidArgument(QStringLiteral("the arguments cannot be sent: %1").arg(error));
    return {};
}

template<typename T, typename Convert>
QFuture<T> QAmqpChannelPrivate::wait(RequestId id, Convert convert)
{
    const SharedPromise<T> promise = startPromise<T>();
    requests.insert(id, [promise, convert](RequestEnd &end) {
        if (end.error)
            return failPromise(*promise, end.error);
        if constexpr (!std::is_void_v<T>)
            promise->addResult(convert(end));
        promise->finish();
    });
    engine->commanded();
    return promise->future();
}

template<typename T, typename Method, typename Convert>
QFuture<T> QAmqpChannelPrivate::request(const char *function, const Method &method, const QAmqpError &misuse, Convert convert, RequestId nameFrom)
{
    if (misuse)
        return failedFuture<T>(misuse);
    if (const QAmqpError error = refusal(function))
        return failedFuture<T>(error);
    return wait<T>(core->request(method, nameFrom), convert);
}

/*! Opens a channel that is closed, with a new number and a clean slate; consumers are not revived. */
void QAmqpChannel::open()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (d->core || !d->engine)
        return;
    ConnectionCore &core = d->engine->core();
    if (core.isClosing()) {
        d->lastError = QAmqpError(Kind::NotOpen, QAmqpError::Scope::Operation, QAmqpError::Origin::Application,
                                  QStringLiteral("open(): the connection is closing; wait for its closed()"));
        return;
    }
    d->core = core.addChannel(d->nextTag);
    if (!d->core) {
        d->lastError = QAmqpError(Kind::LimitExceeded, QAmqpError::Scope::Channel, QAmqpError::Origin::Library,
                                  QStringLiteral("all channels of this connection are in use; close some, or open a second connection"));
        return;
    }
    d->number = d->core->number();
    d->generation = ++QAmqpConnectionPrivate::of(d->connection)->lastGeneration;
    d->lastError = QAmqpError();
    d->publishHeld = true;
    d->engine->addChannel(quint16(d->number), d);
    d->engine->commanded();
}

/*! Closes as soon as everything asked for before is done, confirms included. Deliveries that arrive
    meanwhile go back to their queues. Safe in every state. */
void QAmqpChannel::close()
{
    if (!d_ptr->core)
        return;
    d_ptr->core->close();
    d_ptr->engine->commanded();
}

/*! Returns a new handle, a child of this channel, for the queue \a name; without a name the broker
    makes one up when the handle is declared. Nothing is sent. */
QAmqpQueue *QAmqpChannel::queue(const QString &name) { return new QAmqpQueue(name, this); }

/*! Returns a new handle, a child of this channel, for the exchange \a name. Nothing is sent. */
QAmqpExchange *QAmqpChannel::exchange(const QString &name) { return new QAmqpExchange(name, this); }

QFuture<QAmqpQueueInfo> QAmqpChannelPrivate::declareQueue(const QByteArray &name, const QAmqpQueueOptions &options, Ended onEnd, RequestId *id)
{
    const QAmqpTable table = options.arguments();
    if (const QAmqpError misuse = nameErrors({{"queue name", &name}}, table))
        return failedFuture<QAmqpQueueInfo>(misuse);
    if (const QAmqpError error = refusal("declareQueue"))
        return failedFuture<QAmqpQueueInfo>(error);
    const QByteArray arguments = encodeTable(table);
    *id = core->request(QueueDeclare{0, QByteArrayView(name), options.isPassive(), options.isDurable(), options.isExclusive(),
                                     options.isAutoDelete(), false, QByteArrayView(arguments)});
    const QFuture<QAmqpQueueInfo> future = wait<QAmqpQueueInfo>(*id, [](RequestEnd &end) {
        return QAmqpQueueInfo{QString::fromUtf8(end.reply->name), end.reply->messageCount, end.reply->count};
    });
    if (onEnd) {
        requests[*id] = [first = std::move(onEnd), then = requests.take(*id)](RequestEnd &end) {
            first(end);
            then(end);
        };
    }
    return future;
}

/*! Declares the queue \a name, or one that the broker names if it is empty. Fails with
    PreconditionFailed if it exists with other \a options, ResourceLocked if it is another connection's
    exclusive queue, NotFound if passive and missing. \sa {AMQP 0-9-1 §1.7.2.1} */
QFuture<QAmqpQueueInfo> QAmqpChannel::declareQueue(const QString &name, const QAmqpQueueOptions &options)
{
    RequestId id = 0;
    return d_ptr->declareQueue(name.toUtf8(), options, nullptr, &id);
}

QFuture<void> QAmqpChannelPrivate::bindQueue(const QueueName &queue, const QString &exchange, const QString &routingKey, const QAmqpTable &arguments, bool bind)
{
    const QByteArray source = exchange.toUtf8();
    const QByteArray key = routingKey.toUtf8();
    const QAmqpError misuse = nameErrors({{"queue name", &queue.utf8}, {"exchange name", &source}, {"routing key", &key}}, arguments);
    const QByteArray table = misuse ? QByteArray() : encodeTable(arguments);
    if (bind)
        return request("bindQueue", QueueBind{0, QByteArrayView(queue.utf8), QByteArrayView(source), QByteArrayView(key), false, QByteArrayView(table)}, misuse, queue.from);
    return request("unbindQueue", QueueUnbind{0, QByteArrayView(queue.utf8), QByteArrayView(source), QByteArrayView(key), QByteArrayView(table)}, misuse, queue.from);
}

/*! Lets messages of \a exchange that match \a routingKey or \a arguments flow into \a queue. Fails with
    NotFound if one of them is missing. \sa {AMQP 0-9-1 §1.7.2.3} */
QFuture<void> QAmqpChannel::bindQueue(const QString &queue, const QString &exchange, const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue({queue.toUtf8()}, exchange, routingKey, arguments, true);
}

/*! Removes the binding of \a queue to \a exchange with exactly \a routingKey and \a arguments; succeeds
    if there is none. \sa {AMQP 0-9-1 §1.7.2.5} */
QFuture<void> QAmqpChannel::unbindQueue(const QString &queue, const QString &exchange, const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindQueue({queue.toUtf8()}, exchange, routingKey, arguments, false);
}

QFuture<quint32> QAmqpChannelPrivate::purgeQueue(const QueueName &queue)
{
    return request<quint32>("purgeQueue", QueuePurge{0, QByteArrayView(queue.utf8), false}, nameErrors({{"queue name", &queue.utf8}}),
                            [](RequestEnd &end) { return end.reply->messageCount; }, queue.from);
}

/*! Removes all messages that are ready in \a queue and tells how many. \sa {AMQP 0-9-1 §1.7.2.7} */
QFuture<quint32> QAmqpChannel::purgeQueue(const QString &queue) { return d_ptr->purgeQueue({queue.toUtf8()}); }

QFuture<quint32> QAmqpChannelPrivate::deleteQueue(const QueueName &queue, QAmqpChannel::DeleteFlags flags)
{
    return request<quint32>("deleteQueue", QueueDelete{0, QByteArrayView(queue.utf8), flags.testFlag(QAmqpChannel::IfUnused), flags.testFlag(QAmqpChannel::IfEmpty), false},
                            nameErrors({{"queue name", &queue.utf8}}), [](RequestEnd &end) { return end.reply->messageCount; }, queue.from);
}

/*! Deletes \a queue, under the conditions of \a flags, and tells how many messages went with it; 0 if
    there was no such queue. \sa {AMQP 0-9-1 §1.7.2.9} */
QFuture<quint32> QAmqpChannel::deleteQueue(const QString &queue, DeleteFlags flags) { return d_ptr->deleteQueue({queue.toUtf8()}, flags); }

/*! Declares the exchange \a name of \a type (direct, fanout, topic, headers, or a plugin's). Fails with
    PreconditionFailed if it exists with other \a options; an unknown type closes the whole connection
    (503) on RabbitMQ before 4. \sa {AMQP 0-9-1 §1.6.2.1} */
QFuture<void> QAmqpChannel::declareExchange(const QString &name, const QString &type, const QAmqpExchangeOptions &options)
{
    const QByteArray exchange = name.toUtf8();
    const QByteArray kind = type.toUtf8();
    const QAmqpTable table = options.arguments();
    const QAmqpError misuse = d_ptr->nameErrors({{"exchange name", &exchange}, {"exchange type", &kind}}, table);
    const QByteArray arguments = misuse ? QByteArray() : encodeTable(table);
    return d_ptr->request("declareExchange", ExchangeDeclare{0, QByteArrayView(exchange), QByteArrayView(kind), options.isPassive(), options.isDurable(), options.isAutoDelete(),
                                                             options.isInternal(), false, QByteArrayView(arguments)}, misuse);
}

QFuture<void> QAmqpChannelPrivate::bindExchange(const QString &destination, const QString &source, const QString &routingKey, const QAmqpTable &arguments, bool bind)
{
    const QByteArray to = destination.toUtf8();
    const QByteArray from = source.toUtf8();
    const QByteArray key = routingKey.toUtf8();
    const QAmqpError misuse = nameErrors({{"destination", &to}, {"source", &from}, {"routing key", &key}}, arguments);
    const QByteArray table = misuse ? QByteArray() : encodeTable(arguments);
    if (bind)
        return request("bindExchange", ExchangeBind{0, QByteArrayView(to), QByteArrayView(from), QByteArrayView(key), false, QByteArrayView(table)}, misuse);
    return request("unbindExchange", ExchangeUnbind{0, QByteArrayView(to), QByteArrayView(from), QByteArrayView(key), false, QByteArrayView(table)}, misuse);
}

/*! Lets messages of the exchange \a source that match \a routingKey or \a arguments flow into the
    exchange \a destination. \sa {https://www.rabbitmq.com/e2e.html} */
QFuture<void> QAmqpChannel::bindExchange(const QString &destination, const QString &source, const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindExchange(destination, source, routingKey, arguments, true);
}

/*! Removes the binding of \a destination to \a source with exactly \a routingKey and \a arguments. */
QFuture<void> QAmqpChannel::unbindExchange(const QString &destination, const QString &source, const QString &routingKey, const QAmqpTable &arguments)
{
    return d_ptr->bindExchange(destination, source, routingKey, arguments, false);
}

/*! Deletes the exchange \a name, with IfUnused in \a flags only if nothing is bound to it; succeeds if
    there is none. \sa {AMQP 0-9-1 §1.6.2.3} */
QFuture<void> QAmqpChannel::deleteExchange(const QString &name, DeleteFlags flags)
{
    const QByteArray exchange = name.toUtf8();
    return d_ptr->request("deleteExchange", ExchangeDelete{0, QByteArrayView(exchange), flags.testFlag(IfUnused), false}, d_ptr->nameErrors({{"exchange name", &exchange}}));
}

QAmqpError QAmqpChannelPrivate::publishRefusal(const QByteArray &exchange, const QByteArray &routingKey, const QAmqpMessage &message) const
{
    if (const QAmqpError error = refusal("publish"))
        return error;
    if (const QAmqpError error = nameErrors({{"exchange name", &exchange}, {"routing key", &routingKey}}))
        return error;
    if (const QString error = message.errorString(); !error.isEmpty())
        return invalidArgument(QStringLiteral("the message cannot be sent: %1").arg(error));
    const quint32 frameMax = engine->core().outgoingFrameMax();
    if (!ChannelCore::fitsFrame(message, frameMax)) {
        return QAmqpError(Kind::LimitExceeded, QAmqpError::Scope::Operation, QAmqpError::Origin::Library,
                          QStringLiteral("the message's properties do not fit one frame of %1 octets; shorten its headers").arg(frameMax));
    }
    if (engine->core().waitingBytes() + message.body().size() > MaxWaitingBytes) {
        return QAmqpError(Kind::LimitExceeded, QAmqpError::Scope::Operation, QAmqpError::Origin::Library,
                          QStringLiteral("8 MiB of messages wait for the channel to send them; go on at readyToPublish()"));
    }
    return {};
}

/*!
    Publishes \a message to \a exchange (empty: the default exchange, whose routing keys are names of
    queues) with \a routingKey, and returns a tag: 1, 2, 3 and so on through the life of this object,
    also across open(). Never waits; octets leave at the latest at the end of this turn of the event
    loop. What becomes of the message is told by confirmed(), nacked(), indeterminate() and, with the
    flag Mandatory, messageReturned().

    Returns 0, sends nothing and sets lastError() if the channel is closed (NotOpen), a name or a
    property cannot be sent (InvalidArgument), or the properties do not fit one frame or 8 MiB wait
    already because the channel cannot send yet (LimitExceeded). A missing exchange closes the channel
    (404) later.

    \a flags: see PublishFlag. \sa isReadyToPublish(), {AMQP 0-9-1 §1.8.3.7}
*/
quint64 QAmqpChannel::publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message, PublishFlags flags)
{
    return d_ptr->publish(exchange, routingKey, message, flags);
}

quint64 QAmqpChannelPrivate::publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                                     QAmqpChannel::PublishFlags flags, RequestId nameFrom)
{
    const QByteArray &exchangeName = exchangeUtf8.of(exchange);
    const QByteArray &key = routingKeyUtf8.of(routingKey);
    const QAmqpMessagePrivate *content = QAmqpMessagePrivate::of(message);
    const bool ordinary = core && core->state() == ChannelState::Open && !core->isClosing() && !engine->core().isClosing()
            && exchangeName.size() <= MaxShortString && key.size() <= MaxShortString && content && !content->refused
            && content->properties.size() < 1024 && engine->core().waitingBytes() == 0;
    if (!ordinary) {
        if (const QAmqpError error = publishRefusal(exchangeName, key, message)) {
            lastError = error;
            return 0;
        }
    }
    if (confirmsWanted && !core->isConfirming() && !core->isTransactional())
        core->selectConfirms();
    const quint64 tag = core->publish(BasicPublish{0, QByteArrayView(exchangeName), QByteArrayView(key), flags.testFlag(QAmqpChannel::Mandatory), false}, message, nameFrom);
    engine->commanded();
    if (!isReady(HighWater))
        publishHeld = true;
    return tag;
}

QFuture<quint64> QAmqpChannelPrivate::publishConfirmed(const QString &exchange, const QString &routingKey, const QAmqpMessage &message,
                                                       QAmqpChannel::PublishFlags flags, RequestId nameFrom)
{
    if (!confirmsWanted || (core && core->isTransactional()))
        return failedFuture<quint64>(invalidArgument(QStringLiteral("publishConfirmed() needs confirms, which setConfirms(false) or txSelect() turned off")));
    const quint64 tag = publish(exchange, routingKey, message, flags, nameFrom);
    if (tag == 0)
        return failedFuture<quint64>(lastError);
    ConfirmPromise entry{startPromise<quint64>(), {}};
    QFuture<quint64> future = entry.promise->future();
    confirmPromises.emplace(tag, std::move(entry));
    return future;
}

/*!
    Publishes like publish() and returns a future that ends with the tag once the broker confirmed the
    message, or with an error: Nacked, Unroutable (a returned Mandatory message), or that of the channel
    or connection whose end left it indeterminate. Costs more than the signals, for a message or two.
*/
QFuture<quint64> QAmqpChannel::publishConfirmed(const QString &exchange, const QString &routingKey, const QAmqpMessage &message, PublishFlags flags)
{
    return d_ptr->publishConfirmed(exchange, routingKey, message, flags);
}

/*! Returns a future that ends when everything published so far is answered for: well, or with the
    first error among them (Nacked, or the reason that left one indeterminate). */
QFuture<void> QAmqpChannel::allConfirmed()
{
    QAmqpChannelPrivate *d = d_ptr.get();
    if (!d->confirmsWanted || (d->core && d->core->isTransactional()))
        return failedFuture<void>(invalidArgument(QStringLiteral("allConfirmed() needs confirms, which setConfirms(false) or txSelect() turned off")));
    const SharedPromise<void> promise = startPromise<void>();
    if (unconfirmed() == 0)
        promise->finish();
    else
        d->allConfirmed.push_back({d->core->nextPublishTag() - 1, promise, {}});
    return promise->future();
}

/*! Returns whether publishes are confirmed. */
bool QAmqpChannel::confirms() const { return d_ptr->confirmsWanted; }

/*! Turns publisher confirms on or off (\a enabled). They are on from the start; returns \c false, and
    changes nothing, once the channel has published or is in a transaction. */
bool QAmqpChannel::setConfirms(bool enabled)
{
    const ChannelCore *core = d_ptr->core;
    if (core && (core->isConfirming() || core->isTransactional() || core->nextPublishTag() != d_ptr->nextTag)) {
        d_ptr->lastError = invalidArgument(QStringLiteral("setConfirms() comes before the first publish() and not within a transaction"));
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
void QAmqpChannel::setMaxUnconfirmed(quint64 messages) { d_ptr->maxUnconfirmed = messages; }

bool QAmqpChannelPrivate::isReady(qint64 highWater) const
{
    return engine && core && engine->bytesToWrite() < highWater && (maxUnconfirmed == 0 || core->unconfirmed() < maxUnconfirmed);
}

/*! \property QAmqpChannel::readyToPublish
    Whether it is wise to publish now: the channel is open, less than 256 KiB wait to leave and fewer
    than maxUnconfirmed() publishes are unanswered. publish() works all the same; a program that
    publishes much stops here and goes on at readyToPublish(), so that memory stays bounded. */
bool QAmqpChannel::isReadyToPublish() const
{
    return isOpen() && d_ptr->isReady(HighWater);
}

void QAmqpChannelPrivate::setPrefetchFor(const QAmqpConsumeOptions &options)
{
    if (options.isNoAck() || prefetchSent == options.prefetch())
        return;
    prefetchSent = options.prefetch();
    core->request(BasicQos{0, options.prefetch(), false});
}

QAmqpConsumer *QAmqpChannelPrivate::consume(const QueueName &queue, const QAmqpConsumeOptions &options, QObject *parent, const QAmqpError &misuse)
{
    auto *consumer = new QAmqpConsumerPrivate;
    consumer->channel = q;
    consumer->options = options;
    consumer->noAck = options.isNoAck();
    consumer->tag = options.consumerTag().toUtf8();
    if (consumer->tag.isEmpty())
        consumer->tag = QByteArrayLiteral("qtamqp-") + QByteArray::number(number) + '.' + QByteArray::number(++consumersMade);
    const QAmqpTable table = options.arguments();
    QAmqpError error = misuse ? misuse : nameErrors({{"queue name", &queue.utf8}, {"consumer tag", &consumer->tag}}, table);
    if (!error)
        error = refusal("consume");
    if (!error && core->hasConsumer(consumer->tag))
        error = invalidArgument(QStringLiteral("the consumer tag \"%1\" is in use on this channel").arg(QString::fromUtf8(consumer->tag)));
    auto *object = new QAmqpConsumer(consumer, parent);
    if (error) {
        lastError = error;
        consumer->state = QAmqpConsumer::State::Cancelled;
        return object;
    }
    setPrefetchFor(options);
    const QByteArray arguments = encodeTable(table);
    consumers.insert(consumer->tag, consumer);
    lastEnvelope.reset();
    const RequestId id = core->consume(BasicConsume{0, QByteArrayView(queue.utf8), QByteArrayView(consumer->tag), options.isNoLocal(), options.isNoAck(),
                                                    options.isExclusive(), false, QByteArrayView(arguments)}, queue.from);
    requests.insert(id, [this, tag = consumer->tag](RequestEnd &end) {
        if (QAmqpConsumerPrivate *starting = consumers.value(tag); starting && !end.error)
            starting->started();
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

QFuture<std::optional<QAmqpDelivery>> QAmqpChannelPrivate::get(const QueueName &queue, QAmqpChannel::AckPolicy policy)
{
    const bool noAck = policy == QAmqpChannel::AckPolicy::NoAck;
    return request<std::optional<QAmqpDelivery>>(
            "get", BasicGet{0, QByteArrayView(queue.utf8), noAck}, nameErrors({{"queue name", &queue.utf8}}),
            [this, noAck](RequestEnd &end) {
                std::optional<QAmqpDelivery> message;
                if (end.got) {
                    message.emplace();
                    QAmqpDeliveryPrivate::assign(*message, end.got->delivery,
                                                 noAck ? QExplicitlySharedDataPointer<Mailbox>() : engine->mailbox(), generation, end.got->remaining);
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

/*! Bounds how many unacknowledged messages the broker sends ahead: \a messages, 0 for no bound; \a
    scope tells for whom. consume() calls this with its own options. \sa {https://www.rabbitmq.com/consumer-prefetch.html} */
QFuture<void> QAmqpChannel::setPrefetch(quint16 messages, PrefetchScope scope)
{
    if (scope == PrefetchScope::Consumer)
        d_ptr->prefetchSent = messages;
    return d_ptr->request("setPrefetch", BasicQos{0, messages, scope == PrefetchScope::Channel}, {});
}

/*! Asks the broker to requeue everything unacknowledged of this channel and to deliver it again, maybe
    elsewhere (basic.recover with requeue, the only way RabbitMQ knows). */
QFuture<void> QAmqpChannel::recover()
{
    return d_ptr->request("recover", BasicRecover{true}, {});
}

bool QAmqpChannelPrivate::settleDelivery(const Settlement &settlement)
{
    if (!core || core->state() != ChannelState::Open || settlement.generation != generation || settlement.deliveryTag <= settledUpTo)
        return false;
    if (settlement.multiple)
        settledUpTo = settlement.deliveryTag;
    if (settlement.kind == Settlement::Ack)
        core->ack(settlement.deliveryTag, settlement.multiple);
    else
        core->nack(settlement.deliveryTag, settlement.multiple, settlement.requeue);
    engine->commanded();
    return true;
}

// Tag 0 is "all that is unsettled", and no error if nothing is.
bool QAmqpChannelPrivate::settleAll(Settlement::Kind kind, bool requeue)
{
    if (!core || core->state() != ChannelState::Open || highestDelivery <= settledUpTo)
        return false;
    settledUpTo = highestDelivery;
    if (kind == Settlement::Ack)
        core->ack(0, true);
    else
        core->nack(0, true, requeue);
    engine->commanded();
    return true;
}

/*! Acknowledges everything delivered on this channel so far; \c false if there is nothing. */
bool QAmqpChannel::ackAll() { return d_ptr->settleAll(Settlement::Ack, false); }

/*! Gives back (or discards, see \a requeue) everything unsettled on this channel; \c false if there is nothing. */
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
        return failedFuture<void>(invalidArgument(QStringLiteral("txSelect(): this channel confirms publishes already; use another channel, or txSelect() before the first publish()")));
    return d->wait<void>(d->core->selectTransactions(), nullptr);
}

template<typename Method>
QFuture<void> QAmqpChannelPrivate::endTransaction(const char *function, const Method &method)
{
    QAmqpError misuse;
    if (core && !core->isTransactional())
        misuse = invalidArgument(QStringLiteral("%1() needs txSelect() before").arg(QLatin1StringView(function)));
    return request(function, method, misuse);
}

/*! Commits what was published and acknowledged since the last one. Calls behind it wait for the reply. */
QFuture<void> QAmqpChannel::txCommit() { return d_ptr->endTransaction("txCommit", TxCommit{}); }

/*! Drops what was published and acknowledged since the last txCommit(). */
QFuture<void> QAmqpChannel::txRollback() { return d_ptr->endTransaction("txRollback", TxRollback{}); }

QT_END_NAMESPACE
