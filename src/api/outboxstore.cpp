// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/outboxstore.h"

#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"
#include "values/wiretext.h"

#include <QtCore/qendian.h>
#include <QtCore/qrandom.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr qsizetype FlagsSize = 2;

OutboxRow rowOf(const OutboxEntry &entry)
{
    const QAmqpMessagePrivate &message = QAmqpMessagePrivate::of(entry.message);
    QByteArray properties(FlagsSize, Qt::Uninitialized);
    qToBigEndian(message.flags, properties.data());
    properties += message.properties;
    return {entry.id,
            wireFromText(entry.exchange),
            wireFromText(entry.routingKey),
            int(entry.flags),
            entry.expires,
            properties,
            message.body};
}

static QString damageOf(const OutboxRow &row)
{
    if (row.exchange.size() > MaxShortString || row.routingKey.size() > MaxShortString)
        return QStringLiteral("its exchange or its routing key has more than 255 bytes");
    if (row.flags != QAmqpChannel::NoFlags && row.flags != QAmqpChannel::Mandatory)
        return formatted(u"its flags are %1, which stand for nothing", row.flags);
    if (row.properties.size() < FlagsSize)
        return QStringLiteral("it has no word of property flags");
    Reader list(QByteArrayView(row.properties).sliced(FlagsSize));
    checkPropertyList(qFromBigEndian<quint16>(row.properties.constData()), list);
    return list.ok() ? QString() : formatted(u"its list of properties %1", list.error());
}

OutboxEntry entryOf(const OutboxRow &row)
{
    OutboxEntry entry{.id = row.id, .expires = row.expires, .damage = damageOf(row)};
    if (!entry.damage.isEmpty()) {
        entry.message = QAmqpMessagePrivate::make(
                row.body, 0,
                row.properties.sliced(
                        std::min(FlagsSize, row.properties.size()))); // whose size counts
        return entry;
    }
    entry.exchange = textFromWire(row.exchange);
    entry.routingKey = textFromWire(row.routingKey);
    entry.flags = QAmqpChannel::PublishFlag(row.flags);
    entry.message =
            QAmqpMessagePrivate::make(row.body, qFromBigEndian<quint16>(row.properties.constData()),
                                      row.properties.sliced(FlagsSize));
    return entry;
}

QString newBoxId()
{
    return QString::number(QRandomGenerator::system()->generate64(), 16).rightJustified(16, u'0');
}

OutboxStore::Contents OutboxMemory::contents() const { return {.boxId = newBoxId()}; }

QAmqpError OutboxMemory::append(const OutboxEntry &entry)
{
    m_entries.emplace_hint(m_entries.end(), entry.id, entry);
    if (entry.expires)
        m_expiring.emplace(entry.expires, entry.id);
    return {};
}

QAmqpError OutboxMemory::remove(quint64 firstId, quint64 lastId)
{
    const auto first = m_entries.lower_bound(firstId);
    const auto end = m_entries.upper_bound(lastId);
    if (!m_expiring.empty()) {
        for (auto each = first; each != end; ++each)
            m_expiring.erase({each->second.expires, each->first});
    }
    m_entries.erase(first, end);
    return {};
}

QAmqpError OutboxMemory::read(quint64 afterId, qsizetype count, qint64 bytes,
                              std::vector<OutboxEntry> &entries)
{
    for (auto each = m_entries.upper_bound(afterId);
         each != m_entries.end() && count > 0 && bytes >= 0; ++each, --count) {
        entries.push_back(each->second);
        bytes -= each->second.size();
    }
    return {};
}

std::vector<OutboxStore::Expired> OutboxMemory::expired(qint64 now, qsizetype most)
{
    std::vector<Expired> all;
    for (auto each = m_expiring.begin();
         each != m_expiring.end() && each->first <= now && qsizetype(all.size()) < most; ++each)
        all.push_back({each->second, m_entries.at(each->second).size()});
    return all;
}

qint64 OutboxMemory::nextExpiry(qint64 now)
{
    const auto next = m_expiring.upper_bound({now, std::numeric_limits<quint64>::max()});
    return next == m_expiring.end() ? 0 : next->first;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
