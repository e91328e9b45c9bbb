#include <QtAmqp/qamqptable.h>

#include "values/bytes.h"
#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpTable
    \inmodule QtAmqp
    \brief A field table: message headers, arguments of queues and consumers, server properties.

    A table is an ordered list of names and values. It keeps what a QVariantMap cannot: the order,
    a name that stands twice, names that are not UTF-8 and the exact type of each value. A name has
    at most 255 octets of UTF-8 (AMQP 0-9-1 §4.2.5.5); append() keeps a longer one, and whatever
    would send the table refuses it with errorString().

    \snippet snippets.cpp table

    Tables are implicitly shared and reentrant.
*/

class QAmqpTablePrivate : public SharedValue
{
public:
    QList<QAmqpTable::Entry> entries;

    bool operator==(const QAmqpTablePrivate &) const = default;
};

/*! \fn QAmqpTable::QAmqpTable()
    Makes an empty table. */
QTAMQP_VALUE(QAmqpTable)

/*! Makes a table of \a entries, in their order. */
QAmqpTable::QAmqpTable(std::initializer_list<std::pair<QString, QAmqpValue>> entries)
{
    for (const auto &[name, value] : entries)
        append(name.toUtf8(), value);
}

/*! Converts \a map with QAmqpValue::fromVariant(). */
QAmqpTable QAmqpTable::fromVariantMap(const QVariantMap &map)
{
    QAmqpTable table;
    for (auto it = map.cbegin(); it != map.cend(); ++it)
        table.append(it.key().toUtf8(), QAmqpValue::fromVariant(it.value()));
    return table;
}

/*! Converts with QAmqpValue::toVariant(); of entries with the same name the last one stays. */
QVariantMap QAmqpTable::toVariantMap() const
{
    QVariantMap map;
    for (const Entry &entry : entries())
        map.insert(QString::fromUtf8(entry.first), entry.second.toVariant());
    return map;
}

/*! Returns \c true if there is no entry. */
bool QAmqpTable::isEmpty() const { return size() == 0; }

/*! Returns the number of entries. */
qsizetype QAmqpTable::size() const { return entries().size(); }

/*! Returns the entries in wire order; names are octets as they were received or set. The reference is
    valid until this table is changed or destroyed. */
const QList<QAmqpTable::Entry> &QAmqpTable::entries() const & { return peek(d).entries; }
QList<QAmqpTable::Entry> QAmqpTable::entries() && { return peek(d).entries; }

static auto findEntry(const QList<QAmqpTable::Entry> &entries, const QString &name)
{
    return std::find_if(entries.cbegin(), entries.cend(),
                        [utf8 = name.toUtf8()](const auto &entry) { return entry.first == utf8; });
}

/*! Returns \c true if there is an entry called \a name. */
bool QAmqpTable::contains(const QString &name) const
{
    return findEntry(entries(), name) != entries().cend();
}

/*! Returns the value of the first entry called \a name, or an invalid value. */
QAmqpValue QAmqpTable::value(const QString &name) const
{
    const auto entry = findEntry(entries(), name);
    return entry == entries().cend() ? QAmqpValue() : entry->second;
}

/*! Sets the first entry called \a name to \a value, or appends a new one. */
void QAmqpTable::insert(const QString &name, const QAmqpValue &value)
{
    const auto index = findEntry(entries(), name) - entries().cbegin();
    if (index == size())
        append(name.toUtf8(), value);
    else
        edit(d).entries[index].second = value;
}

/*! Appends an entry of \a name and \a value, even if there is one of that name already. */
void QAmqpTable::append(const QByteArray &name, const QAmqpValue &value)
{
    edit(d).entries.append({name, value});
}

/*! Removes every entry called \a name and returns how many there were. */
qsizetype QAmqpTable::remove(const QString &name)
{
    return edit(d).entries.removeIf(
            [utf8 = name.toUtf8()](const Entry &entry) { return entry.first == utf8; });
}

/*! Returns why this table cannot be sent, naming the entry at fault; empty if it can. */
QString QAmqpTable::errorString() const
{
    for (const auto &[name, value] : entries()) {
        if (name.size() > MaxShortString) {
            return QStringLiteral("the name \"%1…\" has %2 octets, AMQP allows 255")
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
        debug << std::exchange(separator, ", ") << QString::fromUtf8(name) << ": " << value;
    return debug << '}';
}

QT_END_NAMESPACE
