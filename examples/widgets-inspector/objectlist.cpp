// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "objectlist.h"

#include <QtCore/QSortFilterProxyModel>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QTreeView>

ObjectList::ObjectList(const QStringList &columns, int firstNumber, const QString &search,
                       QWidget *parent)
    : QWidget(parent)
    , m_firstNumber(firstNumber)
    , m_filter(new QSortFilterProxyModel(this))
    , m_view(new QTreeView)
{
    m_model.setHorizontalHeaderLabels(columns);
    for (int column = firstNumber; column < columns.size(); ++column)
        m_model.horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_filter->setSourceModel(&m_model);
    m_filter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_filter->setSortCaseSensitivity(Qt::CaseInsensitive);
    m_view->setModel(m_filter);
    m_view->setRootIsDecorated(false);
    m_view->setUniformRowHeights(true);
    m_view->setAlternatingRowColors(true);
    m_view->setSortingEnabled(true);
    m_view->sortByColumn(0, Qt::AscendingOrder);
    m_view->setEditTriggers(QTreeView::NoEditTriggers);
    m_view->header()->setStretchLastSection(false);
    m_view->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    for (int column = 1; column < columns.size(); ++column)
        m_view->header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    auto *field = new QLineEdit;
    field->setPlaceholderText(search);
    field->setClearButtonEnabled(true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 4, 0, 0);
    layout->addWidget(field);
    layout->addWidget(m_view, 1);
    connect(field, &QLineEdit::textChanged, m_filter, &QSortFilterProxyModel::setFilterFixedString);
    connect(m_view, &QTreeView::clicked, this,
            [this](const QModelIndex &index) { Q_EMIT chosen(nameAt(index)); });
    connect(m_view, &QTreeView::activated, this,
            [this](const QModelIndex &index) { Q_EMIT activated(nameAt(index)); });
}

QString ObjectList::nameAt(const QModelIndex &index)
{
    return index.siblingAtColumn(0).data(Qt::UserRole).toString();
}

void ObjectList::show(const QList<QVariantList> &rows)
{
    const auto name = [this](int row) { return m_model.item(row)->data(Qt::UserRole).toString(); };
    for (int row = 0; row < rows.size(); ++row) {
        const QString wanted = rows[row].first().toString();
        while (row < m_model.rowCount() && name(row) < wanted)
            m_model.removeRow(row);
        if (row == m_model.rowCount() || name(row) != wanted) {
            QList<QStandardItem *> items;
            for (int column = 0; column < m_model.columnCount(); ++column) {
                items += new QStandardItem;
                if (column >= m_firstNumber)
                    items.last()->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
            }
            items.first()->setData(wanted, Qt::UserRole);
            items.first()->setText(wanted.isEmpty() ? tr("(default)") : wanted);
            m_model.insertRow(row, items);
        }
        for (int column = 1; column < rows[row].size(); ++column)
            m_model.item(row, column)->setData(rows[row][column], Qt::DisplayRole);
    }
    m_model.removeRows(int(rows.size()), m_model.rowCount() - int(rows.size()));
}
