#include "typedvalue.h"

#include "command.h"
#include "json.h"

#include <QtCore/qdatetime.h>
#include <QtCore/qjsonarray.h>
#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>

#include <cmath>
#include <limits>
#include <optional>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Type = QAmqpValue::Type;
using Read = std::optional<QAmqpValue> (*)(const QString &text);

std::optional<QAmqpValue> fromJson(const QJsonValue &json);

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

std::optional<QAmqpValue> readFloat(const QString &text)
{
    bool ok = false;
    const float number = text.toFloat(&ok);
    return ok ? std::optional(QAmqpValue(number)) : std::nullopt;
}

std::optional<QAmqpValue> readDouble(const QString &text)
{
    bool ok = false;
    const double number = text.toDouble(&ok);
    return ok ? std::optional(QAmqpValue(number)) : std::nullopt;
}

// The digits behind the point are the scale: 1.50 is 150 with scale 2.
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

std::optional<QAmqpValue> readTime(const QString &text)
{
    const auto seconds = readTimestamp(text);
    return seconds ? std::optional(QAmqpValue::timestamp(*seconds)) : std::nullopt;
}

std::optional<QAmqpValue> readBytes(const QString &text)
{
    const auto decoded = QByteArray::fromBase64Encoding(
            text.toLatin1(), QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    return decoded ? std::optional(QAmqpValue(*decoded)) : std::nullopt;
}

std::optional<QAmqpValue> readString(const QString &text) { return QAmqpValue(text); }

std::optional<QAmqpValue> readJson(const QString &text, Type type)
{
    const QJsonDocument document = QJsonDocument::fromJson(text.toUtf8());
    if (document.isNull())
        return {};
    const auto value = fromJson(document.isArray() ? QJsonValue(document.array())
                                                   : QJsonValue(document.object()));
    return value && value->type() == type ? value : std::nullopt;
}

std::optional<QAmqpValue> readArray(const QString &text) { return readJson(text, Type::Array); }

std::optional<QAmqpValue> readNestedTable(const QString &text)
{
    return readJson(text, Type::Table);
}

std::optional<QAmqpValue> readVoid(const QString &text)
{
    return text.isEmpty() ? std::optional(QAmqpValue::null()) : std::nullopt;
}

struct TypeRow
{
    Type type;
    const char *name;
    const char *form; // what the text must be
    Read read;
};

constexpr TypeRow types[] = {
        {Type::Boolean, "bool", "true or false", readBool},
        {Type::Int8, "int8", "a whole number from -128 to 127", readInteger<qint8>},
        {Type::UInt8, "uint8", "a whole number from 0 to 255", readInteger<quint8>},
        {Type::Int16, "int16", "a whole number from -32768 to 32767", readInteger<qint16>},
        {Type::UInt16, "uint16", "a whole number from 0 to 65535", readInteger<quint16>},
        {Type::Int32, "int32", "a whole number from -2147483648 to 2147483647",
         readInteger<qint32>},
        {Type::UInt32, "uint32", "a whole number from 0 to 4294967295", readInteger<quint32>},
        {Type::Int64, "int64", "a whole number of 64 bits", readInteger<qint64>},
        {Type::Float, "float", "a number", readFloat},
        {Type::Double, "double", "a number", readDouble},
        {Type::Decimal, "decimal", "a number of at most 31 bits such as 12.50", readDecimal},
        {Type::String, "string", "text", readString},
        {Type::String, "text", "text", readString},
        {Type::Bytes, "bytes", "base64", readBytes},
        {Type::Timestamp, "timestamp", "seconds since 1970, an ISO 8601 time or now", readTime},
        {Type::Array, "array", "a JSON array", readArray},
        {Type::Table, "table", "a JSON object", readNestedTable},
        {Type::Void, "void", "empty", readVoid},
};

const TypeRow *findType(const QString &name)
{
    for (const TypeRow &row : types) {
        if (name == QLatin1StringView(row.name))
            return &row;
    }
    return nullptr;
}

const TypeRow *findType(Type type)
{
    for (const TypeRow &row : types) {
        if (row.type == type)
            return &row;
    }
    return nullptr;
}

QString typeNames()
{
    QStringList names;
    for (const TypeRow &row : types)
        names += QString::fromLatin1(row.name);
    return names.join(", "_L1);
}

// {"type":…,"value":…} as toJson() prints it, and nothing else.
std::optional<QAmqpValue> fromTypedJson(const QJsonObject &object)
{
    const TypeRow *row = findType(object.value("type"_L1).toString());
    const QJsonValue json = object.value("value"_L1);
    if (const QJsonValue base64 = object.value("base64"_L1); !base64.isUndefined()) {
        const auto bytes = base64.isString() ? readBytes(base64.toString()) : std::nullopt;
        return bytes && row->type == Type::String ? QAmqpValue::string(bytes->toBytes()) : bytes;
    }
    if (row->type == Type::Void)
        return json.isNull() ? std::optional(QAmqpValue::null()) : std::nullopt;
    if (row->type == Type::String || row->type == Type::Bytes)
        return json.isString() ? row->read(json.toString()) : std::nullopt;
    if (row->type == Type::Array || row->type == Type::Table) {
        const auto value = fromJson(json);
        return value && value->type() == row->type ? value : std::nullopt;
    }
    if (json.isDouble()) {
        const qint64 whole = json.toInteger(std::numeric_limits<qint64>::min());
        const bool isWhole = double(whole) == json.toDouble();
        return row->read(isWhole ? QString::number(whole)
                                 : QString::number(json.toDouble(), 'g', 17));
    }
    if (json.isBool())
        return row->read(json.toBool() ? u"true"_s : u"false"_s);
    return json.isString() ? row->read(json.toString()) : std::nullopt;
}

// A mistake inside of an array or a table.
struct WrongInside
{
    const TypeRow *row;
};

bool isTyped(const QJsonObject &object)
{
    if (object.size() != 2 || !object.value("type"_L1).isString())
        return false;
    const TypeRow *row = findType(object.value("type"_L1).toString());
    const bool octets = row && (row->type == Type::String || row->type == Type::Bytes);
    return row && (object.contains("value"_L1) || (octets && object.contains("base64"_L1)));
}

std::optional<QAmqpValue> fromObject(const QJsonObject &object)
{
    if (isTyped(object)) {
        const auto value = fromTypedJson(object);
        if (!value)
            throw WrongInside{findType(object.value("type"_L1).toString())};
        return value;
    }
    QAmqpTable table;
    for (auto it = object.begin(); it != object.end(); ++it) {
        const auto value = fromJson(it.value());
        if (!value)
            return {};
        table.insert(it.key(), *value);
    }
    return QAmqpValue(table);
}

std::optional<QAmqpValue> fromJson(const QJsonValue &json)
{
    switch (json.type()) {
    case QJsonValue::Null: return QAmqpValue::null();
    case QJsonValue::Bool: return QAmqpValue(json.toBool());
    case QJsonValue::String: return QAmqpValue(json.toString());
    case QJsonValue::Object: return fromObject(json.toObject());
    case QJsonValue::Array: {
        QList<QAmqpValue> array;
        const QJsonArray elements = json.toArray();
        for (const QJsonValue &element : elements) {
            const auto value = fromJson(element);
            if (!value)
                return {};
            array += *value;
        }
        return QAmqpValue(array);
    }
    case QJsonValue::Double: break;
    default: return {};
    }
    const double number = json.toDouble();
    if (std::trunc(number) != number || std::abs(number) > 9.2e18)
        return QAmqpValue(number);
    const qint64 whole = json.toInteger();
    const bool fits = whole == qint64(qint32(whole));
    return fits ? QAmqpValue(qint32(whole)) : QAmqpValue(whole);
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

// JSON has no infinity, and no number that is none.
QByteArray realJson(const QAmqpValue &value)
{
    return std::isfinite(value.toDouble()) ? value.toString().toLatin1()
                                           : jsonText(value.toString());
}

QByteArray payloadJson(const QAmqpValue &value)
{
    switch (value.type()) {
    case Type::Boolean: return value.toBool() ? "true" : "false";
    case Type::Float:
    case Type::Double: return realJson(value);
    case Type::Decimal: return jsonText(decimalText(value.toDecimal()));
    case Type::String: return jsonText(value.toBytes());
    case Type::Bytes: return '"' + value.toBytes().toBase64() + '"';
    case Type::Timestamp: return QByteArray::number(value.toTimestamp());
    case Type::Table: return toJson(value.toTable());
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

} // namespace

std::optional<quint64> readTimestamp(const QString &text)
{
    bool ok = false;
    const quint64 seconds = text.toULongLong(&ok);
    if (ok)
        return seconds;
    const QDateTime time = text == "now"_L1 ? QDateTime::currentDateTimeUtc()
                                            : QDateTime::fromString(text, Qt::ISODate);
    if (!time.isValid() || time.toSecsSinceEpoch() < 0)
        return {};
    return quint64(time.toSecsSinceEpoch());
}

QAmqpTable readTable(const QStringList &entries, const char *option)
{
    QAmqpTable table;
    QStringList keys;
    for (const QString &entry : entries) {
        const auto wrong = [&](const QString &what) {
            return Failure{BadUsage,
                           u"--%1 \"%2\": %3"_s.arg(QString::fromLatin1(option), entry, what)};
        };
        const qsizetype equals = entry.indexOf(u'=');
        const qsizetype colon = entry.indexOf(u':', equals);
        if (equals < 1 || colon < 0)
            throw wrong(u"write KEY=TYPE:VALUE, such as x-max-length=int32:1000"_s);
        const QString type = entry.sliced(equals + 1, colon - equals - 1);
        const TypeRow *row = findType(type);
        if (!row)
            throw wrong(u"\"%1\" is no type; there are %2"_s.arg(type, typeNames()));
        const auto rule = [](const TypeRow *of) {
            return u"a value of type %1 is %2"_s.arg(QLatin1StringView(of->name),
                                                     QLatin1StringView(of->form));
        };
        std::optional<QAmqpValue> value;
        try {
            value = row->read(entry.sliced(colon + 1));
        } catch (const WrongInside &inside) {
            throw wrong(u"inside of it, "_s + rule(inside.row));
        }
        if (!value)
            throw wrong(rule(row));
        const QString key = entry.first(equals);
        if (keys.contains(key))
            throw wrong(u"the key is given twice"_s);
        keys += key;
        table.append(key.toUtf8(), *value);
    }
    if (const QString error = table.errorString(); !error.isEmpty())
        throw Failure{BadUsage, u"--%1: %2"_s.arg(QString::fromLatin1(option), error)};
    return table;
}

QByteArray toJson(const QAmqpValue &value)
{
    const TypeRow *row = findType(value.type());
    JsonObject object;
    object.add("type", jsonText(QByteArray(row ? row->name : "invalid")));
    if (value.type() == Type::String)
        object.addOctets("value", "base64", value.toBytes());
    else
        object.add("value", payloadJson(value));
    return object.json();
}

QByteArray toJson(const QAmqpTable &table)
{
    JsonObject object;
    for (const auto &[name, value] : table.entries())
        object.add(name, toJson(value));
    return object.json();
}

} // namespace Tool
