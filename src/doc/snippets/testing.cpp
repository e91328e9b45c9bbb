// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Futures in a QtTest (\snippet). The tests compile it.

#include <QtAmqp/QtAmqp>

#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

//! [await]
// Lets the event loop run until the future ends, and returns what it failed with; none if it did not.
template<typename T>
QAmqpError errorOf(QFuture<T> future)
{
    if (!QTest::qWaitFor([&] { return future.isFinished(); }, 10000))
        qFatal("the future did not end");
    try {
        future.waitForFinished(); // throws what it failed with
    } catch (const QAmqpException &exception) {
        return exception.error();
    }
    return {};
}
//! [await]

void orderIsTaken(QAmqpChannel *channel)
{
    //! [in a test]
    const auto declared = channel->declareQueue(u"orders"_s);
    const QAmqpError error = errorOf(declared);
    QVERIFY2(!error, qPrintable(error.text()));
    QCOMPARE(declared.result().messageCount, 0U);

    const auto missing = channel->purgeQueue(u"nowhere"_s);
    QCOMPARE(errorOf(missing).kind(), QAmqpError::Kind::NotFound);
    //! [in a test]
}
