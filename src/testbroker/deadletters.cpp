// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/queue.h"
#include "testbroker/virtualhost.h"

#include <algorithm>
#include <limits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

static QAmqpTable sorted(const QAmqpTable &table)
{
    QList<QAmqpTable::Entry> entries = table.entries();
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    QAmqpTable result;
    for (const auto &[name, value] : std::as_const(entries))
        result.append(name, value);
    return result;
}

void addHeader(QAmqpMessage &message, const QString &name, const QAmqpValue &value)
{
    QAmqpTable headers = message.headers();
    headers.insert(name, value);
    message.setHeaders(sorted(headers));
}

void removeHeader(QAmqpMessage &message, const QString &name)
{
    QAmqpTable headers = message.headers();
    headers.remove(name);
    if (headers.isEmpty())
        message.clear(QAmqpMessage::Property::Headers);
    else
        message.setHeaders(headers);
}

// The headers as RabbitMQ writes them: https://www.rabbitmq.com/docs/dlx#effects
static QAmqpTable newDeath(const Message &message, const QByteArray &queue, const QString &reason,
                           const QByteArrayList &keys, quint64 secondsSinceEpoch)
{
    QList<QAmqpValue> routingKeys;
    for (const QByteArray &key : keys)
        routingKeys.append(QAmqpValue::string(key));
    QAmqpTable death{{u"count"_s, qint64(1)},
                     {u"reason"_s, reason},
                     {u"queue"_s, QAmqpValue::string(queue)},
                     {u"time"_s, QAmqpValue::timestamp(secondsSinceEpoch)},
                     {u"exchange"_s, QAmqpValue::string(message.envelope->exchange)},
                     {u"routing-keys"_s, routingKeys}};
    if (message.content.has(QAmqpMessage::Property::Expiration))
        death.insert(u"original-expiration"_s, message.content.expiration());
    return death;
}

static constexpr qsizetype MostDeaths = 1000;

std::optional<QAmqpMessage> withDeath(const Message &message, const Queue &queue,
                                      const char *reason, const QByteArrayList &keys,
                                      quint64 secondsSinceEpoch)
{
    const QString why = QString::fromLatin1(reason);
    const QString name = QString::fromUtf8(queue.name());
    QAmqpTable headers = message.content.headers();
    QList<QAmqpValue> deaths = headers.value(u"x-death"_s).toArray();
    QAmqpTable latest = newDeath(message, queue.name(), why, keys, secondsSinceEpoch);
    for (qsizetype i = 0; i < deaths.size(); ++i) {
        const QAmqpTable earlier = deaths[i].toTable();
        if (earlier.value(u"queue"_s).toString() != name
            || earlier.value(u"reason"_s).toString() != why)
            continue;
        latest = earlier;
        const qint64 count = earlier.value(u"count"_s).toInt(); // which a client may have made up
        latest.insert(u"count"_s, count < std::numeric_limits<qint64>::max() ? count + 1 : count);
        latest = sorted(latest);
        deaths.removeAt(i);
        break;
    }
    if (deaths.size() >= MostDeaths)
        return {};
    deaths.prepend(latest);
    headers.insert(u"x-death"_s, deaths);
    if (!headers.contains(u"x-first-death-reason"_s)) {
        headers.insert(u"x-first-death-exchange"_s, QAmqpValue::string(message.envelope->exchange));
        headers.insert(u"x-first-death-queue"_s, name);
        headers.insert(u"x-first-death-reason"_s, why);
    }
    if (queue.settings().deadLetterRoutingKey)
        headers.remove(u"CC"_s);
    QAmqpMessage dead = message.content;
    dead.setHeaders(sorted(headers));
    dead.clear(QAmqpMessage::Property::Expiration);
    return dead;
}

QByteArrayList queuesOfCycle(const QAmqpMessage &message)
{
    QByteArrayList queues;
    const QList<QAmqpValue> deaths = message.headers().value(u"x-death"_s).toArray();
    for (const QAmqpValue &value : deaths) {
        const QAmqpTable death = value.toTable();
        if (death.value(u"reason"_s).toString() == u"rejected")
            break;
        queues.append(death.value(u"queue"_s).toBytes());
    }
    return queues;
}

QByteArrayList carbonCopies(const QAmqpMessage &message, const char *header)
{
    QByteArrayList keys;
    if (!message.has(QAmqpMessage::Property::Headers))
        return keys;
    const QList<QAmqpValue> values = message.headers().value(QString::fromLatin1(header)).toArray();
    for (const QAmqpValue &value : values)
        keys.append(value.toBytes());
    return keys;
}

QByteArrayList routingKeys(const QByteArray &key, const QAmqpMessage &message)
{
    return QByteArrayList{key} + carbonCopies(message, "CC") + carbonCopies(message, "BCC");
}

void removeBlindCopies(QAmqpMessage &message)
{
    if (!message.has(QAmqpMessage::Property::Headers))
        return;
    QAmqpTable headers = message.headers();
    if (headers.remove(u"BCC"_s) > 0)
        message.setHeaders(headers);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
