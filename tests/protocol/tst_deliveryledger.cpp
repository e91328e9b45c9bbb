// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Which tags reach the broker: only those of messages that were shown and are unsettled. And how many a
// consumer is shown.

#include "protocol/deliveryledger.h"
#include "testmain.h"

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;

class TestDeliveryLedger : public QObject
{
    Q_OBJECT

    static void deliver(DeliveryLedger &ledger, quint64 tag, quint32 consumer, bool shown)
    {
        ledger.delivered(tag, consumer);
        if (shown)
            QVERIFY(ledger.show(tag));
    }
    // Settles one in silence.
    static bool settle(DeliveryLedger &ledger, quint64 tag, bool multiple = false)
    {
        return ledger.settle(tag, multiple, Settlement::Ack, {}, [](quint64, bool, Settlement) {})
                == Settling::Accepted;
    }

private Q_SLOTS:
    void tagsAreSettledOnce()
    {
        DeliveryLedger tags;
        const quint32 consumer = tags.addConsumer(0);
        QStringList sent;
        const auto settle = [&](quint64 tag, bool multiple) {
            sent.clear();
            const Settling settling = tags.settle(
                    tag, multiple, Settlement::Ack, {}, [&](quint64 each, bool all, Settlement) {
                        sent += (all ? u"to %1"_s : u"%1"_s).arg(each);
                    });
            return settling == Settling::Accepted;
        };
        QVERIFY(!settle(0, false));
        QVERIFY(!settle(1, true));
        for (const quint64 tag : {1u, 2u, 4u, 5u, 9u}) // 3 and 6 to 8 need no acknowledgement
            deliver(tags, tag, consumer, true);
        QVERIFY(!settle(3, false));
        QVERIFY(!settle(10, true));
        QVERIFY(settle(2, false));
        QCOMPARE(sent, QStringList({u"2"_s}));
        QVERIFY(!settle(2, false));
        QVERIFY(!settle(2, true));
        QVERIFY(sent.isEmpty());
        QCOMPARE(tags.lastShown(), 9U);
        QVERIFY(settle(4, true));
        QCOMPARE(sent, QStringList({u"to 4"_s}));
        QVERIFY(!settle(1, false));
        QVERIFY(settle(9, false));
        QCOMPARE(tags.lastShown(), 5U);
        QVERIFY(settle(5, true));
        QCOMPARE(tags.lastShown(), 0U);
        deliver(tags, 20, consumer, true);
        tags.recover();
        QVERIFY(!settle(20, false));
        tags.recovered();
        QVERIFY(!settle(20, false));
        QVERIFY(!tags.contains(20));
    }

    void heldTagsAreSettledOneByOne()
    {
        DeliveryLedger tags;
        const quint32 consumer = tags.addConsumer(0);
        QStringList sent;
        const auto settle = [&](quint64 tag, bool multiple) {
            sent.clear();
            const Settling settling = tags.settle(
                    tag, multiple, Settlement::Ack, {}, [&](quint64 each, bool all, Settlement) {
                        sent += (all ? u"to %1"_s : u"%1"_s).arg(each);
                    });
            return settling == Settling::Accepted;
        };
        for (const quint64 tag : {1u, 2u, 4u, 5u, 6u, 7u})
            deliver(tags, tag, consumer, tag != 2 && tag != 5 && tag != 7);
        QCOMPARE(tags.lastShown(), 6U);
        QVERIFY(settle(4, true));
        QCOMPARE(sent, QStringList({u"1"_s, u"4"_s}));
        QVERIFY(settle(5, false)); // given back by its consumer
        QVERIFY(tags.show(7));
        QVERIFY(tags.show(7));
        QVERIFY(settle(7, true));
        QCOMPARE(sent, QStringList({u"6"_s, u"7"_s}));
        QCOMPARE(tags.lastShown(), 0U);
        QVERIFY(tags.show(2));
        QCOMPARE(tags.lastShown(), 2U);
        QVERIFY(settle(2, true));
        QCOMPARE(sent, QStringList({u"to 2"_s}));
    }

    // One that is kept for long does not keep those behind it, nor do tags that were left out.
    void whatIsSettledMakesRoom()
    {
        DeliveryLedger ledger;
        const quint32 consumer = ledger.addConsumer(0);
        deliver(ledger, 1, consumer, true);
        constexpr quint64 gap = 1000;
        for (quint64 tag = gap; tag < 5000 * gap; tag += tag % 3 ? 1 : gap) {
            deliver(ledger, tag, consumer, true);
            QVERIFY(!ledger.contains(tag - 1));
            QVERIFY(settle(ledger, tag));
            QVERIFY(!settle(ledger, tag));
            QVERIFY(ledger.size() <= 2 * 64);
        }
        QCOMPARE(ledger.lastShown(), 1U);
        QVERIFY(settle(ledger, 1));
        QCOMPARE(ledger.size(), size_t(0));
    }

    void tagsAreFoundBehindGaps()
    {
        DeliveryLedger ledger;
        const quint32 consumer = ledger.addConsumer(0);
        QList<quint64> unsettled;
        quint64 tag = 0;
        for (int i = 0; i < 100; ++i) {
            tag += 1 + quint64(i % 4);
            deliver(ledger, tag, consumer, true);
            unsettled.append(tag);
        }
        for (int i = 0; !unsettled.isEmpty(); i += 7) {
            QVERIFY(settle(ledger, unsettled.takeAt(i % unsettled.size())));
            for (quint64 each = 0; each <= tag + 1; ++each)
                QCOMPARE(ledger.contains(each), unsettled.contains(each));
        }
    }

