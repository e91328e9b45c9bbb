// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp broker: a script starts it, reads its URL, works with it and ends it. No other broker is needed.

#include "tool/tooltest.h"

#include <QtCore/qtemporarydir.h>
#include <QtNetwork/qtcpserver.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

const QByteArray notice(
        "qamqp broker: keeps everything in memory and is for development only; Ctrl-C ends it\n");

// The broker, as a script has it.
class RunningBroker
{
public:
    explicit RunningBroker(const QStringList &options = {}, qsizetype lines = 1)
        : m_program(QStringList{u"broker"_s, u"--port"_s, u"0"_s} + options)
    {
        waitFor([&] { return m_program.output().count('\n') >= lines || !m_program.isRunning(); });
    }
    ~RunningBroker()
    {
        if (m_program.isRunning())
            end(SIGTERM);
    }

    Program &program() { return m_program; }
    QString line(qsizetype number = 0) const
    {
        return QString::fromUtf8(m_program.output().split('\n').value(number));
    }
    int end(int signal)
    {
        m_program.signal(signal);
        return m_program.status();
    }
    // Runs another qamqp against it.
    Result run(const QStringList &arguments) const
    {
        return ToolTest::run(arguments + QStringList{u"--url"_s, line()});
    }

private:
    Program m_program;
};

} // namespace

