// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquicktestbroker.h"

#include "qamqpquickmessage.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdeadlinetimer.h>
#include <QtCore/qpointer.h>
#include <QtCore/qtimer.h>
#include <QtQml/qjsengine.h>
#include <QtQml/qqmlengine.h>
#include <QtQml/qqmlinfo.h>

#include <utility>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

/*!
    \qmltype AmqpTestBroker
    \inqmlmodule QtAmqp.Test
    \brief A broker in the program itself, to design and test a user interface without a server.

    \qml
    import QtAmqp
    import QtAmqp.Test

    AmqpTestBroker { id: server }
    AmqpConnection {
        url: server.url; active: true
        AmqpQueue { id: alerts; name: "alerts" }
    }
    Timer { interval: 1000; running: true; repeat: true; onTriggered: server.publish("", "alerts", { text: "Hot!" }) }
    \endqml

    It runs as soon as it is complete, listens on a free port of 127.0.0.1, and ends with the object. Everything is in
    memory. What clients can ask of it, and where it differs from RabbitMQ, is said at QAmqpTestBroker, on which it
    stands; the user is \c guest with the password \c guest, the virtual host is \c{/}.

    The broker lives in the thread of the engine and answers while the event loop runs: a test waits for a property of
    the broker or of its own objects by TestCase::tryCompare() or TestCase::tryVerify(), without any sleep. The page
    \l {Testing user interfaces} shows how.

    \sa QAmqpTestBroker, AmqpConnection
*/

/*! \qmlproperty bool AmqpTestBroker::running
    Whether the broker runs, which is \c true by default. Setting it to \c false closes all connections and keeps what is
    durable; setting it to \c true again starts the broker with that, at the same \l url if its port is still free. If the
    broker cannot start, this is \c false, and errorString says why. */
/*! \qmlproperty int AmqpTestBroker::port
    The port of 127.0.0.1 to listen on from the next start. With 0, the default, it is one that is free. */
/*! \qmlproperty string AmqpTestBroker::url
    The URL for AmqpConnection::url, such as \c{amqp://guest:guest@127.0.0.1:40123}. It is empty until the
    broker has started for the first time. */
/*! \qmlproperty string AmqpTestBroker::errorString
    Why the broker could not start. It is empty if it could. */
/*! \qmlproperty bool AmqpTestBroker::blocked
    Whether clients that publish are blocked, see block(). */
/*! \qmlproperty list<var> AmqpTestBroker::queues
    The queues in the order of their names. Each is an object with \c name, \c messages (how many wait),
    \c unacknowledged, \c consumers, \c durable, \c exclusive and \c autoDelete. Like all that the broker counts, it
    changes at most once in a turn of the event loop, with the signal changed(). */
/*! \qmlproperty list<var> AmqpTestBroker::bindings
    The bindings: objects with \c exchange, \c routingKey, \c destination, and \c toExchange, which is \c true if the
    destination is an exchange and not a queue. */
/*! \qmlproperty list<var> AmqpTestBroker::connections
    The connections that are open: objects with \c user, \c virtualHost, \c name (AmqpConnection::connectionName),
    \c channels, \c consumers and \c unacknowledged. */
/*! \qmlproperty list<var> AmqpTestBroker::exchanges
    The exchanges, those that every broker has among them: objects with \c name, \c type, \c durable, \c autoDelete and
    \c internal. */
/*! \qmlproperty real AmqpTestBroker::published
    How many messages clients have published since the broker was made. */
/*! \qmlproperty real AmqpTestBroker::confirmed
    How many messages the broker has confirmed. */
/*! \qmlproperty real AmqpTestBroker::returned
    How many messages were returned because no queue took them. */
/*! \qmlproperty real AmqpTestBroker::delivered
    How many messages were delivered to consumers or got by clients, also when that happened again. */
/*! \qmlproperty real AmqpTestBroker::redelivered
    How many of these had been delivered before. */
/*! \qmlproperty real AmqpTestBroker::acknowledged
    How many messages clients have acknowledged. */
/*! \qmlproperty real AmqpTestBroker::rejected
    How many messages clients have rejected, to be requeued or not. */
/*! \qmlproperty real AmqpTestBroker::deadLettered
    How many messages were dead-lettered. */
/*! \qmlsignal AmqpTestBroker::changed()
    Something has happened: what the broker counts and lists may be different now. It comes at most once in a turn of
    the event loop. */

