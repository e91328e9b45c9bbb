// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "qamqpquickmessagemodel.h"

#include "qamqpquickvalues.h"

#include <QtCore/qdatetime.h>
#include <QtQml/qqmlengine.h>
#include <QtQml/qqmlinfo.h>

#include <algorithm>
#include <vector>

QT_BEGIN_NAMESPACE

/*!
    \qmltype AmqpMessageModel
    \inqmlmodule QtAmqp
    \brief The messages of a queue as a model for views.

    \qml
    ListView {
        model: AmqpMessageModel { queue: orders; maximumCount: 500; newestFirst: true }
        delegate: ItemDelegate {
            required property string routingKey
            required property string bodyText
            width: ListView.view.width
            text: routingKey + ": " + bodyText
        }
    }
    \endqml

    The model keeps the newest messages, as many as \l maximumCount and \l maximumSize allow, and drops older
    ones. All messages that come in one turn of the event loop are one change for the view. Each property of
    amqpMessage is a role of the same name: \c body, \c json, \c routingKey, \c exchange, \c headers, and so
    on; only the role for \c text is called \c bodyText. The role \c message is the value with all of them,
    and \c received is the time at which it came. No role has the name of a property of Qt Quick Controls, so
    that each can be a required property of an ItemDelegate, a Label or a Button, which have a \c text of
    their own.

    The model acknowledges nothing by itself, which is up to AmqpQueue::ackPolicy. Under AmqpQueue.AckManually
    a delegate calls \l ack(), \l nack() or amqpMessage::ack(), and its role \c settled changes. A message
    that leaves the model unsettled stays with the queue until its channel ends, and goes back then.

    When the link is lost, the rows stay. Those that were not settled become \c stale, see amqpMessage::stale: their
    messages come again as new rows, here or at another consumer. Remove such rows, or show them as what they are.
*/

/*! \qmlproperty int AmqpMessageModel::count
    How many rows there are. */
/*! \qmlproperty int AmqpMessageModel::waiting
    How many messages came during the pause, \l maximumCount at most. */

namespace {

const QMetaObject &properties = QAmqpQuickMessage::staticMetaObject;

// The properties of a message have roles from Qt::UserRole on; those of `message` and `received` follow.
int settledRole() { return Qt::UserRole + properties.indexOfProperty("settled"); }
int staleRole() { return Qt::UserRole + properties.indexOfProperty("stale"); }
int messageRole() { return Qt::UserRole + properties.propertyCount(); }
int receivedRole() { return messageRole() + 1; }

} // namespace

QAmqpQuickMessageModel::QAmqpQuickMessageModel(QObject *parent) : QAbstractListModel(parent)
{
    connect(QAmqpQuickSettling::instance(), &QAmqpQuickSettling::changed, this,
            &QAmqpQuickMessageModel::scheduleUpdateFates);
}

/*! \qmlproperty AmqpQueue AmqpMessageModel::queue
    The queue from which the messages come. When it changes, the messages that are there stay. */
void QAmqpQuickMessageModel::setQueue(QAmqpQuickQueue *queue)
{
    if (m_queue == queue)
        return;
    if (m_queue)
        m_queue->disconnect(this);
    m_queue = queue;
    if (queue) {
        connect(queue, &QAmqpQuickQueue::messageReceived, this, &QAmqpQuickMessageModel::append);
        connect(queue, &QObject::destroyed, this, &QAmqpQuickMessageModel::queueChanged);
    }
    Q_EMIT queueChanged();
}

/*! \qmlproperty int AmqpMessageModel::maximumCount
    How many messages are kept. The default is 1000. */
void QAmqpQuickMessageModel::setMaximumCount(int count)
{
    count = qMax(1, count);
    if (m_maximumCount == count)
        return;
    m_maximumCount = count;
    boundWaiting();
    Q_EMIT maximumCountChanged();
    showSoon();
}

/*! \qmlproperty real AmqpMessageModel::maximumSize
    How many bytes the messages that are kept may have, bodies and properties together. The default is 64 MiB.
    The newest message is kept in any case. During a pause the same holds for the messages that wait. */
