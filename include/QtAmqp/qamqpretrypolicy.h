// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPRETRYPOLICY_H
#define QAMQPRETRYPOLICY_H

#include <QtAmqp/qtamqpglobal.h>

#include <chrono>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpRetryPolicy
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpRetryPolicy, QAmqpRetryPolicyPrivate)

    static QAmqpRetryPolicy endless();

    int maximumAttempts() const;
    QAmqpRetryPolicy &setMaximumAttempts(int attempts);
    std::chrono::milliseconds initialDelay() const;
    QAmqpRetryPolicy &setInitialDelay(std::chrono::milliseconds delay);
    double multiplier() const;
    QAmqpRetryPolicy &setMultiplier(double multiplier);
    std::chrono::milliseconds maximumDelay() const;
    QAmqpRetryPolicy &setMaximumDelay(std::chrono::milliseconds delay);
    double jitter() const;
    QAmqpRetryPolicy &setJitter(double jitter);

    bool allowsAttempt(int attempt) const;
    std::chrono::milliseconds delayAfter(int failedAttempts, double random) const;
    QString errorString() const;
};

QT_END_NAMESPACE

#endif
