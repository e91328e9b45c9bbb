// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How much an outbox takes.

#include "outboxscene.h"

using Kind = QAmqpError::Kind;

class TestBoxLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void refusesMoreThanItsLimits_data() { placeColumn(); }
    void refusesMoreThanItsLimits()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"refused [12] messages: the outbox is full"_s));
        scene.box->setMaximumCount(3);
        scene.box->setMaximumBytes(1'000);
        QCOMPARE(scene.publish(QByteArray(500, 'x')), 1U);
        QCOMPARE(scene.publish(QByteArray(500, 'x')), 0U); // together with their ids
        QCOMPARE(scene.box->lastError().kind(), Kind::LimitExceeded);
        QCOMPARE(scene.publish(QByteArray(400, 'x')), 2U);
        QCOMPARE(scene.publish("5"), 3U);
        QCOMPARE(scene.publish(""), 0U);
        QCOMPARE(scene.box->count(), 3);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.box->bytes(), 0);
        scene.box->setOverflow(QAmqpOutbox::Overflow::DropOldest);
        QCOMPARE(scene.publish(QByteArray(1'000, 'x')), 0U); // too large by itself
        QCOMPARE(scene.publish("room"), 4U);
    }

    void dropsTheOldestIfAskedFor_data() { placeColumn(); }
    void dropsTheOldestIfAskedFor()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.box->setMaximumCount(5);
        scene.box->setOverflow(QAmqpOutbox::Overflow::DropOldest);
        scene.publishMany(1, 3);
        QCoreApplication::processEvents();
        scene.publishMany(4, 12);
        QCOMPARE(scene.box->count(), 5);
        QCOMPARE(scene.box->messages(100).size(), 5);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.failed.keys(), OutboxScene::ids(1, 7));
        QCOMPARE(scene.failed[7].kind(), Kind::LimitExceeded);
        QCOMPARE(scene.firstArrivals(), OutboxScene::numbers(8, 12));
    }

    void dropsWhatIsOnItsWayLast()
    {
        OutboxScene scene;
        scene.broker.setConfirming(u"q"_s, false);
        scene.box->setMaximumCount(3);
        scene.box->setWindow(2);
        scene.box->setOverflow(QAmqpOutbox::Overflow::DropOldest);
        scene.publishMany(1, 3);
        scene.open();
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.arrivals.size() == 2; }));
        scene.publish("4");
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 1; }));
        QCOMPARE(scene.failed.firstKey(), 3U); // 1 and 2 are on their way
        scene.box->setMaximumCount(2);
        scene.publish("5");
        QVERIFY(QAmqpTest::waitUntil([&] { return scene.failed.size() == 3; }));
        QCOMPARE(scene.failed.keys(), (QList<quint64>{1, 3, 4}));
        scene.broker.setConfirming(u"q"_s, true);
        scene.broker.dropConnections();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, (QList<quint64>{2, 5}));
    }

    // 10,000 messages of one turn are one transaction at most, and not all of them are loaded.
    void takesAnyNumberInOneTurn_data() { placeColumn(); }
    void takesAnyNumberInOneTurn()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        scene.publishMany(1, 25'000);
        QCOMPARE(scene.box->count(), 25'000);
        scene.box->pause();
        QList<quint64> seen;
        while (true) {
            const QList<QAmqpOutboxMessage> next =
                    scene.box->messages(700, seen.isEmpty() ? 0 : seen.constLast());
            if (next.isEmpty())
                break;
            for (const QAmqpOutboxMessage &each : next)
                seen.append(each.id);
        }
        QCOMPARE(seen, OutboxScene::ids(1, 25'000));
    }

    // More than 8 MiB are neither loaded nor on their way.
    void largeMessagesPassOneByOne_data() { placeColumn(); }
    void largeMessagesPassOneByOne()
    {
        QFETCH(Place, place);
        OutboxScene scene(place);
        const QByteArray body(3 * 1024 * 1024, 'x');
        for (int i = 0; i < 6; ++i)
            QVERIFY(scene.publish(body) != 0);
        QCOMPARE(scene.box->messages(100).size(), 3);
        scene.open();
        QVERIFY(scene.drains());
        QCOMPARE(scene.delivered, OutboxScene::ids(1, 6));
    }
};

QTAMQP_TEST(TestBoxLimits)

#include "tst_boxlimits.moc"
