// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the broker refuses, cancels or does not answer on the next link holds up nothing else and loses nothing.

#include "testmain.h"

#include "comebackscene.h"
#include "latebody.h"

using namespace QtAmqpTest;
using Kind = QAmqpError::Kind;

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

    // A broker that does so each time would otherwise hold the recovery up for ever.
    void aConsumerThatIsCancelledBeforeItsAnswerIsGivenUp()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(autoDelete("a"));
        const RequestId consumer = channel->consume(consume("a", "c"));
        scene.pair.run();
        scene.onAsked = [](Broker::Connection &connection, quint16 number, quint32 method,
                           QByteArrayView) {
            if (method == BasicConsume::info.id())
                connection.send(number,
                                BasicCancel{.consumerTag = QByteArrayView("c"), .noWait = true});
            return true;
        };
        scene.lose();
        scene.pair.pass(2min);
        QVERIFY(!scene.pair.client->isRecovering());
        QCOMPARE(scene.count<Recovered>(), 1);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QVERIFY(channel->isUsable());
    }

    // The connection's own channel is one too many then, while a queue is tried again and a consumer is not answered.
    void aUserMayHaveAllItsChannelsInUse()
    {
        RecoveryScene scene;
        ChannelCore *const first = scene.open();
        ChannelCore *const second = scene.pair.client->addChannel(1);
        scene.pair.client->addChannel(1);
        first->request(durable("q"));
        second->request(exclusive("e"));
        first->consume(consume("q", "c"));
        scene.pair.run();
        std::map<quint64, std::set<quint16>> open;
        scene.onAsked = [&](Broker::Connection &connection, quint16 number, quint32 method,
                            QByteArrayView fields) {
            std::set<quint16> &channels = open[connection.id()];
            if (method == ChannelClose::info.id())
                channels.erase(number);
            if (method == ChannelOpen::info.id())
                channels.insert(number);
            if (channels.size() <= 3)
                return queueOf(method, fields) != "q";
            connection.close(Broker::refuse(ReplyCode::NotAllowed,
                                            "number of channels opened for user 'u' has reached "
                                            "the maximum allowed user limit of (3)"),
                             method);
            return false;
        };
        scene.pair.brokerNotices = false;
        scene.lose();
        scene.pair.pass(40s);
        QCOMPARE(scene.count<ConnectionClosed>(), 0);
        QVERIFY(first->isUsable());
        QVERIFY(second->isUsable());
    }

    // Declaring its queue needs a channel, and it waits for one.
    void aCancelledConsumerWaitsForAChannelToLookWith()
    {
        RecoveryScene scene(recovering().setChannelMax(2));
        ChannelCore *const channel = scene.open();
        ChannelCore *const other = scene.pair.client->addChannel(1);
        channel->request(durable("q"));
        const RequestId consumer = channel->consume(consume("q", "c"), {}, 10, true);
        scene.pair.pass(1min);
        scene.brokerDeletes("q");
        scene.pair.pass(1min);
        QCOMPARE(channel->consumerId("c"), consumer);
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        other->close();
        scene.pair.pass(1min);
        QVERIFY(scene.queue("q"));
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
    }

    // The connection needs it for a moment only, and it opens when that is over.
    void theLastChannelIsGivenWhileAQueueIsLookedFor()
    {
        RecoveryScene scene(recovering().setChannelMax(2));
        ChannelCore *const channel = scene.open();
        scene.host().declareQueue("f", {.durable = true}, 0);
        channel->consume(consume("f", "c"), {}, 10, true);
        scene.pair.run();
        std::function<void()> answer;
        scene.onAsked = [&](Broker::Connection &connection, quint16 number, quint32 method,
                            QByteArrayView) {
            if (method != QueueDeclare::info.id() || number != 2 || answer)
                return true;
            answer = [&connection, number] {
                connection.send(number, QueueDeclareOk{.queue = QByteArrayView("f")});
            };
            return false;
        };
        scene.brokerDeletes("f");
        scene.pair.pass(200ms);
        QVERIFY(answer);
        ChannelCore *const last = scene.pair.client->addChannel(1);
        QVERIFY(last);
        const RequestId declared = last->request(durable("q"));
        scene.pair.run();
        QCOMPARE(scene.ends(declared), 0);
        scene.host().declareQueue("f", {.durable = true}, 0);
        answer();
        scene.pair.pass(1s);
        QVERIFY(scene.endedWell(declared));
        QCOMPARE(scene.queue("f")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<LinkLost>(), 0);
    }

    // The broker closes it each time that it is opened, and says nothing of why.
    void aPrivateChannelThatIsClosedAgainAndAgainSlowsDown()
    {
        Consuming c(true);
        c.scene.pair.pass(1min);
        int opened = 0;
        c.scene.onAsked = [&](Broker::Connection &connection, quint16 number, quint32 method,
                              QByteArrayView) {
            if (method == ChannelOpen::info.id()) {
                ++opened;
                connection.send(number, ChannelOpenOk{});
                connection.send(number, ChannelClose{.replyCode = 541, .replyText = "no"});
            }
            return number == 1;
        };
        c.scene.brokerDeletes("q");
        c.scene.pair.pass(10min);
        QVERIFY2(opened > 0 && opened < 100, QByteArray::number(opened));
        QVERIFY(c.channel->isUsable());
    }
};

QTAMQP_TEST(TestComebacks)
#include "tst_comebacks.moc"
