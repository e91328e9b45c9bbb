// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/valuetype.h"

#include "values/jsonvalue.h"

#include <QtCore/qdatetime.h>

#include <algorithm>
#include <limits>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;

namespace QtAmqpPrivate {

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
        {Type::String, "string", "text", nullptr},
        {Type::String, "text", "text", nullptr},
        {Type::Bytes, "bytes", "base64", readBytes},
        {Type::Timestamp, "timestamp", "seconds since 1970 or an ISO 8601 time", readTime},
        {Type::Array, "array", "a JSON array", nullptr},
        {Type::Table, "table", "a JSON object", nullptr},
        {Type::Void, "void", "empty", nullptr},
};

} // namespace

QString ValueType::rule() const
{
    return u"a value of type %1 is %2"_s.arg(QLatin1StringView(name), QLatin1StringView(form));
}

const ValueType *findType(const QByteArray &name)
{
    const auto found = std::find_if(std::begin(types), std::end(types),
                                    [&](const ValueType &type) { return name == type.name; });
    return found == std::end(types) ? nullptr : found;
}

const ValueType *findType(QAmqpValue::Type type)
{
    const auto found = std::find_if(std::begin(types), std::end(types),
                                    [&](const ValueType &row) { return row.type == type; });
    return found == std::end(types) ? nullptr : found;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