void QAmqpQuickMessageModel::setMaximumSize(qreal size)
{
    // The property is no integer, since QML has none of 64 bits.
    const qint64 bytes = size >= 1 ? qint64(qMin(size, qreal(QtAmqpQuick::LargestWhole))) : 1;
    if (m_maximumSize == bytes)
        return;
    m_maximumSize = bytes;
    boundWaiting();
    Q_EMIT maximumSizeChanged();
    showSoon();
}

void QAmqpQuickMessageModel::boundWaiting()
{
    while (m_waiting.size() > size_t(m_maximumCount)
           || (m_waiting.size() > 1 && m_waitingSize > m_maximumSize)) {
        m_waitingSize -= m_waiting.front().size();
        m_waiting.pop_front();
    }
}

/*! \qmlproperty bool AmqpMessageModel::newestFirst
    Whether new messages are inserted at row 0 rather than at the end. */
void QAmqpQuickMessageModel::setNewestFirst(bool newestFirst)
{
    if (m_newestFirst == newestFirst)
        return;
    reset([&] { m_newestFirst = newestFirst; });
    Q_EMIT newestFirstChanged();
}

/*! \qmlproperty bool AmqpMessageModel::paused
    Whether the rows stay as they are. Messages that come meanwhile are shown after the pause. */
void QAmqpQuickMessageModel::setPaused(bool paused)
{
    if (m_paused == paused)
        return;
    m_paused = paused;
    Q_EMIT pausedChanged();
    Q_EMIT waitingChanged();
    showSoon();
}

/*! \qmlproperty function AmqpMessageModel::filter
    Which messages to show. It is a function that takes an amqpMessage and returns a bool, or \c undefined to
    show all. The other messages are kept, and are shown when another filter lets them pass. Bind it to what
    it depends on:

    \qml
    filter: field.text === "" ? undefined : (message) => message.routingKey.includes(field.text)
    \endqml */
void QAmqpQuickMessageModel::setFilter(const QJSValue &filter)
{
    if (m_filter.strictlyEquals(filter))
        return;
    m_filter = filter;
    std::deque<quint64> passing;
    for (const Entry &entry : std::deque<Entry>(m_entries)) {
        if (passes(entry))
            passing.push_back(entry.number);
    }
    // The filter may call any function, even clear(): entries that are gone then are not shown.
    const auto isGone = [this](quint64 number) { return place(number) == m_entries.size(); };
    passing.erase(std::remove_if(passing.begin(), passing.end(), isGone), passing.end());
    reset([&] { m_shown = std::move(passing); });
    Q_EMIT filterChanged();
}

int QAmqpQuickMessageModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : count();
}

QVariant QAmqpQuickMessageModel::data(const QModelIndex &index, int role) const
{
    if (index.row() < 0 || index.row() >= count())
        return {};
    const Entry &entry = at(index.row());
    if (role == Qt::DisplayRole)
        return entry.message.text();
    if (role == receivedRole())
        return QDateTime::fromMSecsSinceEpoch(entry.received);
    if (role == messageRole())
        return QVariant::fromValue(entry.message);
    const QMetaProperty property = properties.property(role - Qt::UserRole);
    return property.isValid() ? property.readOnGadget(&entry.message) : QVariant();
}

QHash<int, QByteArray> QAmqpQuickMessageModel::roleNames() const
{
    QHash<int, QByteArray> names;
    for (int i = 0; i < properties.propertyCount(); ++i)
        names.insert(Qt::UserRole + i, properties.property(i).name());
    // A button's property `text` is final, so a button as the delegate could not require a role of that name.
    names.insert(Qt::UserRole + properties.indexOfProperty("text"), "bodyText");
    names.insert(messageRole(), "message");
    names.insert(receivedRole(), "received");
    return names;
}

/*! \qmlmethod amqpMessage AmqpMessageModel::get(int row)
    Returns the message in \a row, or an empty message if there is no such row. */
