// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_QUEUELIST_H
#define INSPECTOR_QUEUELIST_H

#include "management.h"

#include <QtCore/QTimer>
#include <QtGui/QStandardItemModel>
#include <QtWidgets/QWidget>

class QLabel;
class QSortFilterProxyModel;
class QTreeView;

// Lists the queues of the broker with their counts, which are updated while the list is visible. Without the
// management plugin a line says so instead.
class QueueList : public QWidget
{
    Q_OBJECT
public:
    explicit QueueList(QWidget *parent = nullptr);

    void setBroker(const QAmqpConnection &connection, quint16 managementPort);
    void clear();
    QAbstractItemModel *model() { return &m_model; }

Q_SIGNALS:
    void changed();
    void chosen(const QString &queue);
    void activated(const QString &queue); // the user wants to peek at the queue

private:
    void show(const QList<Management::Queue> &queues);
    void refresh();

    Management m_management;
    QStandardItemModel m_model;
    QTimer m_timer;
    QSortFilterProxyModel *m_filter;
    QTreeView *m_view;
    QLabel *m_note;
};

#endif