QAmqpQuickTestBroker::QAmqpQuickTestBroker(QObject *parent) : QObject(parent)
{
    connect(&m_broker, &QAmqpTestBroker::changed, this, [this] {
        setBlocked(m_broker.isBlocked());
        Q_EMIT changed();
    });
}

QAmqpQuickTestBroker::~QAmqpQuickTestBroker() = default;

void QAmqpQuickTestBroker::setRunning(bool running)
{
    if (!m_isComplete) {
        m_wanted = running;
        return;
    }
    if (running == m_broker.isRunning())
        return;
    if (running)
        return start();
    m_broker.stop();
    setBlocked(false);
    Q_EMIT runningChanged();
    Q_EMIT changed();
}

void QAmqpQuickTestBroker::setPort(int port)
{
    if (std::exchange(m_port, port) != port)
        Q_EMIT portChanged();
}

void QAmqpQuickTestBroker::componentComplete()
{
    m_isComplete = true;
    if (m_wanted)
        start();
}

void QAmqpQuickTestBroker::start()
{
    if (m_port < 0 || m_port > 65535) {
        setErrorString(u"port is %1; it may be a whole number from 0 to 65535"_s.arg(m_port));
    } else {
        m_broker.setPort(quint16(m_port));
        m_broker.start();
        setErrorString(m_broker.errorString());
    }
    if (!m_broker.isRunning())
        qmlWarning(this) << m_errorString;
    Q_EMIT runningChanged(); // also for whoever has set it to true in vain
    Q_EMIT changed();
}

void QAmqpQuickTestBroker::setErrorString(const QString &text)
{
    if (std::exchange(m_errorString, text) != text)
        Q_EMIT errorStringChanged();
}

void QAmqpQuickTestBroker::setBlocked(bool blocked)
{
    if (std::exchange(m_isBlocked, blocked) != blocked)
        Q_EMIT blockedChanged();
}

static QVariantMap toJs(const QAmqpTestBroker::QueueInfo &queue)
{
    return {
            {u"name"_s, queue.name},
            {u"messages"_s, double(queue.messages)},
            {u"unacknowledged"_s, double(queue.unacknowledged)},
            {u"consumers"_s, double(queue.consumers)},
            {u"durable"_s, queue.durable},
            {u"exclusive"_s, queue.exclusive},
            {u"autoDelete"_s, queue.autoDelete},
    };
}

QVariantList QAmqpQuickTestBroker::queues() const
{
    QVariantList list;
    const auto all = m_broker.queues();
    for (const auto &queue : all)
        list.append(toJs(queue));
    return list;
}

QVariantList QAmqpQuickTestBroker::bindings() const
{
    QVariantList list;
    const auto all = m_broker.bindings();
    for (const auto &binding : all) {
        list.append(QVariantMap{{u"exchange"_s, binding.exchange},
                                {u"routingKey"_s, binding.routingKey},
                                {u"destination"_s, binding.destination},
                                {u"toExchange"_s, binding.toExchange}});
    }
    return list;
}

QVariantList QAmqpQuickTestBroker::exchanges() const
{
    QVariantList list;
    const auto all = m_broker.exchanges();
    for (const auto &exchange : all) {
        list.append(QVariantMap{{u"name"_s, exchange.name},
                                {u"type"_s, exchange.type},
                                {u"durable"_s, exchange.durable},
                                {u"autoDelete"_s, exchange.autoDelete},
                                {u"internal"_s, exchange.internal}});
    }
    return list;
}

QVariantList QAmqpQuickTestBroker::connections() const
{
    QVariantList list;
    const auto all = m_broker.connections();
    for (const auto &connection : all) {
        list.append(QVariantMap{{u"user"_s, connection.user},
                                {u"virtualHost"_s, connection.virtualHost},
                                {u"name"_s, connection.name},
                                {u"channels"_s, double(connection.channels)},
                                {u"consumers"_s, double(connection.consumers)},
                                {u"unacknowledged"_s, double(connection.unacknowledged)}});
    }
    return list;
}

