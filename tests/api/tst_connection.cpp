// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpConnection against a scripted broker: opening and closing, the order of its signals.

#include "connectiontest.h"

#include "transport/sockettransport.h"

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestConnection : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void opensAndCloses();
    void startsClosed();
    void openTwiceIsRefused();
    void closeInEveryState_data();
    void closeInEveryState();
    void abortInEveryState_data();
    void abortInEveryState();
    void closeWithoutAnswer();
    void closeWithoutADeadline_data();
    void closeWithoutADeadline();
    void closeTwice();
    void reopensInClosedSlot();
    void reopensInClosedSlotAfterLoss();
    void reopensAfterTrailingBytes();
    void readsWhenItOpens();
    void commandsEmitNothing();
    void destructionTakesLeave();
    void aLinkThatLingersNoTimeGoesInItsTurn();
    void aLossBehindTheBrokersCloseIsNoSecondEnd();
    void destructionSendsWhatWasPublished();
};

// The handshake's steps: where the broker goes silent. -1: before anything.
static void addStates()
{
    QTest::addColumn<int>("step");
    QTest::newRow("connecting") << -1;
    QTest::newRow("header sent") << 1;
    QTest::newRow("start-ok sent") << 3;
    QTest::newRow("open sent") << 6;
    QTest::newRow("open") << 7;
}

void TestConnection::opensAndCloses()
{
    ScriptedServer server(Script().handshake().connectionClose());
    SignalLog log;
    QAmqpConnection connection(optionsFor(server));
    log.watch(&connection);
    bool wasOpen = false;
    connect(&connection, &QAmqpConnection::opened, [&] { wasOpen = connection.isOpen(); });
    connection.open();
    QCOMPARE(connection.state(), State::Connecting);
    TRY(connection.isOpen(), server);
    TRY(wasOpen, server);
    connection.close();
    QCOMPARE(connection.state(), State::Closing);
    TRY_COMPARE(connection.state(), State::Closed);
    QCOMPARE(log.lines,
             QStringList({u"connection.Connecting"_s, u"connection.Handshaking"_s,
                          u"connection.Open"_s, u"connection.opened"_s, u"connection.Closing"_s,
                          u"connection.Closed"_s, u"connection.closed"_s}));
    QVERIFY(!connection.lastError());
    QCOMPARE(server.connections(), 1);
}

void TestConnection::startsClosed()
{
    QAmqpConnection connection;
    SignalLog log;
    log.watch(&connection);
    connection.close();
    connection.abort();
    QCoreApplication::processEvents();
    QCOMPARE(connection.state(), State::Closed);
    QVERIFY(log.lines.isEmpty());
    QCOMPARE(connection.channelMax(), 0);
    QCOMPARE(connection.bytesToWrite(), 0);
    QVERIFY(!connection.isBlocked());
}

