// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqprpcserver.h>

#include "api/notify.h"
#include "values/errorkinds.h"

#include <QtAmqp/qamqpconsumer.h>
#include <QtCore/qdebug.h>
#include <QtCore/qpointer.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpRpcRequest
    \inmodule QtAmqp
    \inheaderfile QAmqpRpcServer
    \brief A request that waits for its answer.

    Copies are one request, answered once: by reply() or by fail(), at once or later, in the thread of the
    channel. One that is never answered goes back to its queue when the channel closes.
*/

class QAmqpRpcRequestPrivate
{
public:
    QPointer<QAmqpChannel> channel;
    QAmqpDelivery message;
    bool answered = false;
};

/*! Returns whether this is a request; one made by its default constructor is none. */
bool QAmqpRpcRequest::isValid() const { return d != nullptr; }

/*! Returns the request as it came. */
QAmqpDelivery QAmqpRpcRequest::message() const { return d ? d->message : QAmqpDelivery(); }

/*! Returns whether reply() or fail() was called with success. */
bool QAmqpRpcRequest::isAnswered() const { return d && d->answered; }

/*!
    Answers with \a message: it is published to the request's reply-to through the default exchange, with
    the request's correlation id, and the request is acknowledged behind it. Returns \c false if it was
    answered before, if its channel is gone, or if \a message cannot be published; QAmqpChannel::lastError()
    tells why, and another answer may be given.

    If the link was lost since the request came, the answer is published all the same, for the one who asked may still
    be there; but the request cannot be acknowledged any more, and comes again.
*/
bool QAmqpRpcRequest::reply(const QAmqpMessage &message) const
{
    if (!d || d->answered || !d->channel || d->message.isSettled())
        return false;
    QAmqpMessage answer = message;
    answer.setCorrelationId(d->message.correlationId());
    if (d->channel->publish(QString(), d->message.replyTo(), answer) == 0)
        return false;
    return d->answered = d->message.ack() || d->message.isStale();
}

/*! Gives no answer: the request is rejected, and with \a requeue Requeue given to another server. The
    one who asked is not told, and waits until his time is over. Returns \c false if the request was
    answered before or its channel has ended. */
bool QAmqpRpcRequest::fail(QAmqpDelivery::RequeueMode requeue) const
{
    if (!d || d->answered)
        return false;
    return d->answered = d->message.reject(requeue);
}

QDebug operator<<(QDebug debug, const QAmqpRpcRequest &request)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpRpcRequest("
                           << (request.isAnswered() ? "answered, " : "not answered, ")
                           << request.message() << ')';
}

/*!
    \class QAmqpRpcServer
    \inmodule QtAmqp
    \brief Answers the requests that come to a queue.

    \snippet snippets.cpp rpc server

    The queue is declared by the application. Requests are acknowledged after their reply, so that one
    whose server dies is given to another. Replies go through the default exchange to where the request
    says, with its correlation id: QAmqpRpcClient and any other AMQP client understand them.

    A handler answers at once: what it returns is the reply. If it throws, the request is rejected
    (dead-lettered, if the queue says where to; otherwise dropped), errorOccurred() tells, and the server
    goes on. Without a handler requestReceived() is emitted, whose request may be answered later.
    A request without reply-to is rejected and reported by errorOccurred().

    When the link is lost and the connection recovers, the server goes on by itself. Requests that were not acknowledged
    before come again, so that one of which only the acknowledgement was lost is served twice; the client ignores the
    second reply.

    Calls belong to the channel's thread. A server ends with its channel; start() it again when the
    channel was opened again.

    \sa QAmqpRpcClient, {https://www.rabbitmq.com/direct-reply-to.html}
*/
/*! \property QAmqpRpcServer::running
    Whether start() was called and the server has not ended since. */
/*! \fn void QAmqpRpcServer::runningChanged(bool running)
    Emitted when the server has started or ended: \a running tells which. */
/*! \fn void QAmqpRpcServer::requestReceived(const QAmqpRpcRequest &request)
    A \a request came, and there is no handler. */
/*! \fn void QAmqpRpcServer::errorOccurred(const QAmqpError &error)
    One request could not be answered, because of \a error: it has no reply-to, the handler threw, its
    reply could not be published, or it is larger than this side takes, and was rejected (see
    QAmqpConsumer::messageDiscarded()). */
/*! \fn void QAmqpRpcServer::stopped(const QAmqpError &reason)
    Emitted once for each start(), when the server has ended; \a reason is no error after stop(). */

class QAmqpRpcServerPrivate
{
public:
    void received(const QAmqpDelivery &message);
    void answer(const QAmqpRpcRequest &request);

    QAmqpRpcServer *q = nullptr;
    QPointer<QAmqpChannel> channel;
    QPointer<QAmqpConsumer> consumer;
    QString queue;
    QAmqpRpcServer::Handler handler;
};

/*! Makes a server for the requests in \a queue, on \a channel, a child of \a parent, or of the channel
    if that is null. start() starts it. */
QAmqpRpcServer::QAmqpRpcServer(QAmqpChannel *channel, const QString &queue, QObject *parent)
    : QObject(parent ? parent : channel), d_ptr(std::make_unique<QAmqpRpcServerPrivate>())
{
    d_ptr->q = this;
    d_ptr->channel = channel;
    d_ptr->queue = queue;
}

