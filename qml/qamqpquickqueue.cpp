// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickqueue.h"

#include "qamqpquickvalues.h"

#include <QtCore/qmetaobject.h>
#include <QtQml/qqmlinfo.h>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpQuick;

/*!
    \qmltype AmqpQueue
    \inqmlmodule QtAmqp
    \brief A queue that is declared, bound and received from.

    \qml
    AmqpQueue {
        connection: broker
        name: "orders"
        durable: true
        bindings: [{ exchange: "shop", routingKey: "order.*" }]
        onMessageReceived: (message) => list.append(message.json)
    }
    \endqml

    Everything is a property: the queue is declared when the connection is there, and again when \l name or
    another setting changes. Its \l bindings wait for the AmqpExchange objects of its connection to be
    declared, so that they may name them.

    Each AmqpQueue has a channel of its own: what the broker refuses shows in its \l errorString and harms
    no other. After an error it is set up anew when a setting changes, \l active is switched off and on, or
    publish() is called.

    Deleting the object, by a Loader for instance, ends the subscription; the queue stays in the broker
    unless it is exclusive or auto-delete. Messages that were not acknowledged go back to it.

    \sa QAmqpQueue, AmqpMessageModel
*/

/*! \qmlproperty AmqpConnection AmqpQueue::connection
    The connection, the enclosing one unless set. */
/*! \qmlproperty bool AmqpQueue::active
    Whether the queue is used, \c true at first. Switched off, its channel is closed. */
/*! \qmlproperty bool AmqpQueue::ready
    Whether it is declared and bound and, if \l receiving, messages come. */
/*! \qmlproperty string AmqpQueue::name
    The name. Empty: the broker makes one up, see \l queueName, and the queue is \l exclusive and \l autoDelete
    unless these say otherwise, or it is to stay: \l durable, a quorum queue or a stream.
    Bound to a property of the surrounding component that is called \c queueName, it wants the component's id,
    see there. */
/*! \qmlproperty bool AmqpQueue::durable
    Whether the queue survives a restart of the broker. */
/*! \qmlproperty bool AmqpQueue::exclusive
    Whether the queue belongs to this connection and goes with it; unless set, if it has no \l name. */
/*! \qmlproperty bool AmqpQueue::autoDelete
    Whether the queue goes with its last consumer; unless set, if it has no \l name. */
/*! \qmlproperty bool AmqpQueue::passive
    Whether the queue must exist already, whatever its settings are. */
/*! \qmlproperty var AmqpQueue::arguments
    Arguments of the declaration, an object such as \c{{"x-max-length": 1000}}. A whole number is sent as one,
    also if it was computed; NaN and the infinities are an error. So it is with all arguments and headers. */
/*! \qmlproperty list<var> AmqpQueue::bindings
    Which messages come into the queue, a list of objects with \c exchange and, if wanted, \c routingKey and
    \c arguments. When the list changes, new bindings are made first, then those that
    are gone are removed: no message is missed, and none comes twice. */
/*! \qmlproperty bool AmqpQueue::receiving
    Whether messages are received, \c true at first; otherwise the queue is declared and bound only. */
/*! \qmlproperty real AmqpQueue::prefetch
    How many messages may come ahead of their acknowledgement, a whole number up to 65535: 250 at first, 0 for
    any number. Another number is an error, and nothing is received until it is mended. */
/*! \qmlproperty var AmqpQueue::consumerArguments
    Arguments of the subscription, an object such as \c{{"x-stream-offset": "first"}}. */
/*! \qmlproperty enumeration AmqpQueue::ackPolicy
    \value AmqpQueue.AckOnReturn  A message is acknowledged when all handlers of messageReceived()
                                  have returned, unless one did it or refused it. A message
                                  that nobody listens for, no handler and no AmqpMessageModel, is
                                  not acknowledged: it goes back when the queue is set up anew or
                                  ends. A warning tells of it once.
    \value AmqpQueue.AckManually  A handler, or anything later, calls amqpMessage::ack() or
                                  amqpMessage::nack().
    \value AmqpQueue.NoAck        The broker forgets a message as it sends it, and \l prefetch bounds
                                  nothing. */
