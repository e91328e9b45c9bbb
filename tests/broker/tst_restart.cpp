// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A node is killed, starved and started again. Programs that know nothing of reconnecting go on.

#include "ownnode.h"
#include "traffic.h"

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqprecoveryreport.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qprocess.h>
#include <QtCore/qurl.h>

#include <atomic>
#include <thread>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

namespace {

// Another process and all that it has printed.
class Program
{
public:
    Program(const QString &program, const QStringList &arguments)
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(program, arguments);
    }
    ~Program()
    {
        m_process.kill();
        m_process.waitForFinished();
    }
    Q_DISABLE_COPY_MOVE(Program)

    bool hasPrinted(const QByteArray &line)
    {
        m_output += m_process.readAll();
        return ('\n' + m_output).contains('\n' + line + '\n');
    }
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    bool hasSucceeded() const
    {
        return !isRunning() && m_process.exitStatus() == QProcess::NormalExit
                && m_process.exitCode() == 0;
    }
    const QByteArray &output() const { return m_output; }

private:
    QProcess m_process;
    QByteArray m_output;
};

// A loop over the messages of a queue, by a thread that waits for each. It ends with the message "end".
class Loop
{
public:
    Loop(const QString &url, const QString &queue) : m_thread([=, this] { run(url, queue); }) { }
    ~Loop() { m_thread.join(); }
    Q_DISABLE_COPY_MOVE(Loop)

    int seen() const { return m_seen; }
    bool hasEnded() const { return m_hasEnded; }
    QString error() const { return m_error; } // once it has ended

private:
    void run(const QString &url, const QString &queue)
    {
        try {
            QAmqpBlockingConnection connection;
            connection.open(QUrl(url)).value();
            QAmqpBlockingChannel channel = connection.channel().value();
            for (const QAmqpDelivery &delivery : channel.consume(queue)) {
                delivery.ack();
                ++m_seen;
                if (delivery.body() == "end")
                    break;
            }
        } catch (const QAmqpException &exception) {
            m_error = exception.error().text();
        }
        m_hasEnded = true;
    }

    std::atomic<int> m_seen = 0;
    QString m_error;
    std::atomic<bool> m_hasEnded = false;
    std::thread m_thread;
};

} // namespace

class TestRestart : public QObject
{
    Q_OBJECT

private:
    bool isConsumedBy(Peer &peer, const QString &queue, quint32 consumers);
    // Publishes to `queue` until `condition` holds: the queue may not be there yet.
    template<typename Condition>
    bool publishUntil(Peer &peer, const QString &queue, const QByteArray &body,
                      Condition condition);

    std::unique_ptr<OwnNodes> m_nodes;

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { m_nodes.reset(); }

    void programsSurviveAKilledNode();
    void aMemoryAlarmDuringTheRecovery();
};

void TestRestart::initTestCase()
{
    m_nodes = std::make_unique<OwnNodes>();
    QVERIFY(m_nodes->areRunning());
}

bool TestRestart::isConsumedBy(Peer &peer, const QString &queue, quint32 consumers)
{
    return waitFor([&] {
        const std::unique_ptr<QAmqpChannel> channel(peer.channel());
        const auto info = channel->declareQueue(queue, passive);
        return !failure(info) && info.result().consumerCount == consumers;
    });
}

template<typename Condition>
bool TestRestart::publishUntil(Peer &peer, const QString &queue, const QByteArray &body,
                               Condition condition)
{
    const std::unique_ptr<QAmqpChannel> channel(peer.channel());
    QTimer again;
    connect(&again, &QTimer::timeout, channel.get(),
            [&, channel = channel.get()] { channel->publish({}, queue, body); });
    again.start(200ms);
    return waitFor(condition);
}

