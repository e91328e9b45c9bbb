// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The QML types with a broker that answers everything as it should: it delivers what is published to
// a queue on the channel that receives from that queue.

#include "qmltest.h"
#include "scripted/autobroker.h"
#include "scripted/ports.h"

#include <QtAmqp/qamqpconnection.h>
#include <qamqpquickmessagemodel.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

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
            },
            AmqpConnection { id: other; url: "URL"; active: broker.connected; AmqpOutbox { id: box } })",
                    server.url());
        TRY_HOLDS(scene, "orders.ready && exchange.ready");
        QVERIFY(scene.holds("broker.connected && broker.stateText === 'Connected'"));
        QCOMPARE(scene.text("broker.endpoint"),
                 QAmqpConnectionOptions::fromUrl(server.url()).endpoint());
        QCOMPARE(scene.text("orders.queueName"), u"orders"_s);
        QVERIFY(scene.holds("orders.publish({ id: 17, tags: ['a', null] }, "
                            "{ messageId: 'm1', headers: { x: 1 }, persistent: true }) === 1"));
        TRY_HOLDS(scene, "model.count === 1");
        QVERIFY(scene.holds("orders.received[0].json.id === 17"));
        QCOMPARE(scene.text("orders.received[0].text"),
                 QString::fromUtf8(R"({"id":17,"tags":["a",null]})"));
        QVERIFY(scene.holds("model.get(0).headers.x === 1 && model.get(0).messageId === 'm1'"));
        QVERIFY(scene.holds("model.get(0).contentType === 'application/json'"));
        QVERIFY(scene.holds("model.get(0).persistent && model.get(0).routingKey === 'orders'"));
        QTRY_COMPARE(server.brokers.first()->acked, QList<quint64>{1});
        // A message goes on with all that it has, and what is given besides.
        QVERIFY(scene.holds("orders.publish(model.get(0), { appId: 'again' }) === 2"));
        TRY_HOLDS(scene, "model.count === 2");
        QVERIFY(scene.holds("JSON.parse(model.get(0).toJson()).properties.message_id === 'm1'"));
        QVERIFY(scene.holds(
                "JSON.stringify([0, 1].map(i => { const m = JSON.parse(model.get(i).toJson()); "
                "delete m.delivery_tag; delete m.properties.app_id; return m; }).map("
                "m => JSON.stringify(m)).filter((m, i, all) => m !== all[0])) === '[]'"));
        QVERIFY(scene.holds("exchange.publish('hold', 'x') === 1 && exchange.unconfirmed === 1"));
        scene.value("exchange.publish('elsewhere', 'x')");
        TRY_HOLDS(scene, "exchange.unconfirmed === 1");
        scene.value("box.publish('', 'elsewhere', 'x')");
        // Each is measured over a second of its own.
        TRY_HOLDS(scene,
                  "other.messagesPerSecondOut > 0 && "
                  "broker.messagesPerSecondIn > 0 && broker.messagesPerSecondOut > 0 && "
                  "orders.messagesPerSecond > 0 && exchange.messagesPerSecond > 0");
    }

    void noSocketIsOpenedBeforeActive()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; AmqpQueue { id: queue } })",
                    server.url());
        QTest::qWait(50);
        QVERIFY(server.brokers.isEmpty());
        QVERIFY(scene.holds("!broker.connected && broker.stateText === 'Not connected'"));
        QVERIFY(scene.holds("broker.endpoint === ''"));
        QVERIFY(scene.holds("queue.publish('x') === 0 && queue.error.kind === 'NotOpen'"));
        // Without a name it goes with its user, unless it is said otherwise.
        QVERIFY(scene.holds("queue.exclusive && queue.autoDelete"));
        QVERIFY(scene.holds("queue.exclusive = false, !queue.exclusive && queue.autoDelete"));
        QVERIFY(scene.holds("queue.durable = true, !queue.autoDelete"));
        QVERIFY(scene.holds("queue.durable = false, queue.autoDelete"));
        scene.value("broker.active = true");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        scene.value("broker.active = false");
        QVERIFY(scene.holds("!queue.ready && !broker.connected"));
        QTRY_VERIFY(server.brokers.first()->closed); // in good order
    }

    void whoAQueueBelongsToIsDeclared_data()
    {
        QTest::addColumn<QString>("properties");
        QTest::addColumn<QByteArray>("declared");
        QTest::newRow("name") << u"name: 'q'"_s << "q"_ba;
        QTest::newRow("exclusive") << u"name: 'q'; exclusive: true"_s << "q exclusive"_ba;
        QTest::newRow("not exclusive") << u"name: 'q'; exclusive: false"_s << "q"_ba;
        QTest::newRow("auto-delete") << u"name: 'q'; autoDelete: true"_s << "q auto-delete"_ba;
        QTest::newRow("no name") << u""_s << " exclusive auto-delete"_ba;
        QTest::newRow("no name, not exclusive") << u"exclusive: false"_s << " auto-delete"_ba;
        QTest::newRow("no name, not auto-delete") << u"autoDelete: false"_s << " exclusive"_ba;
        QTest::newRow("no name, durable") << u"durable: true"_s << " durable"_ba;
        QTest::newRow("no name, quorum") << u"arguments: ({ 'x-queue-type': 'quorum' })"_s << ""_ba;
    }
    void whoAQueueBelongsToIsDeclared()
    {
        QFETCH(QString, properties);
        QFETCH(QByteArray, declared);
        AutoServer server;
        Scene scene(u"AmqpConnection { url: \"URL\"; active: true; AmqpQueue { id: queue; %1 } }"_s
                            .arg(properties)
                            .toUtf8(),
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        QCOMPARE(server.brokers.first()->declared, QByteArrayList{declared});
        QVERIFY(scene.holds(declared.contains("exclusive") ? "queue.exclusive"
                                                           : "!queue.exclusive"));
    }

    void withoutABrokerTheErrorStays()
    {
        const QUrl url(u"amqp://127.0.0.1:%1?recovery=off"_s.arg(closedPort()));
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                property int errors: 0
                onErrorOccurred: ++errors
                AmqpQueue { id: queue }
            })",
                    url);
        TRY_HOLDS(scene, "broker.errors === 1");
        TRY_HOLDS(scene, "broker.state === 0");
        QVERIFY(scene.holds("broker.active && broker.stateText === 'Connection failed'"));
        QVERIFY(scene.holds("broker.error.kind === 'HostUnreachable' && broker.error.retryable"));
        QVERIFY(scene.holds("broker.errorString.includes('127.0.0.1') && !queue.errorString"));
        AutoServer server;
        scene.value(u"broker.url = '%1'"_s.arg(server.url().toString()));
        TRY_HOLDS(scene, "queue.ready && broker.errorString === ''");
    }

    void whatIsWrongInTheSettingsIsTold()
    {
        Scene scene(R"(
            AmqpConnection { id: url; url: "URL"; active: true },
            AmqpConnection { id: source; source: url; active: true })",
                    QUrl(u"amqp://localhost?hartbeat=1"_s));
        TRY_HOLDS(scene, "url.errorString && source.errorString");
        QVERIFY2(scene.holds("url.errorString.includes('hartbeat')"),
                 qPrintable(scene.text("url.errorString")));
        QVERIFY(scene.holds("source.errorString.includes('QAmqpConnection')"));
    }

    void anotherUrlMovesEverything()
    {
        AutoServer first;
        AutoServer second;
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                                        AmqpQueue { id: queue; name: "q" } })",
                    first.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value(u"broker.url = '%1'"_s.arg(second.url().toString()));
        QVERIFY(scene.holds("!queue.ready"));
        TRY_HOLDS(scene, "queue.ready");
        QCOMPARE(second.brokers.size(), 1);
        QTRY_VERIFY(first.brokers.first()->closed);
        scene.value("queue.name = 'r'");
        QVERIFY(scene.holds("!queue.ready"));
        TRY_HOLDS(scene, "queue.ready && queue.queueName === 'r'");
        QCOMPARE(second.brokers.size(), 1);
    }

    // The broker closes the channel of one queue with 404.
    void anErrorOfOneQueueLeavesTheOthersAlone()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue { id: bad; name: "close channel"; property int errors: 0; onErrorOccurred: ++errors }
                AmqpQueue { id: good; name: "good"; property int received: 0; onMessageReceived: ++received }
            })",
                    server.url());
        TRY_HOLDS(scene, "bad.ready && good.ready");
        QTest::failOnWarning(QRegularExpression(u"404"_s)); // the handler tells
        scene.value("bad.publish('x')");
        TRY_HOLDS(scene, "bad.errorCode === 404");
        QVERIFY(scene.holds("!bad.ready && bad.errors === 1 && bad.error.kind === 'NotFound'"));
        QVERIFY(scene.holds("broker.connected && !broker.errorString && good.ready"));
        scene.value("good.publish('x')");
        TRY_HOLDS(scene, "good.received === 1");
        scene.value("bad.active = false; bad.active = true");
        TRY_HOLDS(scene, "bad.ready && bad.errorString === ''");
    }

    void withoutABrokerTheHandlerOrTheLogTells_data()
    {
        QTest::addColumn<QByteArray>("handler");
        QTest::newRow("nobody listens") << QByteArray();
        QTest::newRow("a handler") << QByteArray("onErrorOccurred: ++errors");
    }
    void withoutABrokerTheHandlerOrTheLogTells()
    {
        QFETCH(const QByteArray, handler);
        const QRegularExpression reason(u"127.0.0.1:1 cannot be reached"_s);
        if (handler.isEmpty())
            QTest::ignoreMessage(QtWarningMsg, reason);
        else
            QTest::failOnWarning(reason);
        Scene scene(
                "AmqpConnection { id: broker; url: 'amqp://127.0.0.1:1?recovery=off'; active: true\n"
                "property int errors: 0; "
                + handler + "\n AmqpQueue { id: queue; name: 'q' } }");
        TRY_HOLDS(scene, "broker.error.kind === 'HostUnreachable'");
        QCOMPARE(scene.holds("broker.errors === 1"), !handler.isEmpty());
        QVERIFY(scene.holds("!queue.ready && !queue.errorString"));
    }

    void aLostLinkShowsAndSwitchingOffAndOnMendsIt()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                property int errors: 0
                onErrorOccurred: ++errors
                AmqpQueue { id: queue; name: "close connection" }
            })",
                    withoutRecovery(server.url()));
        QTest::failOnWarning(QRegularExpression(u"320"_s)); // the handler tells
        TRY_HOLDS(scene, "queue.ready");
        scene.value("queue.publish('x')");
        TRY_HOLDS(scene, "broker.state === 0");
        QVERIFY(scene.holds("broker.errorCode === 320 && broker.errors === 1 && broker.active"));
        QVERIFY(scene.holds("!queue.ready && !queue.errorString"));
        scene.value("broker.active = false; broker.active = true");
        TRY_HOLDS(scene, "queue.ready && broker.errorString === ''");
        QCOMPARE(server.brokers.size(), 2);
        scene.value("broker.reopen()");
        TRY_HOLDS(scene, "queue.ready");
        QCOMPARE(server.brokers.size(), 3);
    }

    void acknowledgingFollowsThePolicy()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue {
                    id: queue; name: "q"
                    property var last
                    property string refuse
                    onMessageReceived: (message) => {
                        last = message
                        if (message.text === refuse) message.nack(false)
                        if (message.text === "stop") active = false
                    }
                }
            })",
                    server.url());
        const auto receive = [&](const char *body) {
            scene.value("queue.last = undefined");
            scene.value(u"queue.publish('%1')"_s.arg(QLatin1StringView(body)));
            return QTest::qWaitFor([&] { return scene.holds("queue.last !== undefined"); },
                                   QmlPatience);
        };
        TRY_HOLDS(scene, "queue.ready");
        const auto broker = server.brokers.first();
        QVERIFY(receive("a"));
        QVERIFY(scene.holds("queue.last.settled && !queue.last.ack()"));
        QTRY_COMPARE(broker->acked, QList<quint64>{1});
        scene.value("queue.refuse = 'b'");
        QVERIFY(receive("b"));
        QTRY_COMPARE(broker->nacked, QList<quint64>{2});
        scene.value("queue.ackPolicy = 1"); // AckManually, on the same channel
        QVERIFY(receive("c"));
        QVERIFY(scene.holds("!queue.last.settled && queue.last.ack() && queue.last.settled"));
        QTRY_COMPARE(broker->acked, (QList<quint64>{1, 3}));
        scene.value("queue.ackPolicy = 2"); // NoAck
        QVERIFY(receive("d"));
        QVERIFY(scene.holds("queue.last.settled"));
        scene.value("queue.ackPolicy = 0");
        QVERIFY(receive("stop"));
        QTRY_COMPARE(broker->acked, (QList<quint64>{1, 3, 5}));
        QVERIFY(scene.holds("!queue.ready"));
    }

    void objectsComeAndGo()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpConnection {
                id: broker; url: "URL"; active: true
                Instantiator {
                    id: queues
                    model: 3
                    delegate: AmqpQueue {
                        required property int index
                        name: "q" + index
                        onMessageReceived: queues.active = false
                    }
                }
            },
            AmqpQueue { id: elsewhere; connection: broker })",
                    server.url());
        TRY_HOLDS(scene, "elsewhere.ready && queues.count === 3 && queues.objectAt(2).ready");
        scene.value("queues.objectAt(1).publish('x')");
        TRY_HOLDS(scene, "queues.count === 0");
        scene.value("queues.model = 2; queues.active = true");
        TRY_HOLDS(scene, "queues.count === 2 && queues.objectAt(1).ready");
        delete scene.value("broker").value<QObject *>();
        QVERIFY(scene.holds("!elsewhere.ready && elsewhere.connection === null"));
        QVERIFY(scene.holds("elsewhere.publish('x') === 0"));
    }

    void aConnectionOfCppIsUsedAndLeftAlone()
    {
        AutoServer server;
        QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
        {
            Scene scene(R"(AmqpConnection { id: broker; source: cpp; active: true
                                            AmqpQueue { id: queue; name: "q" } })",
                        {}, {{u"cpp"_s, QVariant::fromValue(&connection)}});
            TRY_HOLDS(scene, "broker.state === 0 && !broker.errorString");
            connection.open();
            TRY_HOLDS(scene, "queue.ready");
            connection.close();
            TRY_HOLDS(scene, "broker.state === 0 && !queue.ready");
            connection.open();
            TRY_HOLDS(scene, "queue.ready");
            scene.value("broker.active = false");
            QVERIFY(scene.holds("!queue.ready && broker.state === 0"));
            QVERIFY(connection.isOpen());
            scene.value("broker.active = true");
            TRY_HOLDS(scene, "queue.ready");
        }
        QVERIFY(connection.isOpen());
    }

    void bodiesAreWhatTheyAre_data()
    {
        QTest::addColumn<QString>("body");
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("contentType");
        QTest::addColumn<QString>("json");
        QTest::newRow("object") << u"({ b: 1, a: [true, null], c: undefined })"_s
                                << QByteArray(R"({"b":1,"a":[true,null]})") << u"application/json"_s
                                << QString::fromUtf8(R"({"a":[true,null],"b":1})");
        QTest::newRow("array") << u"[1, 'é']"_s << QByteArray("[1,\"é\"]") << u"application/json"_s
                               << u"[1,\"é\"]"_s;
        QTest::newRow("number") << u"1.5"_s << QByteArray("1.5") << u"application/json"_s
                                << u"1.5"_s;
        QTest::newRow("bool") << u"false"_s << QByteArray("false") << u"application/json"_s
                              << u"false"_s;
        QTest::newRow("null") << u"null"_s << QByteArray("null") << u"application/json"_s
                              << u"null"_s;
        QTest::newRow("string") << u"'naïve'"_s << QByteArray("naïve") << u"text/plain"_s
                                << u"undefined"_s;
        QTest::newRow("two values")
                << u"'1, 2'"_s << QByteArray("1, 2") << u"text/plain"_s << u"undefined"_s;
        QTest::newRow("bytes") << u"new Uint8Array([0, 255, 7]).buffer"_s
                               << QByteArray("\x00\xff\x07", 3) << u"application/octet-stream"_s
                               << u"undefined"_s;
        QTest::newRow("typed array")
                << u"new Uint8Array(new Uint8Array([9, 8, 7, 6]).buffer, 1, 2)"_s
                << QByteArray("\x08\x07") << u"application/octet-stream"_s << u"undefined"_s;
        QTest::newRow("nothing") << u"undefined"_s << QByteArray() << QString() << u"undefined"_s;
    }

    void bodiesAreWhatTheyAre()
    {
        QFETCH(QString, body);
        AutoServer server;
        Scene scene(R"(
            AmqpMessageModel { id: model; queue: queue },
            AmqpConnection { url: "URL"; active: true; AmqpQueue { id: queue; name: "q" } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value(u"queue.publish(%1)"_s.arg(body));
        TRY_HOLDS(scene, "model.count === 1");
        QTEST(scene.value("model.get(0).body").toByteArray(), "bytes");
        QTEST(scene.text("model.get(0).contentType"), "contentType");
        QTEST(scene.text("'' + JSON.stringify(model.get(0).json)"), "json");
    }

    // However it was settled: by the row, a copy of the message, the value of the role, or an event loop in the
    // handler's way.
    void theModelTellsWhatIsSettled()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpMessageModel {
                id: model; queue: queue; newestFirst: true
                property var changes: []
                onDataChanged: (from, to) => changes.push(from.row + "-" + to.row)
            },
            Instantiator {
                id: rows; model: model
                delegate: QtObject { required property bool settled; required property string bodyText }
            },
            AmqpConnection { url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; ackPolicy: AmqpQueue.AckManually } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("for (let i = 0; i < 6; ++i) queue.publish('' + i)");
        TRY_HOLDS(scene, "rows.count === 6 && rows.objectAt(0).bodyText === '5'");
        QVERIFY(scene.holds("model.ack(1) && !model.ack(1)")); // 4
        QVERIFY(scene.holds("model.nack(4, false) && !model.get(4).nack()")); // 1
        QVERIFY(scene.holds("!model.ack(6) && !model.ack(-1)"));
        TRY_HOLDS(scene, "rows.objectAt(1).settled && rows.objectAt(4).settled");
        QCOMPARE(scene.text("model.changes.join()"), u"1-4"_s);
        scene.value("model.get(0).ack()"); // 5
        TRY_HOLDS(scene, "rows.objectAt(0).settled");
        scene.value("model.filter = (message) => message.text !== '3'; model.get(2).ack()"); // 2
        TRY_HOLDS(scene, "rows.objectAt(2).settled");
        QCOMPARE(scene.text("model.changes.join()"), u"1-4,0-0,2-2"_s);
        scene.value("model.remove(4)"); // 0
        QVERIFY(scene.holds("model.count === 4 && rows.count === 4"));
        QTRY_COMPARE(server.brokers.first()->acked.size(), 3);
        QCOMPARE(server.brokers.first()->nacked.size(), 1);
    }

    void propertiesOfAMessageAreChecked()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpMessageModel { id: model; queue: queue },
            AmqpConnection { url: "URL"; active: true
                             AmqpQueue { id: queue; name: "q"; property int errors: 0; onErrorOccurred: ++errors } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        QVERIFY(scene.holds("queue.publish('x', { priorty: 1 }) === 0 && queue.errors === 1"));
        QVERIFY(scene.holds("queue.errorString.includes('\"priorty\"') && queue.ready"));
        QVERIFY(scene.holds("queue.publish('x', { headers: 5 }) === 0"));
        QVERIFY(scene.holds("queue.publish('x', { body: 'y' }) === 0"));
        QVERIFY(scene.holds(
                "queue.publish('x', { priority: 7, expiration: 60000, correlationId: 'c', "
                "replyTo: 'r', timestamp: new Date(1700000000000), type: 't', appId: 'a', "
                "contentType: 'x/y', contentEncoding: 'none' }) === 1"));
        TRY_HOLDS(scene, "model.count === 1");
        scene.value("queue.errorString");
        const auto message = scene.value("model.get(0)").value<QAmqpQuickMessage>();
        QCOMPARE(message.priority(), 7);
        QCOMPARE(message.expiration(), u"60000"_s);
        QCOMPARE(message.correlationId(), u"c"_s);
        QCOMPARE(message.replyTo(), u"r"_s);
        QCOMPARE(message.timestamp().toSecsSinceEpoch(), 1700000000);
        QCOMPARE(message.type(), u"t"_s);
        QCOMPARE(message.appId(), u"a"_s);
        QCOMPARE(message.contentType(), u"x/y"_s);
        QCOMPARE(message.contentEncoding(), u"none"_s);
        QVERIFY(!message.isPersistent());
    }

    void aRequestEndsOnceWhateverHappens()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpRpcClient {
                    id: client
                    property var answers: []
                    function ask(key) { request(key, {}, (reply, error) => answers.push(error.kind)) }
                }
            })",
                    server.url());
        scene.value("client.ask('nowhere')"); // nothing is open yet: it is kept
        TRY_HOLDS(scene, "client.ready && client.answers.length === 1");
        QCOMPARE(scene.text("client.answers.join()"), u"Unroutable"_s);
        scene.value("client.ask('nowhere')");
        QVERIFY(scene.holds("client.pending === 1"));
        TRY_HOLDS(scene, "client.answers.length === 2 && client.pending === 0");
        scene.value("client.timeout = 50; client.ask('hold')");
        TRY_HOLDS(scene, "client.answers.length === 3");
        scene.value("client.timeout = 0; client.ask('hold'); client.active = false");
        TRY_HOLDS(scene, "client.answers.length === 4 && client.pending === 0");
        scene.value("client.ask('x')");
        TRY_HOLDS(scene, "client.answers.length === 5");
        QCOMPARE(scene.text("client.answers.join()"),
                 u"Unroutable,Unroutable,Timeout,Cancelled,NotOpen"_s);
    }
};

QTAMQP_TEST(TestObjects)
#include "tst_objects.moc"
