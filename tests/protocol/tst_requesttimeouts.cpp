// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The time a request may take, and what becomes of those behind it.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestRequestTimeouts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void timesOutFromWhenItIsTheOldest()
    {
        CoreDriver d(opened().expect<QueueDeclare>().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->request(declare("a")));
        const RequestId second = d.ask(channel->request(declare("b")));
        d.run();
        const TimePoint start = d.now;
        d.pass(20s);
        d.then(Script().reply(QueueDeclareOk{"a", 0, 0}));
        QVERIFY(d.ended(first) && !d.ended(second));
        d.pass(29999ms);
        QVERIFY(!d.ended(second));
        d.pass(1ms);
        QVERIFY(d.now - start == 50s);
        QCOMPARE(d.reply(second).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(second).error.scope(), Scope::Operation);
        QCOMPARE(d.reply(second).error.method(), u"queue.declare"_s);
        QVERIFY(!d.reply(second).error.text().contains(u"blocked"_s));
        QCOMPARE(channel->state(), ChannelState::Open);
    }

    void keepsItsPlaceWhenItTimedOut()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->request(declare("a")));
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(first).error.kind(), Kind::Timeout);
        const RequestId second = d.ask(channel->request(declare("b")));
        d.then(Script().expect<QueueDeclare>().reply(QueueDeclareOk{"a", 0, 0}));
        QVERIFY(!d.ended(second));
        d.then(Script().reply(QueueDeclareOk{"b", 0, 0}));
        QCOMPARE(d.reply(second).name, "b");
    }

    void ofSeveralChannelsEachHasItsTime()
    {
        CoreDriver d(Script().handshake({2047, 131072, 0})
                             .channelOpen(1)
                             .channelOpen(2)
                             .channelOpen(3)
                             .on(3)
                             .expect<QueueDeclare>());
        ChannelCore *idle = d.channel();
        ChannelCore *second = d.channel();
        ChannelCore *third = d.channel();
        d.open();
        QVERIFY(!d.core.nextTimeout()); // nothing is waited for
        const RequestId early = d.ask(third->request(declare("a")));
        d.run();
        d.pass(10s);
        d.then(Script().on(2).expect<QueueDeclare>());
        const RequestId late = d.ask(second->request(declare("b")));
        d.run();
        d.pass(20s);
        QCOMPARE(d.reply(early).error.kind(), Kind::Timeout);
        QVERIFY(!d.ended(late));
        d.pass(10s);
        QCOMPARE(d.reply(late).error.kind(), Kind::Timeout);
        QVERIFY(!d.core.nextTimeout());
        const RequestId again = d.ask(idle->request(declare("c")));
        d.then(Script().on(1).expect<QueueDeclare>().reply(QueueDeclareOk{"c", 0, 0}));
        QCOMPARE(d.reply(again).name, "c");
    }

    void saysThatTheBrokerBlocks()
    {
        CoreDriver d(opened().send(ConnectionBlocked{"memory"}).expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(declare("a")));
        d.run();
        d.pass(30s);
        QVERIFY(d.reply(request).error.text().contains(u"blocked"_s));
    }

    // No request may be sent before the answer to these, and acknowledgements and publishes behind such a
    // request keep their order: without it the channel would be stuck without a word.
    void aLostConsumeOrCancelEndsTheChannel_data()
    {
        QTest::addColumn<bool>("cancels");
        QTest::newRow("consume") << false;
        QTest::newRow("cancel") << true;
    }

    void aLostConsumeOrCancelEndsTheChannel()
    {
        QFETCH(bool, cancels);
        Script script =
                opened().expect<ConfirmSelect>().reply(ConfirmSelectOk{}).expect<BasicConsume>();
        if (cancels)
            script.reply(BasicConsumeOk{"c"}).expect<BasicCancel>();
        CoreDriver d(script);
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        d.open();
        const RequestId consumed = d.ask(channel->consume(consume("q", "c")));
        if (cancels)
            d.run();
        const RequestId lost = cancels ? d.ask(channel->cancel("c")) : consumed;
        const RequestId waiting = d.ask(channel->request(declare("a")));
        d.published(channel->publish(publishTo("q"), message("x")));
        const TimePoint start = d.now;
        d.then(Script().expect<ChannelClose>());
        d.pass(30s);
        QVERIFY(d.now - start == 30s);
        QCOMPARE(d.reply(lost).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(lost).error.scope(), Scope::Channel);
        QCOMPARE(d.reply(waiting).error.kind(), Kind::Cancelled);
        QCOMPARE(d.reply(waiting).error.cause().kind(), Kind::Timeout);
        QCOMPARE(d.settlements(), u"indeterminate 1-1"_s);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::Timeout);
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.core.addChannel(1)->number(), quint16(2)); // until the broker has answered
    }

    void aChannelThatDoesNotOpenIsGivenUp()
    {
        CoreDriver d(Script().handshake({0, 0, 0}).expect<ChannelOpen>());
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        const RequestId request = d.ask(channel->request(declare("a")));
        d.published(channel->publish(publishTo("a"), message("x")));
        d.open();
        d.then(Script().expect<ChannelClose>());
        d.pass(29s);
        QVERIFY(!d.ended(request));
        d.pass(1s);
        QCOMPARE(d.reply(request).error.kind(), Kind::Cancelled);
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::Timeout);
        const QAmqpError error = d.last<ChannelClosed>().error;
        QCOMPARE(error.kind(), Kind::Timeout);
        QCOMPARE(error.scope(), Scope::Channel);
        QCOMPARE(error.method(), u"channel.open"_s);
        QCOMPARE(d.settlements(), u"indeterminate 1-1"_s);
        d.core.removeChannel(1);
        // The number is the broker's until it has answered.
        QCOMPARE(d.core.addChannel(1)->number(), 2);
        d.then(Script().on(2)
                       .expect<ChannelOpen>()
                       .on(1)
                       .reply(ChannelOpenOk())
                       .reply(ChannelCloseOk()));
        QVERIFY(!d.core.channel(1));
        QCOMPARE(d.count<ChannelOpened>(), 0);
        QCOMPARE(d.count<ChannelClosed>(), 1);
    }

    void aChannelThatDoesNotCloseIsGivenUp()
    {
        CoreDriver d(opened().expect<ChannelClose>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->close();
        d.run();
        d.pass(30s);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::Timeout);
        QCOMPARE(d.last<ChannelClosed>().error.method(), u"channel.close"_s);
        d.core.removeChannel(1);
        QVERIFY(d.core.channel(1));
        d.then(Script().reply(ChannelCloseOk()));
        QVERIFY(!d.core.channel(1));
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void aTimedOutRequestDoesNotHoldUpTheClose()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(declare("a")));
        channel->close();
        d.run();
        QCOMPARE(d.count<ChannelClosed>(), 0);
        d.then(Script().expect<ChannelClose>());
        d.pass(30s);
        QCOMPARE(d.reply(request).error.kind(), Kind::Timeout);
        d.then(Script().reply(ChannelCloseOk()));
        QVERIFY(!d.last<ChannelClosed>().error);
        QCOMPARE(d.count<ChannelClosed>(), 1);
    }

    void aCommitWithoutAnAnswerEndsTheChannel()
    {
        CoreDriver d(opened().expect<TxSelect>().reply(TxSelectOk()).expect<TxCommit>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectTransactions();
        const RequestId commit = d.ask(channel->request(TxCommit{}));
        channel->publish(publishTo("q"), message("x"));
        d.then(Script().expect<ChannelClose>());
        d.pass(30s);
        QCOMPARE(d.reply(commit).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(commit).error.scope(), Scope::Channel);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::Timeout);
    }

    void awaitedAnswersEnd()
    {
        CoreDriver d(opened());
        ChannelCore *channel = d.channel();
        const QAmqpError late(Kind::Timeout, Scope::Operation, QAmqpError::Origin::Library,
                              u"too late"_s);
        const RequestId second = d.ask(channel->await(d.now + 2s, late).second);
        const RequestId first = d.ask(channel->await(d.now + 1s, late).second);
        const RequestId last = d.ask(channel->await(TimePoint::max(), late).second);
        const Deadline forgotten = channel->await(d.now + 1s, late);
        d.open();
        channel->forget(forgotten);
        d.pass(1500ms);
        QCOMPARE(d.reply(first).error, late);
        QCOMPARE(d.count<Replied>(), 1);
        d.pass(600ms);
        QCOMPARE(d.reply(second).error, late);
        d.lose();
        QCOMPARE(d.reply(last).error.kind(), Kind::ConnectionLost);
        QVERIFY(d.reply(last).error.text().startsWith(u"no reply can come any more: "_s));
        QCOMPARE(d.count<Replied>(), 3);
    }

    void requestTimeoutMayBeOff()
    {
        CoreDriver d(opened().expect<QueueDeclare>().stall(),
                     QAmqpConnectionOptions().setRequestTimeout(0ms));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(declare("a")));
        d.run();
        QVERIFY(!d.core.nextTimeout());
        d.pass(1h);
        QVERIFY(!d.ended(request));
    }
};

QTAMQP_TEST(TestRequestTimeouts)
#include "tst_requesttimeouts.moc"
