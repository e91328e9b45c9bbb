#include "values/qamqpmessage_p.h"

#include "values/tableformat.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>

#include <array>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Property = QAmqpMessage::Property;

/*!
    \class QAmqpMessage
    \inmodule QtAmqp
    \brief A message: a body of octets and the 14 properties of AMQP's basic class.

    A property that was never set is absent, which is not the same as empty: has() tells. Setting
    a text property to a null QString, or calling clear(), makes it absent again.

    The setters never fail. A value that AMQP cannot carry (text over 255 octets of UTF-8, a header
    value of a foreign type, a time before 1970) leaves the property absent and errorString() says
    what was wrong; publishing such a message is refused locally and puts nothing on the wire.

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
    \value ClusterId        Deprecated by the protocol, carried all the same.
*/

/*!
    \enum QAmqpMessage::DeliveryMode
    \value Unset       No delivery mode is sent; RabbitMQ treats the message as transient.
    \value Transient   The message need not survive a restart of the broker.
    \value Persistent  In a durable queue the message survives a restart of the broker.
*/

namespace {

enum class Shape : quint8 { ShortString, Table, Octet, Timestamp };

struct PropertyRow
{
    Property property;
    Shape shape;
    const char *name;
};

// In wire order: the list of a content header holds the present ones from the highest bit down.
constexpr std::array<PropertyRow, 14> properties = {
        {
         {Property::ContentType, Shape::ShortString, "content-type"},
         {Property::ContentEncoding, Shape::ShortString, "content-encoding"},
         {Property::Headers, Shape::Table, "headers"},
         {Property::DeliveryMode, Shape::Octet, "delivery-mode"},
         {Property::Priority, Shape::Octet, "priority"},
         {Property::CorrelationId, Shape::ShortString, "correlation-id"},
         {Property::ReplyTo, Shape::ShortString, "reply-to"},
         {Property::Expiration, Shape::ShortString, "expiration"},
         {Property::MessageId, Shape::ShortString, "message-id"},
         {Property::Timestamp, Shape::Timestamp, "timestamp"},
         {Property::Type, Shape::ShortString, "type"},
         {Property::UserId, Shape::ShortString, "user-id"},
         {Property::AppId, Shape::ShortString, "app-id"},
         {Property::ClusterId, Shape::ShortString, "cluster-id"},
         }
};

QByteArrayView takeProperty(Reader &list, Shape shape)
{
    const QByteArrayView before = list.rest();
    switch (shape) {
    case Shape::ShortString: list.shortString(); break;
    case Shape::Table: list.longString(); break;
    case Shape::Octet: list.read<quint8>(); break;
    case Shape::Timestamp: list.read<quint64>(); break;
    }
    return before.first(before.size() - list.remaining());
}

} // namespace

namespace QtAmqpPrivate {

void checkProperties(quint16 flags, Reader &list)
{
    // Bit 0 continues the flags in a second word; the basic class has no 15th property.
    if (flags & 0x0003)
        list.fail("has property flags that the basic class does not define");
    for (const PropertyRow &row : properties) {
        if (!(flags & quint16(row.property)))
            continue;
        const QByteArrayView wire = takeProperty(list, row.shape);
        if (row.shape == Shape::Table && list.ok())
            checkTable(wire.sliced(4), list);
    }
    if (list.ok() && !list.atEnd())
        list.fail("has octets behind its last property");
}

} // namespace QtAmqpPrivate

QAmqpMessage QAmqpMessagePrivate::make(QByteArray body, quint16 flags, QByteArray properties)
{
    auto *d = new QAmqpMessagePrivate;
    d->body = std::move(body);
    d->flags = flags;
    d->properties = std::move(properties);
    return QAmqpMessage(d);
}

// What stands in the list for the property, or where it would stand if it is absent.
QByteArrayView QAmqpMessagePrivate::wire(Property property) const
{
    Reader list(properties);
    for (const PropertyRow &row : ::properties) {
        const bool present = flags & quint16(row.property);
        if (row.property == property)
            return present ? takeProperty(list, row.shape) : list.rest().first(0);
        if (present)
            takeProperty(list, row.shape);
    }
    Q_UNREACHABLE();
}

