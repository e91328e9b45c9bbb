#ifndef INSPECTOR_MESSAGEMODEL_H
#define INSPECTOR_MESSAGEMODEL_H

#include <QtAmqp/QAmqpDelivery>
#include <QtCore/QAbstractTableModel>
#include <QtCore/QDateTime>

#include <deque>
#include <vector>

// The newest messages, at most Capacity of them, the oldest first. What arrives within one turn of
// the event loop is inserted at once: views pay per turn, not per message.
class MessageModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    static constexpr int Capacity = 100'000;
    enum Column { Number, Time, Exchange, RoutingKey, Size, Redelivered, Body, Columns };

    struct Row
    {
        QAmqpMessage message;
        QString exchange;
        QString routingKey;
        bool redelivered = false;
        quint64 number = 0;
        QDateTime time = {};
    };

    using QAbstractTableModel::QAbstractTableModel;

    void add(const QAmqpDelivery &delivery);
    void addReply(const QAmqpMessage &reply);
    void clear();
    const Row *row(const QModelIndex &index) const;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void add(Row row);
    void insertPending();
    QString text(const Row &row, Column column) const;

    std::deque<Row> m_rows;
    std::vector<Row> m_pending;
    quint64 m_count = 0;
};

#endif
