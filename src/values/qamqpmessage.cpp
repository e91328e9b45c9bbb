// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/qamqpmessage_p.h"

#include "values/errorkinds.h"
#include "values/range.h"
#include "values/tableformat.h"
#include "values/wiretext.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>

#include <bit>
#include <limits>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using Property = QAmqpMessage::Property;

/*!
    \class QAmqpMessage
    \inmodule QtAmqp
    \brief A message: a body of bytes and the 14 properties of AMQP's basic class.

    A property that was never set is absent, which is not the same as empty; see has(). Setting a text
    property to a null QString, or calling clear(), makes it absent again.

    The broker and other clients may send text that is not UTF-8, here and in the names of a QAmqpDelivery. In
    a QString such a byte is a lone surrogate, U+DC80 to U+DCFF for 80 to FF, which the setters and calls of
    this library turn into the same byte again. So text that is copied to another message, or used to answer
    or forward one, is sent exactly as it came. RabbitMQ accepts such properties, but closes the connection
    (501) over such names. Calls with such names are therefore refused with InvalidArgument if the server is
    RabbitMQ or not known yet. bytes() returns the bytes themselves.

    The setters never fail. A value that AMQP cannot carry (text of more than 255 bytes of UTF-8, a header
    value of a foreign type or a number that is not finite, a time before 1970) leaves the property absent,
    and errorString() says what was wrong. Publishing such a message is refused, and nothing of it is sent.

    A message that was received may have properties that cannot be read, because whoever sent it made a
    mistake, or because they are beyond the limits of this library. It is delivered nevertheless:
    propertiesError() says what is wrong, and headers() is empty. If it is published again, it is sent byte
    for byte as it came, provided that its properties fit one frame.

    Messages are implicitly shared and reentrant; publishing one object many times is the fastest way
    to publish.

    \sa QAmqpChannel::publish(), {AMQP 0-9-1 §1.8}, {AMQP 0-9-1 §4.2.6}
*/

/*!
    \enum QAmqpMessage::Property
    The properties, each with its bit in the content header's flags word.
    \value ContentType      MIME type of the body.
    \value ContentEncoding  MIME content encoding.
    \value Headers          A table for the application and for headers exchanges.
    \value DeliveryMode     Transient (1) or persistent (2).
    \value Priority         0 to 255; RabbitMQ's queues use 0 to x-max-priority.
    \value CorrelationId    Ties a reply to its request.
    \value ReplyTo          The queue for replies.
    \value Expiration       Time to live, in milliseconds, as decimal text.
    \value MessageId        The application's identifier.
    \value Timestamp        Seconds since 1970, UTC.
    \value Type             The application's name for the kind of message.
    \value UserId           Must be the connection's user if set, or RabbitMQ closes the channel (406).
    \value AppId            The sending application.
    \value ClusterId        Deprecated by the protocol, but still sent and received.
*/

/*!
    \enum QAmqpMessage::DeliveryMode
    \value Unset       No delivery mode is sent; RabbitMQ treats the message as transient.
    \value Transient   The message need not survive a restart of the broker.
    \value Persistent  In a durable queue the message survives a restart of the broker.
*/

namespace {

using Shape = PropertyShape;

constexpr PropertyRow rows[] = {
        {Property::ContentType, Shape::Text, "content-type"},
        {Property::ContentEncoding, Shape::Text, "content-encoding"},
        {Property::Headers, Shape::Table, "headers"},
        {Property::DeliveryMode, Shape::Byte, "delivery-mode"},
        {Property::Priority, Shape::Byte, "priority"},
        {Property::CorrelationId, Shape::Text, "correlation-id"},
        {Property::ReplyTo, Shape::Text, "reply-to"},
        {Property::Expiration, Shape::Text, "expiration"},
        {Property::MessageId, Shape::Text, "message-id"},
        {Property::Timestamp, Shape::Timestamp, "timestamp"},
        {Property::Type, Shape::Text, "type"},
        {Property::UserId, Shape::Text, "user-id"},
        {Property::AppId, Shape::Text, "app-id"},
        {Property::ClusterId, Shape::Text, "cluster-id"},
};

const PropertyRow &rowOf(Property property) { return rows[std::countl_zero(quint16(property))]; }

QByteArrayView takeProperty(Reader &list, Shape shape)
{
    const QByteArrayView before = list.rest();
    switch (shape) {
    case Shape::Text: list.string<quint8>(); break;
    case Shape::Table: list.string<quint32>(); break;
    case Shape::Byte: list.read<quint8>(); break;
    case Shape::Timestamp: list.read<quint64>(); break;
    }
    return before.first(before.size() - list.remaining());
}

} // namespace

