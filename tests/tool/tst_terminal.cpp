// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What qamqp shows on a terminal and nowhere else: progress and colors. The broker is qamqp broker, or nobody.

#include "tool/tooltest.h"

#include <QtCore/qregularexpression.h>
#include <QtNetwork/qtcpserver.h>

#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

// Runs the program with a terminal of 100 columns for standard error, and if that is wanted for standard output too.
class OnTerminal
{
public:
    enum Output { Apart, Terminal };

    explicit OnTerminal(const QStringList &arguments, Output output = Apart)
        : m_master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK))
    {
        ::grantpt(m_master);
        ::unlockpt(m_master);
        winsize size = {25, 100, 0, 0};
        ::ioctl(m_master, TIOCSWINSZ, &size);
        m_name = ::ptsname(m_master);
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"TERM"_s, u"xterm"_s);
        environment.remove(u"NO_COLOR"_s);
        process.setProcessEnvironment(environment);
        process.setProgram(programName());
        process.setArguments(arguments);
        process.setChildProcessModifier([this, output] {
            ::setsid();
            const int terminal = ::open(m_name.constData(), O_RDWR); // is that of the session now
            ::dup2(terminal, STDERR_FILENO);
            if (output == Terminal)
                ::dup2(terminal, STDOUT_FILENO);
            ::close(terminal);
        });
    }

    ~OnTerminal()
    {
        if (process.state() != QProcess::NotRunning) {
            process.kill();
            process.waitForFinished();
        }
        ::close(m_master);
    }

    bool waitFor(const QByteArray &text)
    {
        return BrokerTest::waitFor([&] { return read().contains(text); });
    }

    int status()
    {
        if (!BrokerTest::waitFor([&] {
                read(); // it would wait for a terminal that is full
                return process.state() == QProcess::NotRunning;
            }))
            return -1;
        read();
        return process.exitCode();
    }

    const QByteArray &read()
    {
        char buffer[4096];
        for (ssize_t bytes = 0; (bytes = ::read(m_master, buffer, sizeof buffer)) > 0;)
            m_shown += QByteArray(buffer, bytes);
        return m_shown;
    }

    // What is there to see at the end.
    QByteArray screen()
    {
        QByteArrayList lines;
        for (const QByteArray &line : QByteArray(read()).replace("\r\n", "\n").split('\n'))
            lines += line.mid(line.lastIndexOf("\r\033[K") < 0 ? 0
                                                               : line.lastIndexOf("\r\033[K") + 4);
        return lines.join('\n');
    }

    QProcess process;

private:
    const int m_master;
    QByteArray m_name;
    QByteArray m_shown;
};

// A broker of its own, which can go away.
class OwnBroker
{
public:
    explicit OwnBroker(const QString &port = u"0"_s)
    {
        m_process.start(programName(), {u"broker"_s, u"--port"_s, port});
        if (waitFor([this] { return m_process.canReadLine(); }))
            m_url = QString::fromUtf8(m_process.readLine()).trimmed();
    }
    ~OwnBroker()
    {
        m_process.terminate();
        waitFor([this] { return m_process.state() == QProcess::NotRunning; });
    }

    const QString &url() const { return m_url; }

private:
    QProcess m_process;
    QString m_url;
};

QByteArray withoutColors(QByteArray text)
{
    static const QRegularExpression color(u"\033\\[[0-9;]*m"_s);
    return QString::fromUtf8(text).remove(color).toUtf8();
}

} // namespace

