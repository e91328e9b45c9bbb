// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqprpcclient.h>

#include "api/qamqpconsumer_p.h"

#include <QtCore/qdebug.h>
#include <QtCore/qrandom.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;
using Kind = QAmqpError::Kind;

// What RabbitMQ turns into the name of this channel as it passes a request on.
static constexpr auto ReplyQueue = QStringView(u"amq.rabbitmq.reply-to");

/*!
    \class QAmqpRpcClient
    \inmodule QtAmqp
    \brief Sends requests and matches the replies, each call with a future of its own.

    \snippet snippets.cpp rpc client

    Replies come by RabbitMQ's direct reply-to: no queue is declared for them, and whoever answers
    \c reply_to with the \c correlation_id of the request is understood, QAmqpRpcServer or any other
    AMQP client. Any number of calls may be under way. The request is sent as mandatory, so that a call
    that no queue takes fails at once.

    The client needs a channel of RabbitMQ: not one in a transaction, whose requests leave at the commit.
    It consumes with its first call, and anew if the channel was closed and opened again. Clients of one
    channel share that consumer, since RabbitMQ takes no second one (406); your own must not consume
    \c{amq.rabbitmq.reply-to} there. Calls belong to the channel's thread.

    When the link is lost and the connection recovers, the consumer of the replies comes back first. Calls whose request
    was not sent yet wait for that, within their time, and go out then. Calls whose request was sent cannot get their
    reply any more, since it is addressed to the link that is lost: they end with Interrupted, or are sent again if
    setIdempotent() allows it.

    \sa QAmqpRpcServer, {https://www.rabbitmq.com/direct-reply-to.html}
*/
/*! \fn void QAmqpRpcClient::replyIgnored(const QAmqpMessage &reply)
    A \a reply came that nobody waits for: too late, a second time, or with an unknown correlation id,
    which of several clients of a channel the first one tells. */

// The one consumer of the replies on a channel; it goes with the last client.
struct QtAmqpPrivate::ReplyConsumer
{
    ~ReplyConsumer() { delete consumer; }
    bool isRunning() const
    {
        return consumer && consumer->state() < QAmqpConsumer::State::Cancelling
                && QAmqpConsumerPrivate::of(consumer)->isOfChannel();
    }

    QPointer<QAmqpConsumer> consumer;
    QByteArrayList marks; // one for each client: the correlation ids of its calls begin with it
};

template<size_t numbers>
static QByteArray randomHex()
{
    std::array<quint32, numbers> random;
    QRandomGenerator::system()->generate(random.begin(), random.end());
    return QByteArray(reinterpret_cast<const char *>(random.data()), sizeof random).toHex();
}

class QAmqpRpcClientPrivate : public std::enable_shared_from_this<QAmqpRpcClientPrivate>
{
public:
    struct Call
    {
        SharedPromise<QAmqpMessage> promise;
        quint64 publishTag = 0;
        Deadline deadline = {};
        // Of a call that may be sent again.
        bool isIdempotent = false;
        QString exchange = {};
        QString routingKey = {};
        QAmqpMessage request = {};
    };

    bool listen();
    void leave();
    bool isOwn(const QByteArray &id) const;
    void received(const QAmqpDelivery &reply, const QAmqpError &error = {});
    void returned(const QAmqpReturn &request);
    void nacked(quint64 firstTag, quint64 lastTag);
    void interrupted(const QAmqpError &cause);
    bool sendAgain(Call &call) const;
    void end(const QByteArray &id, const QAmqpError &error, const QAmqpMessage &reply = {});
    void endAll(const QAmqpError &error);

    QAmqpRpcClient *q = nullptr; // null once it is gone
    QPointer<QAmqpChannel> channel;
    std::shared_ptr<ReplyConsumer> replies;
    const QByteArray mark = randomHex<1>();
    QHash<QByteArray, Call> calls; // by correlation id
    std::chrono::milliseconds timeout = 30s;
    bool isIdempotent = false;
    quint64 ignored = 0;
};

