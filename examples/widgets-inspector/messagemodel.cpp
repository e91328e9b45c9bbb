// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "messagemodel.h"

MessageModel::MessageModel(QObject *parent) : QAmqpMessageModel(parent)
{
    setMaximumCount(Capacity);
    setMaximumSize(MaxBytes);
    setKeepUnsettled(true);
    connect(this, &QAbstractItemModel::rowsInserted, this,
            [this](const QModelIndex &, int first, int last) { noteHeld(first, last); });
    connect(this, &QAbstractItemModel::rowsAboutToBeRemoved, this,
            [this](const QModelIndex &, int first, int last) {
                for (int row = first; row <= last && !m_fates.isEmpty(); ++row)
                    m_fates.remove(number(row));
            });
    connect(this, &QAbstractItemModel::modelReset, this, [this] {
        if (count() > 0)
            return;
        m_fates.clear();
        m_held.clear();
    });
}

void MessageModel::appendReply(const QAmqpMessage &reply)
{
    QAmqpDelivery delivery; // stays invalid: nothing of it is to be settled
    static_cast<QAmqpMessage &>(delivery) = reply;
    append(delivery);
}

void MessageModel::noteHeld(int first, int last)
{
    for (int row = first; row <= last; ++row) {
        const QAmqpDelivery message = delivery(row);
        if (message.isSettled() || message.isStale())
            continue;
        m_fates.insert(number(row), Fate::Held);
        m_held.insert(message.deliveryTag(), number(row)); // one channel holds messages at a time
    }
}

void MessageModel::forget()
{
    if (unsettled() == 0)
        return clear();
    for (int last = count() - 1; last >= 0;) {
        int first = last + 1;
        while (first > 0 && fate(first - 1) != Fate::Held)
            --first;
        removeRows(first, last - first + 1);
        last = first - 2; // the one before is held
    }
}

quint64 MessageModel::number(int row) const
{
    return index(row, NumberColumn).data(SortRole).toULongLong();
}

MessageModel::Fate MessageModel::fate(int row) const
{
    const QAmqpDelivery message = delivery(row);
    if (!message.isValid())
        return Fate::Reply;
    const auto noted = m_fates.constFind(number(row));
    const bool wasHeld = noted != m_fates.cend();
    if (wasHeld && *noted != Fate::Held)
        return *noted;
    if (message.isSettled())
        return Fate::Acknowledged;
    if (message.isStale()) // its channel has ended, which gave it back
        return wasHeld ? Fate::Requeued : Fate::Peeked;
    return Fate::Held;
}

int MessageModel::requeue(const QList<int> &rows)
{
    int requeued = 0;
    for (const int row : rows) {
        if (!nack(row))
            continue;
        m_fates.insert(number(row), Fate::Requeued);
        ++requeued;
    }
    return requeued;
}

void MessageModel::setMoved(const QAmqpDelivery &message)
{
    if (const quint64 number = m_held.take(message.deliveryTag()); m_fates.contains(number))
        m_fates.insert(number, Fate::Moved);
}

int MessageModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : RedeliveredColumn + 1;
}

static QString fateText(MessageModel::Fate fate)
{
    switch (fate) {
    case MessageModel::Fate::Peeked: return MessageModel::tr("in the queue");
    case MessageModel::Fate::Held: return MessageModel::tr("held");
    case MessageModel::Fate::Acknowledged: return MessageModel::tr("acknowledged");
    case MessageModel::Fate::Requeued: return MessageModel::tr("requeued");
    case MessageModel::Fate::Moved: return MessageModel::tr("moved");
    case MessageModel::Fate::Reply: break;
    }
    return MessageModel::tr("a reply");
}

// Returns the text of a column that is not the library's, or a null text.
QString MessageModel::text(int row, int column) const
{
    switch (column) {
    case StateColumn: return fateText(fate(row));
    case RedeliveredColumn: return delivery(row).isRedelivered() ? tr("yes") : QString();
    case RoutingKeyColumn: return fate(row) == Fate::Reply ? tr("reply") : QString();
    default: return {};
    }
}

QVariant MessageModel::data(const QModelIndex &index, int role) const
{
    if (checkIndex(index, CheckIndexOption::IndexIsValid)
        && (role == Qt::DisplayRole || role == SortRole)) {
        if (const QString own = text(index.row(), index.column()); !own.isNull())
            return own;
    }
    return QAmqpMessageModel::data(index, role);
}

QVariant MessageModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && section == RedeliveredColumn)
        return role == Qt::DisplayRole          ? tr("Redelivered")
                : role == Qt::TextAlignmentRole ? int(Qt::AlignLeft | Qt::AlignVCenter)
                                                : QVariant();
    return QAmqpMessageModel::headerData(section, orientation, role);
}
