// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_DEDUPLICATOR_H
#define QTAMQP_API_DEDUPLICATOR_H

// Which messages a consumer has acknowledged lately, by their message-id. The broker delivers a message again when its
// acknowledgement was lost with the link.

#include <QtAmqp/qamqpdelivery.h>

#include <QtCore/qcache.h>

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Deduplicator
{
public:
    explicit Deduplicator(int messages) : m_acknowledged(messages) { }

    // Whether the message was delivered before and acknowledged then. It is acknowledged again and counts as one of the
    // latest.
    bool takes(const QAmqpDelivery &delivery);
    // The application gets this delivery. Tags come in ascending order.
    void shown(const QAmqpDelivery &delivery);
    // The delivery of this tag was settled, and with `multiple` those before it.
    void settled(quint64 tag, bool multiple, bool isAck);
    // What was shown and not settled comes again, with other tags.
    void voided() { m_shown.clear(); }

    quint64 count = 0; // of the messages that were not shown, since they were known

private:
    struct Shown
    {
        quint64 tag;
        QByteArray id;
    };
    QCache<QByteArray, bool> m_acknowledged;
    std::deque<Shown> m_shown; // and not settled
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
