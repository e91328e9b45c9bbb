// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The link is lost and comes back, or there is no broker at first: objects stay as they are, and are not ready for a
// while.

#include "qmltest.h"

#include <QtAmqpTest/qamqptestbroker.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

class TestRecovery : public QObject
{
    Q_OBJECT

private:
    // A long wait that reconnectNow() ends.
    QUrl waiting() const
    {
        QUrl url = m_broker->url();
        url.setQuery(u"recovery_delay=60"_s);
        return url;
    }

    std::unique_ptr<QAmqpTestBroker> m_broker;

private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(u"qml|QML|Error:|QObject|QJS"_s));
        m_broker = std::make_unique<QAmqpTestBroker>();
        QVERIFY2(m_broker->start(), qPrintable(m_broker->errorString()));
    }

    void objectsSurviveALostLink()
    {
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                property int errors: 0; onErrorOccurred: ++errors
                AmqpExchange { id: exchange; name: "e"; type: "topic"
                               property int errors: 0; onErrorOccurred: ++errors }
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: "e", routingKey: "#" }]
                            property int declarations: 0; onDeclared: ++declarations
                            property int errors: 0; onErrorOccurred: ++errors
                            property var texts: []
                            onMessageReceived: (message) => texts.push(message.text) }
                AmqpQueue { id: unnamed; bindings: [{ exchange: "e", routingKey: "#" }]
                            property var names: []; onDeclared: names.push(queueName)
                            property var texts: []
                            onMessageReceived: (message) => texts.push(message.text) }
                AmqpRpcClient { id: client }
            })",
                    m_broker->url());
        TRY_HOLDS(scene, "queue.ready && unnamed.ready && exchange.ready && client.ready");
        const QString name = scene.text("unnamed.queueName");
        m_broker->dropConnections();
        TRY_HOLDS(scene, "broker.recovering && broker.state === AmqpConnection.Recovering");
        QVERIFY(scene.holds("!queue.ready && !unnamed.ready && !exchange.ready && !client.ready"));
        QVERIFY(scene.holds("!broker.connected && broker.lastError.text !== ''"));
        TRY_HOLDS(scene, "queue.ready && unnamed.ready && exchange.ready && client.ready");
        TRY_HOLDS(scene, "broker.connected && !broker.recovering");
        QVERIFY(scene.holds("broker.lastError.text === '' && broker.errorString === ''"));
        scene.value("exchange.publish('k', 'x')");
        TRY_HOLDS(scene, "queue.texts.join() === 'x' && unnamed.texts.join() === 'x'");
        QVERIFY(scene.text("unnamed.queueName") != name);
        QCOMPARE(scene.text("unnamed.names.join()"), name + u',' + scene.text("unnamed.queueName"));
        QVERIFY(scene.holds("broker.errors + exchange.errors + queue.errors === 0"));
        QVERIFY(scene.holds("queue.declarations === 1")); // it was not set up anew
    }

    void theCountdownIsShownAndCanBeCutShort()
    {
        Scene scene(R"(
            AmqpConnection { id: broker; url: "URL"; active: true; onErrorOccurred: { }
                             AmqpQueue { id: queue; name: "q" } },
            QtObject { id: label; property string text: broker.stateText
                       property int seconds: broker.secondsToNextAttempt })",
                    waiting());
        TRY_HOLDS(scene, "queue.ready");
        m_broker->stop();
        TRY_HOLDS(scene, "label.seconds > 50");
        QCOMPARE(scene.text("label.text"),
                 u"Connection lost, trying again in %1 s"_s.arg(scene.text("label.seconds")));
        QVERIFY(scene.holds("broker.lastError.text !== '' && broker.errorString === ''"));
        QVERIFY(m_broker->start());
        scene.value("broker.reconnectNow()");
        TRY_HOLDS(scene, "queue.ready && label.text === 'Connected'");
        QVERIFY(scene.holds("label.seconds === 0 && isNaN(broker.nextAttempt)"));
    }

    void theFirstOpenIsTriedAgainToo()
    {
        const QUrl url = m_broker->url();
        m_broker->stop();
        // Nobody hears an error, so that the log tells it, once.
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"127.0.0.1.* cannot be reached"_s));
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                                        AmqpQueue { id: queue; name: "q" } })",
                    url);
        TRY_HOLDS(scene, "broker.lastError.text !== ''");
        QVERIFY(scene.holds("broker.errorString === '' && !broker.recovering"));
        QVERIFY(scene.holds("broker.state === AmqpConnection.Connecting"));
        QVERIFY(m_broker->start());
        TRY_HOLDS(scene, "queue.ready && broker.lastError.text === ''");
    }

    void unsettledRowsBecomeStale()
    {
        Scene scene(R"(
            AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; ackPolicy: AmqpQueue.AckManually }
            },
            AmqpMessageModel { id: messages; queue: queue },
            Instantiator {
                id: rows
                model: messages
                delegate: QtObject { required property bool stale; required property bool settled }
            })",
                    m_broker->url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value("for (const text of ['a', 'b', 'c']) queue.publish(text)");
        TRY_HOLDS(scene, "rows.count === 3");
        QVERIFY(scene.holds("messages.ack(0)"));
        TRY_HOLDS(scene, "rows.objectAt(0).settled");
        QTRY_COMPARE(m_broker->counters().acknowledged, quint64(1));
        m_broker->dropConnections();
        TRY_HOLDS(scene, "rows.objectAt(1).stale && rows.objectAt(2).stale");
        QVERIFY(scene.holds("!rows.objectAt(0).stale && !rows.objectAt(1).settled"));
        QVERIFY(scene.holds("!messages.ack(1)"));
        TRY_HOLDS(scene, "rows.count === 5");
        QVERIFY(scene.holds("messages.get(3).redelivered && !messages.get(3).stale"));
        QVERIFY(scene.holds("!rows.objectAt(3).stale && messages.ack(3) && messages.ack(4)"));
        TRY_HOLDS(scene, "rows.objectAt(3).settled && rows.objectAt(4).settled");
    }

    void whatIsDoneMeanwhileIsDoneAfterwards()
    {
        Scene scene(R"(AmqpConnection {
                id: broker; url: "URL"; active: true
                AmqpExchange { id: exchange; name: "e"; type: "topic"
                               property int told: 0; onConfirmed: ++told }
                AmqpQueue { id: queue; name: "q"; bindings: [{ exchange: "e", routingKey: "a" }]
                            property var texts: []
                            onMessageReceived: (message) => texts.push(message.text) }
                AmqpQueue { id: other; name: "other" }
            })",
                    waiting());
        TRY_HOLDS(scene, "queue.ready && exchange.ready && other.ready");
        m_broker->dropConnections();
        TRY_HOLDS(scene, "broker.secondsToNextAttempt > 0");
        scene.value("queue.bindings = [{ exchange: 'e', routingKey: 'b' }]");
        scene.value("other.durable = true; other.name = 'another'; other.prefetch = 7");
        QVERIFY(scene.holds("exchange.publish('k', 'x') > 0"));
        QCoreApplication::processEvents();
        QVERIFY(scene.holds("!queue.ready && !other.ready && !exchange.ready"));
        scene.value("broker.reconnectNow()");
        TRY_HOLDS(scene, "queue.ready && exchange.ready && other.ready && exchange.told === 1");
        QVERIFY(m_broker->queue(u"another"_s)->durable);
        scene.value("exchange.publish('a', 'old'); exchange.publish('b', 'new')");
        TRY_HOLDS(scene, "queue.texts.join() === 'new'");
    }

    void switchingOffEndsTheOutage()
    {
        Scene scene(R"(AmqpConnection { id: broker; url: "URL"; active: true
                                        AmqpQueue { id: queue; name: "q" } })",
                    waiting());
        TRY_HOLDS(scene, "queue.ready");
        m_broker->dropConnections();
        TRY_HOLDS(scene, "broker.secondsToNextAttempt > 0");
        scene.value("broker.active = false");
        QVERIFY(scene.holds("!broker.recovering && broker.secondsToNextAttempt === 0"));
        QCOMPARE(scene.text("broker.stateText + broker.lastError.text"), u"Not connected"_s);
        scene.value("broker.active = true");
        TRY_HOLDS(scene, "queue.ready");
    }
};

QTAMQP_TEST(TestRecovery)
#include "tst_recovery.moc"