void TestRestart::programsSurviveAKilledNode()
{
    const QString url = m_nodes->url();
    const QAmqpQueueOptions durable = QAmqpQueueOptions().setDurable();
    Peer peer(m_nodes->options());
    Peer serving(m_nodes->options());
    QVERIFY(peer.open());
    QVERIFY(serving.open());
    QAmqpChannel *const channel = peer.channel();
    VERIFY_OK(channel->declareQueue(u"loop"_s, durable));
    VERIFY_OK(channel->declareQueue(u"tool"_s, durable));

    // The program of the README ends with the first message, of which another consumer relieves it.
    Peer first(m_nodes->options().setRecoveryEnabled(false));
    QVERIFY(first.open());
    QAmqpChannel *const firstChannel = first.channel();
    firstChannel->declareQueue(u"hello"_s);
    const ConsumerLog greedy(
            firstChannel->consume(u"hello"_s, QAmqpConsumeOptions().setPriority(10)), true);
    QVERIFY(waitFor([&] { return greedy.started == 1; }));

    Program qml(QStringLiteral(BROKER_READMEQML),
                {u"" QTAMQP_SOURCE_DIR "/examples/readme-qml/hello.qml"_s, url + u"/another"_s});
    Program readme(QStringLiteral(EXAMPLE_README), {url});
    Program tool(QStringLiteral(QAMQP), {u"consume"_s, u"tool"_s, u"--url"_s, url});
    Loop loop(url, u"loop"_s);
    Traffic traffic(&peer.connection, durable);
    Calls calls(&peer.connection, &serving.connection);
    traffic.publish(50);
    calls.start();
    QVERIFY(greedy.waitForMessages(1));
    QVERIFY(isConsumedBy(first, u"hello"_s, 2));
    channel->publish({}, u"tool"_s, "before"_ba);
    channel->publish({}, u"loop"_s, "before"_ba);
    QVERIFY(waitFor([&] { return tool.hasPrinted("before"); }));
    QVERIFY2(waitFor([&] { return qml.hasPrinted("1"); }), qml.output());
    QVERIFY(waitFor([&] { return loop.seen() == 1; }));
    QVERIFY(waitFor([&] { return traffic.arrived() > 500 && calls.answered() > 100; }));

    const int rounds = std::max(1, qEnvironmentVariableIntValue("QTAMQP_REPETITIONS"));
    for (int round = 0; round < rounds; ++round) {
        QVERIFY(m_nodes->kill());
        QVERIFY(waitFor([&] {
            return peer.connection.isRecovering() && serving.connection.isRecovering();
        }));
        QVERIFY(m_nodes->restart());
        QElapsedTimer timer;
        timer.start();
        const qint64 arrived = traffic.arrived();
        const int answered = calls.answered();
        QVERIFY2(waitFor([&] { return traffic.isDone() || traffic.arrived() > arrived; }),
                 traffic.report());
        qInfo("from the start of the node to the first delivery: %lld ms", timer.elapsed());
        QVERIFY2(waitFor([&] { return calls.answered() > answered + 100; }),
                 qPrintable(calls.wrong()));
    }

    traffic.stop();
    calls.stop();
    QVERIFY2(waitFor([&] { return traffic.isDone() && calls.isDone(); }), traffic.report());
    qInfo() << traffic.report();
    QVERIFY2(traffic.wrong().isEmpty() && traffic.nacked() == 0, traffic.report());
    QVERIFY2(calls.wrong().isEmpty(), qPrintable(calls.wrong()));
    QCOMPARE(peer.errors.size() + serving.errors.size(), 0);

    // It publishes as often as it becomes ready.
    QVERIFY2(waitFor([&] { return qml.hasPrinted("2"); }), qml.output());
    QVERIFY(readme.isRunning());
    QVERIFY2(publishUntil(peer, u"hello"_s, "after"_ba, [&] { return !readme.isRunning(); }),
             readme.output());
    QVERIFY2(readme.hasPrinted("\"after\"") && readme.hasSucceeded(), readme.output());
    VERIFY_OK(channel->publishConfirmed({}, u"tool"_s, "after"_ba));
    QVERIFY2(waitFor([&] { return tool.hasPrinted("after"); }), tool.output());
    VERIFY_OK(channel->publishConfirmed({}, u"loop"_s, "end"_ba));
    QVERIFY(waitFor([&] { return loop.hasEnded(); }));
    QCOMPARE(loop.error(), QString());
}

// Topology and consumers come back, since they are no messages; publishes wait for the end of the alarm.
void TestRestart::aMemoryAlarmDuringTheRecovery()
{
    ChaosProxy proxy(m_nodes->host().hostName, m_nodes->host().port);
    Peer peer(m_nodes->options()
                      .setHosts({{u"127.0.0.1"_s, proxy.port()}})
                      .setRecoveryPolicy(QAmqpRetryPolicy::endless().setMaximumDelay(200ms)));
    QAmqpChannel *const channel = peer.channel();
    const QString name = uniqueName();
    channel->declareQueue(name, exclusive);
    QAmqpConsumer *const consumer = channel->consume(name);
    const ConsumerLog log(consumer, true);
    const ChannelLog channelLog(channel);
    int recovered = 0;
    connect(&peer.connection, &QAmqpConnection::recovered, this, [&] { ++recovered; });
    QVERIFY(peer.open());
    QVERIFY(waitFor([&] { return log.started == 1; }));
    QVERIFY(m_nodes->ctl({u"set_vm_memory_high_watermark"_s, u"0"_s}));
    proxy.reset();
    QVERIFY(waitFor([&] { return peer.connection.isRecovering(); }));
    channel->publish({}, name, "while it recovered"_ba);
    QVERIFY(waitFor([&] { return recovered == 1; }));
    QCOMPARE(consumer->state(), QAmqpConsumer::State::Active);
    QVERIFY(waitFor([&] { return peer.connection.isBlocked(); }));
    channel->publish({}, name, "while it was blocked"_ba);
    QCOMPARE(log.messages.size(), 0);
    QCOMPARE(channelLog.settledCount(), 0);
    QVERIFY(m_nodes->ctl({u"set_vm_memory_high_watermark"_s, u"0.6"_s}));
    QVERIFY(log.waitForMessages(2));
    VERIFY_OK(channel->allConfirmed());
    QCOMPARE(log.bodies(), (QList<QByteArray>{"while it recovered", "while it was blocked"}));
    QCOMPARE(channelLog.count(Fate::Confirmed), 2);
    QCOMPARE(peer.blocked, (QList<bool>{true, false}));
    QCOMPARE(peer.errors.size(), 0);
}

QTAMQP_BROKER_TEST(TestRestart)
#include "tst_restart.moc"