void QAmqpMessagePrivate::set(Property property, const QByteArray &wire)
{
    const QByteArrayView old = this->wire(property);
    const qsizetype at = old.data() ? old.data() - properties.constData() : 0;
    properties.replace(at, old.size(), wire);
    flags = quint16(wire.isEmpty() ? flags & ~quint16(property) : flags | quint16(property));
    refused = quint16(refused & ~quint16(property));
}

/*! Makes a message with an empty body and no properties. */
QAmqpMessage::QAmqpMessage() = default;
QAmqpMessage::QAmqpMessage(const QAmqpMessage &other) = default;
QAmqpMessage::QAmqpMessage(QAmqpMessage &&other) noexcept = default;
QAmqpMessage &QAmqpMessage::operator=(const QAmqpMessage &other) = default;
QAmqpMessage &QAmqpMessage::operator=(QAmqpMessage &&other) noexcept = default;
QAmqpMessage::~QAmqpMessage() = default;

QAmqpMessage::QAmqpMessage(QAmqpMessagePrivate *dd) : d(dd) { }

/*! Makes a message of \a body, which is shared, not copied; no property is set. */
QAmqpMessage::QAmqpMessage(const QByteArray &body) : d(new QAmqpMessagePrivate) { d->body = body; }

/*! Returns the body, octets as they were sent. */
QByteArray QAmqpMessage::body() const { return d ? d->body : QByteArray(); }

static QAmqpMessagePrivate *ensure(QSharedDataPointer<QAmqpMessagePrivate> &d)
{
    if (!d)
        d = new QAmqpMessagePrivate;
    return d.data();
}

/*!
    Sets the \a body. RabbitMQ 3.10 takes up to 128 MiB, RabbitMQ 4 up to 16 MiB, and closes the
    channel (406) if it is larger.
*/
void QAmqpMessage::setBody(const QByteArray &body) { ensure(d)->body = body; }

/*! Returns the body read as UTF-8. */
QString QAmqpMessage::text() const { return QString::fromUtf8(body()); }

/*! Returns \c true if \a property is present, empty or not. */
bool QAmqpMessage::has(Property property) const { return d && d->flags & quint16(property); }

/*! Makes \a property absent. */
void QAmqpMessage::clear(Property property)
{
    if (d.constData() && (std::as_const(d)->flags | std::as_const(d)->refused) & quint16(property))
        d->set(property, {});
}

/*!
    Returns the octets of \a property as they stand on the wire, for text without its length: the way
    to a text property that is not UTF-8. Nothing if it is absent.
*/
QByteArray QAmqpMessage::bytes(Property property) const
{
    if (!has(property))
        return {};
    const QByteArrayView wire = std::as_const(d)->wire(property);
    for (const PropertyRow &row : properties) {
        if (row.property == property)
            return wire.sliced(row.shape == Shape::ShortString ? 1 : 0).toByteArray();
    }
    Q_UNREACHABLE();
}

QString QAmqpMessage::string(Property property) const
{
    return has(property) ? QString::fromUtf8(std::as_const(d)->wire(property).sliced(1))
                         : QString();
}

void QAmqpMessage::setString(Property property, const QString &value)
{
    if (value.isNull())
        return clear(property);
    QByteArray wire = value.toUtf8();
    const bool fits = wire.size() <= MaxShortString;
    wire.prepend(char(wire.size()));
    ensure(d)->set(property, fits ? wire : QByteArray());
    if (!fits)
        d->refused |= quint16(property);
}

/*! \property QAmqpMessage::contentType
    MIME type of the body, at most 255 octets. AMQP carries it without looking at it. */
QString QAmqpMessage::contentType() const { return string(Property::ContentType); }
void QAmqpMessage::setContentType(const QString &contentType)
{
    setString(Property::ContentType, contentType);
}

