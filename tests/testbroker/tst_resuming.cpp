// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Consumers come back on another link.

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

} // namespace

class TestResuming : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void eachConsumerHasItsPrefetch()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->setPrefetch(5, false);
        channel->consume(consume("q", "c"), {}, 3);
        channel->consume(consume("q", "b"), {}, 7);
        channel->consume(consume("q", "a"), {}, 1);
        channel->setPrefetch(20, true);
        scene.pair.run();
        for (int i = 0; i < 3; ++i) {
            scene.asked.clear();
            QVERIFY(scene.loseAndRecover());
            QList<QByteArray> order;
            for (const RecoveryScene::Asked &each : scene.asked) {
                Reader in(each.fields);
                if (each.method == BasicConsume::info.id())
                    order.append(decode<BasicConsume>(in).consumerTag.toByteArray());
                else if (each.method == BasicQos::info.id()) {
                    const auto qos = decode<BasicQos>(in);
                    order.append((qos.global ? "all" : "") + QByteArray::number(qos.prefetchCount));
                }
            }
            QCOMPARE(order, QList<QByteArray>({"3", "c", "7", "b", "1", "a", "all20"}));
            std::map<QByteArray, quint32> prefetch;
            for (const Broker::Consumer *consumer : scene.queue("q")->consumers())
                prefetch[consumer->tag] = consumer->prefetch;
            QCOMPARE(prefetch, (std::map<QByteArray, quint32>{{"a", 1}, {"b", 7}, {"c", 3}}));
            QCOMPARE(scene.count<ConsumerResumed>(), 3 * (i + 1));
        }
    }

    // Another client has the queue for itself for a while.
    void anExclusiveConsumerIsTriedAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable("q"));
        BasicConsume method = consume("q", "c");
        method.exclusive = true;
        channel->consume(method);
        scene.pair.run();
        scene.pair.brokerNotices = false; // the old link's consumer stays
        scene.lose();
        const quint64 tag = channel->publish(publishTo("q"), persistent("1"));
        scene.pair.pass(2s);
        QCOMPARE(scene.count<Recovered>(), 0);
        QCOMPARE(scene.count<ChannelLost>(), 1); // the channel is not closed again and again for it
        QCOMPARE(scene.count<ChannelClosed>(), 0);
        scene.pair.brokerLooks();
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QCOMPARE(scene.count<LinkLost>(), 1);
    }

    void anExclusiveConsumerEndsIfTheQueueStaysTaken()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->request(durable("r"));
        BasicConsume method = consume("q", "c");
        method.exclusive = true;
        const RequestId consumer = channel->consume(method);
        channel->consume(consume("r", "d"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        const QList<QAmqpError> pending = scene.last<Recovered>().report.pending();
        QCOMPARE(pending.size(), 1);
        QVERIFY(pending.first().text().contains(u"\"q\" could not be started again yet"_s));
        scene.pair.pass(20s);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.kind(), Kind::AccessRefused);
        QCOMPARE(scene.count<ChannelLost>(), 1);
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.queue("r")->consumers().size(), size_t(2)); // one is of the old link
    }

    void twoChannelsWaitForTheirConsumers()
    {
        RecoveryScene scene;
        ChannelCore *const first = scene.open();
        ChannelCore *const second = scene.pair.client->addChannel(1);
        first->request(durable("q"));
        second->request(durable("r"));
        for (const auto &[channel, queue] : {std::pair(first, "q"), std::pair(second, "r")}) {
            BasicConsume method = consume(queue, "c");
            method.exclusive = true;
            channel->consume(method);
        }
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        scene.pair.pass(2s);
        scene.pair.brokerLooks();
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<ConsumerResumed>(), 2);
    }

    void aQueueThatIsDeletedInBetweenIsDeclaredAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(autoDelete("q"));
        channel->request(bind("q", "amq.direct"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        int deleted = 0;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            if (method == BasicConsume::info.id() && ++deleted <= 2)
                scene.host().removeQueue(*scene.queue("q"));
            return true;
        };
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(deleted, 3);
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(scene.count<ChannelClosed>(), 0);
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
        channel->publish(publishTo("k", "amq.direct"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 1);
    }

    void aQueueThatIsAlwaysGoneEndsItsConsumer()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(autoDelete("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            if (method == BasicConsume::info.id() && scene.queue("q"))
                scene.host().removeQueue(*scene.queue("q"));
            return true;
        };
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.replyCode(), 404);
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.count<ChannelClosed>(), 0);
        QCOMPARE(scene.count<ChannelRecovered>(), 1);
    }

    // The broker deletes the queue of the old link so late that it takes the new consumer along.
    void aConsumerThatIsCancelledSoonComesBack_data()
    {
        QTest::addColumn<bool>("namedByBroker");
        QTest::newRow("named by us") << false;
        QTest::newRow("named by the broker") << true;
    }
    void aConsumerThatIsCancelledSoonComesBack()
    {
        QFETCH(const bool, namedByBroker);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(autoDelete(namedByBroker ? "" : "q"));
        const QueueNamePointer name = channel->lastDeclared();
        channel->request(bind({}, "amq.direct"), name);
        const RequestId consumer = channel->consume(consume({}, "c"), name);
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        scene.pair.pass(2s);
        scene.brokerDeletes(name->name);
        scene.pair.pass(1s);
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        QVERIFY(scene.queue(name->name));
        QCOMPARE(scene.queue(name->name)->consumers().size(), size_t(1));
        QCOMPARE(scene.last<ConsumerResumed>().consumer, consumer);
        QCOMPARE(scene.count<ConsumerResumed>(), 2);
        QCOMPARE(scene.count<ChannelLost>(), 1);
        QCOMPARE(scene.count<Recovered>(), 1);
        channel->publish(publishTo("k", "amq.direct"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 1);
        // Later it is news.
        scene.pair.pass(10s);
        scene.brokerDeletes(name->name);
        scene.pair.pass(1s);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QVERIFY(scene.host().queues().empty());
    }

    void aDurableQueueThatIsDeletedSoonIsNews()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        scene.brokerDeletes("q");
        scene.pair.pass(1s);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QVERIFY(!scene.queue("q"));
    }

    void aStreamGoesOnWithTheOldestUnsettledMessage()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        QueueDeclare stream = durable("s");
        const QByteArray arguments = encodeTable(QAmqpTable{{u"x-queue-type"_s, u"stream"_s}});
        stream.arguments = arguments;
        channel->request(stream);
        BasicConsume method = consume("s", "c");
        const QByteArray offset = encodeTable(QAmqpTable{{u"x-stream-offset"_s, u"first"_s}});
        method.arguments = offset;
        channel->consume(method, {}, 100);
        for (int i = 0; i < 10; ++i)
            channel->publish(publishTo("s"), persistent(QByteArray::number(i)));
        scene.pair.run();
        auto delivered = scene.all<Delivered>();
        QCOMPARE(delivered.size(), size_t(10));
        for (const int settled : {0, 1, 2, 3, 5, 6})
            QVERIFY(settle(channel, delivered[size_t(settled)]));
        scene.pair.run();
        scene.forget();
        QVERIFY(scene.loseAndRecover());
        scene.pair.run();
        delivered = scene.all<Delivered>();
        QCOMPARE(delivered.size(), size_t(6));
        QCOMPARE(delivered.front().message.body(), QByteArray("4"));
        // All of it is settled: it goes on behind.
        QVERIFY(settle(channel, delivered.back(), Settlement::Ack, false));
        for (size_t i = 0; i + 1 < delivered.size(); ++i)
            QVERIFY(settle(channel, delivered[i]));
        scene.pair.run();
        scene.forget();
        QVERIFY(scene.loseAndRecover());
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 0);
        channel->publish(publishTo("s"), persistent("10"));
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 1);
        QCOMPARE(scene.last<Delivered>().message.body(), QByteArray("10"));
    }

    void aConsumerOfTheNextMessagesOfAStreamMissesNone()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        QueueDeclare stream = durable("s");
        const QByteArray arguments = encodeTable(QAmqpTable{{u"x-queue-type"_s, u"stream"_s}});
        stream.arguments = arguments;
        channel->request(stream);
        BasicConsume method = consume("s", "c");
        const QByteArray offset = encodeTable(QAmqpTable{{u"x-stream-offset"_s, u"next"_s}});
        method.arguments = offset;
        channel->consume(method, {}, 100);
        scene.pair.run();
        scene.pair.pass(30s);
        scene.lose();
        scene.pair.broker.publish("/", {}, "s", persistent("1"), scene.pair.now);
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 1);
    }

    void aConsumerMayBeCancelledAtAnyTime_data()
    {
        QTest::addColumn<int>("after");
        QTest::newRow("while waiting") << 0;
        QTest::newRow("while a queue is declared") << 1;
        QTest::newRow("while the channel opens") << 2;
        QTest::newRow("while it is started") << 3;
    }
    void aConsumerMayBeCancelledAtAnyTime()
    {
        QFETCH(const int, after);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        channel->consume(consume("q", "d"));
        scene.pair.run();
        scene.forget();
        RequestId cancelled = 0;
        int opens = 0;
        const auto cancel = [&] { cancelled = cancelled ? cancelled : channel->cancel("c"); };
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            opens += method == ChannelOpen::info.id();
            if ((after == 1 && method == QueueDeclare::info.id()) || (after == 2 && opens == 2)
                || (after == 3 && method == BasicConsume::info.id()))
                cancel();
            return true;
        };
        scene.lose();
        if (after == 0)
            cancel();
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(cancelled);
        QVERIFY(scene.endedWell(cancelled));
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.queue("q")->consumers().front()->tag, QByteArray("d"));
        QCOMPARE(scene.count<Recovered>(), 1);
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
    }

    void aCancelledConsumerStaysAway()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        channel->cancel("c");
        scene.pair.run();
        const RequestId again = channel->consume(consume("q", "c"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QCOMPARE(scene.last<ConsumerResumed>().consumer, again);
    }

    // What the broker refuses while a channel is set up is the consumer's end, not the channel's.
    void aConsumerWithoutPermissionEnds()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->request(durable("other"));
        channel->consume(consume("q", "c"));
        channel->consume(consume("other", "d"));
        scene.pair.run();
        scene.lose();
        scene.pair.broker.settings().users["guest"].hosts["/"].read.setPattern(u"^other$"_s);
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.replyCode(), 403);
        QVERIFY(channel->isUsable());
        QCOMPARE(scene.queue("other")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ChannelClosed>(), 0);
    }

    void aChannelMayCloseWhileItsConsumerIsRefused()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        BasicConsume method = consume("q", "c");
        method.exclusive = true;
        channel->consume(method);
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        scene.pair.pass(2s);
        channel->close();
        scene.pair.pass(10s);
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QVERIFY(!scene.last<ChannelClosed>().error);
        QCOMPARE(scene.count<Recovered>(), 1);
    }
};

QTAMQP_TEST(TestResuming)
#include "tst_resuming.moc"
