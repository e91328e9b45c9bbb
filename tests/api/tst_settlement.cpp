// Which tags reach the broker: only those of messages that were shown and are unsettled.

#include "apitest.h"

#include "api/unsettledtags.h"

#include <QtCore/QEventLoop>

using namespace QtAmqpTest;
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

    static QAmqpConsumer *consume(QAmqpConnection &connection)
    {
        return connection.createChannel()->consume(
                QStringLiteral("q"), QAmqpConsumeOptions().setConsumerTag(QStringLiteral("t")));
    }

private Q_SLOTS:
    void tagsAreSettledOnce()
    {
        UnsettledTags tags;
        QVERIFY(!tags.contains(0));
        QVERIFY(!tags.settle(1, true));
        for (const quint64 tag : {1, 2, 4, 5, 9}) // 3 and 6 to 8 need no acknowledgement
            tags.delivered(tag);
        QVERIFY(!tags.settle(3, false));
        QVERIFY(!tags.settle(10, true));
        QVERIFY(tags.settle(2, false));
        QVERIFY(!tags.settle(2, false));
        QVERIFY(!tags.settle(2, true));
        QVERIFY(tags.contains(1));
        QCOMPARE(tags.lastUpTo(8), 5U);
        QVERIFY(tags.settle(4, true));
        QVERIFY(!tags.contains(1));
        QVERIFY(tags.contains(5));
        QVERIFY(tags.settle(5, false));
        QCOMPARE(tags.lastUpTo(8), 0U);
        QCOMPARE(tags.lastUpTo(9), 9U);
        QVERIFY(tags.settle(9, true));
        QCOMPARE(tags.lastUpTo(100), 0U);
        tags.delivered(20);
        QVERIFY(tags.contains(20));
        tags.clear();
        QVERIFY(!tags.settle(20, false));
    }

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

    void anEventLoopInASlotSeesWhatCameInOnePiece()
    {
        ScriptedServer server(threeDeliveries().connectionClose());
        QAmqpConnection connection(optionsFor(server));
        QAmqpConsumer *consumer = consume(connection);
        QEventLoop nested;
        QByteArrayList order;
        connect(consumer, &QAmqpConsumer::messageReceived, this,
                [&](const QAmqpDelivery &delivery) {
                    order << "begin " + delivery.body();
                    if (delivery.deliveryTag() == 1)
                        nested.exec();
                    if (delivery.deliveryTag() == 3)
                        nested.quit();
                    order << "end " + delivery.body();
                });
        connection.open();
        QTRY_COMPARE_WITH_TIMEOUT(order.size(), 6, Patience);
        QCOMPARE(order,
                 (QByteArrayList{"begin one", "begin two", "end two", "begin three", "end three",
                                 "end one"}));
        QSignalSpy closed(&connection, &QAmqpConnection::closed);
        connection.close();
        QVERIFY(closed.wait(Patience));
        QTRY_VERIFY2(server.isExhausted(), qPrintable(server.report()));
    }
};

QTAMQP_TEST(TestSettlement)
#include "tst_settlement.moc"
