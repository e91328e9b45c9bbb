// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/qamqpvalue_p.h"

#include "values/wiretext.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qdebug.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Private = QAmqpValuePrivate;
using Type = QAmqpValue::Type;

/*!
    \class QAmqpValue
    \inmodule QtAmqp
    \brief One value of an AMQP field table, of any of the types that RabbitMQ carries.

    A value keeps the exact wire type: a 16-bit unsigned integer is not silently widened, text
    (\c String) and bytes (\c Bytes) are different types, and a timestamp keeps all of its 64 bits. A value
    that was received is sent again byte for byte. The two tags that only older brokers use for
    16-bit (\c U) and 64-bit (\c L) signed integers are read as \c Int16 and \c Int64.

    The constructors convert from C++ types without losing anything. What AMQP cannot carry gives an
    invalid value: isValid() is \c false, errorString() says why, and a table that holds it is refused
    locally with InvalidArgument when it would be sent.

    Values are implicitly shared. Reentrant: one value may not be changed from two threads.

    \sa QAmqpTable, {https://www.rabbitmq.com/amqp-0-9-1-errata.html#section_3}
*/

/*!
    \enum QAmqpValue::Type
    The type of the value; each enumerator is the tag on the wire.

    \value Invalid  Not a value that AMQP can carry; see errorString().
    \value Boolean
    \value Int8
    \value UInt8
    \value Int16
    \value UInt16
    \value Int32
    \value UInt32
    \value Int64
    \value Float    32 bits. A number that is not finite can be received, but not sent: see errorString().
    \value Double   64 bits, with the same restriction.
    \value Decimal  A scale byte and a 32-bit integer.
    \value String   Text in UTF-8; bytes that are not UTF-8 are kept as they are.
    \value Bytes    An array of bytes (a RabbitMQ extension).
    \value Timestamp Seconds since 1970-01-01 UTC, 64 bits, unsigned.
    \value Array    A list of values, each of its own type.
    \value Table    A nested table.
    \value Void     Present, but without a value.
*/

QAmqpValue QAmqpValuePrivate::make(Type type, Payload payload, quint8 scale)
{
    QAmqpValue value;
    QAmqpValuePrivate &d = edit(value.d);
    d.type = type;
    d.scale = scale;
    d.payload = std::move(payload);
    return value;
}

/*! \fn QAmqpValue::QAmqpValue()
    Makes an invalid value; see null() for the value that AMQP calls void. */
QTAMQP_VALUE(QAmqpValue)

/*! \fn QAmqpValue::QAmqpValue(bool value)
    Makes a \c Boolean of \a value. */
/*!
    \fn QAmqpValue::QAmqpValue(qint8 value)
    \fn QAmqpValue::QAmqpValue(quint8 value)
    \fn QAmqpValue::QAmqpValue(qint16 value)
    \fn QAmqpValue::QAmqpValue(quint16 value)
    \fn QAmqpValue::QAmqpValue(qint32 value)
    \fn QAmqpValue::QAmqpValue(quint32 value)
    \fn QAmqpValue::QAmqpValue(qint64 value)

    Makes an integer of \a value with the width and sign of its C++ type: \c Int8, \c UInt8, \c Int16,
    \c UInt16, \c Int32, \c UInt32 or \c Int64. A literal such as 5 is an \c Int32. RabbitMQ takes any
    of them where it wants an integer; the widths matter to headers exchanges of other brokers and to
    consumers that look at the type.
*/
/*!
    \fn QAmqpValue::QAmqpValue(long value)
    \fn QAmqpValue::QAmqpValue(unsigned long value)

    Makes an \c Int64 of \a value on every platform, also where a long has 32 bits. An unsigned one
    above 9223372036854775807 gives an invalid value.
*/
QAmqpValue::QAmqpValue(bool value) : QAmqpValue(Private::make(Type::Boolean, value)) { }
QAmqpValue::QAmqpValue(qint8 value) : QAmqpValue(Private::make(Type::Int8, value)) { }
QAmqpValue::QAmqpValue(quint8 value) : QAmqpValue(Private::make(Type::UInt8, value)) { }
QAmqpValue::QAmqpValue(qint16 value) : QAmqpValue(Private::make(Type::Int16, value)) { }
QAmqpValue::QAmqpValue(quint16 value) : QAmqpValue(Private::make(Type::UInt16, value)) { }
QAmqpValue::QAmqpValue(qint32 value) : QAmqpValue(Private::make(Type::Int32, value)) { }
QAmqpValue::QAmqpValue(quint32 value) : QAmqpValue(Private::make(Type::UInt32, value)) { }
QAmqpValue::QAmqpValue(long value) : QAmqpValue(qint64(value)) { }
QAmqpValue::QAmqpValue(unsigned long value) : QAmqpValue(quint64(value)) { }
QAmqpValue::QAmqpValue(qint64 value) : QAmqpValue(Private::make(Type::Int64, value)) { }

