// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_OUTBOXSTORE_H
#define QTAMQP_API_OUTBOXSTORE_H

// Where the messages of an outbox lie until the broker has confirmed them: in memory, or in a file. The outbox itself
// holds only those that it is about to send, and those that are not confirmed.
//
// append() and remove() become valid together with commit(). If one of the three fails, everything since the last
// commit is undone, and the outbox decides what to ask for again.

#include "values/privateexport.h"

#include <QtAmqp/qamqpoutbox.h>

#include <map>
#include <set>
#include <vector>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct OutboxEntry
{
    quint64 id = 0;
    QString exchange = {};
    QString routingKey = {};
    QAmqpMessage message = {};
    QAmqpChannel::PublishFlags flags = {};
    qint64 expires = 0; // in milliseconds since 1970, 0: never
    QString damage = {}; // why a message that was read cannot be sent

    qint64 size() const { return message.size(); }
    bool isExpired(qint64 now) const { return expires != 0 && expires <= now; }
};

// A message as bytes, as a file has it. The properties begin with their word of flags (AMQP 0-9-1 §4.2.6.1).
struct OutboxRow
{
    quint64 id = 0;
    QByteArray exchange = {};
    QByteArray routingKey = {};
    qint64 flags = 0;
    qint64 expires = 0;
    QByteArray properties = {};
    QByteArray body = {};
};

Q_AMQP_PRIVATE_EXPORT OutboxRow rowOf(const OutboxEntry &entry);
// A row may have been written by anybody: what cannot be sent is said in `damage`.
Q_AMQP_PRIVATE_EXPORT OutboxEntry entryOf(const OutboxRow &row);

class OutboxStore
{
public:
    struct Contents
    {
        qint64 count = 0;
        qint64 bytes = 0;
        quint64 lastId = 0; // that was ever given to a message
        QString boxId = {}; // with which the ids of messages begin
    };
    struct Expired
    {
        quint64 id = 0;
        qint64 size = 0;
    };

    virtual ~OutboxStore() = default;

    // What is there when the outbox begins with it.
    virtual Contents contents() const = 0;
    virtual QAmqpError append(const OutboxEntry &entry) = 0;
    virtual QAmqpError remove(quint64 firstId, quint64 lastId) = 0;
    virtual QAmqpError commit() = 0;
    // Appends messages in the order of their ids to `entries`, at least one if there is any: so many of them, or of
    // so many bytes.
    virtual QAmqpError read(quint64 afterId, qsizetype count, qint64 bytes,
                            std::vector<OutboxEntry> &entries) = 0;
    virtual std::vector<Expired> expired(qint64 now, qsizetype most) = 0;
    // Returns when the first message expires after `now`, 0 if none does.
    virtual qint64 nextExpiry(qint64 now) = 0;
    // Nothing is left in it, which is a good time to give back what it takes.
    virtual void emptied() { }
};

class OutboxMemory final : public OutboxStore
{
public:
    Contents contents() const override;
    QAmqpError append(const OutboxEntry &entry) override;
    QAmqpError remove(quint64 firstId, quint64 lastId) override;
    QAmqpError commit() override { return {}; }
    QAmqpError read(quint64 afterId, qsizetype count, qint64 bytes,
                    std::vector<OutboxEntry> &entries) override;
    std::vector<Expired> expired(qint64 now, qsizetype most) override;
    qint64 nextExpiry(qint64 now) override;

private:
    std::map<quint64, OutboxEntry> m_entries;
    std::set<std::pair<qint64, quint64>> m_expiring; // the time, and the id
};

// Returns 16 hexadecimal digits that no other outbox has.
Q_AMQP_PRIVATE_EXPORT QString newBoxId();

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
