// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Ctrl-C, SIGTERM, a reader that goes away, a connection that is cut: what was under way is finished or
// given back, and nothing is lost or half sent.

#include "tool/tooltest.h"

#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestStopping : public QObject
{
    Q_OBJECT

private:
    QAmqpError publish(int count, const QByteArray &body = "message")
    {
        QAmqpChannel *channel = m_peer->channel();
        if (const QAmqpError error = settled(channel)) // it is open, and takes any number of bytes
            return error;
        for (int i = 0; i < count; ++i)
            channel->publish(QString(), m_queue, body);
        return failure(channel->allConfirmed());
    }

    // With the program as $0, the broker as $1 and the queue as $2.
    Result shell(const QString &script)
    {
        QProcess process;
        process.start(u"/bin/sh"_s,
                      {u"-c"_s, script, programName(), environment("QTAMQP_TEST_URL"), m_queue});
        if (!waitFor([&] { return process.state() == QProcess::NotRunning; }))
            return {};
        return {process.exitCode(), process.readAllStandardOutput(),
                process.readAllStandardError()};
    }

    std::unique_ptr<BrokerTest::Peer> m_peer;
    QString m_queue;

private Q_SLOTS:
    void init()
    {
        m_peer = std::make_unique<BrokerTest::Peer>();
        QVERIFY(m_peer->open());
        m_queue = uniqueName(u"stop"_s);
        VERIFY_OK(m_peer->channel()->declareQueue(m_queue));
    }

    void cleanup()
    {
        VERIFY_OK(m_peer->channel()->deleteQueue(m_queue));
        QVERIFY(m_peer->close());
    }

    void stopsPublishing_data()
    {
        QTest::addColumn<int>("signal");
        QTest::addColumn<int>("status");
        QTest::newRow("Ctrl-C") << SIGINT << 130;
        QTest::newRow("SIGTERM") << SIGTERM << 143;
    }

    void stopsPublishing()
    {
        QFETCH(int, signal);
        QFETCH(int, status);
        Program tool({u"publish"_s, u"-q"_s, m_queue, u"--size"_s, u"100"_s, u"--count"_s,
                      u"1000000000"_s, u"--json"_s});
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) > 0; }));
        tool.signal(signal);
        QCOMPARE(tool.status(), status);
        const QJsonObject tally = json(tool.output());
        const qint64 published = tally.value(u"published"_s).toInteger();
        QVERIFY(published > 0);
        QCOMPARE(tally.value(u"confirmed"_s).toInteger(), published);
        QCOMPARE(tool.errors(),
                 u"qamqp publish: stopped: %1 published, %1 confirmed\n"_s.arg(published).toUtf8());
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), int(published));
    }

    void timeIsUpWhilePublishing()
    {
        const Result result =
                run({u"publish"_s, u"-q"_s, m_queue, u"--size"_s, u"100"_s, u"--count"_s,
                     u"1000000000"_s, u"--timeout"_s, u"1"_s, u"--json"_s});
        QCOMPARE(result.status, 5);
        const qint64 published = json(result.output).value(u"published"_s).toInteger();
        QVERIFY(published > 0);
        QCOMPARE(result.errors,
                 u"qamqp publish: gave up after 1 s waiting for %1; %2 published, %2 confirmed\n"_s
                         .arg(options().endpoint())
                         .arg(published)
                         .toUtf8());
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), int(published));
    }

    void stopsWaitingForInput()
    {
        Program tool({u"publish"_s, u"-q"_s, m_queue, u"--lines"_s});
        tool.write("one\ntwo, not ended");
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 1; }));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        QCOMPARE(tool.errors(), QByteArray("qamqp publish: stopped: 1 published, 1 confirmed\n"));
        QCOMPARE(readyMessages(*m_peer, m_queue), 1);
    }

    // Every message was either printed, and is gone, or is in the queue.
    void stopsConsuming()
    {
        constexpr int count = 20'000;
        QVERIFY(!publish(count));
        Program tool({u"consume"_s, m_queue});
        QVERIFY(tool.waitForOutput(1));
        tool.signal(SIGINT);
        QCOMPARE(tool.status(), 130);
        QCOMPARE(tool.errors(), QByteArray());
        const int printed = int(tool.output().count('\n'));
        QVERIFY(printed > 0);
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), count - printed);
    }

    // The reader has gone: quietly, and what it did not take goes back.
    void readerGoesAway_data()
    {
        QTest::addColumn<QString>("command");
        QTest::newRow("consume") << u"consume"_s;
        QTest::newRow("get") << u"get --count 9"_s;
    }

    void readerGoesAway()
    {
        QFETCH(QString, command);
        QVERIFY(!publish(10, QByteArray(1'000'000, 'x')));
        const Result result =
                shell(u"{ $0 --url $1 %1 $2; echo status $? >&2; } | head -c 1000"_s.arg(command));
        QCOMPARE(result.errors, QByteArray("status 0\n"));
        QCOMPARE(result.output.size(), 1000);
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), 10);
    }

    void fullDevice()
    {
        QVERIFY(!publish(3));
        const Result result = shell(u"$0 --url $1 consume $2 >/dev/full"_s);
        QCOMPARE(result.status, 1);
        QCOMPARE(result.errors,
                 QByteArray("qamqp consume: cannot write to standard output: No space "
                            "left on device\n"));
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), 3);
    }

    // A pager that does not read for a while must not cost the connection its heartbeats.
    void slowReader()
    {
        QVERIFY(!publish(50, QByteArray(100'000, 'x')));
        const Result result =
                shell(u"$0 --url $1?heartbeat=1 consume $2 --count 50 | { sleep 4; wc -l; }"_s);
        QCOMPARE(result.errors, QByteArray());
        QCOMPARE(result.output.trimmed(), QByteArray("50"));
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), 0);
    }

    // Nothing but this program bounds what is held then, and nothing may be lost.
    void slowReaderWithoutAcknowledgement()
    {
        QVERIFY(!publish(400, QByteArray(100'000, 'x')));
        const Result result =
                shell(u"$0 --url $1 consume $2 --no-ack --timeout 4 | { sleep 2; wc -c; }"_s);
        QCOMPARE(result.errors, QByteArray());
        QCOMPARE(result.output.trimmed(), QByteArray("40000400"));
    }

    void lossIsTold()
    {
        QVERIFY(!publish(20, QByteArray(100'000, 'x')));
        const Result result =
                shell(u"{ $0 --url $1 consume $2 --no-ack --timeout 1; echo $? >&2; } | sleep 6"_s);
        QVERIFY2(result.errors.contains(
                         " messages are lost: they were not written, and --no-ack\n5\n"),
                 result.errors.constData());
    }

    void stalledReader_data()
    {
        QTest::addColumn<QString>("command");
        QTest::addColumn<QByteArray>("errors");
        QTest::newRow("get") << u"get $2"_s
                             << QByteArray("qamqp get: gave up after 1 s getting messages from ");
        QTest::newRow("without acknowledgement")
                << u"consume $2 --no-ack"_s << QByteArray("qamqp consume: gave up after 1 s ");
        QTest::newRow("without a prefetch")
                << u"consume $2 --prefetch 0 --count 300"_s
                << QByteArray("qamqp consume: 0 of 300 messages came within 1 s");
    }

    // A reader that never reads holds up neither the end of the time nor a signal.
    void stalledReader()
    {
        QFETCH(QString, command);
        QFETCH(QByteArray, errors);
        QVERIFY(!publish(300, QByteArray(100'000, 'x')));
        const Result result = shell(
                u"{ $0 --url $1 %1 --timeout 1; echo status $? >&2; } | sleep 8"_s.arg(command));
        QVERIFY2(result.errors.startsWith(errors), result.errors.constData());
        QVERIFY2(result.errors.endsWith("\nstatus 5\n"), result.errors.constData());
        if (!command.contains(u"--no-ack"_s))
            QTRY_COMPARE(readyMessages(*m_peer, m_queue), 300);
    }

    // Only the end of a subscription that began is what was asked for.
    void subscriptionThatNeverBegins()
    {
        const QByteArray basicConsume = QByteArray::fromHex("003c0014");
        QTcpServer proxy;
        QVERIFY(proxy.listen(QHostAddress::LocalHost));
        const QUrl address(environment("QTAMQP_TEST_URL"));
        connect(&proxy, &QTcpServer::newConnection, this, [&] {
            QTcpSocket *client = proxy.nextPendingConnection();
            auto *broker = new QTcpSocket(client);
            broker->connectToHost(address.host(), quint16(address.port()));
            QVERIFY(broker->waitForConnected());
            connect(broker, &QTcpSocket::readyRead, client,
                    [=] { client->write(broker->readAll()); });
            connect(client, &QTcpSocket::readyRead, broker, [=, silent = false]() mutable {
                const QByteArray bytes = client->readAll();
                silent = silent || bytes.contains(basicConsume);
                if (!silent)
                    broker->write(bytes);
            });
        });
        QUrl url = address;
        url.setPort(proxy.serverPort());
        const Result result =
                run({u"consume"_s, m_queue, u"--timeout"_s, u"1"_s, u"--url"_s, url.toString()});
        QCOMPARE(result.status, 5);
        QVERIFY2(result.errors.startsWith("qamqp consume: gave up after 1 s waiting for "),
                 result.errors.constData());
    }

    void closedStreams_data()
    {
        QTest::addColumn<QString>("command");
        QTest::addColumn<QByteArray>("errors");
        const QByteArray output("cannot write to standard output: Bad file descriptor\n");
        QTest::newRow("get") << u"get $2 >&-"_s << "qamqp get: " + output;
        QTest::newRow("consume") << u"consume $2 -n 1 >&-"_s << "qamqp consume: " + output;
        QTest::newRow("publish")
                << u"publish -q $2 <&-"_s
                << QByteArray("qamqp publish: cannot read standard input: Bad file descriptor\n");
    }

    void closedStreams()
    {
        QFETCH(QString, command);
        QFETCH(QByteArray, errors);
        QVERIFY(!publish(1));
        const Result result = shell(u"$0 --url $1 "_s + command);
        QCOMPARE(result.errors, errors);
        QCOMPARE(result.status, 1);
        QTRY_COMPARE(readyMessages(*m_peer, m_queue), 1);
    }

    // That nobody reads the tally does not make a message less lost.
    void closedOutputHidesNothing()
    {
        const Result published =
                shell(u"{ sleep 1; $0 --url $1 publish --json -q $2-no x; echo $? >&2; } | true"_s);
        QVERIFY2(published.errors.endsWith(")\n4\n"), published.errors.constData());
        const Result measured =
                shell(u"{ sleep 1; $0 --url $1 perf --json -y 0 -C 3 -f mandatory -e "
                      "amq.direct -k $2-no -u $2 -p; echo $? >&2; } | true"_s);
        QCOMPARE(measured.errors,
                 QByteArray("qamqp perf: 0 messages were nacked, 3 returned\n4\n"));
    }

    void returnsAreToldAtTheEnd()
    {
        Program tool({u"publish"_s, u"-q"_s, m_queue + u"-no"_s, u"--mandatory"_s, u"--lines"_s,
                      u"--timeout"_s, u"2"_s});
        tool.write("one\ntwo\n");
        QCOMPARE(tool.status(), 5);
        QVERIFY2(
                tool.errors().contains(
                        "; 2 published, 2 confirmed, 2 returned: message 1 returned: 312 NO_ROUTE ("),
                tool.errors().constData());
    }

    void helpForNobody()
    {
        const Result result = shell(u"{ sleep 1; $0 --help; echo $? >&2; } | true"_s);
        QCOMPARE(result.errors, QByteArray("0\n"));
    }

    // A body is bytes, a name is text: nothing is cut from either.
    void argumentsThatAreNotUtf8()
    {
        Result result = shell(u"$0 --url $1 publish -q $2 \"$(printf 'a\\377b\\303')\""_s);
        QCOMPARE(result.errors, QByteArray());
        QCOMPARE(result.status, 0);
        result = shell(u"$0 --url $1 get --raw $2"_s);
        QCOMPARE(result.output,
                 QByteArray("a\xff"
                            "b\xc3"));
        const QByteArray help("; see qamqp publish --help\n");
        result = shell(u"$0 --url $1 publish -q \"$2$(printf '\\303')\" x"_s);
        QCOMPARE(result.errors, "qamqp publish: --queue is not UTF-8" + help);
        QCOMPARE(result.status, 1);
        result = shell(u"$0 --url $1 publish -q $2 --type \"$(printf '\\377')\" x"_s);
        QCOMPARE(result.errors, "qamqp publish: --type is not UTF-8" + help);
        result = shell(u"$0 --url $1 publish -q $2 --header \"a=$(printf '\\377')\" x"_s);
        QCOMPARE(result.errors, "qamqp publish: --header is not UTF-8" + help);
        result = shell(u"$0 --url $1 get \"$2$(printf '\\303')\""_s);
        QCOMPARE(result.errors,
                 QByteArray("qamqp get: QUEUE is not UTF-8; see qamqp get --help\n"));
        QCOMPARE(result.status, 1);
        QCOMPARE(readyMessages(*m_peer, m_queue), 0);
    }

    // A reader that has seen enough is noticed though no message comes any more.
    void readerGoesAwayWhileNothingComes()
    {
        QVERIFY(!publish(1));
        const Result result = shell(
                u"{ $0 --url $1 consume $2 --prefetch 1; echo status $? >&2; } | head -n 1"_s);
        QCOMPARE(result.errors, QByteArray("status 0\n"));
        QCOMPARE(result.output, QByteArray("message\n"));
        QVERIFY(!publish(1));
        QCOMPARE(readyMessages(*m_peer, m_queue), 1);
    }

    void stopsOpeningAFifo()
    {
        const Result result = shell(
                u"d=$(mktemp -d); mkfifo $d/f; $0 --url $1 publish -q $2 -f $d/f --timeout 1; s=$?; "
                "rm -r $d; exit $s"_s);
        QVERIFY2(result.errors.startsWith("qamqp publish: gave up after 1 s "),
                 result.errors.constData());
        QCOMPARE(result.status, 5);
    }

    void unreadableInput_data()
    {
        QTest::addColumn<QString>("command");
        QTest::newRow("directory") << u"publish -q $2 </tmp"_s;
        QTest::newRow("lines") << u"publish -q $2 --lines </tmp"_s;
        QTest::newRow("file") << u"publish -q $2 -f /proc/self/mem"_s;
    }

    void unreadableInput()
    {
        QFETCH(QString, command);
        const Result result = shell(u"$0 --url $1 "_s + command);
        QVERIFY2(result.errors.startsWith("qamqp publish: cannot read "),
                 result.errors.constData());
        QCOMPARE(result.errors.count('\n'), 1);
        QCOMPARE(result.status, 1);
        QCOMPARE(readyMessages(*m_peer, m_queue), 0);
    }

    void connectionIsCut()
    {
        Program tool({u"publish"_s, u"-q"_s, m_queue, u"--lines"_s, u"--retry"_s, u"0"_s});
        tool.write("one\n");
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, m_queue) == 1; }));
        const auto listed = ctl({u"list_connections"_s, u"-q"_s, u"pid"_s, u"client_properties"_s});
        QVERIFY(listed);
        QByteArray pid;
        for (const QByteArray &line : listed->split('\n')) {
            if (line.contains("qamqp publish"))
                pid = line.split('\t').constFirst();
        }
        QVERIFY2(!pid.isEmpty(), listed->constData());
        QVERIFY(ctl({u"close_connection"_s, QString::fromUtf8(pid), u"by the test"_s}));
        QCOMPARE(tool.status(), 2);
        QVERIFY2(tool.errors().startsWith(
                         "qamqp publish: " + options().endpoint().toUtf8()
                         + " closed the connection: CONNECTION_FORCED - by the test"),
                 tool.errors().constData());
        QVERIFY2(tool.errors().endsWith("; 1 published, 1 confirmed\n"), tool.errors().constData());
        QCOMPARE(tool.errors().count('\n'), 1);
    }
};

QTAMQP_BROKER_TEST(TestStopping)
#include "tst_stopping.moc"
