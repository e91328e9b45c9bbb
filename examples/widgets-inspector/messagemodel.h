// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MESSAGEMODEL_H
#define INSPECTOR_MESSAGEMODEL_H

#include <QtAmqp/QAmqpDelivery>
#include <QtCore/QAbstractTableModel>
#include <QtCore/QDateTime>

#include <deque>
#include <vector>

// The newest messages, the oldest of them first, as many and as large as the bounds allow. A message that is
// held for the user is never dropped. All messages that arrive within one turn of the event loop are inserted
// at once, so that views pay for each turn and not for each message.
class MessageModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    static constexpr int Capacity = 100'000;
    static constexpr qsizetype MaxBytes = 256 << 20; // bodies and properties together
    enum Column { Number, Time, Exchange, RoutingKey, Size, State, Redelivered, Body, Columns };
    static constexpr int SortRole = Qt::UserRole;

    // What became of a message: if Peeked, it is in its queue again; if Held, it is kept from it.
    enum class Fate { Peeked, Held, Acknowledged, Requeued, Moved, Reply };

    struct Row
    {
        QAmqpMessage message;
        QString exchange;
        QString routingKey;
        Fate fate;
        bool redelivered = false;
        QAmqpDelivery delivery = {};
        quint64 number = 0;
        QDateTime time = {};
    };

    using QAbstractTableModel::QAbstractTableModel;

    void setMaxBytes(qsizetype bytes) { m_maxBytes = bytes; }
    void add(const QAmqpDelivery &delivery, Fate fate);
    void addReply(const QAmqpMessage &reply);
    // Removes all messages that are not held.
    void clear();
    const Row *row(const QModelIndex &index) const;

    int held() const { return m_held; }
    // Messages that were held are settled; they can be dropped from now on.
    void settle(const QList<QAmqpDelivery> &deliveries, Fate fate);
    void settleAll(Fate fate);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    void heldChanged();

private:
    void add(Row row);
    void insertPending();
    void settle(Row &row, Fate fate);
    QString text(const Row &row, Column column) const;

    std::deque<Row> m_rows;
    std::vector<Row> m_pending;
    quint64 m_count = 0;
    qsizetype m_maxBytes = MaxBytes;
    qsizetype m_bytes = 0;
    qsizetype m_heldBytes = 0;
    int m_held = 0;
};

#endif
