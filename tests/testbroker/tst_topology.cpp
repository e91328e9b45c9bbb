// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Exchanges, queues and bindings come back on another link, as far as they still exist.

#include "testmain.h"

#include "recoveryscene.h"

using namespace QtAmqpTest;
using Kind = QAmqpError::Kind;

namespace {

ExchangeBind bindExchange(QByteArrayView destination, QByteArrayView source)
{
    ExchangeBind method;
    method.destination = destination;
    method.source = source;
    method.routingKey = "k";
    return method;
}

QueueDelete deleteOf(QByteArrayView queue, bool ifEmpty = false)
{
    QueueDelete method;
    method.queue = queue;
    method.ifEmpty = ifEmpty;
    return method;
}

// The name of the queue that a method is about.
QByteArray queueOf(quint32 method, QByteArrayView fields)
{
    Reader in(fields);
    switch (method) {
    case QueueDeclare::info.id(): return decode<QueueDeclare>(in).queue.toByteArray();
    case QueueBind::info.id(): return decode<QueueBind>(in).queue.toByteArray();
    case BasicConsume::info.id(): return decode<BasicConsume>(in).queue.toByteArray();
    default: return {};
    }
}

// Closes the channel, or the connection, for this method about this queue, so many times.
auto refusing(quint32 refused, const QByteArray &queue, ReplyCode code, int times,
              const QByteArray &why = "a test")
{
    return [=](Broker::Connection &connection, quint16 channel, quint32 method,
               QByteArrayView fields) mutable {
        if (method != refused || queueOf(method, fields) != queue || times == 0)
            return true;
        --times;
        const Broker::Refusal refusal = Broker::refuse(code, why);
        if (refusal.closesChannelOnly())
            connection.channels().at(channel)->close(refusal, method);
        else
            connection.close(refusal, method);
        return false;
    };
}

} // namespace

