#include "qamqpquickmessagemodel.h"

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

    The model keeps the newest \l maximumCount messages and drops older ones. What comes in one turn of the
    event loop is one change for the view. Each property of amqpMessage is a role of the same name, but for
    \c text, which is the role \c bodyText: \c body, \c bodyText, \c json, \c routingKey, \c exchange,
    \c headers, and so on; \c message is the value with all of them, and \c received the time at which it
    came. No role has the name of a property of Qt Quick Controls, so that each can be a required property of
    an ItemDelegate, a Label or a Button, which have a \c text of their own.

    It acknowledges nothing itself: that is up to AmqpQueue::ackPolicy.
*/

/*! \qmlproperty int AmqpMessageModel::count
    How many rows there are. */
/*! \qmlproperty int AmqpMessageModel::waiting
    How many messages came during the pause, \l maximumCount at most. */

namespace {

const QMetaObject &properties = QAmqpQuickMessage::staticMetaObject;

// Behind the last, the properties have the roles from Qt::UserRole on.
int messageRole() { return Qt::UserRole + properties.propertyCount(); }
int receivedRole() { return messageRole() + 1; }

} // namespace

QAmqpQuickMessageModel::QAmqpQuickMessageModel(QObject *parent) : QAbstractListModel(parent) { }

/*! \qmlproperty AmqpQueue AmqpMessageModel::queue
    Where the messages come from. Another queue adds its messages to those that are there. */
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
    How many messages are kept, 1000 at first. */
void QAmqpQuickMessageModel::setMaximumCount(int count)
{
    count = qMax(1, count);
    if (m_maximumCount == count)
        return;
    m_maximumCount = count;
    while (m_waiting.size() > size_t(m_maximumCount))
        m_waiting.pop_front();
    Q_EMIT maximumCountChanged();
    showSoon();
}

/*! \qmlproperty bool AmqpMessageModel::newestFirst
    Whether new messages come in at row 0 rather than at the end. */
void QAmqpQuickMessageModel::setNewestFirst(bool newestFirst)
{
    if (m_newestFirst == newestFirst)
        return;
    reset([&] { m_newestFirst = newestFirst; });
    Q_EMIT newestFirstChanged();
}

/*! \qmlproperty bool AmqpMessageModel::paused
    Whether the rows stay as they are. What comes meanwhile is shown after the pause. */
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
    Which messages to show: a function that takes an amqpMessage and returns a bool; \c undefined for all.
    The others are kept, and shown when another filter lets them pass. Bind it to what it depends on:

    \qml
    filter: field.text === "" ? undefined : (message) => message.routingKey.includes(field.text)
    \endqml */
void QAmqpQuickMessageModel::setFilter(const QJSValue &filter)
{
    if (m_filter.strictlyEquals(filter))
        return;
    m_filter = filter;
    std::deque<quint64> passing;
    for (size_t i = 0; i < m_entries.size(); ++i) {
        const quint64 number = m_first + i;
        if (passes(m_entries[i]))
            passing.push_back(number);
    }
    // The filter may do anything, clear() too: what is gone is not shown.
    passing.erase(passing.begin(), std::lower_bound(passing.begin(), passing.end(), m_first));
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
    // The text of a button is final: a delegate cannot have a required property of that name.
    names.insert(Qt::UserRole + properties.indexOfProperty("text"), "bodyText");
    names.insert(messageRole(), "message");
    names.insert(receivedRole(), "received");
    return names;
}

/*! \qmlmethod amqpMessage AmqpMessageModel::get(int row)
    Returns the message in \a row; an empty one if there is no such row. */
QAmqpQuickMessage QAmqpQuickMessageModel::get(int row) const
{
    return row >= 0 && row < count() ? at(row).message : QAmqpQuickMessage();
}

/*! \qmlmethod void AmqpMessageModel::append(amqpMessage message)
    Adds \a message, as if it had come from the queue. */
void QAmqpQuickMessageModel::append(const QAmqpQuickMessage &message)
{
    m_waiting.push_back({message, QDateTime::currentMSecsSinceEpoch()});
    if (m_waiting.size() > size_t(m_maximumCount))
        m_waiting.pop_front();
    showSoon();
}

/*! \qmlmethod void AmqpMessageModel::clear()
    Removes all messages, those that wait too. */
void QAmqpQuickMessageModel::clear()
{
    reset([&] {
        m_first += m_entries.size();
        m_entries.clear();
        m_shown.clear();
        m_waiting.clear();
    });
    Q_EMIT waitingChanged();
}

void QAmqpQuickMessageModel::showSoon()
{
    if (std::exchange(m_showWanted, true))
        return;
    QMetaObject::invokeMethod(this, &QAmqpQuickMessageModel::show, Qt::QueuedConnection);
}

// What has come becomes rows: once in a turn, however much it is.
void QAmqpQuickMessageModel::show()
{
    m_showWanted = false;
    if (m_paused) {
        Q_EMIT waitingChanged();
        return;
    }
    const int before = count();
    std::deque<Entry> arrived = std::exchange(m_waiting, {});
    std::vector<size_t> passing; // asked first: the filter may do anything, clear() too
    for (size_t i = 0; i < arrived.size(); ++i) {
        if (passes(arrived[i]))
            passing.push_back(i);
    }
    const size_t all = m_entries.size() + arrived.size();
    dropOldest(all > size_t(m_maximumCount) ? all - size_t(m_maximumCount) : 0);
    const quint64 number = m_first + m_entries.size();
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

void QAmqpQuickMessageModel::dropOldest(size_t entries)
{
    entries = qMin(entries, m_entries.size());
    const auto end = std::lower_bound(m_shown.begin(), m_shown.end(), m_first + entries);
    if (const int rows = int(end - m_shown.begin())) {
        const int row = m_newestFirst ? count() - rows : 0;
        beginRemoveRows({}, row, row + rows - 1);
        m_shown.erase(m_shown.begin(), end);
        endRemoveRows();
    }
    m_entries.erase(m_entries.begin(), m_entries.begin() + qptrdiff(entries));
    m_first += entries;
}

const QAmqpQuickMessageModel::Entry &QAmqpQuickMessageModel::at(int row) const
{
    const quint64 number = m_shown[size_t(m_newestFirst ? count() - 1 - row : row)];
    return m_entries[size_t(number - m_first)];
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
