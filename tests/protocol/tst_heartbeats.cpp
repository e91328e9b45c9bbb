// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Heartbeats both ways, and a broker that blocks.

#include "connectioncoretest.h"
#include "testmain.h"

using namespace QtAmqpTest;

class TestHeartbeats : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data() { CoreDriver::addSplitRows(); }
    void init() { CoreDriver::useSplitRow(); }

    void tellsThatTheBrokerBlocks()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"low on memory"}), options());
        d.open();
        QVERIFY(d.core.isBlocked());
        QCOMPARE(d.last<BlockedChanged>().reason, u"low on memory"_s);
        QVERIFY(d.last<BlockedChanged>().blocked);
        d.then(Script().send(ConnectionUnblocked{}));
        QVERIFY(!d.core.isBlocked());
        QVERIFY(!d.last<BlockedChanged>().blocked);
        QCOMPARE(d.count<BlockedChanged>(), 2);
    }

    void blockedForTooLongIsATimeout()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setBlockedConnectionTimeout(20s).setHeartbeat(0s));
        d.open();
        const TimePoint start = d.now;
        d.pass(12s);
        d.then(Script().send(ConnectionBlocked{"disk, still"})); // does not start anew
        d.runToEnd();
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::Timeout);
    }

    void unblockedInTimeIsNoTimeout()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setBlockedConnectionTimeout(20s).setHeartbeat(0s));
        d.open();
        d.pass(19s);
        d.then(Script().send(ConnectionUnblocked{}));
        d.pass(1h);
        d.then(Script().send(ConnectionBlocked{"disk"}));
        d.pass(19s);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void blockedTimeoutIsOffByDefault()
    {
        CoreDriver d(Script().handshake().send(ConnectionBlocked{"disk"}),
                     options().setHeartbeat(0s));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        d.pass(1h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
    }

    void heartbeatsWhenIdleForHalfTheInterval()
    {
        CoreDriver d(Script().handshake({0, 0, 10})
                             .expectHeartbeat()
                             .sendHeartbeat()
                             .expectHeartbeat()
                             .sendHeartbeat(),
                     options());
        d.open();
        const QByteArray before = d.written;
        d.pass(4999ms);
        QCOMPARE(d.written, before);
        d.pass(1ms);
        QCOMPARE(d.written, before + heartbeatFrame());
        d.pass(5s);
        QCOMPARE(d.written, before + heartbeatFrame() + heartbeatFrame());
    }

    void trafficReplacesHeartbeats()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).channelOpen().ignoreRest(), options());
        ChannelCore *channel = d.channel();
        d.open();
        const QAmqpMessage content("x");
        const qsizetype before = d.written.size();
        for (int second = 0; second < 60; second += 4) {
            channel->publish(publishTo("q"), content);
            d.core.receive(heartbeatFrame(), d.now);
            d.run();
            d.pass(4s);
        }
        QCOMPARE(d.written.size() - before,
                 15 * (methodFrame(publishTo("q"), 1) + contentFrames(1, content, 4096)).size());
    }

    void deadAfterExactlyTwoIntervals()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        const TimePoint start = d.now;
        d.pass(19999ms);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.pass(1ms);
        QCOMPARE(d.core.state(), ConnectionState::Closed);
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
        QCOMPARE(d.error().origin(), Origin::Library);
        QVERIFY(d.error().isRetryable());
        QVERIFY(d.error().text().contains(u"20 s"_s));
    }

    // Never later either, at whatever moment the last byte came.
    void deadTwoIntervalsAfterTheLastByte()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.pass(7300ms);
        d.core.receive(heartbeatFrame().first(1), d.now);
        d.run();
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 20s);
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
    }

    void anyByteIsASignOfLife()
    {
        CoreDriver d(Script().handshake({0, 0, 2}).channelOpen().ignoreRest(), options());
        d.channel();
        d.open();
        // One byte every three seconds, of a frame that takes forever.
        const QByteArray slow = frame(FrameType::Body, 1, QByteArray(200, 'x'));
        for (int i = 0; i < 50; ++i) {
            d.pass(3s);
            d.core.receive(QByteArrayView(slow).sliced(i, 1), d.now);
            d.run();
        }
        QCOMPARE(d.core.state(), ConnectionState::Open);
        d.runToEnd();
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
    }

    void ourOwnStallIsNotThePeersSilence()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.now += 5min; // a debugger, a suspended machine: no turn at all
        d.run();
        QCOMPARE(d.core.state(), ConnectionState::Open);
        // From here on the peer has its time; half an interval of it counts as gone.
        const TimePoint back = d.now;
        d.runToEnd();
        QCOMPARE(d.error().kind(), Kind::HeartbeatMissed);
        QVERIFY(d.now - back == 15s);
    }

    void whatArrivedDuringAStallCounts()
    {
        CoreDriver d(Script().handshake({0, 0, 10}).stall(), options());
        d.open();
        d.now += 5min;
        d.core.receive(heartbeatFrame(), d.now); // the contract: receive first, then timeout()
        d.run();
        const TimePoint back = d.now;
        d.runToEnd();
        QVERIFY(d.now - back == 20s);
    }

    // A broker cuts it without a word.
    void ourOwnStallIsNamedInTheLoss_data()
    {
        QTest::addColumn<int>("away");
        QTest::addColumn<int>("later");
        QTest::addColumn<bool>("named");
        QTest::newRow("twice the interval") << 20 << 0 << true;
        QTest::newRow("noticed later") << 20 << 60 << true;
        QTest::newRow("too short for that") << 19 << 0 << false;
        QTest::newRow("long ago") << 20 << 61 << false;
    }

    void ourOwnStallIsNamedInTheLoss()
    {
        QFETCH(int, away);
        QFETCH(int, later);
        QFETCH(bool, named);
        CoreDriver d(Script().handshake({0, 0, 10}).ignoreRest(), options());
        d.open();
        d.now += std::chrono::seconds(away);
        d.run();
        for (int second = 0; second < later; ++second) {
            d.core.receive(heartbeatFrame(), d.now);
            d.pass(1s);
        }
        d.lose();
        QCOMPARE(d.error().kind(), Kind::ConnectionLost);
        QCOMPARE(
                d.error().text(),
                named ? u"the link is gone; nothing was sent to it for 20 s, and a broker closes a "
                        "connection on which it heard no heartbeat for 20 s: let the event loop run, "
                        "or give the connection a thread of its own"_s
                      : u"the link is gone"_s);
    }

    void shortIntervalsToo()
    {
        CoreDriver d(Script().handshake({0, 0, 1}).stall(), options());
        d.open();
        const TimePoint start = d.now;
        d.runToEnd();
        QVERIFY(d.now - start == 2s);
    }

    void noHeartbeatsWhenOff()
    {
        CoreDriver d(Script().handshake({0, 0, 60}), options().setHeartbeat(0s));
        d.open();
        QVERIFY(!d.core.nextTimeout());
        const QByteArray before = d.written;
        d.pass(24h);
        QCOMPARE(d.core.state(), ConnectionState::Open);
        QCOMPARE(d.written, before);
    }

    void heartbeatsGoOnWhileBlocked()
    {
        CoreDriver d(
                Script().handshake({0, 0, 10}).send(ConnectionBlocked{"memory"}).expectHeartbeat(),
                options());
        d.open();
        d.pass(5s);
    }
};

QTAMQP_TEST(TestHeartbeats)
#include "tst_heartbeats.moc"
