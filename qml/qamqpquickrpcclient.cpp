// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickrpcclient.h"

#include "qamqpquickvalues.h"

#include <QtQml/qqmlengine.h>
#include <QtQml/qqmlinfo.h>

#include <limits>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

/*!
    \qmltype AmqpRpcClient
    \inqmlmodule QtAmqp
    \brief Sends requests and hands each reply to the function that waits for it.

    \qml
    AmqpRpcClient { id: prices; connection: broker; timeout: 5000 }
    Button {
        text: "Price"
        enabled: prices.pending === 0
        onClicked: prices.call("prices", { article: 17 }, (reply, error) =>
            label.text = error ? error.text : reply.json.price)
    }
    \endqml

    Replies come by RabbitMQ's direct reply-to, so that no queue is declared for them. Any number of requests
    may wait for their replies at a time.

    \sa QAmqpRpcClient, QAmqpRpcServer
*/

/*! \qmlproperty AmqpConnection AmqpRpcClient::connection
    The connection to use. By default it is the AmqpConnection in which this object is declared. */
/*! \qmlproperty bool AmqpRpcClient::active
    Whether requests can be made. It is \c true by default. When it becomes \c false, all pending requests
    fail. */
/*! \qmlproperty bool AmqpRpcClient::ready
    Whether its channel is open. */
/*! \qmlproperty string AmqpRpcClient::exchange
    The exchange to which requests go. By default it is the default exchange, which routes by the names of
    queues. */
/*! \qmlproperty real AmqpRpcClient::timeout
    How many milliseconds a request waits for its reply, a whole number. The default is 30,000, and 0 means
    for ever. */
/*! \qmlproperty int AmqpRpcClient::pending
    How many requests wait for their reply. */
/*! \qmlproperty real AmqpRpcClient::messagesPerSecond
    How many requests were made in the last second. */
/*! \qmlproperty amqpError AmqpRpcClient::error
    The last error of its channel. It is kept until the channel is set up again. */
/*! \qmlproperty string AmqpRpcClient::errorString
    The text of \l error, which is empty if there is none. */
/*! \qmlproperty int AmqpRpcClient::errorCode
    The reply code of \l error, which is 0 if there is none. */
/*! \qmlsignal AmqpRpcClient::errorOccurred(amqpError error)
    The channel failed because of \a error. Errors of a request are reported only to the function of that
    request. */

QAmqpQuickRpcClient::QAmqpQuickRpcClient(QObject *parent) : QAmqpQuickObject(parent)
{
    connect(this, &QAmqpQuickRpcClient::exchangeChanged, this, [this] {
        if (hasFailed())
            restart(); // the new value may be valid
    });
}

void QAmqpQuickRpcClient::setUp(QAmqpChannel *channel)
{
    m_client = new QAmqpRpcClient(channel, channel);
}

void QAmqpQuickRpcClient::stop()
{
    delete m_client; // its requests fail now, while the scope still lets their callbacks run
    QAmqpQuickObject::stop();
}

void QAmqpQuickRpcClient::setPending(int pending)
{
    m_pending = pending;
    Q_EMIT pendingChanged();
}

/*! \qmlmethod void AmqpRpcClient::call(string routingKey, var body, function callback, var properties = {})
    Sends a request with \a routingKey and calls \a callback once, either with the reply, an amqpMessage, or
    with \c undefined and an amqpError. \a body and \a properties are those of AmqpExchange::publish(). The
    kind of the error is \c "Timeout", \c "Unroutable" if no queue took the request, \c "Nacked", \c "NotOpen"
    without a connection, or that of what ended the channel. When this object is destroyed, no callback is
    called any more. */
void QAmqpQuickRpcClient::call(const QString &routingKey, const QJSValue &body,
                               const QJSValue &callback, const QJSValue &properties)
{
    setPending(m_pending + 1);
    QAmqpError error;
    const QAmqpMessage message = makeMessage(body, properties, &error);
    if (error)
        answerSoon(callback, {}, error);
    else if (keepsCalls())
        keep([=, this] { ask(routingKey, message, callback); });
    else
        ask(routingKey, message, callback);
}

/*! \qmlmethod void AmqpRpcClient::request(string routingKey, var body, function callback, var properties = {})
    \deprecated
    The former name of call(). */

void QAmqpQuickRpcClient::ask(const QString &routingKey, const QAmqpMessage &message,
                              const QJSValue &callback)
{
    startForCall();
    constexpr qint64 longest = std::numeric_limits<qint32>::max();
    const auto failed = [this, callback](const QAmqpError &failure) {
        answerSoon(callback, {}, failure);
    };
    const QString wrong = QtAmqpQuick::wholeNumberError("timeout"_L1, m_timeout, 0, longest);
    if (!channel())
        return failed(notOpen());
    if (!wrong.isEmpty())
        return failed(invalid(wrong));
    count(&QAmqpQuickConnection::countOut);
    watch(
            m_client->call(m_exchange, routingKey, message,
                           std::chrono::milliseconds(qint64(m_timeout))),
            [this, callback](const QAmqpMessage &reply) {
                count(&QAmqpQuickConnection::countIn);
                answerSoon(callback, reply, {});
            },
            failed);
}

// Calls the callback in a later turn, never inside of call() or while the client ends, since it may make
// another request.
void QAmqpQuickRpcClient::answerSoon(const QJSValue &callback, const QAmqpQuickMessage &reply,
                                     const QAmqpError &error)
{
    QMetaObject::invokeMethod(
            this,
            [this, callback, reply, error] {
                setPending(m_pending - 1);
                answer(callback, reply, error);
            },
            Qt::QueuedConnection);
}

void QAmqpQuickRpcClient::answer(const QJSValue &callback, const QAmqpQuickMessage &reply,
                                 const QAmqpError &error)
{
    QJSEngine *engine = qmlEngine(this);
    if (!engine || !callback.isCallable())
        return;
    const QJSValue result =
            callback.call({error ? QJSValue() : engine->toScriptValue(reply),
                           error ? engine->toScriptValue(QAmqpQuickError(error)) : QJSValue()});
    if (result.isError())
        qmlWarning(this) << result.toString();
}

QT_END_NAMESPACE