namespace QtAmqpPrivate {

std::span<const PropertyRow> propertyRows() { return rows; }

void checkPropertyList(quint16 flags, Reader &list)
{
    // Bit 0 says that a second word of flags follows, and bit 1 stands for a 15th property, which the basic
    // class does not have.
    if (flags & 0x0003)
        list.fail("has property flags that the basic class does not define");
    for (const PropertyRow &row : rows) {
        if (!(flags & quint16(row.property)))
            continue;
        takeProperty(list, row.shape);
    }
    if (list.ok() && !list.atEnd())
        list.fail("has bytes behind its last property");
}

// Returns the bytes of the property in a valid list. If it is absent they are empty, and at its place.
static QByteArrayView findProperty(quint16 flags, QByteArrayView properties, Property property)
{
    Reader list(properties);
    const PropertyRow *row = rows;
    for (; row->property != property; ++row) {
        if (flags & quint16(row->property))
            takeProperty(list, row->shape);
    }
    return flags & quint16(property) ? takeProperty(list, row->shape) : list.rest().first(0);
}

void checkProperties(quint16 flags, Reader &list)
{
    const QByteArrayView properties = list.rest();
    checkPropertyList(flags, list);
    if (list.ok() && flags & quint16(Property::Headers))
        checkTable(findProperty(flags, properties, Property::Headers).sliced(4), list);
}

} // namespace QtAmqpPrivate

QAmqpMessage QAmqpMessagePrivate::make(QByteArray body, quint16 flags, QByteArray properties)
{
    QAmqpMessage message;
    makeAgain(message, flags, properties, 0);
    message.d->body = std::move(body);
    return message;
}

// Whether nobody else holds the memory. Another thread that held it has done with it, which isDetached() would not
// ensure.
static bool isOurs(QByteArray &bytes)
{
    const QArrayData *const data = bytes.data_ptr().d_ptr();
    return data && data->ref_.loadAcquire() == 1;
}

void QAmqpMessagePrivate::makeAgain(QAmqpMessage &message, quint16 flags, QByteArrayView properties,
                                    quint64 bodySize)
{
    if (!message.d || message.d.constData()->ref.loadAcquire() != 1)
        message.d = new QAmqpMessagePrivate;
    QAmqpMessagePrivate &d = *message.d;
    // A message that is kept must not take much more memory than it needs.
    constexpr quint64 few = 512;
    const auto capacity = quint64(d.body.capacity());
    if (bodySize == 0 || bodySize > capacity || capacity > 2 * bodySize + few || !isOurs(d.body))
        d.body = QByteArray();
    const bool isSame = properties.isEmpty() ? d.properties.isEmpty() : d.properties == properties;
    if (d.flags == flags && isSame)
        return;
    d.flags = flags;
    d.properties = properties.toByteArray();
    d.headers.clear();
    Reader list(d.properties);
    checkPropertyList(flags, list);
    d.isMalformed = !list.ok();
}

bool QAmqpMessagePrivate::keepMemory(QAmqpMessage &message)
{
    constexpr qsizetype most = 64 * 1024;
    if (!message.d || message.d.constData()->ref.loadAcquire() != 1
        || !message.d.constData()->refusals.isEmpty()
        || message.d.constData()->properties.size() > most)
        return false;
    if (message.d.constData()->body.capacity() > most)
        message.d->body = QByteArray();
    return true;
}

QAmqpMessage QAmqpMessagePrivate::makeUnread(const QString &error)
{
    QAmqpMessage message;
    editable(message).refusals.insert(
            Json,
            error.isEmpty() ? QStringLiteral("the JSON that it was made of cannot be read")
                            : error);
    return message;
}

