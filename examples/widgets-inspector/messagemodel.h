// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MESSAGEMODEL_H
#define INSPECTOR_MESSAGEMODEL_H

#include <QtAmqp/QAmqpMessageModel>
#include <QtCore/QHash>

// The library's model, which also knows what became of each message: it tells apart what was peeked at, held,
// moved, and a reply. A message that is held for the user is never dropped.
class MessageModel : public QAmqpMessageModel
{
    Q_OBJECT
public:
    static constexpr int Capacity = 100000;
    static constexpr qsizetype MaxBytes = 256 << 20; // bodies and properties together
    static constexpr int RedeliveredColumn = ColumnCount;

    // If Peeked, a message is in its queue again; if Held, it is kept from it.
    enum class Fate { Peeked, Held, Acknowledged, Requeued, Moved, Reply };

    explicit MessageModel(QObject *parent = nullptr);

    void appendReply(const QAmqpMessage &reply);
    // Removes all messages that are not held.
    void forget();

    Fate fate(int row) const;
    // Gives the messages back to their queue, and returns how many of them were held.
    int requeue(const QList<int> &rows);
    // The message was held, and is in another queue now.
    void setMoved(const QAmqpDelivery &message);

    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

private:
    quint64 number(int row) const;
    void noteHeld(int first, int last);
    QString text(int row, int column) const;

    QHash<quint64, Fate> m_fates; // by the number of the message, of those that are or were held
    QHash<quint64, quint64> m_held; // their numbers by their delivery tags, of the latest ones
};

#endif
