// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A channel's requests: their order, what holds the next one, which one a failure names.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestRequests : public QObject
{
    Q_OBJECT

    // Two messages to be settled.
    static Script gotTwo()
    {
        return opened()
                .expect<BasicGet>()
                .expect<BasicGet>()
                .sendContent(getOk(1), message("1"))
                .sendContent(getOk(2), message("2"));
    }
    static std::vector<Got> getTwo(CoreDriver &d, ChannelCore *channel)
    {
        channel->request(get("q"));
        channel->request(get("q"));
        d.open();
        return d.all<Got>();
    }

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void pipelinesRequestsAndAnswersInOrder()
    {
        CoreDriver d(opened().expect<QueueDeclare>(queueIs("a"))
                             .expect<QueueBind>()
                             .expect<QueueDeclare>(queueIs("b"))
                             .expect<QueuePurge>()
                             .expect<BasicQos>()
                             .reply(QueueDeclareOk{"a", 3, 1})
                             .reply(QueueBindOk{})
                             .reply(QueueDeclareOk{"b", 0, 0})
                             .reply(QueuePurgeOk{7})
                             .reply(BasicQosOk{}));
        ChannelCore *channel = d.channel();
        d.open();
        const std::vector<RequestId> requests = {d.ask(channel->request(declare("a"))),
                                                 d.ask(channel->request(bind("a", "amq.topic"))),
                                                 d.ask(channel->request(declare("b"))),
                                                 d.ask(channel->request(QueuePurge{0, "a", false})),
                                                 d.ask(channel->request(BasicQos{0, 10, false}))};
        d.run();
        const auto replies = d.all<Replied>();
        QCOMPARE(replies.size(), requests.size());
        for (size_t i = 0; i < replies.size(); ++i) {
            QCOMPARE(replies[i].request, requests[i]);
            QVERIFY(!replies[i].error.isError());
        }
        QCOMPARE(replies[0].name, "a");
        QCOMPARE(replies[0].messageCount, 3u);
        QCOMPARE(replies[0].count, 1u);
        QCOMPARE(replies[3].messageCount, 7u);
        QVERIFY(channel->isIdle());
    }

    void everyRequestHasItsReply()
    {
        CoreDriver d(opened().expect<ExchangeDeclare>()
                             .reply(ExchangeDeclareOk{})
                             .expect<ExchangeBind>()
                             .reply(ExchangeBindOk{})
                             .expect<ExchangeUnbind>()
                             .reply(ExchangeUnbindOk{})
                             .expect<ExchangeDelete>()
                             .reply(ExchangeDeleteOk{})
                             .expect<QueueUnbind>()
                             .reply(QueueUnbindOk{})
                             .expect<QueueDelete>()
                             .reply(QueueDeleteOk{5})
                             .expect<TxSelect>()
                             .reply(TxSelectOk{})
                             .expect<TxCommit>()
                             .reply(TxCommitOk{})
                             .expect<TxRollback>()
                             .reply(TxRollbackOk{}));
        ChannelCore *channel = d.channel();
        d.open();
        const std::vector<RequestId> requests = {
                channel->request(ExchangeDeclare{}), channel->request(ExchangeBind{}),
                channel->request(ExchangeUnbind{}),  channel->request(ExchangeDelete{}),
                channel->request(QueueUnbind{}),     channel->request(QueueDelete{}),
                channel->selectTransactions(),       channel->request(TxCommit{}),
                channel->request(TxRollback{})};
        QVERIFY(channel->isTransactional());
        for (const RequestId request : requests)
            d.ask(request);
        d.run();
        for (const RequestId request : requests)
            QVERIFY(d.ended(request) && !d.reply(request).error.isError());
        QCOMPARE(d.reply(requests[5]).messageCount, 5u);
    }

    void callsBeforeTheConnectionIsOpenAreSentInOrder()
    {
        CoreDriver d(Script().handshake()
                             .channelOpen()
                             .expect<QueueDeclare>()
                             .expect<ConfirmSelect>()
                             .expect<BasicPublish>(bodyIs("1"))
                             .expect<QueuePurge>()
                             .expect<BasicPublish>(bodyIs("2"))
                             .reply(QueueDeclareOk{"q", 0, 0})
                             .reply(ConfirmSelectOk{})
                             .reply(QueuePurgeOk{0})
                             .reply(BasicAck{2, true}));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("q")));
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1")));
        d.ask(channel->request(QueuePurge{0, "q", false}));
        d.published(channel->publish(publishTo("q"), message("2")));
        QVERIFY(d.core.waitingBytes() > 0);
        QVERIFY(d.written.isEmpty());
        d.open();
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.settlements(), u"confirmed 1-2"_s);
        QCOMPARE(d.count<ChannelOpened>(), 1);
    }

    void consumeHoldsTheNextRequest()
    {
        CoreDriver d(gotTwo().expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        const std::vector<Got> got = getTwo(d, channel);
        const RequestId first = d.ask(channel->consume(consume("q", "c")));
        channel->publish(publishTo("q"), message("at once"));
        QVERIFY(settle(channel, got.at(0)));
        const RequestId second = d.ask(channel->request(declare("r")));
        channel->publish(publishTo("q"), message("behind"));
        QVERIFY(settle(channel, got.at(1), Settlement::Requeue));
        d.then(Script().expect<BasicPublish>(bodyIs("at once")).expect<BasicAck>());
        QVERIFY(!d.ended(first));
        d.then(Script().reply(BasicConsumeOk{"c"})
                       .expect<QueueDeclare>()
                       .expect<BasicPublish>(bodyIs("behind"))
                       .expect<BasicNack>(
                               [](const BasicNack &m) { return m.deliveryTag == 2 && m.requeue; })
                       .reply(QueueDeclareOk{"r", 0, 0}));
        QCOMPARE(d.reply(first).name, "c");
        QVERIFY(d.ended(second));
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void cancelHoldsTheNextRequest()
    {
        CoreDriver d(
                opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}).expect<BasicCancel>());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        const RequestId cancel = d.ask(channel->cancel("c"));
        QVERIFY(cancel);
        QCOMPARE(channel->cancel("c"), 0u); // once is enough
        QCOMPARE(channel->cancel("unknown"), 0u);
        d.ask(channel->request(QueueDelete{0, "q", false, false, false}));
        d.run();
        d.then(Script().reply(BasicCancelOk{"c"}).expect<QueueDelete>().reply(QueueDeleteOk{}));
        QVERIFY(d.ended(cancel));
        QVERIFY(!channel->consumerId("c"));
    }

    // consume-ok overtakes what was asked before it (seen on RabbitMQ 3.10.8).
    void consumeOkMayOvertake()
    {
        CoreDriver d(opened().expect<QueueDeclare>()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .expect<QueuePurge>()
                             .reply(QueueDeclareOk{"q", 0, 0})
                             .reply(QueuePurgeOk{}));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->request(declare("q")));
        const RequestId second = d.ask(channel->consume(consume("q", "c")));
        const RequestId third = d.ask(channel->request(QueuePurge{0, "q", false}));
        d.run();
        const auto replies = d.all<Replied>();
        QCOMPARE(replies.size(), 3u);
        QCOMPARE(replies[0].request, second);
        QCOMPARE(replies[1].request, first);
        QCOMPARE(replies[2].request, third);
    }

    void commitHoldsEverything()
    {
        CoreDriver d(gotTwo().expect<TxSelect>().expect<BasicPublish>().expect<TxCommit>());
        ChannelCore *channel = d.channel();
        const std::vector<Got> got = getTwo(d, channel);
        channel->selectTransactions();
        channel->publish(publishTo("q"), message("in"));
        d.ask(channel->request(TxCommit{}));
        channel->publish(publishTo("q"), message("next"));
        QVERIFY(settle(channel, got.at(0)));
        d.ask(channel->request(TxRollback{}));
        d.then(Script().reply(TxSelectOk{}));
        d.then(Script().reply(TxCommitOk{})
                       .expect<BasicPublish>(bodyIs("next"))
                       .expect<BasicAck>()
                       .expect<TxRollback>()
                       .reply(TxRollbackOk{}));
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void serverNamedQueueNamesWhatWaitsForIt()
    {
        CoreDriver d(opened().expect<QueueDeclare>(queueIs("")).expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        const RequestId declaring = d.ask(channel->request(declare()));
        const QueueNamePointer queue = channel->lastDeclared();
        channel->request(declare("another"));
        d.ask(channel->request(bind({}, "amq.topic"), queue));
        d.ask(channel->consume(consume({}, "c"), queue));
        channel->publish(publishTo({}), message("to itself"), queue);
        channel->publish(publishTo("elsewhere"), message("behind"));
        d.open();
        QVERIFY(d.core.waitingBytes() > 0);
        d.then(Script().reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                       .reply(QueueDeclareOk{"another", 0, 0})
                       .expect<QueueBind>([](const QueueBind &m) {
                           return m.queue == "amq.gen-1" && m.routingKey.isEmpty();
                       })
                       .expect<BasicConsume>(queueIs("amq.gen-1"))
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "amq.gen-1"; })
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "elsewhere"; })
                       .reply(QueueBindOk{})
                       .reply(BasicConsumeOk{"c"}));
        QCOMPARE(d.reply(declaring).name, "amq.gen-1");
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    // Before the application has heard of it.
    void theNameIsKnownOnceItHasCome()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        QVERIFY(channel->lastDeclared()->isMissing());
        d.ask(channel->request(declare()));
        const QueueNamePointer queue = channel->lastDeclared();
        QVERIFY(!queue->isMissing());
        d.run();
        QVERIFY(queue->name.isEmpty());
        d.core.receive(methodFrame(QueueDeclareOk{"amq.gen-2", 0, 0}, 1), d.now);
        QVERIFY(d.core.findEvent());
        QCOMPARE(queue->name, "amq.gen-2");
        channel->publish(publishTo({}), message("x"), queue);
        d.then(Script().expect<BasicPublish>(
                [](const BasicPublish &m) { return m.routingKey == "amq.gen-2"; }));
    }

    // As the broker has it: also for the routing key, if that is empty as well.
    void noNameMeansTheQueueDeclaredLast()
    {
        CoreDriver d(opened().expect<QueueDeclare>(queueIs("first"))
                             .expect<QueueBind>([](const QueueBind &m) {
                                 return m.queue == "first" && m.routingKey == "first";
                             })
                             .expect<QueueDeclare>(queueIs("")));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("first")));
        d.ask(channel->request(bind({}, "x")));
        d.ask(channel->request(declare()));
        d.ask(channel->request(QueueUnbind{.exchange = "x", .routingKey = ""}));
        d.ask(channel->request(QueueBind{.exchange = "x", .routingKey = "k"}));
        d.ask(channel->request(BasicGet{}));
        channel->requestNoWait(QueuePurge{.noWait = true});
        d.ask(channel->request(declare("third")));
        d.ask(channel->request(QueueDelete{}));
        d.open();
        d.then(Script().reply(QueueDeclareOk{"first", 0, 0})
                       .reply(QueueBindOk{})
                       .reply(QueueDeclareOk{"amq.gen-4", 0, 0})
                       .expect<QueueUnbind>([](const QueueUnbind &m) {
                           return m.queue == "amq.gen-4" && m.routingKey == "amq.gen-4";
                       })
                       .expect<QueueBind>([](const QueueBind &m) {
                           return m.queue == "amq.gen-4" && m.routingKey == "k";
                       })
                       .expect<BasicGet>(queueIs("amq.gen-4"))
                       .expect<QueuePurge>(queueIs("amq.gen-4"))
                       .expect<QueueDeclare>(queueIs("third"))
                       .expect<QueueDelete>(queueIs("third"))
                       .reply(QueueUnbindOk{})
                       .reply(QueueBindOk{})
                       .reply(BasicGetEmpty{})
                       .reply(QueueDeclareOk{"third", 0, 0})
                       .reply(QueueDeleteOk{}));
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void theGuiltyRequestIsNamed()
    {
        CoreDriver d(opened().expect<QueueDeclare>()
                             .expect<QueueBind>()
                             .expect<QueuePurge>()
                             .expect<BasicPublish>()
                             .reply(QueueDeclareOk{"q", 0, 0})
                             .reply(ChannelClose{404, "NOT_FOUND - no exchange 'x' in vhost '/'",
                                                 50, 20})
                             .expect<ChannelCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId good = d.ask(channel->request(declare("q")));
        const RequestId guilty = d.ask(channel->request(bind("q", "x")));
        const RequestId behind = d.ask(channel->request(QueuePurge{0, "q", false}));
        channel->publish(publishTo("q"), message("lost"));
        d.run();
        QVERIFY(!d.reply(good).error.isError());
        const QAmqpError error = d.reply(guilty).error;
        QCOMPARE(error.kind(), Kind::NotFound);
        QCOMPARE(error.scope(), Scope::Channel);
        QCOMPARE(error.replyCode(), 404);
        QCOMPARE(error.method(), u"queue.bind"_s);
        const QAmqpError given = d.reply(behind).error;
        QCOMPARE(given.kind(), Kind::Cancelled);
        QCOMPARE(given.method(), u"queue.purge"_s);
        QCOMPARE(given.cause().kind(), Kind::NotFound);
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QCOMPARE(d.last<ChannelClosed>().error.scope(), Scope::Channel);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::NotFound);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void onlyTheFirstOfItsKindIsGuilty()
    {
        CoreDriver d(opened().expect<QueueDeclare>()
                             .expect<QueueDeclare>()
                             .reply(ChannelClose{406, "PRECONDITION_FAILED", 50, 10})
                             .expect<ChannelCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId guilty = d.ask(channel->request(declare("a")));
        const RequestId behind = d.ask(channel->request(declare("b")));
        d.run();
        QCOMPARE(d.reply(guilty).error.kind(), Kind::PreconditionFailed);
        QCOMPARE(d.reply(behind).error.kind(), Kind::Cancelled);
    }

    void aTimedOutRequestMayStillBeTheGuiltyOne()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId guilty = d.ask(channel->request(declare("a")));
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(guilty).error.kind(), Kind::Timeout);
        const RequestId innocent = d.ask(channel->request(declare("b")));
        d.then(Script().expect<QueueDeclare>()
                       .reply(ChannelClose{406, "PRECONDITION_FAILED", 50, 10})
                       .expect<ChannelCloseOk>());
        QCOMPARE(d.reply(innocent).error.kind(), Kind::Cancelled);
    }

    void refusesAnUnexpectedReply_data()
    {
        QTest::addColumn<QByteArray>("reply");
        QTest::newRow("nothing was asked") << methodFrame(ExchangeDeclareOk{}, 1);
        QTest::newRow("out of order") << methodFrame(QueuePurgeOk{}, 1);
        QTest::newRow("cancel-ok") << methodFrame(BasicCancelOk{"c"}, 1);
        QTest::newRow("consume-ok") << methodFrame(BasicConsumeOk{"c"}, 1);
        QTest::newRow("get-empty") << methodFrame(BasicGetEmpty{}, 1);
        QTest::newRow("flow-ok") << methodFrame(ChannelFlowOk{true}, 1);
        QTest::newRow("open-ok again") << methodFrame(ChannelOpenOk{}, 1);
        QTest::newRow("an ack without confirms") << methodFrame(BasicAck{1, false}, 1);
    }

    void refusesAnUnexpectedReply()
    {
        QFETCH(QByteArray, reply);
        CoreDriver d(opened().expect<QueueDeclare>()
                             .expect<QueuePurge>()
                             .garbage(reply)
                             .expect<ConnectionClose>(
                                     [](const ConnectionClose &m) { return m.replyCode == 505; }));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->request(declare("a")));
        d.ask(channel->request(QueuePurge{0, "a", false}));
        d.run();
        QCOMPARE(d.error().kind(), Kind::ProtocolViolation);
        QCOMPARE(d.reply(first).error.kind(), Kind::ConnectionLost);
        QCOMPARE(d.reply(first).error.cause().kind(), Kind::ProtocolViolation);
    }

    // Each says whether it had been sent, since only then it may have been carried out.
    void aLostLinkEndsEveryRequestAlike()
    {
        CoreDriver d(
                opened().expect<QueueDeclare>().expect<QueuePurge>().expect<BasicConsume>().drop());
        ChannelCore *channel = d.channel();
        d.open();
        std::vector<RequestId> sent = {d.ask(channel->request(declare("a"))),
                                       d.ask(channel->request(QueuePurge{0, "a", false})),
                                       d.ask(channel->consume(consume("a", "c")))};
        const RequestId waiting = d.ask(channel->setPrefetch(5, false));
        d.run();
        for (const RequestId request : sent)
            QVERIFY2(d.reply(request).error.text().contains(
                             u"whether it was carried out is unknown"_s),
                     qPrintable(d.reply(request).error.text()));
        QVERIFY(d.reply(waiting).error.text().startsWith(u"basic.qos was not sent to "_s));
        sent.push_back(waiting);
        for (const RequestId request : sent) {
            const QAmqpError error = d.reply(request).error;
            QCOMPARE(error.kind(), Kind::ConnectionLost);
            QCOMPARE(error.scope(), Scope::Connection);
            QVERIFY(error.isRetryable());
            QCOMPARE(error.cause(), d.error());
        }
        QCOMPARE(d.reply(waiting).error.method(), u"basic.qos"_s);
    }

    void aGuiltyRequestIsNamedByTheEndOfTheConnectionToo()
    {
        CoreDriver d(opened().expect<ExchangeDeclare>()
                             .expect<QueueDeclare>()
                             .send(ConnectionClose{503,
                                                   QByteArrayView("COMMAND_INVALID - unknown "
                                                                  "exchange type"),
                                                   40, 10})
                             .expect<ConnectionCloseOk>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId guilty =
                d.ask(channel->request(ExchangeDeclare{.exchange = "x", .type = "y"}));
        const RequestId behind = d.ask(channel->request(declare("q")));
        d.run();
        const QAmqpError error = d.reply(guilty).error;
        QCOMPARE(error.replyCode(), 503);
        QCOMPARE(error.scope(), Scope::Connection);
        QCOMPARE(error.method(), u"exchange.declare"_s);
        QCOMPARE(d.reply(behind).error.kind(), Kind::ConnectionLost);
        QCOMPARE(d.reply(behind).error.method(), u"queue.declare"_s);
        QCOMPARE(d.error().replyCode(), 503);
    }

    void aLateNameStillReachesWhatWaitsForIt()
    {
        CoreDriver d(gotTwo().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        const std::vector<Got> got = getTwo(d, channel);
        const RequestId declaring = d.ask(channel->request(declare()));
        const RequestId binding =
                d.ask(channel->request(bind({}, "amq.topic"), channel->lastDeclared()));
        channel->publish(publishTo("elsewhere"), message("x"));
        QVERIFY(settle(channel, got.at(0)));
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(declaring).error.kind(), Kind::Timeout);
        d.then(Script().reply(QueueDeclareOk{"amq.gen-3", 0, 0})
                       .expect<QueueBind>(queueIs("amq.gen-3"))
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "elsewhere"; })
                       .expect<BasicAck>()
                       .reply(QueueBindOk{}));
        QVERIFY(!d.reply(binding).error.isError());
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void fitsFrameKnowsTheLimit()
    {
        QAmqpMessage m(QByteArray("body"));
        QVERIFY(ChannelCore::fitsFrame(m, 4096));
        QVERIFY(ChannelCore::fitsFrame(QAmqpMessage(), 4096));
        // flags aside: a long string property of n bytes takes n + 1
        m.setHeaders({{u"h"_s, QByteArray(4096 - 8 - 14 - 4 - 2 - 5, 'x')}});
        QVERIFY(ChannelCore::fitsFrame(m, 4096));
        m.setHeaders({{u"h"_s, QByteArray(4096 - 8 - 14 - 4 - 2 - 5 + 1, 'x')}});
        QVERIFY(!ChannelCore::fitsFrame(m, 4096));
    }
};

QTAMQP_TEST(TestRequests)
#include "tst_requests.moc"