/*!
    Makes a 64-bit integer. AMQP as RabbitMQ speaks it has no unsigned 64-bit type, so a \a value
    above 9223372036854775807 gives an invalid value instead of a negative number.
*/
QAmqpValue::QAmqpValue(quint64 value) : QAmqpValue(qint64(value))
{
    if (value > quint64(std::numeric_limits<qint64>::max())) {
        *this = Private::make(Type::Invalid,
                              QStringLiteral("%1 is larger than AMQP's largest integer, "
                                             "9223372036854775807; send it as text")
                                      .arg(value));
    }
}

/*!
    \fn QAmqpValue::QAmqpValue(float value)
    \fn QAmqpValue::QAmqpValue(double value)

    Makes a \c Float of 32 or a \c Double of 64 bits that holds the very bits of \a value, also if it is a
    whole number. NaN and the infinities are kept too but cannot be sent, as errorString() says: RabbitMQ
    cannot read them and would close the connection (541).
*/
QAmqpValue::QAmqpValue(float value)
    : QAmqpValue(Private::make(Type::Float, std::bit_cast<quint32>(value)))
{
}
QAmqpValue::QAmqpValue(double value)
    : QAmqpValue(Private::make(Type::Double, std::bit_cast<qint64>(value)))
{
}
/*! Makes a \c Decimal: the integer of \a value divided by ten to the power of its scale, which is 0 to
    255. */
QAmqpValue::QAmqpValue(QAmqpDecimal value)
    : QAmqpValue(Private::make(Type::Decimal, value.value, value.scale))
{
}

/*! Makes a \c String of \a value in UTF-8; a lone surrogate U+DC80 to U+DCFF becomes the byte that toString()
    shows in this way. A null QString makes an empty \c String; see null() for no value. */
QAmqpValue::QAmqpValue(const QString &value) : QAmqpValue(string(wireFromText(value))) { }

/*! Makes a \c String of the bytes \a utf8 up to the first NUL, as they are. */
QAmqpValue::QAmqpValue(const char *utf8) : QAmqpValue(string(QByteArray(utf8))) { }

/*! Makes a value of type \c Bytes, which RabbitMQ's plugins and Pika do not accept as text; use string() for
    \a bytes that are text in UTF-8. */
QAmqpValue::QAmqpValue(const QByteArray &bytes) : QAmqpValue(Private::make(Type::Bytes, bytes)) { }

/*!
    Makes a \c Timestamp; AMQP's timestamps have whole seconds, so milliseconds are dropped. A
    \a value before 1970 or one that is not valid gives an invalid value.
*/
QAmqpValue::QAmqpValue(const QDateTime &value)
    : QAmqpValue(timestamp(quint64(value.toSecsSinceEpoch())))
{
    if (!value.isValid() || value.toSecsSinceEpoch() < 0) {
        *this = Private::make(
                Type::Invalid,
                QStringLiteral(
                        "an AMQP timestamp cannot hold a time that is before 1970 or not valid"));
    }
}