/*! Makes a client that calls on \a channel, a child of \a parent, or of the channel if that is null.
    Nothing is sent before the first call. */
QAmqpRpcClient::QAmqpRpcClient(QAmqpChannel *channel, QObject *parent)
    : QObject(parent ? parent : channel), d_ptr(std::make_shared<QAmqpRpcClientPrivate>())
{
    QAmqpRpcClientPrivate *d = d_ptr.get();
    d->q = this;
    d->channel = channel;
    connect(channel, &QAmqpChannel::messageReturned, this,
            [d](const QAmqpReturn &request) { d->returned(request); });
    connect(channel, &QAmqpChannel::nacked, this,
            [d](quint64 first, quint64 last) { d->nacked(first, last); });
    connect(channel, &QAmqpChannel::interrupted, this,
            [d](const QAmqpError &cause) { d->interrupted(cause); });
}

/*! Ends the calls under way with Cancelled. A continuation may delete any other object; a new call() is
    refused. */
QAmqpRpcClient::~QAmqpRpcClient()
{
    const auto d = d_ptr;
    d->leave();
    d->q = nullptr;
    setParent(nullptr); // a continuation may delete the parent
    d->endAll(givenUp(u"the QAmqpRpcClient was destroyed"));
}

/*! Returns the channel, null once it is destroyed. */
QAmqpChannel *QAmqpRpcClient::channel() const { return d_ptr->channel; }

/*! Returns how long a call waits for its reply unless it says so itself, 30 seconds by default. */
std::chrono::milliseconds QAmqpRpcClient::timeout() const { return d_ptr->timeout; }

/*! Lets calls wait for \a timeout unless they say so themselves; 0: for ever. */
void QAmqpRpcClient::setTimeout(std::chrono::milliseconds timeout) { d_ptr->timeout = timeout; }

/*! Returns whether calls are sent again after the loss of the link; \c false by default. */
bool QAmqpRpcClient::isIdempotent() const { return d_ptr->isIdempotent; }

/*! Says that serving a request twice does no harm, if \a idempotent: then the calls made from now on whose request was
    sent when the link is lost are sent again on the next one, with the same correlation id and within the time that is
    left of their timeout, instead of ending with Interrupted. The server may get such a request twice, and the
    second reply is ignored. Each request is kept until its call has ended. */
void QAmqpRpcClient::setIdempotent(bool idempotent) { d_ptr->isIdempotent = idempotent; }

/*! Returns how many calls wait for their reply. */
int QAmqpRpcClient::pendingCalls() const { return int(d_ptr->calls.size()); }

/*! Returns how many replies came that no call waited for, see replyIgnored(). */
quint64 QAmqpRpcClient::ignoredReplies() const { return d_ptr->ignored; }

/*! \overload
    Waits for timeout(). The other parameters are \a exchange, \a routingKey and \a request. */
QFuture<QAmqpMessage> QAmqpRpcClient::call(const QString &exchange, const QString &routingKey,
                                           const QAmqpMessage &request)
{
    return call(exchange, routingKey, request, d_ptr->timeout);
}

/*! \overload
    Publishes \a request to the server's \a queue through the default exchange, and waits for timeout(). */
QFuture<QAmqpMessage> QAmqpRpcClient::call(const QString &queue, const QAmqpMessage &request)
{
    return call(QString(), queue, request);
}