QByteArrayView QAmqpMessagePrivate::wire(Property property) const
{
    return findProperty(present(), properties, property);
}

void QAmqpMessagePrivate::set(Property property, const QByteArray &wire)
{
    refusals.remove(quint32(property));
    if (isMalformed && wire.isEmpty()) // all properties are absent anyway
        return;
    if (isMalformed)
        return refuse(property,
                      u" cannot be set beside properties that came malformed; make a new "
                      "message of the body"_s);
    const QByteArrayView old = this->wire(property);
    const qsizetype at = old.data() ? old.data() - properties.constData() : 0;
    properties.replace(at, old.size(), wire);
    flags = quint16(wire.isEmpty() ? flags & ~quint16(property) : flags | quint16(property));
    if (property == Property::Headers)
        headers.clear();
}

void QAmqpMessagePrivate::refuse(Property property, const QString &why)
{
    set(property, {});
    refusals.insert(quint32(property), QLatin1StringView(rowOf(property).name) + why);
}

void QAmqpMessagePrivate::dropBody()
{
    refusals.insert(Body, QStringLiteral("its body was larger than the limit and was not kept"));
}

quint8 QAmqpMessagePrivate::byte(Property property) const
{
    return present() & quint16(property) ? quint8(wire(property).front()) : 0;
}

QString QAmqpMessagePrivate::text(Property property) const
{
    return present() & quint16(property) ? QtAmqpPrivate::textFromWire(wire(property).sliced(1))
                                         : QString();
}

void QAmqpMessagePrivate::setBytes(Property property, const QByteArray &text)
{
    if (text.size() > MaxShortString)
        refuse(property, u" has more than 255 bytes of UTF-8"_s);
    else
        set(property, char(text.size()) + text);
}

/*! \fn QAmqpMessage::QAmqpMessage()
    Makes a message with an empty body and no properties. */
QTAMQP_VALUE(QAmqpMessage)

/*! Makes a message of \a body, which is shared, not copied; no property is set. */
QAmqpMessage::QAmqpMessage(const QByteArray &body) { setBody(body); }

/*! \overload
    The body is \a text in UTF-8, which text() reads; no property is set. */
QAmqpMessage::QAmqpMessage(const QString &text) : QAmqpMessage(text.toUtf8()) { }

/*! \overload
    The body is a copy of \a utf8 up to its terminating null character, which does not belong to it. */
QAmqpMessage::QAmqpMessage(const char *utf8) : QAmqpMessage(QByteArray(utf8)) { }

/*! Returns the body, the bytes as they were sent. */
QByteArray QAmqpMessage::body() const { return peek(d).body; }

/*!
    Sets the \a body. RabbitMQ 3.10 takes up to 128 MiB, RabbitMQ 4 up to 16 MiB, and closes the
    channel (406) if it is larger.
*/
void QAmqpMessage::setBody(const QByteArray &body)
{
    QAmqpMessagePrivate &message = edit(d);
    message.body = body;
    message.refusals.remove(QAmqpMessagePrivate::Body);
}

/*! Returns how many bytes the body and the properties have on the wire. The limits for messages that wait count
    this size. */
qsizetype QAmqpMessage::size() const { return QAmqpMessagePrivate::size(*this); }

/*! Returns the body read as UTF-8. */
QString QAmqpMessage::text() const { return QString::fromUtf8(body()); }

/*! Returns \c true if \a property is present, empty or not. */
bool QAmqpMessage::has(Property property) const { return peek(d).present() & quint16(property); }

/*! Makes \a property absent. */
void QAmqpMessage::clear(Property property)
{
    if (peek(d).flags & quint16(property) || peek(d).refusals.contains(quint32(property)))
        edit(d).set(property, {});
}

/*!
    Returns the bytes of \a property as they are on the wire, without the length if it is text. This is the
    way to read text that is not UTF-8. The result is empty if the property is absent.
*/
QByteArray QAmqpMessage::bytes(Property property) const
{
    if (!has(property))
        return {};
    const bool isText = rowOf(property).shape == Shape::Text;
    return peek(d).wire(property).sliced(isText ? 1 : 0).toByteArray();
}

