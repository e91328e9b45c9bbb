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
    const QAmqpDelivery message = model->delivery(row);
    const auto has = [this](const QString &text) {
        return text.contains(m_text, Qt::CaseInsensitive);
    };
    if (has(message.exchange()) || has(message.text())
        || has(model->index(row, MessageModel::RoutingKeyColumn, parent).data().toString()))
        return true;
    using Property = QAmqpMessage::Property;
    for (const Property each :
         {Property::ContentType, Property::CorrelationId, Property::ReplyTo, Property::MessageId,
          Property::Type, Property::UserId, Property::AppId}) {
        if (message.has(each) && has(readable(message.bytes(each))))
            return true;
    }
    return message.has(Property::Headers) && has(valueText(message.headers()));
}
