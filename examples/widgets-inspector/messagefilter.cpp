// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "messagefilter.h"

#include "messagemodel.h"
#include "valuetext.h"

MessageFilter::MessageFilter(QObject *parent) : QSortFilterProxyModel(parent)
{
    setSortRole(MessageModel::SortRole);
    setSortCaseSensitivity(Qt::CaseInsensitive);
}

void MessageFilter::setText(const QString &text)
{
    m_text = text;
    invalidateRowsFilter();
}

bool MessageFilter::filterAcceptsRow(int row, const QModelIndex &parent) const
{
    if (m_text.isEmpty())
        return true;
    const auto *model = static_cast<const MessageModel *>(sourceModel());
    const MessageModel::Row &found = *model->row(model->index(row, 0, parent));
    const auto has = [this](const QString &text) {
        return text.contains(m_text, Qt::CaseInsensitive);
    };
    if (has(found.exchange) || has(found.routingKey) || has(found.message.text()))
        return true;
    using Property = QAmqpMessage::Property;
    for (const Property each :
         {Property::ContentType, Property::CorrelationId, Property::ReplyTo, Property::MessageId,
          Property::Type, Property::UserId, Property::AppId}) {
        if (found.message.has(each) && has(readable(found.message.bytes(each))))
            return true;
    }
    return found.message.has(Property::Headers) && has(valueText(found.message.headers()));
}