void TestConnection::openTwiceIsRefused()
{
    ScriptedServer server(Script().handshake().connectionClose());
    SignalLog log;
    QAmqpConnection connection(optionsFor(server));
    log.watch(&connection);
    connection.open();
    connection.open();
    QCOMPARE(connection.lastError().kind(), Kind::InvalidArgument);
    QVERIFY2(connection.lastError().text().contains(u"closed connection"),
             qPrintable(connection.lastError().text()));
    TRY(connection.isOpen(), server);
    connection.open();
    connection.open(QUrl(u"amqp://elsewhere/"_s));
    QCOMPARE(connection.options().hostName(), u"127.0.0.1"_s);
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.count(u"connection.opened"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(server.connections(), 1);
}

void TestConnection::closeInEveryState_data() { addStates(); }

void TestConnection::closeInEveryState()
{
    QFETCH(int, step);
    Script script = Script().handshake();
    QCOMPARE(script.steps().size(), 7);
    if (step == 7)
        script.connectionClose();
    else
        script = step < 0 ? Script().ignoreRest() : script.withFault(step, Fault::Stall);
    ScriptedServer server(script);
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    if (step == 7)
        TRY(connection.isOpen(), server);
    else if (step >= 0)
        TRY(server.isExhausted(), server);
    connection.close();
    QCOMPARE(connection.state(), State::Closing);
    connection.close();
    QCOMPARE(log.count(u"connection.closed"_s), 0);
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(connection.state(), State::Closed);
    // And it is of use again.
    TRY(server.isExhausted(), server);
    ScriptedServer next(Script().handshake().ignoreRest());
    connection.setOptions(optionsFor(next));
    connection.open();
    TRY(connection.isOpen(), next);
    QCOMPARE(log.count(u"connection.closed"_s), 1);
}

void TestConnection::abortInEveryState_data() { addStates(); }

void TestConnection::abortInEveryState()
{
    QFETCH(int, step);
    Script script = step < 0 ? Script().ignoreRest() : Script().handshake();
    if (step >= 0 && step < 7)
        script = script.withFault(step, Fault::Stall);
    ScriptedServer server(script);
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    if (step == 7)
        TRY(connection.isOpen(), server);
    else if (step >= 0)
        TRY(server.isExhausted(), server);
    connection.abort();
    connection.abort();
    QCOMPARE(log.count(u"connection.closed"_s), 0);
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(connection.state(), State::Closed);
    ScriptedServer next(Script().handshake().ignoreRest());
    connection.setOptions(optionsFor(next));
    connection.open();
    TRY(connection.isOpen(), next);
    connection.close(1h);
    connection.abort(); // while closing
    TRY_COMPARE(log.count(u"connection.closed"_s), 2);
    QVERIFY(log.errors.isEmpty());
}

void TestConnection::closeWithoutAnswer()
{
    ScriptedServer server(Script().handshake().expect<ConnectionClose>().stall());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close(100ms);
    TRY(log.count(u"connection.closed"_s) == 1, server);
    TRY(server.isExhausted(), server);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::Timeout);
    QCOMPARE(log.errors.at(0).phase(), QAmqpError::Phase::Closing);
}

void TestConnection::closeWithoutADeadline_data()
{
    QTest::addColumn<qint64>("deadline");
    QTest::newRow("longest") << qint64(std::chrono::milliseconds::max().count());
    QTest::newRow("thousand years") << qint64(std::chrono::milliseconds(24h * 365'000).count());
}

// The broker may take its time.
void TestConnection::closeWithoutADeadline()
{
    QFETCH(qint64, deadline);
    ScriptedServer server(
            Script().handshake().expect<ConnectionClose>().after(50ms).reply(ConnectionCloseOk{}));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close(std::chrono::milliseconds(deadline));
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QVERIFY2(log.errors.isEmpty(), qPrintable(connection.lastError().text()));
}

void TestConnection::closeTwice()
{
    ScriptedServer server(Script().handshake().connectionClose());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::closed, [&] { connection.close(); });
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close();
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    connection.close();
    QCoreApplication::processEvents();
    QCOMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.count(u"connection.Closing"_s), 1);
}

void TestConnection::reopensInClosedSlot()
{
    const Script once = Script().handshake().connectionClose();
    ScriptedServer server(Script(once).then(once).then(once));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::opened, [&] { connection.close(); });
    connect(&connection, &QAmqpConnection::closed, [&] {
        QCOMPARE(connection.state(), State::Closed);
        if (log.count(u"connection.closed"_s) < 3)
            connection.open();
    });
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 3, server);
    QCOMPARE(log.count(u"connection.opened"_s), 3);
    QVERIFY(log.errors.isEmpty());
    TRY(server.isExhausted(), server);
    QCOMPARE(server.connections(), 3);
}

