// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_AWAIT_H
#define QTAMQP_TESTS_AWAIT_H

// The ends of futures, for tests: the only place that waits for one and looks what it threw.

#include <QtAmqp/qamqperror.h>
#include <QtCore/qfuture.h>
#include <QtTest/qtest.h>

#include <chrono>

namespace QtAmqpTest {

// The error that a finished future ended with; no error if it ended well.
template<typename T>
QAmqpError errorOf(QFuture<T> future)
{
    const auto misuse = [](QAmqpError::Kind kind, const char *text) {
        return QAmqpError(kind, QAmqpError::Scope::Operation, QAmqpError::Origin::Application,
                          QString::fromLatin1(text));
    };
    if (!future.isFinished())
        return misuse(QAmqpError::Kind::Timeout, "the future has not ended");
    try {
        future.waitForFinished();
    } catch (const QAmqpException &exception) {
        return exception.error();
    }
    if (future.isCanceled())
        return misuse(QAmqpError::Kind::Cancelled, "the future was merely cancelled");
    return {};
}

// The same after the event loop has run until it is finished, or for `patience`.
template<typename T>
QAmqpError await(QFuture<T> future, std::chrono::milliseconds patience = std::chrono::seconds(10))
{
    static_cast<void>(QTest::qWaitFor([&] { return future.isFinished(); }, int(patience.count())));
    return errorOf(future);
}

} // namespace QtAmqpTest

#endif
