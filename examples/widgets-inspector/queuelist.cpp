// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "queuelist.h"

#include <QtCore/QSortFilterProxyModel>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QTreeView>

QueueList::QueueList(QWidget *parent)
    : QWidget(parent)
    , m_filter(new QSortFilterProxyModel(this))
    , m_view(new QTreeView)
    , m_note(new QLabel)
{
    m_model.setHorizontalHeaderLabels({tr("Name"), tr("Ready"), tr("Unacked")});
    for (const int column : {1, 2})
        m_model.horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_filter->setSourceModel(&m_model);
    m_filter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_filter->setSortCaseSensitivity(Qt::CaseInsensitive);
    m_view->setModel(m_filter);
    m_view->setAccessibleName(tr("Queues"));
    m_view->setRootIsDecorated(false);
    m_view->setUniformRowHeights(true);
    m_view->setAlternatingRowColors(true);
    m_view->setSortingEnabled(true);
    m_view->sortByColumn(0, Qt::AscendingOrder);
    m_view->setEditTriggers(QTreeView::NoEditTriggers);
    m_view->header()->setStretchLastSection(false);
    m_view->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    for (const int column : {1, 2})
        m_view->header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
    auto *search = new QLineEdit;
    search->setPlaceholderText(tr("Search queues"));
    search->setClearButtonEnabled(true);
    m_note->setTextFormat(Qt::PlainText);
    m_note->setWordWrap(true);
    m_note->setAlignment(Qt::AlignTop);
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_note->setObjectName(QStringLiteral("queueNote"));

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 0, 0, 6);
    layout->addWidget(search);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_note, 1);
    connect(search, &QLineEdit::textChanged, m_filter,
            &QSortFilterProxyModel::setFilterFixedString);
    connect(m_view, &QTreeView::clicked, this, [this](const QModelIndex &index) {
        Q_EMIT chosen(index.siblingAtColumn(0).data().toString());
    });
    connect(m_view, &QTreeView::activated, this, [this](const QModelIndex &index) {
        Q_EMIT activated(index.siblingAtColumn(0).data().toString());
    });
    connect(&m_management, &Management::listed, this, &QueueList::show);
    connect(&m_management, &Management::failed, this, [this](const QString &text) {
        show({});
        m_view->hide();
        m_note->setText(tr("No list of queues: %1.").arg(text));
        m_note->show();
    });
    m_timer.setInterval(std::chrono::seconds(5)); // the plugin updates its counts as often
    connect(&m_timer, &QTimer::timeout, this, &QueueList::refresh);
    clear();
}

void QueueList::setBroker(const QAmqpConnection &connection, quint16 managementPort)
{
    m_management.setBroker(connection, managementPort);
    m_management.list();
    m_timer.start();
}

void QueueList::clear()
{
    m_timer.stop();
    show({});
}

void QueueList::refresh()
{
    if (isVisible())
        m_management.list();
}

// Changes only rows that differ, so that the selection and the position in the list stay.
void QueueList::show(const QList<Management::Queue> &queues)
{
    m_note->hide();
    m_view->show();
    for (int row = 0; row < queues.size(); ++row) {
        const Management::Queue &queue = queues[row];
        while (row < m_model.rowCount() && m_model.item(row)->text() < queue.name)
            m_model.removeRow(row);
        if (row == m_model.rowCount() || m_model.item(row)->text() != queue.name) {
            m_model.insertRow(
                    row, {new QStandardItem(queue.name), new QStandardItem, new QStandardItem});
            for (const int column : {1, 2})
                m_model.item(row, column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        }
        m_model.item(row, 1)->setData(queue.ready, Qt::DisplayRole);
        m_model.item(row, 2)->setData(queue.unacknowledged, Qt::DisplayRole);
    }
    m_model.removeRows(int(queues.size()), m_model.rowCount() - int(queues.size()));
    Q_EMIT changed();
}
