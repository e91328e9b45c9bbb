// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqptable.h>

#include "values/bytes.h"
#include "values/json.h"
#include "values/sharedvalue.h"
#include "values/wiretext.h"

#include <QtCore/qdebug.h>
#include <QtCore/qhash.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpTable
    \inmodule QtAmqp
    \brief A field table: message headers, arguments of queues and consumers, server properties.

    A table is an ordered list of names and values. It keeps what a QVariantMap cannot: the order,
    a name that comes twice, names that are not UTF-8 and the exact type of each value. A name has
    at most 255 bytes of UTF-8 (AMQP 0-9-1 §4.2.5.5). append() also accepts a longer one, but a call that
    would send the table is refused then, with errorString().

    In a QString a byte of a name that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF for 80 to FF;
    functions with a QString turn it into the same byte again. If a name comes twice, the first entry counts,
    as it does for RabbitMQ: value() returns it, insert() changes it, and toVariantMap() contains it.

    \snippet snippets.cpp table

    Tables are implicitly shared and reentrant.
*/

class QAmqpTablePrivate : public SharedValue
{
public:
    // The index of the first entry of each name.
    using Places = QHash<QByteArray, qsizetype>;

    QList<QAmqpTable::Entry> entries;
    MadeOnce<Places> places;
    QString unread; // why the JSON that the table was to be made from cannot be read

    bool operator==(const QAmqpTablePrivate &) const = default;

    qsizetype find(const QByteArray &name) const;
};

// Returns the index of the first entry called `name`, or the number of entries if there is none.
qsizetype QAmqpTablePrivate::find(const QByteArray &name) const
{
    constexpr qsizetype small = 16; // a few entries are found more quickly without an index
    const qsizetype size = entries.size();
    if (size <= small) {
        return std::find_if(entries.cbegin(), entries.cend(),
                            [&](const QAmqpTable::Entry &entry) { return entry.first == name; })
                - entries.cbegin();
    }
    const Places &all = places.get([this, size] {
        Places made;
        made.reserve(size);
        for (qsizetype i = size - 1; i >= 0; --i)
            made.insert(entries.at(i).first, i);
        return made;
    });
    return all.value(name, size);
}

/*! \fn QAmqpTable::QAmqpTable()
    Makes an empty table. */
QTAMQP_VALUE(QAmqpTable)

/*! Makes a table of \a entries, in their order. */
QAmqpTable::QAmqpTable(std::initializer_list<std::pair<QString, QAmqpValue>> entries)
{
    for (const auto &[name, value] : entries)
        append(wireFromText(name), value);
}

/*! Converts \a map with QAmqpValue::fromVariant(). */
QAmqpTable QAmqpTable::fromVariantMap(const QVariantMap &map)
{
    QAmqpTable table;
    for (auto it = map.cbegin(); it != map.cend(); ++it)
        table.append(wireFromText(it.key()), QAmqpValue::fromVariant(it.value()));
    return table;
}

/*! Converts with QAmqpValue::toVariant(). Each name has a key of its own, also if it is not UTF-8, and
    fromVariantMap() makes the same name of it. If a name comes twice, the first entry counts. */
QVariantMap QAmqpTable::toVariantMap() const
{
    QVariantMap map;
    for (const auto &[name, value] : entries()) {
        const QString key = textFromWire(name);
        if (!map.contains(key))
            map.insert(key, value.toVariant());
    }
    return map;
}

/*!
    Returns the table as JSON in UTF-8: an object of values as QAmqpValue::toJson() returns them, in their
    order. If a name is not UTF-8 or comes twice it is an array of these objects, each with one more member,
    \c name, or \c name_base64 with its bytes in base64. fromJson() makes an equal table of it.
*/
QByteArray QAmqpTable::toJson() const { return QtAmqpPrivate::toJson(*this); }

/*! Makes a table of \a json: the result of toJson(), or an object of plain JSON, see QAmqpValue::fromJson().
    If it cannot be read, the table is empty, and errorString() says what is wrong and where. */
QAmqpTable QAmqpTable::fromJson(QByteArrayView json)
{
    try {
        return tableFromJson(readJson(json));
    } catch (const JsonError &error) {
        QAmqpTable table;
        edit(table.d).unread = error.text;
        return table;
    }
}

/*! Returns \c true if there is no entry. */
bool QAmqpTable::isEmpty() const { return size() == 0; }

/*! Returns the number of entries. */
qsizetype QAmqpTable::size() const { return entries().size(); }

/*! Returns the entries in the order of the wire; names are the bytes as they were received or set. The
    reference is valid until this table is changed or destroyed. */
const QList<QAmqpTable::Entry> &QAmqpTable::entries() const & { return peek(d).entries; }
QList<QAmqpTable::Entry> QAmqpTable::entries() && { return peek(d).entries; }

/*! Returns \c true if there is an entry called \a name. */
bool QAmqpTable::contains(const QString &name) const
{
    return peek(d).find(wireFromText(name)) < size();
}

/*! Returns the value of the first entry called \a name, or an invalid value. */
QAmqpValue QAmqpTable::value(const QString &name) const
{
    const qsizetype place = peek(d).find(wireFromText(name));
    return place < size() ? entries().at(place).second : QAmqpValue();
}

/*! Sets the first entry called \a name to \a value, or appends a new one. */
void QAmqpTable::insert(const QString &name, const QAmqpValue &value)
{
    const QByteArray wire = wireFromText(name);
    const qsizetype place = peek(d).find(wire);
    if (place == size())
        append(wire, value);
    else
        edit(d).entries[place].second = value;
}

/*! Appends an entry of \a name and \a value, even if there is one of that name already. */
void QAmqpTable::append(const QByteArray &name, const QAmqpValue &value)
{
    QAmqpTablePrivate &table = edit(d);
    table.entries.append({name, value});
    if (auto *places = table.places.edit(); places && !places->contains(name))
        places->insert(name, table.entries.size() - 1);
}

/*! Removes every entry called \a name and returns how many there were. */
qsizetype QAmqpTable::remove(const QString &name)
{
    QAmqpTablePrivate &table = edit(d);
    table.places.clear();
    return table.entries.removeIf(
            [wire = wireFromText(name)](const Entry &entry) { return entry.first == wire; });
}

/*! Returns why this table cannot be sent, naming the entry at fault; empty if it can. */
QString QAmqpTable::errorString() const
{
    if (const QString &unread = peek(d).unread; !unread.isEmpty())
        return unread;
    for (const auto &[name, value] : entries()) {
        if (name.size() > MaxShortString) {
            return QStringLiteral("the name \"%1…\" has %2 bytes, AMQP allows 255")
                    .arg(QString::fromUtf8(name.left(32)), QString::number(name.size()));
        }
        if (const QString error = value.errorString(); !error.isEmpty())
            return QStringLiteral("\"%1\": %2").arg(QString::fromUtf8(name), error);
    }
    return {};
}

QDebug operator<<(QDebug debug, const QAmqpTable &table)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().quote() << '{'; // quoting escapes the control characters of a peer's text
    const char *separator = "";
    for (const auto &[name, value] : table.entries())
        debug << std::exchange(separator, ", ") << textFromWire(name) << ": " << value;
    return debug << '}';
}

QT_END_NAMESPACE
