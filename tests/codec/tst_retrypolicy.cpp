// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include <QtAmqp/qamqpretrypolicy.h>

#include <QtCore/qdebug.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestRetryPolicy : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void triesOnceUnlessToldOtherwise()
    {
        const QAmqpRetryPolicy policy;
        QCOMPARE(policy.maximumAttempts(), 1);
        QVERIFY(policy.initialDelay() == 2s);
        QCOMPARE(policy.multiplier(), 2.0);
        QVERIFY(policy.maximumDelay() == 30s);
        QCOMPARE(policy.jitter(), 0.5);
        QVERIFY(policy.allowsAttempt(1));
        QVERIFY(!policy.allowsAttempt(2));
        QCOMPARE(policy.errorString(), QString());
    }

    void endlessPolicyNeverGivesUp()
    {
        const QAmqpRetryPolicy policy = QAmqpRetryPolicy::endless();
        QVERIFY(policy.allowsAttempt(2147483647));
        QVERIFY(policy.delayAfter(1, 0) == 250ms);
        QVERIFY(policy.delayAfter(2, 0) == 500ms);
        QVERIFY(policy.delayAfter(7, 0) == 16s);
        QVERIFY(policy.delayAfter(8, 0) == 30s);
        QVERIFY(policy.delayAfter(2147483647, 0) == 30s);
        QVERIFY(policy.delayAfter(8, 0.5) == 15s);
        QVERIFY(policy.delayAfter(8, 1) == 0s);
        QCOMPARE(policy.errorString(), QString());
    }

    void countsAttempts()
    {
        const QAmqpRetryPolicy three = QAmqpRetryPolicy().setMaximumAttempts(3);
        QVERIFY(three.allowsAttempt(3));
        QVERIFY(!three.allowsAttempt(4));
        QVERIFY(QAmqpRetryPolicy().setMaximumAttempts(0).allowsAttempt(2147483647));
    }

    void waitsGrowToTheLongest()
    {
        const QAmqpRetryPolicy policy;
        QVERIFY(policy.delayAfter(1, 0) == 2s);
        QVERIFY(policy.delayAfter(2, 0) == 4s);
        QVERIFY(policy.delayAfter(4, 0) == 16s);
        QVERIFY(policy.delayAfter(5, 0) == 30s);
        QVERIFY(policy.delayAfter(2147483647, 0) == 30s);
        QVERIFY(QAmqpRetryPolicy().setMultiplier(1).delayAfter(100, 0) == 2s);
        QVERIFY(QAmqpRetryPolicy().setInitialDelay(0ms).delayAfter(100, 0) == 0s);
        // A long first wait is what was asked for.
        const QAmqpRetryPolicy slow = QAmqpRetryPolicy().setInitialDelay(60s);
        QVERIFY(slow.delayAfter(1, 0) == 60s);
        QVERIFY(slow.delayAfter(9, 0) == 60s);
    }

    void chanceTakesAPartOff()
    {
        const QAmqpRetryPolicy policy;
        QVERIFY(policy.delayAfter(1, 1) == 1s);
        QVERIFY(policy.delayAfter(2, 0.5) == 3s);
        QVERIFY(QAmqpRetryPolicy().setJitter(1).delayAfter(1, 1) == 0s);
        QVERIFY(QAmqpRetryPolicy().setJitter(0).delayAfter(1, 1) == 2s);
    }

    void comparesAndPrints()
    {
        QCOMPARE(QAmqpRetryPolicy().setJitter(0.5), QAmqpRetryPolicy());
        QVERIFY(QAmqpRetryPolicy().setMaximumAttempts(2) != QAmqpRetryPolicy());
        QVERIFY(QAmqpRetryPolicy().setInitialDelay(1s) != QAmqpRetryPolicy());
        QVERIFY(QAmqpRetryPolicy().setMultiplier(1) != QAmqpRetryPolicy());
        QVERIFY(QAmqpRetryPolicy().setMaximumDelay(1s) != QAmqpRetryPolicy());
        QVERIFY(QAmqpRetryPolicy().setJitter(0) != QAmqpRetryPolicy());
        QString text;
        QDebug(&text) << QAmqpRetryPolicy();
        QCOMPARE(text,
                 u"QAmqpRetryPolicy(1 attempts, delay 2000 ms x 2 up to 30000 ms, jitter 0.5) "_s);
    }
};

QTAMQP_TEST(TestRetryPolicy)

#include "tst_retrypolicy.moc"