/*! Makes an \c Array of the elements of \a array, which may differ in type. It is invalid if an element is
    invalid, if more than 32 arrays and tables are nested, or if it has more than 65,536 values in all. */
QAmqpValue::QAmqpValue(const QList<QAmqpValue> &array)
    : QAmqpValue(Private::make(Type::Array, array))
{
}

/*! Makes a nested \c Table of \a table. It is invalid if a name in it has more than 255 bytes, or a
    value is. */
QAmqpValue::QAmqpValue(const QAmqpTable &table) : QAmqpValue(Private::make(Type::Table, table)) { }

/*! Returns AMQP's void, a value that is present and empty. */
QAmqpValue QAmqpValue::null() { return Private::make(Type::Void, {}); }

/*! Returns a \c String of the bytes \a utf8, as they are. */
QAmqpValue QAmqpValue::string(const QByteArray &utf8) { return Private::make(Type::String, utf8); }

/*! Returns a \c Timestamp of \a secondsSinceEpoch, which may lie outside what QDateTime can hold. */
QAmqpValue QAmqpValue::timestamp(quint64 secondsSinceEpoch)
{
    return Private::make(Type::Timestamp, qint64(secondsSinceEpoch));
}

template<typename... T>
static std::optional<QAmqpValue> fromAnyOf(const QVariant &variant)
{
    std::optional<QAmqpValue> value;
    const auto convert = [&]<typename One>(std::type_identity<One>) {
        if (variant.metaType() == QMetaType::fromType<One>())
            value = variant.value<One>();
    };
    (convert(std::type_identity<T>()), ...);
    return value;
}

/*!
    Converts a \a variant without losing anything: each integer keeps its width and sign, QByteArray
    becomes \c Bytes, QString \c String, QDateTime \c Timestamp, lists \c Array, maps and hashes
    \c Table, and an invalid or null variant \c Void. A type that AMQP cannot carry gives an invalid
    value whose errorString() names it.
*/
QAmqpValue QAmqpValue::fromVariant(const QVariant &variant)
{
    if (const auto value =
                fromAnyOf<bool, signed char, uchar, short, ushort, int, uint, long, ulong, qint64,
                          quint64, float, double, QString, QByteArray, QDateTime, QAmqpDecimal,
                          QList<QAmqpValue>, QAmqpTable, QAmqpValue>(variant)) {
        return *value;
    }
    switch (variant.typeId()) {
    case QMetaType::UnknownType:
    case QMetaType::Nullptr: return null();
    case QMetaType::Char: return qint8(variant.value<char>());
    case QMetaType::QVariantMap:
    case QMetaType::QVariantHash: return QAmqpTable::fromVariantMap(variant.toMap());
    case QMetaType::QVariantList:
    case QMetaType::QStringList: {
        QList<QAmqpValue> array;
        const QVariantList list = variant.toList();
        for (const QVariant &element : list)
            array.append(fromVariant(element));
        return array;
    }
    }
    return Private::make(
            Type::Invalid,
            QStringLiteral("an AMQP table cannot hold a value of type %1; convert it to text, a "
                           "number, bytes, a time, a list or a map")
                    .arg(QLatin1StringView(variant.typeName())));
}

/*! Returns the wire type. */
QAmqpValue::Type QAmqpValue::type() const { return peek(d).type; }

/*! Returns \c true if this value and everything in it can be sent. */
bool QAmqpValue::isValid() const { return errorString().isEmpty(); }

// RabbitMQ closes the connection (541) when it receives a number that is not finite. It is refused here,
// where its place in the table is known.
static QString notFinite(const QAmqpValue &value)
{
    if (std::isfinite(value.toDouble()))
        return {};
    return QStringLiteral(
                   "the number is %1, over which RabbitMQ would close the connection (541); send a "
                   "finite one, or text")
            .arg(std::isnan(value.toDouble()) ? QLatin1StringView("NaN")
                                              : QLatin1StringView("infinite"));
}

