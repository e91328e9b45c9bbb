// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_EXCHANGE_H
#define QTAMQP_TESTBROKER_EXCHANGE_H

#include "testbroker/refusal.h"

#include <QtAmqp/qamqptable.h>

#include <functional>
#include <list>
#include <map>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

enum class ExchangeType : quint8 { Direct, Fanout, Topic, Headers };

std::optional<ExchangeType> exchangeType(QByteArrayView name);
const char *nameOf(ExchangeType type);

struct ExchangeSettings
{
    ExchangeType type = ExchangeType::Direct;
    bool durable = false;
    bool autoDelete = false;
    bool internal = false;
    QAmqpTable arguments = {};
};

// From an exchange to a queue or to another exchange.
struct Binding
{
    bool toExchange = false;
    QByteArray destination;
    QByteArray key;
    QAmqpTable arguments = {};

    bool operator==(const Binding &) const = default;
};

// Whether the words of a routing key match a pattern, in which * is a word and # any number of them.
bool topicMatches(QByteArrayView pattern, QByteArrayView key);
bool headersMatch(const QAmqpTable &wanted, const QAmqpTable &headers);

class Exchange
{
public:
    Exchange(QByteArray name, ExchangeSettings settings);

    const QByteArray &name() const { return m_name; }
    const ExchangeSettings &settings() const { return m_settings; }
    const QByteArray &alternate() const { return m_alternate; } // may be empty
    const std::list<Binding> &bindings() const { return m_bindings; }

    // For a message that is on its way: false if it was here in this round already.
    bool reach(quint64 round) { return std::exchange(m_round, round) != round; }

    bool bind(Binding binding); // false if it was there
    bool unbind(const Binding &binding); // false if it was not there
    bool hasBindingTo(bool toExchange, QByteArrayView destination) const;
    // Removes those to a queue or exchange that is gone. Returns how many there were.
    size_t unbindAll(bool toExchange, QByteArrayView destination);

    // Calls `found` for each binding that matches.
    template<typename Found>
    void route(QByteArrayView key, const std::function<const QAmqpTable &()> &headers,
               Found found) const
    {
        if (m_settings.type == ExchangeType::Direct) {
            for (auto [it, end] = m_byKey.equal_range(key); it != end; ++it)
                found(*it->second);
            return;
        }
        for (const Binding &binding : m_bindings) {
            if (m_settings.type == ExchangeType::Fanout
                || (m_settings.type == ExchangeType::Topic
                            ? topicMatches(binding.key, key)
                            : headersMatch(binding.arguments, headers())))
                found(binding);
        }
    }

private:
    using Place = std::list<Binding>::iterator;
    using Index = std::multimap<QByteArray, Place, std::less<>>;

    static void forget(Index &index, QByteArrayView name, Place place);

    const QByteArray m_name;
    const ExchangeSettings m_settings;
    QByteArray m_alternate;
    quint64 m_round = 0;
    std::list<Binding> m_bindings;
    Index m_byKey; // of a direct exchange
    Index m_byDestination;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
