// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_FIELDS_H
#define QTAMQP_CODEC_FIELDS_H

// Functions that measure, encode, decode and print any method, by folding over its fields().
//
// Consecutive bits share a byte, lowest bit first, up to the next field that is not a bit (AMQP 0-9-1
// §4.2.5.2).

#include "values/bytes.h"

#include <QtCore/qstring.h>

#include <array>
#include <concepts>
#include <tuple>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// A view of bytes that follow their length on the wire.
template<typename Length, bool IsTable = false>
struct WireString : QByteArrayView
{
    using LengthType = Length;
    using QByteArrayView::QByteArrayView;
    constexpr WireString(QByteArrayView view) : QByteArrayView(view) { }
};

using ShortString = WireString<quint8>;
using LongString = WireString<quint32>;
using FieldTable = WireString<quint32, true>; // the entries in wire form (values/tableformat.h)

template<typename... Ts>
struct TypeList
{
    static constexpr std::size_t size = sizeof...(Ts);
};

enum class SentBy : quint8 { Client = 1, Server = 2, Both = 3 };
constexpr bool HasContent = true;

constexpr quint32 methodId(quint16 classId, quint16 index)
{
    return quint32(classId) << 16 | index;
}

struct MethodInfo
{
    quint16 classId;
    quint16 index;
    const char *name;
    SentBy sentBy;
    bool hasContent = false;

    constexpr quint32 id() const { return methodId(classId, index); }
};

// Lists the members of a method in wire order: fields() ties them. Their names are those of the
// specification, with capitals instead of hyphens.
#define QTAMQP_FIELDS(...) \
  static constexpr const char *fieldList = #__VA_ARGS__; \
  constexpr auto fields() { return std::tie(__VA_ARGS__); } \
  constexpr auto fields() const { return std::tie(__VA_ARGS__); }

// Base of the methods without fields.
struct NoFields
{
    QTAMQP_FIELDS()
};

template<typename T>
concept AmqpMethod = requires(T method)
{
    {
        T::info
        } -> std::convertible_to<MethodInfo>;
    method.fields();
};

struct FieldName
{
    char text[24] = {};
};

// Returns the spelling of the specification: "queue, ifUnused, reserved1" become queue, if-unused and
// reserved-1.
template<std::size_t Count>
constexpr std::array<FieldName, Count> spelledNames(const char *list)
{
    std::array<FieldName, Count> names;
    for (FieldName &name : names) {
        for (char *out = name.text; *list && *list != ','; ++list) {
            const bool upper = *list >= 'A' && *list <= 'Z';
            if (upper || (*list >= '0' && *list <= '9'))
                *out++ = '-';
            *out++ = upper ? char(*list + ('a' - 'A')) : *list;
        }
        list += *list ? 2 : 0; // the comma and a space
    }
    return names;
}

template<AmqpMethod T>
constexpr auto fieldNames = spelledNames<std::tuple_size_v<decltype(T().fields())>>(T::fieldList);

// Calls visit(name, value) for each field in wire order.
template<typename T, typename Visit>
constexpr void forEachField(T &method, Visit visit)
{
    std::size_t index = 0;
    std::apply(
            [&](auto &...values) {
                (visit(fieldNames<std::remove_const_t<T>>[index++].text, values), ...);
            },
            method.fields());
}

template<typename T>
constexpr bool isBit = std::is_same_v<std::remove_const_t<T>, bool>;

template<AmqpMethod T>
bool operator==(const T &a, const T &b)
{
    return a.fields() == b.fields();
}

// The size of the class and method numbers and of the fields.
template<AmqpMethod M>
qsizetype encodedSize(const M &method)
{
    qsizetype size = 4;
    int bits = 0;
    forEachField(method, [&](const char *, const auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>) {
            size += bits++ % 8 == 0;
        } else {
            bits = 0;
            if constexpr (std::is_base_of_v<QByteArrayView, T>)
                size += qsizetype(sizeof(typename T::LengthType)) + value.size();
            else
                size += qsizetype(sizeof(T));
        }
    });
    return size;
}

template<AmqpMethod M>
void encode(const M &method, Writer &out)
{
    out.write(M::info.classId);
    out.write(M::info.index);
    char *byte = nullptr; // the byte that holds the present bits
    int bits = 0;
    forEachField(method, [&](const char *, const auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>) {
            if (bits % 8 == 0) {
                byte = out.at();
                out.write(quint8(0));
            }
            *byte = char(*byte | int(value) << bits++ % 8);
        } else {
            bits = 0;
            if constexpr (std::is_base_of_v<QByteArrayView, T>)
                out.string<typename T::LengthType>(value);
            else
                out.write(value);
        }
    });
}

// Reads the fields, after the class and method numbers have been read. Bytes behind the last field are a
// failure, so that a method is either understood completely or not at all.
template<AmqpMethod M>
M decode(Reader &in)
{
    M method;
    quint8 byte = 0;
    int bits = 0;
    forEachField(method, [&](const char *, auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>) {
            if (bits % 8 == 0)
                byte = in.read<quint8>();
            value = byte >> bits++ % 8 & 1;
        } else {
            bits = 0;
            if constexpr (std::is_base_of_v<QByteArrayView, T>)
                value = T(in.string<typename T::LengthType>());
            else
                value = in.read<T>();
        }
    });
    if (in.ok() && !in.atEnd())
        in.fail("has bytes behind its last field");
    return method;
}

// Returns a line for the log, with the names of the specification. Control characters of the peer are
// escaped, and fields that carry credentials are masked.
template<AmqpMethod M>
QString describe(const M &method)
{
    QString line = QLatin1StringView(M::info.name) + u'(';
    QLatin1StringView separator;
    forEachField(method, [&](const char *name, const auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        const QLatin1StringView fieldName(name);
        line += separator + fieldName + u'=';
        separator = QLatin1StringView(", ");
        if constexpr (isBit<T>)
            line += value ? u'1' : u'0';
        else if constexpr (std::is_same_v<T, FieldTable>)
            line += QStringLiteral("table of %1 bytes").arg(value.size());
        else if constexpr (std::is_base_of_v<QByteArrayView, T>)
            line += fieldName == QLatin1StringView("response")
                            || fieldName == QLatin1StringView("new-secret")
                    ? QStringLiteral("***")
                    : u'"'
                            + QString::fromLatin1(
                                    value.toByteArray().toPercentEncoding(" !#$&'()*+,/:;=?@[]"))
                            + u'"';
        else
            line += QString::number(value);
    });
    return line + u')';
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
