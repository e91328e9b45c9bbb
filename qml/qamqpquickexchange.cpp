// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickexchange.h"

#include "qamqpquickvalues.h"

#include <limits>
#include <utility>
#include <vector>

QT_BEGIN_NAMESPACE

/*!
    \qmltype AmqpExchange
    \inqmlmodule QtAmqp
    \brief An exchange that is declared and published to.

    \qml
    AmqpExchange { id: shop; connection: broker; name: "shop"; type: "topic" }
    Button { text: "Order"; onClicked: shop.publish("order.new", { article: 17, count: 2 }) }
    \endqml

    Without a \l type nothing is declared. Then the exchange must exist already, or it is the default
    exchange, which has no name and routes by the names of queues. Like every type of this module it has a
    channel of its own.

    What cannot be sent, or is not confirmed when the link is lost, is told and not sent again. An AmqpOutbox keeps such
    messages, and publishes to exchanges too.

    \sa QAmqpExchange, AmqpQueue, AmqpOutbox
*/

/*! \qmlproperty AmqpConnection AmqpExchange::connection
    The connection to use. By default it is the AmqpConnection in which this object is declared. */
/*! \qmlproperty bool AmqpExchange::active
    Whether the exchange is used. It is \c true by default. */
/*! \qmlproperty bool AmqpExchange::ready
    Whether it is declared and bound. */
/*! \qmlproperty string AmqpExchange::name
    The name, empty for the default exchange. */
/*! \qmlproperty string AmqpExchange::type
    The type of the exchange: \c "direct", \c "fanout", \c "topic", \c "headers" or that of a plugin. If it is
    empty, the exchange is not declared. */
/*! \qmlproperty bool AmqpExchange::durable
    Whether the exchange survives a restart of the broker. */
/*! \qmlproperty bool AmqpExchange::autoDelete
    Whether the exchange is deleted with its last binding. */
/*! \qmlproperty bool AmqpExchange::internal
    Whether only other exchanges can publish to it. */
/*! \qmlproperty bool AmqpExchange::passive
    Whether the exchange must exist already, whatever its settings are. */
/*! \qmlproperty var AmqpExchange::arguments
    Arguments of the declaration, an object such as \c{{"alternate-exchange": "rest"}}. */
/*! \qmlproperty list<var> AmqpExchange::bindings
    Which messages of other exchanges come to this one. It is a list of objects with \c exchange, the name of
    the other exchange, \c routingKey and \c arguments, as in AmqpQueue::bindings. The bindings are made when
    the AmqpExchange objects of the connection are declared, and may change at any time. The default exchange
    has none. */
/*! \qmlproperty bool AmqpExchange::confirms
    Whether the broker confirms each message. It is \c true by default. */
/*! \qmlproperty bool AmqpExchange::mandatory
    Whether a message that no queue takes is returned, see messageReturned(). */
/*! \qmlproperty int AmqpExchange::unconfirmed
    How many messages wait for their confirm. */
/*! \qmlproperty real AmqpExchange::messagesPerSecond
    How many messages were published in the last second. */
/*! \qmlproperty amqpError AmqpExchange::error
    The last error. It is kept until the exchange is set up again. */
/*! \qmlproperty string AmqpExchange::errorString
    The text of \l error, which is empty if there is none. */
/*! \qmlproperty int AmqpExchange::errorCode
    The reply code of \l error, such as 406. It is 0 if there is none. */
/*! \qmlsignal AmqpExchange::errorOccurred(amqpError error)
    The broker refused something, or a call of this object failed, because of \a error. */
/*! \qmlsignal AmqpExchange::confirmed(real firstTag, real lastTag)
    The broker has the messages from \a firstTag to \a lastTag. */
/*! \qmlsignal AmqpExchange::nacked(real firstTag, real lastTag)
    The broker refused the messages from \a firstTag to \a lastTag. */
/*! \qmlsignal AmqpExchange::indeterminate(real firstTag, real lastTag)
    The link was lost, or the channel ended, before the broker answered for the messages from \a firstTag to
    \a lastTag: they may have arrived or not. A channel ends by an error, or because the connection or a setting
    changed. What was published and not sent yet is sent on the next link. */
/*! \qmlsignal AmqpExchange::messageReturned(amqpMessage message, string routingKey, string reason, real tag)
    No queue took the mandatory \a message with \a routingKey and \a tag, because of \a reason. Its confirm
    follows. */

QAmqpQuickExchange::QAmqpQuickExchange(QObject *parent) : QAmqpQuickBound(parent)
{
    connect(this, &QAmqpQuickBase::activeChanged, this, &QAmqpQuickExchange::reportDeclaring);
}

QAmqpQuickExchange::~QAmqpQuickExchange()
{
    if (!m_declaringOn)
        return;
    m_declaringOn->disconnect(this);
    m_declaringOn->setDeclaring(this, false);
}

void QAmqpQuickExchange::componentComplete()
{
    QAmqpQuickBound::componentComplete();
    reportDeclaring();
}

void QAmqpQuickExchange::connectionFound()
{
    QAmqpQuickBound::connectionFound();
    reportDeclaring();
}

void QAmqpQuickExchange::settle(bool settled)
{
    m_settled = settled;
    reportDeclaring();
}

// Queues wait until this exchange is declared, or has failed to be.
void QAmqpQuickExchange::reportDeclaring()
{
    if (m_declaringOn && m_declaringOn != connection())
        m_declaringOn->setDeclaring(this, false);
    m_declaringOn = connection();
    if (m_declaringOn)
        m_declaringOn->setDeclaring(
                this, isActive() && !m_settled && (!m_type.isEmpty() || !isComplete()));
}

