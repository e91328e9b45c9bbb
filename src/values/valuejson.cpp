// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/valuejson.h"

#include "values/qamqpvalue_p.h"
#include "values/valuetype.h"
#include "values/wiretext.h"

#include <QtCore/qset.h>

#include <cmath>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

namespace QtAmqpPrivate {

namespace {

QByteArray decimalText(QAmqpDecimal decimal)
{
    QByteArray digits = QByteArray::number(qAbs(qint64(decimal.value)));
    if (decimal.scale > 0) {
        digits = digits.rightJustified(decimal.scale + 1, '0');
        digits.insert(digits.size() - decimal.scale, '.');
    }
    return (decimal.value < 0 ? "-" : "") + digits;
}

// JSON has no infinity, and no number that is none; QString::number() has no negative zero.
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
    case Type::Boolean: return value.toBool() ? "true" : "false";
    case Type::Float:
    case Type::Double: return realJson(value);
    case Type::Decimal: return jsonText(decimalText(value.toDecimal()));
    case Type::Bytes: return jsonBase64(value.toBytes());
    case Type::Timestamp: return QByteArray::number(value.toTimestamp());
    case Type::Table: return toJson(value.toTable());
    case Type::String: // which addBytes() writes
    case Type::Void:
    case Type::Invalid: return "null";
    case Type::Array: {
        QList<QByteArray> elements;
        const QList<QAmqpValue> array = value.toArray();
        for (const QAmqpValue &element : array)
            elements += element.toJson();
        return '[' + elements.join(',') + ']';
    }
    default: return QByteArray::number(value.toInt());
    }
}

JsonObject &addValue(JsonObject &object, const QAmqpValue &value)
{
    const ValueType *type = findType(value.type());
    object.add("type", jsonText(QByteArray(type ? type->name : "invalid")));
    return value.type() == Type::String ? object.addBytes("value", "base64", value.toBytes())
                                        : object.add("value", payloadJson(value));
}

// Whether an object can have these names.
bool areNames(const QList<QAmqpTable::Entry> &entries)
{
    QSet<QByteArray> names;
    for (const auto &[name, value] : entries) {
        if (!name.isValidUtf8() || names.contains(name))
            return false;
        names.insert(name);
    }
    return true;
}

const ValueType *typeOf(const JsonValue &json)
{
    const JsonValue *type = json.find("type");
    return type && type->type == JsonValue::String ? findType(type->text) : nullptr;
}

// Whether the object stands for a value: it has a type, the value or its bytes in base64, and as many more
// members as `others`.
bool isTyped(const JsonValue &json, std::size_t others = 0)
{
    if (json.type != JsonValue::Object || json.elements.size() != 2 + others)
        return false;
    const ValueType *type = typeOf(json);
    const bool bytes = type && (type->type == Type::String || type->type == Type::Bytes);
    return type && (json.find("value") || (bytes && json.find("base64")));
}

// Qt makes 0 of what no double can hold.
double realNumber(const QByteArray &text)
{
    bool ok = false;
    const double number = text.toDouble(&ok);
    if (!ok)
        throw JsonError{u"%1 is a number that a double cannot hold"_s.arg(
                QString::fromLatin1(text.left(32)))};
    return number;
}

std::optional<QAmqpValue> readNumber(const ValueType &type, const QByteArray &text)
{
    if (auto value = type.read(QString::fromLatin1(text)))
        return value;
    const double number = realNumber(text); // a whole number as 1.0 or 1e3
    const bool isWhole = std::trunc(number) == number && std::abs(number) <= 9.2e18;
    return isWhole ? type.read(QString::number(qint64(number))) : std::nullopt;
}

std::optional<QAmqpValue> readTyped(const ValueType &type, const JsonValue &json)
{
    if (const JsonValue *base64 = json.find("base64")) {
        const bool isText = base64->type == JsonValue::String;
        const auto bytes = isText ? fromBase64(base64->text) : std::nullopt;
        if (!bytes)
            return {};
        return type.type == Type::String ? QAmqpValue::string(*bytes) : QAmqpValue(*bytes);
    }
    const JsonValue &value = *json.find("value");
    const bool isString = value.type == JsonValue::String;
    switch (type.type) {
    case Type::Void:
        return value.type == JsonValue::Null ? std::optional(QAmqpValue::null()) : std::nullopt;
    case Type::String:
        return isString ? std::optional(QAmqpValue::string(value.text)) : std::nullopt;
    case Type::Table:
        return value.type == JsonValue::Object || value.type == JsonValue::Array
                ? std::optional(QAmqpValue(tableFromJson(value)))
                : std::nullopt;
    case Type::Array:
        return value.type == JsonValue::Array ? std::optional(valueFromJson(value)) : std::nullopt;
    default: break;
    }
    if (value.type == JsonValue::Number)
        return readNumber(type, value.text);
    const bool isPlain = isString || (value.type == JsonValue::Bool && type.type == Type::Boolean);
    return isPlain ? type.read(QString::fromUtf8(value.text)) : std::nullopt;
}