void TestConnection::reopensInClosedSlotAfterLoss()
{
    ScriptedServer server(Script().handshake()
                                  .drop()
                                  .then(Script().handshake().drop())
                                  .then(Script().handshake().ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::closed, [&] { connection.open(); });
    connection.open();
    TRY(log.count(u"connection.opened"_s) == 3, server);
    QCOMPARE(log.count(u"connection.closed"_s), 2);
    QCOMPARE(log.errors.size(), 2);
    QVERIFY(!connection.lastError());
}

// What the broker sends behind its connection.close belongs to no later session.
void TestConnection::reopensAfterTrailingBytes()
{
    QByteArray trailing =
            methodFrame(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED"), 0, 0}, 0);
    trailing += QByteArray(300'000, 'x');
    ScriptedServer server(
            Script().handshake().garbage(trailing).expect<ConnectionCloseOk>().drop().then(
                    Script().handshake().ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    for (int i = 0; i < 20; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(connection.bytesReceived(), 0u);
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(log.errors.size(), 1);
}

void TestConnection::readsWhenItOpens()
{
    ScriptedServer server(Script().handshake().connectionClose());
    QAmqpConnection connection(optionsFor(server));
    connection.setReading(false);
    connection.open();
    QVERIFY(connection.isReading());
    TRY(connection.isOpen(), server);
    connection.close();
    TRY_COMPARE(connection.state(), State::Closed);
}

// A slot may be connected and objects deleted at any time, except within a call.
void TestConnection::commandsEmitNothing()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    SignalCounter counter;
    counter.watch(&connection);
    QAmqpChannel *channel = nullptr;
    QAmqpQueue *queue = nullptr;
    QAmqpConsumer *consumer = nullptr;
    const QAmqpMessage small("x");
    const QAmqpMessage large(QByteArray(3'000'000, 'x'));
    const QList<std::function<void()>> calls = {
            [&] { connection.setOptions(connection.options()); },
            [&] { channel->declareQueue(u"q"_s); },
            [&] { queue->declare(); },
            [&] { queue->bind(u"amq.topic"_s, u"#"_s); },
            [&] { channel->declareExchange(u"e"_s, u"direct"_s); },
            [&] { channel->declareExchange(QString(256, u'e'), u"direct"_s); },
            [&] { channel->publish(QString(), u"q"_s, small); },
            [&] { channel->publish(QString(), u"q"_s, large); },
            [&] { channel->publish(QString(256, u'e'), u"q"_s, small); },
            [&] { channel->publishConfirmed(QString(), u"q"_s, small); },
            [&] { channel->allConfirmed(); },
            [&] { channel->setConfirms(false); },
            [&] { channel->setMaxUnconfirmed(1); },
            [&] { channel->get(u"q"_s); },
            [&] { channel->setPrefetch(3); },
            [&] { channel->txSelect(); },
            [&] { channel->ackAll(); },
            [&] { channel->nackAll(); },
            [&] { channel->recover(); },
            [&] { consumer->pause(); },
            [&] { consumer->resume(); },
            [&] { consumer->cancel(); },
            [&] { connection.updateSecret(u"s"_s, {}); },
            [&] { channel->close(); },
            [&] { channel->open(); },
            [&] { connection.open(); },
            [&] { connection.close(); },
            [&] { connection.open(QUrl(u"http://nowhere"_s)); },
            [&] { connection.abort(); },
    };
    // In a closed, connecting, open and again closed connection.
    for (int round = 0; round < 3; ++round) {
        channel = connection.createChannel();
        counter.watch(channel);
        queue = channel->queue();
        counter.watch(queue);
        consumer = channel->consume(u"q"_s);
        counter.watch(consumer);
        for (int i = 0; i < calls.size(); ++i) {
            const int before = counter.counted;
            calls.at(i)();
            QVERIFY2(counter.counted == before,
                     qPrintable(u"call %1 in round %2"_s.arg(i).arg(round)));
        }
        QTRY_COMPARE_WITH_TIMEOUT(connection.state(), State::Closed, Patience);
        if (round == 0) {
            connection.setOptions(optionsFor(server));
            connection.open();
            TRY(connection.isOpen(), server);
        } else if (round == 1) {
            connection.setOptions(QAmqpConnectionOptions());
        }
    }
}

// The link goes on without its objects: what waited behind a reply is sent when that comes, each acknowledgement
// too, and the connection is closed in good order.
void TestConnection::destructionTakesLeave()
{
    ScriptedServer server(
            openedChannel()
                    .expect<BasicQos>()
                    .reply(BasicQosOk{})
                    .expect<BasicConsume>()
                    .reply(BasicConsumeOk{"c"})
                    .sendContent(BasicDeliver{"c", 1, false, {}, "q"}, QAmqpMessage("x"))
                    .sendContent(BasicDeliver{"c", 2, false, {}, "q"}, QAmqpMessage("y"))
                    .expect<BasicAck>()
                    .expect<QueueDeclare>()
                    .reply(QueueDeclareOk{"amq.gen-1", 0, 0})
                    .expect<QueueBind>([](const QueueBind &bind) {
                        return bind.queue == QByteArrayView("amq.gen-1");
                    })
                    .reply(QueueBindOk{})
                    .expect<BasicCancel>()
                    .reply(BasicCancelOk{"c"})
                    .expect<ChannelClose>()
                    .reply(ChannelCloseOk{})
                    .expect<ConnectionClose>()
                    .reply(ConnectionCloseOk{}));
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *channel = connection->createChannel();
    QAmqpConsumer *consumer =
            channel->consume(u"q"_s, QAmqpConsumeOptions().setConsumerTag(u"c"_s).setPrefetch(0));
    QList<QAmqpDelivery> deliveries;
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, consumer,
                     [&](const QAmqpDelivery &each) {
                         deliveries.append(each);
                         if (deliveries.size() < 2)
                             return;
                         QVERIFY(deliveries.at(0).ack());
                         QAmqpQueue *queue = channel->queue();
                         queue->declare();
                         queue->bind(u"amq.direct"_s);
                         connection.reset();
                     });
    connection->open();
    TRY(server.isExhausted(), server);
    QVERIFY(!connection);
    QVERIFY(!deliveries.at(1).ack());
}

void TestConnection::aLinkThatLingersNoTimeGoesInItsTurn()
{
    ScriptedServer server(
            Script().handshake().send(ConnectionClose{320, QByteArrayView("forced"), 0, 0}));
    QAmqpConnection connection(optionsFor(server).setLingerTime(0ms));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
}

// Both come in one turn; the session that begins in closed() has nothing to do with it.
void TestConnection::aLossBehindTheBrokersCloseIsNoSecondEnd()
{
    ScriptedServer server(Script().handshake()
                                  .send(ConnectionClose{320, QByteArrayView("forced"), 0, 0})
                                  .drop()
                                  .then(Script().handshake().ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    QObject::connect(&connection, &QAmqpConnection::closed, &connection,
                     [&] { connection.open(); });
    connection.open();
    TRY(log.count(u"connection.opened"_s) == 2, server);
    QCOMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.errors.size(), 1);
}

void TestConnection::destructionSendsWhatWasPublished()
{
    const QByteArray body(5'000'000, 'x'); // more than the operating system takes at once
    int arrived = 0;
    Script script = openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{});
    for (int i = 0; i < 4; ++i)
        script.expect<BasicPublish>([&](const BasicPublish &, const QAmqpMessage &message) {
            arrived += message.body() == body;
        });
    ScriptedServer server(script.ignoreRest());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *channel = connection->createChannel();
    connection->open();
    TRY(channel->isOpen(), server);
    for (int i = 0; i < 4; ++i)
        QVERIFY(channel->publish(QString(), u"q"_s, QAmqpMessage(body)) != 0);
    connection.reset();
    TRY(arrived == 4, server);
}

QTAMQP_TEST(TestConnection)
#include "tst_connection.moc"
