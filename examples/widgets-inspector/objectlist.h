// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_OBJECTLIST_H
#define INSPECTOR_OBJECTLIST_H

#include <QtGui/QStandardItemModel>
#include <QtWidgets/QWidget>

class QSortFilterProxyModel;
class QTreeView;

// A list of queues or exchanges, which can be searched and sorted. The first column is the name.
class ObjectList : public QWidget
{
    Q_OBJECT
public:
    // Names of the columns. All from `firstNumber` on are numbers, which are aligned to the right.
    ObjectList(const QStringList &columns, int firstNumber, const QString &search,
               QWidget *parent = nullptr);

    // Each row is sorted by the name of the first column in the order of QString, as RabbitMQ sorts. Changes only
    // what differs, so that the selection and the position in the list stay.
    void show(const QList<QVariantList> &rows);
    QStandardItemModel *model() { return &m_model; }
    QTreeView *view() const { return m_view; }

Q_SIGNALS:
    void chosen(const QString &name);
    void activated(const QString &name);

private:
    static QString nameAt(const QModelIndex &index);

    QStandardItemModel m_model;
    const int m_firstNumber;
    QSortFilterProxyModel *m_filter;
    QTreeView *m_view;
};

#endif