/*! Stops in silence; requests that were not answered go back when the channel closes. */
QAmqpRpcServer::~QAmqpRpcServer() { delete d_ptr->consumer; }

/*! Returns the channel, null once it is destroyed. */
QAmqpChannel *QAmqpRpcServer::channel() const { return d_ptr->channel; }

/*! Returns the name of the queue. */
QString QAmqpRpcServer::queue() const { return d_ptr->queue; }

/*! Lets \a handler answer the requests from now on; none: requestReceived() is emitted instead. */
void QAmqpRpcServer::setHandler(const Handler &handler) { d_ptr->handler = handler; }

/*! Starts to consume; \a prefetch bounds how many requests may be unanswered, 0: any number. Without it
    the bound is that of QAmqpChannel::setPrefetch(), or else 250. Returns \c false if the
    server is running, or if this is refused as QAmqpChannel::consume() is: QAmqpChannel::lastError()
    tells. A missing queue closes the channel later, and stopped() tells. */
bool QAmqpRpcServer::start(std::optional<quint16> prefetch)
{
    QAmqpRpcServerPrivate *d = d_ptr.get();
    if (!d->channel || isRunning())
        return false;
    delete d->consumer;
    QAmqpConsumeOptions options;
    if (prefetch)
        options.setPrefetch(*prefetch);
    d->consumer = d->channel->consume(d->queue, options);
    if (d->consumer->state() == QAmqpConsumer::State::Cancelled)
        return false;
    connect(d->consumer, &QAmqpConsumer::messageReceived, this,
            [d](const QAmqpDelivery &message) { d->received(message); });
    connect(d->consumer, &QAmqpConsumer::messageDiscarded, this,
            [this](const QAmqpDelivery &, const QAmqpError &error) {
                Q_EMIT errorOccurred(error);
            });
    connect(d->consumer, &QAmqpConsumer::cancelled, this, [this](const QAmqpError &reason) {
        const QPointer<QAmqpRpcServer> alive(this);
        Q_EMIT runningChanged(false);
        if (alive)
            Q_EMIT stopped(reason);
    });
    Q_EMIT runningChanged(true);
    return true;
}

/*! Takes no more requests; those that came may still be answered. The future tells how many went back to
    the queue, see QAmqpConsumer::cancel(), and fails with NotOpen if the server is not running. */
QFuture<int> QAmqpRpcServer::stop()
{
    if (!d_ptr->consumer)
        return failedFuture<int>(
                notOpen(u"stop(): the server of queue \"%1\" is not running", d_ptr->queue));
    return d_ptr->consumer->cancel();
}

bool QAmqpRpcServer::isRunning() const
{
    return d_ptr->consumer && d_ptr->consumer->state() != QAmqpConsumer::State::Cancelled;
}

static QString fateOf(const QAmqpRpcRequest &request)
{
    if (request.message().isStale())
        return QStringLiteral("comes again, since the link was lost");
    return request.isAnswered()
            ? QStringLiteral("was rejected")
            : QStringLiteral("could not be rejected; it goes back when the channel closes");
}

void QAmqpRpcServerPrivate::received(const QAmqpDelivery &message)
{
    QAmqpRpcRequest request;
    request.d = std::make_shared<QAmqpRpcRequestPrivate>(
            QAmqpRpcRequestPrivate{.channel = channel, .message = message});
    if (message.replyTo().isEmpty()) {
        request.fail();
        const QString unreadable = message.propertiesError();
        Q_EMIT q->errorOccurred(invalidArgument(
                u"a request in queue \"%1\" has no reply-to and cannot be answered; it %2%3", queue,
                fateOf(request),
                unreadable.isEmpty() ? QString() : QStringLiteral(": ") + unreadable));
    } else if (handler) {
        answer(request);
    } else {
        Q_EMIT q->requestReceived(request);
    }
}

void QAmqpRpcServerPrivate::answer(const QAmqpRpcRequest &request)
{
    const QPointer<QAmqpRpcServer> alive(q);
    const QPointer<QAmqpChannel> stays(channel);
    const QAmqpRpcServer::Handler answerer = handler; // may set another one
    QAmqpError error;
    const auto thrown = [&](const QString &what) {
        request.fail();
        if (alive)
            error = givenUp(u"the handler of queue \"%1\" threw, and its request %2: %3", queue,
                            fateOf(request), what);
    };
    try {
        const QAmqpMessage reply = answerer(request.message());
        if (!request.reply(reply) && stays)
            error = stays->lastError();
    } catch (const std::exception &exception) {
        thrown(QString::fromUtf8(exception.what()));
    } catch (...) {
        thrown(QStringLiteral("not a std::exception"));
    }
    if (!error || !alive)
        return;
    request.fail();
    Q_EMIT q->errorOccurred(error);
}

/*! \relates QAmqpRpcServer
    Writes to \a debug which queue \a server serves, and whether it runs. */
QDebug operator<<(QDebug debug, const QAmqpRpcServer *server)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!server)
        return debug << "QAmqpRpcServer(null)";
    debug << "QAmqpRpcServer(" << server->queue()
          << (server->isRunning() ? ", running" : ", stopped");
    if (server->channel())
        debug << ", channel " << server->channel()->number();
    return debug << ')';
}

QT_END_NAMESPACE
