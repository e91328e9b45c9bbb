// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Which tags reach the broker: only those of messages that were shown and are unsettled.

#include "apitest.h"

#include <QtCore/QEventLoop>

#include <thread>

using namespace QtAmqpTest;
using namespace std::chrono_literals;
using namespace QtAmqpPrivate;

class TestSettlement : public QObject
{
    Q_OBJECT

private:
    // A consumer "t", to which three messages come in one piece.
    static Script threeDeliveries()
    {
        return Script()
                .handshake()
                .channelOpen()
                .expect<BasicQos>()
                .reply(BasicQosOk{})
                .expect<BasicConsume>()
                .reply(BasicConsumeOk{"t"})
                .sendContent(BasicDeliver{"t", 1, false, {}, "q"}, QAmqpMessage("one"))
                .sendContent(BasicDeliver{"t", 2, false, {}, "q"}, QAmqpMessage("two"))
                .sendContent(BasicDeliver{"t", 3, false, {}, "q"}, QAmqpMessage("three"));
    }

    static bool ackElsewhere(const QAmqpDelivery &delivery)
    {
        bool accepted = false;
        std::thread([&] { accepted = delivery.ack(); }).join();
        return accepted;
    }

    static QAmqpConsumer *consume(QAmqpConnection &connection,
                                  QList<QAmqpDelivery> *deliveries = nullptr)
    {
        QAmqpConsumer *consumer = connection.createChannel()->consume(
                QStringLiteral("q"), QAmqpConsumeOptions().setConsumerTag(QStringLiteral("t")));
        if (deliveries) {
            connect(consumer, &QAmqpConsumer::messageReceived, consumer,
                    [deliveries](const QAmqpDelivery &delivery) { deliveries->append(delivery); });
        }
        return consumer;
    }

private Q_SLOTS:
    void ackAllLeavesAloneWhatWasNotShown()
    {
        ScriptedServer server(threeDeliveries()
                                      .expect<BasicAck>([](const BasicAck &m) {
                                          return m.deliveryTag == 1 && m.multiple;
                                      })
                                      .expect<BasicAck>([](const BasicAck &m) {
                                          return m.deliveryTag == 2 && !m.multiple;
                                      })
                                      .expect<BasicNack>([](const BasicNack &m) {
                                          return m.deliveryTag == 3 && m.multiple;
                                      })
                                      .connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QAmqpConsumer *consumer = consume(connection);
        QList<bool> results;
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    QAmqpChannel *channel = consumer->channel();
                    switch (delivery.deliveryTag()) {
                    case 1:
                        results << channel->ackAll() << delivery.ack() << channel->ackAll();
                        break;
                    case 2: results << delivery.ack() << channel->nackAll(); break;
                    case 3: results << channel->nackAll() << delivery.reject(); break;
                    }
                    if (delivery.deliveryTag() == 3)
                        connection.close();
                });
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.open();
        QVERIFY(closed.wait(Patience));
        QCOMPARE(results, (QList<bool>{true, false, false, true, false, true, false}));
        QTRY_VERIFY2(server.isExhausted(), qPrintable(server.report()));
    }

    void nothingIsSettledWhileTheBrokerRecovers()
    {
        ScriptedServer server(
                threeDeliveries()
                        .expect<BasicRecover>()
                        .reply(BasicRecoverOk{})
                        .sendContent(BasicDeliver{"t", 4, true, {}, "q"}, QAmqpMessage("one"))
                        .expect<BasicAck>(
                                [](const BasicAck &m) { return m.deliveryTag == 4 && !m.multiple; })
                        .connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QAmqpConsumer *consumer = consume(connection);
        QList<QAmqpDelivery> old;
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    if (delivery.deliveryTag() < 3) {
                        old.append(delivery);
                    } else if (delivery.deliveryTag() == 3) {
                        consumer->channel()->recover();
                        QVERIFY(!delivery.ack());
                    } else {
                        QVERIFY(!old.at(0).ack());
                        QVERIFY(delivery.ack());
                        connection.close();
                    }
                });
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.open();
        QVERIFY(closed.wait(Patience));
        QTRY_VERIFY2(server.isExhausted(), qPrintable(server.report()));
    }

    void acksOfOtherThreadsAreSentOrRefused_data()
    {
        QTest::addColumn<bool>("ofConnection");
        QTest::addColumn<bool>("isChild");
        QTest::newRow("channel") << false << true;
        QTest::newRow("connection") << true << true;
        QTest::newRow("connection without the channel") << true << false;
    }

    // Also in the middle of a destructor: what was accepted before is sent, all else is refused.
    void acksOfOtherThreadsAreSentOrRefused()
    {
        QFETCH(bool, ofConnection);
        QFETCH(bool, isChild);
        ScriptedServer server(
                threeDeliveries()
                        .expect<QueueDeclare>()
                        .expect<BasicAck>([](const BasicAck &m) { return m.deliveryTag == 1; })
                        .ignoreRest());
        QList<QAmqpDelivery> deliveries; // outlive the objects that are connected to them
        QList<bool> late;
        QObject elsewhere;
        auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
        QAmqpChannel *channel = connection->createChannel(isChild ? nullptr : &elsewhere);
        QAmqpConsumer *consumer = channel->consume(
                QStringLiteral("q"), QAmqpConsumeOptions().setConsumerTag(QStringLiteral("t")));
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) { deliveries.append(delivery); });
        connect(consumer, &QObject::destroyed, this,
                [&] { late.append(ackElsewhere(deliveries.at(1))); });
        QFuture<QAmqpQueueInfo> declared = channel->declareQueue(QStringLiteral("unanswered"));
        declared.then([&](const QFuture<QAmqpQueueInfo> &) {
            late.append(ackElsewhere(deliveries.at(2)));
        });
        connection->open();
        TRY(deliveries.size() == 3, server);
        QVERIFY(ackElsewhere(deliveries.at(0)));
        if (ofConnection)
            connection.reset();
        else
            delete channel;
        QCOMPARE(late, isChild ? QList<bool>({false, false}) : QList<bool>({false}));
        TRY(server.isExhausted(), server);
    }

    // Nothing follows connection.close: neither what is asked for behind it, nor what destructors say.
    void nothingIsSentBehindTheClose()
    {
        ScriptedServer server(
                threeDeliveries().expect<BasicAck>().expect<ConnectionClose>().after(50ms).reply(
                        ConnectionCloseOk{}));
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QPointer<QAmqpConsumer> consumer = consume(connection, &deliveries);
        connection.open();
        TRY(deliveries.size() == 3, server);
        QAmqpChannel *channel = consumer->channel();
        QVERIFY(deliveries.at(0).ack());
        connection.close();
        QVERIFY(!deliveries.at(1).ack());
        QVERIFY(!ackElsewhere(deliveries.at(1)));
        delete consumer;
        delete channel;
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        QVERIFY(closed.wait(Patience));
        QVERIFY(!connection.lastError());
        TRY(server.isExhausted(), server);
    }

    void nothingIsAcceptedBehindTheCloseOfAChannel()
    {
        ScriptedServer server(
                threeDeliveries().expect<BasicAck>().expect<ChannelClose>().after(50ms).reply(
                        ChannelCloseOk{}));
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QAmqpConsumer *consumer = consume(connection, &deliveries);
        connection.open();
        TRY(deliveries.size() == 3, server);
        QVERIFY(ackElsewhere(deliveries.at(0)));
        QSignalSpy closed(consumer->channel(), &QAmqpChannel::closed);
        consumer->channel()->close();
        QVERIFY(!ackElsewhere(deliveries.at(1)));
        QVERIFY(!closed.isEmpty() || closed.wait(Patience));
        TRY(server.isExhausted(), server);
        connection.abort();
    }

    // The close waits for the confirm, in whose slot another thread acknowledges.
    void whatIsAcceptedBeforeTheCloseIsSent()
    {
        ScriptedServer server(threeDeliveries()
                                      .expect<ConfirmSelect>()
                                      .reply(ConfirmSelectOk{})
                                      .expect<BasicPublish>()
                                      .reply(BasicAck{1, false})
                                      .expect<BasicAck>()
                                      .connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QAmqpConsumer *consumer = consume(connection, &deliveries);
        QAmqpChannel *channel = consumer->channel();
        bool accepted = false;
        connect(channel, &QAmqpChannel::confirmed, this,
                [&] { accepted = ackElsewhere(deliveries.at(0)); });
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.open();
        TRY(deliveries.size() == 3, server);
        channel->publish({}, QStringLiteral("q"), QAmqpMessage("four"));
        connection.close();
        QVERIFY2(closed.wait(Patience), qPrintable(server.report()));
        QVERIFY(accepted);
        QVERIFY(!connection.lastError());
        TRY(server.isExhausted(), server);
    }

    // The last answer is that of a request, in whose continuation another thread acknowledges.
    void whatIsAcceptedBeforeTheCloseOfAChannelIsSent()
    {
        ScriptedServer server(threeDeliveries()
                                      .expect<QueuePurge>()
                                      .reply(QueuePurgeOk{0})
                                      .expect<BasicAck>()
                                      .expect<ChannelClose>()
                                      .reply(ChannelCloseOk{}));
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QAmqpChannel *channel = consume(connection, &deliveries)->channel();
        connection.open();
        TRY(deliveries.size() == 3, server);
        bool accepted = false;
        channel->purgeQueue(QStringLiteral("q")).then([&](quint32) {
            accepted = ackElsewhere(deliveries.at(0));
        });
        QSignalSpy closed(channel, &QAmqpChannel::closed);
        channel->close();
        QVERIFY2(closed.wait(Patience), qPrintable(server.report()));
        QVERIFY(accepted);
        QVERIFY(!ackElsewhere(deliveries.at(1)));
        QVERIFY(!channel->lastError());
        TRY(server.isExhausted(), server);
        connection.abort();
    }

    // What ends because of the broker accepts nothing from the first signal of that on.
    void nothingIsAcceptedOnceTheEndIsTold()
    {
        ScriptedServer server(threeDeliveries()
                                      .expect<ConfirmSelect>()
                                      .reply(ConfirmSelectOk{})
                                      .expect<BasicPublish>()
                                      .send(ChannelClose{404, "NOT_FOUND", 60, 40})
                                      .expect<ChannelCloseOk>());
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QAmqpChannel *channel = consume(connection, &deliveries)->channel();
        connection.open();
        TRY(deliveries.size() == 3, server);
        std::optional<bool> accepted;
        connect(channel, &QAmqpChannel::indeterminate, this,
                [&] { accepted = ackElsewhere(deliveries.at(0)); });
        QSignalSpy closed(channel, &QAmqpChannel::closed);
        channel->publish({}, QStringLiteral("q"), QAmqpMessage("four"));
        QVERIFY2(closed.wait(Patience), qPrintable(server.report()));
        QCOMPARE(accepted, std::optional(false));
        TRY(server.isExhausted(), server);
        connection.abort();
    }

    void nothingIsSettledWhileTheConnectionCloses()
    {
        ScriptedServer server(
                threeDeliveries().expect<ConnectionClose>().after(50ms).reply(ConnectionCloseOk{}));
        QAmqpConnection connection(optionsFor(server));
        QAmqpConsumer *consumer = consume(connection);
        int received = 0;
        connect(consumer, &QAmqpConsumer::messageReceived, this, [&] { ++received; });
        connection.open();
        TRY(received == 3, server);
        QAmqpChannel *channel = consumer->channel();
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.close();
        QVERIFY(!channel->ackAll());
        QCOMPARE(channel->lastError().kind(), QAmqpError::Kind::NotOpen);
        QVERIFY(closed.wait(Patience));
    }

    // A number that was given to another channel since is that one's.
    void acksOfAnEarlierChannelAreRefused()
    {
        ScriptedServer server(
                threeDeliveries()
                        .expect<ChannelClose>()
                        .reply(ChannelCloseOk{})
                        .channelOpen()
                        .expect<BasicGet>()
                        .sendContent(BasicGetOk{1, false, {}, "q", 0}, QAmqpMessage("four"))
                        .expect<BasicAck>()
                        .connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QList<QAmqpDelivery> deliveries;
        QAmqpConsumer *consumer = consume(connection, &deliveries);
        connection.open();
        TRY(deliveries.size() == 3, server);
        const std::unique_ptr<QAmqpChannel> first(consumer->channel());
        first->close();
        TRY(first->state() == QAmqpChannel::State::Closed, server);
        QAmqpChannel *second = connection.createChannel();
        const auto got = second->get(QStringLiteral("q"));
        TRY(got.isFinished(), server);
        QCOMPARE(second->number(), 1);
        QVERIFY(!ackElsewhere(deliveries.at(0)));
        delete consumer;
        QVERIFY(ackElsewhere(*got.result()));
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.close();
        QVERIFY(!closed.isEmpty() || closed.wait(Patience));
        TRY(server.isExhausted(), server);
    }

    // The slot is not entered again meanwhile.
    void anEventLoopInASlotSeesWhatCameInOnePiece()
    {
        ScriptedServer server(threeDeliveries().connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QAmqpConsumer *consumer = consume(connection);
        QByteArrayList order;
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    order << "begin " + delivery.body();
                    if (delivery.deliveryTag() == 1)
                        QVERIFY(eventually([&] { return consumer->heldMessages() == 2; }));
                    order << "end " + delivery.body();
                });
        connection.open();
        QTRY_COMPARE_WITH_TIMEOUT(order.size(), 6, Patience);
        QCOMPARE(order,
                 (QByteArrayList{"begin one", "end one", "begin two", "end two", "begin three",
                                 "end three"}));
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.close();
        QVERIFY(closed.wait(Patience));
        QTRY_VERIFY2(server.isExhausted(), qPrintable(server.report()));
    }
};

QTAMQP_TEST(TestSettlement)
#include "tst_settlement.moc"
