// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "valuetext.h"

#include <QtCore/QDateTime>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QLocale>

#include <cmath>

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

namespace {

// The names of types that QtAmqp uses in JSON, the most frequent ones first.
const QList<std::pair<Type, QString>> &types()
{
    static const QList<std::pair<Type, QString>> types = {{Type::String, u"string"_s},
                                                          {Type::Boolean, u"bool"_s},
                                                          {Type::Int8, u"int8"_s},
                                                          {Type::UInt8, u"uint8"_s},
                                                          {Type::Int16, u"int16"_s},
                                                          {Type::UInt16, u"uint16"_s},
                                                          {Type::Int32, u"int32"_s},
                                                          {Type::UInt32, u"uint32"_s},
                                                          {Type::Int64, u"int64"_s},
                                                          {Type::Float, u"float"_s},
                                                          {Type::Double, u"double"_s},
                                                          {Type::Decimal, u"decimal"_s},
                                                          {Type::Timestamp, u"timestamp"_s},
                                                          {Type::Bytes, u"bytes"_s},
                                                          {Type::Array, u"array"_s},
                                                          {Type::Table, u"table"_s},
                                                          {Type::Void, u"void"_s}};
    return types;
}

QString quoted(const QString &text)
{
    const QByteArray array = QJsonDocument(QJsonArray{text}).toJson(QJsonDocument::Compact);
    return QString::fromUtf8(array.sliced(1, array.size() - 2));
}

// The text includes the offset from UTC, so that it means the same time everywhere.
QString timeText(quint64 seconds)
{
    constexpr quint64 late = 253370764800; // the year 9999: ISO 8601 has four digits for a year
    if (seconds >= late)
        return QString::number(seconds);
    const QDateTime local = QDateTime::fromSecsSinceEpoch(qint64(seconds));
    return local.toOffsetFromUtc(local.offsetFromUtc()).toString(Qt::ISODate);
}

// Writes a value inside an array or a table.
QString innerText(const QAmqpValue &value)
{
    switch (value.type()) {
    case Type::Void: return u"null"_s;
    case Type::String:
    case Type::Bytes:
    case Type::Timestamp: return quoted(valueText(value));
    default: return valueText(value);
    }
}

} // namespace

QStringList typeNames()
{
    QStringList names;
    for (const auto &[type, name] : types())
        names += name;
    return names;
}

QString typeName(Type type)
{
    for (const auto &[each, name] : types()) {
        if (each == type)
            return name;
    }
    return {};
}

Type typeOfName(const QString &name)
{
    for (const auto &[type, each] : types()) {
        if (each == name)
            return type;
    }
    return Type::Invalid;
}

QString valueText(const QAmqpValue &value)
{
    QStringList parts;
    switch (value.type()) {
    case Type::Void: return {};
    case Type::Bytes: return QString::fromLatin1(value.toBytes().toHex(' '));
    case Type::Decimal: // with all its digits
        return QJsonDocument::fromJson(value.toJson())[u"value"].toString();
    case Type::Timestamp: return timeText(value.toTimestamp());
    case Type::String: return readable(value.toBytes());
    case Type::Float:
    case Type::Double: // QString::number() writes no negative zero
        return value.toDouble() == 0 && std::signbit(value.toDouble()) ? u"-0"_s : value.toString();
    case Type::Array:
        for (const QAmqpValue &each : value.toArray())
            parts += innerText(each);
        return u'[' + parts.join(u',') + u']';
    case Type::Table:
        for (const auto &[name, inner] : value.toTable().entries())
            parts += quoted(readable(name)) + u':' + innerText(inner);
        return u'{' + parts.join(u',') + u'}';
    default: return value.toString();
    }
}

QAmqpValue valueFromText(Type type, const QString &text)
{
    if (type == Type::Void)
        return QAmqpValue::null();
    if (type == Type::Bytes) {
        const QByteArray digits = QString(text).remove(u' ').toLower().toLatin1();
        const QByteArray bytes = QByteArray::fromHex(digits);
        return bytes.toHex() == digits ? QAmqpValue(bytes) : QAmqpValue();
    }
    const QJsonObject json = {{u"type"_s, typeName(type)}, {u"value"_s, text}};
    return QAmqpValue::fromJson(QJsonDocument(json).toJson(QJsonDocument::Compact));
}

QString howMany(qint64 count, const QString &one, const QString &many)
{
    return count == 1 ? one : many.arg(QLocale().toString(count));
}

QString readable(const QByteArray &bytes)
{
    if (bytes.isValidUtf8())
        return QString::fromUtf8(bytes);
    QString shown;
    for (const char byte : bytes)
        shown += quint8(byte) < 0x80 ? QString(QLatin1Char(byte))
                                     : u"\\x"_s + QString::number(quint8(byte), 16);
    return shown;
}

QString readable(const QString &text)
{
    return text.isValidUtf16() ? text : readable(QAmqpValue(text).toBytes());
}
