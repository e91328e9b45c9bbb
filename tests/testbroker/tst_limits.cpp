// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A client that sends anything at all: it gets the error that it deserves, and what the broker holds for it is
// bounded.

#include "testmain.h"

#include "rawclient.h"

#include <random>

using namespace QtAmqpTest;
using End = Broker::Connection::End;

namespace {

// The bytes of a method frame whose payload is not what the method wants.
QByteArray methodFrame(quint16 channel, quint16 classId, quint16 methodId, QByteArrayView rest = {})
{
    QByteArray payload(4, Qt::Uninitialized);
    qToBigEndian(classId, payload.data());
    qToBigEndian(methodId, payload.data() + 2);
    return RawClient::rawFrame(1, channel, payload + rest.toByteArray());
}

// A table that has tables in it, so many deep.
QByteArray deepTable(int depth)
{
    QByteArray table("\0\0\0\0", 4);
    for (int i = 0; i < depth; ++i) {
        QByteArray size(4, Qt::Uninitialized);
        qToBigEndian(quint32(table.size() + 3), size.data());
        table = size + "\1tF" + table;
    }
    return table;
}

QByteArray manyVoids(int count)
{
    QByteArray array(count, 'V');
    QByteArray sizes(8, Qt::Uninitialized);
    qToBigEndian(quint32(count + 7), sizes.data());
    qToBigEndian(quint32(count), sizes.data() + 4);
    return sizes.first(4) + "\1aA" + sizes.sliced(4) + array;
}

} // namespace

