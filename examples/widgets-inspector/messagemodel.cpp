#include "messagemodel.h"

#include "format.h"

#include <algorithm>
#include <iterator>

void MessageModel::add(const QAmqpDelivery &delivery)
{
    add({delivery, delivery.exchange(), delivery.routingKey(), delivery.isRedelivered()});
}

void MessageModel::addReply(const QAmqpMessage &reply) { add({reply, {}, tr("reply")}); }

void MessageModel::add(Row row)
{
    row.number = ++m_count;
    row.time = QDateTime::currentDateTime();
    if (m_pending.empty())
        QMetaObject::invokeMethod(this, &MessageModel::insertPending, Qt::QueuedConnection);
    m_pending.push_back(std::move(row));
}

void MessageModel::insertPending()
{
    if (m_pending.empty()) // cleared meanwhile
        return;
    const auto surplus = std::max<qsizetype>(0, qsizetype(m_pending.size()) - Capacity);
    const auto added = int(qsizetype(m_pending.size()) - surplus);
    const int removed = std::max(0, rowCount() + added - Capacity);
    if (removed > 0) {
        beginRemoveRows({}, 0, removed - 1);
        m_rows.erase(m_rows.begin(), m_rows.begin() + removed);
        endRemoveRows();
    }
    beginInsertRows({}, rowCount(), rowCount() + added - 1);
    m_rows.insert(m_rows.end(), std::make_move_iterator(m_pending.begin() + surplus),
                  std::make_move_iterator(m_pending.end()));
    m_pending.clear();
    endInsertRows();
}

void MessageModel::clear()
{
    beginResetModel();
    m_rows.clear();
    m_pending.clear();
    m_count = 0;
    endResetModel();
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

QString MessageModel::text(const Row &row, Column column) const
{
    switch (column) {
    case Number: return QString::number(row.number);
    case Time: return row.time.toString(QStringLiteral("hh:mm:ss.zzz"));
    case Exchange: return row.exchange.isEmpty() ? tr("(default)") : row.exchange;
    case RoutingKey: return row.routingKey;
    case Size: return sizeText(row.message.body().size());
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
    static const char *const names[] = {QT_TR_NOOP("#"),        QT_TR_NOOP("Received"),
                                        QT_TR_NOOP("Exchange"), QT_TR_NOOP("Key"),
                                        QT_TR_NOOP("Size"),     QT_TR_NOOP("Redelivered"),
                                        QT_TR_NOOP("Body")};
    static_assert(std::size(names) == Columns);
    return tr(names[section]);
}
