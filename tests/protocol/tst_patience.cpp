// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// How long is waited: for a peer that this side did not read, and for what keeps a channel from closing.

#include "coredriver.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestPatience : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void whatWasNotReadIsNamedInTheLoss_data();
    void whatWasNotReadIsNamedInTheLoss();
    void slotsThatTookLongAreNamedInTheLoss();
    void aQuietPeerIsNoPause();
    void aPauseIsForgotten();

    void closeDoesNotWaitForEverForConfirms();
    void eachConfirmGivesACloseMoreTime();
    void closeTellsThatTheBrokerHasBlocked();
    void closeDoesNotWaitForEverForTheFlow();
    void closeWaitsForEverIfAsked();
    void withoutCloseConfirmsHaveNoTime();
};

static QAmqpConnectionOptions quiet() { return QAmqpConnectionOptions().setHeartbeat(0s); }

static Script opened() { return Script().handshake({2047, 131072, 0}); }

static Script openedChannel() { return opened().channelOpen(); }

void TestPatience::whatWasNotReadIsNamedInTheLoss_data()
{
    QTest::addColumn<int>("seconds");
    QTest::addColumn<bool>("resumed");
    QTest::addColumn<bool>("named");
    QTest::newRow("still not read") << 31 << false << true;
    QTest::newRow("read again") << 31 << true << true;
    QTest::newRow("too short for that") << 20 << false << false;
    QTest::newRow("short, read again") << 20 << true << false;
}

void TestPatience::whatWasNotReadIsNamedInTheLoss()
{
    QFETCH(int, seconds);
    QFETCH(bool, resumed);
    QFETCH(bool, named);
    CoreDriver d(opened(), quiet());
    d.open();
    d.pass(100s);
    d.core.setReading(false, d.now);
    d.pass(std::chrono::seconds(seconds));
    if (resumed)
        d.core.setReading(true, d.now);
    d.run();
    d.lose(u"the connection to h was lost: gone"_s);
    QCOMPARE(d.error().kind(), Kind::ConnectionLost);
    QCOMPARE(d.error().text(),
             named ? u"the connection to h was lost: gone; nothing was read from it for 31 s, and "
                     "RabbitMQ closes a connection that is not read for 30 s: take its messages "
                     "faster, or consume with acknowledgement and a prefetch"_s
                   : u"the connection to h was lost: gone"_s);
    QCOMPARE(d.error().cause().isError(), named);
}

void TestPatience::slotsThatTookLongAreNamedInTheLoss()
{
    CoreDriver d(opened(), quiet());
    d.open();
    d.onEvent = [&](const Event &event) {
        if (std::holds_alternative<BlockedChanged>(event))
            d.now += 40s;
    };
    d.then(Script().send(ConnectionBlocked{"low"}));
    d.lose();
    QVERIFY2(d.error().text().contains(u"nothing was read from it for 40 s"),
             qPrintable(d.error().text()));
}

void TestPatience::aQuietPeerIsNoPause()
{
    CoreDriver d(opened(), quiet());
    d.open();
    d.pass(1h);
    d.lose();
    QCOMPARE(d.error().text(), u"the link is gone"_s);
}

void TestPatience::aPauseIsForgotten()
{
    CoreDriver d(opened(), quiet());
    d.open();
    d.core.setReading(false, d.now);
    d.pass(40s);
    d.core.setReading(true, d.now);
    d.pass(61s);
    d.lose();
    QCOMPARE(d.error().text(), u"the link is gone"_s);
}

void TestPatience::closeDoesNotWaitForEverForConfirms()
{
    CoreDriver d(openedChannel()
                         .expect<ConfirmSelect>()
                         .reply(ConfirmSelectOk{})
                         .expect<BasicPublish>()
                         .expect<BasicPublish>()
                         .expect<BasicPublish>(),
                 quiet());
    ChannelCore *channel = d.channel();
    d.open();
    channel->selectConfirms();
    for (int i = 0; i < 3; ++i)
        d.published(channel->publish(publishTo("q"), QAmqpMessage("x")));
    d.run();
    channel->close();
    d.run();
    d.then(Script().send(BasicAck{2}));
    d.pass(29s);
    QVERIFY(channel->isClosing());
    QCOMPARE(d.count<ChannelClosed>(), 0);
    d.then(Script().after(1s).expect<ChannelClose>());
    QCOMPARE(d.count<ChannelClosed>(), 1);
    const QAmqpError error = d.last<ChannelClosed>().error;
    QCOMPARE(error.kind(), Kind::Timeout);
    QCOMPARE(error.scope(), Scope::Channel);
    QCOMPARE(error.origin(), Origin::Library);
    QCOMPARE(
            error.text(),
            u"channel 1 was closed before the broker had answered for 2 publishes, since it answered for none within 30000 ms"_s);
    QCOMPARE(d.settlements(), u"confirmed 2-2, indeterminate 1-1, indeterminate 3-3"_s);
    // The number is free once the broker agrees; a confirm that comes after all is no error.
    d.then(Script().send(BasicAck{1}).send(ChannelCloseOk{}));
    QVERIFY(d.core.state() == ConnectionState::Open);
}

