// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPTEST_H
#define QAMQPTEST_H

#include <QtAmqpTest/qtamqptestglobal.h>

#include <QtAmqp/qamqpresult.h>
#include <QtCore/qfuture.h>

#include <chrono>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QAmqpTest {

constexpr std::chrono::milliseconds DefaultTimeout = std::chrono::seconds(5);

Q_AMQP_TEST_EXPORT bool waitUntil(const std::function<bool()> &condition,
                                  std::chrono::milliseconds timeout = DefaultTimeout);

Q_AMQP_TEST_EXPORT QAmqpResult<void> result(const QFuture<void> &future,
                                            std::chrono::milliseconds timeout = DefaultTimeout);

template<typename T>
QAmqpResult<T> result(const QFuture<T> &future, std::chrono::milliseconds timeout = DefaultTimeout)
{
    const QAmqpResult<void> done = result(QFuture<void>(future), timeout);
    if (!done)
        return done.error();
    return future.result();
}

} // namespace QAmqpTest

QT_END_NAMESPACE

#endif
