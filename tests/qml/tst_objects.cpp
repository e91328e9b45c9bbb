// The QML types with a broker that answers everything as it should.

#include "api/autobroker.h"
#include "qmltest.h"

using namespace QtAmqpTest;

class TestObjects : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    // Nothing in the order of declarations or properties matters.
    void messagesArriveInTheQueueAndItsModel()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpMessageModel { id: model; queue: orders },
            AmqpConnection {
                id: broker
                active: true
                AmqpQueue {
                    id: orders
                    property var received: []
                    onMessageReceived: (message) => received.push(message)
                    name: "orders"
                }
                AmqpExchange { id: exchange }
                url: "URL"
            })",
                    server.url());
        TRY_HOLDS(scene, "orders.ready && exchange.ready");
        QVERIFY(scene.holds("broker.connected && broker.stateText === 'Connected'"));
        QCOMPARE(scene.text("orders.queueName"), QStringLiteral("orders"));
        scene.value("orders.publish({ id: 17, tags: ['a', null] }, "
                    "{ messageId: 'm1', headers: { x: 1 } })");
        TRY_HOLDS(scene, "model.count === 1");
        QVERIFY(scene.holds("orders.received[0].json.id === 17"));
        QCOMPARE(scene.text("orders.received[0].text"),
                 QStringLiteral(R"({"id":17,"tags":["a",null]})"));
        QVERIFY(scene.holds("model.get(0).headers.x === 1 && model.get(0).messageId === 'm1'"));
        QVERIFY(scene.holds("model.get(0).contentType === 'application/json'"));
        TRY_HOLDS(scene, "exchange.unconfirmed === 0");
        QTRY_COMPARE(server.brokers.first()->acked, QList<quint64>{1});
    }
};

QTAMQP_TEST(TestObjects)
#include "tst_objects.moc"
