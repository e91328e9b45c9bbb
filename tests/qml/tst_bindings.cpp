// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The bindings of queues and exchanges: when they are made, and that they follow what is asked for.

#include "qmltest.h"
#include "scripted/autobroker.h"

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

class TestBindings : public QObject
{
    Q_OBJECT

    static QByteArrayList takeTopology(const AutoServer &server, int atLeast = 0)
    {
        (void)QTest::qWaitFor([&] { return server.brokers.last()->topology.size() >= atLeast; });
        return std::exchange(server.brokers.last()->topology, {});
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    // However they are ordered: all exchanges are declared before anything is bound to one.
    void exchangesAreDeclaredFirst()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: "all", routingKey: "k" }] }
                AmqpExchange { id: all; name: "all"; type: "fanout"
                               bindings: [{ exchange: "some", routingKey: "a.#" }, { exchange: "amq.topic" }] }
                AmqpExchange { id: some; name: "some"; type: "topic" }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && all.ready && some.ready");
        QByteArrayList made = takeTopology(server);
        std::sort(made.begin(), made.begin() + 2);
        std::sort(made.begin() + 2, made.end());
        QCOMPARE(made,
                 (QByteArrayList{"*all", "*some", "+all/k>q", "+amq.topic/>all", "+some/a.#>all"}));

        scene.value("broker.reopen()");
        TRY_HOLDS(scene, "queue.ready && all.ready && some.ready");
        QCOMPARE(takeTopology(server).size(), 5);
    }

    void bindingsOfAnExchangeFollow()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpExchange { id: exchange; name: "e"; type: "topic"
                               bindings: [{ exchange: "a", routingKey: "1" }]
                               property int readies: 0
                               onReadyChanged: ++readies }
            })",
                    server.url());
        TRY_HOLDS(scene, "exchange.ready");
        QCOMPARE(takeTopology(server), (QByteArrayList{"*e", "+a/1>e"}));
        scene.value("exchange.bindings = [{ exchange: 'a', routingKey: '1' },"
                    " { exchange: 'a', routingKey: '2' }, { exchange: 'a', routingKey: '2' }]");
        QCOMPARE(takeTopology(server, 1), (QByteArrayList{"+a/2>e"}));
        scene.value("exchange.bindings = [{ exchange: 'b', arguments: { x: 1 } }]");
        QCOMPARE(takeTopology(server, 3), (QByteArrayList{"+b/>e", "-a/1>e", "-a/2>e"}));
        scene.value("exchange.bindings = [{ exchange: 'b', arguments: { x: 2 } }]");
        QCOMPARE(takeTopology(server, 2), (QByteArrayList{"+b/>e", "-b/>e"}));
        scene.value("exchange.bindings = []");
        QCOMPARE(takeTopology(server, 1), (QByteArrayList{"-b/>e"}));
        QVERIFY(scene.holds("exchange.ready && exchange.readies === 1"));
        scene.value("exchange.bindings = [{ routingKey: 'x' }]");
        TRY_HOLDS(scene, "exchange.error.kind === 'InvalidArgument' && exchange.publish('k', 1)");
        scene.value("exchange.bindings = [{ exchange: 'c' }]");
        TRY_HOLDS(scene, "exchange.ready && exchange.errorString === ''");
        QCOMPARE(takeTopology(server), (QByteArrayList{"*e", "+c/>e"}));
    }

    // An exchange gets another name, or comes later: what names it is bound when it is declared.
    void bindingsFollowTheNameOfAnExchange()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: exchange.name }] }
                AmqpExchange { id: exchange; name: "a"; type: "topic" }
            },
            Component { id: later; AmqpExchange { connection: broker; name: "c"; type: "fanout" } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        QCOMPARE(takeTopology(server), (QByteArrayList{"*a", "+a/>q"}));
        scene.value("exchange.name = 'b'");
        QCOMPARE(takeTopology(server, 3), (QByteArrayList{"*b", "+b/>q", "-a/>q"}));
        scene.value("queue.bindings = [{ exchange: 'c' }]; later.createObject(broker)");
        QCOMPARE(takeTopology(server, 3), (QByteArrayList{"*c", "+c/>q", "-b/>q"}));
        // What is changed and changed back in one turn was not changed.
        scene.value("queue.bindings = []; queue.bindings = [{ exchange: 'd' }];"
                    "queue.bindings = [{ exchange: 'c', routingKey: '' }]; queue.purge()");
        QTest::qWait(50);
        QCOMPARE(takeTopology(server), QByteArrayList());
        QVERIFY(scene.holds("queue.ready && queue.errorString === '' && exchange.ready"));
    }

    // One that is not declared here may be bound all the same.
    void anExchangeWithoutATypeIsBound()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpExchange { id: exchange; name: "e"; bindings: [{ exchange: "a" }] }
            })",
                    server.url());
        TRY_HOLDS(scene, "exchange.ready");
        QCOMPARE(takeTopology(server), (QByteArrayList{"+a/>e"}));
    }

    // It is refused while it waits for the exchange, and is not bound when that is there.
    void whatWasRefusedIsToldOnceAndNotBound_data()
    {
        QTest::addColumn<QString>("refused");
        QTest::addColumn<quint32>("method");
        QTest::newRow("queue") << u"queue"_s << QtAmqpPrivate::QueueDeclare::info.id();
        QTest::newRow("exchange") << u"first"_s << QtAmqpPrivate::ExchangeDeclare::info.id();
    }

    void whatWasRefusedIsToldOnceAndNotBound()
    {
        QFETCH(QString, refused);
        QFETCH(quint32, method);
        AutoServer server;
        server.fault = {AutoFault::CloseChannel, method};
        QTest::failOnWarning(QRegularExpression(u"404"_s)); // the handlers tell
        QByteArray objects(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpExchange { id: exchange; name: "e"; type: "topic" }
                AmqpExchange { id: first; name: "f"; type: "topic"; bindings: [{ exchange: "e" }]
                               property int errors: 0; onErrorOccurred: ++errors }
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: "e" }]
                            property int errors: 0; onErrorOccurred: ++errors }
            },
            QtObject { id: refused; readonly property QtObject object: REFUSED })");
        Scene scene(objects.replace("REFUSED", refused.toUtf8()), server.url());
        TRY_HOLDS(scene, "exchange.ready && queue.ready + first.ready === 1");
        QVERIFY(scene.holds("refused.object.errorCode === 404 && refused.object.errors === 1"));
        QVERIFY(scene.holds("queue.errors + first.errors === 1"));
        scene.value("refused.object.active = false; refused.object.active = true");
        TRY_HOLDS(scene, "queue.ready && first.ready && !refused.object.errorString");
    }
};

QTAMQP_TEST(TestBindings)
#include "tst_bindings.moc"