class TestLimits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anythingWrongEndsTheConnectionWithItsCode_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        const QByteArray publish = RawClient::frame(1, publishTo("q"));
        const auto row = [](const char *name, const QByteArray &bytes, int code) {
            QTest::newRow(name) << bytes << code;
        };
        QByteArray badEnd = RawClient::frame(1, declare("q"));
        badEnd.back() = 0;
        QByteArray huge = RawClient::rawFrame(1, 1, QByteArray(16, 'x'));
        qToBigEndian(quint32(0xffffffff), huge.data() + 3);
        row("an unknown type of frame", RawClient::rawFrame(9, 1, "x"), 501);
        row("a frame without its end", badEnd, 501);
        row("a frame of four gigabytes", huge, 501);
        row("a frame above the negotiated size", RawClient::rawFrame(3, 1, QByteArray(131065, 'x')),
            501);
        row("a method of two bytes", RawClient::rawFrame(1, 1, "ab"), 501);
        row("a header of thirteen bytes", RawClient::rawFrame(2, 1, QByteArray(13, '\0')), 501);
        row("a heartbeat with a payload", RawClient::rawFrame(8, 0, "x"), 501);
        row("a heartbeat on a channel", RawClient::rawFrame(8, 1, {}), 501);
        row("a body on channel 0", RawClient::rawFrame(3, 0, "x"), 501);
        row("an unknown class", methodFrame(1, 999, 10), 503);
        row("an unknown method", methodFrame(1, 50, 99), 503);
        row("a method of the server", RawClient::frame(1, QueueDeclareOk{}), 503);
        row("a method of the connection on a channel", RawClient::frame(1, ConnectionTuneOk{}),
            503);
        row("a method of a channel on channel 0", RawClient::frame(0, declare("q")), 503);
        row("a second login", RawClient::frame(0, ConnectionOpen{}), 503);
        row("a method that is too short", methodFrame(1, 50, 10, "ab"), 502);
        row("a name longer than its frame", methodFrame(1, 50, 10, QByteArrayView("\0\0\377ab", 5)),
            502);
        row("a channel that is not open", RawClient::frame(7, declare("q")), 504);
        row("a channel that is open", RawClient::frame(1, ChannelOpen{}), 504);
        row("a header without its method", RawClient::header(1, 1), 505);
        row("a body without its method", RawClient::rawFrame(3, 1, "x"), 505);
        row("a body without its header", publish + RawClient::rawFrame(3, 1, "x"), 505);
        row("two headers", publish + RawClient::header(1, 1) + RawClient::header(1, 1), 505);
        row("a header of another class", publish + RawClient::header(1, 1, 0, {}, 50), 505);
        row("a body longer than claimed",
            publish + RawClient::header(1, 2) + RawClient::rawFrame(3, 1, "xyz"), 505);
        row("a method instead of the header", publish + RawClient::frame(1, declare("q")), 505);
        row("a method in the middle of the content",
            publish + RawClient::header(1, 2) + RawClient::rawFrame(3, 1, "x")
                    + RawClient::frame(1, ChannelClose{}),
            505);
        row("properties that are cut off",
            publish + RawClient::header(1, 0, 0x8000, QByteArrayView("\5ab", 3)), 502);
        row("unknown properties", publish + RawClient::header(1, 0, 0x0002, "abc"), 502);
    }

    void anythingWrongEndsTheConnectionWithItsCode()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        for (const bool isBytewise : {false, true}) {
            TestCore core;
            RawClient client(core);
            client.login();
            if (isBytewise && bytes.size() < 1000) {
                for (qsizetype i = 0; i < bytes.size(); ++i)
                    client.sendBytes(QByteArrayView(bytes).sliced(i, 1));
            } else {
                client.sendBytes(bytes);
            }
            client.read();
            QCOMPARE(client.connectionCode(), code);
            QCOMPARE(client.count<ConnectionClose>(), 1);
            QCOMPARE(core.core.counters().published, quint64(0));
            client.send(0, ConnectionCloseOk{});
            if (client.link->end() == End::None)
                core.pass(10s); // behind a wrong frame no close-ok is found
            QCOMPARE(client.link->end(), End::Close);
            core.pass(10s); // and what it has not read by now it never will
            QCOMPARE(client.link->end(), End::Reset);
        }
    }

    void aBodyThatClaimsTooMuchClosesTheChannel()
    {
        for (const quint64 claim :
             {quint64(134217729), quint64(1) << 62, quint64(1) << 63, ~quint64(0)}) {
            TestCore core;
            RawClient client(core);
            client.login();
            client.sendBytes(RawClient::frame(1, publishTo("q")) + RawClient::header(1, claim)
                             + RawClient::rawFrame(3, 1, "x"));
            client.read();
            QCOMPARE(client.channelCode(), 406);
            QVERIFY(client.link->isOpen());
        }
    }

    void tablesAreBoundedInDepthAndElements_data()
    {
        QTest::addColumn<QByteArray>("table");
        QTest::addColumn<bool>("isTaken");
        QTest::newRow("shallow") << deepTable(5) << true;
        QTest::newRow("deep") << deepTable(1000) << false;
        QTest::newRow("very deep") << deepTable(15'000) << false;
        QTest::newRow("many elements") << manyVoids(120'000) << false;
        QTest::newRow("a table that claims more than there is")
                << QByteArray("\xff\xff\xff\xff\1aV", 7) << false;
        QTest::newRow("an unknown type") << QByteArray("\0\0\0\4\1aZ\0", 8) << false;
    }

    void tablesAreBoundedInDepthAndElements()
    {
        QFETCH(QByteArray, table);
        QFETCH(bool, isTaken);
        TestCore core;
        RawClient client(core);
        client.login();
        QByteArray payload("\0\0\1q\0", 5); // the name and the flags of queue.declare
        client.sendBytes(methodFrame(1, 50, 10, payload + table));
        client.read();
        QCOMPARE(client.connectionCode(), isTaken ? 0 : 502);
        QCOMPARE(core.queue("q") != nullptr, isTaken);
        // And in the headers of a message.
        RawClient other(core);
        other.login();
        other.sendBytes(RawClient::frame(1, publishTo("q"))
                        + RawClient::header(1, 0, 0x2000, table));
        other.read();
        // There what is too deep or too long is passed on as it is, and never looked into.
        const bool isTable = !QByteArray(QTest::currentDataTag()).contains("claims")
                && !QByteArray(QTest::currentDataTag()).contains("unknown");
        QCOMPARE(other.connectionCode(), isTable ? 0 : 502);
    }

    void theLoginTakesWhatWasOfferedOnly_data()
    {
        QTest::addColumn<ConnectionTuneOk>("answer");
        QTest::newRow("frames too small") << ConnectionTuneOk{2047, 4095, 0};
        QTest::newRow("no frames") << ConnectionTuneOk{2047, 0, 0};
        QTest::newRow("frames too large") << ConnectionTuneOk{2047, 131073, 0};
        QTest::newRow("frames far too large") << ConnectionTuneOk{2047, 0xffffffff, 0};
        QTest::newRow("too many channels") << ConnectionTuneOk{2048, 131072, 0};
        QTest::newRow("any number of channels") << ConnectionTuneOk{0, 131072, 0};
    }

    void theLoginTakesWhatWasOfferedOnly()
    {
        QFETCH(ConnectionTuneOk, answer);
        TestCore core;
        RawClient client(core);
        client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        client.send(0,
                    ConnectionStartOk{{},
                                      QByteArrayView("PLAIN"),
                                      QByteArrayView("\0guest\0guest", 12),
                                      QByteArrayView("en_US")});
        client.send(0, answer);
        client.read();
        QCOMPARE(client.connectionCode(), 530);
    }

    void framesBeforeTheLoginAreSmall()
    {
        TestCore core;
        RawClient client(core);
        client.sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        client.sendBytes(RawClient::rawFrame(1, 0, QByteArray(8185, 'x')));
        client.read();
        QCOMPARE(client.connectionCode(), 501);
    }

    void whatComesBehindAWrongFrameIsDropped()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.sendBytes(RawClient::rawFrame(9, 1, "x"));
        const QByteArray garbage(64 * 1024, char(9));
        for (int i = 0; i < 100; ++i)
            client.sendBytes(garbage);
        qsizetype room = 0;
        client.link->receiveBuffer(&room);
        QVERIFY2(room <= 1024 * 1024, qPrintable(QString::number(room)));
        QCOMPARE(client.link->end(), End::None);
        core.pass(10s);
        QCOMPARE(client.link->end(), End::Close);
    }

    void channelsAreLimited()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        for (int i = 2; i <= 2047; ++i)
            client.send(quint16(i), ChannelOpen{});
        client.read();
        QCOMPARE(client.count<ChannelOpenOk>(), 2046);
        QCOMPARE(client.connectionCode(), 0);
        client.send(2048, ChannelOpen{});
        client.read();
        QCOMPARE(client.connectionCode(), 530);
    }

    void queuesExchangesAndBindingsAreLimited()
    {
        Broker::BrokerSettings settings;
        settings.maxEntities = 100;
        TestCore core(settings);
        RawClient client(core);
        client.login();
        QList<int> codes;
        for (int what = 0; what < 3; ++what) {
            RawClient flood(core);
            flood.login();
            flood.send(1, declare("first"));
            for (int i = 0; i < 200; ++i) {
                const QByteArray name = "x" + QByteArray::number(i);
                if (what == 0) {
                    flood.send(1, declare(name));
                } else if (what == 1) {
                    ExchangeDeclare method;
                    method.exchange = QByteArrayView(name);
                    method.type = QByteArrayView("fanout");
                    flood.send(1, method);
                } else {
                    QueueBind method;
                    method.queue = QByteArrayView("first");
                    method.exchange = QByteArrayView("amq.topic");
                    method.routingKey = QByteArrayView(name);
                    flood.send(1, method);
                }
            }
            flood.read();
            codes.append(flood.connectionCode());
        }
        QCOMPARE(codes, QList<int>({506, 506, 506}));
        QCOMPARE(core.host().queues().size(), size_t(100));
        QCOMPARE(core.host().exchanges().size(), size_t(100));
    }

    void consumersAreLimited()
    {
        Broker::BrokerSettings settings;
        settings.maxConsumers = 50;
        TestCore core(settings);
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        client.gather();
        for (int i = 0; i < 51; ++i)
            client.send(1, consume("q", "c" + QByteArray::number(i)));
        client.sendGathered();
        client.read();
        QCOMPARE(client.connectionCode(), 506);
        QVERIFY(core.queue("q")->consumers().empty());
    }

    void connectionsAreLimitedAndHalfOpenOnesEnd()
    {
        Broker::BrokerSettings settings;
        settings.maxConnections = 20;
        TestCore core(settings);
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 0; i < 20; ++i) {
            clients.push_back(std::make_unique<RawClient>(core));
            if (i % 2)
                clients.back()->sendBytes(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        }
        QVERIFY(!core.core.accept({}, core.now));
        // One that trickles a byte from time to time gets no more time.
        for (int second = 0; second < 8; ++second) {
            core.pass(1s);
            clients[0]->sendBytes(
                    QByteArrayView(ProtocolHeader, ProtocolHeaderSize).sliced(second % 7, 1));
        }
        core.pass(2s);
        for (const auto &client : clients)
            QVERIFY(client->link->end() != End::None);
        clients.clear();
        QVERIFY(core.core.connections().empty());
    }

    void answersThatAreNotReadStopTheReading()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        client.read();
        client.publish(1, publishTo("q"), QByteArray(90'000, 'x'));
        client.gather();
        // Each pair of methods is small, and its answer is not.
        for (int i = 0; i < 500; ++i) {
            client.send(1, BasicGet{0, QByteArrayView("q"), false});
            client.send(1, BasicNack{quint64(i + 1), false, true});
        }
        client.sendGathered();
        QVERIFY2(client.link->outputSize() < 9 * 1024 * 1024,
                 qPrintable(QString::number(client.link->outputSize())));
        QVERIFY(!client.link->wantsInput());
        // Once it reads, all are answered.
        client.read();
        QVERIFY(client.link->wantsInput());
        QCOMPARE(client.count<BasicGetOk>(), 500);
    }

    void aClientThatDoesNotReadIsClosed()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q")); // and its answer is not read
        core.pass(29'999ms);
        QCOMPARE(client.link->end(), End::None);
        core.pass(1ms);
        QCOMPARE(client.link->end(), End::Reset);
    }

    void deliveriesWaitForAClientThatDoesNotRead()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        client.send(1, consume("q", "c", true));
        client.read();
        RawClient other(core);
        other.login();
        for (int i = 0; i < 100; ++i)
            other.publish(1, publishTo("q"), QByteArray(100'000, 'x'));
        QVERIFY(client.link->outputSize() < 2 * 1024 * 1024);
        QVERIFY(core.queue("q")->readyCount() > 70);
        client.read();
        QCOMPARE(client.count<BasicDeliver>(), 100);
    }

    void repliesToAClientThatDoesNotReadAreDropped()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, consume("amq.rabbitmq.reply-to", "c", true));
        client.send(1, declare("q"));
        QAmqpMessage request("?");
        request.setReplyTo(u"amq.rabbitmq.reply-to"_s);
        client.publish(1, publishTo("q"), request);
        client.read();
        const auto message = core.core.take("/", "q", core.now);
        QVERIFY(message);
        const QByteArray address = message->content.replyTo().toUtf8();
        QVERIFY(address.startsWith("amq.rabbitmq.reply-to."));
        RawClient other(core);
        other.login();
        for (int i = 0; i < 300; ++i)
            other.publish(1, publishTo(address), QByteArray(100'000, 'x'));
        QVERIFY(client.link->outputSize() < 9 * 1024 * 1024);
    }

    void aSettledTagOrAHugeOneClosesTheChannel_data()
    {
        QTest::addColumn<quint64>("tag");
        QTest::addColumn<bool>("multiple");
        QTest::newRow("0") << quint64(0) << false;
        QTest::newRow("next") << quint64(4) << false;
        QTest::newRow("next, multiple") << quint64(4) << true;
        QTest::newRow("greatest, multiple") << ~quint64(0) << true;
        QTest::newRow("settled") << quint64(2) << false;
        QTest::newRow("settled, multiple") << quint64(2) << true;
    }

    void aSettledTagOrAHugeOneClosesTheChannel()
    {
        QFETCH(quint64, tag);
        QFETCH(bool, multiple);
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        for (int i = 0; i < 3; ++i)
            client.publish(1, publishTo("q"), QByteArray("x"));
        client.send(1, consume("q", "c"));
        client.send(1, BasicAck{2, false});
        client.read();
        QCOMPARE(client.count<BasicDeliver>(), 3);
        client.send(1, BasicAck{tag, multiple});
        client.read();
        QCOMPARE(client.channelCode(), 406);
        QCOMPARE(core.queue("q")->readyCount(), quint64(2));
    }

    void theOldestMayStayUnsettledWhileOthersComeAndGo()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        client.send(1, consume("q", "c"));
        for (int i = 1; i <= 1000; ++i) {
            client.publish(1, publishTo("q"), QByteArray("x"));
            if (i > 2 && i % 7)
                client.send(1, BasicAck{quint64(i), false});
        }
        QCOMPARE(core.queue("q")->unacknowledgedCount(), quint64(2 + 1000 / 7));
        client.send(1, BasicNack{0, true, true});
        client.read();
        QCOMPARE(client.channelCode(), 0);
        const qsizetype before = 1000;
        QCOMPARE(client.count<BasicDeliver>(), before + 2 + 1000 / 7);
    }

    // One by one from the first on, this took the square of the messages.
    void muchIsGivenBackInItsOrder()
    {
        constexpr int count = 20'000;
        TestCore core;
        RawClient client(core);
        client.login();
        client.send(1, declare("q"));
        client.send(1, consume("q", "c"));
        for (int i = 0; i < 2 * count; ++i) {
            if (i == count)
                client.send(1, BasicCancel{QByteArrayView("c"), false});
            core.core.publish("/", "", "q", QByteArray::number(i), core.now);
            if (i % 1000 == 0)
                client.read();
        }
        client.send(1, BasicNack{0, true, true});
        QCOMPARE(core.queue("q")->readyCount(), quint64(2 * count));
        for (int i = 0; i < 2 * count; ++i)
            QCOMPARE(core.core.take("/", "q", core.now)->content.body(), QByteArray::number(i));
    }

    void deadLettersThatMultiplyDoNotHang()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        ExchangeDeclare exchange;
        exchange.exchange = QByteArrayView("again");
        exchange.type = QByteArrayView("fanout");
        client.send(1, exchange);
        const QByteArray arguments =
                encodeTable({{u"x-message-ttl"_s, 0}, {u"x-dead-letter-exchange"_s, u"again"_s}});
        for (int i = 0; i < 12; ++i) {
            QueueDeclare method = declare("q");
            const QByteArray name = "q" + QByteArray::number(i);
            method.queue = QByteArrayView(name);
            method.arguments = QByteArrayView(arguments);
            client.send(1, method);
            QueueBind bind;
            bind.queue = QByteArrayView(name);
            bind.exchange = QByteArrayView("again");
            client.send(1, bind);
        }
        client.publish(1, publishTo("q0"), QByteArray("x"));
        client.send(1, declare("last"));
        client.read();
        QCOMPARE(client.all<QueueDeclareOk>().back().queue.toByteArray(), "last");
        QVERIFY(core.core.counters().deadLettered <= 2000);
        QCOMPARE(core.core.nextTimeout(), core.now);
        core.core.timeout(core.now);
        QVERIFY(core.core.counters().deadLettered <= 3000);
    }

    void priorityQueuesAreSmall()
    {
        // A queue of each priority took 600 bytes for each of 256 priorities.
        TestCore core;
        RawClient client(core);
        client.login();
        const QByteArray arguments = encodeTable({{u"x-max-priority"_s, 255}});
        QueueDeclare method = declare("q");
        method.arguments = QByteArrayView(arguments);
        client.send(1, method);
        for (const quint8 priority : {quint8(0), quint8(200), quint8(7), quint8(255)}) {
            QAmqpMessage message(QByteArray::number(priority));
            message.setPriority(priority);
            client.publish(1, publishTo("q"), message);
        }
        client.send(1, consume("q", "c"));
        client.read();
        QCOMPARE(client.bodies(), QByteArrayList({"255", "200", "7", "0"}));
    }

    void aStreamHasNoPriorities()
    {
        TestCore core;
        RawClient client(core);
        client.login();
        const QByteArray arguments =
                encodeTable({{u"x-queue-type"_s, u"stream"_s}, {u"x-max-priority"_s, 5}});
        QueueDeclare method = declare("q");
        method.durable = true;
        method.arguments = QByteArrayView(arguments);
        client.send(1, method);
        client.read();
        QCOMPARE(client.channelCode(), 406);
    }

    void mutatedConversationsEndWell();
};

