// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a program in QML does at awkward moments: before anything is open, inside a callback, after an error.

#include "qmltest.h"
#include "scripted/autobroker.h"
#include "scripted/ports.h"

#include <QtAmqp/qamqpconnection.h>
#include <qamqpquickconnection.h>
#include <QtCore/qthread.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

// What a modal dialog is: events are handled inside a handler.
class Runner : public QObject
{
    Q_OBJECT

public:
    Q_INVOKABLE void run()
    {
        QElapsedTimer since;
        since.start();
        while (scene && since.elapsed() < 500)
            QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
    }
    Scene *scene = nullptr;
};

class TestMoments : public QObject
{
    Q_OBJECT

    Runner m_runner;

    static void expectNotFound()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"closed channel \\d+: .*404"_s));
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    void whatIsPublishedAtOnceArrives()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpExchange {
                    id: exchange; name: "ex"; type: "topic"
                    property var told: []
                    onConfirmed: (first, last) => told.push(first + "-" + last)
                    Component.onCompleted: { publish("k", 1); publish("k", 1, { bad: 1 }) }
                }
                AmqpQueue {
                    id: named; name: "q"; bindings: [{ exchange: "ex" }]
                    property string received
                    onMessageReceived: (message) => received += message.text
                    Component.onCompleted: publish("a")
                }
                AmqpQueue {
                    id: unnamed
                    property string received
                    onMessageReceived: (message) => received += message.text
                    Component.onCompleted: publish("b")
                }
            })",
                    server.url());
        QVERIFY(scene.holds("exchange.unconfirmed === 1 && exchange.errorString.includes('bad')"));
        TRY_HOLDS(scene, "exchange.told.join() === '1-1' && exchange.unconfirmed === 0");
        TRY_HOLDS(scene, "exchange.ready && named.ready && unnamed.ready");
        QVERIFY(scene.holds("exchange.errorString.includes('bad') && !named.errorString"));
        QCOMPARE(server.brokers.size(), 1);
        // The broker delivers to consumers that are there already.
        scene.value("named.publish('c'); unnamed.publish('d')");
        TRY_HOLDS(scene, "named.received.includes('c') && unnamed.received.includes('d')");
        scene.value("unnamed.active = false");
        QVERIFY(scene.holds("unnamed.queueName === ''"));
    }

    // The name that the broker makes up is waited for.
    void aMessageForAnUnnamedQueueIsNotPublishedToAnother()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; property string received; ackPolicy: AmqpQueue.NoAck
                            onMessageReceived: (message) => received += message.text }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("queue.durable = true; queue.publish('x')");
        QVERIFY(scene.holds("queue.queueName === ''"));
        TRY_HOLDS(scene, "queue.ready && queue.queueName.startsWith('amq.gen-')");
        TRY_HOLDS(scene, "queue.received === 'x'");
    }

    void aRequestMayBeRepeatedInItsCallback()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpRpcClient {
                    id: client
                    property int answers: 0
                    property bool calling: false
                    property bool synchronous: false
                    function ask() {
                        calling = true
                        request("hold", {}, (reply, error) => {
                            synchronous = synchronous || calling
                            if (++answers < 3) ask()
                        })
                        calling = false
                    }
                }
            })",
                    server.url());
        scene.value("client.ask()");
        TRY_HOLDS(scene, "client.ready && client.pending === 1");
        scene.value("client.active = false");
        TRY_HOLDS(scene, "client.answers === 3 && client.pending === 0");
        QVERIFY(scene.holds("!client.synchronous"));
    }

    void afterAnErrorTheNextCallSetsUpAnew()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpExchange {
                    id: exchange
                    property var lost: []
                    onIndeterminate: (first, last) => lost.push(first)
                }
                AmqpRpcClient { id: client; property var answers: [] }
            })",
                    server.url());
        TRY_HOLDS(scene, "exchange.ready && client.ready");
        expectNotFound();
        scene.value("exchange.publish('close channel', 'x')");
        TRY_HOLDS(scene, "exchange.errorCode === 404 && exchange.lost.length === 1");
        QVERIFY(scene.holds("exchange.publish('k', 'x') === 1 && exchange.errorCode === 0"));
        TRY_HOLDS(scene, "exchange.ready && exchange.unconfirmed === 0");
        const auto ask = [&](const char *key) {
            scene.value(u"client.call('%1', {}, (reply, error) => "
                        "client.answers.push(error.kind))"_s.arg(QLatin1StringView(key)));
        };
        expectNotFound();
        ask("close channel");
        TRY_HOLDS(scene, "client.answers.join() === 'NotFound' && client.errorCode === 404");
        ask("nowhere");
        TRY_HOLDS(scene, "client.answers.join() === 'NotFound,Unroutable' && client.ready");
        expectNotFound();
        ask("close channel");
        TRY_HOLDS(scene, "client.errorCode === 404");
        scene.value("client.exchange = 'other'");
        TRY_HOLDS(scene, "client.ready && client.errorCode === 0");
    }

    // The document of the connection is complete after the one that calls, in an Instantiator.
    void whatWasKeptAndCannotBeSentIsTold()
    {
        AutoServer server;
        Scene scene(R"(
            QtObject {
                id: log
                property var told: []
                property int errors: 0
                property int unconfirmed: 0
            },
            Instantiator {
                delegate: AmqpExchange {
                    connection: broker
                    onConfirmed: (first, last) => log.told.push(first + "-" + last)
                    onIndeterminate: (first, last) => log.told.push("lost " + first + "-" + last)
                    onErrorOccurred: ++log.errors
                    onUnconfirmedChanged: log.unconfirmed = unconfirmed
                    Component.onCompleted: {
                        publish("k", 1)
                        publish("k".repeat(256), 2)
                        if (publish("k", 3) !== 3 || unconfirmed !== 3)
                            log.told.push("wrong")
                    }
                }
            },
            AmqpConnection { id: broker; url: "URL"; active: true })",
                    server.url());
        TRY_HOLDS(scene, "log.told.length === 3 && log.unconfirmed === 0");
        QCOMPARE(scene.text("log.told.join()"), u"lost 2-2,1-1,3-3"_s);
        QCOMPARE(scene.value("log.errors").toInt(), 1);

        Scene closed(R"(AmqpConnection {
                AmqpExchange {
                    id: exchange
                    property int lost: 0
                    property int errors: 0
                    onIndeterminate: (first, last) => lost += last - first + 1
                    onErrorOccurred: ++errors
                    Component.onCompleted: { publish("k", 1); publish("k", 2) }
                }
            })");
        QVERIFY(closed.holds("exchange.unconfirmed === 2 && exchange.lost === 0"));
        TRY_HOLDS(closed, "exchange.unconfirmed === 0 && exchange.lost === 2");
        QVERIFY(closed.holds("exchange.error.kind === 'NotOpen' && exchange.errors === 2"));
    }

    void whatWasNotConfirmedIsToldWhenTheChannelGoes()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpExchange {
                    id: exchange
                    property var lost: []
                    onIndeterminate: (first, last) => lost.push(first + "-" + last)
                }
            })",
                    server.url());
        TRY_HOLDS(scene, "exchange.ready");
        scene.value("for (const key of ['hold', 'k', 'hold', 'hold']) exchange.publish(key, 'x')");
        TRY_HOLDS(scene, "exchange.unconfirmed === 3");
        scene.value("broker.reopen()");
        QVERIFY(scene.holds("exchange.unconfirmed === 0"));
        QCOMPARE(scene.text("exchange.lost.join()"), u"1-1,3-4"_s);
    }

    void anErrorHandlerMaySwitchOff()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; exclusive: true
                            onErrorStringChanged: if (errorString === "") active = false }
                AmqpQueue { id: other; name: "other" }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("queue.publish('x', { bad: 1 }); queue.durable = true; other.durable = true");
        TRY_HOLDS(scene, "other.ready");
        QVERIFY(scene.holds("!queue.active && !queue.ready && queue.queueName === ''"));
        QTest::qWait(20); // were it set up, it would be ready about when the other is
        QVERIFY(scene.holds("!queue.ready"));
    }

    // The declaration fails at once, while the object is being set up.
    void anErrorHandlerMayEndWhatIsBeingSetUp_data()
    {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("handler");
        for (const char *what : {"AmqpQueue { ", "AmqpExchange { type: 'topic'; "}) {
            for (const char *handler : {"active = false", "name = 'short'"})
                QTest::addRow("%s%s", what, handler)
                        << QString::fromLatin1(what) << QString::fromLatin1(handler);
        }
    }
    void anErrorHandlerMayEndWhatIsBeingSetUp()
    {
        QFETCH(QString, what);
        QFETCH(QString, handler);
        AutoServer server;
        Scene scene(
                "AmqpConnection { id: broker; url: \"URL\"; active: true; property var it: one\n"
                        + what.toUtf8()
                        + R"(id: one; name: 'x'.repeat(300); bindings: [{ exchange: "ex" }]
                                 property int errors: 0; onErrorOccurred: { ++errors; )"
                        + handler.toUtf8() + " } } }",
                server.url());
        TRY_HOLDS(scene, "one.errors === 1 && broker.connected");
        if (handler.contains(u"short"))
            TRY_HOLDS(scene, "one.ready && one.errorString === ''");
        else
            QVERIFY(scene.holds("!one.active && !one.ready"));
        QVERIFY(scene.holds("one.errors === 1"));
    }

    void aMendedBindingClearsItsError_data()
    {
        QTest::addColumn<QString>("wrong");
        QTest::newRow("no exchange") << u"[{ exchange: '' }]"_s;
        QTest::newRow("key too long") << u"[{ exchange: 'e', routingKey: 'x'.repeat(300) }]"_s;
    }

    void aMendedBindingClearsItsError()
    {
        QFETCH(QString, wrong);
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; property int errors: 0; onErrorOccurred: ++errors }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value(u"queue.bindings = "_s + wrong);
        TRY_HOLDS(scene, "queue.error.kind === 'InvalidArgument'");
        scene.value("queue.bindings = [{ exchange: 'e', routingKey: 'ok' }]");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
        QVERIFY(scene.holds("queue.errors === 1"));
    }

    void whatNobodyListensForIsNotAcknowledged()
    {
        AutoServer server;
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"nobody listens"_s));
        Scene scene(R"(
            AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q" }
                AmqpExchange { id: exchange }
            },
            AmqpMessageModel { id: model })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        scene.value("queue.publish('x'); queue.publish('y')"); // one warning
        TRY_HOLDS(scene, "queue.messagesPerSecond > 0");
        QVERIFY(server.brokers.first()->acked.isEmpty());
        scene.value("model.queue = queue; queue.publish('z')");
        TRY_HOLDS(scene, "model.count === 1");
        QTRY_COMPARE(server.brokers.first()->acked, QList<quint64>{3});
    }

    void whatJsonCannotExpressIsRefused()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpMessageModel { id: model; queue: queue },
            AmqpConnection { url: "URL"; active: true; AmqpQueue { id: queue; name: "q" } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("const ring = {}; ring.self = ring; queue.publish(ring)");
        QVERIFY2(
                scene.holds(
                        "queue.error.kind === 'InvalidArgument' && queue.errorString.includes('JSON')"),
                qPrintable(scene.text("queue.errorString")));
        QVERIFY(scene.holds(
                "queue.publish(() => 1) === 0 && queue.errorString.includes('function')"));
        QVERIFY(scene.holds("queue.publish({ buffer: new ArrayBuffer(3), n: 1 }) === 1"));
        TRY_HOLDS(scene, "model.count === 1 && model.get(0).json.n === 1");
    }

    // A fault of one message says nothing about the exchange being there.
    void queuesWaitForTheExchangeWhateverElseFails()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpExchange { id: exchange; name: "ex"; type: "topic" }
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: "ex" }] }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        const auto *broker = scene.value("broker").value<QAmqpQuickConnection *>();
        QVERIFY(!broker->isDeclaring());
        scene.value("queue.durable = true; exchange.durable = true;"
                    "exchange.publish('k', 1, { bad: 1 })");
        QVERIFY(broker->isDeclaring());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        QVERIFY(!broker->isDeclaring());
    }

    void aSourceThatIsStillToComeIsWaitedFor()
    {
        AutoServer server;
        QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url()));
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; source: null; active: true
                AmqpQueue { id: queue }
            })",
                    server.url(), {{u"cpp"_s, QVariant::fromValue(&connection)}});
        QTest::qWait(50);
        QVERIFY(server.brokers.isEmpty() && scene.holds("!broker.errorString"));
        scene.value("broker.source = cpp");
        connection.open();
        TRY_HOLDS(scene, "queue.ready");
        QCOMPARE(server.brokers.size(), 1);
    }

    void theErrorOfASourceIsShownAndGoesWithIt()
    {
        AutoServer server;
        const QUrl url(u"amqp://127.0.0.1:%1"_s.arg(closedPort()));
        QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(url));
        connect(&connection, &QAmqpConnection::errorOccurred, this, [] {}); // else it warns
        connection.open();
        QTRY_VERIFY(connection.lastError().isError());
        Scene scene("AmqpConnection { id: broker; source: cpp; active: true }", {},
                    {{u"cpp"_s, QVariant::fromValue(&connection)}});
        TRY_HOLDS(scene, "broker.error.kind === 'HostUnreachable'");
        connection.setOptions(QAmqpConnectionOptions::fromUrl(server.url()));
        connection.open();
        TRY_HOLDS(scene, "broker.connected && broker.errorString === ''");
    }

    void aSourceOfAnotherThreadIsRefused()
    {
        QThread thread;
        QAmqpConnection connection{QAmqpConnectionOptions()};
        connection.moveToThread(&thread);
        Scene scene("AmqpConnection { id: broker; source: cpp; active: true }", {},
                    {{u"cpp"_s, QVariant::fromValue(&connection)}});
        TRY_HOLDS(scene, "broker.errorString.includes('thread')");
    }

    // A binding does not hold on to what is destroyed, nor does a list.
    void whatIsDestroyedIsNoticed()
    {
        AutoServer server;
        Scene scene(R"(
            AmqpConnection {
                id: broker; url: "URL"
                AmqpQueue { id: inner }
                AmqpExchange { id: exchange }
            },
            AmqpQueue { id: queue; connection: broker },
            AmqpMessageModel { id: model; queue: inner },
            QtObject {
                id: seen
                readonly property bool connection: queue.connection !== null
                readonly property bool queue: model.queue !== null
            })",
                    server.url());
        QVERIFY(scene.holds("broker.data.length === 2 && seen.connection && seen.queue"));
        delete scene.value("inner").value<QObject *>();
        QVERIFY(scene.holds(
                "broker.data.length === 1 && broker.data[0] === exchange && !seen.queue"));
        delete scene.value("broker").value<QObject *>();
        QVERIFY(scene.holds("!seen.connection"));
    }

    void aPurgeThatCannotBeIsTold()
    {
        Scene scene("AmqpConnection { AmqpQueue { id: queue } }");
        scene.value("queue.purge()");
        TRY_HOLDS(scene, "queue.error.kind === 'NotOpen' && queue.errorString");
    }

    // A handler in which an event loop runs, and which then switches off: its message was handled, and the
    // next one, which waited for it to return, goes back.
    void aHandlerThatSwitchesOffIsAcknowledged()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"
                            onMessageReceived: (message) => {
                                if (message.text !== "outer")
                                    return
                                runner.run()
                                active = false
                            } }
            })",
                    server.url(), {{u"runner"_s, QVariant::fromValue<QObject *>(&m_runner)}});
        TRY_HOLDS(scene, "queue.ready");
        m_runner.scene = &scene;
        scene.value("queue.publish('outer'); queue.publish('inner')");
        TRY_HOLDS(scene, "!queue.active");
        m_runner.scene = nullptr;
        QTRY_COMPARE(server.brokers.first()->nacked, QList<quint64>{2});
        QCOMPARE(server.brokers.first()->acked, QList<quint64>{1});
    }

    // What a label shows while there is no broker, for a night perhaps.
    void theReasonAndTheNextAttemptAreShown()
    {
        const QUrl url(
                u"amqp://127.0.0.1:%1?connection_attempts=0&retry_delay=60"_s.arg(closedPort()));
        Scene scene(R"(
            AmqpConnection { id: broker; url: "URL"; active: true
                             property int errors: 0; onErrorOccurred: ++errors },
            QtObject { id: label; property string text: broker.stateText
                       property string reason: broker.lastError.text
                       property int seconds: broker.secondsToNextAttempt
                       property bool waits: !isNaN(broker.nextAttempt) })",
                    url);
        TRY_HOLDS(scene, "label.waits");
        QVERIFY(scene.holds("broker.state === AmqpConnection.Connecting && broker.errors === 0"));
        QVERIFY(scene.holds("broker.errorString === '' && label.seconds > 50"));
        QVERIFY2(
                scene.holds(
                        "label.reason.includes('127.0.0.1') && label.text.includes(label.seconds)"),
                qPrintable(scene.text("label.text + label.reason")));
        QVERIFY(scene.holds("broker.nextAttempt > new Date()"));
        // Whoever does not want to wait:
        scene.value("broker.reopen()");
        QVERIFY(scene.holds("!label.waits && label.seconds === 0 && label.reason !== ''"));
        TRY_HOLDS(scene, "label.waits");
        AutoServer server;
        scene.value(u"broker.url = '%1'"_s.arg(server.url().toString()));
        QVERIFY(scene.holds("label.reason === '' && !label.waits"));
        TRY_HOLDS(scene, "broker.connected");
        QCOMPARE(scene.text("label.text"), u"Connected"_s);
    }

    // Also by an object that comes to a connection of C++ while it waits.
    void theReasonOfASourceThatWaitsIsShown()
    {
        const QUrl url(
                u"amqp://127.0.0.1:%1?connection_attempts=0&retry_delay=60"_s.arg(closedPort()));
        QAmqpConnection amqp(QAmqpConnectionOptions::fromUrl(url));
        amqp.open();
        QTRY_VERIFY_WITH_TIMEOUT(amqp.nextAttempt().isValid(), QmlPatience);
        QCoreApplication::processEvents(); // its signals are over
        Scene scene("AmqpConnection { id: broker; source: cpp; active: true }", {},
                    {{u"cpp"_s, QVariant::fromValue(&amqp)}});
        TRY_HOLDS(scene, "broker.secondsToNextAttempt > 0");
        QVERIFY(scene.holds("broker.lastError.text.includes('127.0.0.1')"));
    }

    void aLostLinkIsCalledThat_data()
    {
        QTest::addColumn<int>("fault");
        QTest::addColumn<QString>("text");
        QTest::newRow("lost") << int(AutoFault::Drop) << u"Connection lost"_s;
        QTest::newRow("closed") << int(AutoFault::CloseConnection)
                                << u"The broker closed the connection"_s;
    }

    void aLostLinkIsCalledThat()
    {
        QFETCH(int, fault);
        AutoServer server;
        Scene scene(R"(
            AmqpConnection { id: broker; url: "URL"; active: true; onErrorOccurred: { }
                             AmqpQueue { id: queue; name: "q" } },
            QtObject { id: label; property string text: broker.stateText
                       property string reason: broker.lastError.text })",
                    withoutRecovery(server.url()));
        TRY_HOLDS(scene, "queue.ready && label.text === 'Connected' && label.reason === ''");
        server.fault = {AutoFault::Kind(fault), QtAmqpPrivate::QueuePurge::info.id()};
        scene.value("queue.purge()");
        TRY_HOLDS(scene, "!broker.connected");
        QTEST(scene.text("label.text"), "text");
        QVERIFY(scene.holds("label.reason !== '' && label.reason === broker.errorString"));
        scene.value("broker.reopen()");
        QVERIFY(scene.holds("label.reason !== '' || broker.connected"));
        TRY_HOLDS(scene, "queue.ready && label.reason === ''");
        scene.value("broker.active = false");
        QCOMPARE(scene.text("label.text + label.reason"), u"Not connected"_s);
    }

    void theStateIsInWordsWhenSwitchedOff()
    {
        Scene scene(R"(
            AmqpConnection { id: broker; url: "URL"; active: true },
            QtObject { id: label; property string text: broker.stateText })",
                    QUrl(u"amqp://localhost?hartbeat=1"_s));
        TRY_HOLDS(scene, "label.text === 'Connection failed'");
        scene.value("broker.active = false");
        QCOMPARE(scene.text("label.text"), u"Not connected"_s);
    }
};

QTAMQP_TEST(TestMoments)
#include "tst_moments.moc"
