// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the loss of a link does to everything that is under way.

#include "testmain.h"

#include "recoveryscene.h"

using namespace QtAmqpTest;
using Kind = QAmqpError::Kind;

namespace {

// Methods that the broker neither does nor answers, as if the link were lost on their way.
auto losing(std::initializer_list<quint32> methods)
{
    return [lost = std::vector<quint32>(methods)](Broker::Connection &, quint16, quint32 method,
                                                  QByteArrayView) {
        return std::find(lost.begin(), lost.end(), method) == lost.end();
    };
}

QueueDelete deleteOf(QByteArrayView queue)
{
    QueueDelete method;
    method.queue = queue;
    return method;
}

} // namespace

class TestInterruptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatWasNotSentStays()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        scene.pair.run();
        scene.lose();
        const RequestId declared = channel->request(durable("q"));
        const quint64 tag = channel->publish(publishTo("q"), persistent("1"));
        const RequestId gone = channel->request(deleteOf("nothing"));
        QCOMPARE(scene.ends(declared), 0);
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(scene.endedWell(declared));
        QVERIFY(scene.endedWell(gone));
        QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
        QCOMPARE(scene.pair.client->waitingBytes(), 0);
    }

    void whatMayBeRepeatedIsAskedAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->request(exchange("x"));
        scene.pair.run();
        scene.onAsked = [](Broker::Connection &, quint16 number, quint32, QByteArrayView) {
            return number == 0;
        };
        QList<RequestId> requests;
        requests.append(channel->request(durable("r")));
        QueueDeclare passive = declare("q");
        passive.passive = true;
        requests.append(channel->request(passive));
        requests.append(channel->request(exchange("y")));
        ExchangeBind binding;
        binding.destination = "y";
        binding.source = "x";
        requests.append(channel->request(binding));
        requests.append(channel->request(bind("r", "x")));
        QueueUnbind unbinding;
        unbinding.queue = "r";
        unbinding.exchange = "x";
        unbinding.routingKey = "k";
        requests.append(channel->request(unbinding));
        requests.append(channel->setPrefetch(7, false));
        requests.append(channel->consume(consume("r", "c")));
        scene.pair.run();
        scene.lose();
        const RequestId newer = channel->request(durable("s"));
        for (const RequestId request : std::as_const(requests))
            QCOMPARE(scene.ends(request), 0);
        scene.onAsked = {};
        scene.asked.clear();
        QVERIFY(scene.recover());
        scene.pair.run();
        for (const RequestId request : std::as_const(requests))
            QVERIFY2(scene.endedWell(request),
                     qPrintable(u"%1: %2"_s.arg(requests.indexOf(request))
                                        .arg(scene.end(request).error.text())));
        QVERIFY(scene.endedWell(newer));
        // In order, before what is newer.
        QCOMPARE(scene.all<Replied>().back().request, newer);
        QCOMPARE(scene.queue("r")->consumers().size(), size_t(1));
        QCOMPARE(scene.queue("r")->consumers().front()->prefetch, 7u);
    }

    void whatMayNotBeRepeatedIsInterrupted()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        scene.pair.run();
        scene.onAsked = losing({QueueDelete::info.id(), QueuePurge::info.id(), BasicGet::info.id(),
                                ExchangeDelete::info.id()});
        QueuePurge purge;
        purge.queue = "q";
        BasicGet get;
        get.queue = "q";
        ExchangeDelete exchangeDelete;
        exchangeDelete.exchange = "x";
        const QList<RequestId> requests{channel->request(deleteOf("q")), channel->request(purge),
                                        channel->request(get), channel->request(exchangeDelete)};
        scene.pair.run();
        scene.onAsked = {};
        scene.asked.clear();
        scene.lose();
        for (const RequestId request : requests) {
            QVERIFY(scene.wasInterrupted(request));
            const QAmqpError error = scene.end(request).error;
            QVERIFY(error.isRetryable());
            QCOMPARE(error.scope(), QAmqpError::Scope::Operation);
            QCOMPARE(error.cause().kind(), Kind::ConnectionLost);
        }
        QVERIFY(scene.recover());
        for (const RequestId request : requests)
            QCOMPARE(scene.ends(request), 1);
        QCOMPARE(scene.asks<QueueDelete>(), 0);
        QCOMPARE(scene.asks<QueuePurge>(), 0);
        QVERIFY(scene.queue("q"));
    }

    void whatTheLossDoesAnywayEndsWell()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        ChannelCore *const closing = scene.pair.client->addChannel(1);
        const quint16 closingNumber = closing->number();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.onAsked =
                losing({BasicCancel::info.id(), BasicRecover::info.id(), ChannelClose::info.id()});
        BasicRecover recover;
        recover.requeue = true;
        const RequestId recovered = channel->request(recover);
        const RequestId cancelled = channel->cancel("c");
        closing->close();
        scene.pair.run();
        scene.lose();
        QVERIFY(scene.endedWell(recovered));
        QVERIFY(scene.endedWell(cancelled));
        const auto closed = scene.all<ChannelClosed>();
        QCOMPARE(closed.size(), size_t(1));
        QCOMPARE(closed.front().channel, closingNumber);
        QVERIFY(!closed.front().error);
        scene.onAsked = {};
        QVERIFY(scene.recover());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(0));
        QCOMPARE(scene.count<ConsumerResumed>(), 0);
        QCOMPARE(scene.pair.link->channels().size(), size_t(1));
    }

    void publishesThatWereSentAreIndeterminate()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->selectConfirms();
        channel->request(durable("q"));
        scene.pair.run();
        const quint64 first = channel->publish(publishTo("q"), persistent("1"));
        const RequestId awaited = channel->awaitConfirm();
        scene.lose();
        QCOMPARE(scene.outcomes(first), std::vector<Outcome>({Outcome::Indeterminate}));
        QVERIFY(scene.wasInterrupted(awaited));
        const quint64 second = channel->publish(publishTo("q"), persistent("2"));
        const RequestId allAwaited = channel->awaitAllConfirms();
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(second, first + 1);
        QCOMPARE(scene.outcomes(first).size(), size_t(1));
        QCOMPARE(scene.outcomes(second), std::vector<Outcome>({Outcome::Confirmed}));
        QCOMPARE(scene.ends(allAwaited), 1);
        QCOMPARE(channel->unconfirmed(), quint64(0));
    }

    void acknowledgementsOfAnOldLinkAreRefused()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.put("q", "1");
        scene.put("q", "2");
        const auto delivered = scene.all<Delivered>();
        QCOMPARE(delivered.size(), size_t(2));
        scene.lose();
        QVERIFY(!settle(channel, delivered[0]));
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 4);
        scene.asked.clear();
        QVERIFY(!settle(channel, delivered[1], Settlement::Ack, true));
        QVERIFY(!settle(channel, delivered[1], Settlement::Requeue));
        scene.pair.run();
        QVERIFY(scene.asked.empty());
        const auto again = scene.all<Delivered>();
        QVERIFY(again[2].redelivered);
        QVERIFY(again[2].generation != delivered[0].generation);
        channel->show(again[2].deliveryTag);
        QVERIFY(settle(channel, again[3], Settlement::Ack, true));
        scene.pair.run();
        QCOMPARE(scene.queue("q")->readyCount() + scene.queue("q")->unacknowledgedCount(),
                 quint64(0));
    }

    // An acknowledgement that waits, here behind tx.commit, means nothing on another link.
    void acknowledgementsThatWaitAreDropped()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->selectTransactions();
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.put("q", "1");
        scene.onAsked = losing({TxCommit::info.id()});
        const RequestId commit = channel->request(TxCommit{});
        QVERIFY(settle(channel, scene.last<Delivered>()));
        scene.pair.run();
        scene.onAsked = {};
        scene.asked.clear();
        scene.lose();
        QVERIFY(scene.wasInterrupted(commit));
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.asks<BasicAck>(), 0);
        QCOMPARE(scene.count<Delivered>(), 2);
    }

    void aTornTransactionIsNotCommitted()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->selectTransactions();
        scene.pair.run();
        channel->publish(publishTo("q"), persistent("1"));
        scene.pair.run();
        scene.lose();
        channel->publish(publishTo("q"), persistent("2"));
        QVERIFY(scene.recover());
        channel->publish(publishTo("q"), persistent("3"));
        const RequestId commit = channel->request(TxCommit{});
        scene.pair.run();
        QVERIFY(scene.wasInterrupted(commit));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(0));
        // The next one is whole.
        channel->publish(publishTo("q"), persistent("4"));
        const RequestId next = channel->request(TxCommit{});
        scene.pair.run();
        QVERIFY(scene.endedWell(next));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }

    void ofATornTransactionWhatWaitsIsGone()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->selectTransactions();
        scene.pair.run();
        channel->publish(publishTo("q"), persistent("1"));
        scene.onAsked = losing({TxCommit::info.id()});
        const RequestId first = channel->request(TxCommit{});
        scene.pair.run();
        // Waits behind the first commit: a whole transaction.
        channel->publish(publishTo("q"), persistent("2"));
        const RequestId second = channel->request(TxCommit{});
        scene.onAsked = {};
        scene.lose();
        QVERIFY(scene.wasInterrupted(first));
        QCOMPARE(scene.ends(second), 0);
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(scene.endedWell(second));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
        QCOMPARE(scene.pair.broker.take("/", "q", scene.pair.now)->content.body(), QByteArray("2"));
    }

    void aTornTransactionMayBeRolledBack()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->selectTransactions();
        scene.pair.run();
        channel->publish(publishTo("q"), persistent("1"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        const RequestId back = channel->request(TxRollback{});
        channel->publish(publishTo("q"), persistent("2"));
        const RequestId commit = channel->request(TxCommit{});
        scene.pair.run();
        QVERIFY(scene.endedWell(back));
        QVERIFY(scene.endedWell(commit));
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }

    void modesAreInForceAgain()
    {
        RecoveryScene scene;
        ChannelCore *const confirming = scene.open();
        ChannelCore *const transactional = scene.pair.client->addChannel(1);
        confirming->selectConfirms();
        transactional->selectTransactions();
        scene.pair.run();
        for (int i = 0; i < 3; ++i) {
            scene.asked.clear();
            QVERIFY(scene.loseAndRecover());
            QCOMPARE(scene.asks<ConfirmSelect>(), 1);
            QCOMPARE(scene.asks<TxSelect>(), 1);
            const quint64 tag = confirming->publish(publishTo("nowhere"), persistent("1"));
            const RequestId commit = transactional->request(TxCommit{});
            scene.pair.run();
            QCOMPARE(scene.outcomes(tag), std::vector<Outcome>({Outcome::Confirmed}));
            QVERIFY(scene.endedWell(commit));
        }
    }

    void whatHadArrivedIsShownBeforeTheLoss()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->consume(consume("q", "c"));
        BasicConsume noAck = consume("q2", "n");
        noAck.noAck = true;
        channel->request(durable("q2"));
        channel->consume(noAck);
        scene.pair.run();
        scene.forget();
        // The bytes arrive, and the link is lost before the client has looked at them.
        scene.pair.broker.publish("/", {}, "q", persistent("1"), scene.pair.now);
        scene.pair.broker.publish("/", {}, "q2", persistent("2"), scene.pair.now);
        scene.pair.broker.settleDown(scene.pair.now);
        scene.pair.broker.takeReady();
        scene.pair.client->receive(scene.pair.link->takeOutput(), scene.pair.now);
        scene.pair.turn();
        scene.lose();
        const auto delivered = scene.all<Delivered>();
        QCOMPARE(delivered.size(), size_t(2));
        QVERIFY(std::holds_alternative<Delivered>(scene.events.front()));
        QVERIFY(!settle(channel, delivered[0]));
        QVERIFY(scene.recover());
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 3);
        QCOMPARE(scene.last<Delivered>().message.body(), QByteArray("1"));
    }

    // RabbitMQ does not say what its internal error is about.
    void aPoisonousRequestIsNotAskedForEver_data()
    {
        QTest::addColumn<int>("code");
        QTest::addColumn<int>("losses");
        QTest::newRow("internal error") << int(ReplyCode::InternalError) << 2;
        QTest::newRow("forced, by this method") << int(ReplyCode::ConnectionForced) << 1;
    }
    void aPoisonousRequestIsNotAskedForEver()
    {
        QFETCH(const int, code);
        QFETCH(const int, losses);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        scene.onAsked = [code](Broker::Connection &connection, quint16, quint32 method,
                               QByteArrayView) {
            if (method != QueueDeclare::info.id())
                return true;
            connection.close(Broker::refuse(ReplyCode(code), "poison"), method);
            return false;
        };
        const RequestId poison = channel->request(durable("q"));
        const RequestId other = channel->request(exchange("x"));
        scene.pair.run();
        scene.pair.pass(60s);
        QCOMPARE(scene.count<LinkLost>(), losses);
        QCOMPARE(scene.ends(poison), 1);
        QCOMPARE(scene.end(poison).error.replyCode(), code);
        QVERIFY(scene.endedWell(other));
        QVERIFY(!scene.pair.client->isRecovering());
    }

    void requestsOfAnAbsentLinkDoNotTimeOut()
    {
        RecoveryScene scene(recovering().setRequestTimeout(2s));
        ChannelCore *const channel = scene.open();
        scene.pair.reconnects = false;
        scene.onAsked = losing({QueueDeclare::info.id()});
        const RequestId sent = channel->request(durable("q"));
        scene.pair.run();
        scene.lose();
        const RequestId waiting = channel->request(durable("r"));
        scene.pair.pass(8s);
        QCOMPARE(scene.ends(sent) + scene.ends(waiting), 0);
        scene.onAsked = {};
        scene.pair.reconnects = true;
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(scene.endedWell(sent));
        QVERIFY(scene.endedWell(waiting));
        // On the new link the time runs anew.
        scene.onAsked = losing({QueuePurge::info.id()});
        QueuePurge purge;
        purge.queue = "q";
        const RequestId silent = channel->request(purge);
        scene.pair.pass(3s);
        QCOMPARE(scene.ends(silent), 1);
        QCOMPARE(scene.end(silent).error.kind(), Kind::Timeout);
    }

    void aChannelMayBeMadeOrClosedWhileThereIsNoLink()
    {
        RecoveryScene scene;
        ChannelCore *const first = scene.open();
        first->request(durable("q"));
        scene.pair.run();
        scene.lose();
        ChannelCore *const made = scene.pair.client->addChannel(1);
        const RequestId declared = made->request(durable("r"));
        first->close();
        scene.pair.turn();
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        scene.pair.client->removeChannel(first->number());
        QVERIFY(scene.recover());
        scene.pair.run();
        QVERIFY(scene.endedWell(declared));
        QCOMPARE(scene.pair.link->channels().size(), size_t(1));
    }

    void aChannelThatWasClosedStaysClosed()
    {
        RecoveryScene scene;
        scene.open();
        ChannelCore *const refused = scene.pair.client->addChannel(1);
        const quint16 number = refused->number();
        BasicConsume nothing = consume("nothing", "c");
        refused->consume(nothing);
        scene.pair.run();
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        for (const ChannelOpened &opened : scene.all<ChannelOpened>())
            QVERIFY(opened.channel != number || opened.generation < 4);
        QCOMPARE(scene.pair.link->channels().size(), size_t(1));
    }
};

QTAMQP_TEST(TestInterruptions)
#include "tst_interruptions.moc"
