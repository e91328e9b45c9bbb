// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_OUTBOXSHELF_H
#define QTAMQP_API_OUTBOXSHELF_H

// Messages that an outbox has loaded, by a number, and how many bytes their bodies have.

#include "api/outboxstore.h"

#include <map>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class OutboxShelf
{
public:
    struct Message : OutboxEntry
    {
        int attempts = 0; // how often it was sent
        QAmqpError rejection = {}; // the last one
        QAmqpError returned = {}; // the broker has returned it since it was sent
    };
    using Messages = std::map<quint64, Message>;
    using Iterator = Messages::iterator;
    using Node = Messages::node_type; // a message between two shelves

    bool isEmpty() const { return m_messages.empty(); }
    qsizetype size() const { return qsizetype(m_messages.size()); }
    qint64 bytes() const { return m_bytes; }
    Iterator begin() { return m_messages.begin(); }
    Iterator end() { return m_messages.end(); }
    Iterator find(quint64 number) { return m_messages.find(number); }
    Iterator lowerBound(quint64 number) { return m_messages.lower_bound(number); }

    void append(const OutboxEntry &entry)
    {
        m_bytes += entry.size();
        m_messages.emplace_hint(m_messages.end(), entry.id, Message{entry});
    }
    void add(quint64 number, Node message)
    {
        m_bytes += message.mapped().size();
        message.key() = number;
        m_messages.insert(m_messages.end(), std::move(message));
    }
    Node take(Iterator message)
    {
        m_bytes -= message->second.size();
        return m_messages.extract(message);
    }
    void clear()
    {
        m_messages.clear();
        m_bytes = 0;
    }

private:
    Messages m_messages;
    qint64 m_bytes = 0;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
