// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The programs of examples/tutorials, as a user runs them: a receiver that runs until it is stopped,
// and what is sent to it meanwhile.

#include "testmain.h"

#include <QtAmqp/qamqpblockingchannel.h>
#include <QtAmqp/qamqpblockingconnection.h>

#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qprocess.h>
#include <QtCore/qurl.h>

using namespace Qt::StringLiterals;

namespace {

constexpr int Patience = 60'000;

// One program and all that it has printed.
class Program
{
public:
    explicit Program(const QString &name, const QStringList &arguments = {},
                     const QString &url = qEnvironmentVariable("QTAMQP_TEST_URL"))
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        QString program = QStringLiteral(TUTORIALS "/") + name;
        QStringList all{u"--url"_s, url};
        if (name.endsWith(u"/example_readme")) // which has no options
            all.removeFirst();
        if (name.endsWith(u".qml"_s)) {
            program = QStringLiteral(TUTORIALS "/../example_tutorials-qml");
            all += QStringLiteral(QTAMQP_SOURCE_DIR "/examples/tutorials-qml/") + name;
        }
        m_process.start(program, all + arguments);
    }
    ~Program()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

    bool prints(const QString &text)
    {
        return QTest::qWaitFor([&] { return read().contains(text); }, Patience)
                || (qWarning().noquote() << "no" << text << "in:" << m_output, false);
    }
    // -1: it did not end by itself.
    int exitCode()
    {
        const bool ended =
                m_process.state() == QProcess::NotRunning || m_process.waitForFinished(Patience);
        return ended && m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
    }
    bool succeeds()
    {
        return exitCode() == 0
                || (qWarning().noquote() << m_process.errorString() << read(), false);
    }
    void kill() { m_process.kill(); }

    QString read() { return m_output += QString::fromUtf8(m_process.readAll()); }
    int count(const QString &text) { return int(read().count(text)); }

private:
    QProcess m_process;
    QString m_output;
};

// What the programs declare is there already, otherwise than they do.
class OtherSettings
{
public:
    OtherSettings()
    {
        m_connection.open(QUrl(qEnvironmentVariable("QTAMQP_TEST_URL"))).value();
        m_channel = m_connection.createChannel().value();
        for (const QString &queue : m_queues)
            m_channel->declareQueue(queue, QAmqpQueueOptions().setDurable(queue != u"tasks"))
                    .value();
        for (const QString &exchange : m_exchanges) {
            m_channel->deleteExchange(exchange).value();
            m_channel->declareExchange(exchange, u"headers"_s).value();
        }
    }
    ~OtherSettings()
    {
        for (const QString &queue : m_queues)
            m_channel->deleteQueue(queue).value();
        for (const QString &exchange : m_exchanges)
            m_channel->deleteExchange(exchange).value();
    }
    Q_DISABLE_COPY_MOVE(OtherSettings)

private:
    const QStringList m_queues{u"hello"_s, u"tasks"_s, u"rpc_queue"_s};
    const QStringList m_exchanges{u"logs"_s, u"direct_logs"_s, u"topic_logs"_s};
    QAmqpBlockingConnection m_connection;
    std::optional<QAmqpBlockingChannel> m_channel;
};

bool runs(const QString &name, const QStringList &arguments = {})
{
    return Program(name, arguments).succeeds();
}

} // namespace

class TestTutorials : public QObject
{
    Q_OBJECT

private:
    // What an earlier run left must not count.
    static void deleteQueues()
    {
        QAmqpBlockingConnection connection;
        QVERIFY(connection.open(QUrl(qEnvironmentVariable("QTAMQP_TEST_URL"))));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        for (const QString &queue : {u"hello"_s, u"tasks"_s, u"rpc_queue"_s})
            QVERIFY(channel.deleteQueue(queue));
        QVERIFY(connection.close());
    }

private Q_SLOTS:
    void init() { deleteQueues(); }
    void cleanup() { deleteQueues(); }

    void hello()
    {
        QVERIFY(runs(u"1-hello/send"_s)); // before there is anybody to receive it
        Program receive(u"1-hello/receive"_s);
        QVERIFY(receive.prints(u"Received Hello World!\n"_s));
        QVERIFY(runs(u"1-hello/send"_s));
        QTRY_COMPARE_WITH_TIMEOUT(receive.count(u"Received Hello World!\n"_s), 2, Patience);
    }

