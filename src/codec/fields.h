#ifndef QTAMQP_CODEC_FIELDS_H
#define QTAMQP_CODEC_FIELDS_H

// What a method declaration means: folds over fields() that size, encode, decode and print it.
//
// Consecutive bits share octets, lowest bit first (AMQP 0-9-1 §4.2.5.2); the first field that is
// not a bit closes the octet.

#include "values/bytes.h"

#include <QtCore/qstring.h>

#include <concepts>
#include <tuple>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct ShortString : QByteArrayView
{
    using QByteArrayView::QByteArrayView;
    constexpr ShortString(QByteArrayView view) : QByteArrayView(view) { }
};

struct LongString : QByteArrayView
{
    using QByteArrayView::QByteArrayView;
    constexpr LongString(QByteArrayView view) : QByteArrayView(view) { }
};

// The entries of a table in wire form, without the length in front (values/tableformat.h).
struct FieldTable : QByteArrayView
{
    using QByteArrayView::QByteArrayView;
    constexpr FieldTable(QByteArrayView view) : QByteArrayView(view) { }
};

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

template<typename Owner, typename T>
struct Field
{
    const char *name;
    T Owner::*member;
};

template<typename Owner, typename T>
constexpr Field<Owner, T> field(const char *name, T Owner::*member)
{
    return {name, member};
}

// Base of the methods that carry nothing.
struct NoFields
{
    static constexpr auto fields() { return std::tuple{}; }
};

template<typename T>
concept AmqpMethod = requires
{
    {
        T::info
        } -> std::convertible_to<MethodInfo>;
    T::fields();
};

// Calls visit(name, value) for each field in wire order.
template<typename T, typename Visit>
constexpr void forEachField(T &method, Visit visit)
{
    std::apply([&](auto... fields) { (visit(fields.name, method.*fields.member), ...); },
               std::remove_const_t<T>::fields());
}

template<typename T>
constexpr bool isBit = std::is_same_v<std::remove_const_t<T>, bool>;

template<AmqpMethod T>
bool operator==(const T &a, const T &b)
{
    return std::apply(
            [&](auto... fields) { return ((a.*fields.member == b.*fields.member) && ...); },
            T::fields());
}

// The class and method numbers, then the fields.
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
            if constexpr (std::is_same_v<T, ShortString>)
                size += 1 + value.size();
            else if constexpr (std::is_base_of_v<QByteArrayView, T>)
                size += 4 + value.size();
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
    quint8 octet = 0;
    int bits = 0;
    const auto closeOctet = [&] {
        if (bits == 0)
            return;
        out.write(octet);
        octet = 0;
        bits = 0;
    };
    forEachField(method, [&](const char *, const auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>) {
            octet = quint8(octet | quint8(value) << bits);
            if (++bits == 8)
                closeOctet();
        } else {
            closeOctet();
            if constexpr (std::is_same_v<T, ShortString>)
                out.shortString(value);
            else if constexpr (std::is_base_of_v<QByteArrayView, T>)
                out.longString(value);
            else
                out.write(value);
        }
    });
    closeOctet();
}

// Reads the fields; the class and method numbers are behind the reader already. Octets left over
// are a failure, so that a method is either understood whole or not at all.
template<AmqpMethod M>
M decode(Reader &in)
{
    M method;
    quint8 octet = 0;
    int bits = 0;
    forEachField(method, [&](const char *, auto &value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (isBit<T>) {
            if (bits % 8 == 0)
                octet = in.read<quint8>();
            value = octet >> bits++ % 8 & 1;
        } else {
            bits = 0;
            if constexpr (std::is_same_v<T, ShortString>)
                value = T(in.shortString());
            else if constexpr (std::is_base_of_v<QByteArrayView, T>)
                value = T(in.longString());
            else
                value = in.read<T>();
        }
    });
    if (in.ok() && !in.atEnd())
        in.fail("has octets behind its last field");
    return method;
}

// One line for logs, with the names of the specification; control characters from the peer are
// escaped, what carries credentials is masked.
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
            line += QStringLiteral("table of %1 octets").arg(value.size());
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
