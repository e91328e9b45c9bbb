// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "messagetable.h"

#include "messagemodel.h"

#include <QtGui/QAction>
#include <QtGui/QPainter>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QScrollBar>

MessageTable::MessageTable(QWidget *parent) : QTableView(parent)
{
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setVerticalScrollMode(ScrollPerItem);
    setHorizontalScrollMode(ScrollPerPixel);
    setAlternatingRowColors(true);
    setShowGrid(false);
    setWordWrap(false);
    setTabKeyNavigation(false); // Tab leaves the table, as it does everywhere
    setCornerButtonEnabled(false);
    setAccessibleName(tr("Messages"));
    // All rows have the same height, so that none has to be measured, however many there are.
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder); // in the order of arrival
    horizontalHeader()->setSortIndicatorClearable(true);
    setSortingEnabled(true);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

void MessageTable::setModel(QAbstractItemModel *model)
{
    QTableView::setModel(model);
    using Model = MessageModel;
    const QFontMetrics metrics = fontMetrics();
    const auto setWidth = [&](int column, const char *sample) {
        setColumnWidth(column,
                       metrics.horizontalAdvance(QString::fromLatin1(sample)) + metrics.height());
    };
    setWidth(Model::NumberColumn, "10000");
    setWidth(Model::ReceivedColumn, "00:00:00.000");
    setWidth(Model::ExchangeColumn, "(default)");
    setWidth(Model::RoutingKeyColumn, "a.routing.key");
    setWidth(Model::SizeColumn, "999.9 KiB");
    setWidth(Model::StateColumn, "acknowledged");
    setWidth(Model::BodyColumn, "a body"); // it also gets the rest of the width
    for (const int column : {int(Model::ContentTypeColumn), Model::RedeliveredColumn})
        setColumnHidden(column, true); // the detail shows them
    horizontalHeader()->moveSection(Model::RedeliveredColumn, Model::BodyColumn);
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setContextMenuPolicy(Qt::ActionsContextMenu);
    for (int column = 0; column < model->columnCount(); ++column) {
        auto *shown = new QAction(model->headerData(column, Qt::Horizontal).toString(), this);
        shown->setCheckable(true);
        shown->setChecked(!isColumnHidden(column));
        connect(shown, &QAction::toggled, this,
                [this, column](bool show) { setColumnHidden(column, !show); });
        horizontalHeader()->addAction(shown);
    }

    connect(model, &QAbstractItemModel::rowsAboutToBeInserted, this, [this] {
        const QScrollBar *bar = verticalScrollBar();
        m_following = m_live && bar->value() == bar->maximum();
    });
    connect(model, &QAbstractItemModel::rowsInserted, this, [this] {
        if (m_following)
            scrollToBottom();
    });
}

void MessageTable::setPlaceholder(const QString &text)
{
    m_placeholder = text;
    viewport()->update();
}

void MessageTable::paintEvent(QPaintEvent *event)
{
    QTableView::paintEvent(event);
    if (!model() || model()->rowCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setPen(palette().color(QPalette::PlaceholderText));
    const QRect area = viewport()->rect().adjusted(24, 24, -24, -24);
    painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, m_placeholder);
}
