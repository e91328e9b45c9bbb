// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_ATTEMPTS_H
#define QTAMQP_PROTOCOL_ATTEMPTS_H

// Which host is tried when, until one lets the connection open. One cycle goes through all hosts, in
// the options' order or shuffled once; the retry policy says how many cycles there are and how long to
// wait between them. A host that refused for good, by a wrong password or a bad certificate, is not
// tried again, but the others are. Chance comes in as a seed, so that tests are repeatable.

#include <QtAmqp/qamqpconnectionoptions.h>

#include <random>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class Attempts
{
public:
    void start(const QAmqpConnectionOptions &options, quint32 seed);

    // An open link was lost. `wasStable` tells whether it was up for long enough, so that the waits begin with the
    // shortest one again. Returns how long to wait before the next attempt, or nothing if none is allowed. From now
    // on the policy of the recovery counts, and no host is given up for what it refuses.
    std::optional<std::chrono::milliseconds> recover(const QAmqpRetryPolicy &policy,
                                                     bool wasStable);

    // The host to try now, as its index in the options.
    qsizetype host() const { return m_hosts.value(m_at); }

    // An address of that host failed, and the host has others. Returns whether to try the next of these;
    // otherwise the host has failed, and next() is to be called.
    bool nextAddress(const QAmqpError &error);

    // The host failed. Returns how long to wait before the next one is tried, or nothing if no attempt is
    // left; then verdict() says why.
    std::optional<std::chrono::milliseconds> next(const QAmqpError &error);

    // The error of all attempts together, which it lists; the error itself if there was only one attempt.
    QAmqpError verdict() const;

private:
    QList<QAmqpError> attempts() const;
    bool isFinal(const QAmqpError &error);
    std::optional<std::chrono::milliseconds> nextOfRecovery(const QAmqpError &error);
    std::chrono::milliseconds pause(int cycle);
    void remember(const QAmqpError &error);

    QAmqpRetryPolicy m_policy;
    std::minstd_rand m_random;
    bool m_hasProvider = false;
    QList<qsizetype> m_hosts; // those still worth trying
    QList<qsizetype> m_order; // of all hosts
    bool m_recovering = false;
    int m_refused = 0; // in how many rounds since the link was lost each host refused the login
    bool m_isRefusedByAll = true; // those that were tried in this round
    QList<qsizetype> m_askedAgain; // hosts for which the provider was asked a second time
    qsizetype m_at = 0;
    int m_cycle = 1;
    int m_failed = 0;
    QList<QAmqpError> m_failures; // the latest of them
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