/*!
    Publishes \a request to \a exchange with \a routingKey (the name of the server's queue, if the
    exchange is the default one), and returns the reply to come. The request's reply-to and correlation
    id are set here, the latter to something that cannot be guessed.

    The future fails with Timeout if no reply came within \a timeout (0: it waits as long as the channel
    lives; it counts from this call, or from the opening of a connection that is closed), with Unroutable
    if no queue took the request, with Nacked if the broker refused it, with LimitExceeded if the reply is
    larger than QAmqpConnectionOptions::maxMessageSize() lets in, with Interrupted if the link was lost after the
    request was sent (see setIdempotent()), and with the error that ended the
    channel or connection (Cancelled if that was closed in good order, or if it or this object was
    destroyed); whether the request was served is not known then. What QAmqpChannel::publish() would
    refuse fails as it does there, and a negative \a timeout and a call from a foreign thread with
    InvalidArgument.
*/
QFuture<QAmqpMessage> QAmqpRpcClient::call(const QString &exchange, const QString &routingKey,
                                           const QAmqpMessage &request,
                                           std::chrono::milliseconds timeout)
{
    QAmqpRpcClientPrivate *d = d_ptr.get();
    if (!d->q || !d->channel)
        return failedFuture<QAmqpMessage>(
                notOpen(u"call(): the QAmqpRpcClient or its channel was destroyed"));
    auto *channel = QAmqpChannelPrivate::of(d->channel);
    QAmqpError error = channel->threadError("call()");
    if (!error && timeout < 0ms)
        error = invalidArgument(u"call(): the timeout of %1 ms is negative; 0 waits for ever",
                                timeout.count());
    if (!error && !d->listen())
        error = channel->lastError;
    if (error)
        return failedFuture<QAmqpMessage>(error);
    const QByteArray id = d->mark + randomHex<3>();
    QAmqpMessage message = request;
    message.setReplyTo(ReplyQueue.toString());
    message.setCorrelationId(QString::fromLatin1(id));
    QAmqpRpcClientPrivate::Call call{.promise = startPromise<QAmqpMessage>(),
                                     .isIdempotent = d->isIdempotent};
    if (call.isIdempotent) {
        call.exchange = exchange;
        call.routingKey = routingKey;
        call.request = message;
    }
    call.publishTag = channel->publish(exchange, routingKey, message, QAmqpChannel::Mandatory);
    if (call.publishTag == 0)
        return failedFuture<QAmqpMessage>(channel->lastError);
    const QAmqpError late = operationError(
            Kind::Timeout, QAmqpError::Origin::Library,
            u"no reply to the request to exchange \"%1\" with routing key \"%2\" came within %3 ms; is "
            "its server running?",
            exchange, routingKey, timeout.count());
    call.deadline =
            channel->await(timeout, late, [weak = d->weak_from_this(), id](RequestEnd &end) {
                if (const auto waiting = weak.lock())
                    waiting->end(id, end.error);
            });
    d->calls.insert(id, call);
    return call.promise->future();
}

// Direct reply-to wants one consumer without acknowledgement on the channel that publishes.
bool QAmqpRpcClientPrivate::listen()
{
    if (replies && replies->isRunning())
        return true;
    leave();
    std::weak_ptr<ReplyConsumer> &shared = QAmqpChannelPrivate::of(channel)->replies;
    replies = shared.lock();
    if (!replies || !replies->isRunning()) {
        shared = replies = std::make_shared<ReplyConsumer>();
        replies->consumer =
                channel->consume(ReplyQueue.toString(), QAmqpConsumeOptions().setNoAck());
        // What awaits a reply may run an event loop until another one comes.
        QAmqpConsumerPrivate::of(replies->consumer)->isReentrant = true;
    }
    replies->marks.append(mark);
    QAmqpConsumer *const consumer = replies->consumer;
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, q,
                     [this](const QAmqpDelivery &reply) { received(reply); });
    QObject::connect(consumer, &QAmqpConsumer::messageDiscarded, q,
                     [this](const QAmqpDelivery &reply, const QAmqpError &error) {
                         received(reply, error);
                     });
    QObject::connect(consumer, &QAmqpConsumer::cancelled, q, [this](const QAmqpError &reason) {
        endAll(reason ? reason : givenUp(u"the consumer of the replies was cancelled"));
    });
    return consumer->state() != QAmqpConsumer::State::Cancelled;
}

void QAmqpRpcClientPrivate::leave()
{
    if (!replies)
        return;
    if (replies->consumer)
        QObject::disconnect(replies->consumer, nullptr, q, nullptr);
    replies->marks.removeOne(mark);
    replies.reset();
}

