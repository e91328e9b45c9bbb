// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp call and serve: with each other, and what they say when there is no answer.

#include "scripted/scriptedbroker.h"
#include "tool/tooltest.h"

#include <QtCore/qtemporarydir.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestToolRpc : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_peer = std::make_unique<BrokerTest::Peer>();
        QVERIFY(m_peer->open());
        m_queue = uniqueName(u"rpc"_s);
        VERIFY_OK(m_peer->channel()->declareQueue(m_queue));
    }

    void cleanup()
    {
        VERIFY_OK(m_peer->channel()->deleteQueue(m_queue));
        QVERIFY(m_peer->close());
    }

    void callsAndServes()
    {
        Program server({u"serve"_s, u"-q"_s, m_queue, u"--count"_s, u"2"_s, u"--content-type"_s,
                        u"text/x"_s, u"--"_s, u"tr"_s, u"a-z"_s, u"A-Z"_s});
        const Result plain = run({u"call"_s, u"-q"_s, m_queue, u"hello"_s});
        VERIFY_RUN(plain, 0, QString());
        QCOMPARE(plain.output, "HELLO\n");
        const Result asJson =
                run({u"call"_s, u"--json"_s, u"-r"_s, m_queue, u"--timeout"_s, u"60"_s}, "input");
        VERIFY_RUN(asJson, 0, QString());
        const QJsonObject reply = json(asJson.output);
        QCOMPARE(reply.value(u"body"_s), u"INPUT"_s);
        QCOMPARE(reply.value(u"properties"_s).toObject().value(u"content_type"_s), u"text/x"_s);
        QCOMPARE(server.status(), 0);
        QCOMPARE(server.errors(), "");
        QCOMPARE(readyMessages(*m_peer, m_queue), 0);
    }

    void noReply()
    {
        VERIFY_RUN(run({u"call"_s, u"-q"_s, m_queue, u"--timeout"_s, u"0.5"_s, u"hello"_s}), 5,
                   u"qamqp call: gave up after 0.5 s waiting for the reply\n"_s);
    }

    void noServer()
    {
        const QString missing = uniqueName();
        VERIFY_RUN(run({u"call"_s, u"-q"_s, missing, u"hello"_s}), 4,
                   u"qamqp call: the request to exchange \"\" with routing key \"%1\" reached no "
                   "queue: NO_ROUTE; is its server running?\n"_s.arg(missing));
    }

    void failingCommand()
    {
        Program server({u"serve"_s, u"-q"_s, m_queue, u"-n"_s, u"1"_s, u"--"_s, u"sh"_s, u"-c"_s,
                        u"exit 3"_s});
        QCOMPARE(run({u"call"_s, u"-q"_s, m_queue, u"--timeout"_s, u"1"_s, u"hello"_s}).status, 5);
        QCOMPARE(server.status(), 0);
        QCOMPARE(server.errors(),
                 "qamqp serve: sh exited with status 3; its request was rejected\n");
        QCOMPARE(readyMessages(*m_peer, m_queue), 0);
    }

    // The request of a command that fails when the connection is gone.
    void failingCommandBehindTheEnd()
    {
        using namespace QtAmqpPrivate;
        const QTemporaryDir folder;
        const QString started = folder.filePath(u"started"_s);
        const QString goOn = folder.filePath(u"go on"_s);
        QAmqpMessage request("hello");
        request.setReplyTo(u"nowhere"_s);
        QtAmqpTest::ScriptedServer server(
                QtAmqpTest::Script()
                        .handshake()
                        .channelOpen()
                        .expect<BasicQos>()
                        .reply(BasicQosOk{})
                        .expect<BasicConsume>()
                        .reply(BasicConsumeOk{"qtamqp-1.1"})
                        .sendContent(BasicDeliver{"qtamqp-1.1", 1, false, {}, "q"}, request));
        Program serve({u"serve"_s, u"--url"_s, server.url().toString(), u"-q"_s, u"q"_s,
                       u"--retry"_s, u"0"_s, u"--"_s, u"sh"_s, u"-c"_s,
                       u"touch '%1'; until [ -e '%2' ]; do sleep 0.05; done; exit 3"_s.arg(started,
                                                                                           goOn)});
        QVERIFY2(waitFor([&] { return QFile::exists(started); }), qPrintable(server.report()));
        server.then(QtAmqpTest::Script()
                            .send(ConnectionClose{320, "CONNECTION_FORCED", 0, 0})
                            .expect<ConnectionCloseOk>());
        QVERIFY2(waitFor([&] { return server.isExhausted(); }), qPrintable(server.report()));
        QVERIFY(QFile(goOn).open(QIODevice::WriteOnly));
        QCOMPARE(serve.status(), 2);
        const QList<QByteArray> lines = serve.errors().split('\n');
        QCOMPARE(lines.value(0),
                 "qamqp serve: sh exited with status 3; its request could not be rejected");
        QVERIFY2(lines.value(1).contains("CONNECTION_FORCED"), serve.errors().constData());
    }

    void commandThatCannotRun()
    {
        QAmqpMessage request("hello");
        request.setReplyTo(u"nowhere"_s);
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->publishConfirmed({}, m_queue, request));
        const Result result = run({u"serve"_s, u"-q"_s, m_queue, u"--"_s, u"/no/such/program"_s});
        QCOMPARE(result.status, 1);
        QVERIFY2(result.errors.startsWith("qamqp serve: cannot run /no/such/program: "),
                 result.errors.constData());
        QCOMPARE(readyMessages(*m_peer, m_queue), 1); // for a server that can
    }

    void serveUntilStopped()
    {
        Program server({u"serve"_s, u"-q"_s, m_queue, u"--parallel"_s, u"2"_s, u"--"_s, u"cat"_s});
        VERIFY_RUN(run({u"call"_s, u"-q"_s, m_queue, u"hello"_s}), 0, QString());
        server.signal(SIGTERM);
        QCOMPARE(server.status(), 143);
        QCOMPARE(server.errors(), "");
    }

    void environmentOfTheCommand()
    {
        QAmqpMessage request("body");
        request.setReplyTo(m_queue + u"-replies"_s);
        request.setMessageId(u"m 1"_s);
        request.setCorrelationId(QString(QChar(0xDCFF)));
        request.setContentType(u"a/b"_s);
        request.setPriority(7);
        request.setTimestamp(QDateTime::fromSecsSinceEpoch(1700000000));
        request.setHeaders({{u"x-count"_s, 5},
                            {u"text"_s, u"ü"_s},
                            {u"list"_s, QAmqpValue(QList<QAmqpValue>{QAmqpValue(true)})},
                            {u"huge"_s, QString(100'000, u'x')},
                            {u"x=y"_s, u"z"_s}});
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->declareQueue(m_queue + u"-replies"_s));
        VERIFY_OK(channel->publishConfirmed({}, m_queue, request));
        qputenv("QAMQP_HEADER_text", "of another");
        qputenv("QAMQP_TYPE", "of another");
        const Result result =
                run({u"serve"_s, u"-q"_s, m_queue, u"-n"_s, u"1"_s, u"--"_s, u"sh"_s, u"-c"_s,
                     u"env | grep ^QAMQP_ | grep -v QAMQP_URL | LC_ALL=C sort"_s});
        qunsetenv("QAMQP_HEADER_text");
        qunsetenv("QAMQP_TYPE");
        VERIFY_RUN(result, 0, QString());
        const auto reply = fetch(channel, m_queue + u"-replies"_s);
        QVERIFY(reply);
        QCOMPARE(reply->body(),
                 "QAMQP_CONTENT_TYPE=a/b\n"
                 "QAMQP_CORRELATION_ID_BASE64=/w==\n"
                 "QAMQP_EXCHANGE=\n"
                 "QAMQP_HEADER_list=[{\"type\":\"bool\",\"value\":true}]\n"
                 "QAMQP_HEADER_text=ü\n"
                 "QAMQP_HEADER_x_count=5\n"
                 "QAMQP_HEADER_x_y=z\n"
                 "QAMQP_MESSAGE_ID=m 1\n"
                 "QAMQP_PRIORITY=7\n"
                 "QAMQP_REDELIVERED=false\n"
                 "QAMQP_REPLY_TO="
                         + m_queue.toUtf8() + "-replies\nQAMQP_ROUTING_KEY=" + m_queue.toUtf8()
                         + "\nQAMQP_TIMESTAMP=1700000000\n");
        VERIFY_OK(channel->deleteQueue(m_queue + u"-replies"_s));
    }

    // Each command tells how many run beside it.
    void neverMoreThanParallel()
    {
        const QTemporaryDir folder;
        QAmqpMessage request;
        request.setReplyTo(m_queue + u"-replies"_s);
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->declareQueue(m_queue + u"-replies"_s));
        for (int i = 0; i < 8; ++i)
            channel->publish({}, m_queue, request);
        VERIFY_OK(channel->allConfirmed());
        VERIFY_RUN(
                run({u"serve"_s, u"-q"_s, m_queue, u"-n"_s, u"8"_s, u"--parallel"_s, u"2"_s,
                     u"--"_s, u"sh"_s, u"-c"_s,
                     u"cd '%1'; mkdir $$; ls | wc -l; sleep 0.05; rmdir $$"_s.arg(folder.path())}),
                0, QString());
        int most = 0;
        for (int i = 0; i < 8; ++i) {
            const auto reply = fetch(channel, m_queue + u"-replies"_s);
            QVERIFY(reply);
            most = std::max(most, reply->body().trimmed().toInt());
        }
        QVERIFY2(most > 0 && most <= 2, QByteArray::number(most).constData());
        VERIFY_OK(channel->deleteQueue(m_queue + u"-replies"_s));
    }

    // What runs may finish, what waits goes to others at once.
    void graceForWhatRuns()
    {
        const QTemporaryDir folder;
        const QString started = folder.filePath(u"started"_s);
        const QString goOn = folder.filePath(u"go on"_s);
        QAmqpMessage request("hello");
        request.setReplyTo(m_queue);
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->publishConfirmed({}, m_queue, request));
        Program server(
                {u"serve"_s, u"-q"_s, m_queue, u"--grace"_s, u"60"_s, u"--"_s, u"sh"_s, u"-c"_s,
                 u"touch '%1'; until [ -e '%2' ]; do sleep 0.05; done; echo done"_s.arg(started,
                                                                                        goOn)});
        QVERIFY(waitFor([&] { return QFile::exists(started); }));
        server.signal(SIGTERM);
        const auto isStopped = [&] {
            const auto info = channel->declareQueue(m_queue, passive);
            return !failure(info) && info.result().consumerCount == 0;
        };
        QVERIFY(waitFor(isStopped));
        VERIFY_OK(channel->publishConfirmed({}, m_queue, request));
        QCOMPARE(readyMessages(*m_peer, m_queue), 1);
        QVERIFY(server.isRunning());
        QVERIFY(QFile(goOn).open(QIODevice::WriteOnly));
        QCOMPARE(server.status(), 143);
        QCOMPARE(readyMessages(*m_peer, m_queue), 2); // the other request, and the reply
    }

    void wrongUsage()
    {
        VERIFY_RUN(
                run({u"call"_s, u"hello"_s}), 1,
                u"qamqp call: the request needs a target: give --queue, or --exchange and --routing-key; see qamqp call "
                "--help\n"_s);
        VERIFY_RUN(run({u"call"_s, u"-q"_s, u"q"_s, u"--reply-to"_s, u"r"_s, u"hello"_s}), 1,
                   u"qamqp call: --reply-to is chosen by call; leave it out\n"_s);
        VERIFY_RUN(
                run({u"serve"_s, u"--"_s, u"cat"_s}), 1,
                u"qamqp serve: the queue of the requests is missing: give --queue; see qamqp serve --help\n"_s);
        VERIFY_RUN(run({u"serve"_s, u"-q"_s, u"q"_s}), 1,
                   u"qamqp serve: COMMAND is missing; see qamqp serve --help\n"_s);
        QCOMPARE(run({u"serve"_s, u"-q"_s, uniqueName(), u"--"_s, u"cat"_s}).status, 3);
    }

private:
    std::unique_ptr<BrokerTest::Peer> m_peer;
    QString m_queue;
};

QTAMQP_BROKER_TEST(TestToolRpc)
#include "tst_rpc.moc"
