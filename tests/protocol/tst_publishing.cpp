// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What became of each publish: confirms, returns, failures, flow.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestPublishing : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void publishesBehindAFailureAreIndeterminate()
    {
        CoreDriver d(opened().expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .expect<QueueBind>()
                             .expect<BasicConsume>()
                             .expect<BasicPublish>()
                             .reply(BasicAck{1, false})
                             .reply(ChannelClose{404, "NOT_FOUND", 50, 20})
                             .expect<ChannelCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1")));
        d.ask(channel->request(bind("q", "x")));
        d.ask(channel->consume(consume("q", "c")));
        d.published(channel->publish(publishTo("q"), message("2")));
        d.ask(channel->request(declare("r"))); // waits for consume-ok
        d.published(channel->publish(publishTo("q"), message("3, never sent")));
        d.run();
        QCOMPARE(d.settlements(), u"confirmed 1-1, indeterminate 2-3"_s);
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.all<Replied>().size(), 4u); // with confirm.select's
    }

    void aPublishMayBeGuilty()
    {
        CoreDriver d(opened().expect<BasicPublish>()
                             .expect<QueueDeclare>()
                             .reply(ChannelClose{404, "NOT_FOUND - no exchange 'x'", 60, 40})
                             .expect<ChannelCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->publish(publishTo("q"), message("1"));
        const RequestId behind = d.ask(channel->request(declare("a")));
        d.run();
        QCOMPARE(d.reply(behind).error.kind(), Kind::Cancelled);
        QCOMPARE(d.last<ChannelClosed>().error.method(), u"basic.publish"_s);
    }

    void returnsFindTheirPublish()
    {
        const auto returned = [](QByteArrayView key) {
            return BasicReturn{312, "NO_ROUTE", "", key};
        };
        CoreDriver d(
                opened().expect<ConfirmSelect>()
                        .reply(ConfirmSelectOk{})
                        .expect<BasicPublish>()
                        .expect<BasicPublish>()
                        .expect<BasicPublish>()
                        .expect<BasicPublish>()
                        .expect<BasicPublish>()
                        .sendContent(returned("k"),
                                     message("4", u"id-4"_s)) // before an earlier one is confirmed
                        .sendContent(returned("k"), message("1"))
                        .sendContent(returned("k"), message("3"))
                        .reply(BasicAck{5, true})
                        .sendContent(returned("k"), message("nobody's")));
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("k", true), message("1")));
        d.published(channel->publish(publishTo("other", true), message("2")));
        d.published(channel->publish(publishTo("k", true), message("3")));
        d.published(channel->publish(publishTo("k", true), message("4", u"id-4"_s)));
        d.published(channel->publish(publishTo("k"), message("5")));
        d.run();
        const auto returns = d.all<Returned>();
        QCOMPARE(returns.size(), 4u);
        QCOMPARE(returns[0].publishTag, 4u);
        QCOMPARE(returns[0].message.body(), "4");
        QCOMPARE(returns[0].replyCode, 312);
        QCOMPARE(returns[0].replyText, "NO_ROUTE");
        QCOMPARE(returns[0].envelope->routingKey, "k");
        QCOMPARE(returns[1].publishTag, 1u);
        QCOMPARE(returns[2].publishTag, 3u);
        QCOMPARE(returns[3].publishTag, 0u);
        QCOMPARE(d.settlements(), u"confirmed 1-5"_s);
    }

    void settlesAsTheBrokerSays()
    {
        CoreDriver d(opened().expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .expect<BasicPublish>()
                             .expect<BasicPublish>()
                             .expect<BasicPublish>()
                             .reply(BasicNack{3, false, false})
                             .reply(BasicAck{2, true})
                             .reply(BasicAck{4, true}));
        ChannelCore *channel = d.channel(100);
        d.open();
        channel->selectConfirms();
        for (int i = 0; i < 4; ++i)
            d.published(channel->publish(publishTo("q"), message("x")));
        QCOMPARE(channel->unconfirmed(), 4u);
        d.run();
        QCOMPARE(d.settlements(), u"nacked 102-102, confirmed 100-101, confirmed 103-103"_s);
        QCOMPARE(channel->unconfirmed(), 0u);
    }

    void publishesBeforeConfirmsAreNotCounted()
    {
        CoreDriver d(opened().expect<BasicPublish>()
                             .expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .reply(BasicAck{1, false}));
        ChannelCore *channel = d.channel();
        channel->publish(publishTo("q"), message("unconfirmed")); // waits for the channel to open
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("confirmed")));
        d.open();
        QCOMPARE(d.settlements(), u"confirmed 2-2"_s);
    }

    // "All so far" is all that was sent, not what still waits here.
    void doesNotConfirmWhatWasNotSent()
    {
        CoreDriver d(opened().expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1")));
        d.ask(channel->consume(consume("q", "c")));
        d.ask(channel->request(declare("r")));
        d.published(channel->publish(publishTo("q"), message("2")));
        d.then(Script().reply(BasicAck{0, true}));
        QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
        d.then(Script().reply(BasicAck{2, false}).expect<ConnectionClose>());
        QCOMPARE(d.settlements(), u"confirmed 1-1, indeterminate 2-2"_s);
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
    }

    void refusesAConfirmForNothing()
    {
        CoreDriver d(opened().expect<ConfirmSelect>()
                             .reply(ConfirmSelectOk{})
                             .expect<BasicPublish>()
                             .reply(BasicAck{~quint64(0), true})
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 505; }));
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("x")));
        d.run();
        QCOMPARE(d.settlements(), u"indeterminate 1-1"_s);
    }

    void aReturnFromAQueueTheBrokerNamedIsMatched()
    {
        CoreDriver d(
                opened().expect<ConfirmSelect>().reply(ConfirmSelectOk()).expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        d.ask(channel->request(declare()));
        d.published(channel->publish(publishTo({}, true), message("x"), channel->lastDeclared()));
        d.then(Script().reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "amq.gen-1"; })
                       .sendContent(BasicReturn{312, "NO_ROUTE", {}, "amq.gen-1"}, message("x"))
                       .send(BasicAck{1, false}));
        QCOMPARE(d.last<Returned>().publishTag, 1u);
    }

    void flowHoldsPublishes()
    {
        CoreDriver d(
                opened().expect<BasicGet>()
                        .sendContent(getOk(1), message("x"))
                        .send(ChannelFlow{false})
                        .expect<ChannelFlowOk>([](const ChannelFlowOk &m) { return !m.active; }));
        ChannelCore *channel = d.channel();
        channel->request(get("q"));
        d.open();
        QVERIFY(settle(channel, d.last<Got>())); // acks and requests in front of a publish go on
        channel->publish(publishTo("q"), message("held"));
        d.ask(channel->request(declare("behind")));
        d.then(Script().expect<BasicAck>());
        QVERIFY(d.core.waitingBytes() > 0);
        d.then(Script().send(ChannelFlow{true})
                       .expect<ChannelFlowOk>([](const ChannelFlowOk &m) { return m.active; })
                       .expect<BasicPublish>(bodyIs("held"))
                       .expect<QueueDeclare>()
                       .reply(QueueDeclareOk{"behind", 0, 0}));
        QCOMPARE(d.core.waitingBytes(), 0);
    }
};

QTAMQP_TEST(TestPublishing)
#include "tst_publishing.moc"
