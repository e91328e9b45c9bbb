// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// close() and abort() in each state.

#include "connectioncoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestConnectionEnd : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void closeInEachState_data()
    {
        addStates({ConnectionState::Idle, ConnectionState::Connecting, ConnectionState::HeaderSent,
                   ConnectionState::Starting, ConnectionState::Opening, ConnectionState::Open,
                   ConnectionState::Closing});
    }

    void closeInEachState()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        d.core.close(d.now + 10s);
        QVERIFY(d.core.isClosing());
        d.core.close(d.now + 20s);
        if (state == ConnectionState::Open)
            d.then(Script().connectionClose());
        else if (state == ConnectionState::Closing)
            d.then(Script().send(ConnectionCloseOk{}));
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
        QCOMPARE(d.count<ConnectionClosed>(), 1);
    }

    void abortInEachState_data() { closeInEachState_data(); }

    void abortInEachState()
    {
        QFETCH(ConnectionState, state);
        CoreDriver d(scriptInto(state), options());
        enter(d, state);
        const QByteArray written = d.written;
        d.core.abort();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        d.core.abort();
        d.run();
        QVERIFY(!d.error().isError());
        QCOMPARE(d.written, written);
    }

    void commandsEmitNothingBeforeTheNextTurn()
    {
        CoreDriver d(Script().handshake().ignoreRest(), options());
        d.open();
        const auto before = d.events.size();
        ChannelCore *channel = d.channel();
        channel->request(QueueDeclare{});
        d.core.abort();
        QCOMPARE(d.events.size(), before);
        d.run();
        QVERIFY(d.events.size() > before);
    }

    void closeWaitsForRequestsPublishesAndConfirms()
    {
        CoreDriver d(Script().handshake()
                             .channelOpen()
                             .expect<ConfirmSelect>()
                             .expect<QueueDeclare>()
                             .expect<BasicPublish>(),
                     options());
        ChannelCore *channel = d.channel();
        channel->selectConfirms();
        const RequestId request = d.ask(channel->request(declare("q")));
        const quint64 tag = d.published(channel->publish(publishTo("q"), QByteArray("x")));
        d.core.open(d.now);
        d.core.close(d.now + 10s);
        d.connectTransport();
        QCOMPARE(d.core.state(), ConnectionState::Draining);
        d.then(Script().reply(ConfirmSelectOk{}).reply(QueueDeclareOk{"q", 0, 0}));
        QCOMPARE(d.core.state(), ConnectionState::Draining);
        QVERIFY(!d.reply(request).error.isError());
        d.then(Script().reply(BasicAck{tag}).connectionClose());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QCOMPARE(d.settlements(), u"confirmed 1-1"_s);
        QVERIFY(!d.error().isError());
    }

    void closeWaitsForAMessageThatWasGot()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<BasicGet>(), options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(get("q")));
        d.core.close(d.now + 10s);
        d.then(Script().sendContent(getOk(1), QByteArray("body")).connectionClose());
        QCOMPARE(d.count<Got>(), 1);
        QVERIFY(!d.error().isError());
    }

    void closeDoesNotWaitForChannelsThatFail()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<QueueDelete>(), options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->request(QueueDelete{0, "q", false, false, false}));
        d.core.close(d.now + 10s);
        d.then(Script().reply(ChannelClose{404, "NOT_FOUND - no queue 'q'", 50, 40})
                       .expect<ChannelCloseOk>()
                       .connectionClose());
        QVERIFY(!d.error().isError());
        QCOMPARE(d.last<Replied>().error.kind(), Kind::NotFound);
    }

    void closeBeforeOpeningDropsWhatNobodyWillSend()
    {
        CoreDriver d(Script(), options());
        ChannelCore *channel = d.channel();
        d.ask(channel->request(QueueDeclare{}));
        d.core.close(d.now + 10s);
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
    }

    void closeHasADeadline()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<QueueDeclare>().stall(),
                     options().setHeartbeat(0s));
        ChannelCore *channel = d.channel();
        d.open();
        const RequestId request = d.ask(channel->request(QueueDeclare{}));
        d.core.close(d.now + 10s);
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 10s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
        QCOMPARE(d.reply(request).error.kind(), Kind::ConnectionLost);
        QCOMPARE(d.reply(request).error.cause().kind(), Kind::Timeout);
    }

    void bothSidesMayCloseAtOnce()
    {
        CoreDriver d(Script().handshake(), options());
        d.open();
        d.core.close(d.now + 10s);
        d.then(Script().send(ConnectionClose{200, "Goodbye", 0, 0})
                       .expect<ConnectionClose>()
                       .expect<ConnectionCloseOk>());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error().isError());
    }

    void nonsenseBehindOurCloseIsNoError()
    {
        CoreDriver d(scriptInto(ConnectionState::Closing), options());
        enter(d, ConnectionState::Closing);
        d.then(Script().garbage("no frame")); // and no second connection.close
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(!d.error());
    }

    void whatWasUnderWayWhileClosingIsDropped()
    {
        CoreDriver d(Script().handshake().channelOpen().expect<BasicConsume>().reply(
                             BasicConsumeOk{"c"}),
                     options());
        ChannelCore *channel = d.channel();
        d.open();
        d.ask(channel->consume(consume("q", "c")));
        d.run();
        d.core.close(d.now + 10s);
        const auto before = d.events.size() + 1; // that nothing holds up the close
        d.then(Script().expect<ConnectionClose>()
                       .sendContent(delivery("c", 1), QByteArray("late"))
                       .send(ConnectionBlocked{"memory"})
                       .send(BasicCancel{"c", true}));
        QCOMPARE(d.events.size(), before);
        d.then(Script().send(ConnectionCloseOk{}));
        QVERIFY(!d.error().isError());
    }

    // A link that is lost is not a connection that is closed: channels hear of the loss, then the connection,
    // then both of their end. Who closes loses nothing.
    void aLossIsToldBeforeTheEnd()
    {
        CoreDriver d(Script().handshake().channelOpen(1).channelOpen(2).drop(), options());
        d.channel();
        d.channel();
        d.open();
        d.run();
        QCOMPARE(d.count<ChannelLost>(), 2);
        QCOMPARE(d.count<LinkLost>(), 1);
        QCOMPARE(d.last<LinkLost>().cause, d.error());
        std::vector<size_t> order;
        for (const Event &event : d.events) {
            if (std::holds_alternative<ChannelLost>(event)
                || std::holds_alternative<LinkLost>(event)
                || std::holds_alternative<ChannelClosed>(event)
                || std::holds_alternative<ConnectionClosed>(event))
                order.push_back(event.index());
        }
        QVERIFY(order[0] == order[1] && order[1] != order[2] && order[3] == order[4]);
        QCOMPARE(order.size(), 6u);
        QVERIFY2(d.verdict().isEmpty(), qPrintable(d.verdict()));
    }

    void whoClosesLosesNothing()
    {
        CoreDriver d(Script().handshake().channelOpen().connectionClose(), options());
        d.channel();
        d.open();
        d.core.close(d.now + 10s);
        d.run();
        QCOMPARE(d.count<ChannelLost>(), 0);
        QCOMPARE(d.count<LinkLost>(), 0);
        QVERIFY(!d.error());
    }

    // What was said last is still on its way: a socket that is closed with bytes unread takes it back.
    void aLinkLingersUntilThePeerCloses_data()
    {
        QTest::addColumn<bool>("byTheBroker");
        QTest::newRow("the broker's close") << true;
        QTest::newRow("a violation") << false;
    }

    void aLinkLingersUntilThePeerCloses()
    {
        QFETCH(bool, byTheBroker);
        Script script = Script().handshake();
        if (byTheBroker)
            script.send(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED"), 0, 0})
                    .expect<ConnectionCloseOk>();
        else
            script.garbage("no frame at all").expect<ConnectionClose>();
        CoreDriver d(script, options());
        d.keepsLingering = true;
        d.open();
        QVERIFY(d.error());
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.core.isLingering());
        // Whatever comes is read, and means nothing.
        const auto before = d.events.size();
        for (int i = 0; i < 100; ++i) {
            qsizetype room = 0;
            QVERIFY(d.core.receiveBuffer(&room) && room > 0);
            d.core.receive(methodFrame(BasicAck{1}, 1) + "what no frame begins with", d.now);
            while (d.core.nextEvent()) { }
        }
        QVERIFY(d.core.takeOutput().isEmpty());
        QCOMPARE(d.events.size(), before);
        d.core.transportLost({});
        QVERIFY(!d.core.isLingering());
        QVERIFY(!d.core.nextTimeout());
    }

    void aLinkLingersNoLongerThanTwoSeconds()
    {
        CoreDriver d(Script().handshake().garbage("no frame at all").expect<ConnectionClose>(),
                     options());
        d.keepsLingering = true;
        d.open();
        QVERIFY(d.core.isLingering());
        QVERIFY(d.core.nextTimeout() == d.now + 2s);
        d.core.timeout(d.now + 1999ms);
        QVERIFY(d.core.isLingering());
        d.core.timeout(d.now + 2s);
        QVERIFY(!d.core.isLingering());
        QVERIFY(!d.core.nextTimeout());
    }

    void aLingeringLinkEndsWithTheAnswerToItsClose()
    {
        CoreDriver d(
                Script().handshake().garbage(methodFrame(BasicAck{1}, 9)).expect<ConnectionClose>(),
                options());
        d.keepsLingering = true;
        d.open();
        QVERIFY(d.core.isLingering());
        d.core.receive(methodFrame(ConnectionCloseOk{}, 0), d.now);
        while (d.core.nextEvent()) { }
        QVERIFY(!d.core.isLingering());
    }

    void aCloseThatNobodyAskedForIsALoss()
    {
        CoreDriver d(Script().handshake()
                             .channelOpen()
                             .send(ConnectionClose{200, QByteArrayView("goodbye"), 0, 0})
                             .expect<ConnectionCloseOk>(),
                     options());
        d.channel();
        d.open();
        QCOMPARE(d.error().replyCode(), 200);
        QCOMPARE(d.count<LinkLost>(), 1);
    }

    // Neither a heartbeat nor the rest of a message is due any more, and nothing wakes the application up.
    void whileClosingOnlyItsDeadlineCounts()
    {
        CoreDriver d(Script().handshake({2047, 131072, 4})
                             .channelOpen()
                             .expect<BasicQos>()
                             .garbage(methodFrame(BasicDeliver{"c", 1, false, {}, "q"}, 1))
                             .expect<ConnectionClose>(),
                     options().setRequestTimeout(3s));
        ChannelCore *channel = d.channel();
        channel->setPrefetch(1, false);
        d.open();
        d.pass(1s);
        d.core.close(d.now + 60s);
        d.pass(3s); // the request has timed out, nothing is awaited
        QCOMPARE(d.core.state(), ConnectionState::Closing);
        QVERIFY(d.core.nextTimeout() == d.now + 57s);
        d.runToEnd();
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    void aLinkThatWasNotReadLingersReading()
    {
        CoreDriver d(Script().handshake(), options());
        d.keepsLingering = true;
        d.open();
        d.core.receive(methodFrame(ConnectionClose{320, QByteArrayView("forced"), 0, 0}, 0), d.now);
        d.core.setReading(false, d.now);
        d.then(Script().expect<ConnectionCloseOk>());
        QVERIFY(d.core.isLingering());
        qsizetype room = 0;
        QVERIFY(d.core.receiveBuffer(&room) && room > 0);
        d.core.transportLost({});
    }
};

QTAMQP_TEST(TestConnectionEnd)
#include "tst_connectionend.moc"