namespace {

// A valid conversation of everything, in frames.
QByteArrayList conversation()
{
    const QByteArray properties = encodeTable(
            {{u"capabilities"_s,
              QAmqpTable{{u"consumer_cancel_notify"_s, true}, {u"connection.blocked"_s, true}}}});
    const QByteArray dead = encodeTable({{u"x-dead-letter-exchange"_s, u""_s},
                                         {u"x-dead-letter-routing-key"_s, u"q"_s},
                                         {u"x-max-length"_s, 3},
                                         {u"x-max-priority"_s, 9},
                                         {u"x-message-ttl"_s, 1000},
                                         {u"x-expires"_s, 5000}});
    const QByteArray stream = encodeTable({{u"x-queue-type"_s, u"stream"_s}});
    const QByteArray offset = encodeTable({{u"x-stream-offset"_s, u"first"_s}});
    QAmqpMessage message(QByteArray(10'000, 'x'));
    message.setHeaders({{u"CC"_s, QList<QAmqpValue>{QAmqpValue(u"q"_s)}}, {u"a"_s, 1}});
    message.setPriority(5);
    message.setExpiration(u"20"_s);
    QByteArrayList frames{
            QByteArray(ProtocolHeader, ProtocolHeaderSize),
            RawClient::frame(0,
                             ConnectionStartOk{QByteArrayView(properties), QByteArrayView("PLAIN"),
                                               QByteArrayView("\0guest\0guest", 12),
                                               QByteArrayView("en_US")}),
            RawClient::frame(0, ConnectionTuneOk{2047, 8192, 10}),
            RawClient::frame(0, ConnectionOpen{QByteArrayView("/"), {}, false})};
    const auto add = [&](quint16 channel, const auto &method) {
        frames.append(RawClient::frame(channel, method));
    };
    for (const quint16 channel : {quint16(1), quint16(2), quint16(3)})
        add(channel, ChannelOpen{});
    add(1, ConfirmSelect{});
    add(2, TxSelect{});
    add(1, declare("q"));
    QueueDeclare special = declare("special");
    special.arguments = QByteArrayView(dead);
    add(1, special);
    QueueDeclare log = declare("stream");
    log.durable = true;
    log.arguments = QByteArrayView(stream);
    add(1, log);
    for (const char *type : {"direct", "fanout", "topic", "headers"}) {
        ExchangeDeclare exchange;
        const QByteArray name = QByteArray("x.") + type;
        exchange.exchange = QByteArrayView(name);
        exchange.type = QByteArrayView(type);
        exchange.autoDelete = true;
        add(1, exchange);
        QueueBind bind;
        bind.queue = QByteArrayView("special");
        bind.exchange = QByteArrayView(name);
        bind.routingKey = QByteArrayView("a.#");
        bind.arguments = QByteArrayView(dead);
        add(1, bind);
        ExchangeBind between;
        between.destination = QByteArrayView(name);
        between.source = QByteArrayView("amq.fanout");
        add(1, between);
        for (int i = 0; i < 2; ++i) {
            add(1, publishTo("a.b", name, true));
            frames.append(RawClient::content(1, message, 8192));
        }
    }
    add(3, BasicQos{0, 2, false});
    add(3, consume("special", "c"));
    BasicConsume reader = consume("stream", "s");
    reader.arguments = QByteArrayView(offset);
    add(3, reader);
    add(3, consume("amq.rabbitmq.reply-to", "r", true));
    for (const char *key : {"q", "special", "stream", "nowhere"}) {
        add(2, publishTo(key, {}, true));
        frames.append(RawClient::content(2, message, 8192));
        add(1, publishTo(key, {}, true));
        frames.append(RawClient::content(1, message, 8192));
    }
    add(2, TxCommit{});
    add(3, BasicAck{1, false});
    add(3, BasicNack{2, true, true});
    add(3, BasicReject{3, false});
    add(1, BasicGet{0, QByteArrayView("q"), false});
    add(1, BasicGet{0, QByteArrayView("q"), true});
    add(3, BasicRecover{true});
    add(3, BasicCancel{QByteArrayView("c"), false});
    add(1, QueuePurge{0, QByteArrayView("q"), false});
    QueueUnbind unbind;
    unbind.queue = QByteArrayView("special");
    unbind.exchange = QByteArrayView("x.topic");
    unbind.routingKey = QByteArrayView("a.#");
    unbind.arguments = QByteArrayView(dead);
    add(1, unbind);
    QueueDelete remove;
    remove.queue = QByteArrayView("special");
    add(1, remove);
    ExchangeDelete removeExchange;
    removeExchange.exchange = QByteArrayView("x.fanout");
    add(1, removeExchange);
    add(3, ChannelClose{200, {}, 0, 0});
    add(0, ConnectionUpdateSecret{QByteArrayView("s"), {}});
    add(0, ConnectionClose{200, {}, 0, 0});
    return frames;
}

} // namespace

// A run that fails prints its number; QTAMQP_RUN=number repeats it. A sanitizer's finding ends the program, behind
// the number of the last hundred runs.
void TestLimits::mutatedConversationsEndWell()
{
    const QByteArrayList valid = conversation();
    const int single = qEnvironmentVariableIntValue("QTAMQP_RUN");
    const int runs = qEnvironmentVariableIsSet("QTAMQP_RUNS")
            ? qEnvironmentVariableIntValue("QTAMQP_RUNS")
            : 1000;
    int ended = 0;
    for (int run = single > 0 ? single : 1; run <= (single > 0 ? single : runs); ++run) {
        std::mt19937 random{quint32(run)};
        const auto below = [&](qsizetype limit) { return qsizetype(random() % quint32(limit)); };
        QByteArrayList frames = valid;
        for (qsizetype change = 1 + below(4); change > 0; --change) {
            const qsizetype at = 4 + below(frames.size() - 4);
            QByteArray &frame = frames[at];
            switch (below(6)) {
            case 0: frames.removeAt(at); break;
            case 1: frames.insert(at, QByteArray(frame)); break;
            case 2: frames.swapItemsAt(at, 4 + below(frames.size() - 4)); break;
            case 3: frame.truncate(below(frame.size())); break;
            case 4: // within the payload, so that the frame is still one
                if (frame.size() > 12)
                    frame[11 + below(std::min<qsizetype>(frame.size() - 12, 60))] = char(random());
                break;
            default: frame[below(frame.size())] = char(random()); break;
            }
        }
        TestCore core({}, quint32(run));
        RawClient client(core);
        RawClient other(core);
        other.login();
        const QByteArray bytes = frames.join();
        for (qsizetype at = 0; at < bytes.size();) {
            const qsizetype size = std::min(1 + below(6000), bytes.size() - at);
            client.sendBytes(QByteArrayView(bytes).sliced(at, size));
            at += size;
            if (below(3))
                client.read();
            if (below(8) == 0)
                core.pass(std::chrono::milliseconds(below(900)));
        }
        client.read();
        core.pass(2min);
        client.read();
        QVERIFY2(client.link->end() != End::None,
                 qPrintable(u"run %1 does not end (QTAMQP_RUN=%1 repeats it)"_s.arg(run)));
        ended += client.count<ConnectionCloseOk>() > 0;
        // The others do not notice.
        const auto answer = other.call<QueueDeclareOk>(1, declare("other"));
        QVERIFY2(answer.queue.toByteArray() == "other",
                 qPrintable(u"run %1 hurts others (QTAMQP_RUN=%1 repeats it)"_s.arg(run)));
    }
    QVERIFY(single > 0 || ended > runs / 20); // most changes are noticed, and some are harmless
}

QTAMQP_TEST(TestLimits)
#include "tst_limits.moc"
