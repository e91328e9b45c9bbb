// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is asked by the handle of a queue whose name the broker makes up, and changes with each link.

#include "testmain.h"

#include "comebackscene.h"
#include "latebody.h"

using namespace QtAmqpTest;

namespace {

// A queue that the broker has named, and a channel with confirms.
struct Named
{
    Named()
    {
        channel = scene.open();
        channel->selectConfirms();
        channel->request(exclusive({}));
        name = channel->lastDeclared();
        scene.pair.run();
    }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
    QueueNamePointer name;
};

} // namespace

class TestQueueHandles : public QObject
{
    Q_OBJECT

private Q_SLOTS:
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

    // The device has no bytes yet when the link is lost, so that nothing of the publish was sent.
    void aStreamedPublishByHandleGoesToTheQueuesNewName()
    {
        Named n;
        const QByteArray old = n.name->name;
        const auto source = std::make_shared<Source>();
        const quint64 tag =
                n.channel->publish(publishTo({}), persistent({}), n.name, {source, 1000});
        n.scene.pair.run();
        readBodies(n.scene.pair);
        QVERIFY(n.scene.loseAndRecover());
        QVERIFY(n.name->name != old);
        source->isReady = true;
        readBodies(n.scene.pair);
        QCOMPARE(n.scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(n.scene.queue(n.name->name)->readyCount(), quint64(1));
    }

    // It means the queue that was declared last, whose name is the routing key too.
    void aBindWithoutNameAndKeyTakesTheQueuesNewName()
    {
        Named n;
        n.scene.lose();
        const RequestId bound = n.channel->request(bind({}, "amq.direct", {}));
        QVERIFY(n.scene.recover());
        n.scene.pair.run();
        QVERIFY(n.scene.endedWell(bound));
        n.channel->publish(publishTo(n.name->name, "amq.direct"), persistent("1"));
        n.scene.pair.run();
        QCOMPARE(n.scene.queue(n.name->name)->readyCount(), quint64(1));
    }

    // It was started by the queue's second name, and only the first name and the latest ones are kept.
    void aConsumerOutlivesAnyNumberOfRenames()
    {
        Named n;
        QVERIFY(n.scene.loseAndRecover());
        const RequestId consumer = n.channel->consume(consume({}, "c"), n.name);
        n.scene.pair.run();
        for (int i = 0; i < 80; ++i) {
            n.scene.pair.pass(1min);
            QVERIFY(n.scene.loseAndRecover());
            n.scene.pair.run();
            QVERIFY(n.scene.queue(n.name->name));
            QCOMPARE(n.scene.queue(n.name->name)->consumers().size(), size_t(1));
        }
        QCOMPARE(n.channel->consumerId("c"), consumer);
        QCOMPARE(n.scene.count<QueueRenamed>(), 81);
        QCOMPARE(n.scene.count<ConsumerCancelled>(), 0);
        QCOMPARE(n.scene.count<ChannelLost>(), 81);
    }

    void aReportTellsTheRenamesOfItsRecoveryAlone()
    {
        Named n;
        n.channel->consume(consume({}, "c"), n.name, 10, true);
        n.scene.pair.run();
        for (int i = 0; i < 5; ++i) {
            n.scene.pair.pass(1min);
            n.scene.brokerDeletes(n.name->name);
            n.scene.pair.pass(5s);
        }
        QCOMPARE(n.scene.count<ConsumerResumed>(), 5);
        QCOMPARE(n.scene.count<QueueRenamed>(), 5);
        n.scene.pair.pass(1min);
        QVERIFY(n.scene.loseAndRecover());
        QCOMPARE(n.scene.last<Recovered>().report.renamedQueues().size(), 1);
    }
};

QTAMQP_TEST(TestQueueHandles)
#include "tst_queuehandles.moc"
