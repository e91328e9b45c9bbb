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

    Everything is a property. The queue is declared when the connection is open, and again when \l name or
    another setting changes. Its \l bindings are made after the AmqpExchange objects of its connection were
    declared, so that they may name them.

    Each AmqpQueue has a channel of its own. What the broker refuses is shown by its \l errorString and
    affects no other object. After an error the queue is set up again when a setting changes, when \l active
    is switched off and on, or when publish() is called.

    Deleting the object, by a Loader for instance, ends the subscription; the queue stays in the broker
    unless it is exclusive or auto-delete. Messages that were not acknowledged go back to it.

    \sa QAmqpQueue, AmqpMessageModel
*/

/*! \qmlproperty AmqpConnection AmqpQueue::connection
    The connection to use. By default it is the AmqpConnection in which this object is declared. */
/*! \qmlproperty bool AmqpQueue::active
    Whether the queue is used. It is \c true by default. When it becomes \c false, the channel is closed. */
/*! \qmlproperty bool AmqpQueue::ready
    Whether it is declared and bound and, if \l receiving, messages come. It is \c false while the connection
    recovers; the queue is set up again by itself then. */
/*! \qmlproperty string AmqpQueue::name
    The name of the queue. If it is empty, the broker makes one up, see \l queueName. Such a queue is
    \l exclusive and \l autoDelete unless these properties are set to something else, or unless it is
    \l durable, a quorum queue or a stream. To bind the name to a property \c queueName of the surrounding
    component, write the component's id before it, see \l queueName. */
/*! \qmlproperty bool AmqpQueue::durable
    Whether the queue survives a restart of the broker. */
/*! \qmlproperty bool AmqpQueue::exclusive
    Whether the queue belongs to this connection and is deleted with it. By default that is so if it has no
    \l name. */
/*! \qmlproperty bool AmqpQueue::autoDelete
    Whether the queue is deleted with its last consumer. By default that is so if it has no \l name. */
/*! \qmlproperty bool AmqpQueue::passive
    Whether the queue must exist already, whatever its settings are. */
/*! \qmlproperty var AmqpQueue::arguments
    Arguments of the declaration, an object such as \c{{"x-max-length": 1000}}. A whole number is sent as an
    integer, also if it was computed; NaN and the infinities are an error. The same holds for all arguments
    and headers. */
/*! \qmlproperty list<var> AmqpQueue::bindings
    Which messages come into the queue. It is a list of objects with \c exchange and, if needed, \c routingKey
    and \c arguments. When the list changes, new bindings are made before those that are gone are removed, so
    that no message is missed and none comes twice. */
/*! \qmlproperty bool AmqpQueue::receiving
    Whether messages are received. It is \c true by default; otherwise the queue is only declared and
    bound. */
/*! \qmlproperty real AmqpQueue::prefetch
    How many messages may be unacknowledged at a time, a whole number up to 65535. The default is 250, and 0
    means any number. Another value is an error, and nothing is received until it is corrected. */
/*! \qmlproperty var AmqpQueue::consumerArguments
    Arguments of the subscription, an object such as \c{{"x-stream-offset": "first"}}. */
/*! \qmlproperty enumeration AmqpQueue::ackPolicy
    \value AmqpQueue.AckOnReturn  A message is acknowledged when all handlers of messageReceived()
                                  have returned, unless one of them acknowledged or refused it. If
                                  there is no handler and no AmqpMessageModel, the message is not
                                  acknowledged, and goes back when the queue is set up again or
                                  ends. One warning says so.
    \value AmqpQueue.AckManually  The program calls amqpMessage::ack() or amqpMessage::nack(), in a
                                  handler or later.
    \value AmqpQueue.NoAck        The broker forgets a message as it sends it, and \l prefetch bounds
                                  nothing. */
/*! \qmlproperty string AmqpQueue::queueName
    The name of the queue at the broker. It is empty until the queue was declared. If the broker made it up, it is
    another one after the link was lost and the connection has recovered.

    \warning In a binding of this object, such as \c{name: queueName}, a name without a qualifier is a
    property of the object itself before it is one of the surrounding component. A component that has a
    property \c queueName of its own has to write \c{name: root.queueName}, with its id. The same holds for
    every property of this type, such as \c durable or \c arguments. */
/*! \qmlproperty int AmqpQueue::messageCount
    How many messages were ready when the queue was declared. */
/*! \qmlproperty int AmqpQueue::consumerCount
    How many consumers the queue had when it was declared. */
/*! \qmlproperty real AmqpQueue::messagesPerSecond
    How many messages were received, or published by publish(), in the last second. */
/*! \qmlproperty amqpError AmqpQueue::error
    The last error. It is kept until the queue is set up again. */
/*! \qmlproperty string AmqpQueue::errorString
    The text of \l error, which is empty if there is none. */
/*! \qmlproperty int AmqpQueue::errorCode
    The reply code of \l error, such as 404. It is 0 if there is none. */
/*! \qmlsignal AmqpQueue::errorOccurred(amqpError error)
    The broker refused something, a call of this object failed, or a message was too large and was rejected,
    because of \a error. After a message that was too large receiving goes on. */
/*! \qmlsignal AmqpQueue::messageReceived(amqpMessage message)
    A \a message came. */

QAmqpQuickQueue::QAmqpQuickQueue(QObject *parent) : QAmqpQuickBound(parent)
{
    const auto consumeAnew = [this] { isReady() ? consume() : restart(); };
    connect(this, &QAmqpQuickQueue::consumingChanged, this, consumeAnew);
    connect(this, &QAmqpQuickQueue::receivingChanged, this, [this, consumeAnew] {
        if (!m_receiving && isAutoDelete())
            restart(); // the broker may delete the queue with its consumer
        else
            consumeAnew();
    });
}

bool QAmqpQuickQueue::isTemporary() const
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
    const QPointer<QAmqpChannel> alive = channel; // the handler of an error may end it
    m_queue = channel->queue(m_name);
    // After a lost link the broker makes up another name.
    connect(m_queue, &QAmqpQueue::nameChanged, scope(), [this](const QString &name) {
        if (m_info.name.isEmpty() || m_info.name == name)
            return; // it is being declared for the first time
        m_info.name = name;
        Q_EMIT declared();
    });
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
    const QFuture<QAmqpQueueInfo> answer = m_queue->declare(options);
    const bool isRefused = answer.isFinished();
    expect(answer, [this](const QAmqpQueueInfo &info) {
        m_info = info;
        Q_EMIT declared();
    });
    if (alive && !isRefused)
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
        m_handled->ack(); // the message's own handler stops the queue
    QAmqpQuickBound::stop();
    if (!m_info.name.isEmpty()) {
        m_info = {};
        Q_EMIT declared();
    }
}

// Subscribes, also in place of a present subscription. That ends only when the new one is made, since an
// auto-delete queue would be deleted in between.
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
        message.ack();
}

/*! \qmlmethod real AmqpQueue::publish(var body, var properties = {})
    Publishes a message to this queue, by the default exchange. See AmqpExchange::publish() for \a body and
    \a properties, and for what is returned. If somebody has deleted the queue, that is an error
    (\c "Unroutable"), and the next call declares it again. It is also an error (\c "Nacked") if the broker
    does not take the message, for example because the queue is full and was declared with
    \c{"x-overflow": "reject-publish"}. If several messages fail, only the first such error is sure to be
    reported. An AmqpExchange without a name reports what became of each message. */
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
