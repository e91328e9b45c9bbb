// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickmessage.h"

#include "qamqpquickvalues.h"

#include <QtCore/qendian.h>
#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qmetaobject.h>
#include <QtQml/qjsengine.h>
#include <QtQml/qjsvalue.h>

#include <limits>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

/*!
    \qmlvaluetype amqpMessage
    \inqmlmodule QtAmqp
    \brief A message that was received, with what the broker says about it.

    It is a value, which may be kept in a \c var for any time. A property that the sender did not set is an
    empty string, 0, \c false or an invalid date.

    \sa QAmqpDelivery, AmqpQueue::messageReceived(), AmqpMessageModel
*/

/*! \qmlproperty ArrayBuffer amqpMessage::body
    The bytes of the message. */
/*! \qmlproperty string amqpMessage::text
    The body, read as UTF-8. */
/*! \qmlproperty string amqpMessage::exchange
    The exchange to which it was published. It is empty for the default exchange, a reply or a returned
    message. */
/*! \qmlproperty string amqpMessage::routingKey
    The routing key with which it was published. It is empty for a reply or a returned message. */
/*! \qmlproperty var amqpMessage::headers
    The headers as an object. Numbers of every type become numbers of JavaScript, which cannot hold all
    integers of 64 bits: beyond 2 to the 53rd they become the nearest number. Bytes become an ArrayBuffer and
    timestamps a Date; a timestamp that a Date cannot hold becomes the number of seconds since 1970. */
/*! \qmlproperty string amqpMessage::contentType
    The MIME type of the body, as the sender gave it. */
/*! \qmlproperty string amqpMessage::contentEncoding
    How the sender encoded the body, such as \c gzip. QtAmqp leaves the body as it is. */
/*! \qmlproperty bool amqpMessage::persistent
    Whether it survives a restart of the broker in a durable queue. */
/*! \qmlproperty int amqpMessage::priority
    The priority, from 0 to 255. */
/*! \qmlproperty string amqpMessage::correlationId
    The request that this message answers. */
/*! \qmlproperty string amqpMessage::replyTo
    The queue to which an answer is to go. */
/*! \qmlproperty string amqpMessage::expiration
    How many milliseconds the message might wait in a queue before the broker drops it. */
/*! \qmlproperty string amqpMessage::messageId
    The sender's name for it. */
/*! \qmlproperty date amqpMessage::timestamp
    When it was sent, by the sender's clock, to the second. A time that a Date cannot hold, after the year
    275,760, is the number of seconds since 1970. */
/*! \qmlproperty string amqpMessage::type
    The kind of message, as the sender names it. */
/*! \qmlproperty string amqpMessage::userId
    The user who sent it. RabbitMQ has checked that. */
/*! \qmlproperty string amqpMessage::appId
    The program that sent it. */
/*! \qmlproperty string amqpMessage::clusterId
    A property of AMQP that nobody uses. */
/*! \qmlproperty string amqpMessage::propertiesError
    Why \l headers, or all of these properties, cannot be read as they came. It is empty if they can be read.
    See QAmqpMessage::propertiesError(). */
/*! \qmlproperty bool amqpMessage::redelivered
    Whether it may have been delivered before. */
/*! \qmlproperty real amqpMessage::deliveryTag
    The number of the delivery on its channel. It is 0 for a reply or a returned message. */
/*! \qmlproperty string amqpMessage::consumerTag
    The name of the subscription by which it came. */
/*! \qmlproperty bool amqpMessage::settled
    Whether the message was acknowledged or refused, by this value or by a copy of it, or needs neither. */
/*! \qmlproperty bool amqpMessage::stale
    Whether the message cannot be settled any more, though it was not: the link over which it came was lost, or
    the queue's channel has ended. ack() and nack() return \c false then, and the broker delivers the message
    again, to this queue object or to another consumer. See QAmqpDelivery::isStale(). */

/*! \qmlmethod bool amqpMessage::ack()
    Acknowledges the message. That is needed with AmqpQueue.AckManually; with AckOnReturn the queue does it by
    itself. Returns \c false if the message was settled before, or if it is \l stale, so that the broker delivers
    the message again. */

bool QAmqpQuickMessage::ack() const { return m_delivery.ack(); }

QAmqpQuickMessage::QAmqpQuickMessage(QAmqpDelivery delivery) : m_delivery(std::move(delivery)) { }

QAmqpQuickMessage::QAmqpQuickMessage(const QAmqpMessage &message)
{
    static_cast<QAmqpMessage &>(m_delivery) = message;
}

/*! \qmlproperty var amqpMessage::json
    The body read as JSON: an object, array, string, number, bool or null. It is \c undefined if the body is
    not valid JSON; the content type does not matter. The body is parsed each time. */
QJsonValue QAmqpQuickMessage::json() const
{
    // QJsonDocument takes objects and arrays alone, but JSON may be any value.
    const QJsonArray values = QJsonDocument::fromJson('[' + body() + ']').array();
    return values.size() == 1 ? values.first() : QJsonValue(QJsonValue::Undefined);
}

QVariantMap QAmqpQuickMessage::headers() const
{
    return QtAmqpQuick::tableToJs(m_delivery.headers());
}

QVariant QAmqpQuickMessage::timestampToJs() const
{
    if (!m_delivery.has(QAmqpMessage::Property::Timestamp))
        return QDateTime();
    const QByteArray wire = m_delivery.bytes(QAmqpMessage::Property::Timestamp);
    return QtAmqpQuick::timestampToJs(QAmqpValue::timestamp(qFromBigEndian<quint64>(wire.data())));
}

bool QAmqpQuickMessage::isPersistent() const
{
    return m_delivery.deliveryMode() == QAmqpMessage::DeliveryMode::Persistent;
}

