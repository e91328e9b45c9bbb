// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// When a session outlives its link, when and where it connects again, and how it ends when it does not.

#include "testmain.h"

#include "recoveryscene.h"

using namespace QtAmqpTest;
using Kind = QAmqpError::Kind;
using std::chrono::milliseconds;

namespace {

// Ways to the five phases of a recovery.
enum class Phase { Waiting, Dialling, Handshake, Replaying, Reopening };

// A session with a queue and a consumer that has lost its link and got so far.
struct InPhase
{
    explicit InPhase(Phase phase)
    {
        channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.forget();
        scene.pair.reconnects = false;
        scene.lose();
        if (phase == Phase::Waiting)
            return;
        scene.pair.pass(500ms);
        if (phase == Phase::Dialling)
            return;
        scene.onAsked = [phase](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return !(phase == Phase::Handshake && method == ConnectionOpen::info.id())
                    && !(phase == Phase::Replaying && method == QueueDeclare::info.id())
                    && !(phase == Phase::Reopening && method == BasicConsume::info.id());
        };
        scene.pair.connect();
        scene.pair.run();
    }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
};

QAmqpConnectionOptions withHosts(int count)
{
    QList<QAmqpHost> hosts;
    for (int i = 0; i < count; ++i)
        hosts.append({u"host%1"_s.arg(i), 5672});
    return recovering().setHosts(hosts);
}

QAmqpError noRoute()
{
    return {Kind::ConnectionLost, QAmqpError::Scope::Connection, QAmqpError::Origin::Transport,
            u"no route"_s};
}

} // namespace