bool QAmqpRpcClientPrivate::isOwn(const QByteArray &id) const
{
    const QByteArray of = id.first(std::min(id.size(), mark.size()));
    return of == mark
            || (replies && replies->marks.first() == mark && !replies->marks.contains(of));
}

void QAmqpRpcClientPrivate::received(const QAmqpDelivery &reply, const QAmqpError &error)
{
    const QByteArray id = reply.bytes(QAmqpMessage::Property::CorrelationId);
    if (calls.contains(id))
        return end(id, error, reply);
    if (!isOwn(id))
        return;
    ++ignored;
    Q_EMIT q->replyIgnored(reply);
}

void QAmqpRpcClientPrivate::returned(const QAmqpReturn &request)
{
    QAmqpError error = operationError(
            Kind::Unroutable, QAmqpError::Origin::Broker,
            u"the request to exchange \"%1\" with routing key \"%2\" reached no queue: %3; is its "
            "server running?",
            request.exchange(), request.routingKey(), request.replyText());
    error.setReply(request.replyCode(), request.replyText());
    end(request.bytes(QAmqpMessage::Property::CorrelationId), error);
}

void QAmqpRpcClientPrivate::nacked(quint64 firstTag, quint64 lastTag)
{
    QList<QByteArray> refused;
    for (auto call = calls.cbegin(); call != calls.cend(); ++call) {
        if (call->publishTag >= firstTag && call->publishTag <= lastTag)
            refused.append(call.key());
    }
    const auto keepAlive = shared_from_this();
    for (const QByteArray &id : std::as_const(refused))
        end(id,
            operationError(Kind::Nacked, QAmqpError::Origin::Broker,
                           u"the broker refused the request (basic.nack)"));
}

// Replies are addressed to the link that is lost.
void QAmqpRpcClientPrivate::interrupted(const QAmqpError &cause)
{
    const auto keepAlive = shared_from_this();
    ChannelCore *const core = QAmqpChannelPrivate::of(channel)->core;
    if (!core) // a slot has closed it
        return;
    const quint64 waiting = core->firstWaitingTag();
    std::map<quint64, QByteArray> sent;
    for (auto call = calls.cbegin(); call != calls.cend(); ++call) {
        if (call->publishTag < waiting)
            sent.emplace(call->publishTag, call.key());
    }
    for (const auto &[tag, id] : sent) {
        const auto call = calls.find(id);
        if (call == calls.end() || call->publishTag != tag || sendAgain(*call))
            continue;
        end(id,
            operationError(
                    Kind::Interrupted, cause.origin(),
                    u"the link was lost before the reply came, and whether the request was served is unknown: %1",
                    cause.text())
                    .setEndpoint(cause.endpoint())
                    .setCause(cause));
    }
}

bool QAmqpRpcClientPrivate::sendAgain(Call &call) const
{
    if (!call.isIdempotent || !channel)
        return false;
    call.publishTag = QAmqpChannelPrivate::of(channel)->publish(
            call.exchange, call.routingKey, call.request, QAmqpChannel::Mandatory);
    return call.publishTag != 0;
}

void QAmqpRpcClientPrivate::end(const QByteArray &id, const QAmqpError &error,
                                const QAmqpMessage &reply)
{
    const Call call = calls.take(id);
    if (!call.promise)
        return;
    if (channel)
        QAmqpChannelPrivate::of(channel)->forget(call.deadline);
    endPromise(*call.promise, error, reply);
}

void QAmqpRpcClientPrivate::endAll(const QAmqpError &error)
{
    const auto keepAlive = weak_from_this().lock();
    const QList<QByteArray> ids = calls.keys();
    for (const QByteArray &id : ids)
        end(id, error);
}

/*! \relates QAmqpRpcClient
    Writes to \a debug how many calls of \a client are under way, and on which channel. */
QDebug operator<<(QDebug debug, const QAmqpRpcClient *client)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!client)
        return debug << "QAmqpRpcClient(null)";
    debug << "QAmqpRpcClient(" << client->pendingCalls() << " calls";
    if (client->channel())
        debug << ", channel " << client->channel()->number();
    return debug << ')';
}

QT_END_NAMESPACE