QAmqpValue typedValue(const JsonValue &json)
{
    const ValueType *type = typeOf(json);
    const auto value = readTyped(*type, json);
    if (!value)
        throw JsonError{type->rule()};
    return *value;
}

QAmqpValue plainNumber(const QByteArray &text)
{
    bool ok = false;
    qint64 whole = text.toLongLong(&ok);
    if (!ok) { // also a whole number as 1.0 or 1e3
        const double number = realNumber(text);
        if (std::trunc(number) != number || std::abs(number) > 9.2e18)
            return QAmqpValue(number);
        whole = qint64(number);
    }
    const bool fits = whole == qint64(qint32(whole));
    return fits ? QAmqpValue(qint32(whole)) : QAmqpValue(whole);
}

// Names where in the JSON `read` found a mistake, as QAmqpValue::errorString() does.
template<typename Read>
QAmqpValue inside(const QString &where, Read read)
{
    try {
        return read();
    } catch (const JsonError &error) {
        throw JsonError{where + u": "_s + error.text};
    }
}

QAmqpTable tableOfEntries(const JsonValue &json)
{
    QAmqpTable table;
    for (const JsonValue &entry : json.elements) {
        const JsonValue *name = entry.find("name");
        const JsonValue *base64 = name ? nullptr : entry.find("name_base64");
        if (!isTyped(entry, 1) || !(name || base64))
            throw JsonError{
                    u"an entry of a table has the members name or name_base64, type, and value or base64"_s};
        const auto bytes = name ? std::optional(name->text) : fromBase64(base64->text);
        if (!bytes)
            throw JsonError{u"name_base64 is not base64"_s};
        table.append(*bytes, inside(u"\"%1\""_s.arg(textFromWire(*bytes)), [&] {
            return typedValue(entry);
        }));
    }
    return table;
}

} // namespace

QByteArray toJson(const QAmqpTable &table)
{
    if (areNames(table.entries())) {
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

QAmqpValue valueFromJson(const JsonValue &json)
{
    switch (json.type) {
    case JsonValue::Null: return QAmqpValue::null();
    case JsonValue::Bool: return QAmqpValue(json.text == "true");
    case JsonValue::Number: return plainNumber(json.text);
    case JsonValue::String: return QAmqpValue::string(json.text);
    case JsonValue::Object:
        return isTyped(json) ? typedValue(json) : QAmqpValue(tableFromJson(json));
    case JsonValue::Array: break;
    }
    QList<QAmqpValue> array;
    for (const JsonValue &element : json.elements) {
        array += inside(u"element %1"_s.arg(array.size()), [&] { return valueFromJson(element); });
    }
    return QAmqpValue(array);
}

QAmqpTable tableFromJson(const JsonValue &json)
{
    if (json.type == JsonValue::Array)
        return tableOfEntries(json);
    QAmqpTable table;
    if (json.type != JsonValue::Object)
        throw JsonError{u"a table is not a JSON object"_s};
    for (std::size_t i = 0; i < json.names.size(); ++i) {
        table.append(json.names[i], inside(u"\"%1\""_s.arg(textFromWire(json.names[i])), [&] {
                         return valueFromJson(json.elements[i]);
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

    fromJson() makes an equal value of it; of a number that is NaN it forgets which.
*/
QByteArray QAmqpValue::toJson() const
{
    JsonObject object;
    return addValue(object, *this).json();
}

/*!
    Makes the value that \a json stands for: what toJson() returned, also inside an array or a table, or
    plain JSON, whose text is a \c String, null \c Void, and numbers are \c Int32, \c Int64 or \c Double. A
    value of a type may also be given as its text, such as "5" or, for a \c Timestamp, an ISO 8601 time.

    If it cannot be read the value is invalid, and errorString() says what is wrong and where.
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
