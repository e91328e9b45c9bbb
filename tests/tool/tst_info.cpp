// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// info shows what a management plugin answers, and what AMQP tells where none does. Whatever else answers ends it with
// one line that says what is wrong.

#include "tool/httpserver.h"
#include "tool/tooltest.h"

#include <QtAmqpTest/qamqptestbroker.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

constexpr char queues[] = R"([
{"name":"orders","type":"quorum","state":"running","messages_ready":1234567,"messages_unacknowledged":5,"consumers":2,
"message_stats":{"publish_details":{"rate":12.25},"deliver_get_details":{"rate":0.0}}},
{"name":"a\u001b[31m\nb","type":"classic","messages_ready":"many","message_stats":[]},
"odd", 7, null])";

} // namespace

class TestInfo : public QObject
{
    Q_OBJECT

private:
    Result info(const QStringList &arguments) const
    {
        return run(QStringList{u"info"_s, u"--management"_s, m_server.url()} + arguments);
    }

    HttpServer m_server;

private Q_SLOTS:
    void showsATable()
    {
        m_server.setAnswer(queues);
        Result result = info({u"queues"_s, u"--url"_s, u"amqp://me:pass@h/a%2Fb"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output,
                 "QUEUE         TYPE     STATE      READY  UNACKED  CONSUMERS  IN/S  OUT/S\n"
                 "-             -        -              -        -          -     -      -\n"
                 "-             -        -              -        -          -     -      -\n"
                 "-             -        -              -        -          -     -      -\n"
                 "a\\x1b[31m\\nb  classic  -           many        -          -     -      -\n"
                 "orders        quorum   running  1234567        5          2  12.3    0.0\n");
        QVERIFY2(m_server.asked().startsWith(
                         "GET /api/queues/a%2Fb?columns=name,type,state,messages_ready,"),
                 m_server.asked().constData());
        QVERIFY(m_server.asked().contains("\r\nAuthorization: Basic "
                                          + QByteArray("me:pass").toBase64() + "\r\n"));
    }

    void printsJson()
    {
        m_server.setAnswer(queues);
        Result result = info({u"queues"_s, u"ord*"_s, u"--json"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(
                result.output,
                "{\"queue\":\"orders\",\"type\":\"quorum\",\"state\":\"running\",\"ready\":1234567,"
                "\"unacknowledged\":5,\"consumers\":2,\"in_rate\":12.25,\"out_rate\":0}\n");
        result = info({u"queues"_s, u"orders"_s, u"none"_s, u"o?"_s, u"--json"_s});
        VERIFY_RUN(result, 3, u"qamqp info: there is no queue \"none\"\n"_s);
        QCOMPARE(result.output.count('\n'), 1);
        m_server.setAnswer("[{\"name\":\"evil\xc2\x9b\x7f\"}]");
        result = info({u"queues"_s, u"--json"_s});
        QVERIFY2(result.output.contains("\"evil\\u009b\\u007f\""), result.output.constData());
    }

    void asksForEachKind_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QByteArray>("path");
        QTest::newRow("exchanges") << u"exchanges"_s << QByteArray("exchanges/%2F");
        QTest::newRow("bindings") << u"bindings"_s << QByteArray("bindings/%2F");
        QTest::newRow("connections") << u"connections"_s << QByteArray("vhosts/%2F/connections");
        QTest::newRow("channels") << u"channels"_s << QByteArray("vhosts/%2F/channels");
        QTest::newRow("consumers") << u"consumers"_s << QByteArray("consumers/%2F");
    }

    void asksForEachKind()
    {
        QFETCH(QString, kind);
        QFETCH(QByteArray, path);
        m_server.setAnswer(R"([{"source":"","name":"","user":"me","arguments":{"x":[1]}}])");
        const Result result = info({kind, u"--url"_s, u"amqp://h"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output.count('\n'), 2);
        QVERIFY2(m_server.asked().startsWith("GET /api/" + path + "?columns="),
                 m_server.asked().constData());
    }

    void overviewIsOneObject()
    {
        m_server.setAnswer(
                R"({"cluster_name":"rabbit@h","object_totals":{"queues":7},"queue_totals":{}})");
        const Result result = info({u"--json"_s});
        VERIFY_RUN(result, 0, QString());
        const QJsonObject broker = json(result.output);
        QCOMPARE(broker.value(u"cluster"_s), u"rabbit@h"_s);
        QCOMPARE(broker.value(u"queues"_s), 7);
        QVERIFY(broker.value(u"ready"_s).isNull());
        m_server.setAnswer("[]");
        QCOMPARE(info({}).status, 3);
    }

    void oddAnswers_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QByteArray &answer, int status,
                            const QString &error) {
            QTest::newRow(name) << answer << status << error;
        };
        const QByteArray empty = "\r\nContent-Length: 0\r\n\r\n";
        const QString byOption = u"; name its URL by --management"_s;
        row("401", "HTTP/1.1 401 Unauthorized" + empty, 3,
            u"%1 refused the user; check the user and the password, and that the user has the tag "
            "\"management\""_s);
        row("404", "HTTP/1.1 404 Not Found" + empty, 3, u"%1 answers with status 404"_s + byOption);
        row("redirection", "HTTP/1.1 302 Found\r\nLocation: http://me:pass@evil.example/x" + empty,
            3, u"%1 refers to http://evil.example/x"_s + byOption);
        row("503", "HTTP/1.1 503 Service Unavailable" + empty, 2, u"%1 answers with status 503"_s);
        const QString other = u"what answers at %1 is not the management plugin"_s;
        row("no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ht>", 3, other);
        row("other JSON", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 3, other);
        row("half a list", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[{", 3, other);
        row("nested", "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + QByteArray(4000, '['), 3,
            other);
        row("too much",
            "HTTP/1.1 200 OK\r\nContent-Length: 80000000\r\n\r\n" + QByteArray(80'000'000, ' '), 3,
            u"%1 answers with more than 67108864 bytes"_s);
        row("no HTTP", "AMQP\x00\x00\x09\x01 what\r\n\r\n", 2, {});
        row("nothing", " ", 2, {});
    }

    void oddAnswers()
    {
        QFETCH(QByteArray, answer);
        QFETCH(int, status);
        QFETCH(QString, error);
        m_server.setRawAnswer(answer);
        const Result result = info({u"queues"_s});
        QCOMPARE(result.status, status);
        QCOMPARE(result.output, QByteArray());
        QCOMPARE(result.errors.count('\n'), 1);
        const QString begin = error.isEmpty() ? u"the management plugin does not answer at %1 ("_s
                                              : error
                        + u"; without it there are only the counts of queues that are named, as in qamqp info "
                          "queues NAME, and qamqp ping\n"_s;
        QVERIFY2(result.errors.startsWith("qamqp info: " + begin.arg(m_server.url()).toUtf8()),
                 result.errors.constData());
    }

    void slowAnswersEndByTheTimeout()
    {
        m_server.setRawAnswer({});
        VERIFY_RUN(info({u"queues"_s, u"--timeout"_s, u"0.3"_s}), 5,
                   u"qamqp info: gave up after 0.3 s waiting for %1\n"_s.arg(m_server.url()));
    }

    void countsByAmqp()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        QVERIFY(broker.declareQueue(u"orders"_s));
        QVERIFY(broker.publish(QString(), u"orders"_s, QByteArray("x")));
        m_server.setAnswer("no", "404 Not Found");
        const Result result = info({u"queues"_s, u"none"_s, u"orders"_s, u"--json"_s, u"--url"_s,
                                    broker.url().toString()});
        VERIFY_RUN(
                result, 3,
                u"qamqp info: %1 answers with status 404; name its URL by --management; AMQP itself tells "
                "only these counts\nqamqp info: there is no queue \"none\"\n"_s.arg(
                        m_server.url()));
        QCOMPARE(result.output, "{\"queue\":\"orders\",\"ready\":1,\"consumers\":0}\n");
    }

    void mistakes_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("error");
        QTest::newRow("kind")
                << QStringList{u"queue"_s}
                << u"there are no \"queue\" (did you mean queues?); there are broker, "
                   "queues, exchanges, bindings, connections, channels, consumers; see qamqp "
                   "info --help"_s;
        for (const QString &url : {u"localhost"_s, u"ftp://h"_s, u"http://"_s, u"http://h/?x"_s}) {
            QTest::newRow(qPrintable(url))
                    << QStringList{u"--management"_s, url}
                    << u"the URL of the management plugin is not one such as http://localhost:15672 or "
                       "https://USER:PASSWORD@broker.example"_s;
        }
    }

    void mistakes()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, error);
        VERIFY_RUN(run(QStringList{u"info"_s} + arguments), 1, u"qamqp info: "_s + error + u'\n');
    }