/*! \property QAmqpMessage::contentEncoding
    MIME content encoding, such as gzip, at most 255 octets. Nothing is decoded by itself. */
QString QAmqpMessage::contentEncoding() const { return string(Property::ContentEncoding); }
void QAmqpMessage::setContentEncoding(const QString &contentEncoding)
{
    setString(Property::ContentEncoding, contentEncoding);
}

/*! \property QAmqpMessage::headers
    The application's headers; decoded anew by each call. All properties together must fit one frame. */
QAmqpTable QAmqpMessage::headers() const
{
    return has(Property::Headers) ? decodeTable(std::as_const(d)->wire(Property::Headers).sliced(4))
                                  : QAmqpTable();
}

void QAmqpMessage::setHeaders(const QAmqpTable &headers)
{
    ensure(d)->headersError = headers.errorString();
    const QByteArray entries = d->headersError.isEmpty() ? encodeTable(headers) : QByteArray();
    // A table that is too deep or too large for our own limits would break whoever receives it.
    Reader judge(entries);
    checkTable(entries, judge);
    if (!judge.ok())
        d->headersError = QLatin1StringView(judge.error());
    if (!d->headersError.isEmpty()) {
        d->set(Property::Headers, {});
        d->refused |= quint16(Property::Headers);
        return;
    }
    QByteArray wire(4, Qt::Uninitialized);
    qToBigEndian(quint32(entries.size()), wire.data());
    d->set(Property::Headers, wire + entries);
}

/*! \property QAmqpMessage::deliveryMode
    Whether the message survives a restart of the broker; \c Unset makes the property absent. */
QAmqpMessage::DeliveryMode QAmqpMessage::deliveryMode() const
{
    return has(Property::DeliveryMode)
            ? DeliveryMode(std::as_const(d)->wire(Property::DeliveryMode).front())
            : DeliveryMode::Unset;
}

void QAmqpMessage::setDeliveryMode(DeliveryMode mode)
{
    if (mode == DeliveryMode::Unset)
        return clear(Property::DeliveryMode);
    ensure(d)->set(Property::DeliveryMode, QByteArray(1, char(mode)));
}

/*! \property QAmqpMessage::priority
    0 (also when absent) to 255. Only queues declared with x-max-priority look at it. */
quint8 QAmqpMessage::priority() const
{
    return has(Property::Priority) ? quint8(std::as_const(d)->wire(Property::Priority).front()) : 0;
}

void QAmqpMessage::setPriority(quint8 priority)
{
    ensure(d)->set(Property::Priority, QByteArray(1, char(priority)));
}

/*! \property QAmqpMessage::correlationId
    Ties a reply to its request, at most 255 octets. */
QString QAmqpMessage::correlationId() const { return string(Property::CorrelationId); }
void QAmqpMessage::setCorrelationId(const QString &correlationId)
{
    setString(Property::CorrelationId, correlationId);
}

/*! \property QAmqpMessage::replyTo
    The queue for replies, at most 255 octets. */
QString QAmqpMessage::replyTo() const { return string(Property::ReplyTo); }
void QAmqpMessage::setReplyTo(const QString &replyTo) { setString(Property::ReplyTo, replyTo); }

/*! \property QAmqpMessage::expiration
    Time to live in a queue, in milliseconds, as decimal text, which is how AMQP carries it. */
QString QAmqpMessage::expiration() const { return string(Property::Expiration); }
void QAmqpMessage::setExpiration(const QString &milliseconds)
{
    setString(Property::Expiration, milliseconds);
}

/*! Sets the \a expiration in milliseconds, 0 or more; RabbitMQ closes the channel (406) otherwise. */
void QAmqpMessage::setExpiration(std::chrono::milliseconds expiration)
{
    setString(Property::Expiration, QString::number(expiration.count()));
}

/*! \property QAmqpMessage::messageId
    The application's identifier, at most 255 octets. */
