// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/json.h"

#include "values/errorkinds.h"
#include "values/qamqpvalue_p.h"
#include "values/wiretext.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qset.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

namespace QtAmqpPrivate {

namespace {

// A type of the values in AMQP's tables: its name in JSON, and how its text is read.
struct ValueType
{
    QAmqpValue::Type type;
    QLatin1StringView name;
    const char *form; // what the text must be
    std::optional<QAmqpValue> (*read)(const QString &text); // null if JSON has a type for it
};

template<typename T>
std::optional<QAmqpValue> readInteger(const QString &text)
{
    bool ok = false;
    const qint64 number = text.toLongLong(&ok);
    if (!ok || number < qint64(std::numeric_limits<T>::min())
        || number > qint64(std::numeric_limits<T>::max()))
        return {};
    return QAmqpValue(T(number));
}

std::optional<QAmqpValue> readBool(const QString &text)
{
    if (text != "true"_L1 && text != "false"_L1)
        return {};
    return QAmqpValue(text == "true"_L1);
}

template<auto Convert>
std::optional<QAmqpValue> readReal(const QString &text)
{
    bool ok = false;
    const QAmqpValue number((text.*Convert)(&ok));
    return ok ? std::optional(number) : std::nullopt;
}

// The scale is the number of digits behind the point: 1.50 is 150 with scale 2.
std::optional<QAmqpValue> readDecimal(const QString &text)
{
    const qsizetype point = text.indexOf(u'.');
    const qsizetype scale = point < 0 ? 0 : text.size() - point - 1;
    bool ok = false;
    const qint32 digits = QString(text).remove(point, point < 0 ? 0 : 1).toInt(&ok);
    if (!ok || scale > 255)
        return {};
    return QAmqpValue(QAmqpDecimal{quint8(scale), digits});
}

std::optional<QAmqpValue> readBytes(const QString &text)
{
    const auto bytes = fromBase64(text.toUtf8());
    return bytes ? std::optional(QAmqpValue(*bytes)) : std::nullopt;
}

std::optional<QAmqpValue> readTime(const QString &text)
{
    bool ok = false;
    const quint64 seconds = text.toULongLong(&ok);
    if (ok)
        return QAmqpValue::timestamp(seconds);
    const QAmqpValue time(QDateTime::fromString(text, Qt::ISODate));
    return time.isValid() ? std::optional(time) : std::nullopt;
}

constexpr ValueType types[] = {
        {Type::Boolean, "bool"_L1, "true or false", readBool},
        {Type::Int8, "int8"_L1, "a whole number from -128 to 127", readInteger<qint8>},
        {Type::UInt8, "uint8"_L1, "a whole number from 0 to 255", readInteger<quint8>},
        {Type::Int16, "int16"_L1, "a whole number from -32768 to 32767", readInteger<qint16>},
        {Type::UInt16, "uint16"_L1, "a whole number from 0 to 65535", readInteger<quint16>},
        {Type::Int32, "int32"_L1, "a whole number from -2147483648 to 2147483647",
         readInteger<qint32>},
        {Type::UInt32, "uint32"_L1, "a whole number from 0 to 4294967295", readInteger<quint32>},
        {Type::Int64, "int64"_L1, "a whole number of 64 bits", readInteger<qint64>},
        {Type::Float, "float"_L1, "a number", readReal<&QString::toFloat>},
        {Type::Double, "double"_L1, "a number", readReal<&QString::toDouble>},
        {Type::Decimal, "decimal"_L1, "a number of at most 31 bits such as 12.50", readDecimal},
        {Type::String, "string"_L1, "text", nullptr},
        {Type::String, "text"_L1, "text", nullptr},
        {Type::Bytes, "bytes"_L1, "base64", readBytes},
        {Type::Timestamp, "timestamp"_L1, "seconds since 1970 or an ISO 8601 time", readTime},
        {Type::Array, "array"_L1, "a JSON array", nullptr},
        {Type::Table, "table"_L1, "a JSON object", nullptr},
        {Type::Void, "void"_L1, "empty", nullptr},
};

template<typename Key>
const ValueType *findType(Key ValueType::*member, const Key &key)
{
    const auto found = std::find_if(std::begin(types), std::end(types),
                                    [&](const ValueType &type) { return type.*member == key; });
    return found == std::end(types) ? nullptr : found;
}

QByteArray decimalText(QAmqpDecimal decimal)
{
    QByteArray digits = QByteArray::number(qAbs(qint64(decimal.value)));
    if (decimal.scale > 0) {
        digits = digits.rightJustified(decimal.scale + 1, '0');
        digits.insert(digits.size() - decimal.scale, '.');
    }
    return (decimal.value < 0 ? "-" : "") + digits;
}

// JSON has neither infinity nor NaN, which are written as text, and QString::number() writes no negative
// zero.
QByteArray realJson(const QAmqpValue &value)
{
    const double number = value.toDouble();
    if (number == 0)
        return std::signbit(number) ? "-0.0" : "0";
    const QByteArray digits = value.toString().toLatin1();
    return std::isfinite(number) ? digits : jsonText(digits);
}

QByteArray payloadJson(const QAmqpValue &value)
{
    switch (value.type()) {
    case Type::Float:
    case Type::Double: return realJson(value);
    case Type::Decimal: return jsonText(decimalText(value.toDecimal()));
    case Type::Bytes: return jsonBase64(value.toBytes());
    case Type::Table: return toJson(value.toTable());
    case Type::String: // addBytes() writes these
    case Type::Void:
    case Type::Invalid: return "null";
    case Type::Array: {
        QList<QByteArray> elements;
        const QList<QAmqpValue> array = value.toArray();
        for (const QAmqpValue &element : array)
            elements += element.toJson();
        return '[' + elements.join(',') + ']';
    }
    default: return value.toString().toLatin1(); // a whole number, or true or false
    }
}

JsonObject &addValue(JsonObject &object, const QAmqpValue &value)
{
    const ValueType *type = findType(&ValueType::type, value.type());
    object.add("type", jsonText(type ? type->name.data() : "invalid"));
    return value.type() == Type::String ? object.addBytes("value", "base64", value.toBytes())
                                        : object.add("value", payloadJson(value));
}

// Whether the names of the table can be those of an object in JSON.
bool areNames(const QAmqpTable &table)
{
    const QList<QAmqpTable::Entry> &entries = table.entries();
    return !repeatedName(table)
            && std::all_of(entries.begin(), entries.end(),
                           [](const auto &entry) { return entry.first.isValidUtf8(); });
}

// Returns the type of the value that the object stands for, or null if it is an object of another form. Such
// an object has a type, the value or its bytes in base64, and as many more members as `others`.
const ValueType *typeOf(const QAmqpTable &object, qsizetype others = 0)
{
    const QAmqpValue name = object.value(u"type"_s);
    const ValueType *type = name.type() == Type::String
            ? findType(&ValueType::name, QLatin1StringView(name.toBytes()))
            : nullptr;
    if (!type || object.size() != 2 + others)
        return nullptr;
    const bool mayBeBase64 = type->type == Type::String || type->type == Type::Bytes;
    const bool hasValue =
            object.contains(u"value"_s) || (mayBeBase64 && object.contains(u"base64"_s));
    return hasValue ? type : nullptr;
}

// Throws if a double cannot hold the number: Qt would return 0 for it.
double realNumber(const QByteArray &text)
{
    bool ok = false;
    const double number = text.toDouble(&ok);
    if (!ok)
        throw JsonError{u"%1 is a number that a double cannot hold"_s.arg(
                QString::fromLatin1(text.left(32)))};
    return number;
}

// Returns a whole number, also if it is written as 1.0 or 1e3.
std::optional<qint64> wholeNumber(const QByteArray &text)
{
    bool ok = false;
    const qint64 whole = text.toLongLong(&ok);
    if (ok)
        return whole;
    const double number = realNumber(text);
    const bool isWhole = std::trunc(number) == number && std::abs(number) <= 9.2e18;
    return isWhole ? std::optional(qint64(number)) : std::nullopt;
}

std::optional<QAmqpValue> readNumber(const ValueType &type, const QByteArray &text)
{
    if (auto value = type.read(QString::fromLatin1(text)))
        return value;
    const auto whole = wholeNumber(text);
    return whole ? type.read(QString::number(*whole)) : std::nullopt;
}

std::optional<QAmqpValue> readTyped(const ValueType &type, const QAmqpTable &object)
{
    if (const QAmqpValue base64 = object.value(u"base64"_s); base64.type() != Type::Invalid) {
        const auto bytes =
                base64.type() == Type::String ? fromBase64(base64.toBytes()) : std::nullopt;
        if (!bytes)
            return {};
        return type.type == Type::String ? QAmqpValue::string(*bytes) : QAmqpValue(*bytes);
    }
    const QAmqpValue value = object.value(u"value"_s);
    const bool isList = value.type() == Type::Array;
    switch (type.type) {
    case Type::Void:
    case Type::String: return value.type() == type.type ? std::optional(value) : std::nullopt;
    case Type::Table:
        return isList || value.type() == Type::Table
                ? std::optional(QAmqpValue(tableFromJson(value)))
                : std::nullopt;
    case Type::Array: return isList ? std::optional(valueFromJson(value)) : std::nullopt;
    default: break;
    }
    if (value.type() == Type::Bytes)
        return readNumber(type, value.toBytes());
    const bool isPlain = value.type() == Type::String
            || (value.type() == Type::Boolean && type.type == Type::Boolean);
    return isPlain ? type.read(value.toString()) : std::nullopt;
}

QAmqpValue typedValue(const ValueType &type, const QAmqpTable &object)
{
    const auto value = readTyped(type, object);
    if (!value)
        throw JsonError{formatted(u"a value of type %1 is %2", type.name, type.form)};
    return *value;
}

QAmqpValue plainNumber(const QByteArray &text)
{
    const auto whole = wholeNumber(text);
    if (!whole)
        return QAmqpValue(realNumber(text));
    const bool fits = *whole == qint64(qint32(*whole));
    return fits ? QAmqpValue(qint32(*whole)) : QAmqpValue(*whole);
}

// Calls `read`, and adds the place to its error, in the form of QAmqpValue::errorString().
template<typename Read>
QAmqpValue inside(const QString &where, Read read)
{
    try {
        return read();
    } catch (const JsonError &error) {
        throw JsonError{where + u": "_s + error.text};
    }
}

QAmqpTable tableOfEntries(const QList<QAmqpValue> &entries)
{
    QAmqpTable table;
    for (const QAmqpValue &entry : entries) {
        const QAmqpTable object = entry.toTable();
        const ValueType *type = typeOf(object, 1);
        const bool isText = object.contains(u"name"_s);
        if (!type || !(isText || object.contains(u"name_base64"_s)))
            throw JsonError{
                    u"an entry of a table has the members name or name_base64, type, and value or base64"_s};
        const QByteArray written = object.value(isText ? u"name"_s : u"name_base64"_s).toBytes();
        const auto name = isText ? std::optional(written) : fromBase64(written);
        if (!name)
            throw JsonError{u"name_base64 is not base64"_s};
        table.append(*name, inside(u"\"%1\""_s.arg(textFromWire(*name)), [&] {
            return typedValue(*type, object);
        }));
    }
    return table;
}

} // namespace

QByteArray toJson(const QAmqpTable &table)
{
    if (areNames(table)) {
        JsonObject object;
        for (const auto &[name, value] : table.entries())
            object.add(name, value.toJson());
        return object.json();
    }
    QList<QByteArray> entries;
    for (const auto &[name, value] : table.entries()) {
        JsonObject entry;
        entry.addBytes("name", name);
        entries += addValue(entry, value).json();
    }
    return '[' + entries.join(',') + ']';
}

QAmqpValue valueFromJson(const QAmqpValue &json)
{
    if (json.type() == Type::Bytes)
        return plainNumber(json.toBytes());
    if (json.type() == Type::Table) {
        const QAmqpTable object = json.toTable();
        const ValueType *type = typeOf(object);
        return type ? typedValue(*type, object) : QAmqpValue(tableFromJson(json));
    }
    if (json.type() != Type::Array)
        return json;
    QList<QAmqpValue> array;
    const QList<QAmqpValue> elements = json.toArray();
    for (const QAmqpValue &element : elements)
        array += inside(u"element %1"_s.arg(array.size()), [&] { return valueFromJson(element); });
    return array;
}

QAmqpTable tableFromJson(const QAmqpValue &json)
{
    if (json.type() == Type::Array)
        return tableOfEntries(json.toArray());
    if (json.type() != Type::Table)
        throw JsonError{u"a table is not a JSON object"_s};
    QAmqpTable table;
    const QAmqpTable object = json.toTable();
    for (const auto &[name, value] : object.entries()) {
        table.append(name, inside(u"\"%1\""_s.arg(textFromWire(name)), [&value = value] {
                         return valueFromJson(value);
                     }));
    }
    return table;
}

} // namespace QtAmqpPrivate