QAmqpQuickMessage QAmqpQuickMessageModel::get(int row) const
{
    return row >= 0 && row < count() ? at(row).message : QAmqpQuickMessage();
}

/*! \qmlmethod void AmqpMessageModel::append(amqpMessage message)
    Adds \a message, as if it had come from the queue. */
void QAmqpQuickMessageModel::append(const QAmqpQuickMessage &message)
{
    m_waiting.push_back({message, QDateTime::currentMSecsSinceEpoch(), 0});
    m_waitingSize += m_waiting.back().size();
    boundWaiting();
    showSoon();
}

/*! \qmlmethod bool AmqpMessageModel::ack(int row)
    Acknowledges the message in \a row, and returns what amqpMessage::ack() does. */
bool QAmqpQuickMessageModel::ack(int row) { return get(row).ack(); }

/*! \qmlmethod bool AmqpMessageModel::nack(int row, bool requeue = true)
    Refuses the message in \a row, and returns what amqpMessage::nack() does with \a requeue. */
bool QAmqpQuickMessageModel::nack(int row, bool requeue) { return get(row).nack(requeue); }

/*! \qmlmethod void AmqpMessageModel::remove(int row)
    Removes \a row. Its message is not settled by that. */
void QAmqpQuickMessageModel::remove(int row)
{
    if (row < 0 || row >= count())
        return;
    const auto shown = m_shown.begin() + (m_newestFirst ? count() - 1 - row : row);
    const size_t entry = place(*shown);
    beginRemoveRows({}, row, row);
    forget(entry);
    m_shown.erase(shown);
    m_entries.erase(m_entries.begin() + qptrdiff(entry));
    endRemoveRows();
    Q_EMIT countChanged();
}

/*! \qmlmethod void AmqpMessageModel::clear()
    Removes all messages, also those that wait. */
void QAmqpQuickMessageModel::clear()
{
    reset([&] {
        m_entries.clear();
        m_shown.clear();
        m_waiting.clear();
        m_size = m_waitingSize = 0;
        m_open = 0;
    });
    Q_EMIT waitingChanged();
}

void QAmqpQuickMessageModel::showSoon()
{
    if (std::exchange(m_showWanted, true))
        return;
    QMetaObject::invokeMethod(this, &QAmqpQuickMessageModel::show, Qt::QueuedConnection);
}

// Makes rows of the messages that have come, once in a turn, however many there are.
void QAmqpQuickMessageModel::show()
{
    m_showWanted = false;
    if (m_paused) {
        Q_EMIT waitingChanged();
        return;
    }
    const int before = count();
    std::deque<Entry> arrived = std::exchange(m_waiting, {});
    m_waitingSize = 0;
    std::vector<size_t> passing; // filled first, since the filter may call any function
    for (size_t i = 0; i < arrived.size(); ++i) {
        if (passes(arrived[i]))
            passing.push_back(i);
    }
    const quint64 number = m_next;
    qint64 size = 0;
    for (Entry &entry : arrived) {
        entry.number = m_next++;
        entry.settled = entry.message.isSettled();
        entry.stale = entry.message.isStale();
        m_open += entry.isOpen();
        size += entry.size();
    }
    dropOldest(arrived.size(), size);
    m_size += size;
    std::move(arrived.begin(), arrived.end(), std::back_inserter(m_entries));
    if (!passing.empty()) {
        const int row = m_newestFirst ? 0 : count();
        beginInsertRows({}, row, row + int(passing.size()) - 1);
        for (size_t i : passing)
            m_shown.push_back(number + i);
        endInsertRows();
    }
    if (count() != before)
        Q_EMIT countChanged();
}

bool QAmqpQuickMessageModel::passes(const Entry &entry) const
{
    QJSEngine *engine = qmlEngine(this);
    if (!engine || !m_filter.isCallable())
        return true;
    const QJSValue result = m_filter.call({engine->toScriptValue(entry.message)});
    if (result.isError())
        qmlWarning(this) << result.toString();
    return result.isError() || result.toBool();
}