#define QTAMQP_TEXT_PROPERTY(getter, Name) \
  QString QAmqpMessage::getter() const { return peek(d).text(Property::Name); } \
  void QAmqpMessage::set##Name(const QString &value) \
  { \
    if (value.isNull()) \
      edit(d).set(Property::Name, {}); \
    else \
      edit(d).setBytes(Property::Name, wireFromText(value)); \
  }

/*! \property QAmqpMessage::contentType
    MIME type of the body, at most 255 bytes. Neither the broker nor this library interprets it. */
QTAMQP_TEXT_PROPERTY(contentType, ContentType)

/*! \property QAmqpMessage::contentEncoding
    MIME content encoding, such as gzip, at most 255 bytes. The library does not decode the body. */
QTAMQP_TEXT_PROPERTY(contentEncoding, ContentEncoding)

/*! \property QAmqpMessage::headers
    The application's headers, which are decoded when they are first asked for. All properties together must
    fit one frame. If headers were received and cannot be read, this is empty, and propertiesError() says why;
    bytes() returns them as they came. */
QAmqpTable QAmqpMessage::headers() const
{
    if (!has(Property::Headers))
        return {};
    const QAmqpMessagePrivate &message = *d;
    return message.headers.get(
            [&] { return decodeTable(message.wire(Property::Headers).sliced(4)); });
}

void QAmqpMessage::setHeaders(const QAmqpTable &headers)
{
    QString error = headers.errorString();
    const QByteArray entries = error.isEmpty() ? encodeTable(headers) : QByteArray();
    // A receiver that uses this library could not read a table beyond its limits.
    Reader judge(entries);
    checkTable(entries, judge);
    if (!judge.ok())
        error = QLatin1StringView(judge.error());
    if (!error.isEmpty())
        return edit(d).refuse(Property::Headers, u": "_s + error);
    edit(d).set(Property::Headers, bigEndian(quint32(entries.size())) + entries);
}

/*! Returns the header \a name, an invalid value if there is none. */
QAmqpValue QAmqpMessage::header(const QString &name) const { return headers().value(name); }

/*! Sets the header \a name to \a value, and leaves the others as they are. Each call encodes all headers anew, so
    many are set faster by setHeaders(). Headers that were received and cannot be read are replaced. */
void QAmqpMessage::setHeader(const QString &name, const QAmqpValue &value)
{
    QAmqpTable all = headers();
    all.insert(name, value);
    setHeaders(all);
}

/*! \property QAmqpMessage::deliveryMode
    Whether the message survives a restart of the broker; \c Unset makes the property absent. */
QAmqpMessage::DeliveryMode QAmqpMessage::deliveryMode() const
{
    return DeliveryMode(peek(d).byte(Property::DeliveryMode));
}

void QAmqpMessage::setDeliveryMode(DeliveryMode mode)
{
    if (mode == DeliveryMode::Unset)
        return clear(Property::DeliveryMode);
    edit(d).set(Property::DeliveryMode, QByteArray(1, char(mode)));
}

/*! \property QAmqpMessage::priority
    0 (also when absent) to 255. It counts only in queues that were declared with x-max-priority. */
quint8 QAmqpMessage::priority() const { return peek(d).byte(Property::Priority); }
void QAmqpMessage::setPriority(quint8 priority)
{
    edit(d).set(Property::Priority, QByteArray(1, char(priority)));
}

/*! \property QAmqpMessage::correlationId
    Ties a reply to its request, at most 255 bytes. */
QTAMQP_TEXT_PROPERTY(correlationId, CorrelationId)

/*! \property QAmqpMessage::replyTo
    The queue for replies, at most 255 bytes. */
QTAMQP_TEXT_PROPERTY(replyTo, ReplyTo)

/*! \property QAmqpMessage::expiration
    Time to live in a queue, in milliseconds, as decimal text, which is how AMQP carries it. */
QTAMQP_TEXT_PROPERTY(expiration, Expiration)

