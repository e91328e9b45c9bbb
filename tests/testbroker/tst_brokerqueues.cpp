// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Queues of the broker and what consumers get from them, where several things happen at once or at a limit.

#include "testmain.h"

#include "rawclient.h"

#include <limits>

using namespace QtAmqpTest;
using Broker::BrokerCore;

class TestBrokerQueues : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // --- consumers ---

    // In each way one delivery was settled out of order before the consumer went, another one is settled later.
    void whatIsNotSettledOutlivesItsConsumer()
    {
        for (const bool isDeleted : {false, true}) {
            Session s;
            s.declareQueue("q");
            s.client.send(1, consume("q", "c"));
            for (int i = 0; i < 4; ++i)
                s.publish("q", QByteArray("x"));
            s.client.send(1, BasicAck{2, false});
            if (isDeleted) {
                RawClient other(s.core);
                other.login();
                QueueDelete method;
                method.queue = QByteArrayView("q");
                other.send(1, method);
            } else {
                s.client.send(1, BasicCancel{QByteArrayView("c"), false});
            }
            s.client.send(1, BasicAck{3, false});
            s.client.send(1, BasicRecover{true});
            QCOMPARE(s.answers().last(), u"1 basic.recover-ok");
            QCOMPARE(s.ready("q"), isDeleted ? ~quint64(0) : quint64(2));
        }
    }

    void aConsumerIsInItsQueueAtOnce()
    {
        BasicConsume exclusive = consume("q", "e");
        exclusive.exclusive = true;
        const auto second = [](const BasicConsume &first, quint16 channel,
                               const BasicConsume &other) {
            Session s;
            s.declareQueue("q");
            s.client.send(2, ChannelOpen{});
            s.client.gather();
            s.client.send(1, first);
            s.client.send(channel, other);
            s.client.sendGathered();
            s.client.read();
            return s.client.channelCode();
        };
        QCOMPARE(second(consume("q", "c"), 1, exclusive), 403);
        QCOMPARE(second(exclusive, 2, consume("q", "c")), 403);
        QCOMPARE(second(consume("q", "c"), 2, consume("q", "c")), 0);

        Session s;
        s.declareQueue("q");
        s.client.read();
        s.client.forget();
        s.client.gather();
        s.client.send(1, consume("q", "c"));
        s.client.send(1, declare("q"));
        QueueDelete method;
        method.queue = QByteArrayView("q");
        method.ifUnused = true;
        s.client.send(1, method);
        s.client.sendGathered();
        s.client.read();
        QCOMPARE(s.client.all<QueueDeclareOk>().back().consumerCount, quint32(1));
        QCOMPARE(s.client.channelCode(), 406);
    }

    void aQueueThatGoesBehindItsFirstConsumerEndsIt()
    {
        Session s;
        s.declareQueue("q");
        s.client.read();
        s.client.forget();
        s.client.gather();
        s.client.send(1, consume("q", "c"));
        QueueDelete method;
        method.queue = QByteArrayView("q");
        s.client.send(1, method);
        s.client.sendGathered();
        QCOMPARE(s.answers(),
                 QStringList(
                         {u"1 queue.delete-ok"_s, u"1 basic.consume-ok"_s, u"1 basic.cancel"_s}));
    }

    void recoverMakesRoomForTheOtherQueues()
    {
        Session s;
        s.declareQueue("a");
        s.declareQueue("b");
        s.client.send(1, BasicQos{0, 1, true});
        s.client.send(1, consume("a", "a"));
        s.client.send(1, consume("b", "b"));
        s.publish("a", QByteArray("1"));
        s.publish("b", QByteArray("2"));
        s.client.send(1, BasicCancel{QByteArrayView("a"), false});
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"1"}));
        s.client.send(1, BasicRecover{true});
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"1", "2"}));
    }

    // --- full queues ---

    void whatComesBackToAFullQueueStays()
    {
        Session s;
        s.declareQueue("q", {{u"x-max-length"_s, 1}, {u"x-overflow"_s, u"reject-publish"_s}});
        s.publish("q", QByteArray("1"));
        s.client.send(1, BasicGet{0, QByteArrayView("q"), false});
        s.publish("q", QByteArray("2"));
        s.client.send(1, BasicReject{1, true});
        QCOMPARE(s.ready("q"), quint64(2));
    }

    void aFullQueueTakesWhatAConsumerTakes()
    {
        Session s;
        s.declareQueue("q", {{u"x-max-length"_s, 1}, {u"x-overflow"_s, u"reject-publish"_s}});
        s.client.send(1, consume("q", "c", true));
        s.client.send(1, ConfirmSelect{});
        s.client.gather();
        for (const char *text : {"1", "2", "3"})
            s.publish("q", QByteArray(text));
        s.client.sendGathered();
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"1", "2", "3"}));
        QCOMPARE(s.client.count<BasicNack>(), 0);
    }

    void aQueueThatRefusesCountsMoreThanOneThatDoesNotAnswer()
    {
        Session s;
        s.declareQueue("full", {{u"x-max-length"_s, 0}, {u"x-overflow"_s, u"reject-publish"_s}});
        s.declareQueue("mute");
        s.core.queue("mute")->setAnswering(false);
        for (const char *name : {"full", "mute"})
            s.bind(name, "amq.fanout");
        s.client.send(1, ConfirmSelect{});
        s.client.publish(1, publishTo("", "amq.fanout"), QByteArray("x"));
        s.client.read();
        QCOMPARE(s.client.count<BasicNack>(), 1);
    }

    // --- dead letters ---

    void deathsAreCountedAsFarAsTheyCanBe()
    {
        constexpr qint64 most = std::numeric_limits<qint64>::max();
        Session s;
        s.declareQueue("dead");
        s.declareQueue("q",
                       {{u"x-dead-letter-exchange"_s, u""_s},
                        {u"x-dead-letter-routing-key"_s, u"dead"_s}});
        const QAmqpTable death{
                {u"queue"_s, u"q"_s}, {u"reason"_s, u"rejected"_s}, {u"count"_s, most}};
        QAmqpMessage message("x");
        message.setHeaders({{u"x-death"_s, QList<QAmqpValue>{death}}});
        s.publish("q", message);
        s.client.send(1, BasicGet{0, QByteArrayView("q"), false});
        s.client.send(1, BasicReject{1, false});
        s.client.send(1, BasicGet{0, QByteArrayView("dead"), true});
        s.client.read();
        const QList<QAmqpValue> deaths =
                s.client.received().back().headers.value(u"x-death"_s).toArray();
        QCOMPARE(deaths.size(), 1);
        QCOMPARE(deaths.first().toTable().value(u"count"_s).toInt(), most);
    }

    // --- messages of the broker's side ---

    void aTestPublishesAsAClientDoes()
    {
        Session s;
        BrokerCore &core = s.core.core;
        s.declareQueue("copied");
        QAmqpMessage message("copies");
        const QList<QAmqpValue> keys{QAmqpValue(u"copied"_s)};
        message.setHeaders({{u"BCC"_s, keys}});
        QVERIFY(core.publish("/", "", "nowhere", message, s.core.now));
        const auto taken = core.take("/", "copied", s.core.now);
        QVERIFY(taken);
        QVERIFY(!taken->content.headers().contains(u"BCC"_s));
        message.setExpiration(u"soon"_s);
        QVERIFY(!core.publish("/", "", "copied", message, s.core.now));

        s.client.send(1, consume("amq.rabbitmq.reply-to", "r", true));
        QAmqpMessage question("question");
        question.setReplyTo(u"amq.rabbitmq.reply-to"_s);
        s.publish("copied", question);
        const auto asked = core.take("/", "copied", s.core.now);
        QVERIFY(asked);
        QVERIFY(core.publish("/", "", asked->content.replyTo().toUtf8(), QByteArray("answer"),
                             s.core.now));
        s.client.read();
        QCOMPARE(s.client.bodies(), QByteArrayList({"answer"}));
    }

    // --- exchanges ---

    void aLongChainOfExchangesGoesAtOnce()
    {
        constexpr int length = 30'000;
        Session s;
        s.declareQueue("q");
        Broker::VirtualHost &host = s.core.host();
        const auto name = [](int i) { return "x" + QByteArray::number(i); };
        for (int i = 0; i < length; ++i) {
            QVERIFY(!host.declareExchange(name(i), {.autoDelete = true}));
            const Broker::Binding binding = i == 0 ? Broker::Binding{false, "q", "k"}
                                                   : Broker::Binding{true, name(i - 1), "k"};
            QVERIFY(!host.bind(name(i), binding));
        }
        QueueDelete method;
        method.queue = QByteArrayView("q");
        s.client.send(1, method);
        QCOMPARE(host.exchanges().size(), size_t(7)); // which are always there
    }

    void bindingsAreKnownByWhatTheyGoTo()
    {
        Session s;
        Broker::VirtualHost &host = s.core.host();
        s.declareQueue("q");
        QVERIFY(!host.declareExchange("q", {.autoDelete = true})); // with the name of a queue
        QVERIFY(!host.declareExchange("x", {.autoDelete = true}));
        for (const char *key : {"1", "2"})
            QVERIFY(!host.bind("x", {false, "q", key}));
        QVERIFY(!host.bind("x", {true, "q", "3"}));
        host.unbind("x", {false, "q", "1"});
        QCOMPARE(host.exchange("x")->bindings().size(), size_t(2));
        QVERIFY(!host.deleteExchange("q", false));
        QCOMPARE(host.exchange("x")->bindings().size(), size_t(1));
        host.removeQueue(*host.queue("q"));
        QVERIFY(!host.exchange("x"));
    }

    // --- permissions ---

    void whoMayNotTouchANameDoesNotLearnWhetherItIsThere()
    {
        Broker::BrokerSettings settings;
        Broker::Permissions some;
        some.configure.setPattern(u"^mine"_s);
        some.read = some.write = some.configure;
        settings.users["guest"].hosts["/"] = some;
        const auto codeOf = [&](const auto &method) {
            Session s(settings);
            s.client.send(1, method);
            s.client.read();
            return s.client.channelCode();
        };
        const auto codesOf = [&](auto method) {
            method.queue = QByteArrayView("other");
            const int other = codeOf(method);
            method.queue = QByteArrayView("mine");
            return QList<int>{other, codeOf(method)};
        };
        QCOMPARE(codesOf(BasicConsume()), QList<int>({403, 404}));
        QCOMPARE(codesOf(BasicGet()), QList<int>({403, 404}));
        QCOMPARE(codesOf(QueuePurge()), QList<int>({403, 404}));
        QCOMPARE(codesOf(QueueDelete()), QList<int>({403, 0}));
        QCOMPARE(codeOf(publishTo("k", "other")), 403);
        QCOMPARE(codeOf(publishTo("k", "mine")), 404);

        for (const auto &[to, code] : {std::pair(u"other"_s, 403), std::pair(u"mine"_s, 0)}) {
            const QByteArray forQueue = encodeTable({{u"x-dead-letter-exchange"_s, to}});
            QueueDeclare queue = declare("mine");
            queue.arguments = QByteArrayView(forQueue);
            QCOMPARE(codeOf(queue), code);
            const QByteArray forExchange = encodeTable({{u"alternate-exchange"_s, to}});
            ExchangeDeclare exchange;
            exchange.exchange = QByteArrayView("mine");
            exchange.type = QByteArrayView("fanout");
            exchange.arguments = QByteArrayView(forExchange);
            QCOMPARE(codeOf(exchange), code);
        }
    }

    // --- words ---

    void aReservedNameIsRefusedEvenIfItIsThere()
    {
        Session s;
        const auto made = s.client.call<QueueDeclareOk>(1, declare({}));
        const QByteArray name = made.queue.toByteArray();
        s.client.send(1, declare(name));
        s.client.read();
        QCOMPARE(s.client.channelCode(), 403);
    }

    void aStreamIsNotReadWithoutAcknowledgements()
    {
        Session s;
        s.declareQueue("s", {{u"x-queue-type"_s, u"stream"_s}}, true);
        s.client.send(1, BasicQos{0, 10, false});
        const auto close = s.client.call<ConnectionClose>(1, consume("s", "t", true));
        QCOMPARE(int(close.replyCode), 540);
    }

    // --- connections ---

    void aFrameMaxWithoutLimitIsTooHigh()
    {
        TestCore core;
        RawClient client(core);
        client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        client.send(0,
                    ConnectionStartOk{{},
                                      QByteArrayView("PLAIN"),
                                      QByteArrayView("\0guest\0guest", 12),
                                      QByteArrayView("en_US")});
        const auto close = client.call<ConnectionClose>(0, ConnectionTuneOk{2047, 0, 0});
        QVERIFY(close.replyText.toByteArray().endsWith(
                "frame_max = 0 is higher than the maximum allowed value (131072)"));
    }

    void aLinkThatHasNotBegunIsClosedWithoutAWord()
    {
        TestCore core;
        RawClient client(core);
        core.core.restart(BrokerCore::Stop::Orderly, core.now);
        QCOMPARE(client.link->end(), Broker::Connection::End::Close);
        QCOMPARE(client.link->outputSize(), 0);
    }
};

QTAMQP_TEST(TestBrokerQueues)
#include "tst_brokerqueues.moc"
