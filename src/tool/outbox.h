// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_OUTBOX_H
#define QTAMQP_TOOL_OUTBOX_H

// The messages of qamqp publish: each is kept until it is known what became of it. When a link is lost, nobody knows
// that of the messages that were not confirmed; they are published again on the next link.

#include <QtAmqp/qamqpchannel.h>
#include <QtCore/qfile.h>

#include <deque>
#include <map>

namespace Tool {

struct Failure;

struct Outgoing
{
    QAmqpMessage message;
    QString exchange;
    QString routingKey;
    QAmqpChannel::PublishFlags flags = {};
    QFile *body = nullptr; // instead of the message's own, from `begin` on
    qint64 begin = 0;
};

class Outbox
{
public:
    explicit Outbox(QAmqpChannel *channel) : m_channel(channel) { }

    // Whether the broker confirms; without confirms nothing is kept.
    void begin(bool confirms);
    void publish(const Outgoing &message);
    // Whether there are messages to publish again, and publishes the first of them.
    bool isAnyLeft() const { return !m_again.empty(); }
    void publishAgain();
    // Whether the outcome of all messages is known.
    bool isSettled() const { return m_open.empty() && m_again.empty(); }

    quint64 published() const { return m_published; }
    bool isAllTaken() const { return m_nacked + m_returned == 0; }
    QString summary() const;
    QString lastSummary() const; // with the reason of the first message that was not taken
    QString unsettled() const; // the numbers of messages whose outcome is not known
    Failure failure() const;
    QByteArray json() const;

private:
    struct Entry
    {
        quint64 number; // of the message, from 1
        Outgoing message;
    };

    quint64 send(const Outgoing &message);
    void confirmed(quint64 first, quint64 last);
    void nacked(quint64 first, quint64 last);
    void indeterminate(quint64 first, quint64 last);
    void addReason(quint64 number, const QString &what);
    template<typename Each>
    void take(quint64 first, quint64 last, Each each);

    QAmqpChannel *const m_channel;
    bool m_confirms = true;
    std::map<quint64, Entry> m_open; // by the tag of the channel
    std::deque<Entry> m_again;
    quint64 m_published = 0;
    quint64 m_confirmed = 0;
    quint64 m_nacked = 0;
    quint64 m_returned = 0;
    quint64 m_publishedAgain = 0;
    QStringList m_reasons;
    QObject m_scope; // ends the connections to the channel, which outlives this object
};

} // namespace Tool

#endif
