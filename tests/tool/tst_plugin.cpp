// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What only RabbitMQ can show of info, tap, move and copy: what its management plugin answers, what its headers exchange
// passes on, and where its quorum queue puts back what was held.

#include "tool/tooltest.h"

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestPlugin : public QObject
{
    Q_OBJECT

private:
    // A queue that goes with the test.
    QString makeQueue(const QAmqpQueueOptions &options = QAmqpQueueOptions())
    {
        const QString name = uniqueName(u"plugin"_s);
        if (const QAmqpError error = failure(m_peer->channel()->declareQueue(name, options)))
            qWarning() << error;
        m_queues += name;
        return name;
    }

    std::unique_ptr<BrokerTest::Peer> m_peer;
    QStringList m_queues;

private Q_SLOTS:
    void initTestCase()
    {
        m_peer = std::make_unique<BrokerTest::Peer>();
        QVERIFY(m_peer->open());
    }

    void cleanup()
    {
        QAmqpChannel *channel = m_peer->channel();
        for (const QString &queue : std::exchange(m_queues, {}))
            VERIFY_OK(channel->deleteQueue(queue));
        channel->close();
    }

    void cleanupTestCase() { QVERIFY(m_peer->close()); }

    void infoAndTapByTheManagementPlugin()
    {
        const QString port = environment("QTAMQP_TEST_MANAGEMENT_PORT");
        if (port.isEmpty())
            QSKIP("the broker's management plugin is not known");
        const QString queue = makeQueue();
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->bindQueue(queue, u"amq.topic"_s, u"info.#"_s));
        const QStringList plugin{u"--management"_s, u"http://127.0.0.1:"_s + port};
        Result result = run(QStringList{u"info"_s, u"queues"_s, queue, u"--json"_s} + plugin);
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(json(result.output).value(u"queue"_s), queue);
        QCOMPARE(json(result.output).value(u"type"_s), u"classic"_s);
        for (const QString &kind : {u"broker"_s, u"exchanges"_s, u"bindings"_s, u"connections"_s,
                                    u"channels"_s, u"consumers"_s}) {
            result = run(QStringList{u"info"_s, kind} + plugin);
            VERIFY_RUN(result, 0, QString());
            QVERIFY2(kind != u"bindings"_s || result.output.contains("info.#"),
                     result.output.constData());
        }
        VERIFY_RUN(
                run({u"info"_s, u"queues"_s, u"--management"_s,
                     u"http://guest:wrong@127.0.0.1:"_s + port}),
                3,
                u"qamqp info: http://127.0.0.1:%1 refused the user; check the user and the password, and "
                "that the user has the tag \"management\"; without it there are only the counts of queues "
                "that are named, as in qamqp info queues NAME, and qamqp ping\n"_s.arg(port));
        VERIFY_RUN(run(QStringList{u"tap"_s, u"--queue"_s, u"nope"_s} + plugin), 3,
                   u"qamqp tap: there is no queue \"nope\"\n"_s);

        Program tap(
                QStringList{u"tap"_s, u"-q"_s, queue, u"-n"_s, u"1"_s, u"--format"_s, u"%r %b"_s}
                + plugin);
        QVERIFY(waitFor([&] { // what was published before it was bound is not seen
            channel->publish(u"amq.topic"_s, u"info.x"_s, QByteArray("body"));
            return !tap.isRunning();
        }));
        QCOMPARE(tap.status(), 0);
        QCOMPARE(tap.output(), "info.x body\n");
        QVERIFY(readyMessages(*m_peer, queue) > 0);
    }

    // A headers exchange passes everything to a binding without arguments, and a quorum queue keeps its order.
    void tapAndMoveWithRabbit()
    {
        Program tap({u"tap"_s, u"amq.headers"_s, u"-n"_s, u"1"_s});
        QAmqpChannel *channel = m_peer->channel();
        QVERIFY(waitFor([&] {
            channel->publish(u"amq.headers"_s, u"k"_s, QByteArray("body"));
            return !tap.isRunning();
        }));
        QCOMPARE(tap.status(), 0);
        QCOMPARE(tap.output(), "body\n");

        const QString from = makeQueue(QAmqpQueueOptions().setDurable().setExclusive(false).setType(
                QAmqpQueueOptions::Type::Quorum));
        const QString to = makeQueue();
        for (const QByteArray &number : numbers(0, 6))
            channel->publish(QString(), from, number);
        VERIFY_OK(channel->allConfirmed());
        for (const QString &command : {u"copy"_s, u"move"_s})
            VERIFY_RUN(run({command, from, to, u"--filter"_s, u"body=?"_s, u"--filter"_s,
                            u"body!=3"_s}),
                       0, QString());
        QCOMPARE(readyMessages(*m_peer, from), 1);
        const QList<QByteArray> moved{"0", "1", "2", "4", "5"};
        for (const QByteArray &number : moved + moved)
            QCOMPARE(fetch(channel, to)->body(), number);
        VERIFY_RUN(
                run({u"move"_s, from, u"nope"_s}), 3,
                u"qamqp move: %1 closed channel 2: NOT_FOUND - no queue 'nope' in vhost '%2' (404, "
                "queue.declare); declare it first, or check its name\n"_s.arg(options().endpoint(),
                                                                              virtualHost()));
        QCOMPARE(fetch(channel, from)->body(), "3");
    }
};

QTAMQP_BROKER_TEST(TestPlugin)
#include "tst_plugin.moc"
