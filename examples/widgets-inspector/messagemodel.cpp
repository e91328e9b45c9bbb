// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "messagemodel.h"

#include "format.h"
#include "valuetext.h"

#include <QtCore/QSet>

#include <algorithm>
#include <iterator>

void MessageModel::add(const QAmqpDelivery &delivery, Fate fate)
{
    add({static_cast<const QAmqpMessage &>(delivery), delivery.exchange(), delivery.routingKey(),
         fate, delivery.isRedelivered(), delivery});
}

void MessageModel::addReply(const QAmqpMessage &reply)
{
    add({reply, {}, tr("reply"), Fate::Reply});
}

void MessageModel::add(Row row)
{
    row.number = ++m_count;
    row.time = QDateTime::currentDateTime();
    m_bytes += row.message.size();
    if (row.fate == Fate::Held) {
        ++m_held;
        m_heldBytes += row.message.size();
        Q_EMIT heldChanged();
    }
    if (m_pending.empty())
        QMetaObject::invokeMethod(this, &MessageModel::insertPending, Qt::QueuedConnection);
    m_pending.push_back(std::move(row));
}

void MessageModel::insertPending()
{
    if (m_pending.empty()) // the model was cleared meanwhile
        return;
    size_t kept = m_rows.size() + m_pending.size();
    // How many rows at the beginning must be dropped; the newest of all stays, however large it is.
    const auto surplus = [&](const auto &rows) {
        size_t count = 0;
        while (count < rows.size() && rows[count].fate != Fate::Held && kept > 1
               && (kept > Capacity || m_bytes > m_maxBytes)) {
            m_bytes -= rows[count++].message.size();
            --kept;
        }
        return count;
    };
    if (const auto removed = int(surplus(m_rows)); removed > 0) {
        beginRemoveRows({}, 0, removed - 1);
        m_rows.erase(m_rows.begin(), m_rows.begin() + removed);
        endRemoveRows();
    }
    const auto skipped = m_rows.empty() ? std::ptrdiff_t(surplus(m_pending)) : 0;
    const auto added = int(std::ptrdiff_t(m_pending.size()) - skipped);
    beginInsertRows({}, rowCount(), rowCount() + added - 1);
    m_rows.insert(m_rows.end(), std::make_move_iterator(m_pending.begin() + skipped),
                  std::make_move_iterator(m_pending.end()));
    m_pending.clear();
    endInsertRows();
}

void MessageModel::clear()
{
    insertPending();
    beginResetModel();
    const auto isDone = [](const Row &row) { return row.fate != Fate::Held; };
    m_rows.erase(std::remove_if(m_rows.begin(), m_rows.end(), isDone), m_rows.end());
    m_bytes = m_heldBytes;
    if (m_rows.empty())
        m_count = 0;
    endResetModel();
}

void MessageModel::settle(const QList<QAmqpDelivery> &deliveries, Fate fate)
{
    QSet<quint64> tags;
    for (const QAmqpDelivery &delivery : deliveries)
        tags += delivery.deliveryTag();
    int last = -1;
    for (size_t row = 0; row < m_rows.size() && !tags.isEmpty(); ++row) {
        if (m_rows[row].fate != Fate::Held || !tags.remove(m_rows[row].delivery.deliveryTag()))
            continue;
        settle(m_rows[row], fate);
        last = int(row);
    }
    if (last < 0)
        return;
    Q_EMIT dataChanged(index(deliveries.size() == 1 ? last : 0, 0), index(last, Columns - 1));
    Q_EMIT heldChanged();
}

void MessageModel::settleAll(Fate fate)
{
    if (m_held == 0)
        return;
    insertPending();
    for (Row &row : m_rows) {
        if (row.fate == Fate::Held)
            settle(row, fate);
    }
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, Columns - 1));
    Q_EMIT heldChanged();
}

void MessageModel::settle(Row &row, Fate fate)
{
    row.fate = fate;
    --m_held;
    m_heldBytes -= row.message.size();
}

const MessageModel::Row *MessageModel::row(const QModelIndex &index) const
{
    return index.isValid() ? &m_rows[size_t(index.row())] : nullptr;
}

int MessageModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int MessageModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(Columns);
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

QString MessageModel::text(const Row &row, Column column) const
{
    switch (column) {
    case Number: return QString::number(row.number);
    case Time: return row.time.toString(QStringLiteral("hh:mm:ss.zzz"));
    case Exchange: return row.exchange.isEmpty() ? tr("(default)") : readable(row.exchange);
    case RoutingKey: return readable(row.routingKey);
    case Size: return sizeText(row.message.body().size());
    case State: return fateText(row.fate);
    case Redelivered: return row.redelivered ? tr("yes") : QString();
    case Body: return preview(row.message.body());
    case Columns: break;
    }
    return {};
}

QVariant MessageModel::data(const QModelIndex &index, int role) const
{
    const Row *found = row(index);
    if (!found)
        return {};
    const auto column = Column(index.column());
    if (role == Qt::DisplayRole)
        return text(*found, column);
    if (role == SortRole) {
        switch (column) {
        case Number: return found->number;
        case Time: return found->time;
        case Size: return found->message.body().size();
        default: return text(*found, column);
        }
    }
    if (role == Qt::TextAlignmentRole && (column == Number || column == Size))
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::AccessibleTextRole)
        return headerData(column, Qt::Horizontal, Qt::DisplayRole).toString() + u' '
                + text(*found, column);
    return {};
}

QVariant MessageModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole
        && (section == Number || section == Size))
        return int(Qt::AlignRight | Qt::AlignVCenter);
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    static const char *const names[] = {QT_TR_NOOP("#"),           QT_TR_NOOP("Received"),
                                        QT_TR_NOOP("Exchange"),    QT_TR_NOOP("Key"),
                                        QT_TR_NOOP("Size"),        QT_TR_NOOP("State"),
                                        QT_TR_NOOP("Redelivered"), QT_TR_NOOP("Body")};
    static_assert(std::size(names) == Columns);
    return tr(names[section]);
}
