// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Deliveries, cancels and gets of a channel.

#include "channelcoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestDeliveries : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void deliversInOrder()
    {
        CoreDriver d(opened().expect<BasicConsume>()
                             .reply(BasicConsumeOk{"c"})
                             .sendContent(delivery("c", 1, "k1"), message("one", u"m1"_s))
                             .sendContent(delivery("c", 2, "k1"), message("two"))
                             .sendContent(BasicDeliver{"c", 3, true, "x", "k2"}, message("three")));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
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

    // Memory is bounded by the prefetch; a broker that takes no notice of it is not trusted any more.
    void aFloodClosesTheChannel()
    {
        Script flood;
        for (quint64 tag = 1; tag <= 9; ++tag)
            flood.sendContent(delivery("c", tag), message("x"));
        CoreDriver d(
                opened().expect<BasicQos>().expect<BasicConsume>().then(flood).expect<ChannelClose>(
                        [](const ChannelClose &m) {
                            return m.replyCode == quint16(ReplyCode::PreconditionFailed);
                        }));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId consuming = d.ask(channel->consume(consume("q", "c"), {}, 2));
        d.run();
        QCOMPARE(d.count<Delivered>(), 8);
        const QAmqpError error = d.last<ChannelClosed>().error;
        QCOMPARE(error.kind(), Kind::ProtocolViolation);
        QCOMPARE(error.scope(), Scope::Channel);
        QCOMPARE(error.origin(), Origin::Broker);
        QVERIFY2(error.text().contains(u"takes no notice of the prefetch"),
                 qPrintable(error.text()));
        QCOMPARE(d.reply(consuming).error.cause().text(), error.text());
        d.then(flood.reply(ChannelCloseOk{})); // dropped
        QCOMPARE(d.count<Delivered>(), 8);
    }

    void aFloodBeyondThePrefetchOfTheChannelClosesIt()
    {
        Script flood;
        for (quint64 tag = 1; tag <= 9; ++tag)
            flood.sendContent(delivery(tag % 2 ? "a" : "b", tag), message("x"));
        CoreDriver d(opened().expect<BasicQos>()
                             .expect<BasicQos>()
                             .expect<BasicQos>()
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"a"})
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"b"})
                             .then(flood)
                             .expect<ChannelClose>());
        ChannelCore *channel = d.channel();
        channel->setPrefetch(2, true);
        channel->consume(consume("q", "a"), {}, 10);
        channel->consume(consume("q", "b"), {}, 10);
        d.open();
        QCOMPARE(d.count<Delivered>(), 8);
        QCOMPARE(d.last<ChannelClosed>().error.kind(), Kind::ProtocolViolation);
    }

    // The broker's own basic.cancel may cross ours, and the tag be of a new consumer when ours is answered.
    void aLateCancelOkTakesNoOtherConsumer()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"));
        d.open();
        const RequestId cancelling = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>().send(BasicCancel{"c", true}));
        QCOMPARE(d.count<ConsumerCancelled>(), 1);
        const RequestId again = d.ask(channel->consume(consume("q", "c")));
        d.then(Script().send(BasicCancelOk{"c"})
                       .expect<BasicConsume>()
                       .reply(BasicConsumeOk{"c"})
                       .sendContent(delivery("c", 1), message("x")));
        QVERIFY(d.ended(cancelling));
        QCOMPARE(channel->consumerId("c"), again);
        QCOMPARE(d.last<Delivered>().consumer, again);
    }

    void aLateCancelOkEndsNoOtherCancel()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        channel->consume(consume("q", "c"), {});
        d.open();
        const RequestId first = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>().send(BasicCancel{"c", true}));
        d.ask(channel->consume(consume("q", "c"), {}));
        const RequestId second = d.ask(channel->cancel("c"));
        d.then(Script().send(BasicCancelOk{"c"})
                       .expect<BasicConsume>()
                       .reply(BasicConsumeOk{"c"})
                       .sendContent(delivery("c", 1), message("x"))
                       .expect<BasicCancel>()
                       .expect<BasicNack>()
                       .send(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(first).count, 0U);
        QCOMPARE(d.reply(second).count, 1U);
    }

    // RabbitMQ gives a consumer the limit it was told last, and forgets that of the channel then.
    void eachConsumerBringsItsPrefetch()
    {
        const auto asks = [](quint16 count, bool global) {
            return [=](const BasicQos &m) {
                return m.prefetchCount == count && m.global == global;
            };
        };
        CoreDriver d(opened().expect<BasicQos>(asks(20, true))
                             .expect<BasicQos>(asks(10, false))
                             .expect<BasicQos>(asks(20, true))
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"a"})
                             .expect<BasicConsume>() // with the same
                             .reply(BasicConsumeOk{"b"})
                             .expect<BasicConsume>() // without acknowledgement
                             .reply(BasicConsumeOk{"c"})
                             .expect<BasicQos>(asks(5, false))
                             .expect<BasicQos>(asks(20, true))
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"d"})
                             .expect<BasicQos>(asks(10, false))
                             .expect<BasicQos>(asks(20, true))
                             .expect<BasicConsume>()
                             .reply(BasicConsumeOk{"e"}));
        ChannelCore *channel = d.channel();
        channel->setPrefetch(20, true);
        channel->consume(consume("q", "a"), {}, 10);
        channel->consume(consume("q", "b"), {}, 10);
        channel->consume(consume("q", "c", true));
        channel->consume(consume("q", "d"), {}, 5);
        channel->setPrefetch(10, false);
        QCOMPARE(channel->prefetch(), quint16(10));
        const RequestId last = d.ask(channel->consume(consume("q", "e"), {}, 10));
        d.open();
        QVERIFY(d.ended(last));
    }

    // A stream sends chunk by chunk, whatever the credit. A queue whose node was lost and came back takes
    // back what is unsettled, and sends it again.
    void lawfulBrokersMaySendMore_data()
    {
        QTest::addColumn<bool>("ofStream");
        QTest::newRow("stream") << true;
        QTest::newRow("again") << false;
    }
    void lawfulBrokersMaySendMore()
    {
        QFETCH(bool, ofStream);
        QAmqpMessage content(QByteArray(1000, 'x'));
        Script script = opened().expect<BasicQos>()
                                .reply(BasicQosOk{})
                                .expect<BasicConsume>()
                                .reply(BasicConsumeOk{"c"});
        for (quint64 tag = 1; tag <= 40; ++tag) {
            if (ofStream)
                content.setHeaders({{u"x-stream-offset"_s, qint64(tag)}});
            script.sendContent(BasicDeliver{"c", tag, !ofStream, "", "q"}, content);
        }
        CoreDriver d(script, QAmqpConnectionOptions().setMaxMessageSize(2'000));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"), {}, 1);
        d.run();
        QCOMPARE(d.count<Delivered>(), 40);
        QCOMPARE(d.count<ChannelClosed>(), 0);
    }

    // To refuse what the broker has taken back itself would close the channel (406).
    void whatIsRecoveredIsNotPutBack()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}),
                     QAmqpConnectionOptions().setMaxMessageSize(10));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"));
        d.run();
        channel->request(BasicRecover{true});
        d.then(Script().expect<BasicRecover>().sendContent(delivery("c", 1),
                                                           message("too large on its way")));
        const RequestId cancel = channel->cancel("c");
        d.then(Script().expect<BasicCancel>()
                       .sendContent(delivery("c", 2), message("meanwhile"))
                       .send(BasicRecoverOk{})
                       .sendContent(delivery("c", 3), message("again"))
                       .expect<BasicNack>([](const BasicNack &m) { return m.deliveryTag == 3; })
                       .reply(BasicCancelOk{"c"}));
        QCOMPARE(d.reply(cancel).name, "c");
        QCOMPARE(d.count<Delivered>(), 0);
        QCOMPARE(d.count<Discarded>(), 0);
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
        d.ask(channel->consume(consume("q", "c")));
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
        channel->consume(consume("q", "c"));
        d.run();
        QVERIFY(channel->show(1));
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
        channel->consume(consume("q", "c", true));
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
        const RequestId consuming = channel->consume(consume("q", "c"));
        d.run();
        QCOMPARE(d.count<ConsumerCancelled>(), 1);
        QCOMPARE(d.last<ConsumerCancelled>().consumer, consuming);
        QVERIFY(!channel->consumerId("c"));
    }

    void bothSidesMayCancelAtOnce()
    {
        CoreDriver d(opened().expect<BasicConsume>().reply(BasicConsumeOk{"c"}));
        ChannelCore *channel = d.channel();
        d.open();
        channel->consume(consume("q", "c"));
        d.run();
        const RequestId cancel = d.ask(channel->cancel("c"));
        d.then(Script().expect<BasicCancel>()
                       .send(BasicCancel{"c", true})
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
        QCOMPARE(d.reply(request).error.kind(), Kind::ConnectionLost);
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
        QLoggingCategory::setFilterRules(u"qt.amqp.channel.debug=true"_s);
        const auto quiet = qScopeGuard([] { QLoggingCategory::setFilterRules({}); });
        QTest::ignoreMessage(QtDebugMsg,
                             "nobody waits any more for message 5 on channel 1, which "
                             "basic.get took: it goes back to its queue");
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
        channel->consume(consume("q", "c"));
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
                                      .noAck = true});
        channel->consume(consume("q", "c"));
        d.run();
        QCOMPARE(d.count<Delivered>(), 5);
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
};

QTAMQP_TEST(TestDeliveries)
#include "tst_deliveries.moc"