/*!
    \qmlmethod bool AmqpTestBroker::publish(string exchange, string routingKey, var body, object properties)
    Publishes a message with this \a routingKey from the broker's side, without a connection: \a body and \a properties
    are those of AmqpQueue::publish(), so that an object becomes JSON. Returns \c false if there is no such \a exchange,
    or no queue took the message. A value that cannot be sent is thrown as an error. While the broker is stopped, this
    reaches the queues that are durable, which consumers find again when it runs.
*/
bool QAmqpQuickTestBroker::publish(const QString &exchange, const QString &routingKey,
                                   const QJSValue &body, const QJSValue &properties)
{
    QJSEngine *const engine = qjsEngine(this);
    if (!engine) // C++ has broker()
        return false;
    QString error;
    const QAmqpMessage message = QAmqpQuickMessage::fromJs(body, properties, engine, &error);
    if (!error.isEmpty()) {
        engine->throwError(error);
        return false;
    }
    return m_broker.publish(exchange, routingKey, message);
}

/*!
    \qmlmethod amqpMessage AmqpTestBroker::take(string queue)
    Takes the first message that waits in the \a queue out of it, and returns it, or \c null if there is none, or no
    such queue.
*/
QVariant QAmqpQuickTestBroker::take(const QString &queue)
{
    const std::optional<QAmqpMessage> message = m_broker.take(queue);
    return message ? QVariant::fromValue(QAmqpQuickMessage(*message))
                   : QVariant::fromValue(nullptr);
}

/*!
    \qmlmethod object AmqpTestBroker::queue(string name)
    Returns the queue with this \a name as in \l queues, or \c null if there is none.
*/
QVariant QAmqpQuickTestBroker::queue(const QString &name) const
{
    const auto info = m_broker.queue(name);
    return info ? QVariant(toJs(*info)) : QVariant::fromValue(nullptr);
}

/*!
    \qmlmethod AmqpTestBroker::block(string reason)
    Stops reading from clients that publish, as a broker does that is short of memory, and lets them know the \a reason
    (\c connection.blocked); AmqpConnection::blocked becomes \c true with the next message that is published.
*/
void QAmqpQuickTestBroker::block(const QString &reason)
{
    m_broker.block(reason);
    setBlocked(m_broker.isBlocked());
}

/*!
    \qmlmethod AmqpTestBroker::unblock()
    Reads on from clients that block() has stopped.
*/
void QAmqpQuickTestBroker::unblock()
{
    m_broker.unblock();
    setBlocked(m_broker.isBlocked());
}

/*!
    \qmlmethod AmqpTestBroker::restart()
    Does what the crash and the new start of a broker do: all connections end without a farewell, durable queues and
    exchanges stay with the persistent messages in them, everything else is gone. The \l url stays the same.
*/
/*!
    \qmlmethod AmqpTestBroker::closeConnections(int code, string text)
    Closes all connections in good order, with this reply \a code (320 by default, CONNECTION_FORCED) and \a text.
*/
void QAmqpQuickTestBroker::closeConnections(int code, const QString &text)
{
    m_broker.closeConnections(quint16(qBound(0, code, 65535)), text);
}

/*!
    \qmlmethod AmqpTestBroker::dropConnections()
    Ends all connections without a farewell, as a network does that fails. Queues and messages stay.
*/

/*!
    \qmlmethod bool AmqpTestBroker::waitUntil(function condition, int timeout)
    Runs the event loop until the function \a condition returns \c true, and returns \c true, or \c false after
    \a timeout milliseconds, 5000 by default. What the function throws is thrown.

    The condition is looked at after each turn of the event loop. TestCase::tryVerify() looks at it every 50
    milliseconds, so that a test of some steps takes much longer with that.

    \qml
    verify(server.waitUntil(() => list.count === 3))
    \endqml
*/
bool QAmqpQuickTestBroker::waitUntil(const QJSValue &condition, int timeout)
{
    const QPointer<QJSEngine> engine = qjsEngine(this);
    const QDeadlineTimer deadline(qMax(timeout, 0));
    QTimer wake; // so that the loop returns when the time is up, too
    wake.start(qBound(1, timeout, 100));
    if (!condition.isCallable()) {
        if (engine)
            engine->throwError(u"waitUntil() needs a function"_s);
        return false;
    }
    while (true) {
        const QJSValue result = condition.call();
        if (result.isError()) {
            if (engine)
                engine->throwError(result);
            return false;
        }
        if (result.toBool())
            return true;
        if (deadline.hasExpired() || !engine)
            return false;
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }
}

QT_END_NAMESPACE
