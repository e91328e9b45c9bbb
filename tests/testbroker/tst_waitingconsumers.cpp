// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Consumers that wait until their queue is back, or free, and what waits with them.

#include "testmain.h"

#include "comebackscene.h"

using namespace QtAmqpTest;

class TestWaitingConsumers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
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

    // Another client had the queue for itself for a moment, and ordinary consumers are in nobody's way.
    void aWorkerStartsBesideOthers_data()
    {
        QTest::addColumn<bool>("returns");
        QTest::newRow("one that returns") << true;
        QTest::newRow("one that does not") << false;
    }
    void aWorkerStartsBesideOthers()
    {
        QFETCH(const bool, returns);
        Consuming c(returns);
        const Broker::QueuePointer queue = c.scene.queue("q");
        const auto alone = consumerOfAnother(queue, true);
        const auto worker = consumerOfAnother(queue, false);
        bool isTaken = false;
        c.scene.onAsked = [&](Broker::Connection &, quint16, quint32 method,
                              QByteArrayView fields) {
            if (queueOf(method, fields) == "q" && !std::exchange(isTaken, true))
                queue->addConsumer(alone.get(), c.scene.pair.now);
            return true;
        };
        c.scene.lose();
        c.scene.pair.pass(500ms);
        QVERIFY(isTaken);
        queue->removeConsumer(alone.get(), c.scene.pair.now);
        queue->addConsumer(worker.get(), c.scene.pair.now); // it is faster, and stays
        c.scene.pair.pass(2min);
        QCOMPARE(queue->consumers().size(), size_t(2));
        QCOMPARE(c.scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(c.channel->consumerId("c"), c.consumer);
        queue->removeConsumer(worker.get(), c.scene.pair.now);
    }

    // Longer than one that does not return would wait.
    void anExclusiveConsumerThatReturnsWaitsUntilTheQueueIsFree()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        const RequestId consumer = channel->consume(consumeAlone("q", "c"), {}, 10, true);
        scene.pair.run();
        const auto other = consumerOfAnother(scene.queue("q"), true);
        scene.lose();
        scene.queue("q")->addConsumer(other.get(), scene.pair.now);
        scene.pair.pass(10min);
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        scene.queue("q")->removeConsumer(other.get(), scene.pair.now);
        scene.pair.pass(1min);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(channel->consumerId("c"), consumer);
        QCOMPARE(scene.count<ChannelLost>(), 1);
    }

    void oneThatReturnsWaitsWhateverOthersOfTheQueueDo_data()
    {
        QTest::addColumn<bool>("isFirst");
        QTest::newRow("it is the first one") << true;
        QTest::newRow("it is the second one") << false;
    }
    void oneThatReturnsWaitsWhateverOthersOfTheQueueDo()
    {
        QFETCH(const bool, isFirst);
        RecoveryScene scene;
        ChannelCore *const first = scene.open();
        ChannelCore *const second = scene.pair.client->addChannel(1);
        const auto declareIt = [&] { scene.host().declareQueue("q", {.durable = true}, 0); };
        declareIt();
        ChannelCore *const patient = isFirst ? first : second;
        const RequestId returning = patient->consume(consume("q", "r"), {}, 10, true);
        (isFirst ? second : first)->consume(consume("q", "n"));
        scene.pair.run();
        scene.lose();
        scene.brokerDeletes("q");
        scene.pair.pass(2min);
        QCOMPARE(patient->consumerId("r"), returning);
        declareIt();
        scene.pair.pass(2min);
        QCOMPARE(patient->consumerId("r"), returning);
        QVERIFY(!scene.queue("q")->consumers().empty());
    }

    // With its last binding the broker deletes the exchange too, which is declared for the binding.
    void theExchangeThatGoesWithTheQueueComesBackWithIt()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(exchange("x", true));
        channel->request(durable("q"));
        channel->request(bind("q", "x"));
        channel->consume(consume("q", "c"), {}, 10, true);
        scene.pair.pass(1min);
        scene.brokerDeletes("q");
        scene.pair.pass(1min);
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        const quint64 tag = channel->publish(publishTo("k", "x"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.count<Delivered>(), 1);
        QVERIFY(channel->isUsable());
    }

    // Each link that is given up costs all channels what they had not acknowledged.
    void aLookThatIsNeverAnsweredCostsFewLinks()
    {
        ConsumingOfAnother c(true);
        c.scene.pair.pass(1min);
        c.scene.onAsked = [](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            return method != QueueDeclare::info.id();
        };
        c.scene.brokerDeletes("q");
        c.scene.pair.pass(30min);
        QCOMPARE(c.scene.count<LinkLost>(), 2); // then it is left out
        QVERIFY(c.channel->isUsable());
    }

    // The broker makes no exception for whoever asks for amq.rabbitmq.reply-to: it is there for each channel.
    void anExclusiveReplyConsumerIsStartedAgainAtOnce()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        BasicConsume method = consumeAlone("amq.rabbitmq.reply-to", "c");
        method.noAck = true;
        const RequestId consumer = channel->consume(method);
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QCOMPARE(channel->consumerId("c"), consumer);
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
    }

    // As when somebody makes it anew as a quorum queue.
    void aQueueThatWasReplacedIsConsumedAsItIs_data()
    {
        QTest::addColumn<bool>("isLost");
        QTest::newRow("while there was no link") << true;
        QTest::newRow("while it was consumed") << false;
    }
    void aQueueThatWasReplacedIsConsumedAsItIs()
    {
        QFETCH(const bool, isLost);
        Consuming c(true);
        c.scene.pair.pass(1min);
        if (isLost)
            c.scene.lose();
        c.scene.brokerDeletes("q");
        c.scene.host().declareQueue("q", {.durable = true, .autoDelete = true}, 0);
        c.scene.pair.pass(1min);
        QCOMPARE(c.scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(c.scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(c.channel->consumerId("c"), c.consumer);
    }

    // Each time that a channel is closed its messages are delivered again, and quorum queues drop them in the end.
    void missingQueuesCostNoChannelAtALoss()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("o"));
        channel->consume(consume("o", "co"), {}, 10);
        const QByteArrayList missing{"f0", "f1", "f2", "f3", "f4"};
        for (const QByteArray &queue : missing) {
            scene.host().declareQueue(queue, {.durable = true}, 0);
            channel->consume(consume(queue, "c" + queue), {}, 10, true);
        }
        scene.pair.run();
        scene.put("o", "1");
        scene.pair.pass(1min);
        for (const QByteArray &queue : missing)
            scene.brokerDeletes(queue);
        scene.pair.pass(1min);
        scene.forget();
        QVERIFY(scene.loseAndRecover());
        scene.pair.pass(1min);
        QCOMPARE(scene.count<ChannelLost>(), 1);
        QCOMPARE(scene.count<Delivered>(), 1);
        QCOMPARE(scene.asks<BasicConsume>(), 1);
        QCOMPARE(scene.queue("o")->consumers().size(), size_t(1));
    }

    // They are given back in the open transaction, and must not count for those that come later.
    void messagesHeldInATransactionMakeRoomAtACancel()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectTransactions();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"), {}, 5, true);
        scene.pair.run();
        for (int cycle = 1; cycle <= 8; ++cycle) {
            scene.pair.pass(1min);
            for (int i = 0; i < 5; ++i)
                scene.put("q", "held");
            scene.brokerDeletes("q");
            scene.pair.pass(5s);
            QCOMPARE(scene.count<ConsumerResumed>(), cycle);
        }
        scene.put("q", "last");
        QCOMPARE(scene.last<Delivered>().message.body(), "last");
        QVERIFY(channel->show(scene.last<Delivered>().deliveryTag));
        QVERIFY(channel->isUsable());
    }

    // It was made here, whoever has declared the queue.
    void theBindingOfAnothersQueueOutlivesItsConsumer()
    {
        ConsumingOfAnother c(false);
        c.channel->request(exchange("x"));
        c.channel->request(bind("q", "x"));
        c.channel->cancel("c");
        c.scene.pair.run();
        c.scene.pair.broker.restart(Broker::BrokerCore::Stop::Orderly, c.scene.pair.now);
        QVERIFY(c.scene.recover(30s));
        const quint64 tag = c.channel->publish(publishTo("k", "x"), persistent("1"));
        c.scene.pair.run();
        QCOMPARE(c.scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(c.scene.queue("q")->readyCount(), quint64(1));
    }
};

QTAMQP_TEST(TestWaitingConsumers)
#include "tst_waitingconsumers.moc"
