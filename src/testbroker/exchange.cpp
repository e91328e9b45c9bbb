// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/exchange.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

static constexpr const char *typeNames[] = {"direct", "fanout", "topic", "headers"};

std::optional<ExchangeType> exchangeType(QByteArrayView name)
{
    for (int i = 0; i < 4; ++i) {
        if (name == typeNames[i])
            return ExchangeType(i);
    }
    return {};
}

const char *nameOf(ExchangeType type) { return typeNames[int(type)]; }

// Where the word ends that begins at `at`.
static qsizetype wordEnd(QByteArrayView words, qsizetype at)
{
    const qsizetype dot = words.indexOf('.', at);
    return dot < 0 ? words.size() : dot;
}

// As with wildcards in file names: after a mismatch the last # takes one word more.
bool topicMatches(QByteArrayView pattern, QByteArrayView key)
{
    qsizetype p = 0;
    qsizetype k = 0;
    qsizetype hash = -1; // behind the last # of the pattern
    qsizetype taken = 0; // where the key goes on behind what that # has taken
    // As if a dot followed the last word; what is empty has no word.
    const qsizetype patternEnd = pattern.isEmpty() ? 0 : pattern.size() + 1;
    const qsizetype keyEnd = key.isEmpty() ? 0 : key.size() + 1;
    while (k < keyEnd || p < patternEnd) {
        if (p < patternEnd) {
            const QByteArrayView wanted = pattern.sliced(p, wordEnd(pattern, p) - p);
            if (wanted == "#") {
                hash = p = p + 2;
                taken = k;
                continue;
            }
            if (k < keyEnd) {
                const QByteArrayView word = key.sliced(k, wordEnd(key, k) - k);
                if (wanted == "*" || wanted == word) {
                    p += wanted.size() + 1;
                    k += word.size() + 1;
                    continue;
                }
            }
        }
        if (hash < 0 || taken >= keyEnd)
            return false;
        taken = wordEnd(key, taken) + 1;
        p = hash;
        k = taken;
    }
    return true;
}

bool headersMatch(const QAmqpTable &wanted, const QAmqpTable &headers)
{
    const QString how = wanted.value(u"x-match"_s).toString();
    const bool any = how.startsWith(u"any"_s);
    const bool withX = how.endsWith(u"-with-x"_s);
    for (const auto &[name, value] : wanted.entries()) {
        if (name == "x-match" || (!withX && name.startsWith("x-")))
            continue;
        const QString key = QString::fromUtf8(name);
        const bool matches = headers.contains(key)
                && (value.type() == QAmqpValue::Type::Void || headers.value(key) == value);
        if (matches == any)
            return any;
    }
    return !any;
}

Exchange::Exchange(QByteArray name, ExchangeSettings settings)
    : m_name(std::move(name))
    , m_settings(std::move(settings))
    , m_alternate(m_settings.arguments.value(u"alternate-exchange"_s).toString().toUtf8())
{
}

bool Exchange::bind(Binding binding)
{
    for (auto [it, end] = m_byDestination.equal_range(binding.destination); it != end; ++it) {
        if (*it->second == binding)
            return false;
    }
    m_bindings.push_back(std::move(binding));
    const Place place = std::prev(m_bindings.end());
    m_byDestination.emplace(place->destination, place);
    if (m_settings.type == ExchangeType::Direct)
        m_byKey.emplace(place->key, place);
    return true;
}

bool Exchange::unbind(const Binding &binding)
{
    for (auto [it, end] = m_byDestination.equal_range(binding.destination); it != end; ++it) {
        if (*it->second != binding)
            continue;
        forget(m_byKey, binding.key, it->second);
        m_bindings.erase(it->second);
        m_byDestination.erase(it);
        return true;
    }
    return false;
}

bool Exchange::hasBindingTo(bool toExchange, QByteArrayView destination) const
{
    const auto [begin, end] = m_byDestination.equal_range(destination);
    return std::any_of(begin, end,
                       [&](const auto &entry) { return entry.second->toExchange == toExchange; });
}

size_t Exchange::unbindAll(bool toExchange, QByteArrayView destination)
{
    size_t count = 0;
    for (auto [it, end] = m_byDestination.equal_range(destination); it != end;) {
        const Place place = it->second;
        if (place->toExchange != toExchange) {
            ++it;
            continue;
        }
        ++count;
        forget(m_byKey, place->key, place);
        it = m_byDestination.erase(it);
        m_bindings.erase(place);
    }
    return count;
}

void Exchange::forget(Index &index, QByteArrayView name, Place place)
{
    for (auto [it, end] = index.equal_range(name); it != end; ++it) {
        if (it->second == place) {
            index.erase(it);
            return;
        }
    }
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
