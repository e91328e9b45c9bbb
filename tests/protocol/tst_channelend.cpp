// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How a channel closes: asked to, by the broker, by both at once, before it was open.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestChannelEnd : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void closesWhenAsked()
    {
        CoreDriver d(opened());
        ChannelCore *channel = d.channel();
        d.open();
        channel->close();
        QVERIFY(channel->isClosing());
        channel->close();
        d.then(Script().expect<ChannelClose>(
                               [](const ChannelClose &m) { return m.replyCode == 200; })
                       .reply(ChannelCloseOk{}));
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QVERIFY(!d.last<ChannelClosed>().error.isError());
    }

    void closeWaitsForRequestsAndConfirms()
    {
        CoreDriver d(
                opened().expect<ConfirmSelect>().expect<BasicPublish>().reply(ConfirmSelectOk{}));
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1")));
        channel->close();
        d.open();
        QCOMPARE(channel->state(), ChannelState::Draining);
        d.then(Script().reply(BasicNack{1, false, false})
                       .expect<ChannelClose>()
                       .reply(ChannelCloseOk{}));
        QCOMPARE(d.settlements(), u"nacked 1-1"_s);
    }

    void closeWaitsForAMessageThatWasGot()
    {
        CoreDriver d(opened().expect<BasicGet>());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(get("q")));
        channel->close();
        d.then(Script().sendContent(getOk(1), message("body"))
                       .expect<ChannelClose>()
                       .reply(ChannelCloseOk{}));
        QCOMPARE(d.count<Got>(), 1);
        QCOMPARE(d.last<Got>().message.body(), "body");
    }

    void closesAChannelThatNeverOpened()
    {
        CoreDriver d(Script().handshake().expect<ChannelOpen>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->close();
        d.then(Script().reply(ChannelOpenOk{}).expect<ChannelClose>().reply(ChannelCloseOk{}));
        QVERIFY(!d.last<ChannelClosed>().error.isError());
    }

    void brokerMayRefuseToOpen()
    {
        CoreDriver d(Script().handshake()
                             .expect<ChannelOpen>()
                             .reply(ChannelClose{403, "ACCESS_REFUSED", 20, 10})
                             .expect<ChannelCloseOk>());
        ChannelCore *channel = d.channel();
        const RequestId request = d.ask(channel->request(declare()));
        d.open();
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::AccessRefused);
        QCOMPARE(d.reply(request).error.kind(), Kind::Cancelled);
    }

    // As RabbitMQ does: what it had under way comes behind its channel.close, and harms no other channel.
    void whatComesBehindTheBrokersCloseIsDropped_data()
    {
        QTest::addColumn<bool>("forgotten");
        QTest::newRow("a channel that is kept") << false;
        QTest::newRow("a channel that is forgotten") << true;
    }

    void whatComesBehindTheBrokersCloseIsDropped()
    {
        QFETCH(bool, forgotten);
        const Script late =
                Script().sendContent(BasicDeliver{"t", 1, false, "", "q"}, message("late"))
                        .send(BasicAck{1, false});
        CoreDriver d(opened());
        ChannelCore *channel = d.channel();
        d.open();
        d.then(Script().send(ChannelClose{406, "PRECONDITION_FAILED", 60, 40})
                       .then(late)
                       .expect<ChannelCloseOk>());
        QCOMPARE(d.count<ChannelClosed>(), 1);
        if (forgotten)
            d.core.removeChannel(1);
        d.then(Script(late));
        QCOMPARE(d.core.state(), ConnectionState::Open);
        if (forgotten)
            return;
        d.core.removeChannel(1);
        channel = d.channel();
        QCOMPARE(channel->number(), 1);
        d.then(Script().expect<ChannelOpen>().then(late).reply(ChannelOpenOk{}));
        QCOMPARE(channel->state(), ChannelState::Open);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.count<Delivered>(), 0);
        channel->close();
        d.then(Script().expect<ChannelClose>().reply(ChannelCloseOk{}));
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.then(Script().on(7).send(BasicAck{1, false}).expect<ConnectionClose>()); // was never open
    }

    void bothSidesMayCloseAtOnce()
    {
        // Each answers the other's close; only then is the number free (§1.5.2.5).
        CoreDriver d(opened());
        ChannelCore *channel = d.channel();
        d.open();
        channel->publish(publishTo("q"), message("x"));
        channel->close();
        d.then(Script().expect<BasicPublish>()
                       .expect<ChannelClose>()
                       .send(ChannelClose{406, "PRECONDITION_FAILED - invalid expiration", 60, 40})
                       .expect<ChannelCloseOk>());
        QCOMPARE(d.count<ChannelClosed>(), 0);
        QCOMPARE(d.core.addChannel(1)->number(), 2);
        d.then(Script().on(2)
                       .expect<ChannelOpen>()
                       .on(1)
                       .send(ChannelCloseOk{})
                       .on(2)
                       .send(ChannelOpenOk{}));
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::PreconditionFailed);
        // RabbitMQ has not read our close-ok yet.
        d.then(Script().on(1).sendContent(delivery("t", 1), message("late")));
        QVERIFY(!d.count<Delivered>());
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void whatWasUnderWayWhileClosingIsDropped()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        d.run();
        channel->close();
        const auto before = d.events.size() + 1; // that nothing holds up the close
        d.then(Script().expect<ChannelClose>()
                       .sendContent(delivery("c", 1), message("late"))
                       .sendContent(delivery("c", 2), message(""))
                       .send(BasicCancel{"c", true})
                       .send(ChannelFlow{false}));
        QCOMPARE(d.events.size(), before);
        d.then(Script().send(ChannelCloseOk{}));
        QCOMPARE(d.last<ChannelClosed>().channel, 1);
    }

    void aNewChannelOnTheNumberStartsAfresh()
    {
        CoreDriver d(opened().expect<QueueDeclare>()
                             .reply(ChannelClose{404, "NOT_FOUND", 50, 10})
                             .expect<ChannelCloseOk>());
        ChannelCore *first = d.channel();
        d.open();
        d.ask(first->request(declare("a")));
        d.run();
        const quint64 nextTag = 41;
        d.core.removeChannel(1);
        ChannelCore *second = d.core.addChannel(nextTag);
        QCOMPARE(second->number(), 1);
        second->selectConfirms();
        QCOMPARE(d.published(second->publish(publishTo("q"), message("x"))), nextTag);
        d.then(Script().channelOpen()
                       .expect<ConfirmSelect>()
                       .reply(ConfirmSelectOk{})
                       .expect<BasicPublish>()
                       .reply(BasicAck{1, false}));
        QCOMPARE(d.settlements(), u"confirmed 41-41"_s);
        QCOMPARE(second->nextPublishTag(), 42u);
    }

    void anErrorOfOneChannelLeavesOthersAlone()
    {
        CoreDriver d(Script().handshake()
                             .channelOpen(1)
                             .channelOpen(2)
                             .on(1)
                             .expect<QueueDeclare>()
                             .on(2)
                             .expect<QueueDeclare>()
                             .on(1)
                             .send(ChannelClose{404, "NOT_FOUND", 50, 10})
                             .expect<ChannelCloseOk>()
                             .on(2)
                             .send(QueueDeclareOk{"b", 0, 0}));
        ChannelCore *first = d.channel();
        ChannelCore *second = d.channel();
        d.open();
        d.ask(first->request(declare("a")));
        const RequestId good = d.ask(second->request(declare("b")));
        d.run();
        QVERIFY(!d.reply(good).error.isError());
        QCOMPARE(second->state(), ChannelState::Open);
    }
};

QTAMQP_TEST(TestChannelEnd)
#include "tst_channelend.moc"
