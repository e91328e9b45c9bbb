// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What queues, channels and connections of the broker do as time passes and as answers come late, as RabbitMQ's do.

#include "testmain.h"

#include "rawclient.h"

#include <random>

using namespace QtAmqpTest;
using End = Broker::Connection::End;
using Broker::BrokerCore;

namespace {

bool naiveMatch(const QByteArrayList &pattern, const QByteArrayList &words)
{
    if (pattern.isEmpty())
        return words.isEmpty();
    const QByteArrayList rest = pattern.mid(1);
    if (pattern.first() == "#") {
        for (qsizetype i = 0; i <= words.size(); ++i) {
            if (naiveMatch(rest, words.mid(i)))
                return true;
        }
        return false;
    }
    return !words.isEmpty() && (pattern.first() == "*" || pattern.first() == words.first())
            && naiveMatch(rest, words.mid(1));
}

} // namespace

class TestBrokerCore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // --- time ---

    void messagesOfAQueueLiveForItsTime()
    {
        Session s;
        s.declareQueue("q", {{u"x-message-ttl"_s, 1000}});
        s.publish("q", QByteArray("1"));
        s.core.pass(999ms);
        QCOMPARE(s.ready("q"), quint64(1));
        s.core.pass(1ms);
        QCOMPARE(s.ready("q"), quint64(0));
        s.client.read();
        QVERIFY(!s.core.core.nextTimeout());
    }

    void aMessageLivesForTheShorterOfTwoTimes()
    {
        Session s;
        s.declareQueue("q", {{u"x-message-ttl"_s, 1000}});
        QAmqpMessage brief("brief");
        brief.setExpiration(u"10"_s);
        QAmqpMessage lasting("lasting");
        lasting.setExpiration(u"5000"_s);
        s.publish("q", brief);
        s.publish("q", lasting);
        s.core.pass(10ms);
        QCOMPARE(s.ready("q"), quint64(1));
        s.core.pass(989ms);
        QCOMPARE(s.ready("q"), quint64(1));
        s.core.pass(1ms);
        QCOMPARE(s.ready("q"), quint64(0));
    }

    void aMessageThatMayNotWaitIsHandedOutAtOnceOrNever()
    {
        Session s;
        s.declareQueue("q", {{u"x-message-ttl"_s, 0}});
        s.publish("q", QByteArray("lost"));
        QCOMPARE(s.ready("q"), quint64(0));
        s.client.send(1, consume("q", "c"));
        s.publish("q", QByteArray("handed out"));
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"handed out"}));
    }

    void aQueueThatIsNotUsedExpires()
    {
        Session s;
        s.declareQueue("q", {{u"x-expires"_s, 1000}});
        s.core.pass(900ms);
        s.client.send(1, BasicGet{0, QByteArrayView("q"), true}); // which uses it
        s.core.pass(999ms);
        QVERIFY(s.core.queue("q"));
        s.client.send(1, consume("q", "c"));
        s.core.pass(10s);
        QVERIFY(s.core.queue("q"));
        s.client.send(1, BasicCancel{QByteArrayView("c"), false});
        s.publish("q", QByteArray("publishing is no use of it"));
        s.core.pass(999ms);
        QVERIFY(s.core.queue("q"));
        s.core.pass(1ms);
        QVERIFY(!s.core.queue("q"));
    }

    void heartbeatsAreSentAndMissed()
    {
        TestCore core;
        RawClient client(core);
        client.login(10);
        core.pass(5s);
        client.read();
        QCOMPARE(client.heartbeats, 1);
        for (int i = 0; i < 10; ++i) {
            core.pass(14s);
            client.sendBytes(RawClient::rawFrame(8, 0, {}));
            client.read();
        }
        QCOMPARE(client.link->end(), End::None);
        for (int i = 0; i < 4; ++i) { // which reads, but says nothing any more
            core.pass(i < 3 ? 5s : 4s);
            client.read();
        }
        QCOMPARE(client.link->end(), End::None);
        core.pass(1s);
        QCOMPARE(client.link->end(), End::Reset);
    }

    void theLoginHasItsTime()
    {
        TestCore core;
        RawClient client(core);
        core.pass(9'999ms);
        QCOMPARE(client.link->end(), End::None);
        core.pass(1ms);
        QCOMPARE(client.link->end(), End::Reset);
    }

    // --- an alarm ---

    void onlyConnectionsThatPublishAreBlocked()
    {
        Session s;
        s.declareQueue("q");
        s.core.core.block("low on memory", s.core.now);
        s.declareQueue("r");
        QVERIFY(s.core.queue("r"));
        s.publish("q", QByteArray("1"));
        s.publish("q", QByteArray("2"));
        QCOMPARE(s.answers().constLast(), u"0 connection.blocked"_s);
        QVERIFY(!s.client.link->wantsInput());
        QCOMPARE(s.ready("q"), quint64(0));
        s.core.pass(10min);
        QCOMPARE(s.client.link->end(), End::None);
        s.core.core.unblock(s.core.now);
        QCOMPARE(s.answers(), QStringList({u"0 connection.unblocked"_s}));
        QCOMPARE(s.ready("q"), quint64(2));
    }

    // --- the end ---

    void aRestartKeepsWhatIsDurable()
    {
        Session s;
        s.declareQueue("durable", {}, true);
        s.declareQueue("transient");
        for (const bool isDurable : {true, false}) {
            ExchangeDeclare exchange;
            exchange.exchange = isDurable ? "kept" : "gone";
            exchange.type = QByteArrayView("fanout");
            exchange.durable = isDurable;
            s.client.send(1, exchange);
            QueueBind bind;
            bind.exchange = exchange.exchange;
            bind.queue = QByteArrayView("durable");
            s.client.send(1, bind);
        }
        QAmqpMessage persistent("persistent");
        persistent.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
        for (int i = 0; i < 2; ++i)
            s.publish("durable", persistent);
        s.publish("durable", QByteArray("transient"));
        s.client.send(1, BasicGet{0, QByteArrayView("durable"), false});
        s.core.core.restart(BrokerCore::Stop::Orderly, s.core.now);
        s.client.read();
        QCOMPARE(s.client.connectionCode(), 320);
        QVERIFY(!s.core.queue("transient"));
        QVERIFY(s.core.host().exchange("kept"));
        QVERIFY(!s.core.host().exchange("gone"));
        QCOMPARE(s.core.host().exchange("kept")->bindings().size(), size_t(1));
        QCOMPARE(s.ready("durable"), quint64(2));
        QCOMPARE(s.core.core.take("/", "durable", s.core.now)->deliveries, quint32(1));
        QCOMPARE(s.core.core.take("/", "durable", s.core.now)->deliveries, quint32(0));
    }

    void whatIsExclusiveGoesWithItsConnection()
    {
        Session s;
        RawClient other(s.core);
        other.login();
        QueueDeclare exclusive = declare("own");
        exclusive.exclusive = true;
        other.send(1, exclusive);
        s.client.send(1, consume("own", "c"));
        s.client.read();
        QCOMPARE(s.client.channelCode(), 405);
        other.lose();
        QVERIFY(!s.core.queue("own"));
    }

    // --- late answers ---

    void answersOvertakeThatOfConsume()
    {
        Session s;
        s.declareQueue("q");
        s.client.read();
        s.client.gather();
        s.client.send(1, consume("q", "c"));
        s.declareQueue("r");
        s.publish("q", QByteArray("1"));
        s.client.sendGathered();
        QCOMPARE(s.answers(),
                 QStringList(
                         {u"1 queue.declare-ok"_s, u"1 basic.consume-ok"_s, u"1 basic.deliver"_s}));
    }

    void answersOvertakeThatOfCancel()
    {
        Session s;
        s.declareQueue("q");
        s.client.send(1, consume("q", "c"));
        s.client.read();
        s.client.gather();
        s.client.send(1, BasicCancel{QByteArrayView("c"), false});
        s.publish("q", QByteArray("1"));
        s.declareQueue("r");
        s.client.sendGathered();
        QCOMPARE(s.answers(), QStringList({u"1 queue.declare-ok"_s, u"1 basic.cancel-ok"_s}));
        QCOMPARE(s.ready("q"), quint64(1));
    }

    void aCancelBeforeTheConsumerIsThereCrashesTheChannel()
    {
        Session s;
        s.declareQueue("q");
        s.client.read();
        s.client.gather();
        s.client.send(1, consume("q", "c"));
        s.client.send(1, BasicCancel{QByteArrayView("c"), false});
        s.client.sendGathered();
        s.client.read();
        QCOMPARE(s.client.connectionCode(), 541);
    }

    void workBehindACommitEndsTheConnection()
    {
        Session s;
        s.client.send(1, TxSelect{});
        s.client.send(1, TxCommit{});
        s.declareQueue("q");
        s.client.read();
        QCOMPARE(s.client.connectionCode(), 0);
        s.client.gather();
        s.client.send(1, TxCommit{});
        s.declareQueue("r");
        s.client.sendGathered();
        s.client.read();
        QCOMPARE(s.client.connectionCode(), 504);
        QVERIFY(!s.core.queue("r"));
    }

    void severalConfirmsComeInOne()
    {
        Session s;
        s.declareQueue("q", {{u"x-max-length"_s, 4}, {u"x-overflow"_s, u"reject-publish"_s}});
        s.client.send(1, ConfirmSelect{});
        s.client.read();
        s.client.gather();
        for (int i = 0; i < 3; ++i)
            s.publish("q", QByteArray("x"));
        s.client.sendGathered();
        QCOMPARE(s.answers(), QStringList({u"1 basic.ack"_s}));
        QCOMPARE(s.client.all<BasicAck>()[0].deliveryTag, quint64(3));
        QVERIFY(s.client.all<BasicAck>()[0].multiple);
        s.client.gather();
        for (int i = 0; i < 3; ++i)
            s.publish("q", QByteArray("x"));
        s.client.sendGathered();
        QCOMPARE(s.answers(),
                 QStringList({u"1 basic.ack"_s, u"1 basic.nack"_s, u"1 basic.nack"_s}));
        QVERIFY(!s.client.all<BasicAck>()[0].multiple);
    }

    // --- dead letters ---

    void aMessageDoesNotGoInACircle()
    {
        Session s;
        for (const auto &[from, to] : {std::pair("a", "b"), std::pair("b", "a")}) {
            s.declareQueue(from,
                           {{u"x-message-ttl"_s, 10},
                            {u"x-dead-letter-exchange"_s, u""_s},
                            {u"x-dead-letter-routing-key"_s, QString::fromLatin1(to)}});
        }
        s.publish("a", QByteArray("1"));
        s.core.pass(10ms);
        QCOMPARE(s.ready("b"), quint64(1));
        s.core.pass(10ms);
        QCOMPARE(s.ready("a"), quint64(0));
        QCOMPARE(s.ready("b"), quint64(0));
        s.client.read();
        QVERIFY(!s.core.core.nextTimeout());
    }

    void aRejectedMessageMayGoInACircle()
    {
        Session s;
        s.declareQueue("work",
                       {{u"x-dead-letter-exchange"_s, u""_s},
                        {u"x-dead-letter-routing-key"_s, u"wait"_s}});
        s.declareQueue("wait",
                       {{u"x-message-ttl"_s, 10},
                        {u"x-dead-letter-exchange"_s, u""_s},
                        {u"x-dead-letter-routing-key"_s, u"work"_s}});
        s.publish("work", QByteArray("1"));
        s.client.send(1, consume("work", "c"));
        for (int i = 1; i <= 5; ++i) {
            s.client.send(1, BasicReject{quint64(i), false});
            QCOMPARE(s.ready("wait"), quint64(1));
            s.core.pass(10ms);
        }
        s.client.read();
        QCOMPARE(s.client.count<BasicDeliver>(), 6);
        const QList<QAmqpValue> deaths =
                s.client.received().back().headers.value(u"x-death"_s).toArray();
        QCOMPARE(deaths.size(), 2);
        QCOMPARE(deaths[0].toTable().value(u"count"_s).toInt(), 5);
        QCOMPARE(deaths[1].toTable().value(u"reason"_s).toString(), u"rejected"_s);
        QCOMPARE(deaths[1].toTable().value(u"count"_s).toInt(), 5);
    }

    void aMessageGoesALongWay()
    {
        constexpr int length = 200;
        Session s;
        for (int i = 0; i < length; ++i) {
            const QByteArray name = "q" + QByteArray::number(i);
            s.declareQueue(name,
                           {{u"x-message-ttl"_s, 0},
                            {u"x-dead-letter-exchange"_s, u""_s},
                            {u"x-dead-letter-routing-key"_s, u"q%1"_s.arg(i + 1)}});
        }
        s.declareQueue("q" + QByteArray::number(length));
        s.publish("q0", QByteArray("1"));
        const auto arrived = s.core.core.take("/", "q200", s.core.now);
        QVERIFY(arrived);
        const QAmqpTable headers = arrived->content.headers();
        QCOMPARE(headers.value(u"x-death"_s).toArray().size(), length);
        QCOMPARE(headers.value(u"x-first-death-queue"_s).toString(), u"q0"_s);
    }

    void aQueueDropsItsOldestForTheNewest()
    {
        Session s;
        s.declareQueue("dead");
        s.declareQueue("q",
                       {{u"x-max-length"_s, 2},
                        {u"x-dead-letter-exchange"_s, u""_s},
                        {u"x-dead-letter-routing-key"_s, u"dead"_s}});
        for (const char *body : {"1", "2", "3"})
            s.publish("q", QByteArray(body));
        QCOMPARE(s.core.core.take("/", "dead", s.core.now)->content.body(), "1");
        QCOMPARE(s.core.core.take("/", "q", s.core.now)->content.body(), "2");
    }

    // --- consumers ---

    void eachConsumerHasItsPrefetch()
    {
        Session s;
        s.declareQueue("q");
        for (const auto &[count, tag] : {std::pair(2, "a"), std::pair(3, "b")}) {
            s.client.send(1, BasicQos{0, quint16(count), false});
            s.client.send(1, consume("q", tag));
        }
        for (int i = 0; i < 10; ++i)
            s.publish("q", QByteArray::number(i));
        s.client.read();
        QMap<QByteArray, int> got;
        quint64 lastOfA = 0;
        for (const BasicDeliver &delivery : s.client.all<BasicDeliver>()) {
            ++got[delivery.consumerTag.toByteArray()];
            if (delivery.consumerTag == "a")
                lastOfA = delivery.deliveryTag;
        }
        QCOMPARE(got, (QMap<QByteArray, int>{{"a", 2}, {"b", 3}}));
        s.client.forget();
        s.client.send(1, BasicAck{lastOfA, false});
        s.client.read();
        QCOMPARE(s.client.count<BasicDeliver>(), 1);
        QCOMPARE(s.client.all<BasicDeliver>()[0].consumerTag.toByteArray(), "a");
    }

    void aChannelHasItsPrefetch()
    {
        Session s;
        s.declareQueue("q");
        s.declareQueue("r");
        s.client.send(1, BasicQos{0, 3, true});
        s.client.send(1, consume("q", "a"));
        s.client.send(1, consume("r", "b"));
        for (int i = 0; i < 4; ++i) {
            s.publish("q", QByteArray("q"));
            s.publish("r", QByteArray("r"));
        }
        s.client.read();
        QCOMPARE(s.client.count<BasicDeliver>(), 3);
        s.client.send(1, BasicAck{2, true});
        s.client.read();
        QCOMPARE(s.client.count<BasicDeliver>(), 5);
        s.client.send(1, BasicQos{0, 0, true});
        s.client.read();
        QCOMPARE(s.client.count<BasicDeliver>(), 8);
    }

    void whatComesBackIsRedeliveredInItsOldPlace()
    {
        Session s;
        s.declareQueue("q");
        for (int i = 0; i < 5; ++i)
            s.publish("q", QByteArray::number(i));
        for (int i = 0; i < 3; ++i)
            s.client.send(1, BasicGet{0, QByteArrayView("q"), false});
        s.client.send(1, BasicAck{2, false});
        s.client.send(1, BasicNack{3, true, true}); // 0 and 2
        s.client.send(1, consume("q", "c", true));
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"0", "2", "3", "4"}));
        QList<bool> redelivered;
        for (const BasicDeliver &delivery : s.client.all<BasicDeliver>())
            redelivered.append(delivery.redelivered);
        QCOMPARE(redelivered, QList<bool>({true, true, false, false}));
    }

    void consumersTakeTurns()
    {
        Session s;
        s.declareQueue("q");
        for (const char *tag : {"a", "b", "c"})
            s.client.send(1, consume("q", tag, true));
        for (int i = 0; i < 6; ++i)
            s.publish("q", QByteArray("x"));
        s.client.read();
        QByteArray order;
        for (const BasicDeliver &delivery : s.client.all<BasicDeliver>())
            order += delivery.consumerTag.toByteArray();
        QCOMPARE(order, "abcabc");
    }

    // --- routing ---

    void topicsMatchAsTheyDoWordByWord()
    {
        std::mt19937 random(1);
        const auto words = [&](const QByteArrayList &from, int most) {
            QByteArrayList list;
            for (int i = 1 + int(random() % quint32(most)); i > 0; --i)
                list.append(from[qsizetype(random() % quint32(from.size()))]);
            return list;
        };
        int matches = 0;
        for (int i = 0; i < 20'000; ++i) {
            const QByteArrayList pattern = words({"a", "b", "", "*", "#"}, 6);
            const QByteArrayList key = words({"a", "b", ""}, 7);
            // An empty text has no word at all, not an empty one.
            const auto split = [](const QByteArrayList &list) {
                return list.join('.').isEmpty() ? QByteArrayList() : list;
            };
            const bool expected = naiveMatch(split(pattern), split(key));
            matches += expected;
            QVERIFY2(Broker::topicMatches(pattern.join('.'), key.join('.')) == expected,
                     pattern.join('.') + " against " + key.join('.'));
        }
        QVERIFY(matches > 1000 && matches < 19'000);
    }

    void aMessageComesToAQueueOnceOnHoweverManyWays()
    {
        Session s;
        s.declareQueue("q");
        for (const char *name : {"a", "b", "c"}) {
            ExchangeDeclare exchange;
            exchange.exchange = QByteArrayView(name);
            exchange.type = QByteArrayView("fanout");
            s.client.send(1, exchange);
            QueueBind bind;
            bind.queue = QByteArrayView("q");
            bind.exchange = QByteArrayView(name);
            s.client.send(1, bind);
            bind.routingKey = QByteArrayView("again");
            s.client.send(1, bind);
        }
        for (const auto &[from, to] :
             {std::pair("a", "b"), std::pair("b", "c"), std::pair("c", "a")}) {
            ExchangeBind bind;
            bind.source = QByteArrayView(from);
            bind.destination = QByteArrayView(to);
            s.client.send(1, bind);
        }
        QAmqpMessage copied("x");
        copied.setHeaders({{u"CC"_s, QList<QAmqpValue>{QAmqpValue(u"k"_s), QAmqpValue(u"l"_s)}}});
        s.client.publish(1, publishTo("k", "a"), copied);
        QCOMPARE(s.ready("q"), quint64(1));
    }

    // --- chance ---

    void theSameSeedAndBytesMakeTheSameBytes()
    {
        const auto talk = [](quint32 seed) {
            TestCore core({}, seed);
            RawClient client(core);
            client.login();
            client.send(1, declare({}));
            client.send(1, consume({}, {}));
            client.publish(1, publishTo("x", {}, true), QByteArray("y"));
            return client.read();
        };
        QCOMPARE(talk(1), talk(1));
        QVERIFY(talk(1) != talk(2));
    }
};

QTAMQP_TEST(TestBrokerCore)
#include "tst_brokercore.moc"
