// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

//! [test]
#include "orderdesk.h"

#include <QtAmqpTest/QtAmqpTest>
#include <QtTest/QtTest>

class TestOrders : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void eachOrderGetsItsBill()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        OrderDesk desk(broker.url());
        QVERIFY(QAmqpTest::waitUntil([&] { return broker.queue("bills").has_value(); }));
        broker.publish("", "orders", QAmqpMessage("3 apples"));
        QVERIFY(QAmqpTest::waitUntil([&] { return broker.counters().acknowledged == 1; }));
        QCOMPARE(broker.take("bills")->text(), "Bill: 3 apples");
    }
};

QTEST_GUILESS_MAIN(TestOrders)
#include "tst_orders.moc"
//! [test]
