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

// A word, or -1 behind the last.
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
    const qsizetype patternEnd = pattern.size() + 1; // as if a dot followed the last word
    const qsizetype keyEnd = key.size() + 1;
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
    if (m_settings.type == ExchangeType::Direct) {
        for (auto [it, end] = m_byKey.equal_range(binding.key); it != end; ++it) {
            if (m_bindings[it->second] == binding)
                return false;
        }
        m_byKey.emplace(binding.key, m_bindings.size());
    } else if (std::find(m_bindings.begin(), m_bindings.end(), binding) != m_bindings.end()) {
        return false;
    }
    m_bindings.push_back(std::move(binding));
    return true;
}

bool Exchange::unbind(const Binding &binding)
{
    const auto count = std::erase(m_bindings, binding);
    if (count > 0)
        index();
    return count > 0;
}

bool Exchange::unbindAll(bool toExchange, QByteArrayView destination)
{
    const auto count = std::erase_if(m_bindings, [&](const Binding &binding) {
        return binding.toExchange == toExchange && binding.destination == destination;
    });
    if (count > 0)
        index();
    return count > 0;
}

void Exchange::index()
{
    m_byKey.clear();
    if (m_settings.type != ExchangeType::Direct)
        return;
    for (size_t i = 0; i < m_bindings.size(); ++i)
        m_byKey.emplace(m_bindings[i].key, i);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