class TestTopology : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // What is not durable is gone when a broker is started again.
    void everythingIsDeclaredAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x"));
        channel->request(exchange("y"));
        channel->request(bindExchange("y", "x"));
        channel->request(declare("q"));
        channel->request(bind("q", "y"));
        scene.pair.run();
        for (int i = 0; i < 3; ++i) {
            scene.pair.broker.restart(Broker::BrokerCore::Stop::Killed, scene.pair.now);
            scene.pair.run();
            QVERIFY(!scene.queue("q"));
            QVERIFY(scene.recover());
            QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
            channel->publish(publishTo("k", "x"), persistent("1"));
            scene.pair.run();
            QVERIFY(scene.queue("q"));
            QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
        }
    }

    void aQueueThatTheBrokerNamesGetsAnotherName()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x"));
        const RequestId declared = channel->request(exclusive({}));
        const QueueNamePointer name = channel->lastDeclared();
        channel->request(bind({}, "x"), name);
        channel->consume(consume({}, "c"), name);
        scene.pair.run();
        const QByteArray first = scene.end(declared).name;
        QCOMPARE(name->name, first);
        QByteArray previous = first;
        for (int i = 0; i < 40; ++i) {
            QVERIFY(scene.loseAndRecover());
            QCOMPARE(scene.count<QueueRenamed>(), i + 1);
            QCOMPARE(scene.last<QueueRenamed>().from, previous);
            previous = scene.last<QueueRenamed>().to;
            QCOMPARE(name->name, previous);
            const auto renamed = scene.last<Recovered>().report.renamedQueues();
            QCOMPARE(renamed.size(), 1);
            QCOMPARE(renamed.constFirst().second.toUtf8(), previous);
            QCOMPARE(scene.host().queues().size(), size_t(1));
            QCOMPARE(scene.queue(previous)->consumers().size(), size_t(1));
            channel->publish(publishTo("k", "x"), persistent("1"));
            scene.pair.run();
            QCOMPARE(scene.count<Delivered>(), i + 1);
            scene.pair.pass(10s);
        }
        // The application may have kept the first name.
        QueueDeclare passive = declare(first);
        passive.passive = true;
        const RequestId looked = channel->request(passive);
        const RequestId bound = channel->request(bind(first, "x", "another"));
        const RequestId deleted = channel->request(deleteOf(first));
        scene.pair.run();
        QVERIFY(scene.endedWell(looked));
        QVERIFY(scene.endedWell(bound));
        QVERIFY(scene.endedWell(deleted));
        QVERIFY(scene.host().queues().empty());
    }

    void anEmptyNameMeansTheQueueThatWasDeclaredLast()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x"));
        channel->request(exclusive("a"));
        channel->request(bind({}, "x"));
        channel->request(exclusive("b"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        channel->publish(publishTo("k", "x"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.queue("a")->readyCount(), quint64(1));
        QCOMPARE(scene.queue("b")->readyCount(), quint64(0));
    }

    void whatWasOnlyLookedAtOrIsTheBrokersIsNotDeclared()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        ExchangeDeclare predefined = exchange("amq.direct");
        predefined.durable = true;
        channel->request(predefined);
        scene.pair.run();
        ChannelCore *const other = scene.pair.client->addChannel(1);
        Q_UNUSED(other)
        channel->request(deleteOf("q"));
        scene.pair.run();
        scene.host().declareQueue("theirs", {}, 0);
        QueueDeclare passive = declare("theirs");
        passive.passive = true;
        const RequestId looked = channel->request(passive);
        ExchangeDeclare passiveExchange = exchange("amq.topic");
        passiveExchange.passive = true;
        channel->request(passiveExchange);
        scene.pair.run();
        QVERIFY(scene.endedWell(looked));
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
        QCOMPARE(scene.asks<ExchangeDeclare>(), 0);
    }

    void whatWasDeletedIsForgotten()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x"));
        channel->request(exchange("y"));
        channel->request(bindExchange("y", "x"));
        channel->request(durable("q"));
        channel->request(bind("q", "y"));
        channel->request(bind("q", "x", "1"));
        channel->request(bind("q", "x", "2"));
        QueueUnbind unbind;
        unbind.queue = "q";
        unbind.exchange = "x";
        unbind.routingKey = "1";
        channel->request(unbind);
        ExchangeDelete gone;
        gone.exchange = "y";
        channel->request(gone);
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<ExchangeDeclare>(), 1);
        QCOMPARE(scene.asks<ExchangeBind>(), 0);
        QCOMPARE(scene.asks<QueueDeclare>(), 1);
        QCOMPARE(scene.asks<QueueBind>(), 1);
        channel->request(deleteOf("q"));
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
        QCOMPARE(scene.asks<QueueBind>(), 0);
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
    }

    void whatTheBrokerRefusedToDeleteIsNotForgotten()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(declare("q"));
        channel->publish(publishTo("q"), persistent("1"));
        scene.pair.run();
        const RequestId refused = channel->request(deleteOf("q", true));
        scene.pair.run();
        QCOMPARE(scene.end(refused).error.replyCode(), 406);
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 1);
    }

    // The queue is somebody else's, and only its binding was recorded.
    void theBindingsOfAQueueOfOthersGoWithIt()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        scene.host().declareQueue("theirs", {}, 0);
        channel->request(exchange("x"));
        channel->request(bind("theirs", "x"));
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueBind>(), 1);
        channel->request(deleteOf("theirs"));
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueBind>(), 0);
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
    }

    void autoDeletionGoesOn()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x", true));
        channel->request(exchange("y", true));
        channel->request(bindExchange("y", "x"));
        QueueDeclare queue = declare("q");
        queue.autoDelete = true;
        channel->request(queue);
        channel->request(bind("q", "y"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QVERIFY(scene.host().exchange("x"));
        channel->cancel("c");
        scene.pair.run();
        QVERIFY(!scene.queue("q"));
        QVERIFY(!scene.host().exchange("x"));
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>() + scene.asks<QueueBind>(), 0);
        QCOMPARE(scene.asks<ExchangeDeclare>() + scene.asks<ExchangeBind>(), 0);
        QVERIFY(!scene.queue("q"));
    }

    void anAutoDeleteQueueGoesWithTheChannelOfItsConsumer()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        ChannelCore *const consuming = scene.pair.client->addChannel(1);
        QueueDeclare queue = declare("q");
        queue.autoDelete = true;
        channel->request(queue);
        scene.pair.run();
        consuming->consume(consume("q", "c"));
        scene.pair.run();
        consuming->close();
        scene.pair.run();
        QVERIFY(!scene.queue("q"));
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
    }

    void aQueueThatExpiresIsForgotten()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        const QByteArray arguments = encodeTable(QAmqpTable{{u"x-expires"_s, 60000}});
        for (const char *name : {"unused", "got", "declared", "consumed"}) {
            QueueDeclare method = durable(name);
            method.arguments = arguments;
            channel->request(method);
        }
        channel->consume(consume("consumed", "c"));
        scene.pair.run();
        for (int i = 0; i < 5; ++i) {
            scene.pair.pass(40s);
            BasicGet get;
            get.queue = "got";
            channel->request(get);
            QueueDeclare method = durable("declared");
            method.arguments = arguments;
            channel->request(method);
            scene.pair.run();
        }
        QVERIFY(!scene.queue("unused"));
        QVERIFY(scene.queue("got"));
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 3);
        QVERIFY(!scene.queue("unused"));
        // To declare a queue again puts its expiry off too.
        scene.pair.pass(40s);
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 3);
    }

    void whatIsDeclaredAndDeletedTakesNoMemory()
    {
        Topology topology;
        const TimePoint now(1h);
        const QByteArray arguments = encodeTable(QAmqpTable{{u"x-expires"_s, 86400000}});
        for (int i = 0; i < 10000; ++i) {
            const QByteArray name = "q" + QByteArray::number(i);
            QueueDeclare method = durable(name);
            method.arguments = arguments;
            topology.accepted(QueueDeclare::info.id(), callOf(method).method, name, {}, now);
            topology.accepted(QueueDeclare::info.id(), callOf(method).method, name, {}, now);
            topology.accepted(QueueBind::info.id(), callOf(bind(name, "amq.direct")).method, {}, {},
                              now);
            QCOMPARE(topology.size(), size_t(2));
            topology.accepted(QueueDelete::info.id(), callOf(deleteOf(name)).method, {}, {}, now);
            QCOMPARE(topology.size(), size_t(0));
        }
        QVERIFY(!topology.mayExpire());
        QCOMPARE(topology.aliases(), size_t(0));
    }

    void whatWasDeclaredWithoutAnAnswerIsRecorded()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        QueueDeclare queue = exclusive("q");
        queue.noWait = true;
        channel->requestNoWait(queue);
        QueueBind binding = bind("q", "amq.direct");
        binding.noWait = true;
        channel->requestNoWait(binding);
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 1);
        channel->publish(publishTo("k", "amq.direct"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }

    void theLatestDeclarationCounts()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(declare("q"));
        scene.pair.run();
        scene.brokerDeletes("q");
        const RequestId again = channel->request(durable("q"));
        scene.pair.run();
        QVERIFY(scene.endedWell(again));
        QVERIFY(scene.loseAndRecover());
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
    }

    // As after a link that was lost in silence: the broker keeps it for a while.
    void aLockedQueueIsTriedAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        channel->request(bind("q", "amq.direct"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.pair.brokerNotices = false;
        scene.lose();
        scene.pair.pass(1s);
        QCOMPARE(scene.count<Recovered>(), 0);
        QVERIFY(scene.pair.client->isRecovering());
        scene.pair.brokerLooks();
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<LinkLost>(), 1);
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
        QVERIFY(scene.last<Recovered>().report.pending().isEmpty());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
    }

    void aLockedQueueDoesNotHoldUpTheRest()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        channel->request(bind("q", "amq.direct"));
        channel->request(exclusive("free"));
        channel->consume(consume("q", "c"));
        channel->request(durable("other"));
        channel->consume(consume("other", "d"));
        scene.pair.run();
        // Only one of the queues stays locked.
        scene.onAsked = refusing(QueueDeclare::info.id(), "q", ReplyCode::ResourceLocked, -1);
        scene.lose();
        QVERIFY(scene.recover());
        const QAmqpRecoveryReport report = scene.last<Recovered>().report;
        QVERIFY(report.duration() >= 2s);
        QVERIFY(report.duration() < 4s);
        QCOMPARE(report.pending().size(), 1);
        QVERIFY(report.pending().constFirst().text().contains(u"\"q\""_s));
        QCOMPARE(report.pending().constFirst().replyCode(), 405);
        QVERIFY(report.skipped().isEmpty());
        QVERIFY(scene.queue("free"));
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        QCOMPARE(scene.count<ChannelRecovered>(), 1);
        scene.put("other", "1");
        QCOMPARE(scene.count<Delivered>(), 1);
        // It is tried further, and its consumer starts when it is back.
        scene.pair.pass(3s);
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
        scene.onAsked = {};
        scene.pair.pass(2s);
        QCOMPARE(scene.count<ConsumerResumed>(), 2);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        channel->publish(publishTo("k", "amq.direct"), persistent("2"));
        scene.pair.run();
        QCOMPARE(scene.count<Delivered>(), 2);
        QCOMPARE(scene.count<Recovered>(), 1);
        QCOMPARE(scene.count<ChannelRecovered>(), 1);
        QCOMPARE(scene.count<ChannelLost>(), 1);
        scene.pair.run();
        QCOMPARE(scene.pair.link->channels().size(), size_t(1));
    }

    void aQueueThatStaysLockedIsGivenUp()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        const RequestId consumer = channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.onAsked = refusing(QueueDeclare::info.id(), "q", ReplyCode::ResourceLocked, -1);
        scene.lose();
        QVERIFY(scene.recover());
        QCOMPARE(scene.count<ConsumerCancelled>(), 0);
        scene.pair.pass(60s);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, consumer);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.replyCode(), 405);
        QVERIFY(!scene.pair.nextTimeout());
        const int declares = scene.asks<QueueDeclare>();
        scene.pair.pass(600s);
        QCOMPARE(scene.asks<QueueDeclare>(), declares);
        QVERIFY(channel->isUsable());
    }

    void aLossWhileAQueueIsPutOff()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.onAsked = refusing(QueueDeclare::info.id(), "q", ReplyCode::ResourceLocked, -1);
        scene.lose();
        QVERIFY(scene.recover());
        QCOMPARE(scene.last<Recovered>().report.pending().size(), 1);
        scene.onAsked = {};
        QVERIFY(scene.loseAndRecover());
        QVERIFY(scene.last<Recovered>().report.pending().isEmpty());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ConsumerResumed>(), 1);
    }

    void whatIsRefusedForGoodIsSkippedAndReported()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(declare("a"));
        channel->request(declare("q"));
        channel->request(declare("z"));
        const RequestId consumer = channel->consume(consume("q", "c"));
        scene.pair.run();
        scene.pair.reconnects = false;
        scene.lose();
        scene.brokerDeletes("q");
        Broker::QueueSettings settings;
        settings.durable = true;
        scene.host().declareQueue("q", settings, 0);
        scene.pair.reconnects = true;
        QVERIFY(scene.recover());
        const auto skipped = scene.last<Recovered>().report.skipped();
        QCOMPARE(skipped.size(), 1);
        QCOMPARE(skipped.constFirst().replyCode(), 406);
        QVERIFY(skipped.constFirst().text().contains(u"\"q\""_s));
        QVERIFY(skipped.constFirst().method().contains(u"declare"_s));
        QVERIFY(scene.queue("a"));
        QVERIFY(scene.queue("z"));
        QCOMPARE(scene.count<ChannelClosed>(), 0);
        // A queue is there, whoever made it.
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        Q_UNUSED(consumer)
        // What was skipped once is reported once.
        scene.brokerDeletes("q");
        QVERIFY(scene.loseAndRecover());
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
    }

    // The queue was deleted between the two: it is declared once more, and then bound.
    void aBindingWhoseQueueIsGoneAgain()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        channel->request(bind("q", "amq.direct"));
        scene.pair.run();
        bool isDone = false;
        scene.onAsked = [&](Broker::Connection &, quint16, quint32 method, QByteArrayView) {
            if (method == QueueBind::info.id() && !std::exchange(isDone, true))
                scene.host().removeQueue(*scene.queue("q"));
            return true;
        };
        QVERIFY(scene.loseAndRecover());
        QVERIFY(isDone);
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
        channel->publish(publishTo("k", "amq.direct"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }

    void aBindingWhoseExchangeIsGoneIsSkipped()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        scene.host().declareExchange("theirs", {});
        channel->request(durable("q"));
        const RequestId bound = channel->request(bind("q", "theirs"));
        channel->request(bind("q", "amq.direct"));
        scene.pair.run();
        QVERIFY(scene.endedWell(bound));
        scene.lose();
        scene.host().deleteExchange("theirs", false);
        QVERIFY(scene.recover());
        const auto skipped = scene.last<Recovered>().report.skipped();
        QCOMPARE(skipped.size(), 1);
        QCOMPARE(skipped.constFirst().replyCode(), 404);
    }

    void whatCostsTwoLinksIsLeftOut_data()
    {
        QTest::addColumn<int>("code");
        for (const auto code : {ReplyCode::InternalError, ReplyCode::NotAllowed,
                                ReplyCode::NotImplemented, ReplyCode::CommandInvalid})
            QTest::addRow("%d", int(code)) << int(code);
    }
    void whatCostsTwoLinksIsLeftOut()
    {
        QFETCH(const int, code);
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(declare("a"));
        channel->request(declare("poison"));
        channel->request(declare("z"));
        scene.pair.run();
        scene.onAsked = refusing(QueueDeclare::info.id(), "poison", ReplyCode(code), -1);
        scene.pair.broker.restart(Broker::BrokerCore::Stop::Killed, scene.pair.now);
        scene.pair.run();
        QVERIFY(scene.recover(30s));
        QCOMPARE(scene.count<LinkLost>(), 3);
        QCOMPARE(scene.count<ConnectionClosed>(), 0);
        const auto skipped = scene.last<Recovered>().report.skipped();
        QVERIFY(!skipped.isEmpty());
        // Which of several queues it was, the broker does not say: the oldest one that is unanswered.
        QVERIFY(!scene.queue("poison"));
        QCOMPARE(scene.count<Recovered>(), 1);
    }

    void aConsumerThatCostsTwoLinksEnds()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->request(durable("good"));
        const RequestId poison = channel->consume(consume("q", "c"));
        channel->consume(consume("good", "d"));
        scene.pair.run();
        scene.onAsked = refusing(BasicConsume::info.id(), "q", ReplyCode::InternalError, -1);
        scene.lose();
        QVERIFY(scene.recover(30s));
        QCOMPARE(scene.count<LinkLost>(), 3);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, poison);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.replyCode(), 541);
        QCOMPARE(scene.queue("good")->consumers().size(), size_t(1));
    }

    void theFilterDecides()
    {
        using Entity = QAmqpRecoveryStep::Entity;
        QList<QAmqpRecoveryStep> steps;
        RecoveryScene scene(recovering().setRecoveryFilter([&](const QAmqpRecoveryStep &step) {
            steps.append(step);
            return step.name() != u"left out"_s && step.name() != u"b"_s;
        }));
        ChannelCore *const channel = scene.open();
        channel->request(exchange("x"));
        channel->request(exclusive("q"));
        channel->request(exclusive("left out"));
        channel->request(bind("q", "x"));
        channel->consume(consume("q", "a"));
        const RequestId unwanted = channel->consume(consume("q", "b"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(steps.size(), 6);
        QCOMPARE(steps[0].entity(), Entity::Exchange);
        QCOMPARE(steps[0].name(), u"x"_s);
        QCOMPARE(steps[1].entity(), Entity::Queue);
        QVERIFY(steps[1].isExclusive());
        QCOMPARE(steps[3].entity(), Entity::QueueBinding);
        QCOMPARE(steps[3].source(), u"x"_s);
        QCOMPARE(steps[3].routingKey(), u"k"_s);
        QCOMPARE(steps[4].entity(), Entity::Consumer);
        QVERIFY(scene.queue("q"));
        QVERIFY(!scene.queue("left out"));
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().consumer, unwanted);
    }

    // A queue that is left out is not declared because its consumer misses it either.
    void whatTheFilterLeavesOutStaysAway()
    {
        RecoveryScene scene(recovering().setRecoveryFilter([](const QAmqpRecoveryStep &step) {
            return step.entity() != QAmqpRecoveryStep::Entity::Queue;
        }));
        ChannelCore *const channel = scene.open();
        channel->request(exclusive("q"));
        channel->consume(consume("q", "a"));
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
        QCOMPARE(scene.count<ConsumerCancelled>(), 1);
        QCOMPARE(scene.last<ConsumerCancelled>().reason.replyCode(), 404);
        QVERIFY(channel->isUsable());
    }

    void theFilterMayCancelAConsumer()
    {
        ChannelCore *channel = nullptr;
        RecoveryScene scene(recovering().setRecoveryFilter([&](const QAmqpRecoveryStep &step) {
            if (step.entity() == QAmqpRecoveryStep::Entity::Consumer && step.name() == u"a"_s)
                channel->cancel("a");
            return step.name() != u"c"_s;
        }));
        channel = scene.open();
        channel->request(durable("q"));
        for (const char *tag : {"a", "b", "c"})
            channel->consume(consume("q", tag));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        QCOMPARE(scene.queue("q")->consumers().front()->tag, QByteArray("b"));
    }

    void topologyMayStayAway_data()
    {
        QTest::addColumn<int>("scope");
        using Scope = QAmqpConnectionOptions::TopologyRecovery;
        QTest::newRow("none") << int(Scope::Nothing);
        QTest::newRow("consumers only") << int(Scope::ConsumersOnly);
    }
    void topologyMayStayAway()
    {
        QFETCH(const int, scope);
        using Scope = QAmqpConnectionOptions::TopologyRecovery;
        const bool consumers = Scope(scope) == Scope::ConsumersOnly;
        RecoveryScene scene(recovering().setTopologyRecovery(Scope(scope)));
        ChannelCore *const channel = scene.open();
        channel->request(durable("q"));
        channel->request(exclusive("own"));
        channel->consume(consume("q", "a"));
        channel->consume(consume("own", "b"));
        scene.pair.run();
        scene.asked.clear();
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.asks<QueueDeclare>(), 0);
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(consumers ? 1 : 0));
        QCOMPARE(scene.count<ConsumerCancelled>(), consumers ? 1 : 2);
        QVERIFY(channel->isUsable());
    }

    // The connection's channels leave none over on which to declare.
    void allChannelsMayBeInUse()
    {
        Broker::BrokerSettings settings;
        settings.channelMax = 2;
        RecoveryScene scene(recovering(), settings);
        ChannelCore *const channel = scene.open();
        ChannelCore *const other = scene.pair.client->addChannel(1);
        QVERIFY(other);
        QVERIFY(!scene.pair.client->addChannel(1));
        channel->request(exclusive("q"));
        channel->request(bind("q", "amq.direct"));
        channel->consume(consume("q", "c"));
        other->request(durable("r"));
        scene.pair.run();
        QVERIFY(scene.loseAndRecover());
        QVERIFY(channel->isUsable());
        QVERIFY(other->isUsable());
        QVERIFY(scene.last<Recovered>().report.skipped().isEmpty());
        QVERIFY(scene.queue("q"));
        QCOMPARE(scene.queue("q")->consumers().size(), size_t(1));
        const RequestId asked = other->request(durable("s"));
        scene.pair.run();
        QVERIFY(scene.endedWell(asked));
        QCOMPARE(scene.count<ChannelLost>(), 2);
        QCOMPARE(scene.count<ChannelRecovered>(), 2);
    }

    // The broker has fewer channels now.
    void channelsAboveTheLimitOfTheNewLinkEnd()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        scene.pair.client->addChannel(1);
        scene.pair.client->addChannel(1);
        channel->request(durable("q"));
        scene.pair.run();
        scene.pair.broker.settings().channelMax = 2;
        QVERIFY(scene.loseAndRecover());
        QCOMPARE(scene.count<ChannelClosed>(), 1);
        QCOMPARE(scene.last<ChannelClosed>().channel, quint16(3));
        QCOMPARE(scene.last<ChannelClosed>().error.kind(), Kind::LimitExceeded);
        QVERIFY(channel->isUsable());
    }

    void entitiesBelongToTheConnection()
    {
        RecoveryScene scene;
        ChannelCore *const channel = scene.open();
        ChannelCore *const closed = scene.pair.client->addChannel(1);
        closed->request(exclusive("q"));
        closed->request(bind("q", "amq.direct"));
        scene.pair.run();
        closed->close();
        scene.pair.run();
        scene.pair.client->removeChannel(2);
        QVERIFY(scene.loseAndRecover());
        QVERIFY(scene.queue("q"));
        channel->publish(publishTo("k", "amq.direct"), persistent("1"));
        scene.pair.run();
        QCOMPARE(scene.queue("q")->readyCount(), quint64(1));
    }
};

QTAMQP_TEST(TestTopology)
#include "tst_topology.moc"