class TestTerminal : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!canMakeTerminals())
            QSKIP("this needs terminals, and /dev/pts is not mounted");
        qunsetenv("QTAMQP_TEST_URL");
    }

    void connectingIsShown()
    {
        QTcpServer silent;
        QVERIFY(silent.listen(QHostAddress::LocalHost));
        const QString url = u"amqp://127.0.0.1:%1"_s.arg(silent.serverPort());
        OnTerminal tool({u"ping"_s, u"--url"_s, url});
        tool.process.start();
        QVERIFY(tool.waitFor("\r\033[Kqamqp ping: connecting to amqp://127.0.0.1:"));
        tool.process.terminate();
        QCOMPARE(tool.status(), 143);
        QCOMPARE(tool.screen(), QByteArray());
        QCOMPARE(tool.process.readAllStandardOutput(), QByteArray());
    }

    void publishingIsShown()
    {
        auto broker = std::make_unique<OwnBroker>();
        const QString url = broker->url();
        VERIFY_RUN(run({u"declare"_s, u"queue"_s, u"q"_s, u"--url"_s, url}), 0, u""_s);
        OnTerminal tool({u"publish"_s, u"-q"_s, u"q"_s, u"--lines"_s, u"--url"_s,
                         url + u"?recovery_delay=30"_s});
        tool.process.start();
        tool.process.write("one\ntwo\n");
        QVERIFY(tool.waitFor("qamqp publish: 2 published, 2 confirmed"));
        QVERIFY(tool.waitFor("; waiting for input"));
        broker.reset();
        QVERIFY(tool.waitFor("2 confirmed; not connected, next attempt in "));
        tool.process.terminate();
        QCOMPARE(tool.status(), 143);
        // The line about the loss, and the last one.
        QVERIFY2(withoutColors(tool.screen()).endsWith("stopped: 2 published, 2 confirmed\n"),
                 tool.screen().constData());
        QCOMPARE(tool.screen().count('\n'), 2);
    }

    // On one terminal with the messages, which come while the progress is shown.
    void progressLeavesTheOutputAlone()
    {
        const OwnBroker broker;
        const QStringList to = {u"--url"_s, broker.url()};
        VERIFY_RUN(run(QStringList{u"declare"_s, u"queue"_s, u"q"_s} + to), 0, u""_s);
        OnTerminal tool(QStringList{u"consume"_s, u"q"_s, u"--count"_s, u"3"_s} + to,
                        OnTerminal::Terminal);
        tool.process.start();
        QVERIFY(tool.waitFor("qamqp consume: 0 of 3 messages; waiting for messages"));
        VERIFY_RUN(run(QStringList{u"publish"_s, u"-q"_s, u"q"_s, u"one"_s} + to), 0, u""_s);
        QVERIFY(tool.waitFor("qamqp consume: 1 of 3 messages"));
        VERIFY_RUN(
                run(QStringList{u"publish"_s, u"-q"_s, u"q"_s, u"--lines"_s} + to, "two\nthree\n"),
                0, u""_s);
        QCOMPARE(tool.status(), 0);
        QCOMPARE(tool.screen(), QByteArray("one\ntwo\nthree\n"));
    }

    void errorsAreRedOnATerminal_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<bool>("noColor");
        QTest::addColumn<bool>("isRed");
        QTest::newRow("auto") << QStringList() << false << true;
        QTest::newRow("NO_COLOR") << QStringList() << true << false;
        QTest::newRow("never") << QStringList{u"--color=never"_s} << false << false;
        QTest::newRow("always") << QStringList{u"--color"_s, u"always"_s} << true << true;
    }

    void errorsAreRedOnATerminal()
    {
        QFETCH(QStringList, arguments);
        QFETCH(bool, noColor);
        QFETCH(bool, isRed);
        OnTerminal tool(QStringList{u"ping"_s, u"--count"_s, u"0"_s} + arguments);
        if (noColor) {
            QProcessEnvironment environment = tool.process.processEnvironment();
            environment.insert(u"NO_COLOR"_s, u"1"_s);
            tool.process.setProcessEnvironment(environment);
        }
        tool.process.start();
        QCOMPARE(tool.status(), 1);
        QCOMPARE(tool.read(),
                 (isRed ? "\033[1;31mqamqp ping:\033[0m"_ba : "qamqp ping:"_ba)
                         + " --count \"0\" is not a whole number from 1 to 1000000\r\n");
    }

    void jsonHasColorsIfTheyAreWanted()
    {
        const QStringList command = {u"broker"_s,    u"--port"_s, u"0"_s,
                                     u"--timeout"_s, u"0.05"_s,   u"--json"_s};
        const Result plain = run(command);
        QVERIFY(!plain.output.contains('\033'));
        const Result colored = run(command + QStringList{u"--color"_s, u"always"_s});
        QVERIFY2(colored.output.startsWith("{\033[1m\"url\"\033[0m:\033[32m\"amqp://"),
                 colored.output.constData());
        QVERIFY(json(withoutColors(colored.output)).contains("url"_L1));
    }

    void wrongColor()
    {
        VERIFY_RUN(
                run({u"ping"_s, u"--color"_s, u"red"_s}), 1,
                u"qamqp ping: --color \"red\" is not auto, always or never; see qamqp ping --help\n"_s);
    }
};

QTAMQP_TEST(TestTerminal)
#include "tst_terminal.moc"
