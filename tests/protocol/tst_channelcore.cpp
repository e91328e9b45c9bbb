#include "testmain.h"

#include "coredriver.h"

using namespace QtAmqpTest;

namespace {

Script opened() { return Script().handshake({2047, 131072, 0}).channelOpen(); }

QAmqpMessage message(const QByteArray &body, const QString &id = {})
{
    QAmqpMessage m(body);
    if (!id.isEmpty())
        m.setMessageId(id);
    return m;
}

// For expect(): the method is about this queue.
auto queueIs(QByteArrayView name)
{
    return [name](const auto &m) { return m.queue == name; };
}

auto bodyIs(QByteArrayView body)
{
    return [body](const BasicPublish &, const QAmqpMessage &m) { return m.body() == body; };
}

} // namespace

class TestChannelCore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    // --- requests ---

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
                             .expect<BasicAck>()
                             .reply(QueueDeclareOk{"q", 0, 0})
                             .reply(ConfirmSelectOk{})
                             .reply(QueuePurgeOk{0})
                             .reply(BasicAck{2, true}));
        ChannelCore *channel = d.channel();
        d.ask(channel->request(declare("q")));
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("1"), 0));
        d.ask(channel->request(QueuePurge{0, "q", false}));
        d.published(channel->publish(publishTo("q"), message("2"), 0));
        channel->ack(1, false);
        QVERIFY(d.core.waitingBytes() > 0);
        QVERIFY(d.written.isEmpty());
        d.open();
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.settlements(), u"confirmed 1-2"_s);
        QCOMPARE(d.count<ChannelOpened>(), 1);
    }

    void consumeHoldsTheNextRequest()
    {
        CoreDriver d(opened().expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->consume(consume("q", "c"), 0));
        channel->publish(publishTo("q"), message("at once"), 0);
        channel->ack(1, false);
        const RequestId second = d.ask(channel->request(declare("r")));
        channel->publish(publishTo("q"), message("behind"), 0);
        channel->nack(2, false, true);
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
        d.ask(channel->consume(consume("q", "c"), 0));
        const RequestId cancel = d.ask(channel->cancel("c"));
        QVERIFY(cancel);
        QCOMPARE(channel->cancel("c"), 0u); // once is enough
        QCOMPARE(channel->cancel("unknown"), 0u);
        d.ask(channel->request(QueueDelete{0, "q", false, false, false}));
        d.run();
        d.then(Script().reply(BasicCancelOk{"c"}).expect<QueueDelete>().reply(QueueDeleteOk{}));
        QVERIFY(d.ended(cancel));
        QVERIFY(!channel->hasConsumer("c"));
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
        const RequestId second = d.ask(channel->consume(consume("q", "c"), 0));
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
        CoreDriver d(opened().expect<TxSelect>().expect<BasicPublish>().expect<TxCommit>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectTransactions();
        channel->publish(publishTo("q"), message("in"), 0);
        d.ask(channel->request(TxCommit{}));
        channel->publish(publishTo("q"), message("next"), 0);
        channel->ack(1, false);
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
        CoreDriver d(opened().expect<QueueDeclare>(queueIs("")));
        ChannelCore *channel = d.channel();
        const RequestId queue = d.ask(channel->request(declare()));
        d.ask(channel->request(bind({}, "amq.topic"), queue));
        d.ask(channel->consume(consume({}, "c"), queue));
        channel->publish(publishTo({}), message("to itself"), queue);
        channel->publish(publishTo("elsewhere"), message("behind"), 0);
        channel->ack(9, false);
        d.open();
        QVERIFY(d.core.waitingBytes() > 0);
        d.then(Script().reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                       .expect<QueueBind>(queueIs("amq.gen-1"))
                       .expect<BasicConsume>(queueIs("amq.gen-1"))
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "amq.gen-1"; })
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "elsewhere"; })
                       .expect<BasicAck>()
                       .reply(QueueBindOk{})
                       .reply(BasicConsumeOk{"c"}));
        QCOMPARE(d.reply(queue).name, "amq.gen-1");
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void theNameIsKnownUntilTheReplyIsTaken()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId queue = d.ask(channel->request(declare()));
        d.run();
        d.core.receive(methodFrame(QueueDeclareOk{"amq.gen-2", 0, 0}, 1), d.now);
        // Parsed, but not told yet: the first event of this turn is another one.
        d.core.receive(methodFrame(ConnectionBlocked{"x"}, 0)
                               + methodFrame(QueueDeclareOk{"amq.gen-2", 0, 0}, 1).first(0),
                       d.now);
        const auto event = d.core.nextEvent();
        QVERIFY(event && std::holds_alternative<Replied>(*event));
        d.events.push_back(*event);
        d.then(Script());
        QCOMPARE(d.reply(queue).name, "amq.gen-2");
    }

    // --- failing ---

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
        channel->publish(publishTo("q"), message("lost"), 0);
        d.run();
        QVERIFY(!d.reply(good).error.isError());
        const QAmqpError error = d.reply(guilty).error;
        QCOMPARE(error.kind(), Kind::NotFound);
        QCOMPARE(error.scope(), Scope::Operation);
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
        d.published(channel->publish(publishTo("q"), message("1"), 0));
        d.ask(channel->request(bind("q", "x")));
        d.ask(channel->consume(consume("q", "c"), 0));
        d.published(channel->publish(publishTo("q"), message("2"), 0));
        d.ask(channel->request(declare("r"))); // waits for consume-ok
        d.published(channel->publish(publishTo("q"), message("3, never sent"), 0));
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
        channel->publish(publishTo("q"), message("1"), 0);
        const RequestId behind = d.ask(channel->request(declare("a")));
        d.run();
        QCOMPARE(d.reply(behind).error.kind(), Kind::Cancelled);
        QCOMPARE(d.last<ChannelClosed>().error.method(), u"basic.publish"_s);
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
        QCOMPARE(d.reply(first).error.kind(), Kind::Cancelled);
        QCOMPARE(d.reply(first).error.cause().kind(), Kind::ProtocolViolation);
    }

    // --- closing ---

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
        d.published(channel->publish(publishTo("q"), message("1"), 0));
        channel->close();
        d.open();
        QCOMPARE(channel->state(), ChannelState::Open);
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

    void bothSidesMayCloseAtOnce()
    {
        // Each answers the other's close; only then is the number free (§1.5.2.5).
        CoreDriver d(opened());
        ChannelCore *channel = d.channel();
        d.open();
        channel->ack(99, false);
        channel->close();
        d.then(Script().expect<BasicAck>()
                       .expect<ChannelClose>()
                       .send(ChannelClose{406, "PRECONDITION_FAILED - unknown delivery tag 99", 60,
                                          80})
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
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void whatWasUnderWayWhileClosingIsDropped()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c"), 0));
        d.run();
        channel->close();
        const auto before = d.events.size();
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
        QCOMPARE(d.published(second->publish(publishTo("q"), message("x"), 0)), nextTag);
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

    // --- deliveries ---

    void deliversInOrder()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1, "k1"), message("one", u"m1"_s))
                             .sendContent(delivery("c", 2, "k1"), message("two"))
                             .sendContent(BasicDeliver{"c", 3, true, "x", "k2"}, message("three")));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), 0);
        d.open();
        const auto got = d.all<Delivered>();
        QCOMPARE(got.size(), 3u);
        QCOMPARE(got[0].message.body(), "one");
        QCOMPARE(got[0].message.messageId(), u"m1"_s);
        QCOMPARE(got[0].envelope->routingKey, "k1");
        QCOMPARE(got[0].envelope->consumerTag, "c");
        QVERIFY(!got[0].redelivered);
        QCOMPARE(got[1].deliveryTag, 2u);
        QVERIFY(got[0].envelope == got[1].envelope); // shared
        QVERIFY(got[2].redelivered);
        QCOMPARE(got[2].envelope->exchange, "x");
        QCOMPARE(got[2].envelope->routingKey, "k2");
        QCOMPARE(got[0].envelope->routingKey, "k1"); // still
    }

    void requeuesWhatNobodyConsumes()
    {
        CoreDriver d(opened().sendContent(delivery("ghost", 7), message("x"))
                             .expect<BasicNack>([](const BasicNack &m) {
                                 return m.deliveryTag == 7 && !m.multiple && m.requeue;
                             }));
        d.channel();
        d.open();
        QCOMPARE(d.count<Delivered>(), 0);
    }

    // RabbitMQ closes the connection (540) over a nack for a stream.
    void whatAStreamSentIsLeftAlone()
    {
        QAmqpMessage fromStream("x");
        fromStream.setHeaders({{u"x-stream-offset"_s, qint64(3)}});
        CoreDriver d(opened().sendContent(delivery("ghost", 7), fromStream)
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .expect<BasicCancel>()
                             .sendContent(delivery("c", 8), fromStream)
                             .send(BasicCancelOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c"), 0));
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.run();
        QCOMPARE(d.count<Delivered>(), 0);
        QCOMPARE(d.reply(cancel).count, 0u); // nothing went back
    }

    void cancellingRequeuesAndCounts()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1), message("a")));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        d.run();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>([](const BasicCancel &m) {
                           return m.consumerTag == "c" && !m.noWait;
                       })
                       .sendContent(delivery("c", 2), message("b"))
                       .sendContent(delivery("c", 3), message("c"))
                       .expect<BasicNack>()
                       .expect<BasicNack>()
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.count<Delivered>(), 1);
        QCOMPARE(d.reply(cancel).name, "c");
        QCOMPARE(d.reply(cancel).count, 2u);
    }

    void aNoAckConsumerStillDeliversWhileCancelling()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c", true), 0);
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .sendContent(delivery("c", 2), message("late"))
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.last<Delivered>().message.body(), "late");
        QCOMPARE(d.reply(cancel).count, 0u);
    }

    void answersTheBrokersCancel()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .send(BasicCancel{"c", true})
                             .expect<BasicCancel>([](const BasicCancel &m) {
                                 return m.consumerTag == "c" && m.noWait;
                             })
                             .send(BasicCancel{"c", true})
                             .send(BasicCancel{"unknown", true}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        d.run();
        QCOMPARE(d.count<ConsumerCancelled>(), 1);
        QCOMPARE(d.last<ConsumerCancelled>().consumerTag, "c");
        QVERIFY(!channel->hasConsumer("c"));
    }

    void bothSidesMayCancelAtOnce()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        d.run();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .send(BasicCancel{"c", true})
                       .expect<BasicCancel>()
                       .send(BasicCancelOk{"c"}));
        QVERIFY(d.ended(cancel) && !d.reply(cancel).error.isError());
        QCOMPARE(d.count<ConsumerCancelled>(), 1);
    }

    void getsAMessageOrNothing()
    {
        CoreDriver d(opened().expect<BasicGet>()
                             .expect<BasicGet>()
                             .expect<QueueDeclare>()
                             .sendContent(getOk(5, "k", 12), message("body"))
                             .reply(BasicGetEmpty{})
                             .reply(QueueDeclareOk{"q", 0, 0}));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->request(get("q")));
        const RequestId second = d.ask(channel->request(get("q")));
        d.ask(channel->request(declare("q")));
        d.run();
        const Got got = d.last<Got>();
        QCOMPARE(got.request, first);
        QCOMPARE(got.remaining, 12u);
        QCOMPARE(got.deliveryTag, 5u);
        QCOMPARE(got.envelope->routingKey, "k");
        QCOMPARE(got.message.body(), "body");
        QVERIFY(d.ended(second) && !d.reply(second).error.isError());
        QCOMPARE(d.count<Got>(), 1);
    }

    void aGetThatIsCutShortFails()
    {
        const QByteArray whole =
                methodFrame(getOk(1), 1) + headerFrame(1, QByteArray("never comes"));
        CoreDriver d(opened().expect<BasicGet>().garbage(whole).drop());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(get("q")));
        d.run();
        QCOMPARE(d.reply(request).error.kind(), Kind::Cancelled);
        QCOMPARE(d.reply(request).error.method(), u"basic.get"_s);
    }

    void aMessageGotTooLateGoesBack()
    {
        CoreDriver d(opened().expect<BasicGet>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(get("q")));
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(request).error.kind(), Kind::Timeout);
        d.then(Script().sendContent(getOk(5), message("late"))
                       .expect<BasicNack>(
                               [](const BasicNack &m) { return m.deliveryTag == 5 && m.requeue; }));
        QCOMPARE(d.count<Got>(), 0);
    }

    void aMessageGotTooLateWithoutAckIsNotRefused()
    {
        // There is no such delivery to refuse: the broker would close the channel (406).
        CoreDriver d(opened().expect<BasicGet>());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(get("q", true)));
        d.run();
        d.pass(30s);
        d.then(Script().sendContent(getOk(5), message("late")));
        QCOMPARE(d.count<Got>(), 0);
    }

    // --- returns and confirms ---

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
        d.published(channel->publish(publishTo("k", true), message("1"), 0));
        d.published(channel->publish(publishTo("other", true), message("2"), 0));
        d.published(channel->publish(publishTo("k", true), message("3"), 0));
        d.published(channel->publish(publishTo("k", true), message("4", u"id-4"_s), 0));
        d.published(channel->publish(publishTo("k"), message("5"), 0));
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
            d.published(channel->publish(publishTo("q"), message("x"), 0));
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
        channel->publish(publishTo("q"), message("unconfirmed"),
                         0); // waits for the channel to open
        channel->selectConfirms();
        d.published(channel->publish(publishTo("q"), message("confirmed"), 0));
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
        d.published(channel->publish(publishTo("q"), message("1"), 0));
        d.ask(channel->consume(consume("q", "c"), 0));
        d.ask(channel->request(declare("r")));
        d.published(channel->publish(publishTo("q"), message("2"), 0));
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
        d.published(channel->publish(publishTo("q"), message("x"), 0));
        d.run();
        QCOMPARE(d.settlements(), u"indeterminate 1-1"_s);
    }

    // --- timeouts ---

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

    void whatWaitsBehindATimedOutConsumeTimesOutToo()
    {
        CoreDriver d(opened().expect<BasicConsume>().stall());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId first = d.ask(channel->consume(consume("q", "c"), 0));
        const RequestId second = d.ask(channel->request(declare("a")));
        const RequestId third = d.ask(channel->request(declare("b")));
        d.run();
        const TimePoint start = d.now;
        d.pass(30s);
        QVERIFY(d.ended(first) && !d.ended(second));
        d.pass(60s);
        QVERIFY(d.now - start == 90s);
        QCOMPARE(d.reply(second).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(third).error.kind(), Kind::Timeout);
    }

    void aChannelThatDoesNotOpenIsGivenUp()
    {
        CoreDriver d(Script().handshake({0, 0, 0}).expect<ChannelOpen>());
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        const RequestId request = d.ask(channel->request(declare("a")));
        d.published(channel->publish(publishTo("a"), message("x"), 0));
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

    // What waits behind a lost consume-ok is never sent.
    void aLostConsumeDoesNotHoldUpTheClose()
    {
        CoreDriver d(opened().expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c"), 0));
        const RequestId cancelled = d.ask(channel->cancel("c"));
        channel->publish(publishTo("q"), message("x"), 0);
        channel->close();
        d.then(Script().expect<ChannelClose>());
        d.pass(60s);
        QCOMPARE(d.reply(cancelled).error.kind(), Kind::Timeout);
        d.then(Script().reply(ChannelCloseOk()));
        QCOMPARE(d.count<ChannelClosed>(), 1);
        QCOMPARE(d.core.waitingBytes(), 0);
    }

    void aCommitWithoutAnAnswerEndsTheChannel()
    {
        CoreDriver d(opened().expect<TxSelect>().reply(TxSelectOk()).expect<TxCommit>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectTransactions();
        const RequestId commit = d.ask(channel->request(TxCommit{}));
        channel->publish(publishTo("q"), message("x"), 0);
        d.then(Script().expect<ChannelClose>());
        d.pass(30s);
        QCOMPARE(d.reply(commit).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(commit).error.scope(), Scope::Operation);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::Timeout);
    }

    void deliveryTagsMustAscend_data()
    {
        QTest::addColumn<quint64>("tag");
        QTest::newRow("again") << quint64(5);
        QTest::newRow("back") << quint64(3);
        QTest::newRow("far ahead") << (quint64(1) << 45);
    }

    void deliveryTagsMustAscend()
    {
        QFETCH(quint64, tag);
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 5), message("x"))
                             .sendContent(delivery("c", tag), message("x"))
                             .expect<ConnectionClose>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        d.run();
        QCOMPARE(d.count<Delivered>(), 1);
        QCOMPARE(d.error().replyCode(), int(ReplyCode::UnexpectedFrame));
    }

    // Direct reply-to does not count its deliveries.
    void deliveryTagsWithoutAckMayRepeat()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"replies"})
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("replies", 1), message("x"))
                             .sendContent(delivery("replies", 1), message("y"))
                             .sendContent(delivery("c", 1), message("z"))
                             .sendContent(delivery("replies", 2), message("x"))
                             .sendContent(delivery("c", 2), message("z")));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(BasicConsume{.queue = QByteArrayView("amq.rabbitmq.reply-to"),
                                      .consumerTag = QByteArrayView("replies"),
                                      .noAck = true},
                         0);
        channel->consume(consume("q", "c"), 0);
        d.run();
        QCOMPARE(d.count<Delivered>(), 5);
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

    void aReturnFromAQueueTheBrokerNamedIsMatched()
    {
        CoreDriver d(
                opened().expect<ConfirmSelect>().reply(ConfirmSelectOk()).expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->selectConfirms();
        const RequestId queue = d.ask(channel->request(declare()));
        d.published(channel->publish(publishTo({}, true), message("x"), queue));
        d.then(Script().reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "amq.gen-1"; })
                       .sendContent(BasicReturn{312, "NO_ROUTE", {}, "amq.gen-1"}, message("x"))
                       .send(BasicAck{1, false}));
        QCOMPARE(d.last<Returned>().publishTag, 1u);
    }

    void aMessageThatStopsHalfWayEndsItsGet()
    {
        const QAmqpMessage got("half of it");
        const QByteArray content = contentFrames(1, got, 4096);
        CoreDriver d(opened().expect<BasicGet>().reply(getOk(1)).garbage(content.first(30)));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(get("q")));
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(request).error.kind(), Kind::Timeout);
        QCOMPARE(d.reply(request).error.method(), u"basic.get"_s);
        d.then(Script().garbage(content.sliced(30)).expect<BasicNack>([](const BasicNack &m) {
            return m.deliveryTag == 1 && m.requeue;
        }));
        QCOMPARE(d.count<Got>(), 0);
    }

    void aLateNameStillReachesWhatWaitsForIt()
    {
        CoreDriver d(opened().expect<QueueDeclare>());
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId queue = d.ask(channel->request(declare()));
        const RequestId binding = d.ask(channel->request(bind({}, "amq.topic"), queue));
        channel->publish(publishTo("elsewhere"), message("x"), 0);
        channel->ack(1, false);
        d.run();
        d.pass(30s);
        QCOMPARE(d.reply(queue).error.kind(), Kind::Timeout);
        d.then(Script().reply(QueueDeclareOk{"amq.gen-3", 0, 0})
                       .expect<QueueBind>(queueIs("amq.gen-3"))
                       .expect<BasicPublish>(
                               [](const BasicPublish &m) { return m.routingKey == "elsewhere"; })
                       .expect<BasicAck>()
                       .reply(QueueBindOk{}));
        QVERIFY(!d.reply(binding).error.isError());
        QCOMPARE(d.core.waitingBytes(), 0);
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

    // --- content ---

    void bodiesAreCutAtTheFrameSize_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<int>("frames");
        QTest::newRow("nothing") << 0 << 0;
        QTest::newRow("one octet") << 1 << 1;
        QTest::newRow("exactly a frame") << 4088 << 1;
        QTest::newRow("one more") << 4089 << 2;
        QTest::newRow("two frames") << 2 * 4088 << 2;
        QTest::newRow("many") << 100000 << 25;
    }

    void bodiesAreCutAtTheFrameSize()
    {
        QFETCH(int, size);
        QFETCH(int, frames);
        QByteArray body(size, Qt::Uninitialized);
        for (int i = 0; i < size; ++i)
            body[i] = char(i * 7);
        QAmqpMessage sent(body);
        sent.setContentType(u"application/octet-stream"_s);
        sent.setHeaders({{u"n"_s, 1}});
        CoreDriver d(Script().handshake({0, 4096, 0})
                             .channelOpen()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .expect<BasicPublish>([&](const BasicPublish &,
                                                       const QAmqpMessage &m) { return m == sent; })
                             .sendContent(delivery("c", 1), sent, 4096));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        d.run();
        const qsizetype before = d.written.size();
        channel->publish(publishTo("q"), sent, 0);
        d.run();
        const qsizetype overhead =
                methodFrame(publishTo("q"), 1).size() + headerFrame(1, sent).size();
        QCOMPARE(d.written.size() - before, overhead + size + 8 * frames);
        QCOMPARE(d.last<Delivered>().message, sent);
    }

    void largeBodiesWaitWithTheirOrder()
    {
        const QByteArray large(300000, 'L');
        CoreDriver d(opened().expect<BasicConsume>());
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), 0);
        channel->request(declare("r"));
        channel->publish(publishTo("q"), message(large), 0);
        channel->publish(publishTo("q"), message("small"), 0);
        QVERIFY(d.core.waitingBytes() > large.size());
        QVERIFY(d.core.pendingBytes() > d.core.waitingBytes());
        d.then(Script().reply(BasicConsumeOk{"c"})
                       .expect<QueueDeclare>()
                       .expect<BasicPublish>(bodyIs(large))
                       .expect<BasicPublish>(bodyIs("small"))
                       .reply(QueueDeclareOk{"r", 0, 0}));
        QCOMPARE(d.core.waitingBytes(), 0);
        QCOMPARE(d.core.pendingBytes(), 0);
    }

    void refusesContentOutOfPlace_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        const QByteArray method = methodFrame(delivery("c", 1), 1);
        const QByteArray three = headerFrame(1, QByteArray("123"));
        const auto body = [](const QByteArray &octets) {
            return frame(FrameType::Body, 1, octets);
        };
        QByteArray otherClass = three;
        otherClass[8] = 50;
        QByteArray badFlags = three;
        badFlags[20] = 1; // a continuation bit
        QTest::newRow("header without a method") << three << 505;
        QTest::newRow("body without a header") << method + body("123") << 505;
        QTest::newRow("body without anything") << body("123") << 505;
        QTest::newRow("two headers") << method + three + three << 505;
        QTest::newRow("body too long") << method + three + body("1234") << 505;
        QTest::newRow("second body too long") << method + three + body("12") + body("34") << 505;
        QTest::newRow("body behind an empty one")
                << method + headerFrame(1, QByteArray()) + body("1") << 505;
        QTest::newRow("a method instead of the header")
                << method + methodFrame(BasicAck{1, false}, 1) << 505;
        QTest::newRow("a method instead of the body")
                << method + three + methodFrame(ChannelFlow{true}, 1) << 505;
        QTest::newRow("another delivery in the middle")
                << method + three + body("1") + method << 505;
        QTest::newRow("header of another class") << method + otherClass << 505;
        QTest::newRow("unknown property bits") << method + badFlags << 502;
        QTest::newRow("a body above the limit")
                << method + headerFrame(1, QByteArray(), 10001) << 311;
        QTest::newRow("2^40 octets")
                << method + headerFrame(1, QByteArray(), quint64(1) << 40) << 311;
        QTest::newRow("2^63 octets")
                << method + headerFrame(1, QByteArray(), quint64(1) << 63) << 311;
        QTest::newRow("2^64-1 octets") << method + headerFrame(1, QByteArray(), ~quint64(0)) << 311;
    }

    void refusesContentOutOfPlace()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .garbage(bytes)
                             .expect<ConnectionClose>(
                                     [&](const ConnectionClose &m) { return m.replyCode == code; }),
                     QAmqpConnectionOptions().setMaxMessageSize(10000));
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c"), 0));
        d.run();
        // Nothing but whole messages is ever delivered.
        for (const Delivered &delivered : d.all<Delivered>())
            QVERIFY(delivered.message.body().isEmpty());
        QCOMPARE(d.error().kind(), code == 311 ? Kind::LimitExceeded : Kind::ProtocolViolation);
    }

    void acceptsABodyAtTheLimit()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1), QByteArray(10000, 'x')),
                     QAmqpConnectionOptions().setMaxMessageSize(10000));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), 0);
        d.open();
        QCOMPARE(d.count<Delivered>(), 1);
    }

    void memoryFollowsWhatArrives()
    {
        // With no limit to speak of, a claim of 2^40 octets costs nothing until they come.
        const QByteArray claim = methodFrame(delivery("c", 1), 1)
                + headerFrame(1, QByteArray(), quint64(1) << 40)
                + frame(FrameType::Body, 1, QByteArray(100, 'x'));
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}).garbage(claim),
                     QAmqpConnectionOptions().setMaxMessageSize(quint64(1) << 62));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), 0);
        d.open();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.count<Delivered>(), 0);
    }

    void channelsInterleaveTheirContents()
    {
        Script script = Script().handshake({0, 0, 0}).channelOpen(1).channelOpen(2);
        for (quint16 n : {quint16(1), quint16(2)})
            script.on(n).expect<BasicConsume>();
        for (quint16 n : {quint16(1), quint16(2)})
            script.on(n).reply(BasicConsumeOk{"c"});
        for (quint16 n : {quint16(1), quint16(2)})
            script.garbage(methodFrame(delivery("c", n), n));
        for (quint16 n : {quint16(1), quint16(2)})
            script.garbage(headerFrame(n, QByteArray("abcdef")));
        for (const char *part : {"abc", "def"}) {
            for (quint16 n : {quint16(2), quint16(1)})
                script.garbage(frame(FrameType::Body, n, part));
        }
        CoreDriver d(script);
        ChannelCore *first = d.channel();
        ChannelCore *second = d.channel();
        d.open();
        first->consume(consume("q", "c"), 0);
        second->consume(consume("q", "c"), 0);
        d.run();
        const auto got = d.all<Delivered>();
        QCOMPARE(got.size(), 2u);
        QCOMPARE(got[0].channel, 2);
        QCOMPARE(got[0].message.body(), "abcdef");
        QCOMPARE(got[1].channel, 1);
        QCOMPARE(got[1].message.body(), "abcdef");
    }

    void fitsFrameKnowsTheLimit()
    {
        QAmqpMessage m(QByteArray("body"));
        QVERIFY(ChannelCore::fitsFrame(m, 4096));
        QVERIFY(ChannelCore::fitsFrame(QAmqpMessage(), 4096));
        // flags aside: a long string property of n octets takes n + 1
        m.setHeaders({{u"h"_s, QByteArray(4096 - 8 - 14 - 4 - 2 - 5, 'x')}});
        QVERIFY(ChannelCore::fitsFrame(m, 4096));
        m.setHeaders({{u"h"_s, QByteArray(4096 - 8 - 14 - 4 - 2 - 5 + 1, 'x')}});
        QVERIFY(!ChannelCore::fitsFrame(m, 4096));
    }

    // --- flow ---

    void flowHoldsPublishes()
    {
        CoreDriver d(
                opened().send(ChannelFlow{false}).expect<ChannelFlowOk>([](const ChannelFlowOk &m) {
                    return !m.active;
                }));
        ChannelCore *channel = d.channel();
        d.open();
        channel->ack(1, false); // acks and requests in front of a publish go on
        channel->publish(publishTo("q"), message("held"), 0);
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

QTAMQP_TEST(TestChannelCore)
#include "tst_channelcore.moc"
