// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/deduplicator.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

bool Deduplicator::takes(const QAmqpDelivery &delivery)
{
    if (!delivery.isRedelivered()
        || !m_acknowledged.object(delivery.bytes(QAmqpMessage::Property::MessageId)))
        return false;
    if (!delivery.ack())
        return false;
    ++count;
    return true;
}

void Deduplicator::shown(const QAmqpDelivery &delivery)
{
    const QByteArray id = delivery.bytes(QAmqpMessage::Property::MessageId);
    if (!id.isEmpty())
        m_shown.push_back({delivery.deliveryTag(), id});
}

void Deduplicator::settled(quint64 tag, bool multiple, bool isAck)
{
    std::erase_if(m_shown, [&](const Shown &each) {
        const bool isMeant = multiple ? each.tag <= tag : each.tag == tag;
        if (isMeant && isAck)
            m_acknowledged.insert(each.id, new bool(true));
        return isMeant;
    });
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