    void workQueues()
    {
        Program dies(u"2-work-queues/worker"_s);
        QVERIFY(dies.prints(u"Waiting"_s));
        QVERIFY(runs(u"2-work-queues/newtask"_s, {u"long"_s, u"...................."_s}));
        QVERIFY(dies.prints(u"Received long"_s));

        Program works(u"2-work-queues/worker"_s);
        QVERIFY(works.prints(u"Waiting"_s));
        QVERIFY(runs(u"2-work-queues/newtask"_s, {u"second"_s}));
        QVERIFY(runs(u"2-work-queues/newtask"_s, {u"third."_s}));
        QVERIFY(works.prints(u"Done third."_s)); // the one that was free had both
        QCOMPARE(works.count(u"Done"_s), 2);
        QCOMPARE(dies.count(u"Received"_s), 1);

        dies.kill(); // what it had not acknowledged goes to the other
        QVERIFY(works.prints(u"Received long"_s));
        works.kill();
        QVERIFY(Program(u"2-work-queues/worker"_s).prints(u"Received long"_s));
    }

    void publishSubscribe()
    {
        Program first(u"3-publish-subscribe/receivelogs"_s);
        Program second(u"3-publish-subscribe/receivelogs"_s);
        QVERIFY(first.prints(u"Waiting"_s));
        QVERIFY(second.prints(u"Waiting"_s));
        QVERIFY(runs(u"3-publish-subscribe/emitlog"_s, {u"all"_s, u"hear"_s, u"this"_s}));
        QVERIFY(first.prints(u"all hear this\n"_s));
        QVERIFY(second.prints(u"all hear this\n"_s));
    }

    void routing()
    {
        Program errors(u"4-routing/receivelogs"_s, {u"error"_s});
        Program both(u"4-routing/receivelogs"_s, {u"info"_s, u"error"_s});
        QVERIFY(errors.prints(u"Waiting"_s));
        QVERIFY(both.prints(u"Waiting"_s));
        QVERIFY(runs(u"4-routing/emitlog"_s, {u"info"_s, u"calm"_s}));
        QVERIFY(runs(u"4-routing/emitlog"_s, {u"warning"_s, u"nobody asked"_s}));
        QVERIFY(runs(u"4-routing/emitlog"_s, {u"error"_s, u"fire"_s}));
        QVERIFY(errors.prints(u"error fire\n"_s));
        QVERIFY(both.prints(u"error fire\n"_s));
        QCOMPARE(errors.count(u"calm"_s), 0);
        QCOMPARE(both.count(u"info calm\n"_s), 1);
        QCOMPARE(both.count(u"nobody"_s), 0);
    }

    void topics()
    {
        Program kernel(u"5-topics/receivelogs"_s, {u"kern.*"_s, u"*.critical"_s});
        Program all(u"5-topics/receivelogs"_s, {u"#"_s});
        QVERIFY(kernel.prints(u"Waiting"_s));
        QVERIFY(all.prints(u"Waiting"_s));
        QVERIFY(runs(u"5-topics/emitlog"_s, {u"cron.info"_s, u"nightly"_s}));
        QVERIFY(runs(u"5-topics/emitlog"_s, {u"kern.critical"_s, u"panic"_s}));
        QVERIFY(kernel.prints(u"kern.critical panic\n"_s));
        QVERIFY(all.prints(u"kern.critical panic\n"_s));
        QCOMPARE(kernel.count(u"panic"_s), 1); // two bindings fit, one copy
        QCOMPARE(kernel.count(u"nightly"_s), 0);
        QCOMPARE(all.count(u"nightly"_s), 1);
    }

    void rpc()
    {
        Program server(u"6-rpc/server"_s);
        QVERIFY(server.prints(u"Waiting"_s));
        Program client(u"6-rpc/client"_s, {u"30"_s});
        QVERIFY(client.prints(u"Got 832040\n"_s));
        QVERIFY(client.succeeds());
        QVERIFY(server.prints(u"fib(30)"_s));
    }

    void confirms()
    {
        Program waiting(u"7-confirms/waiting"_s, {u"--count"_s, u"250"_s});
        QVERIFY(waiting.prints(u"Published 250 messages one by one in "_s));
        QVERIFY(waiting.prints(u"Published 250 messages by the hundred in "_s));
        QVERIFY(waiting.succeeds());
        Program streaming(u"7-confirms/streaming"_s, {u"--count"_s, u"5000"_s});
        QVERIFY(streaming.prints(u"Published 5000 messages as they come in "_s));
        QVERIFY(streaming.succeeds());
    }

