// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_UNREADABLE_H
#define QTAMQP_TESTS_UNREADABLE_H

// Properties that QtAmqp does not read, as they stand in a content header: what a broker may hand on all
// the same.

#include <QtCore/qbytearray.h>
#include <QtCore/qendian.h>
#include <QtCore/qlist.h>
#include <QtCore/qstring.h>

namespace Unreadable {

inline QByteArray longString(const QByteArray &bytes)
{
    QByteArray size(4, Qt::Uninitialized);
    qToBigEndian(quint32(bytes.size()), size.data());
    return size + bytes;
}

// The entries of `depth` tables, each in the one before.
inline QByteArray deepTable(int depth)
{
    QByteArray entries;
    while (--depth > 0)
        entries = "\x01tF" + longString(entries);
    return entries;
}

// The entries of a table with an array of so many voids.
inline QByteArray voids(qsizetype count) { return "\x01vA" + longString(QByteArray(count, 'V')); }

// The entries of a table that takes so many bytes.
inline QByteArray tableOf(qsizetype size)
{
    return "\x01sx" + longString(QByteArray(size - 7, 's')); // a name, a type and a length
}

// The correlation id, the list's other property, can be read if the table alone cannot.
constexpr char CorrelationId[] = "id";
constexpr quint16 Flags = 0x2400;

inline QByteArray listWith(const QByteArray &entries)
{
    return longString(entries) + '\x02' + CorrelationId;
}

struct Row
{
    const char *name;
    quint16 flags;
    QByteArray list;
    QString error; // what propertiesError() says
};

inline const QList<Row> &rows()
{
    const auto table = [](const char *name, const QByteArray &entries, const char *error) {
        return Row{name, Flags, listWith(entries),
                   QStringLiteral("the table of headers ") + QLatin1String(error)};
    };
    const auto list = [](const char *name, quint16 flags, const QByteArray &bytes,
                         const char *error) {
        return Row{name, flags, bytes, QStringLiteral("the property list ") + QLatin1String(error)};
    };
    constexpr const char *undefined = "has property flags that the basic class does not define";
    static const QList<Row> all = {
            table("tables 33 deep", deepTable(33), "nests tables more than 32 deep"),
            table("tables 200 deep", deepTable(200), "nests tables more than 32 deep"),
            table("tables 5000 deep", deepTable(5000), "nests tables more than 32 deep"),
            table("70000 voids", voids(70000), "has more than 65536 table elements"),
            table("an unknown letter", "\x01uz", "has a table value of unknown type"),
            table("an entry cut short", QByteArray("\x01iI\0\0", 5), "is cut short"),
            table("text that passes the table's end", QByteArray("\x01sS\0\0\1\0", 7),
                  "claims more bytes than its frame holds"),
            list("a reserved flag", 0x0002, {}, undefined),
            list("flags that go on", Flags | 0x0001, QByteArray(2, '\0') + listWith({}), undefined),
            list("a table that passes the list's end", Flags, QByteArray("\0\1\0\0i", 5),
                 "claims more bytes than its frame holds"),
            list("a list cut short", Flags, longString({}), "is cut short"),
            list("bytes behind the list", Flags, listWith({}) + '!',
                 "has bytes behind its last property"),
    };
    return all;
}

} // namespace Unreadable

#endif
