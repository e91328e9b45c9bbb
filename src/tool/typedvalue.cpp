// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "typedvalue.h"

#include "command.h"
#include "json.h"

#include <QtCore/qdatetime.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

QStringList typeNames()
{
    return u"bool int8 uint8 int16 uint16 int32 uint32 int64 float double decimal string text bytes "
           "timestamp array table void"_s.split(u' ');
}

// The library can read a value of any type from text in JSON.
static QAmqpValue readText(const QString &type, const QString &text)
{
    const bool isNow = type == "timestamp"_L1 && text == "now"_L1;
    const QString time = QString::number(QDateTime::currentSecsSinceEpoch());
    const bool isNothing = type == "void"_L1 && text.isEmpty();
    JsonObject json;
    json.add("type", jsonText(type.toUtf8()));
    json.add("value", isNothing ? "null" : jsonText((isNow ? time : text).toUtf8()));
    return QAmqpValue::fromJson(json.json());
}

std::optional<quint64> readTimestamp(const QString &text)
{
    const QAmqpValue time = readText(u"timestamp"_s, text);
    return time.isValid() ? std::optional(time.toTimestamp()) : std::nullopt;
}

// Takes a word and a colon from the beginning of `text`, if it begins with them. A number and a colon stay,
// since they may be a time.
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
        QString type = takeType(text);
        if (type.isEmpty())
            type = u"string"_s;
        if (!typeNames().contains(type)) {
            throw wrong(
                    u"\"%1\" is no type; there are %2; for a text write string: before it"_s.arg(
                            type, typeNames().join(", "_L1)));
        }
        const bool isArray = type == "array"_L1;
        const bool isJson = isArray || type == "table"_L1;
        const QAmqpValue value =
                isJson ? QAmqpValue::fromJson(text.toUtf8()) : readText(type, text);
        if (!value.isValid() && type == "timestamp"_L1)
            throw wrong(
                    u"a value of type timestamp is seconds since 1970, an ISO 8601 time or now"_s);
        if (!value.isValid())
            throw wrong((isJson ? u"inside of it, "_s : QString()) + value.errorString());
        if (isJson && value.type() != (isArray ? QAmqpValue::Type::Array : QAmqpValue::Type::Table))
            throw wrong(
                    u"a value of type %1 is a JSON %2"_s.arg(type, isArray ? type : u"object"_s));
        const QString key = entry.first(equals);
        if (keys.contains(key))
            throw wrong(u"the key is given twice"_s);
        keys += key;
        table.append(key.toUtf8(), value);
    }
    if (const QString error = table.errorString(); !error.isEmpty())
        throw Failure{BadUsage, u"--%1: %2"_s.arg(QString::fromLatin1(option), error)};
    return table;
}

QByteArray textOfValue(const QAmqpValue &value)
{
    using Type = QAmqpValue::Type;

    switch (value.type()) {
    case Type::String: return value.toBytes();
    case Type::Bytes: return value.toBytes().toBase64();
    case Type::Table: return value.toTable().toJson();
    case Type::Array: {
        QList<QByteArray> elements;
        const QList<QAmqpValue> array = value.toArray();
        for (const QAmqpValue &element : array)
            elements += element.toJson();
        return jsonArray(elements);
    }
    default: return value.toString().toUtf8();
    }
}

} // namespace Tool
