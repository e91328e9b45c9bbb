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

// A loop over the messages of a queue, in a thread that waits for each. It ends with the message "end".
class Loop
{
public:
    Loop(const QString &url, const QString &queue) : m_thread([=, this] { run(url, queue); }) { }
    ~Loop() { m_thread.join(); }
    Q_DISABLE_COPY_MOVE(Loop)

    int seen() const { return m_seen; }
    bool hasEnded() const { return m_hasEnded; }
    void end() { m_connection.requestStop(); } // after a test that failed
    QString error() const { return m_error; } // once it has ended

private:
    void run(const QString &url, const QString &queue)
    {
        try {
            m_connection.open(QUrl(url)).value();
            QAmqpBlockingChannel channel = m_connection.createChannel().value();
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

    QAmqpBlockingConnection m_connection;
    std::atomic<int> m_seen = 0;
    QString m_error;
    std::atomic<bool> m_hasEnded = false;
    std::thread m_thread;
};

// Programs of users, which have no line about reconnecting.
struct Programs
{
    explicit Programs(const QString &url)
        : qml(QStringLiteral(BROKER_READMEQML),
              {u"" QTAMQP_SOURCE_DIR "/examples/readme-qml/hello.qml"_s, url + u"/another"_s})
        , readme(QStringLiteral(EXAMPLE_README), {url})
        , tool(QStringLiteral(QAMQP), {u"consume"_s, u"tool"_s, u"--url"_s, url})
        , loop(url, u"loop"_s)
    {
    }

    Program qml;
    Program readme;
    Program tool;
    Loop loop;
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
    void killAndRestart(Peer &peer, Peer &serving, Traffic &traffic, Calls &calls);
    void goOn(Programs &programs, Peer &peer);

    std::unique_ptr<OwnNodes> m_nodes;

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase() { m_nodes.reset(); }

    void programsSurviveAKilledNode();
    void deliveriesFlowAfterARestart_data();
    void deliveriesFlowAfterARestart();
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

void TestRestart::killAndRestart(Peer &peer, Peer &serving, Traffic &traffic, Calls &calls)
{
    QVERIFY(m_nodes->kill());
    QVERIFY(waitFor(
            [&] { return peer.connection.isRecovering() && serving.connection.isRecovering(); }));
    QVERIFY(m_nodes->restart());
    const qint64 arrived = traffic.arrived();
    const int answered = calls.answered();
    QVERIFY2(waitFor([&] { return traffic.isDone() || traffic.arrived() > arrived; }),
             traffic.report());
    QVERIFY2(waitFor([&] { return calls.answered() > answered + 100; }), qPrintable(calls.wrong()));
}

void TestRestart::goOn(Programs &programs, Peer &peer)
{
    QAmqpChannel *const channel = peer.channel();
    // The one in QML publishes as often as it becomes ready.
    QVERIFY2(waitFor([&] { return programs.qml.hasPrinted("2"); }), programs.qml.output());
    QVERIFY2(programs.readme.isRunning(), programs.readme.output());
    QVERIFY2(publishUntil(peer, u"hello"_s, "after"_ba,
                          [&] { return !programs.readme.isRunning(); }),
             programs.readme.output());
    QVERIFY2(programs.readme.hasPrinted("\"after\"") && programs.readme.hasSucceeded(),
             programs.readme.output());
    VERIFY_OK(channel->publishConfirmed({}, u"tool"_s, "after"_ba));
    QVERIFY2(waitFor([&] { return programs.tool.hasPrinted("after"); }), programs.tool.output());
    VERIFY_OK(channel->publishConfirmed({}, u"loop"_s, "end"_ba));
    QVERIFY(waitFor([&] { return programs.loop.hasEnded(); }));
    QCOMPARE(programs.loop.error(), QString());
}

void TestRestart::programsSurviveAKilledNode()
{
    for (const char *program : {EXAMPLE_README, BROKER_READMEQML, QAMQP})
        if (!*program)
            QSKIP("the programs that it runs were not built");
    const QAmqpQueueOptions durable = QAmqpQueueOptions().setDurable();
    Peer peer(m_nodes->options());
    Peer serving(m_nodes->options());
    // The README's program ends with its first message, of which this one relieves it.
    Peer greedy(m_nodes->options().setRecoveryEnabled(false));
    QVERIFY(peer.open() && serving.open() && greedy.open());
    QAmqpChannel *const channel = peer.channel();
    VERIFY_OK(channel->declareQueue(u"loop"_s, durable));
    VERIFY_OK(channel->declareQueue(u"tool"_s, durable));
    QAmqpChannel *const greedyChannel = greedy.channel();
    greedyChannel->declareQueue(u"hello"_s);
    const ConsumerLog log(greedyChannel->consume(u"hello"_s, QAmqpConsumeOptions().setPriority(10)),
                          true);
    QVERIFY(waitFor([&] { return log.started == 1; }));

    Programs programs(m_nodes->url());
    const auto loopEnds = qScopeGuard([&] { programs.loop.end(); });
    Traffic traffic(&peer.connection, durable);
    Calls calls(&peer.connection, &serving.connection);
    traffic.publish(50);
    calls.start();
    channel->publish({}, u"tool"_s, "before"_ba);
    channel->publish({}, u"loop"_s, "before"_ba);
    QVERIFY(log.waitForMessages(1));
    QVERIFY(isConsumedBy(greedy, u"hello"_s, 2));
    QVERIFY2(waitFor([&] { return programs.qml.hasPrinted("1"); }), programs.qml.output());
    QVERIFY(waitFor([&] { return programs.tool.hasPrinted("before"); }));
    QVERIFY(waitFor([&] { return programs.loop.seen() == 1; }));
    QVERIFY(waitFor([&] { return traffic.arrived() > 500 && calls.answered() > 100; }));

    killAndRestart(peer, serving, traffic, calls);
    if (!QTest::currentTestFailed())
        goOn(programs, peer);
    if (QTest::currentTestFailed())
        return;
    traffic.stop();
    calls.stop();
    QVERIFY2(waitFor([&] { return traffic.isDone() && calls.isDone(); }), traffic.report());
    qInfo() << traffic.report();
    QVERIFY2(traffic.wrong().isEmpty() && traffic.nacked() == 0, traffic.report());
    QVERIFY2(calls.wrong().isEmpty(), qPrintable(calls.wrong()));
    QCOMPARE(peer.errors.size() + serving.errors.size(), 0);
}

void TestRestart::deliveriesFlowAfterARestart_data()
{
    QTest::addColumn<int>("round");
    for (int round = 1; round <= qEnvironmentVariableIntValue("QTAMQP_REPETITIONS"); ++round)
        QTest::addRow("%d", round) << round;
    if (qEnvironmentVariableIntValue("QTAMQP_REPETITIONS") == 0)
        QSKIP("it measures, as often as QTAMQP_REPETITIONS says");
}

// With the policy that a program has which sets none.
void TestRestart::deliveriesFlowAfterARestart()
{
    Peer peer(m_nodes->options());
    Traffic traffic(&peer.connection, QAmqpQueueOptions().setDurable());
    QVERIFY(peer.open());
    traffic.publish(1);
    QVERIFY(waitFor([&] { return traffic.arrived() > 10; }));
    QVERIFY(m_nodes->kill());
    QVERIFY(m_nodes->restart());
    QElapsedTimer timer;
    timer.start();
    const qint64 arrived = traffic.arrived();
    QVERIFY2(waitFor([&] { return traffic.arrived() > arrived; }), traffic.report());
    qInfo("from the start of the node to the first delivery: %lld ms", timer.elapsed());
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