void TestPatience::eachConfirmGivesACloseMoreTime()
{
    CoreDriver d(openedChannel()
                         .expect<ConfirmSelect>()
                         .reply(ConfirmSelectOk{})
                         .expect<BasicPublish>()
                         .expect<BasicPublish>(),
                 quiet());
    ChannelCore *channel = d.channel();
    d.open();
    channel->selectConfirms();
    for (int i = 0; i < 2; ++i)
        d.published(channel->publish(publishTo("q"), QAmqpMessage("x")));
    d.run();
    channel->close();
    d.pass(20s);
    d.then(Script().send(BasicAck{1}));
    channel->close(); // once more is nothing new
    d.pass(29s);
    QCOMPARE(d.count<ChannelClosed>(), 0);
    d.then(Script().send(BasicAck{2}).expect<ChannelClose>().reply(ChannelCloseOk{}));
    QCOMPARE(d.count<ChannelClosed>(), 1);
    QVERIFY(!d.last<ChannelClosed>().error);
}

void TestPatience::closeTellsThatTheBrokerHasBlocked()
{
    CoreDriver d(openedChannel()
                         .expect<ConfirmSelect>()
                         .reply(ConfirmSelectOk{})
                         .expect<BasicPublish>()
                         .send(ConnectionBlocked{"low"})
                         .expect<ChannelClose>()
                         .reply(ChannelCloseOk{}),
                 quiet());
    ChannelCore *channel = d.channel();
    d.open();
    channel->selectConfirms();
    d.published(channel->publish(publishTo("q"), QAmqpMessage("x")));
    d.run();
    channel->close();
    d.pass(30s);
    const QString text = d.last<ChannelClosed>().error.text();
    QVERIFY2(text.contains(u"blocked, see QAmqpConnection::blockedReason()"), qPrintable(text));
}

void TestPatience::closeDoesNotWaitForEverForTheFlow()
{
    CoreDriver d(openedChannel()
                         .send(ChannelFlow{false})
                         .expect<ChannelFlowOk>()
                         .expect<ChannelClose>()
                         .reply(ChannelCloseOk{}),
                 quiet());
    ChannelCore *channel = d.channel();
    d.open();
    channel->publish(publishTo("q"), QAmqpMessage("x"));
    channel->close();
    d.pass(30s);
    QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::Timeout);
    QVERIFY(d.last<ChannelClosed>().error.text().contains(u"for 1 publishes"));
}

void TestPatience::closeWaitsForEverIfAsked()
{
    CoreDriver d(
            openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{}).expect<BasicPublish>(),
            quiet().setRequestTimeout(0ms));
    ChannelCore *channel = d.channel();
    d.open();
    channel->selectConfirms();
    channel->publish(publishTo("q"), QAmqpMessage("x"));
    channel->close();
    d.pass(24h);
    QCOMPARE(d.count<ChannelClosed>(), 0);
    d.then(Script().send(BasicAck{1}).expect<ChannelClose>().reply(ChannelCloseOk{}));
    QCOMPARE(d.count<ChannelClosed>(), 1);
}

void TestPatience::withoutCloseConfirmsHaveNoTime()
{
    CoreDriver d(
            openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{}).expect<BasicPublish>(),
            quiet());
    ChannelCore *channel = d.channel();
    d.open();
    channel->selectConfirms();
    channel->publish(publishTo("q"), QAmqpMessage("x"));
    d.pass(24h);
    QCOMPARE(d.count<ChannelClosed>(), 0);
    d.then(Script().send(BasicAck{1}));
    QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
}

QTAMQP_TEST(TestPatience)
#include "tst_patience.moc"