class TestBrokerCommand : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void printsItsUrlFirst()
    {
        RunningBroker broker;
        static const QRegularExpression url(u"^amqp://guest:guest@127\\.0\\.0\\.1:[1-9]\\d*$"_s);
        QVERIFY2(url.match(broker.line()).hasMatch(), qPrintable(broker.line()));
        QCOMPARE(broker.end(SIGTERM), 0);
        QCOMPARE(broker.program().errors(), notice);
        QCOMPARE(broker.program().output().count('\n'), 1);
    }

    void carriesMessagesOfTheToolItself()
    {
        RunningBroker broker;
        VERIFY_RUN(broker.run({u"declare"_s, u"queue"_s, u"hello"_s}), 0, QString());
        VERIFY_RUN(broker.run({u"publish"_s, u"--queue"_s, u"hello"_s, u"Hello!"_s}), 0, QString());
        const Result consumed = broker.run(
                {u"consume"_s, u"hello"_s, u"--count"_s, u"1"_s, u"--timeout"_s, u"30"_s});
        QCOMPARE(consumed.output, QByteArray("Hello!\n"));
        QCOMPARE(consumed.status, 0);
        const Result missing = broker.run({u"get"_s, u"no-such"_s});
        QCOMPARE(missing.status, 3);
        const Result ping = broker.run({u"ping"_s, u"--json"_s});
        QCOMPARE(ping.status, 0);
        QVERIFY2(json(ping.output).value(u"product"_s).toString().contains(u"QtAmqp"_s),
                 ping.output.constData());
    }

    void endsBySignalsAndInTime_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("Ctrl-C") << SIGINT;
        QTest::newRow("SIGTERM") << SIGTERM;
    }

    void endsBySignalsAndInTime()
    {
        QFETCH(int, signal);
        RunningBroker broker;
        Program consumer(
                {u"consume"_s, u"--exchange"_s, u"amq.fanout"_s, u"--url"_s, broker.line()});
        QCOMPARE(broker.end(signal), 0);
        QVERIFY(consumer.status() == 2);
        const Result timed = run({u"broker"_s, u"--port"_s, u"0"_s, u"--timeout"_s, u"0.01"_s});
        QCOMPARE(timed.status, 0);
    }

    void saysThatThePortIsTaken()
    {
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        const QString port = QString::number(other.serverPort());
        VERIFY_RUN(
                run({u"broker"_s, u"--port"_s, port}), 1,
                u"qamqp broker: port %1 of 127.0.0.1 cannot be used: The bound address is already in use; if another broker runs there, choose a port by --port, or --port 0 for any that is free\n"_s
                        .arg(port));
    }

    void tracesWhatClientsSayWithoutTheirSecrets()
    {
        const QTemporaryDir folder;
        const QString password = folder.filePath(u"password"_s);
        QFile file(password);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("top secret\n") > 0);
        file.close();
        RunningBroker broker({u"--trace"_s, u"--user"_s, u"me"_s, u"--password-file"_s, password});
        QVERIFY2(broker.line().startsWith(u"amqp://me@127.0.0.1:"_s), qPrintable(broker.line()));
        VERIFY_RUN(broker.run({u"publish"_s, u"-e"_s, u"amq.fanout"_s, u"12345"_s,
                               u"--password-file"_s, password}),
                   0, QString());
        QCOMPARE(broker.end(SIGINT), 0);
        const QByteArray output = broker.program().output();
        for (const char *line : {
                     "\nconnection 1 channel 0 < connection.start(",
                     "\nconnection 1 channel 0 > connection.start-ok(",
                     "response=***",
                     "\nconnection 1 channel 1 > basic.publish(",
                     "exchange=\"amq.fanout\"",
                     "\nconnection 1 channel 1 > header of a body of 5 bytes\n",
                     "\nconnection 1 channel 1 < basic.ack(",
                     "\nconnection 1 channel 0 < connection.close-ok()\n",
             })
            QVERIFY2(output.contains(line), output + line);
        QVERIFY(!output.contains("secret"));
        QVERIFY(!output.contains("12345"));
    }

    void refusesAWrongPassword()
    {
        RunningBroker broker;
        QUrl url(broker.line());
        url.setPassword(u"wrong"_s);
        const Result result = run({u"ping"_s, u"--url"_s, url.toString()});
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("ACCESS_REFUSED"), result.errors.constData());
    }

    void listensForTlsAsWell()
    {
        const QTemporaryDir folder;
        QProcess openssl;
        openssl.setWorkingDirectory(folder.path());
        // As its own message says.
        const Result how = run({u"broker"_s, u"--tls"_s});
        QCOMPARE(how.status, 1);
        const QString text = QString::fromUtf8(how.errors);
        const QString command = text.section(u"with: "_s, 1).section(u"; see"_s, 0, 0).trimmed();
        QVERIFY2(command.startsWith(u"openssl req "_s), qPrintable(text));
        openssl.start(u"/bin/sh"_s, {u"-c"_s, command});
        QVERIFY(waitFor([&] { return openssl.state() == QProcess::NotRunning; }));
        const QString certificate = folder.filePath(u"certificate.pem"_s);
        if (!QFile::exists(certificate))
            QSKIP("openssl is not here");
        RunningBroker broker({u"--tls"_s, u"--tls-port"_s, u"0"_s, u"--certificate"_s, certificate,
                              u"--key"_s, folder.filePath(u"key.pem"_s)},
                             2);
        const QString url = broker.line(1);
        QVERIFY2(url.startsWith(u"amqps://guest:guest@localhost:"_s), qPrintable(url));
        const Result ping =
                run({u"ping"_s, u"--json"_s, u"--url"_s, url + u"?cacertfile="_s + certificate});
        QCOMPARE(QString::fromUtf8(ping.errors), QString());
        QVERIFY(json(ping.output).value(u"tls_protocol"_s).toString().startsWith(u"TLS"_s));
    }

    void printsJson()
    {
        RunningBroker broker({u"--json"_s});
        const QUrl url(json(broker.line().toUtf8()).value(u"url"_s).toString());
        QCOMPARE(url.scheme(), u"amqp"_s);
        VERIFY_RUN(
                run({u"publish"_s, u"-e"_s, u"amq.fanout"_s, u"x"_s, u"--url"_s, url.toString()}),
                0, QString());
        QCOMPARE(broker.end(SIGTERM), 0);
    }

    void refusesOptionsOfNoUse_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QString>("error");
        QTest::newRow("url") << QStringList{u"--url"_s, u"amqp://localhost"_s}
                             << u"--url names a broker that runs already"_s;
        QTest::newRow("user") << QStringList{u"--user"_s, u"me"_s}
                              << u"--password-file is missing"_s;
        QTest::newRow("password") << QStringList{u"--password-file"_s, u"/dev/null"_s}
                                  << u"--user is missing"_s;
        QTest::newRow("key") << QStringList{u"--key"_s, u"k"_s}
                             << u"--key is of no use without --tls"_s;
        QTest::newRow("no certificate") << QStringList{u"--tls"_s, u"--certificate"_s,
                                                       u"/dev/null"_s, u"--key"_s, u"/dev/null"_s}
                                        << u"--certificate /dev/null has no certificate"_s;
        QTest::newRow("port") << QStringList{u"--port"_s, u"65536"_s}
                              << u"--port \"65536\" is not a whole number"_s;
    }

    void refusesOptionsOfNoUse()
    {
        QFETCH(QStringList, options);
        QFETCH(QString, error);
        const Result result = run(QStringList(u"broker"_s) + options);
        QCOMPARE(result.status, 1);
        QCOMPARE(result.output, QByteArray());
        QVERIFY2(result.errors.contains(error.toUtf8()), result.errors.constData());
    }
};

QTAMQP_TEST(TestBrokerCommand)
#include "tst_broker.moc"