/*! Returns why this value, or a value inside it, cannot be sent, with the path to the value at fault; empty
    if it can be sent. */
QString QAmqpValue::errorString() const
{
    switch (type()) {
    case Type::Invalid:
        return d ? Private::get<QString>(*this) : QStringLiteral("no value was set");
    case Type::Float:
    case Type::Double: return notFinite(*this);
    case Type::Table: return toTable().errorString();
    case Type::Array: {
        const QList<QAmqpValue> array = toArray();
        for (qsizetype i = 0; i < array.size(); ++i) {
            if (const QString error = array.at(i).errorString(); !error.isEmpty())
                return QStringLiteral("element %1: %2").arg(QString::number(i), error);
        }
        return {};
    }
    default: return {};
    }
}

/*! Returns the value of a boolean, or whether a number is not zero; otherwise \c false. */
bool QAmqpValue::toBool() const { return toDouble() != 0; }

/*! Returns an integer of any width, a boolean or a timestamp; otherwise 0, with \a ok set to \c false. */
qint64 QAmqpValue::toInt(bool *ok) const
{
    const qint64 bits = Private::get<qint64>(*this);
    bool isInteger = false;
    switch (type()) {
    case Type::Float:
    case Type::Double:
    case Type::Decimal: break;
    case Type::Timestamp: isInteger = bits >= 0; break;
    default: isInteger = std::holds_alternative<qint64>(peek(d).payload);
    }
    if (ok)
        *ok = isInteger;
    return isInteger ? bits : 0;
}

/*! Returns a number of any type as a double; for other types 0, with \a ok set to \c false. */
double QAmqpValue::toDouble(bool *ok) const
{
    const qint64 bits = Private::get<qint64>(*this);
    if (ok)
        *ok = true;
    switch (type()) {
    case Type::Float: return double(std::bit_cast<float>(quint32(bits)));
    case Type::Double: return std::bit_cast<double>(bits);
    case Type::Decimal:
        return double(bits) / std::pow(10.0, d->scale); // rounded once, so that 314e-2 is 3.14
    default: return double(toInt(ok));
    }
}

/*! Returns a decimal as it is on the wire; zero for any other type. */
QAmqpDecimal QAmqpValue::toDecimal() const
{
    if (type() != Type::Decimal)
        return {};
    return {d->scale, qint32(Private::get<qint64>(*this))};
}

/*! Returns the bytes of a \c String or of \c Bytes; otherwise nothing. */
QByteArray QAmqpValue::toBytes() const { return Private::get<QByteArray>(*this); }

// QString::number() takes a double, and as a double 0.1F is 0.10000000149011612.
static QString shortestText(float number)
{
    using Limits = std::numeric_limits<float>;
    QString text;
    for (int digits = Limits::digits10; digits <= Limits::max_digits10; ++digits) {
        text = QString::number(double(number), 'g', digits);
        if (text.toFloat() == number)
            break;
    }
    return text;
}

/*! Returns a \c String or \c Bytes read as UTF-8, or a number as decimal text. A byte that is not UTF-8
    becomes a lone surrogate, U+DC80 to U+DCFF for 80 to FF, so that a \c String made of the text has the same
    bytes. */
QString QAmqpValue::toString() const
{
    bool isNumber = false;
    switch (type()) {
    case Type::Boolean: return toBool() ? QStringLiteral("true") : QStringLiteral("false");
    case Type::Timestamp: return QString::number(toTimestamp());
    case Type::Float:
        return shortestText(std::bit_cast<float>(quint32(Private::get<qint64>(*this))));
    case Type::Double:
    case Type::Decimal: return QString::number(toDouble(), 'g', QLocale::FloatingPointShortest);
    default: break;
    }
    const qint64 number = toInt(&isNumber);
    return isNumber ? QString::number(number) : textFromWire(toBytes());
}

