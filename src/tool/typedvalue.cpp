#include "typedvalue.h"

#include "command.h"
#include "jsonvalue.h"
#include "valuetype.h"

#include <QtCore/qdatetime.h>

#include <algorithm>
#include <limits>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Type = QAmqpValue::Type;

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

std::optional<QAmqpValue> readString(const QString &text) { return QAmqpValue(text); }

std::optional<QAmqpValue> readJsonOf(JsonValue::Type type, const QString &text)
{
    JsonValue json;
    try {
        json = readJson(text.toUtf8());
    } catch (const JsonError &) {
        return {};
    }
    return json.type == type ? std::optional(valueFromJson(json)) : std::nullopt;
}

std::optional<QAmqpValue> readArray(const QString &text)
{
    return readJsonOf(JsonValue::Array, text);
}

std::optional<QAmqpValue> readNestedTable(const QString &text)
{
    const auto value = readJsonOf(JsonValue::Object, text);
    return value && value->type() == Type::Table ? value : std::nullopt;
}

std::optional<QAmqpValue> readVoid(const QString &text)
{
    return text.isEmpty() ? std::optional(QAmqpValue::null()) : std::nullopt;
}

constexpr ValueType types[] = {
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

} // namespace

QString ValueType::rule() const
{
    return u"a value of type %1 is %2"_s.arg(QLatin1StringView(name), QLatin1StringView(form));
}

const ValueType *findType(const QString &name)
{
    const auto found = std::find_if(std::begin(types), std::end(types), [&](const ValueType &type) {
        return name == QLatin1StringView(type.name);
    });
    return found == std::end(types) ? nullptr : found;
}

const ValueType *findType(QAmqpValue::Type type)
{
    const auto found = std::find_if(std::begin(types), std::end(types),
                                    [&](const ValueType &row) { return row.type == type; });
    return found == std::end(types) ? nullptr : found;
}

QStringList typeNames()
{
    QStringList names;
    for (const ValueType &type : types)
        names += QString::fromLatin1(type.name);
    return names;
}

std::optional<QAmqpValue> readBytes(const QString &text)
{
    const auto decoded = QByteArray::fromBase64Encoding(
            text.toLatin1(), QByteArray::Base64Encoding | QByteArray::AbortOnBase64DecodingErrors);
    return decoded ? std::optional(QAmqpValue(*decoded)) : std::nullopt;
}

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

// The word and the colon that `text` begins with, if it does. A number and a colon may be a time.
static QString takeType(QString &text)
{
    const qsizetype colon = text.indexOf(u':');
    const QString word = text.first(std::max(colon, qsizetype(0)));
    const bool isWord =
            std::all_of(word.begin(), word.end(), [](QChar c) { return c.isLetterOrNumber(); });
    if (word.isEmpty() || !isWord || !word.front().isLetter())
        return {};
    text.remove(0, colon + 1);
    return word;
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
        if (equals < 1)
            throw wrong(u"write KEY=TYPE:VALUE, such as x-max-length=int32:1000"_s);
        QString text = entry.sliced(equals + 1);
        const QString type = takeType(text);
        const ValueType *row = findType(type.isEmpty() ? u"string"_s : type);
        if (!row) {
            throw wrong(
                    u"\"%1\" is no type; there are %2; for a text write string: before it"_s.arg(
                            type, typeNames().join(", "_L1)));
        }
        std::optional<QAmqpValue> value;
        try {
            value = row->read(text);
        } catch (const JsonError &inside) {
            throw wrong(u"inside of it, "_s + inside.text);
        }
        if (!value)
            throw wrong(row->rule());
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

} // namespace Tool
