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

    // Whose turn it is, by its place in the options.
    qsizetype host() const { return m_hosts.value(m_at); }

    // The failure of an address of that host, which has others: whether one of these is to follow. It is
    // the same turn then; otherwise the host has failed.
    bool nextAddress(const QAmqpError &error);

    // The one decision after that host failed: how long to wait before the turn of the next, 0 for
    // not at all. Nothing: it is over, and verdict() says why.
    std::optional<std::chrono::milliseconds> next(const QAmqpError &error);

    // The error of the whole; that of the only host as it is. It lists all attempts.
    QAmqpError verdict() const;

private:
    QList<QAmqpError> attempts() const;
    bool isFinal(const QAmqpError &error);
    void remember(const QAmqpError &error);

    QAmqpRetryPolicy m_policy;
    std::minstd_rand m_random;
    bool m_hasProvider = false;
    QList<qsizetype> m_hosts; // those still worth trying
    QList<qsizetype> m_askedAgain; // those that were given new credentials
    qsizetype m_at = 0;
    int m_cycle = 1;
    int m_failed = 0;
    QList<QAmqpError> m_failures; // the latest of them
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