void QAmqpQuickExchange::setUp(QAmqpChannel *channel)
{
    using C = QAmqpChannel;
    const QPointer<C> alive = channel; // the handler of an error may end it
    channel->setConfirms(m_confirms);
    const auto pass = [&](auto from, Outcome outcome) {
        connect(channel, from, scope(), [this, outcome](quint64 first, quint64 last) {
            emitOutcome(outcome, first, last);
        });
    };
    pass(&C::confirmed, &QAmqpQuickExchange::confirmed);
    pass(&C::nacked, &QAmqpQuickExchange::nacked);
    pass(&C::indeterminate, &QAmqpQuickExchange::indeterminate);
    connect(channel, &C::messageReturned, scope(), [this](const QAmqpReturn &message) {
        const quint64 tag = message.publishTag();
        const auto open = m_open.find(tag);
        Q_EMIT messageReturned(static_cast<const QAmqpMessage &>(message), message.routingKey(),
                               message.replyText(),
                               open != m_open.end() ? open->second
                                                    : tag + (tag ? m_tagsBefore : 0));
    });
    bool isRefused = false;
    if (!m_type.isEmpty()) {
        expect();
        const QFuture<void> answer = channel->declareExchange(
                m_name, m_type,
                QAmqpExchangeOptions()
                        .setDurable(m_durable)
                        .setAutoDelete(m_autoDelete)
                        .setInternal(m_internal)
                        .setPassive(m_passive)
                        .setArguments(QtAmqpQuick::tableFromJs(m_arguments)));
        isRefused = answer.isFinished();
        watch(
                answer,
                [this] {
                    arrived();
                    settle(true);
                },
                [this](const QAmqpError &error) {
                    setFailed();
                    settle(true);
                    refused(error);
                });
    }
    if (alive && !isRefused)
        QAmqpQuickBound::setUp(channel);
}

QFuture<void> QAmqpQuickExchange::bind(const Binding &binding)
{
    return channel()->bindExchange(m_name, binding.exchange, binding.routingKey, binding.arguments);
}

QFuture<void> QAmqpQuickExchange::unbind(const Binding &binding)
{
    return channel()->unbindExchange(m_name, binding.exchange, binding.routingKey,
                                     binding.arguments);
}

void QAmqpQuickExchange::stop()
{
    QAmqpQuickBound::stop();
    settle(false);
    emitOutcome(&QAmqpQuickExchange::indeterminate, 0, std::numeric_limits<quint64>::max());
}

// Reports the outcome of the messages whose tags in the channel are `first` to `last`.
void QAmqpQuickExchange::emitOutcome(Outcome outcome, quint64 first, quint64 last)
{
    const auto begin = m_open.lower_bound(first);
    const auto end = m_open.upper_bound(last);
    std::vector<std::pair<quint64, quint64>> ranges;
    for (auto it = begin; it != end; ++it) {
        if (ranges.empty() || ranges.back().second + 1 != it->second)
            ranges.emplace_back(it->second, it->second);
        ranges.back().second = it->second;
    }
    m_open.erase(begin, end);
    if (ranges.empty())
        return;
    const QPointer<QAmqpQuickExchange> self = this;
    Q_EMIT unconfirmedChanged();
    for (const auto &[firstTag, lastTag] : ranges) {
        if (self)
            Q_EMIT(this->*outcome)(firstTag, lastTag);
    }
}

/*! \qmlmethod real AmqpExchange::publish(string routingKey, var body, var properties = {})
    Publishes a message with \a routingKey and returns its tag, or 0 if it was refused, see \l errorString.

    The type of the \a body decides what is sent. An object, array, number, bool or null is sent as JSON
    (\c application/json), a string as UTF-8 (\c text/plain), an ArrayBuffer or a typed array as it is
    (\c application/octet-stream), and an amqpMessage that was received with all its properties. The
    \a properties are those of amqpMessage: \c contentType, \c headers, \c persistent, \c priority,
    \c expiration, \c correlationId, \c replyTo, \c messageId, \c timestamp, \c type, \c appId, …; any other
    name is an error. Headers may be objects, arrays and typed arrays; typed arrays are sent as bytes there
    too.

    Up to 8 MiB of messages are kept while the connection is being opened or recovers, and sent once it is open. Messages
    that are published before the document is complete are kept too, for example in \c Component.onCompleted
    of an object that a Loader or a Repeater makes. If it turns out in the next turn of the event loop that
    they cannot be sent, errorOccurred() and indeterminate() are emitted. After an error the exchange is set
    up again for the next message. */
quint64 QAmqpQuickExchange::publish(const QString &routingKey, const QJSValue &body,
                                    const QJSValue &properties)
{
    return QAmqpQuickObject::publish(
            body, properties, [=, this](const QAmqpMessage &message, quint64 tag) {
                const auto flags = m_mandatory ? QAmqpChannel::Mandatory : QAmqpChannel::NoFlags;
                const quint64 ofChannel = channel()->publish(m_name, routingKey, message, flags);
                if (ofChannel) {
                    m_tagsBefore = tag - ofChannel;
                    if (m_confirms)
                        m_open.emplace(ofChannel, tag);
                    Q_EMIT unconfirmedChanged();
                }
                return ofChannel > 0;
            });
}

QT_END_NAMESPACE
