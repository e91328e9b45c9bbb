// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPMESSAGEMODEL_H
#define QAMQPMESSAGEMODEL_H

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qabstractitemmodel.h>

#include <functional>

QT_BEGIN_NAMESPACE

class QAmqpMessageModelPrivate;

class Q_AMQP_EXPORT QAmqpMessageModel : public QAbstractTableModel
{
    Q_OBJECT
    Q_PROPERTY(int maximumCount READ maximumCount WRITE setMaximumCount NOTIFY maximumCountChanged
                       FINAL)
    // Not final: the QML type has a property of this name, which is a real number.
    Q_PROPERTY(qint64 maximumSize READ maximumSize WRITE setMaximumSize NOTIFY maximumSizeChanged)
    Q_PROPERTY(bool keepUnsettled READ keepsUnsettled WRITE setKeepUnsettled NOTIFY
                       keepUnsettledChanged FINAL)
    Q_PROPERTY(bool newestFirst READ isNewestFirst WRITE setNewestFirst NOTIFY newestFirstChanged
                       FINAL)
    Q_PROPERTY(bool paused READ isPaused WRITE setPaused NOTIFY pausedChanged FINAL)
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(int waiting READ waiting NOTIFY waitingChanged FINAL)
    Q_PROPERTY(int unsettled READ unsettled NOTIFY unsettledChanged FINAL)
public:
    enum Column {
        NumberColumn,
        ReceivedColumn,
        ExchangeColumn,
        RoutingKeyColumn,
        ContentTypeColumn,
        SizeColumn,
        StateColumn,
        BodyColumn,
        ColumnCount
    };
    enum Role {
        DeliveryRole = Qt::UserRole,
        ReceivedRole,
        SettledRole,
        StaleRole,
        SortRole,
        FirstFreeRole = Qt::UserRole + 100
    };
    using Filter = std::function<bool(const QAmqpDelivery &message)>;

    explicit QAmqpMessageModel(QObject *parent = nullptr);
    ~QAmqpMessageModel() override;

    int maximumCount() const;
    void setMaximumCount(int count);
    qint64 maximumSize() const;
    void setMaximumSize(qint64 bytes);
    bool keepsUnsettled() const;
    void setKeepUnsettled(bool keep);
    bool isNewestFirst() const;
    void setNewestFirst(bool newestFirst);
    bool isPaused() const;
    void setFilter(Filter filter);
    int count() const;
    int waiting() const;
    int unsettled() const;

    void append(const QAmqpDelivery &message);
    QAmqpDelivery delivery(int row) const;
    bool nack(int row, QAmqpDelivery::RequeueMode requeue = QAmqpDelivery::Requeue);

    QModelIndex index(int row, int column = 0, const QModelIndex &parent = {}) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;
    bool removeRows(int row, int count, const QModelIndex &parent = {}) override;

public Q_SLOTS:
    void setPaused(bool paused);
    bool ack(int row);
    void remove(int row);
    void clear();

Q_SIGNALS:
    void maximumCountChanged();
    void maximumSizeChanged();
    void keepUnsettledChanged();
    void newestFirstChanged();
    void pausedChanged();
    void countChanged();
    void waitingChanged();
    void unsettledChanged();

private:
    friend class QAmqpMessageModelPrivate;
    Q_DISABLE_COPY_MOVE(QAmqpMessageModel)
    const std::unique_ptr<QAmqpMessageModelPrivate> d_ptr;
};

Q_AMQP_EXPORT QDebug operator<<(QDebug debug, const QAmqpMessageModel *model);

QT_END_NAMESPACE

#endif
