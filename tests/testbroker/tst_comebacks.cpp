// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the broker refuses, cancels or does not answer on the next link holds up nothing else and loses nothing.

#include "testmain.h"

#include "recoveryscene.h"

using namespace QtAmqpTest;
using Kind = QAmqpError::Kind;

namespace {

QueueDeclare autoDelete(QByteArrayView queue)
{
    QueueDeclare method = declare(queue);
    method.autoDelete = true;
    return method;
}

QByteArray queueOf(quint32 method, QByteArrayView fields)
{
    Reader in(fields);
    return method == BasicConsume::info.id() ? decode<BasicConsume>(in).queue.toByteArray()
                                             : QByteArray();
}

class Source : public BodySource
{
public:
    qint64 read(char *to, qint64 most) override
    {
        if (!isReady)
            return 0;
        std::fill_n(to, most, 'x');
        return most;
    }
    QString error() const override { return {}; }

    bool isReady = false;
};

void readBodies(CorePair &pair)
{
    for (int turn = 0; turn < 5; ++turn) {
        pair.client->timeout(pair.now);
        while (auto part = pair.client->nextBodyPart(1 << 20)) {
            part->read();
            pair.client->bodyRead(*part);
        }
        pair.run();
        pair.pass(50ms);
    }
}

// A consumer of queue "q" with this option, and a channel with confirms.
struct Consuming
{
    explicit Consuming(bool returns, const QueueDeclare &queue = durable("q"))
    {
        channel = scene.open();
        channel->selectConfirms();
        channel->request(queue);
        channel->request(bind("q", "amq.direct"));
        consumer = channel->consume(consume("q", "c"), {}, 10, returns);
        scene.pair.run();
    }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
    RequestId consumer = 0;
};

} // namespace

