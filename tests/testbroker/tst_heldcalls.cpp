// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is asked about a queue that is not back yet is held until it is, and ends once.

#include "testmain.h"

#include "comebackscene.h"

using namespace QtAmqpTest;

namespace {

// An exclusive queue "e" that is not back for a while after a loss: the broker has not noticed yet that the link which
// it belongs to is lost.
struct Absent
{
    Absent()
    {
        channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
    }
    void lose()
    {
        scene.pair.brokerNotices = false;
        scene.lose();
    }
    void comesBack()
    {
        scene.pair.brokerLooks();
        scene.pair.pass(5s);
    }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
};

} // namespace

class TestHeldCalls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // The broker has not noticed yet that the old link is lost, so that the exclusive queue is not to be had.
    void callsAboutAnAbsentQueueWaitForIt_data()
    {
        QTest::addColumn<bool>("wasSent");
        QTest::newRow("unanswered when the link was lost") << true;
        QTest::newRow("called while there was no link") << false;
    }
    void callsAboutAnAbsentQueueWaitForIt()
    {
        QFETCH(const bool, wasSent);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(exclusive("e"));
        scene.pair.run();
        bool isMute = wasSent;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return !isMute || method != BasicConsume::info.id();
        };
        RequestId consumer = 0;
        RequestId bound = 0;
        const auto call = [&] {
            consumer = channel->consume(consume("e", "c"));
            bound = channel->request(bind("e", "amq.direct"));
        };
        if (wasSent)
            call();
        scene.pair.run();
        isMute = false;
        scene.pair.brokerNotices = false;
        scene.lose();
        if (!wasSent)
            call();
        scene.pair.pass(5s);
        QCOMPARE(scene.count<Recovered>(), 1);
        QCOMPARE(scene.ends(consumer), 0);
        const quint64 tag = channel->publish(publishTo("k"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        scene.pair.brokerLooks();
        scene.pair.pass(5s);
        QVERIFY(scene.endedWell(consumer));
        QVERIFY(scene.endedWell(bound));
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.queue("e")->consumers().size(), size_t(1));
    }

    void callsAboutAQueueThatStaysAwayFail()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId consumer = channel->consume(consume("e", "c"));
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        scene.pair.pass(60s);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.end(bound).error.replyCode(), 405);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QVERIFY(channel->isUsable());
        channel->close();
        scene.pair.run();
        QCOMPARE(scene.count<ChannelClosed>(), 1);
    }

    void aChannelMayCloseWhileItsCallsWait()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        scene.pair.pass(5s);
        QCOMPARE(scene.ends(bound), 0);
        channel->close();
        scene.pair.pass(1s);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.end(bound).error.replyCode(), 405);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
    }

    void heldCallsEndOnceWhateverHappens_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("another loss") << 0;
        QTest::newRow("abort") << 1;
        QTest::newRow("the channel is closed by the broker") << 2;
        QTest::newRow("the broker is killed") << 3;
        QTest::newRow("another loss, and the broker notices both") << 4;
        QTest::newRow("the connection closes") << 5;
    }
    void heldCallsEndOnceWhateverHappens()
    {
        QFETCH(const int, what);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        const RequestId purged = channel->request(QueuePurge{.queue = "e"});
        const RequestId declared = channel->request(exclusive("e"));
        scene.pair.pass(5s);
        QCOMPARE(scene.ends(bound), 0);
        switch (what) {
        case 0: scene.lose(); break;
        case 1: scene.pair.client->abort(); break;
        case 2: channel->request(bind("nowhere", "amq.direct")); break;
        case 3: scene.pair.broker.restart(Broker::BrokerCore::Stop::Killed, scene.pair.now); break;
        case 4:
            scene.lose();
            scene.pair.pass(1s);
            scene.pair.brokerLooks();
            break;
        default: scene.pair.client->close(scene.pair.now + 60s);
        }
        scene.pair.pass(2min);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.ends(purged), 1);
        QCOMPARE(scene.ends(declared), 1);
    }

    // Otherwise the broker would have a consumer that nobody knows here, and each message would be given back to the
    // queue and delivered again without end, or be lost without acknowledgements.
    void aHeldConsumeMayBeCancelled_data()
    {
        QTest::addColumn<bool>("noAck");
        QTest::newRow("with acknowledgements") << false;
        QTest::newRow("without acknowledgements") << true;
    }
    void aHeldConsumeMayBeCancelled()
    {
        QFETCH(const bool, noAck);
        Absent a;
        a.lose();
        BasicConsume method = consume("e", "c");
        method.noAck = noAck;
        const RequestId consumer = a.channel->consume(method);
        a.scene.pair.pass(5s);
        QCOMPARE(a.scene.ends(consumer), 0);
        const RequestId cancel = a.channel->cancel("c");
        a.scene.pair.run();
        QVERIFY(a.scene.endedWell(cancel));
        QCOMPARE(a.scene.ends(consumer), 1);
        a.comesBack();
        a.scene.put("e", "1");
        QCOMPARE(a.scene.queue("e")->consumers().size(), size_t(0));
        QCOMPARE(a.scene.queue("e")->readyCount(), quint64(1));
        QCOMPARE(a.scene.ends(consumer), 1);
        QCOMPARE(a.scene.ends(cancel), 1);
        QCOMPARE(a.scene.asks<BasicNack>(), 0);
        QVERIFY(a.channel->isUsable());
    }

    // A broker closes the connection if a tag is used twice.
    void theTagOfAHeldConsumeIsFreeOnceItIsCancelled()
    {
        Absent a;
        a.channel->request(durable("q"));
        a.scene.pair.run();
        a.lose();
        a.channel->consume(consume("e", "c"));
        a.scene.pair.pass(5s);
        a.channel->cancel("c");
        a.scene.pair.pass(100ms);
        const RequestId again = a.channel->consume(consume("q", "c"));
        a.comesBack();
        QVERIFY(a.scene.endedWell(again));
        QCOMPARE(a.channel->consumerId("c"), again);
        QCOMPARE(a.scene.count<ChannelClosed>(), 0);
        QCOMPARE(a.scene.count<ConnectionClosed>(), 0);
        a.scene.put("q", "1");
        QCOMPARE(a.scene.last<Delivered>().consumer, again);
    }

    // Nobody waits for the queue any more, and it is for the broker to answer what is asked about it.
    void heldCallsOfADeletedQueueAreAnswered()
    {
        Absent a;
        ChannelCore *const other = a.scene.pair.client->addChannel(1);
        a.scene.pair.run();
        a.lose();
        const RequestId bound = a.channel->request(bind("e", "amq.direct"));
        const RequestId consumer = a.channel->consume(consume("e", "c"));
        a.scene.pair.pass(5s);
        QCOMPARE(a.scene.ends(bound), 0);
        a.scene.pair.brokerLooks();
        QueueDelete method;
        method.queue = "e";
        const RequestId deleted = other->request(method);
        a.scene.pair.run();
        QVERIFY(a.scene.endedWell(deleted));
        QCOMPARE(a.scene.ends(bound), 1);
        QCOMPARE(a.scene.end(bound).error.replyCode(), 404);
        a.scene.pair.pass(1min);
        QCOMPARE(a.scene.ends(bound), 1);
        QCOMPARE(a.scene.ends(consumer), 1);
        QVERIFY(other->isUsable());
    }

    void theConnectionClosesWhenItsHeldCallsHaveEnded()
    {
        Absent a;
        a.lose();
        const RequestId bound = a.channel->request(bind("e", "amq.direct"));
        a.scene.pair.pass(5s);
        a.scene.pair.client->close(a.scene.pair.now + 60s);
        a.scene.pair.pass(59s);
        QCOMPARE(a.scene.ends(bound), 1);
        QCOMPARE(a.scene.end(bound).error.replyCode(), 405);
        QCOMPARE(a.scene.count<ConnectionClosed>(), 1);
        QVERIFY(!a.scene.last<ConnectionClosed>().error.isError());
    }

    // Otherwise the queue would stay bound.
    void anUnbindStaysBehindAHeldBind()
    {
        Absent a;
        a.channel->selectConfirms();
        a.channel->request(exchange("x"));
        a.scene.pair.run();
        a.lose();
        const RequestId bound = a.channel->request(bind("e", "x"));
        a.scene.pair.pass(5s);
        a.scene.pair.brokerLooks(); // the queue may be declared now, and is not yet
        QueueUnbind method;
        method.queue = "e";
        method.exchange = "x";
        method.routingKey = "k";
        const RequestId unbound = a.channel->request(method);
        a.scene.pair.pass(5s);
        QVERIFY(a.scene.endedWell(bound));
        QVERIFY(a.scene.endedWell(unbound));
        a.channel->publish(publishTo("k", "x"), persistent("1"));
        a.scene.pair.run();
        QCOMPARE(a.scene.queue("e")->readyCount(), quint64(0));
    }

    // The broker's cancel has ended the consumer already when the link is lost, and the application's is not answered.
    void aCancelThatCrossesTheBrokersEndsWithTheLink_data()
    {
        QTest::addColumn<bool>("returns");
        QTest::newRow("of a consumer that returns") << true;
        QTest::newRow("of one that does not") << false;
    }
    void aCancelThatCrossesTheBrokersEndsWithTheLink()
    {
        QFETCH(const bool, returns);
        Consuming c(returns);
        c.scene.onAsked = [](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return method != BasicCancel::info.id();
        };
        const RequestId cancel = c.channel->cancel("c");
        c.scene.pair.run();
        c.scene.brokerDeletes("q");
        c.scene.pair.run();
        QCOMPARE(c.scene.ends(cancel), 0);
        c.scene.onAsked = {};
        QVERIFY(c.scene.loseAndRecover());
        QVERIFY(c.scene.endedWell(cancel));
        QCOMPARE(c.scene.asks<BasicConsume>(), 1);
    }
};

QTAMQP_TEST(TestHeldCalls)
#include "tst_heldcalls.moc"
