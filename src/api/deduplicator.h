// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_DEDUPLICATOR_H
#define QTAMQP_API_DEDUPLICATOR_H

// Which messages a consumer has acknowledged lately, by their message-id. The broker delivers a message again when its
// acknowledgement was lost with the link.

#include <QtCore/qbytearray.h>
#include <QtCore/qcache.h>

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Deduplicator
{
public:
    explicit Deduplicator(int messages) : m_acknowledged(messages) { }

    // Whether a message of that id was acknowledged before. It counts as one of the latest then.
    bool isKnown(const QByteArray &id) { return m_acknowledged.object(id) != nullptr; }
    // The application gets this delivery. Tags come in ascending order.
    void shown(quint64 tag, const QByteArray &id)
    {
        if (!id.isEmpty())
            m_shown.push_back({tag, id});
    }
    // The delivery of this tag was settled, and with `multiple` those before it.
    void settled(quint64 tag, bool multiple, bool isAck)
    {
        std::erase_if(m_shown, [&](const Shown &each) {
            const bool isMeant = multiple ? each.tag <= tag : each.tag == tag;
            if (isMeant && isAck)
                m_acknowledged.insert(each.id, new bool(true));
            return isMeant;
        });
    }
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