    // The first three again in QML, and both kinds understand each other.
    void inQml()
    {
        if (!QFile::exists(QStringLiteral(TUTORIALS "/../example_tutorials-qml")))
            QSKIP("built without the QML module");
        QVERIFY(runs(u"1-hello/Send.qml"_s));
        Program receive(u"1-hello/Receive.qml"_s);
        QVERIFY(receive.prints(u"Received Hello World!\n"_s));
        QVERIFY(runs(u"1-hello/send"_s));
        QTRY_COMPARE_WITH_TIMEOUT(receive.count(u"Received Hello World!\n"_s), 2, Patience);

        Program worker(u"2-work-queues/Worker.qml"_s);
        QVERIFY(runs(u"2-work-queues/NewTask.qml"_s, {u"--set"_s, u"task=work."_s}));
        QVERIFY(runs(u"2-work-queues/newtask"_s, {u"more"_s}));
        QVERIFY(worker.prints(u"Received work.\n"_s));
        QVERIFY(worker.prints(u"Done more\n"_s));
        QCOMPARE(worker.count(u"Done work.\n"_s), 1);

        Program logs(u"3-publish-subscribe/ReceiveLogs.qml"_s);
        QVERIFY(logs.prints(u"Waiting"_s));
        QVERIFY(runs(u"3-publish-subscribe/EmitLog.qml"_s, {u"--set"_s, u"line=hear this"_s}));
        QVERIFY(logs.prints(u"hear this\n"_s));
    }

    // Each of them says once what is wrong and ends with a status.
    void failures_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("reason");
        const QString url = qEnvironmentVariable("QTAMQP_TEST_URL");
        QUrl wrong(url);
        wrong.setPassword(u"wrong"_s);
        const auto add = [&](const char *name, bool declares) {
            const auto row = [name](const char *what) -> QTestData & {
                return QTest::addRow("%s, %s", name, what);
            };
            const QString program = QString::fromLatin1(name);
            // In QML a connection is tried until the broker is there, unless its URL says otherwise.
            row("no broker") << program << u"amqp://guest:guest@127.0.0.1:1?recovery=off"_s
                             << u"Connection refused"_s;
            row("wrong password") << program << wrong.toString() << u"ACCESS_REFUSED"_s;
            if (declares)
                row("other settings") << program << url << u"PRECONDITION_FAILED"_s;
        };
        for (const char *name :
             {"../example_readme", "1-hello/send", "1-hello/receive", "2-work-queues/newtask",
              "2-work-queues/worker", "3-publish-subscribe/emitlog",
              "3-publish-subscribe/receivelogs", "4-routing/emitlog", "4-routing/receivelogs",
              "5-topics/emitlog", "5-topics/receivelogs", "6-rpc/server"})
            add(name, true);
        for (const char *name : {"6-rpc/client", "7-confirms/waiting", "7-confirms/streaming"})
            add(name, false);
        if (QFile::exists(QStringLiteral(TUTORIALS "/../example_tutorials-qml"))) {
            for (const char *name :
                 {"1-hello/Send.qml", "1-hello/Receive.qml", "2-work-queues/NewTask.qml",
                  "2-work-queues/Worker.qml", "3-publish-subscribe/EmitLog.qml",
                  "3-publish-subscribe/ReceiveLogs.qml"})
                add(name, true);
        }
    }
    void failures()
    {
        QFETCH(const QString, name);
        QFETCH(const QString, url);
        QFETCH(const QString, reason);
        const OtherSettings others;
        QStringList arguments;
        if (name.endsWith(u"/receivelogs") && !name.startsWith(u"3"))
            arguments += u"#"_s;
        Program program(name, arguments, url);
        QCOMPARE(program.exitCode(), 1);
        QVERIFY2(program.count(reason) == 1, qPrintable(program.read()));
    }

    // Each is meant to be read on one screen and to be copied as it stands. The lines about its licence do not count.
    void areShortAndAlone()
    {
        QDirIterator files(QStringLiteral(QTAMQP_SOURCE_DIR "/examples/tutorials"), {u"*.cpp"_s},
                           QDir::Files, QDirIterator::Subdirectories);
        int count = 0;
        for (; files.hasNext(); ++count) {
            QFile file(files.next());
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray all = file.readAll();
            const QByteArray code = all.mid(all.indexOf("\n\n") + 2);
            QVERIFY2(code.count('\n') <= 80, qPrintable(file.fileName()));
            QVERIFY2(!code.contains("#include \""), qPrintable(file.fileName()));
        }
        QVERIFY(count >= 14);
    }
};

QTAMQP_BROKER_TEST(TestTutorials)
#include "tst_tutorials.moc"
