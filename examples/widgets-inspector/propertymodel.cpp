// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "propertymodel.h"

#include "valuetext.h"

#include <QtCore/QLocale>
#include <QtCore/QtEndian>
#include <QtGui/QFont>
#include <QtGui/QTextDocument>

using namespace Qt::StringLiterals;

void PropertyModel::show(const std::optional<QAmqpDelivery> &message)
{
    beginResetModel();
    m_lines.clear();
    if (message) {
        addOrigin(*message);
        addProperties(*message);
        addHeaders(message->headers());
    }
    endResetModel();
}

void PropertyModel::addOrigin(const QAmqpDelivery &message)
{
    m_lines.push_back({tr("Delivery")});
    if (message.isValid()) { // it is no reply
        const QString exchange = message.exchange();
        m_lines.push_back({tr("exchange"), u"string"_s,
                           exchange.isEmpty() ? tr("(default)") : readable(exchange)});
        m_lines.push_back({tr("routing key"), u"string"_s, readable(message.routingKey())});
        m_lines.push_back({tr("redelivered"), u"boolean"_s,
                           message.isRedelivered() ? u"true"_s : u"false"_s});
    }
    m_lines.push_back({tr("size"), u"bytes"_s, QLocale().toString(message.body().size())});
}

void PropertyModel::addProperties(const QAmqpMessage &message)
{
    using Property = QAmqpMessage::Property;
    const size_t title = m_lines.size();
    const auto add = [&](Property property, const QString &name, const QString &type, auto value) {
        if (message.has(property))
            m_lines.push_back({name, type, value()});
    };
    const auto addText = [&](Property property, const QString &name) {
        add(property, name, u"string"_s, [&] { return readable(message.bytes(property)); });
    };
    m_lines.push_back({tr("Properties")});
    addText(Property::ContentType, u"content-type"_s);
    addText(Property::ContentEncoding, u"content-encoding"_s);
    add(Property::DeliveryMode, u"delivery-mode"_s, u"byte"_s, [&] {
        const bool persistent = message.deliveryMode() == QAmqpMessage::Persistent;
        return persistent ? tr("2 (persistent)") : QString::number(int(message.deliveryMode()));
    });
    add(Property::Priority, u"priority"_s, u"byte"_s,
        [&] { return QString::number(message.priority()); });
    addText(Property::CorrelationId, u"correlation-id"_s);
    addText(Property::ReplyTo, u"reply-to"_s);
    addText(Property::Expiration, u"expiration"_s);
    addText(Property::MessageId, u"message-id"_s);
    add(Property::Timestamp, u"timestamp"_s, u"timestamp"_s, [&] {
        const QByteArray bytes = message.bytes(Property::Timestamp);
        return valueText(QAmqpValue::timestamp(qFromBigEndian<quint64>(bytes.constData())));
    });
    addText(Property::Type, u"type"_s);
    addText(Property::UserId, u"user-id"_s);
    addText(Property::AppId, u"app-id"_s);
    addText(Property::ClusterId, u"cluster-id"_s);
    if (m_lines.size() == title + 1)
        m_lines.pop_back();
}

void PropertyModel::addHeaders(const QAmqpTable &headers)
{
    if (headers.isEmpty())
        return;
    m_lines.push_back({tr("Headers")});
    for (const QAmqpTable::Entry &entry : headers.entries())
        m_lines.push_back(
                {readable(entry.first), typeName(entry.second.type()), valueText(entry.second)});
}

int PropertyModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_lines.size());
}

int PropertyModel::columnCount(const QModelIndex &parent) const { return parent.isValid() ? 0 : 3; }

QVariant PropertyModel::data(const QModelIndex &index, int role) const
{
    const Line &line = m_lines[size_t(index.row())];
    const QString texts[] = {line.name, line.type, line.value};
    if (role == Qt::DisplayRole)
        return texts[index.column()];
    if (role == Qt::ToolTipRole) // a tool tip would interpret HTML
        return Qt::convertFromPlainText(texts[index.column()]);
    if (role == Qt::FontRole && line.type.isNull()) {
        QFont font;
        font.setBold(true);
        return font;
    }
    return {};
}

QVariant PropertyModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QString names[] = {tr("Name"), tr("Type"), tr("Value")};
    return names[section];
}