/*! Returns a \c Timestamp in UTC; an invalid QDateTime for other types and times it cannot hold. */
QDateTime QAmqpValue::toDateTime() const
{
    constexpr quint64 limit = quint64(std::numeric_limits<qint64>::max()) / 1000;
    if (type() != Type::Timestamp || toTimestamp() > limit)
        return {};
    return QDateTime::fromSecsSinceEpoch(qint64(toTimestamp()), Qt::UTC);
}

/*! Returns the seconds since 1970-01-01 UTC of a \c Timestamp, else 0. */
quint64 QAmqpValue::toTimestamp() const
{
    return type() == Type::Timestamp ? quint64(Private::get<qint64>(*this)) : 0;
}

/*! Returns the elements of an \c Array, else none. */
QList<QAmqpValue> QAmqpValue::toArray() const { return Private::get<QList<QAmqpValue>>(*this); }

/*! Returns a nested \c Table, else an empty one. */
QAmqpTable QAmqpValue::toTable() const { return Private::get<QAmqpTable>(*this); }

/*!
    Converts to the QVariant that fromVariant() converts back to an equal value. Text that is not
    UTF-8 becomes a QByteArray, and a timestamp that QDateTime cannot hold stays a QAmqpValue.
*/
QVariant QAmqpValue::toVariant() const
{
    const qint64 bits = Private::get<qint64>(*this);
    switch (type()) {
    case Type::Invalid: return {};
    case Type::Boolean: return bits != 0;
    case Type::Int8: return QVariant::fromValue(static_cast<signed char>(bits));
    case Type::UInt8: return QVariant::fromValue(quint8(bits));
    case Type::Int16: return QVariant::fromValue(qint16(bits));
    case Type::UInt16: return QVariant::fromValue(quint16(bits));
    case Type::Int32: return qint32(bits);
    case Type::UInt32: return quint32(bits);
    case Type::Int64: return bits;
    case Type::Float: return std::bit_cast<float>(quint32(bits));
    case Type::Double: return std::bit_cast<double>(bits);
    case Type::Decimal: return QVariant::fromValue(toDecimal());
    case Type::String:
        return QUtf8StringView(toBytes()).isValidUtf8() ? QVariant(toString())
                                                        : QVariant(toBytes());
    case Type::Bytes: return toBytes();
    case Type::Timestamp: {
        const QDateTime time = toDateTime();
        return time.isValid() ? QVariant(time) : QVariant::fromValue(*this);
    }
    case Type::Array: {
        QVariantList list;
        const QList<QAmqpValue> array = toArray();
        for (const QAmqpValue &element : array)
            list.append(element.toVariant());
        return list;
    }
    case Type::Table: return toTable().toVariantMap();
    case Type::Void: return QVariant::fromValue(nullptr);
    }
    Q_UNREACHABLE();
}

QDebug operator<<(QDebug debug, const QAmqpDecimal &decimal)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpDecimal(" << decimal.value << "e-" << decimal.scale << ')';
}

QDebug operator<<(QDebug debug, const QAmqpValue &value)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote(); // quoting escapes the control characters of a peer's text
    switch (value.type()) {
    case Type::Invalid: return debug << "invalid";
    case Type::Void: return debug << "void";
    case Type::String: return debug << value.toString();
    case Type::Bytes: return debug << "bytes(" << value.toBytes().toHex() << ')';
    case Type::Timestamp: return debug << "timestamp(" << value.toTimestamp() << ')';
    case Type::Array: return debug << value.toArray();
    case Type::Table: return debug << value.toTable();
    default: return debug.noquote() << char(value.type()) << ':' << value.toString();
    }
}

QT_END_NAMESPACE