/*! \qmlproperty string AmqpQueue::queueName
    The name as the broker knows it, empty until it was declared.

    \warning In a binding of this object, such as \c{name: queueName}, a name without a qualifier is a
    property of the object itself before it is one of the surrounding component: what has a property
    \c queueName of its own writes \c{name: root.queueName}, with its id. The same holds for every
    property here, such as \c durable or \c arguments. */
/*! \qmlproperty int AmqpQueue::messageCount
    How many messages were ready when the queue was declared. */
/*! \qmlproperty int AmqpQueue::consumerCount
    How many consumers it had then. */
/*! \qmlproperty real AmqpQueue::messagesPerSecond
    How many messages were received, or published by publish(), in the last second. */
/*! \qmlproperty amqpError AmqpQueue::error
    The last error, kept until the queue is set up anew. */
/*! \qmlproperty string AmqpQueue::errorString
    Its text, empty for none. */
/*! \qmlproperty int AmqpQueue::errorCode
    Its reply code, such as 404; 0 for none. */
/*! \qmlsignal AmqpQueue::errorOccurred(amqpError error)
    The broker refused something, a call here failed, or a message was too large and was rejected, by
    \a error; receiving goes on after the last of these. */
/*! \qmlsignal AmqpQueue::messageReceived(amqpMessage message)
    A \a message came. */

QAmqpQuickQueue::QAmqpQuickQueue(QObject *parent) : QAmqpQuickBound(parent)
{
    const auto consumeAnew = [this] { isReady() ? consume() : restart(); };
    connect(this, &QAmqpQuickQueue::consumingChanged, this, consumeAnew);
    connect(this, &QAmqpQuickQueue::receivingChanged, this, [this, consumeAnew] {
        if (!m_receiving && isAutoDelete())
            restart(); // without its consumer the broker deletes it
        else
            consumeAnew();
    });
}

bool QAmqpQuickQueue::isPassing() const
{
    const QString type = m_arguments.value(u"x-queue-type"_s).toString();
    return m_name.isEmpty() && !m_durable && type != "quorum"_L1 && type != "stream"_L1;
}

void QAmqpQuickQueue::setExclusive(bool exclusive)
{
    if (m_exclusive == exclusive)
        return;
    m_exclusive = exclusive;
    Q_EMIT settingsChanged();
}

void QAmqpQuickQueue::setAutoDelete(bool autoDelete)
{
    if (m_autoDelete == autoDelete)
        return;
    m_autoDelete = autoDelete;
    Q_EMIT settingsChanged();
}

void QAmqpQuickQueue::setUp(QAmqpChannel *channel)
{
    const QPointer<QAmqpChannel> alive = channel; // a handler of an error may end it
    m_queue = channel->queue(m_name);
    const QAmqpQueueOptions options = QAmqpQueueOptions()
                                              .setDurable(m_durable)
                                              .setExclusive(isExclusive())
                                              .setAutoDelete(isAutoDelete())
                                              .setPassive(m_passive)
                                              .setArguments(tableFromJs(m_arguments));
    connect(channel, &QAmqpChannel::messageReturned, scope(), [this](const QAmqpReturn &message) {
        lost(QAmqpError(
                     QAmqpError::Kind::Unroutable, QAmqpError::Scope::Operation,
                     QAmqpError::Origin::Broker,
                     tr("the queue \"%1\" does not exist any more, the message came back; switch "
                        "active off and on to declare it anew")
                             .arg(message.routingKey()))
                     .setReply(message.replyCode(), message.replyText()));
    });
    connect(channel, &QAmqpChannel::nacked, scope(), [this](quint64 first, quint64 last) {
        fail(QAmqpError(QAmqpError::Kind::Nacked, QAmqpError::Scope::Operation,
                        QAmqpError::Origin::Broker,
                        tr("the broker did not take %n message(s) for the queue \"%1\"; it may be "
                           "full, publish again later",
                           nullptr, int(last - first + 1))
                                .arg(queueName())));
    });
    expect(m_queue->declare(options), [this](const QAmqpQueueInfo &info) {
        m_info = info;
        Q_EMIT declared();
    });
    if (alive)
        QAmqpQuickBound::setUp(channel);
}

QFuture<void> QAmqpQuickQueue::bind(const Binding &binding)
{
    return m_queue->bind(binding.exchange, binding.routingKey, binding.arguments);
}

QFuture<void> QAmqpQuickQueue::unbind(const Binding &binding)
{
    return m_queue->unbind(binding.exchange, binding.routingKey, binding.arguments);
}