QString QAmqpMessage::messageId() const { return string(Property::MessageId); }
void QAmqpMessage::setMessageId(const QString &messageId)
{
    setString(Property::MessageId, messageId);
}

/*! \property QAmqpMessage::timestamp
    In UTC, whole seconds, from 1970 on; an invalid QDateTime makes it absent. */
QDateTime QAmqpMessage::timestamp() const
{
    if (!has(Property::Timestamp))
        return {};
    return QAmqpValue::timestamp(
                   qFromBigEndian<quint64>(std::as_const(d)->wire(Property::Timestamp).data()))
            .toDateTime();
}

void QAmqpMessage::setTimestamp(const QDateTime &timestamp)
{
    if (!timestamp.isValid())
        return clear(Property::Timestamp);
    const QAmqpValue seconds(timestamp);
    QByteArray wire(8, Qt::Uninitialized);
    qToBigEndian(seconds.toTimestamp(), wire.data());
    ensure(d)->set(Property::Timestamp, seconds.isValid() ? wire : QByteArray());
    if (!seconds.isValid())
        d->refused |= quint16(Property::Timestamp);
}

/*! \property QAmqpMessage::type
    The application's name for this kind of message, at most 255 octets. */
QString QAmqpMessage::type() const { return string(Property::Type); }
void QAmqpMessage::setType(const QString &type) { setString(Property::Type, type); }

/*! \property QAmqpMessage::userId
    The publishing user. RabbitMQ checks it against the connection's user, see
    \l {https://www.rabbitmq.com/validated-user-id.html}. */
QString QAmqpMessage::userId() const { return string(Property::UserId); }
void QAmqpMessage::setUserId(const QString &userId) { setString(Property::UserId, userId); }

/*! \property QAmqpMessage::appId
    The publishing application, at most 255 octets. */
QString QAmqpMessage::appId() const { return string(Property::AppId); }
void QAmqpMessage::setAppId(const QString &appId) { setString(Property::AppId, appId); }

/*! \property QAmqpMessage::clusterId
    Deprecated by the protocol, carried all the same. */
QString QAmqpMessage::clusterId() const { return string(Property::ClusterId); }
void QAmqpMessage::setClusterId(const QString &clusterId)
{
    setString(Property::ClusterId, clusterId);
}

/*! Returns why this message cannot be published, naming the property at fault; empty if it can. */
QString QAmqpMessage::errorString() const
{
    if (!d || !d->refused)
        return {};
    for (const PropertyRow &row : properties) {
        if (!(d->refused & quint16(row.property)))
            continue;
        const QLatin1StringView name(row.name);
        switch (row.shape) {
        case Shape::Table: return QStringLiteral("%1: %2").arg(name, d->headersError);
        case Shape::Timestamp: return QStringLiteral("%1 lies before 1970").arg(name);
        default: return QStringLiteral("%1 has more than 255 octets of UTF-8").arg(name);
        }
    }
    Q_UNREACHABLE();
}

bool operator==(const QAmqpMessage &a, const QAmqpMessage &b)
{
    if (a.d == b.d)
        return true;
    static const QAmqpMessagePrivate empty;
    const QAmqpMessagePrivate &x = a.d ? *a.d : empty;
    const QAmqpMessagePrivate &y = b.d ? *b.d : empty;
    return x.flags == y.flags && x.refused == y.refused && x.properties == y.properties
            && x.body == y.body;
}

QDebug operator<<(QDebug debug, const QAmqpMessage &message)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote() << "QAmqpMessage(" << message.body().size() << " octets";
    for (const PropertyRow &row : properties) {
        if (!message.has(row.property))
            continue;
        debug << ", " << row.name << ": ";
        switch (row.shape) {
        case Shape::ShortString: debug << message.bytes(row.property); break;
        case Shape::Table: debug << message.headers(); break;
        case Shape::Octet: debug << quint8(message.bytes(row.property).front()); break;
        case Shape::Timestamp: debug << message.timestamp(); break;
        }
    }
    return debug << ')';
}

QT_END_NAMESPACE
