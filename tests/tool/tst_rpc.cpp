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
        Program serve({u"serve"_s, u"--url"_s, server.url().toString(), u"-q"_s, u"q"_s, u"--"_s,
                       u"sh"_s, u"-c"_s,
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

    void wrongUsage()
    {
        VERIFY_RUN(
                run({u"call"_s, u"hello"_s}), 1,
                u"qamqp call: whom? Give --queue, or --exchange and --routing-key; see qamqp call "
                "--help\n"_s);
        VERIFY_RUN(run({u"call"_s, u"-q"_s, u"q"_s, u"--reply-to"_s, u"r"_s, u"hello"_s}), 1,
                   u"qamqp call: --reply-to is chosen by call; leave it out\n"_s);
        VERIFY_RUN(run({u"serve"_s, u"--"_s, u"cat"_s}), 1,
                   u"qamqp serve: which requests? Give --queue; see qamqp serve --help\n"_s);
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