using namespace QtAmqpPrivate;

/*!
    Returns the value as JSON in UTF-8, with its type: \c {{"type":"int8","value":5}}. The types are called
    bool, int8, uint8, int16, uint16, int32, uint32, int64, float, double, decimal, string, bytes, timestamp,
    array, table and void. Bytes are in base64, and a string that is not UTF-8 has its bytes in base64 as
    \c base64 instead of \c value; a timestamp is seconds since 1970, and a decimal text.

    fromJson() makes an equal value of it, except that the bits of a NaN may differ.
*/
QByteArray QAmqpValue::toJson() const
{
    JsonObject object;
    return addValue(object, *this).json();
}

/*!
    Makes a value of \a json: the result of toJson(), also inside an array or a table, or plain JSON. In plain
    JSON, text becomes a \c String, null becomes \c Void, and numbers become \c Int32, \c Int64 or \c Double.
    The value of any type may also be given as text, such as "5" or, for a \c Timestamp, an ISO 8601 time.

    If it cannot be read, the value is invalid, and errorString() says what is wrong and where.
*/
QAmqpValue QAmqpValue::fromJson(QByteArrayView json)
{
    try {
        return valueFromJson(readJson(json));
    } catch (const JsonError &error) {
        return QAmqpValuePrivate::make(Type::Invalid, error.text);
    }
}

QT_END_NAMESPACE