/*! \qmlmethod bool amqpMessage::nack(bool requeue = true)
    Refuses the message. It goes back to the queue or, if \a requeue is \c false, to the dead-letter exchange
    of the queue, if it has one. Returns the same as ack(). */
bool QAmqpQuickMessage::nack(bool requeue) const
{
    return m_delivery.nack(requeue ? QAmqpDelivery::Requeue : QAmqpDelivery::Discard);
}

/*! \qmlmethod string amqpMessage::toJson()
    Returns the whole message as one line of JSON, with every property, the exchange and the routing key, to
    be shown or kept. See QAmqpDelivery::toJson(). A body that is JSON is read by \l json. */
QString QAmqpQuickMessage::toJson() const { return QString::fromUtf8(m_delivery.toJson()); }

// Sets the body. Returns what is wrong with it, or an empty text.
static QString setBody(QAmqpMessage &message, const QJSValue &body, QJSEngine *engine)
{
    const QVariant value = QtAmqpQuick::leafFromJs(body);
    if (body.isUndefined()) {
        return {};
    } else if (value.metaType() == QMetaType::fromType<QAmqpQuickMessage>()) {
        const QAmqpDelivery delivery = value.value<QAmqpQuickMessage>().delivery();
        message = static_cast<const QAmqpMessage &>(delivery); // is forwarded as it came
    } else if (body.isString()) {
        message.setBody(body.toString().toUtf8());
        message.setContentType(u"text/plain"_s);
    } else if (value.metaType() == QMetaType::fromType<QByteArray>()) {
        message.setBody(value.toByteArray());
        message.setContentType(u"application/octet-stream"_s);
    } else {
        // JavaScript's own function keeps the order of keys.
        const QJSValue stringify =
                engine->globalObject().property(u"JSON"_s).property(u"stringify"_s);
        const QJSValue json = stringify.call({body});
        if (!json.isString())
            return u"the body cannot be written as JSON: %1"_s.arg(
                    json.isError() ? json.toString() : u"it is a function or a symbol"_s);
        message.setBody(json.toString().toUtf8());
        message.setContentType(u"application/json"_s);
    }
    return {};
}

// A property that is a number within bounds.
struct NumberRow
{
    QLatin1StringView name;
    qint64 least;
    qint64 most;
    void (*set)(QAmqpMessage &message, qint64 number);
};

constexpr NumberRow numberRows[] = {
        {"priority"_L1, 0, 255,
         [](QAmqpMessage &message, qint64 number) { message.setPriority(quint8(number)); }},
        {"deliveryMode"_L1, 1, 2,
         [](QAmqpMessage &message, qint64 number) {
             message.setDeliveryMode(QAmqpMessage::DeliveryMode(number));
         }},
        {"expiration"_L1, 0, std::numeric_limits<quint32>::max(),
         [](QAmqpMessage &message, qint64 number) {
             message.setExpiration(std::chrono::milliseconds(number));
         }},
};

static QString setTimestamp(QAmqpMessage &message, const QVariant &value)
{
    QDateTime time = value.toDateTime();
    if (const auto seconds = QtAmqpQuick::wholeNumber(value))
        time = QDateTime::fromSecsSinceEpoch(*seconds, Qt::UTC);
    if (!time.isValid() || time.toSecsSinceEpoch() < 0)
        return u"timestamp may be a valid Date from 1970 on, or a whole number of seconds since then"_s;
    message.setTimestamp(time);
    return {};
}

// Sets a property. Returns what is wrong with it, or an empty text.
static QString setProperty(QAmqpMessage &message, const QString &name, const QVariant &value)
{
    for (const NumberRow &row : numberRows) {
        if (name != row.name)
            continue;
        const QString error = QtAmqpQuick::wholeNumberError(row.name, value, row.least, row.most);
        if (error.isEmpty())
            row.set(message, *QtAmqpQuick::wholeNumber(value));
        return error;
    }
    if (name == "timestamp"_L1)
        return setTimestamp(message, value);
    if (name == "persistent"_L1) {
        message.setDeliveryMode(value.toBool() ? QAmqpMessage::DeliveryMode::Persistent
                                               : QAmqpMessage::DeliveryMode::Transient);
        return {};
    }
    if (name == "headers"_L1 && value.canConvert<QVariantMap>()) {
        message.setHeaders(QtAmqpQuick::tableFromJs(value.toMap()));
        return {};
    }
    const QMetaObject &type = QAmqpMessage::staticMetaObject;
    const int index = type.indexOfProperty(name.toUtf8().constData());
    const bool isText = index >= 0 && type.property(index).typeId() == QMetaType::QString;
    if (isText && type.property(index).writeOnGadget(&message, value))
        return {};
    return u"\"%1\" is no property of a message, or its value is of the wrong type; see amqpMessage for "
           "the names"_s.arg(name);
}

// Makes a message of what a program in QML gives: a body of any type, and an object of properties.
QAmqpMessage QAmqpQuickMessage::fromJs(const QJSValue &body, const QJSValue &properties,
                                       QJSEngine *engine, QString *error)
{
    QAmqpMessage message;
    *error = setBody(message, body, engine);
    const QVariant given = QtAmqpQuick::variantFromJs(properties, engine);
    if (error->isEmpty() && given.isValid() && !given.isNull()
        && given.typeId() != QMetaType::QVariantMap)
        *error = u"the properties are an object, such as { priority: 5 }"_s;
    const QVariantMap map = given.toMap();
    for (auto it = map.cbegin(); it != map.cend() && error->isEmpty(); ++it) {
        if (it.value().isValid()) // it is not undefined
            *error = setProperty(message, it.key(), it.value());
    }
    if (error->isEmpty())
        *error = message.errorString();
    return message;
}

QT_END_NAMESPACE