class TestRecovery : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theFirstWaitIsAtLeastAHundredMilliseconds()
    {
        for (int i = 0; i < 50; ++i) {
            RecoveryScene scene;
            scene.pair.client = std::make_unique<ConnectionCore>(recovering(), quint32(i + 1));
            scene.open();
            scene.pair.reconnects = false;
            scene.lose();
            QCOMPARE(scene.count<LinkLost>(), 1);
            QVERIFY(scene.last<LinkLost>().recovers);
            QCOMPARE(scene.count<RetryScheduled>(), 1);
            QCOMPARE(scene.last<RetryScheduled>().attempt, 1);
            QVERIFY(scene.last<RetryScheduled>().delay >= 100ms);
            QVERIFY(scene.last<RetryScheduled>().delay <= 250ms);
            const milliseconds delay = scene.last<RetryScheduled>().delay;
            scene.pair.pass(delay - 1ms);
            QCOMPARE(scene.count<ConnectWanted>(), 0);
            scene.pair.pass(1ms);
            QCOMPARE(scene.count<ConnectWanted>(), 1);
        }
    }

    void theWaitsGrow()
    {
        const auto policy = QAmqpRetryPolicy::endless().setJitter(0);
        RecoveryScene scene(recovering().setRecoveryPolicy(policy));
        scene.open();
        scene.pair.reconnects = false;
        scene.lose();
        QList<milliseconds> delays{scene.last<RetryScheduled>().delay};
        for (int i = 0; i < 10; ++i) {
            scene.pair.pass(delays.last());
            scene.pair.client->transportLost(noRoute());
            scene.pair.run();
            QCOMPARE(scene.last<AttemptFailed>().delay, scene.last<RetryScheduled>().delay);
            delays.append(scene.last<RetryScheduled>().delay);
        }
        QCOMPARE(delays.first(4), QList<milliseconds>({250ms, 500ms, 1000ms, 2000ms}));
        QCOMPARE(delays.last(), 30000ms);
        QCOMPARE(scene.last<RetryScheduled>().attempt, 11);
        QCOMPARE(scene.pair.client->recoveryAttempt(), 11);
    }

    // Otherwise a broker that accepts each connection and closes it would be asked without a pause.
    void theWaitsBeginAnewOnceALinkWasUpForTenSeconds()
    {
        const auto policy = QAmqpRetryPolicy::endless().setJitter(0);
        RecoveryScene scene(recovering().setRecoveryPolicy(policy));
        scene.open();
        for (const milliseconds delay : {250ms, 500ms, 1000ms}) {
            scene.lose();
            QCOMPARE(scene.last<RetryScheduled>().delay, delay);
            QCOMPARE(scene.last<RetryScheduled>().attempt, 1);
            QVERIFY(scene.recover());
        }
        scene.pair.pass(10s);
        scene.lose();
        QCOMPARE(scene.last<RetryScheduled>().delay, 250ms);
    }

    void hostsAreTriedInTurnAndTheLastGoodOneFirst()
    {
        RecoveryScene scene(withHosts(3));
        scene.pair.client->open(scene.pair.now);
        scene.pair.turn();
        scene.pair.client->transportLost(noRoute()); // host0
        scene.pair.turn();
        scene.pair.connect(); // host1
        scene.pair.run();
        QCOMPARE(scene.count<ConnectionOpened>(), 1);
        scene.pair.reconnects = false;
        scene.forget();
        scene.lose();
        QVERIFY(scene.last<RetryScheduled>().delay >= 100ms);
        scene.pair.pass(1s);
        for (int i = 0; i < 2; ++i) {
            scene.pair.client->transportLost(noRoute());
            scene.pair.turn();
            QCOMPARE(scene.last<RetryScheduled>().delay, 0ms);
        }
        scene.pair.client->transportLost(noRoute());
        scene.pair.turn();
        QVERIFY(scene.last<RetryScheduled>().delay >= 100ms);
        scene.pair.pass(10s);
        QList<qsizetype> hosts;
        for (const ConnectWanted &wanted : scene.all<ConnectWanted>())
            hosts.append(wanted.host);
        QCOMPARE(hosts, QList<qsizetype>({1, 2, 0, 1}));
        scene.pair.connect();
        scene.pair.run();
        QCOMPARE(scene.count<Recovered>(), 1);
        QVERIFY(scene.last<Recovered>().report.endpoint().contains(u"host1"_s));
        QCOMPARE(scene.last<Recovered>().report.attempts(), 4);
    }

    // Brokers may refuse good users while their backends start.
    void aRefusedLoginIsTriedThreeTimesMore_data()
    {
        QTest::addColumn<int>("hosts");
        QTest::newRow("one host") << 1;
        QTest::newRow("three hosts") << 3;
    }
    void aRefusedLoginIsTriedThreeTimesMore()
    {
        QFETCH(const int, hosts);
        RecoveryScene scene(withHosts(hosts));
        scene.open();
        scene.forget();
        scene.pair.broker.settings().users.clear();
        scene.lose();
        scene.pair.pass(500ms);
        for (int i = 0; i < 3; ++i) {
            QCOMPARE(scene.count<ConnectionClosed>(), 0);
            QCOMPARE(scene.count<AttemptFailed>(), hosts * (i + 1));
            QCOMPARE(scene.last<AttemptFailed>().delay, 30000ms);
            scene.pair.pass(30s);
        }
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
        const QAmqpError verdict = scene.last<ConnectionClosed>().error;
        QCOMPARE(verdict.kind(), Kind::AuthenticationFailed);
        QCOMPARE(verdict.attempts().size(), 4 * hosts);
        QVERIFY(!scene.pair.client->isRecovering());
        QVERIFY(!scene.pair.nextTimeout());
    }

    void aLoginThatIsRefusedForAWhileDoesNoHarm()
    {
        RecoveryScene scene;
        scene.open();
        const auto users = scene.pair.broker.settings().users;
        scene.pair.broker.settings().users.clear();
        scene.lose();
        scene.pair.pass(35s);
        scene.pair.broker.settings().users = users;
        scene.pair.pass(30s);
        QCOMPARE(scene.count<Recovered>(), 1);
    }

    // Ends everything once, and the verdict lists the attempts.
    void itIsGivenUpAfterTheAttemptsOfThePolicy()
    {
        RecoveryScene scene(
                recovering().setRecoveryPolicy(QAmqpRetryPolicy::endless().setMaximumAttempts(3)));
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable("q"));
        scene.pair.run();
        QueueDelete gone;
        gone.queue = "q";
        const RequestId sent = channel->request(gone);
        const quint64 sentTag = channel->publish(publishTo("q"), persistent("1"));
        const RequestId repeatable = channel->request(durable("r"));
        scene.pair.reconnects = false;
        scene.lose();
        const RequestId waiting = channel->request(durable("s"));
        const quint64 waitingTag = channel->publish(publishTo("q"), persistent("2"));
        for (int i = 0; i < 3; ++i) {
            QCOMPARE(scene.count<ConnectionClosed>(), 0);
            scene.pair.pass(scene.last<RetryScheduled>().delay);
            scene.pair.client->transportLost(noRoute());
            scene.pair.run();
        }
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QCOMPARE(scene.last<ConnectionClosed>().error.attempts().size(), 3);
        QVERIFY(scene.wasInterrupted(sent));
        for (const RequestId request : {repeatable, waiting}) {
            QCOMPARE(scene.ends(request), 1);
            QVERIFY(scene.end(request).error);
        }
        QCOMPARE(scene.outcomes(sentTag), std::vector<Outcome>({Outcome::Indeterminate}));
        QCOMPARE(scene.outcomes(waitingTag).size(), size_t(1));
        QVERIFY(std::holds_alternative<ConnectionClosed>(scene.events.back()));
        QCOMPARE(scene.pair.client->waitingBytes(), 0);
        QVERIFY(!scene.pair.client->isRecovering());
    }

    void itEndsAtOnceInEachPhase_data()
    {
        QTest::addColumn<int>("phase");
        QTest::addColumn<bool>("abort");
        const char *const names[] = {"waiting", "dialling", "handshake", "replaying", "reopening"};
        for (int phase = 0; phase < 5; ++phase) {
            for (const bool abort : {false, true})
                QTest::addRow("%s, %s", names[phase], abort ? "abort" : "close") << phase << abort;
        }
    }
    void itEndsAtOnceInEachPhase()
    {
        QFETCH(const int, phase);
        QFETCH(const bool, abort);
        InPhase in{Phase(phase)};
        RecoveryScene &scene = in.scene;
        QVERIFY(scene.pair.client->isRecovering());
        QCOMPARE(scene.count<Recovered>(), 0);
        QCOMPARE(scene.count<ConnectionOpened>(), 0);
        const RequestId request = in.channel->request(durable("r"));
        const quint64 tag = in.channel->publish(publishTo("q"), persistent("1"));
        Q_UNUSED(tag)
        if (abort)
            scene.pair.client->abort();
        else
            scene.pair.client->close(scene.pair.now + 10s);
        scene.pair.turn();
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
        QVERIFY(!scene.last<ConnectionClosed>().error);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QCOMPARE(scene.ends(request), 1);
        QVERIFY(std::holds_alternative<ConnectionClosed>(scene.events.back()));
        QCOMPARE(scene.pair.client->state(), ConnectionState::Closed);
        QCOMPARE(scene.pair.client->waitingBytes(), 0);
        QVERIFY(!scene.pair.client->isRecovering());
        QVERIFY(!scene.pair.client->nextTimeout());
        const size_t events = scene.events.size();
        scene.pair.pass(120s);
        QCOMPARE(scene.events.size(), events);
    }

    void aSecondLossInEachPhaseIsRecoveredFrom_data()
    {
        QTest::addColumn<int>("phase");
        QTest::newRow("dialling") << int(Phase::Dialling);
        QTest::newRow("handshake") << int(Phase::Handshake);
        QTest::newRow("replaying") << int(Phase::Replaying);
        QTest::newRow("reopening") << int(Phase::Reopening);
    }
    void aSecondLossInEachPhaseIsRecoveredFrom()
    {
        QFETCH(const int, phase);
        InPhase in{Phase(phase)};
        RecoveryScene &scene = in.scene;
        const RequestId request = in.channel->request(durable("r"));
        scene.onAsked = {};
        if (phase == int(Phase::Dialling))
            scene.pair.client->transportLost(noRoute());
        scene.lose();
        QVERIFY(scene.pair.client->isRecovering());
        scene.pair.reconnects = true;
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<Recovered>(), 1);
        QVERIFY(scene.count<RetryScheduled>() > 1);
        QCOMPARE(scene.last<Recovered>().report.attempts(), scene.count<RetryScheduled>());
        QCOMPARE(scene.count<ChannelRecovered>(), 1);
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QVERIFY(scene.endedWell(request));
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        scene.pair.pass(60s);
        QCOMPARE(scene.count<Recovered>(), 1);
    }

    void theSilenceOfAStepCostsTheLink()
    {
        InPhase in(Phase::Replaying);
        RecoveryScene &scene = in.scene;
        scene.pair.pass(60s);
        QCOMPARE(scene.count<LinkLost>(), 2);
        QCOMPARE(scene.last<LinkLost>().cause.kind(), Kind::Timeout);
        scene.onAsked = {};
        scene.pair.reconnects = true;
        scene.pair.client->reconnectNow(scene.pair.now);
        QVERIFY(scene.recover());
    }

    void whatTheBrokerSaysDecides_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<bool>("recovers");
        for (const auto code : {ReplyCode::ConnectionForced, ReplyCode::InternalError})
            QTest::addRow("%d", int(code)) << int(code) << true;
        for (const auto code :
             {ReplyCode::FrameError, ReplyCode::SyntaxError, ReplyCode::CommandInvalid,
              ReplyCode::ChannelError, ReplyCode::UnexpectedFrame, ReplyCode::NotAllowed})
            QTest::addRow("%d", int(code)) << int(code) << false;
    }
    void whatTheBrokerSaysDecides()
    {
        QFETCH(const int, code);
        QFETCH(const bool, recovers);
        RecoveryScene scene;
        scene.open();
        scene.pair.link->close(Broker::refuse(ReplyCode(code), "a test"));
        scene.pair.broker.settleDown(scene.pair.now);
        scene.pair.run();
        QCOMPARE(scene.count<LinkLost>(), 1);
        QCOMPARE(scene.last<LinkLost>().recovers, recovers);
        QCOMPARE(scene.last<LinkLost>().cause.replyCode(), code);
        QCOMPARE(scene.count<ConnectionClosed>(), recovers ? 0 : 1);
        QCOMPARE(scene.recover(), recovers);
        QCOMPARE(scene.count<Recovered>(), recovers ? 1 : 0);
    }

    void aConnectionThatIsBlockedForTooLongEnds()
    {
        RecoveryScene scene(recovering().setBlockedConnectionTimeout(5s));
        ChannelCore *const channel = scene.open();
        scene.pair.broker.block("memory", scene.pair.now);
        channel->publish(publishTo("q"), persistent("1"));
        scene.pair.pass(6s);
        QCOMPARE(scene.count<LinkLost>(), 1);
        QVERIFY(!scene.last<LinkLost>().recovers);
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
    }

    void withoutRecoveryALossIsTheEnd()
    {
        RecoveryScene scene(recovering().setRecoveryEnabled(false));
        ChannelCore *const channel = scene.open();
        const RequestId request = channel->request(durable("q"));
        scene.lose();
        QCOMPARE(scene.count<LinkLost>(), 1);
        QVERIFY(!scene.last<LinkLost>().recovers);
        QCOMPARE(scene.count<RetryScheduled>(), 0);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
        QCOMPARE(scene.ends(request), 1);
        QCOMPARE(scene.end(request).error.kind(), Kind::ConnectionLost);
        QCOMPARE(scene.pair.client->state(), ConnectionState::Closed);
    }

    void aLossWhileClosingIsAGoodEnd()
    {
        RecoveryScene scene;
        scene.open();
        scene.onAsked = [](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return method != ConnectionClose::info.id();
        };
        scene.pair.client->close(scene.pair.now + 10s);
        scene.pair.run();
        QCOMPARE(scene.count<ConnectionClosed>(), 0);
        scene.lose();
        QCOMPARE(scene.count<ConnectionClosed>(), 1);
        QVERIFY(!scene.last<ConnectionClosed>().error);
        QVERIFY(!scene.pair.client->isRecovering());
    }

    void aWaitCanBeCutShort()
    {
        RecoveryScene scene(recovering().setRecoveryPolicy(
                QAmqpRetryPolicy::endless().setInitialDelay(20s).setJitter(0)));
        scene.open();
        scene.lose();
        scene.pair.pass(5s);
        QCOMPARE(scene.count<Recovered>(), 0);
        scene.pair.client->reconnectNow(scene.pair.now);
        scene.pair.run();
        QCOMPARE(scene.count<Recovered>(), 1);
        QCOMPARE(scene.last<Recovered>().report.duration(), 5000ms);
    }

    void whatWasNegotiatedStaysWhileItRecovers()
    {
        Broker::BrokerSettings settings;
        settings.frameMax = 8192;
        RecoveryScene scene(recovering(), settings);
        scene.open();
        scene.pair.reconnects = false;
        scene.pair.link->close(Broker::refuse(ReplyCode::ConnectionForced, "a test"));
        scene.pair.broker.settleDown(scene.pair.now);
        scene.pair.run();
        QCOMPARE(scene.pair.client->negotiated().frameMax, 8192u);
        scene.pair.pass(500ms);
        QCOMPARE(scene.pair.client->negotiated().frameMax, 8192u);
    }

    void theLossIsToldInOrder()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        scene.pair.run();
        scene.forget();
        QueuePurge purge;
        purge.queue = "q";
        channel->request(purge);
        channel->publish(publishTo("q"), persistent("1"));
        scene.lose();
        QStringList order;
        for (const Event &event : scene.events) {
            if (std::holds_alternative<Replied>(event))
                order.append(u"replied"_s);
            else if (std::holds_alternative<Settled>(event))
                order.append(u"settled"_s);
            else if (std::holds_alternative<ChannelLost>(event))
                order.append(u"channel"_s);
            else if (std::holds_alternative<LinkLost>(event))
                order.append(u"link"_s);
            else if (std::holds_alternative<RetryScheduled>(event))
                order.append(u"retry"_s);
        }
        QCOMPARE(order,
                 QStringList({u"replied"_s, u"settled"_s, u"channel"_s, u"link"_s, u"retry"_s}));
    }
};

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
