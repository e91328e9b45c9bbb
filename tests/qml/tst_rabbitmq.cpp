// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The QML types with RabbitMQ: what a broker refuses, routes and remembers.

#include "broker/brokertest.h"
#include "qmltest.h"

#include <QtAmqp/qamqprpcserver.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;
using BrokerTest::uniqueName;

class TestRabbitmq : public QObject
{
    Q_OBJECT

    // NAME stands for a name that no other test uses.
    static QByteArray named(QByteArray qml, const QString &name)
    {
        return qml.replace("NAME", name.toUtf8());
    }
    static QUrl url() { return QUrl(BrokerTest::environment("QTAMQP_TEST_URL")); }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    // The queue comes before the exchange that it names, and is bound all the same.
    void bindingsFollowWhileMessagesFlow()
    {
        Scene scene(named(R"(
            AmqpQueue {
                id: queue; connection: broker; durable: false
                bindings: [{ exchange: "NAME", routingKey: "a.*" }]
                property var keys: []
                onMessageReceived: (message) => keys.push(message.routingKey)
            },
            AmqpConnection { id: broker; url: "URL"; active: true },
            AmqpExchange { id: exchange; connection: broker; name: "NAME"; type: "topic"; autoDelete: true
                           mandatory: true; property var returned: []
                           onMessageReturned: (message, key) => returned.push(key) })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        QVERIFY(scene.text("queue.queueName").startsWith(u"amq.gen"));
        scene.value("exchange.publish('a.1', 'x'); exchange.publish('b.1', 'x')");
        TRY_HOLDS(scene, "queue.keys.join() === 'a.1' && exchange.returned.join() === 'b.1'");
        scene.value("queue.bindings = [{ exchange: exchange.name, routingKey: 'b.*' },"
                    "                  { exchange: exchange.name, routingKey: 'c' }]");
        QVERIFY(scene.holds("queue.ready"));
        TRY_HOLDS(scene, "exchange.publish('b.2', 'x') > 0 && queue.keys.includes('b.2')");
        TRY_HOLDS(scene, "exchange.publish('a.2', 'x') > 0 && exchange.returned.includes('a.2')");
        QVERIFY(scene.holds("queue.errorString === '' && exchange.errorString === ''"));
    }

    void aRefusalIsShownAndMended()
    {
        const QString name = uniqueName();
        QTest::ignoreMessage(QtWarningMsg, // of what has no handler
                             QRegularExpression(u"closed channel \\d+: PRECONDITION_FAILED"_s));
        Scene scene(named(R"(
            AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue { id: first; name: "NAME"; exclusive: true; autoDelete: true }
                AmqpQueue { id: second; name: "NAME"; exclusive: true; active: first.ready }
                AmqpQueue { id: unbound; bindings: [{ exchange: "NAME-none" }]; property int errors: 0
                            onErrorOccurred: ++errors }
            })",
                          name),
                    url());
        TRY_HOLDS(scene, "second.errorCode === 406 && unbound.errorCode === 404");
        QVERIFY(scene.holds("second.error.kind === 'PreconditionFailed' && !second.ready"));
        QVERIFY(scene.holds("second.errorString.includes('auto_delete')"));
        QVERIFY(scene.holds("first.ready && broker.connected && unbound.errors === 1"));
        scene.value("second.autoDelete = true");
        TRY_HOLDS(scene, "second.ready && second.errorCode === 0");
        scene.value("unbound.bindings = [{ exchange: 'amq.fanout' }]");
        TRY_HOLDS(scene, "unbound.ready && unbound.errorCode === 0");
        scene.value("unbound.bindings = [{ routingKey: 'x' }]");
        TRY_HOLDS(scene, "unbound.error.kind === 'InvalidArgument' && first.ready");
    }

    void anExchangeIsRenamed()
    {
        Scene scene(named(R"(
            AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; bindings: [{ exchange: exchange.name }]
                            property int received: 0; onMessageReceived: ++received
                            property int errors: 0; onErrorOccurred: ++errors }
                AmqpExchange { id: exchange; name: "NAME"; type: "fanout"; autoDelete: true }
            })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        for (int i = 1; i <= 5; ++i) {
            scene.value("exchange.name += 'x'; queue.received = 0");
            TRY_HOLDS(scene,
                      "exchange.ready && exchange.publish('', 'x') > 0 && queue.received > 0");
        }
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        QVERIFY(scene.holds("queue.errors === 0 && exchange.errorString === ''"));
    }

    void anExchangeReceivesFromAnother()
    {
        Scene scene(named(R"(
            AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue { id: queue; bindings: [{ exchange: "NAME-all" }]; property var keys: []
                            onMessageReceived: (message) => keys.push(message.routingKey) }
                AmqpExchange { id: all; name: "NAME-all"; type: "fanout"; autoDelete: true
                               bindings: [{ exchange: "NAME", routingKey: "a.*" }]
                               property int errors: 0; onErrorOccurred: ++errors }
                AmqpExchange { id: source; name: "NAME"; type: "topic"; autoDelete: true; mandatory: true
                               property var returned: []
                               onMessageReturned: (message, key) => returned.push(key) }
            })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready && all.ready && source.ready");
        scene.value("source.publish('a.1', 'x'); source.publish('b.1', 'x')");
        TRY_HOLDS(scene, "queue.keys.join() === 'a.1' && source.returned.join() === 'b.1'");
        scene.value("all.bindings = [{ exchange: source.name, routingKey: 'b.*' }]");
        TRY_HOLDS(scene, "source.publish('b.2', 'x') > 0 && queue.keys.includes('b.2')");
        TRY_HOLDS(scene, "source.publish('a.2', 'x') > 0 && source.returned.includes('a.2')");
        scene.value("all.bindings = all.bindings.concat([{ exchange: 'none' }])");
        TRY_HOLDS(scene, "all.errorCode === 404 && !all.ready && all.errors === 1");
        QVERIFY(scene.holds("queue.ready && source.ready && broker.connected"));
        scene.value("all.bindings = [{ exchange: source.name, routingKey: 'c' }]");
        TRY_HOLDS(scene, "all.ready && all.errorString === ''");
        TRY_HOLDS(scene, "source.publish('c', 'x') > 0 && queue.keys.includes('c')");
    }

    // The only subscription of an auto-delete queue becomes another without losing the queue.
    void prefetchChangesWhileMessagesFlow()
    {
        Scene scene(named(R"(
            AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue {
                    id: queue; name: "NAME"; autoDelete: true; exclusive: true; prefetch: 1
                    ackPolicy: AmqpQueue.AckManually
                    property var held: []
                    onMessageReceived: (message) => held.push(message)
                }
            })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("for (let i = 0; i < 5; ++i) queue.publish(i)");
        TRY_HOLDS(scene, "queue.held.length === 1");
        scene.value("queue.prefetch = 3");
        TRY_HOLDS(scene, "queue.held.length === 4");
        QVERIFY(scene.holds("queue.held[0].ack()"));
    }

    // With its last consumer the broker deletes it.
    void anAutoDeleteQueueStopsReceivingAndGoesOn()
    {
        Scene scene(named(R"(
            AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "NAME"; autoDelete: true; receiving: true
                            bindings: [{ exchange: "amq.topic", routingKey: "NAME" }]
                            property int received: 0; onMessageReceived: ++received }
                AmqpQueue { id: unnamed; property int received: 0; onMessageReceived: ++received }
            })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready && unnamed.ready");
        scene.value("queue.receiving = false; unnamed.receiving = false");
        TRY_HOLDS(scene, "queue.ready && unnamed.ready");
        scene.value("queue.publish('x'); unnamed.publish('x')");
        QTest::qWait(100);
        QVERIFY(scene.holds("queue.received + unnamed.received === 0"));
        scene.value("queue.receiving = true; unnamed.receiving = true");
        TRY_HOLDS(scene, "queue.received === 1 && unnamed.received === 1");
        QVERIFY(scene.holds("queue.ready && !queue.errorString && !unnamed.errorString"));
    }

    void whatWasNotAcknowledgedComesAgain()
    {
        Scene scene(named(R"(
            AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpQueue {
                    id: queue; name: "NAME"; exclusive: true
                    ackPolicy: AmqpQueue.AckManually
                    property var last
                    onMessageReceived: (message) => last = message
                }
            })",
                          uniqueName()),
                    url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("queue.publish('x')");
        TRY_HOLDS(scene, "queue.last !== undefined");
        QVERIFY(scene.holds("!queue.last.redelivered"));
        const QVariant stale = scene.value("queue.last");
        scene.value("queue.active = false; queue.last = undefined; queue.active = true");
        TRY_HOLDS(scene, "queue.last !== undefined && queue.last.redelivered");
        QVERIFY(scene.holds("queue.last.ack()"));
    }

    void aDeletedQueueIsTold()
    {
        const QString name = uniqueName();
        Scene scene(named(R"(AmqpConnection { url: "URL"; active: true
                                 AmqpQueue { id: queue; name: "NAME"; autoDelete: true
                                             property int errors: 0; onErrorOccurred: ++errors
                                             onMessageReceived: () => { } } })",
                          name),
                    url());
        TRY_HOLDS(scene, "queue.ready && queue.messageCount === 0");
        BrokerTest::Peer peer;
        QVERIFY(peer.open());
        VERIFY_OK(peer.channel()->deleteQueue(name));
        TRY_HOLDS(scene, "!queue.ready && queue.errorString.includes('was deleted')");
        scene.value("queue.active = false; queue.active = true");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        for (const char *next :
             {"queue.publish('x')", "queue.bindings = [{ exchange: 'amq.topic' }]",
              "queue.prefetch = 7", "queue.purge()"}) {
            VERIFY_OK(peer.channel()->deleteQueue(name));
            TRY_HOLDS(scene, "!queue.ready && queue.errorString.includes('was deleted')");
            QTest::qWait(20);
            QVERIFY(scene.holds("queue.errorString.includes('was deleted')"));
            scene.value(next);
            TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        }
    }

    // Nobody receives from it: the next message tells.
    void aDeletedQueueIsToldByItsMessage()
    {
        const QString name = uniqueName();
        Scene scene(named(R"(AmqpConnection { url: "URL"; active: true
                                 AmqpQueue { id: queue; name: "NAME"; receiving: false
                                             property int errors: 0; onErrorOccurred: ++errors } })",
                          name),
                    url());
        TRY_HOLDS(scene, "queue.ready");
        BrokerTest::Peer peer;
        QVERIFY(peer.open());
        VERIFY_OK(peer.channel()->deleteQueue(name));
        scene.value("queue.publish('lost')");
        TRY_HOLDS(scene, "queue.error.kind === 'Unroutable' && !queue.ready");
        QVERIFY2(scene.holds("queue.errorString.includes(queue.name) && queue.errors === 1"),
                 qPrintable(scene.text("queue.errorString")));
        scene.value("queue.publish('x')");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        VERIFY_OK(peer.channel()->deleteQueue(name));
        scene.value("queue.publish('lost')");
        TRY_HOLDS(scene, "queue.errors === 2");
        scene.value("queue.active = false; queue.active = true");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === '' && queue.messageCount === 0");
        VERIFY_OK(peer.channel()->deleteQueue(name));
    }

    void aFullQueueTellsThatItTookNothing()
    {
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                           AmqpQueue { id: queue; receiving: false
                                       arguments: ({ "x-max-length": 1, "x-overflow": "reject-publish" })
                                       property int errors: 0; onErrorOccurred: ++errors } })",
                    url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("queue.publish('taken')");
        TRY_HOLDS(scene, "queue.publish('refused') > 0 && queue.error.kind === 'Nacked'");
        QVERIFY2(scene.holds("queue.errorString.includes('did not take') && queue.ready"),
                 qPrintable(scene.text("queue.errorString")));
        QVERIFY(scene.holds("queue.errors > 0 && broker.connected"));
    }

    // RabbitMQ sends a delivery behind the channel.close that the last message brings about.
    void aRefusedMessageHarmsNobodyElse()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"user_id property set to"_s));
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                property int errors: 0; onErrorOccurred: ++errors
                AmqpQueue { id: queue; onMessageReceived: () => { } }
                AmqpQueue { id: sibling; property int received: 0; onMessageReceived: ++received } })",
                    url());
        TRY_HOLDS(scene, "queue.ready && sibling.ready");
        scene.value("queue.publish('a'); queue.publish('b'); queue.publish('c', { userId: 'x' })");
        TRY_HOLDS(scene, "queue.errorCode === 406");
        scene.value("sibling.publish('x')");
        TRY_HOLDS(scene, "sibling.received === 1");
        scene.value("queue.active = false; queue.active = true");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        QVERIFY(scene.holds("broker.connected && broker.errors === 0"));
    }

    void aDeletedExchangeIsToldByItsMessage()
    {
        const QString name = uniqueName();
        Scene scene(named(R"(AmqpConnection { id: broker; url: "URL"; active: true
                AmqpExchange { id: exchange; name: "NAME"; type: "topic"; autoDelete: true
                               property int errors: 0; onErrorOccurred: ++errors
                               property int lost: 0; onIndeterminate: ++lost }
                AmqpQueue { id: queue; bindings: [{ exchange: "NAME", routingKey: "#" }]
                            property int received: 0; onMessageReceived: ++received } })",
                          name),
                    url());
        TRY_HOLDS(scene, "exchange.ready && queue.ready");
        BrokerTest::Peer peer;
        QVERIFY(peer.open());
        VERIFY_OK(peer.channel()->deleteExchange(name));
        scene.value("exchange.publish('k', 1)");
        TRY_HOLDS(scene, "exchange.errorCode === 404 && exchange.lost === 1 && !exchange.ready");
        QVERIFY(scene.holds("queue.ready && broker.connected && exchange.errors === 1"));
        scene.value("exchange.active = false; exchange.active = true");
        TRY_HOLDS(scene, "exchange.ready && exchange.errorString === ''");
        scene.value("queue.active = false; queue.active = true"); // the binding had gone, too
        TRY_HOLDS(scene, "queue.ready");
        scene.value("exchange.publish('k', 1)");
        TRY_HOLDS(scene, "queue.received === 1");
        VERIFY_OK(peer.channel()->deleteExchange(name));
        scene.value("exchange.publish('k', 1)");
        TRY_HOLDS(scene, "exchange.errors === 2");
        QVERIFY(scene.holds("exchange.publish('k', 1) > 0")); // declares it again
        TRY_HOLDS(scene, "exchange.ready && exchange.unconfirmed === 0 && !exchange.errorString");
    }

    void whatIsDestroyedIsGoneFromTheBroker()
    {
        const QString name = uniqueName();
        BrokerTest::Peer peer;
        QVERIFY(peer.open());
        const auto consumers = [&] {
            const auto future =
                    peer.channel()->declareQueue(name, QAmqpQueueOptions().setDurable());
            return BrokerTest::failure(future) ? -1 : int(future.result().consumerCount);
        };
        QCOMPARE(consumers(), 0);
        Scene scene(named(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                Instantiator { id: queues; model: 2; delegate: AmqpQueue { name: "NAME"; durable: true } }
            })",
                          name),
                    url());
        QTRY_COMPARE_WITH_TIMEOUT(consumers(), 2, QmlPatience);
        scene.value("queues.model = 1");
        QTRY_COMPARE_WITH_TIMEOUT(consumers(), 1, QmlPatience);
        scene.value("queues.active = false");
        QTRY_COMPARE_WITH_TIMEOUT(consumers(), 0, QmlPatience);
        QVERIFY(scene.holds("broker.connected"));
        VERIFY_OK(peer.channel()->deleteQueue(name));
    }

    void requestsAreAnswered()
    {
        const QString name = uniqueName();
        BrokerTest::Peer peer;
        QVERIFY(peer.open());
        QAmqpChannel *channel = peer.channel();
        VERIFY_OK(channel->declareQueue(name, QAmqpQueueOptions().setExclusive()));
        QAmqpRpcServer server(channel, name);
        server.setHandler([](const QAmqpDelivery &request) {
            return QAmqpMessage(request.body() + request.body());
        });
        QVERIFY(server.start());
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpRpcClient { id: client; property var replies: [] }
            })",
                    url());
        TRY_HOLDS(scene, "client.ready");
        scene.value(u"for (const n of [12, 'é']) client.call('%1', n, (reply, error) => "
                    "client.replies.push(error ? error.text : reply.text))"_s.arg(name));
        TRY_HOLDS(scene, "client.replies.length === 2 && client.pending === 0");
        QCOMPARE(scene.text("client.replies.join()"), u"1212,éé"_s);
    }

    void aWrongPasswordIsTold()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"ACCESS_REFUSED"_s));
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                                        userName: "guest"; password: "wrong" })",
                    url());
        TRY_HOLDS(scene, "broker.error.kind === 'AuthenticationFailed'");
        QVERIFY(scene.holds("!broker.errorString.includes('wrong') && !broker.error.retryable"));
        scene.value("broker.password = 'guest'");
        TRY_HOLDS(scene, "broker.connected && broker.errorString === ''");
    }

    void aPasswordBelongsToTheUserOfTheUrl()
    {
        QUrl withoutPassword = url();
        withoutPassword.setPassword(QString());
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true; password: secret })",
                    withoutPassword, {{u"secret"_s, url().password()}});
        TRY_HOLDS(scene, "broker.connected");
    }

    void tlsFilesMayBeUrls()
    {
        const QUrl tls(BrokerTest::environment("QTAMQP_TEST_TLS_URL"));
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true; heartbeat: 5
                                        connectionName: "qml"; caCertificateFile: ca })",
                    tls,
                    {{u"ca"_s,
                      QUrl::fromLocalFile(BrokerTest::environment("QTAMQP_TEST_CA")).toString()}});
        TRY_HOLDS(scene, "broker.connected");
    }
};

QTAMQP_BROKER_TEST(TestRabbitmq)
#include "tst_rabbitmq.moc"