void QAmqpQuickQueue::stop()
{
    if (m_handled && m_ackPolicy == AckOnReturn)
        QAmqpQuickSettling::settle(m_handled->ack()); // its handler stops the queue: it is handled
    QAmqpQuickBound::stop();
    if (!m_info.name.isEmpty()) {
        m_info = {};
        Q_EMIT declared();
    }
}

// Also when a subscription there is has to become another: the old one ends when the new one is made, lest
// an auto-delete queue goes in between.
void QAmqpQuickQueue::consume()
{
    const QPointer<QAmqpConsumer> old = m_consumer;
    m_consumer = nullptr;
    QAmqpError error;
    if (m_receiving)
        error = subscribe();
    delete old;
    if (error)
        lost(error);
}

QAmqpError QAmqpQuickQueue::subscribe()
{
    const QString wrong = wholeNumberError("prefetch"_L1, m_prefetch, 0, 65535);
    if (!wrong.isEmpty())
        return invalid(wrong);
    m_consumer = m_queue->consume(QAmqpConsumeOptions()
                                          .setPrefetch(quint16(m_prefetch))
                                          .setNoAck(m_ackPolicy == NoAck)
                                          .setArguments(tableFromJs(m_consumerArguments)));
    if (m_consumer->state() == QAmqpConsumer::State::Cancelled)
        return channel()->lastError();
    expect();
    connect(m_consumer, &QAmqpConsumer::started, scope(), [this] { arrived(); });
    connect(m_consumer, &QAmqpConsumer::messageReceived, scope(),
            [this](const QAmqpDelivery &delivery) { receive(delivery); });
    connect(m_consumer, &QAmqpConsumer::messageDiscarded, scope(),
            [this](const QAmqpDelivery &, const QAmqpError &error) { fail(error); });
    connect(m_consumer, &QAmqpConsumer::cancelled, scope(), [this](const QAmqpError &reason) {
        if (reason.scope() == QAmqpError::Scope::Operation && reason)
            lost(reason);
    });
    return {};
}

void QAmqpQuickQueue::receive(const QAmqpDelivery &delivery)
{
    const QAmqpDelivery message = delivery;
    const bool heard =
            isSignalConnected(QMetaMethod::fromSignal(&QAmqpQuickQueue::messageReceived));
    const bool ack = heard && m_ackPolicy == AckOnReturn;
    if (!heard && m_ackPolicy == AckOnReturn && !std::exchange(m_warned, true))
        qmlWarning(this)
                << "nobody listens to messageReceived(): messages stay unacknowledged; set "
                   "receiving to false to leave them in the queue";
    const QPointer<QAmqpQuickQueue> self = this;
    const QAmqpDelivery *outer = std::exchange(m_handled, &message);
    count(&QAmqpQuickConnection::countIn);
    Q_EMIT messageReceived(message);
    if (self)
        m_handled = outer;
    if (ack)
        QAmqpQuickSettling::settle(message.ack());
}

/*! \qmlmethod real AmqpQueue::publish(var body, var properties = {})
    Publishes a message to this queue, by the default exchange: see AmqpExchange::publish() for \a body and
    \a properties, and what is returned. If somebody has deleted the queue, that is an error
    (\c "Unroutable"), and the next call declares it anew; if the broker does not take the message, as one
    of a full queue with \c{"x-overflow": "reject-publish"}, that is one too (\c "Nacked"). Of several
    messages only the first such error is sure to be told: an AmqpExchange without a name tells what became of
    each one. */
quint64 QAmqpQuickQueue::publish(const QJSValue &body, const QJSValue &properties)
{
    return QAmqpQuickObject::publish(
            body, properties, [this](const QAmqpMessage &message, quint64) {
                return m_queue->publish(message, QAmqpChannel::Mandatory) > 0;
            });
}

/*! \qmlmethod void AmqpQueue::purge()
    Removes all messages of the queue that were not delivered yet. */
void QAmqpQuickQueue::purge()
{
    if (keepsCalls())
        return keep([this] { purge(); });
    startForCall();
    if (!m_queue)
        return fail(notOpen());
    watch(
            m_queue->purge(), [](quint32) {}, [this](const QAmqpError &error) { refused(error); });
}

QT_END_NAMESPACE