class TestComebacks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // The device has no bytes yet when the link is lost.
    void aStreamedBodyStaysBehindADeclare()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        scene.pair.run();
        bool isMute = true;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return !isMute || method != QueueDeclare::info.id();
        };
        const RequestId declared = channel->request(durable("q"));
        const auto source = std::make_shared<Source>();
        const quint64 tag = channel->publish(publishTo("q"), persistent({}), {}, {source, 1000});
        scene.pair.run();
        readBodies(scene.pair);
        isMute = false;
        source->isReady = true;
        QVERIFY(scene.loseAndRecover());
        readBodies(scene.pair);
        QVERIFY(scene.endedWell(declared));
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }

    void aStreamedBodyStaysBehindConfirmSelect()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        scene.pair.run();
        bool isMute = true;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return !isMute || method != ConfirmSelect::info.id();
        };
        channel->selectConfirms();
        const auto source = std::make_shared<Source>();
        const quint64 first = channel->publish(publishTo("q"), persistent({}), {}, {source, 1000});
        scene.pair.run();
        isMute = false;
        source->isReady = true;
        QVERIFY(scene.loseAndRecover());
        readBodies(scene.pair);
        QCOMPARE(scene.outcomes(first), std::vector<Outcome>({Outcome::Confirmed}));
        const quint64 second = channel->publish(publishTo("q"), persistent("2"));
        scene.pair.run();
        QCOMPARE(scene.outcomes(second), std::vector<Outcome>({Outcome::Confirmed}));
    }

    void aBodySentInPartIsIndeterminate()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable("q"));
        scene.pair.run();
        const auto source = std::make_shared<Source>();
        source->isReady = true;
        const quint64 tag =
                channel->publish(publishTo("q"), persistent({}), {}, {source, 10'000'000});
        const RequestId wait = channel->awaitConfirm();
        scene.pair.client->timeout(scene.pair.now);
        auto part = scene.pair.client->nextBodyPart(1 << 20);
        QVERIFY(part);
        part->read();
        scene.pair.client->bodyRead(*part);
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Indeterminate}));
        QCOMPARE(scene.end(wait).error.kind(), Kind::Interrupted);
        QCOMPARE(scene.queue("q")->readyCount(), quint64(0));
        const quint64 next = channel->publish(publishTo("q"), persistent("2"));
        scene.pair.run();
        QCOMPARE(scene.outcomes(next), std::vector<Outcome>({Outcome::Confirmed}));
    }

    // The channel has a body to send whose device has no bytes yet, so that nothing else can be sent.
    void theAnswerToACancelComesBeforeTheNewConsume()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(autoDelete("a"));
        channel->request(durable("q"));
        const RequestId consumer = channel->consume(consume("a", "ca"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        const auto source = std::make_shared<Source>();
        channel->publish(publishTo("q"), persistent({}), {}, {source, 1000});
        scene.pair.run();
        scene.brokerDeletes("a");
        scene.pair.pass(500ms);
        QVERIFY(scene.queue("a"));
        source->isReady = true;
        readBodies(scene.pair);
        QCOMPARE(channel->consumerId("ca"), consumer);
        QVERIFY(scene.queue("a"));
        QCOMPARE(scene.queue("a")->consumers().size(), size_t(1));
    }

    // As with a quorum queue that has lost its majority.
    void aConsumerThatIsNeverAnsweredIsGivenUp()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        ChannelCore *const other = scene.pair.client->addChannel(1);
        channel->request(durable("q"));
        other->request(durable("o"));
        const RequestId consumer = channel->consume(consume("q", "c"));
        other->consume(consume("o", "co"));
        scene.pair.run();
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView fields) {
            return queueOf(method, fields) != "q";
        };
        scene.lose();
        QVERIFY(scene.recover(5min));
        QCOMPARE(scene.count<LinkLost>(), 3);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.kind(), Kind::Timeout);
        QCOMPARE(scene.queue("o")->consumers().size(), size_t(1));
        QVERIFY(channel->isUsable());
    }

    // Consumers that were started before a refused one get their prefetch and lose it again each time.
    void aTakenQueueHoldsUpNothing()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable("q"));
        channel->request(durable("e"));
        channel->consume(consume("q", "c"), {}, 10);
        BasicConsume exclusively = consume("e", "ce");
        exclusively.exclusive = true;
        channel->consume(exclusively);
        scene.pair.run();
        // Another client is faster, and has the queue for itself.
        const auto other = std::make_shared<Broker::Consumer>();
        other->exclusive = true;
        other->queue = scene.queue("e");
        bool isTaken = false;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView fields) {
            if (queueOf(method, fields) == "e" && !std::exchange(isTaken, true))
                scene.queue("e")->addConsumer(other.get(), scene.pair.now);
            return true;
        };
        scene.lose();
        const quint64 tag = channel->publish(publishTo("q"), persistent("urgent"));
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        scene.pair.pass(5s);
        QCOMPARE(scene.count<ChannelLost>(), 2);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        scene.queue("e")->removeConsumer(other.get(), scene.pair.now);
        scene.pair.pass(5s);
        QCOMPARE(scene.queue("e")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ChannelLost>(), 2);
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
    }

    void aPublishByHandleGoesToTheQueuesNewName()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(exclusive({}));
        const QueueNamePointer name = channel->lastDeclared();
        scene.pair.run();
        const QByteArray old = name->name;
        scene.lose();
        const quint64 tag = channel->publish(publishTo({}), persistent("1"), name);
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(name->name != old);
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.queue(name->name)->readyCount(), quint64(1));
    }

    // It outlives the link, with its messages.
    void aDurableQueueKeepsTheNameThatTheBrokerMadeUp()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable({}));
        const QueueNamePointer name = channel->lastDeclared();
        scene.pair.run();
        const QByteArray first = name->name;
        channel->publish(publishTo({}), persistent("1"), name);
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(name->name, first);
        QCOMPARE(scene.host().queues().size(), size_t(1));
        channel->consume(consume({}, "c"), name);
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 1);
        // If somebody has deleted it, there is a new one.
        scene.lose();
        scene.brokerDeletes(first);
        QVERIFY(scene.recover());
        QVERIFY(name->name != first);
        QCOMPARE(scene.count<QueueRenamed>(), 1);
        QCOMPARE(scene.queue(name->name)->consumers().size(), size_t(1));
    }

    // The broker has not noticed yet that the old link is lost, so that the exclusive queue is not to be had.
    void callsAboutAnAbsentQueueWaitForIt_data()
    {
        QTest::addColumn<bool>("wasSent");
        QTest::newRow("unanswered when the link was lost") << true;
        QTest::newRow("called while there was no link") << false;
    }
    void callsAboutAnAbsentQueueWaitForIt()
    {
        QFETCH(const bool, wasSent);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(exclusive("e"));
        scene.pair.run();
        bool isMute = wasSent;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return !isMute || method != BasicConsume::info.id();
        };
        RequestId consumer = 0;
        RequestId bound = 0;
        const auto call = [&] {
            consumer = channel->consume(consume("e", "c"));
            bound = channel->request(bind("e", "amq.direct"));
        };
        if (wasSent)
            call();
        scene.pair.run();
        isMute = false;
        scene.pair.brokerNotices = false;
        scene.lose();
        if (!wasSent)
            call();
        scene.pair.pass(5s);
        QCOMPARE(scene.count<Recovered>(), 1);
        QCOMPARE(scene.ends(consumer), 0);
        const quint64 tag = channel->publish(publishTo("k"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        scene.pair.brokerLooks();
        scene.pair.pass(5s);
        QVERIFY(scene.endedWell(consumer));
        QVERIFY(scene.endedWell(bound));
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.queue("e")->consumers().size(), size_t(1));
    }

    void callsAboutAQueueThatStaysAwayFail()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId consumer = channel->consume(consume("e", "c"));
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        scene.pair.pass(60s);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.end(bound).error.replyCode(), 405);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QVERIFY(channel->isUsable());
        channel->close();
        scene.pair.run();
        QCOMPARE(scene.count<ChannelClosed>(), 1);
    }

    void aChannelMayCloseWhileItsCallsWait()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        scene.pair.pass(5s);
        QCOMPARE(scene.ends(bound), 0);
        channel->close();
        scene.pair.pass(1s);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.end(bound).error.replyCode(), 405);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
    }

    // Otherwise nothing bounds a consumer without acknowledgement while another one holds the recovery up.
    void readingStopsAlsoWhileTheConnectionRecovers()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        ChannelCore *const other = scene.pair.client->addChannel(1);
        channel->request(durable("q"));
        other->request(durable("o"));
        channel->consume(consume("q", "c"));
        BasicConsume flood = consume("o", "n");
        flood.noAck = true;
        other->consume(flood);
        scene.pair.run();
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView fields) {
            return queueOf(method, fields) != "q";
        };
        scene.lose();
        scene.pair.pass(1s);
        QVERIFY(scene.pair.client->isRecovering());
        scene.pair.client->setReading(false, scene.pair.now);
        qsizetype room = 0;
        QVERIFY(scene.pair.client->receiveBuffer(&room)); // an answer is awaited still
        scene.put("o", "1");
        QCOMPARE(scene.count<Delivered>(), 1);
        QVERIFY(!scene.pair.client->receiveBuffer(&room));
        scene.pair.client->setReading(true, scene.pair.now);
        QVERIFY(scene.pair.client->receiveBuffer(&room));
    }

    // RabbitMQ blames nothing for an internal error, as while it starts.
    void whatWasBlamedIsForgivenAfterAStableLink()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(declare("q"));
        scene.pair.run();
        int times = 2;
        scene.onAsked = [&](Broker::Connection &connection, quint16, quint32 method,
                            QByteArrayView) {
            if (method != QueueDeclare::info.id() || times == 0)
                return true;
            --times;
            connection.close(Broker::refuse(ReplyCode::InternalError, "starting"), 0);
            return false;
        };
        scene.pair.broker.restart(Broker::BrokerCore::Stop::Killed, scene.pair.now);
        QVERIFY(scene.recover(30s));
        QCOMPARE(scene.last<Recovered>().report.skipped().size(), 1);
        scene.pair.pass(1min);
        QVERIFY(scene.loseAndRecover());
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
        QVERIFY(scene.queue("q"));
    }

    void aChannelThatWasNeverOpenIsNotLost()
    {
        RecoveryScene scene;
        scene.open();
        bool isMute = true;
        scene.onAsked = [&](Broker::Connection &, quint16 number, quint32 method, QByteArrayView) {
            return !isMute || number != 2 || method != ChannelOpen::info.id();
        };
        const ChannelCore *const second = scene.pair.client->addChannel(1);
        scene.pair.run();
        isMute = false;
        scene.forget();
        QVERIFY(scene.loseAndRecover());
        QVERIFY(second->isUsable());
        QCOMPARE(scene.count<ChannelLost>(), 1);
        QCOMPARE(scene.count<ChannelRecovered>(), 1);
        QCOMPARE(scene.count<ChannelOpened>(), 2);
    }

    void aCancelledConsumerIsStartedAgainIfTheApplicationWants_data()
    {
        QTest::addColumn<bool>("returns");
        QTest::newRow("it does") << true;
        QTest::newRow("it does not") << false;
    }
    void aCancelledConsumerIsStartedAgainIfTheApplicationWants()
    {
        QFETCH(const bool, returns);
        Consuming c(returns);
        c.scene.pair.pass(1min);
        c.scene.brokerDeletes("q");
        c.scene.pair.run();
        QCOMPARE(c.scene.count<ConsumerInterrupted>(), returns ? 1 : 0);
        QCOMPARE(c.scene.count<ConsumerCancelled>(), returns ? 0 : 1);
        c.scene.pair.pass(1s);
        QCOMPARE(bool(c.scene.queue("q")), returns);
        if (!returns)
            return;
        QCOMPARE(c.scene.count<ConsumerResumed>(), 1);
        c.scene.put("q", "1");
        QCOMPARE(c.scene.count<Delivered>(), 1);
        QCOMPARE(c.scene.last<Delivered>().consumer, c.consumer);
        const quint64 tag = c.channel->publish(publishTo("k", "amq.direct"), persistent("2"));
        c.scene.pair.run();
        QCOMPARE(c.scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(c.scene.count<Delivered>(), 2); // it is bound again
        QCOMPARE(c.scene.count<ChannelLost>(), 0);
    }

    void aCancelledConsumerWaitsForTheQueueOfAnotherClient()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        const auto declareIt = [&] { scene.host().declareQueue("q", {.durable = true}, 0); };
        declareIt();
        channel->consume(consume("q", "c"), {}, 10, true);
        scene.pair.run();
        scene.pair.pass(1min);
        scene.brokerDeletes("q");
        scene.pair.pass(10min);
        QVERIFY(!scene.queue("q"));
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        QVERIFY2(scene.asks<QueueDeclare>() < 30, "it asks less and less often");
        declareIt();
        scene.pair.pass(1min);
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.count<ChannelLost>(), 0);
    }

    void aQueueThatTheApplicationDeletesIsNotWaitedFor()
    {
        Consuming c(true);
        QueueDelete method;
        method.queue = "q";
        const RequestId deleted = c.channel->request(method);
        c.scene.pair.pass(1min);
        QVERIFY(c.scene.endedWell(deleted));
        QCOMPARE(c.scene.count<ConsumerCancelled>(), 1);
        QVERIFY(!c.scene.queue("q"));
    }

    // Declared by another client, it is not declared again. It may still come back.
    void aQueueOfAnotherClientMayBeBackLate()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        scene.host().declareQueue("q", {.durable = true}, 0);
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.lose();
        scene.brokerDeletes("q");
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        scene.host().declareQueue("q", {.durable = true}, 0);
        scene.pair.pass(5s);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QVERIFY(channel->isUsable());
    }

    void aConsumerThatIsCancelledAgainAndAgainSlowsDown()
    {
        Consuming c(true);
        int cancels = 0;
        for (int second = 0; second < 120; ++second) {
            if (c.scene.queue("q") && !c.scene.queue("q")->consumers().empty()) {
                c.scene.brokerDeletes("q");
                ++cancels;
            }
            c.scene.pair.pass(1s);
        }
        QVERIFY2(cancels > 5 && cancels < 30, qPrintable(QString::number(cancels)));
        QCOMPARE(c.scene.count<ConsumerCancelled>(), 0);
    }

    void aConsumerThatWaitsMayBeCancelledByTheApplication()
    {
        Consuming c(true);
        c.scene.pair.pass(1min);
        c.scene.brokerDeletes("q");
        c.scene.pair.run();
        const RequestId cancel = c.channel->cancel("c");
        QVERIFY(cancel);
        c.scene.pair.pass(1min);
        QVERIFY(c.scene.endedWell(cancel));
        QVERIFY(!c.scene.queue("q")); // nobody needs it any more
        QCOMPARE(c.scene.count<ConsumerResumed>(), 0);
    }

    // The same tag means another consumer then.
    void aConsumerThatWaitsLeavesItsTagFree()
    {
        Consuming c(true);
        c.channel->request(durable("o"));
        c.scene.pair.pass(1min);
        c.scene.brokerDeletes("q");
        c.scene.pair.run();
        QVERIFY(c.channel->cancel("c"));
        c.scene.pair.run();
        const RequestId again = c.channel->consume(consume("o", "c"), {}, 10, true);
        c.scene.pair.pass(1min);
        QVERIFY(c.scene.endedWell(again));
        c.scene.put("o", "1");
        QCOMPARE(c.scene.count<Delivered>(), 1);
        QCOMPARE(c.scene.last<Delivered>().consumer, again);
    }

    void aConsumerComesBackThroughALossAtAnyByte()
    {
        for (int bytes = 0; bytes < 600; bytes += 15) {
            Consuming c(true);
            CorePair &pair = c.scene.pair;
            pair.pass(1min);
            c.scene.brokerDeletes("q");
            pair.cutToBroker = pair.toBroker.passed + bytes;
            pair.onCut = [&] { pair.cutToBroker.reset(); };
            pair.pass(1min);
            pair.cutToBroker.reset();
            const QByteArray where = QByteArray::number(bytes);
            QVERIFY2(c.scene.queue("q"), where);
            QVERIFY2(c.scene.queue("q")->consumers().size() == 1, where);
            QVERIFY2(c.channel->consumerId("c") == c.consumer, where);
        }
    }

    void heldCallsEndOnceWhateverHappens_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("another loss") << 0;
        QTest::newRow("abort") << 1;
        QTest::newRow("the channel is closed by the broker") << 2;
        QTest::newRow("the connection closes") << 3;
    }
    void heldCallsEndOnceWhateverHappens()
    {
        QFETCH(const int, what);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("e"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        const RequestId bound = channel->request(bind("e", "amq.direct"));
        const RequestId purged = channel->request(QueuePurge{.queue = "e"});
        scene.pair.pass(5s);
        QCOMPARE(scene.ends(bound), 0);
        switch (what) {
        case 0: scene.lose(); break;
        case 1: scene.pair.client->abort(); break;
        case 2: channel->request(bind("nowhere", "amq.direct")); break;
        default: scene.pair.client->close(scene.pair.now + 60s);
        }
        scene.pair.pass(2min);
        QCOMPARE(scene.ends(bound), 1);
        QCOMPARE(scene.ends(purged), 1);
    }
};

QTAMQP_TEST(TestComebacks)
#include "tst_comebacks.moc"