// Makes room for so many other messages of that size together.
void QAmqpQuickMessageModel::dropOldest(size_t others, qint64 size)
{
    size_t entries = 0;
    qint64 left = m_size;
    for (; entries < m_entries.size(); ++entries) {
        const size_t all = m_entries.size() - entries + others;
        if (all <= size_t(m_maximumCount) && (left + size <= m_maximumSize || all == 1))
            break;
        left -= m_entries[entries].size();
    }
    if (entries == 0)
        return;
    const auto last = m_entries.begin() + qptrdiff(entries);
    const quint64 next = entries < m_entries.size() ? last->number : m_next;
    const auto end = std::lower_bound(m_shown.begin(), m_shown.end(), next);
    const int rows = int(end - m_shown.begin());
    const int row = m_newestFirst ? count() - rows : 0;
    if (rows > 0) {
        beginRemoveRows({}, row, row + rows - 1);
        m_shown.erase(m_shown.begin(), end);
    }
    for (size_t entry = 0; entry < entries; ++entry)
        forget(entry);
    m_entries.erase(m_entries.begin(), last);
    if (rows > 0)
        endRemoveRows();
}

// Forgets an entry that is about to be removed.
void QAmqpQuickMessageModel::forget(size_t place)
{
    const Entry &entry = m_entries[place];
    m_size -= entry.size();
    m_open -= entry.isOpen();
}

void QAmqpQuickMessageModel::scheduleUpdateFates()
{
    if (m_open == 0 || std::exchange(m_updateFatesWanted, true))
        return;
    QMetaObject::invokeMethod(this, &QAmqpQuickMessageModel::updateFates, Qt::QueuedConnection);
}

// Called once in a turn, however many messages were settled or became stale, so that views get a single change.
void QAmqpQuickMessageModel::updateFates()
{
    m_updateFatesWanted = false;
    int first = -1; // both in the order of the entries
    int last = -1;
    auto shown = m_shown.cbegin();
    for (Entry &entry : m_entries) {
        shown = std::find_if(shown, m_shown.cend(),
                             [&](quint64 number) { return number >= entry.number; });
        if (!entry.isOpen())
            continue;
        entry.settled = entry.message.isSettled();
        entry.stale = entry.message.isStale();
        if (entry.isOpen())
            continue;
        --m_open;
        if (shown == m_shown.cend() || *shown != entry.number)
            continue;
        last = int(shown - m_shown.cbegin());
        if (first < 0)
            first = last;
    }
    if (first < 0)
        return;
    const int from = m_newestFirst ? count() - 1 - last : first;
    Q_EMIT dataChanged(index(from), index(from + last - first),
                       {settledRole(), staleRole(), messageRole()});
}

// Returns the index of the entry with that number, or the number of entries if it is gone. If no entry was
// removed, the index follows from the number.
size_t QAmqpQuickMessageModel::place(quint64 number) const
{
    if (m_entries.empty() || number < m_entries.front().number)
        return m_entries.size();
    const size_t most = size_t(number - m_entries.front().number);
    if (most < m_entries.size() && m_entries[most].number == number)
        return most;
    const auto end = m_entries.begin() + qptrdiff(qMin(most, m_entries.size()));
    const auto found = std::lower_bound(
            m_entries.begin(), end, number,
            [](const Entry &entry, quint64 wanted) { return entry.number < wanted; });
    return found != end && found->number == number ? size_t(found - m_entries.begin())
                                                   : m_entries.size();
}

const QAmqpQuickMessageModel::Entry &QAmqpQuickMessageModel::at(int row) const
{
    return m_entries[place(m_shown[size_t(m_newestFirst ? count() - 1 - row : row)])];
}

template<typename Change>
void QAmqpQuickMessageModel::reset(Change change)
{
    const int before = count();
    beginResetModel();
    change();
    endResetModel();
    if (count() != before)
        Q_EMIT countChanged();
}

QT_END_NAMESPACE