/*! Sets the \a expiration in milliseconds, 0 to 4294967295. Another value makes it absent, and errorString()
    says so, since RabbitMQ would close the channel (406) over it, as it does over text that is not such a
    number. */
void QAmqpMessage::setExpiration(std::chrono::milliseconds expiration)
{
    if (!TimeToLive.contains(double(expiration.count())))
        return edit(d).refuse(Property::Expiration, u" must be "_s + TimeToLive.form());
    setExpiration(QString::number(expiration.count()));
}

/*! \property QAmqpMessage::messageId
    The application's identifier, at most 255 bytes. */
QTAMQP_TEXT_PROPERTY(messageId, MessageId)

/*! \property QAmqpMessage::timestamp
    In UTC, whole seconds, from 1970 on; an invalid QDateTime makes it absent. */
QDateTime QAmqpMessage::timestamp() const
{
    if (!has(Property::Timestamp))
        return {};
    const auto seconds = qFromBigEndian<quint64>(peek(d).wire(Property::Timestamp).data());
    return QAmqpValue::timestamp(seconds).toDateTime();
}

void QAmqpMessage::setTimestamp(const QDateTime &timestamp)
{
    if (!timestamp.isValid())
        return clear(Property::Timestamp);
    const QAmqpValue seconds(timestamp);
    if (!seconds.isValid())
        return edit(d).refuse(Property::Timestamp, u" lies before 1970"_s);
    edit(d).set(Property::Timestamp, bigEndian(seconds.toTimestamp()));
}

/*! \property QAmqpMessage::type
    The application's name for this kind of message, at most 255 bytes. */
QTAMQP_TEXT_PROPERTY(type, Type)

/*! \property QAmqpMessage::userId
    The publishing user. RabbitMQ checks it against the connection's user, see
    \l {https://www.rabbitmq.com/validated-user-id.html}. */
QTAMQP_TEXT_PROPERTY(userId, UserId)

/*! \property QAmqpMessage::appId
    The publishing application, at most 255 bytes. */
QTAMQP_TEXT_PROPERTY(appId, AppId)

/*! \property QAmqpMessage::clusterId
    Deprecated by the protocol, but still sent and received. */
QTAMQP_TEXT_PROPERTY(clusterId, ClusterId)

/*!
    Returns what is wrong with the properties as they were received; empty if they can be read, and for
    every message that was made on this side.

    If the headers are wrong (arrays and tables nested more than 32 deep, more than 65,536 values in all, a
    value of an unknown type), headers() is empty and the other properties can be read. If the list of the
    properties itself is wrong, or has a flag for a property that the basic class does not have, none of them
    can be read, nor set: errorString() says so then. The bytes are kept, and QAmqpChannel::publish() sends
    them as they came.
*/
QString QAmqpMessage::propertiesError() const
{
    const QAmqpMessagePrivate &message = peek(d);
    Reader list(message.properties);
    checkProperties(message.flags, list);
    if (list.ok())
        return {};
    return formatted(message.isMalformed ? u"the property list %1" : u"the table of headers %1",
                     list.error());
}

/*! Returns why this message cannot be published, naming the property at fault; empty if it can. */
QString QAmqpMessage::errorString() const
{
    const QMap<quint32, QString> &refusals = peek(d).refusals;
    return refusals.isEmpty() ? QString() : refusals.last();
}

QDebug operator<<(QDebug debug, const QAmqpMessage &message)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote() << "QAmqpMessage(" << message.body().size() << " bytes";
    for (const PropertyRow &row : rows) {
        if (!message.has(row.property))
            continue;
        debug << ", " << row.name << ": ";
        switch (row.shape) {
        case Shape::Text: debug << message.bytes(row.property); break;
        case Shape::Table: debug << message.headers(); break;
        case Shape::Byte: debug << quint8(message.bytes(row.property).front()); break;
        case Shape::Timestamp: debug << message.timestamp(); break;
        }
    }
    if (const QString error = message.propertiesError(); !error.isEmpty())
        debug << ", properties error: " << error;
    return debug << ')';
}

QT_END_NAMESPACE
