// Values of AMQP tables as JSON, with their types.

#include "json.h"
#include "jsonvalue.h"
#include "octets.h"
#include "typedvalue.h"
#include "valuetype.h"

#include <QtCore/qset.h>

#include <cmath>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Type = QAmqpValue::Type;

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
    case Type::Bytes: return '"' + value.toBytes().toBase64() + '"';
    case Type::Timestamp: return QByteArray::number(value.toTimestamp());
    case Type::Table: return toJson(value.toTable());
    case Type::String: // which addOctets() writes
    case Type::Void:
    case Type::Invalid: return "null";
    case Type::Array: {
        QList<QByteArray> elements;
        const QList<QAmqpValue> array = value.toArray();
        for (const QAmqpValue &element : array)
            elements += toJson(element);
        return jsonArray(elements);
    }
    default: return QByteArray::number(value.toInt());
    }
}

JsonObject &addValue(JsonObject &object, const QAmqpValue &value)
{
    const ValueType *type = findType(value.type());
    object.add("type", jsonText(QByteArray(type ? type->name : "invalid")));
    return value.type() == Type::String ? object.addOctets("value", "base64", value.toBytes())
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
    return type && type->type == JsonValue::String ? findType(QString::fromUtf8(type->text))
                                                   : nullptr;
}

// Whether the object stands for a value: it has a type, the value or its octets in base64, and as many more
// members as `others`.
bool isTyped(const JsonValue &json, std::size_t others = 0)
{
    if (json.type != JsonValue::Object || json.elements.size() != 2 + others)
        return false;
    const ValueType *type = typeOf(json);
    const bool octets = type && (type->type == Type::String || type->type == Type::Bytes);
    return type && (json.find("value") || (octets && json.find("base64")));
}

std::optional<QAmqpValue> readNumber(const ValueType &type, const QByteArray &text)
{
    if (auto value = type.read(QString::fromLatin1(text)))
        return value;
    const double number = text.toDouble(); // a whole number as 1.0 or 1e3
    const bool isWhole = std::trunc(number) == number && std::abs(number) <= 9.2e18;
    return isWhole ? type.read(QString::number(qint64(number))) : std::nullopt;
}

std::optional<QAmqpValue> readTyped(const ValueType &type, const JsonValue &json)
{
    if (const JsonValue *base64 = json.find("base64")) {
        const bool isText = base64->type == JsonValue::String;
        const auto bytes = isText ? readBytes(QString::fromUtf8(base64->text)) : std::nullopt;
        return bytes && type.type == Type::String ? QAmqpValue::string(bytes->toBytes()) : bytes;
    }
    const JsonValue &value = *json.find("value");
    const bool isString = value.type == JsonValue::String;
    switch (type.type) {
    case Type::Void:
        return value.type == JsonValue::Null ? std::optional(QAmqpValue::null()) : std::nullopt;
    case Type::String:
        return isString ? std::optional(QAmqpValue::string(value.text)) : std::nullopt;
    case Type::Bytes: return isString ? type.read(QString::fromUtf8(value.text)) : std::nullopt;
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
    const bool isPlain = isString || value.type == JsonValue::Bool;
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
    const double number = text.toDouble();
    if (std::trunc(number) != number || std::abs(number) > 9.2e18)
        return QAmqpValue(number);
    bool ok = false;
    const qint64 digits = text.toLongLong(&ok);
    const qint64 whole = ok ? digits : qint64(number);
    const bool fits = whole == qint64(qint32(whole));
    return fits ? QAmqpValue(qint32(whole)) : QAmqpValue(whole);
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
        const auto octets = base64 ? readBytes(QString::fromUtf8(base64->text)) : std::nullopt;
        if (base64 && !octets)
            throw JsonError{u"name_base64 is not base64"_s};
        table.append(base64 ? octets->toBytes() : name->text, typedValue(entry));
    }
    return table;
}

} // namespace

QByteArray toJson(const QAmqpValue &value)
{
    JsonObject object;
    return addValue(object, value).json();
}

QByteArray toJson(const QAmqpTable &table)
{
    if (areNames(table.entries())) {
        JsonObject object;
        for (const auto &[name, value] : table.entries())
            object.add(name, toJson(value));
        return object.json();
    }
    QList<QByteArray> entries;
    for (const auto &[name, value] : table.entries()) {
        JsonObject entry;
        entry.addOctets("name", "name_base64", name);
        entries += addValue(entry, value).json();
    }
    return jsonArray(entries);
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
    for (const JsonValue &element : json.elements)
        array += valueFromJson(element);
    return QAmqpValue(array);
}

QAmqpTable tableFromJson(const JsonValue &json)
{
    if (json.type == JsonValue::Array)
        return tableOfEntries(json);
    QAmqpTable table;
    for (std::size_t i = 0; i < json.names.size(); ++i)
        table.append(json.names[i], valueFromJson(json.elements[i]));
    return table;
}

} // namespace Tool