    void aConsumerIsShownAsManyAsItsPrefetch()
    {
        DeliveryLedger ledger;
        const quint32 two = ledger.addConsumer(2);
        const quint32 any = ledger.addConsumer(0);
        for (quint64 tag = 1; tag <= 8; ++tag)
            ledger.delivered(tag, tag % 2 ? two : any);
        ledger.delivered(9, DeliveryLedger::Nobody);
        for (quint64 tag = 2; tag <= 8; tag += 2)
            QVERIFY(ledger.show(tag));
        QVERIFY(ledger.show(9));
        QVERIFY(ledger.show(1) && ledger.show(3));
        QVERIFY(!ledger.show(5));
        QVERIFY(settle(ledger, 4)); // another's
        QVERIFY(!ledger.show(5));
        QVERIFY(settle(ledger, 3, true));
        QVERIFY(ledger.show(5) && ledger.show(7));
        QVERIFY(settle(ledger, 9, true));
        QCOMPARE(ledger.lastShown(), 0U);
    }

    void whatIsFarBeyondThePrefetchIsAFlood()
    {
        DeliveryLedger ledger;
        const quint32 consumer = ledger.addConsumer(2);
        quint64 tag = 0;
        for (int i = 0; i < 8; ++i) {
            ledger.delivered(++tag, consumer);
            QVERIFY(!ledger.isFlooded(consumer));
        }
        ledger.delivered(++tag, consumer);
        QVERIFY(ledger.isFlooded(consumer));
        QVERIFY(settle(ledger, tag));
        QVERIFY(!ledger.isFlooded(consumer));
        ledger.delivered(++tag, DeliveryLedger::Nobody); // what is got does not count
        QVERIFY(!ledger.isFlooded(consumer));
        ledger.recover();
        ledger.recovered();
        ledger.delivered(++tag, consumer);
        QVERIFY(!ledger.isFlooded(consumer));
    }

    // Other brokers mean all consumers of the channel by it.
    void aLaterPrefetchMayBeThatOfAll()
    {
        DeliveryLedger ledger;
        const quint32 consumer = ledger.addConsumer(1);
        ledger.consumerPrefetch(3);
        for (quint64 tag = 1; tag <= 12; ++tag)
            ledger.delivered(tag, consumer);
        QVERIFY(!ledger.isFlooded(consumer));
        QVERIFY(ledger.show(1));
        QVERIFY(!ledger.show(2)); // what was promised is kept
        ledger.delivered(13, consumer);
        QVERIFY(ledger.isFlooded(consumer));
        ledger.consumerPrefetch(0);
        QVERIFY(!ledger.isFlooded(consumer));
    }

    void thePrefetchOfTheChannelBoundsAll()
    {
        DeliveryLedger ledger;
        ledger.channelPrefetch(2);
        const quint32 one = ledger.addConsumer(0);
        const quint32 other = ledger.addConsumer(0);
        ledger.started(one);
        ledger.started(other);
        for (quint64 tag = 1; tag <= 8; ++tag)
            ledger.delivered(tag, tag % 2 ? one : other);
        QVERIFY(!ledger.isFlooded(one));
        ledger.delivered(9, one);
        QVERIFY(ledger.isFlooded(other));
        ledger.removeConsumer(other);
        QVERIFY(!ledger.isFlooded(one));
        ledger.channelPrefetch(1); // what obeyed the old one may be on its way
        for (quint64 tag = 10; tag <= 12; ++tag)
            ledger.delivered(tag, one);
        QVERIFY(!ledger.isFlooded(one));
        QVERIFY(settle(ledger, 8)); // of a consumer that is over
        ledger.delivered(13, one);
        QVERIFY(ledger.isFlooded(one));
        // RabbitMQ drops it for a moment when it hears of the next consumer's.
        ledger.consumerPrefetch(5);
        ledger.channelPrefetch(2);
        QVERIFY(!ledger.isFlooded(one));
    }

    // What may be a stream's is not given back, nor is it settled with others.
    void whatIsLeftOutIsSettledWithNothingElse()
    {
        DeliveryLedger ledger;
        const quint32 consumer = ledger.addConsumer(0);
        ledger.leftOut(); // 1
        QStringList sent;
        const auto send = [&](quint64 tag, bool multiple, Settlement) {
            sent.append(QString::number(tag) + (multiple ? u"+"_s : u""_s));
        };
        const auto settleAfter = [&](quint64 tag) {
            for (const quint64 each : {tag, tag + 1}) {
                ledger.delivered(each, consumer);
                ledger.show(each);
            }
            ledger.settle(tag + 1, true, Settlement::Ack, {}, send);
        };
        settleAfter(2);
        QCOMPARE(sent, QStringList({u"2"_s, u"3"_s}));
        ledger.clear();
        settleAfter(4);
        QCOMPARE(sent.last(), u"5+"_s);
    }

    void consumersThatAreOverMakeRoom()
    {
        DeliveryLedger ledger;
        const quint32 first = ledger.addConsumer(1);
        ledger.delivered(1, first);
        ledger.removeConsumer(first);
        QVERIFY(ledger.addConsumer(1) != first);
        QVERIFY(settle(ledger, 1));
        QCOMPARE(ledger.addConsumer(1), first);
    }
};

QTAMQP_TEST(TestDeliveryLedger)
#include "tst_deliveryledger.moc"