    void userOfThePlugin()
    {
        m_server.setAnswer("[]");
        const QStringList external{u"queues"_s, u"--url"_s, u"amqps://h?auth_mechanism=external"_s};
        QVERIFY(info(external).errors.startsWith("qamqp info: the management plugin at "
                                                 + m_server.url().toUtf8()
                                                 + " needs a user and a password; "));
        VERIFY_RUN(
                run(QStringList{u"info"_s, u"--management"_s, m_server.url(u"a:b@"_s)} + external),
                0, QString());
        QVERIFY(m_server.asked().contains("\r\nAuthorization: Basic " + QByteArray("a:b").toBase64()
                                          + "\r\n"));
    }

    // What flows into a queue by its bindings, one of which is to the default exchange.
    void tapsAQueue()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        const QStringList arguments{u"tap"_s,
                                    u"--queue"_s,
                                    u"or/ders"_s,
                                    u"--management"_s,
                                    m_server.url(),
                                    u"--url"_s,
                                    broker.url().toString(),
                                    u"--count"_s,
                                    u"2"_s,
                                    u"--format"_s,
                                    u"%e %b"_s};
        m_server.setAnswer(R"([{"source":"","routing_key":"orders"},
{"source":"amq.topic","routing_key":"a.*","arguments":{}},
{"source":"amq.headers","routing_key":"","arguments":{"x-match":"all","type":"pdf"}}])");
        Program tap(arguments);
        QVERIFY(waitFor([&] {
            const auto bindings = broker.bindings();
            return std::count_if(bindings.begin(), bindings.end(),
                                 [](const auto &binding) { return !binding.exchange.isEmpty(); })
                    == 2;
        }));
        QVERIFY2(m_server.asked().startsWith("GET /api/queues/%2F/or%2Fders/bindings HTTP"),
                 m_server.asked().constData());
        QVERIFY(broker.publish(u"amq.topic"_s, u"a.b"_s, QByteArray("1")));
        QAmqpMessage pdf("2");
        pdf.setHeaders({{u"type"_s, u"pdf"_s}});
        QVERIFY(!broker.publish(u"amq.headers"_s, QString(), QByteArray("3")));
        QVERIFY(broker.publish(u"amq.headers"_s, QString(), pdf));
        QCOMPARE(tap.status(), 0);
        QCOMPARE(tap.errors(), QByteArray());
        QCOMPARE(tap.output(), "amq.topic 1\namq.headers 2\n");

        m_server.setAnswer(R"([{"source":"","routing_key":"orders"}])");
        VERIFY_RUN(
                run(arguments), 1,
                u"qamqp tap: queue \"or/ders\" has no binding but that to the default exchange: nothing "
                "can be bound to the default exchange, by which a message goes to the queue that its "
                "routing key names; tap another exchange\n"_s);
        m_server.setAnswer(R"({"error":"Object Not Found"})", "404 Object Not Found");
        VERIFY_RUN(run(arguments), 3, u"qamqp tap: there is no queue \"or/ders\"\n"_s);
        m_server.setAnswer("", "401 Unauthorized");
        VERIFY_RUN(
                run(arguments), 3,
                u"qamqp tap: AMQP does not tell the bindings of a queue: give them as EXCHANGE:KEY instead "
                "of --queue; %1 refused the user; check the user and the password, and that the user has "
                "the tag \"management\"\n"_s.arg(m_server.url()));
    }
};

QTAMQP_TEST(TestInfo)
#include "tst_info.moc"
