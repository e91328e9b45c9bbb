// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "outbox.h"

#include "json.h"
#include "run.h"

#include <QtAmqp/qamqpreturn.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

constexpr quint64 MaxListed = 5;

QString reasonOf(const QAmqpReturn &message)
{
    const QString reply = u"%1 %2"_s.arg(message.replyCode()).arg(message.replyText());
    if (message.exchange().isEmpty())
        return u"%1 (there is no queue \"%2\")"_s.arg(reply, message.routingKey());
    return u"%1 (exchange \"%2\", routing key \"%3\")"_s.arg(reply, message.exchange(),
                                                             message.routingKey());
}

} // namespace

void Outbox::begin(bool confirms)
{
    using C = QAmqpChannel;
    m_confirms = confirms;
    QObject::connect(m_channel, &C::confirmed, &m_scope,
                     [this](quint64 first, quint64 last) { confirmed(first, last); });
    QObject::connect(m_channel, &C::nacked, &m_scope,
                     [this](quint64 first, quint64 last) { nacked(first, last); });
    QObject::connect(m_channel, &C::indeterminate, &m_scope,
                     [this](quint64 first, quint64 last) { indeterminate(first, last); });
    QObject::connect(m_channel, &C::messageReturned, &m_scope, [this](const QAmqpReturn &message) {
        ++m_returned;
        const auto entry = m_open.find(message.publishTag());
        addReason(entry == m_open.end() ? message.publishTag() : entry->second.number,
                  u"returned: "_s + reasonOf(message));
    });
}

void Outbox::publish(const Outgoing &message)
{
    const quint64 tag = send(message);
    ++m_published;
    if (m_confirms)
        m_open.emplace_hint(m_open.end(), tag, Entry{m_published, message});
}

void Outbox::publishAgain()
{
    const quint64 tag = send(m_again.front().message);
    ++m_publishedAgain;
    m_open.emplace_hint(m_open.end(), tag, std::move(m_again.front()));
    m_again.pop_front();
}

quint64 Outbox::send(const Outgoing &message)
{
    QFile *const body = message.body;
    if (body)
        body->seek(message.begin);
    const quint64 tag = body
            ? m_channel->publish(message.exchange, message.routingKey, body,
                                 body->size() - message.begin, message.message, message.flags)
            : m_channel->publish(message.exchange, message.routingKey, message.message,
                                 message.flags);
    if (tag == 0)
        throw failureOf(m_channel->lastError());
    return tag;
}

// Calls each(entry) for those between the tags, and forgets them.
template<typename Each>
void Outbox::take(quint64 first, quint64 last, Each each)
{
    const auto begin = m_open.lower_bound(first);
    const auto end = m_open.upper_bound(last);
    for (auto entry = begin; entry != end; ++entry)
        each(entry->second);
    m_open.erase(begin, end);
}

void Outbox::confirmed(quint64 first, quint64 last)
{
    m_confirmed += last - first + 1;
    take(first, last, [](const Entry &) {});
}

void Outbox::nacked(quint64 first, quint64 last)
{
    m_nacked += last - first + 1;
    take(first, last, [this](const Entry &entry) {
        addReason(entry.number,
                  m_channel->isOpen() ? u"nacked by the broker"_s : u"not sent entirely"_s);
    });
}

void Outbox::indeterminate(quint64 first, quint64 last)
{
    take(first, last, [this](Entry &entry) { m_again.push_back(std::move(entry)); });
}

void Outbox::addReason(quint64 number, const QString &what)
{
    if (quint64(m_reasons.size()) >= MaxListed)
        return;
    // Without confirms messages have no numbers.
    m_reasons += number == 0 ? what : u"message %1 %2"_s.arg(QString::number(number), what);
}

QString Outbox::summary() const
{
    QString text = u"%1 published, %2 confirmed"_s.arg(m_published).arg(m_confirmed);
    if (m_nacked > 0)
        text += u", %1 nacked"_s.arg(m_nacked);
    if (m_returned > 0)
        text += u", %1 returned"_s.arg(m_returned);
    if (m_publishedAgain > 0)
        text += u", %1 published again"_s.arg(m_publishedAgain);
    return text;
}

QString Outbox::lastSummary() const
{
    return m_reasons.isEmpty() ? summary() : summary() + u": "_s + m_reasons.constFirst();
}

QString Outbox::unsettled() const
{
    std::vector<quint64> numbers;
    for (const auto &[tag, entry] : m_open)
        numbers.push_back(entry.number);
    for (const Entry &entry : m_again)
        numbers.push_back(entry.number);
    std::sort(numbers.begin(), numbers.end());
    QStringList ranges;
    for (size_t first = 0, next = 0; first < numbers.size(); first = next) {
        for (next = first + 1; next < numbers.size() && numbers[next] == numbers[next - 1] + 1;)
            ++next;
        if (ranges.size() == MaxListed)
            return ranges.join(", "_L1) + u" and %1 more"_s.arg(numbers.size() - first);
        const QString from = QString::number(numbers[first]);
        ranges += next == first + 1 ? from : from + u'-' + QString::number(numbers[next - 1]);
    }
    return ranges.join(", "_L1);
}

Failure Outbox::failure() const
{
    const quint64 more = m_nacked + m_returned - quint64(m_reasons.size());
    return {NotTaken,
            u"%1 of %2 messages not taken: %3%4"_s.arg(
                    QString::number(m_nacked + m_returned), QString::number(m_published),
                    m_reasons.join("; "_L1), more ? u"; and %1 more"_s.arg(more) : QString())};
}

QByteArray Outbox::json() const
{
    JsonObject json;
    json.add("published", QByteArray::number(m_published))
            .add("confirmed", QByteArray::number(m_confirmed))
            .add("nacked", QByteArray::number(m_nacked))
            .add("returned", QByteArray::number(m_returned));
    if (m_publishedAgain > 0)
        json.add("published_again", QByteArray::number(m_publishedAgain));
    return json.line();
}

} // namespace Tool
