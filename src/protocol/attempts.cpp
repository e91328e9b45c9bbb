// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/attempts.h"

#include "values/errorkinds.h"

#include <algorithm>
#include <numeric>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using std::chrono::milliseconds;

constexpr qsizetype MaxRemembered = 100; // so that endless attempts do not take endless memory
constexpr qsizetype MaxListed = 5; // failures that the text of the verdict repeats

void Attempts::start(const QAmqpConnectionOptions &options, quint32 seed)
{
    *this = Attempts();
    m_policy = options.retryPolicy();
    m_hasProvider = options.credentials().hasProvider();
    m_random.seed(seed);
    m_hosts.resize(options.hosts().size());
    std::iota(m_hosts.begin(), m_hosts.end(), 0);
    if (options.isHostsShuffled())
        std::shuffle(m_hosts.begin(), m_hosts.end(), m_random);
    m_order = m_hosts;
}

// Brokers delete exclusive and auto-delete queues a little after the loss of a link. Before that they refuse to
// declare the first ones again, and after that the others are gone though they were declared.
milliseconds Attempts::pause(int cycle)
{
    constexpr milliseconds shortest(100);
    return std::max(shortest,
                    m_policy.delayAfter(cycle, std::generate_canonical<double, 32>(m_random)));
}

std::optional<milliseconds> Attempts::recover(const QAmqpRetryPolicy &policy, bool wasStable)
{
    const qsizetype reached = m_hosts.value(m_at);
    m_hosts = m_order;
    std::rotate(m_hosts.begin(), m_hosts.begin() + m_order.indexOf(reached), m_hosts.end());
    m_at = 0;
    m_policy = policy;
    m_askedAgain.clear();
    m_failures.clear();
    m_failed = m_refused = 0;
    m_isRefusedByAll = true;
    if (const bool isFirst = !std::exchange(m_recovering, true); isFirst || wasStable)
        m_cycle = 0;
    if (!m_policy.allowsAttempt(m_cycle + 1))
        return std::nullopt;
    return pause(++m_cycle);
}

// Brokers may refuse good users while their backends start, a virtual host may still be starting, and a captive portal
// answers with a certificate of its own. Such refusals end at some time, but not soon.
std::optional<milliseconds> Attempts::nextOfRecovery(const QAmqpError &error)
{
    constexpr int mostRefusals = 3; // of a login by all hosts
    if (error.kind() != QAmqpError::Kind::AuthenticationFailed || !isFinal(error))
        m_isRefusedByAll = false;
    if (++m_at < m_hosts.size())
        return milliseconds::zero();
    m_at = 0;
    if (std::exchange(m_isRefusedByAll, true) && ++m_refused > mostRefusals)
        return std::nullopt;
    if (!m_policy.allowsAttempt(m_cycle + 1))
        return std::nullopt;
    const milliseconds usual = pause(++m_cycle);
    return isFinal(error) ? std::max(usual, m_policy.maximumDelay()) : usual;
}

// A refused login whose cause is a lost link may be something else, and is tried again: brokers without
// authentication_failure_close just drop the connection.
bool Attempts::isFinal(const QAmqpError &error)
{
    return !error.isRetryable() && !error.cause().isRetryable();
}

void Attempts::remember(const QAmqpError &error)
{
    ++m_failed;
    m_failures.append(error);
    if (m_failures.size() > MaxRemembered)
        m_failures.removeFirst();
}

// A broker that refuses the client means the whole host. But if something at one address does not speak
// AMQP, another address of the host may still be a broker.
bool Attempts::nextAddress(const QAmqpError &error)
{
    if (isFinal(error) && error.kind() != QAmqpError::Kind::ProtocolViolation)
        return false;
    remember(error);
    return true;
}

std::optional<milliseconds> Attempts::next(const QAmqpError &error)
{
    remember(error);
    // The provider may know a newer secret than the one that was refused, but is asked only once more.
    if (error.kind() == QAmqpError::Kind::AuthenticationFailed && m_hasProvider
        && !m_askedAgain.contains(host())) {
        m_askedAgain.append(host());
        return milliseconds::zero();
    }
    if (m_recovering)
        return nextOfRecovery(error);
    if (isFinal(error))
        m_hosts.removeAt(m_at);
    else
        ++m_at;
    if (m_at < m_hosts.size())
        return milliseconds::zero();
    if (m_hosts.isEmpty() || !m_policy.allowsAttempt(m_cycle + 1))
        return std::nullopt;
    m_at = 0;
    return m_policy.delayAfter(m_cycle++, std::generate_canonical<double, 32>(m_random));
}

// An error of the transport may stand for several attempts, one for each address of the host.
QList<QAmqpError> Attempts::attempts() const
{
    QList<QAmqpError> all;
    for (const QAmqpError &failure : m_failures) {
        const QList<QAmqpError> ofHost = failure.attempts();
        for (QAmqpError attempt : ofHost) {
            if (attempt.endpoint().isEmpty())
                attempt.setEndpoint(failure.endpoint());
            all.append(attempt);
        }
        if (ofHost.isEmpty())
            all.append(failure);
    }
    return all.last(std::min(all.size(), MaxRemembered));
}

QAmqpError Attempts::verdict() const
{
    const QAmqpError &last = m_failures.constLast();
    if (m_failed == 1)
        return QAmqpError(last).setAttempts(attempts());
    QStringList texts;
    for (const QAmqpError &failure : m_failures)
        texts.append(failure.text());
    texts.removeDuplicates();
    if (texts.size() > MaxListed) {
        texts = texts.last(MaxListed);
        texts.prepend(QStringLiteral("…"));
    }
    QAmqpError error(last.kind(), last.scope(), last.origin(),
                     formatted(u"%1 attempts to connect failed: %2", m_failed, texts.join(u" — ")));
    return error.setPhase(last.phase())
            .setReply(last.replyCode(), last.replyText())
            .setMethod(last.method())
            .setSocketError(last.socketError())
            .setEndpoint(last.endpoint())
            .setCause(last)
            .setAttempts(attempts());
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
