// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpretrypolicy.h>

#include "values/range.h"
#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>

#include <algorithm>
#include <cmath>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

/*!
    \class QAmqpRetryPolicy
    \inmodule QtAmqp
    \brief How often to try to connect, and how long to wait in between.

    One attempt goes through all hosts of the options. After the first failed one the wait is initialDelay(),
    and after each further one multiplier() times as long, up to maximumDelay(). A random part of each wait,
    up to jitter(), is left out, so that many clients of one broker do not all come back at the same moment.
    There is no wait before the first attempt nor after the last, unless the attempts belong to the recovery of
    a connection that was open: then the first of these waits comes before the first attempt.

    The default is one attempt, and for a recovery endless(). Policies are implicitly shared and reentrant.

    \sa QAmqpConnectionOptions::setRetryPolicy(), QAmqpConnectionOptions::setRecoveryPolicy()
*/

class QAmqpRetryPolicyPrivate : public SharedValue
{
public:
    int maximumAttempts = 1;
    milliseconds initialDelay = 2s;
    double multiplier = 2;
    milliseconds maximumDelay = 30s;
    double jitter = 0.5;

    bool operator==(const QAmqpRetryPolicyPrivate &) const = default;
};

/*! \fn QAmqpRetryPolicy::QAmqpRetryPolicy()
    Makes a policy of one attempt. */
QTAMQP_VALUE(QAmqpRetryPolicy)

/*!
    Returns a policy without end: the first wait is 250 ms, each further one is twice as long as the one
    before, up to 30 s, and all of it is random: it lasts between nothing and that time. A recovery follows this
    policy unless the options have another one.

    \sa QAmqpConnectionOptions::setRecoveryPolicy()
*/
QAmqpRetryPolicy QAmqpRetryPolicy::endless()
{
    return QAmqpRetryPolicy().setMaximumAttempts(0).setInitialDelay(250ms).setJitter(1);
}

/*! \fn int QAmqpRetryPolicy::maximumAttempts() const
    Returns the number of attempts; the default is 1, and 0 stands for attempts without end. */
/*! \fn QAmqpRetryPolicy &QAmqpRetryPolicy::setMaximumAttempts(int attempts)
    Makes \a attempts at most, the first one included; 0 goes on until the connection opens,
    QAmqpConnection::close() or QAmqpConnection::abort() is called, or an error comes that another
    attempt cannot mend. */
QTAMQP_FIELD(QAmqpRetryPolicy, int, maximumAttempts, setMaximumAttempts)

/*! \fn std::chrono::milliseconds QAmqpRetryPolicy::initialDelay() const
    Returns the wait after the first attempt; 2 s by default. */
/*! \fn QAmqpRetryPolicy &QAmqpRetryPolicy::setInitialDelay(std::chrono::milliseconds delay)
    Waits for \a delay after the first attempt, 0 to 2147483647 ms. */
QTAMQP_FIELD(QAmqpRetryPolicy, milliseconds, initialDelay, setInitialDelay)

/*! \fn double QAmqpRetryPolicy::multiplier() const
    Returns how many times as long each wait is as the one before; 2 by default. */
/*! \fn QAmqpRetryPolicy &QAmqpRetryPolicy::setMultiplier(double multiplier)
    Makes each wait \a multiplier times as long as the one before: 1 (all are the same) to 100. */
QTAMQP_FIELD(QAmqpRetryPolicy, double, multiplier, setMultiplier)

/*! \fn std::chrono::milliseconds QAmqpRetryPolicy::maximumDelay() const
    Returns how long a wait can grow; 30 s by default. */
/*! \fn QAmqpRetryPolicy &QAmqpRetryPolicy::setMaximumDelay(std::chrono::milliseconds delay)
    Lets waits grow to \a delay, 0 to 2147483647 ms. A longer initialDelay() stays as it is. */
QTAMQP_FIELD(QAmqpRetryPolicy, milliseconds, maximumDelay, setMaximumDelay)

/*! \fn double QAmqpRetryPolicy::jitter() const
    Returns the part of each wait that is random; 0.5 by default. */
/*! \fn QAmqpRetryPolicy &QAmqpRetryPolicy::setJitter(double jitter)
    Leaves a random part of each wait out, up to \a jitter: 0 (nothing) to 1 (all of it). */
QTAMQP_FIELD(QAmqpRetryPolicy, double, jitter, setJitter)

/*! Returns whether \a attempt, the first being 1, may be made. */
bool QAmqpRetryPolicy::allowsAttempt(int attempt) const
{
    return maximumAttempts() == 0 || attempt <= maximumAttempts();
}

/*!
    Returns how long to wait after \a failedAttempts, at least 1. \a random, from 0 to 1, decides how
    much of the jitter is taken off.
*/
milliseconds QAmqpRetryPolicy::delayAfter(int failedAttempts, double random) const
{
    const double grown =
            double(initialDelay().count()) * std::pow(multiplier(), failedAttempts - 1);
    const double longest = double(std::max(initialDelay(), maximumDelay()).count());
    return milliseconds(qRound64(std::min(grown, longest) * (1 - jitter() * random)));
}

/*! Returns which number is out of range, and what the range is; empty if none is. */
QString QAmqpRetryPolicy::errorString() const
{
    return firstError({
            AttemptCount.error("number of attempts", maximumAttempts()),
            RetryDelay.error("initial delay between attempts", initialDelay()),
            RetryDelay.error("maximum delay between attempts", maximumDelay()),
            Range{1, 100, "", "", Range::Real}.error("multiplier of the delay", multiplier()),
            Range{0, 1, "", "", Range::Real}.error("jitter of the delay", jitter()),
    });
}

QDebug operator<<(QDebug debug, const QAmqpRetryPolicy &policy)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpRetryPolicy(" << policy.maximumAttempts() << " attempts, delay "
                           << policy.initialDelay().count() << " ms x " << policy.multiplier()
                           << " up to " << policy.maximumDelay().count() << " ms, jitter "
                           << policy.jitter() << ')';
}

QT_END_NAMESPACE
