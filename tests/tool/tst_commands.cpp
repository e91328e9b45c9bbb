// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Every subcommand against RabbitMQ: what it does, what it prints, what it says when the broker refuses.

#include "tool/tooltest.h"

#include <QtCore/qjsonarray.h>
#include <QtCore/qtemporaryfile.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

class TestCommands : public QObject
{
    Q_OBJECT

private:
    // A queue that goes with the test.
    QString makeQueue(const QAmqpQueueOptions &options = QAmqpQueueOptions())
    {
        const QString name = uniqueName(u"tool"_s);
        const auto future = m_peer->channel()->declareQueue(name, options);
        if (const QAmqpError error = failure(future))
            qWarning() << error;
        m_queues += name;
        return name;
    }

    static QString endpoint() { return options().endpoint(); }

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

    void ping()
    {
        const Result result = run({u"ping"_s, u"--count"_s, u"3"_s});
        VERIFY_RUN(result, 0, QString());
        QVERIFY(result.output.startsWith(endpoint().toUtf8() + ": RabbitMQ "));
        QVERIFY(result.output.contains("limits: 2047 channels, frames of 131072 bytes"));
        QVERIFY(result.output.contains("3 round trips: least "));
    }

    // The first of two hosts refuses.
    void pingNamesTheHostInUse()
    {
        QString url = environment("QTAMQP_TEST_URL");
        const QString authority = QUrl(url).host() + u':' + QString::number(QUrl(url).port());
        const Result result =
                run({u"ping"_s, u"--url"_s, url.replace(authority, u"127.0.0.1:1,"_s + authority)});
        VERIFY_RUN(result, 0, QString());
        QVERIFY2(result.output.startsWith(endpoint().toUtf8() + ": RabbitMQ "),
                 result.output.constData());
    }

    void pingWithTls()
    {
        const QString url = environment("QTAMQP_TEST_TLS_URL");
        const QString trusting = url + u"?cacertfile="_s + environment("QTAMQP_TEST_CA");
        const Result result = run({u"--json"_s, u"ping"_s, u"--url"_s, trusting});
        VERIFY_RUN(result, 0, QString());
        const QJsonObject info = json(result.output);
        QCOMPARE(info.value(u"product"_s), u"RabbitMQ"_s);
        QVERIFY(info.value(u"tls_protocol"_s).toString().startsWith(u"TLSv1."_s));
        QVERIFY(!info.value(u"tls_cipher"_s).toString().isEmpty());
        QCOMPARE(info.value(u"round_trip_ms"_s).toArray().size(), 5);
        QVERIFY(info.value(u"connect_ms"_s).toDouble() > 0);
        QCOMPARE(info.value(u"frame_max"_s).toInt(), 131072);

        const Result distrusting = run({u"ping"_s, u"--url"_s, url});
        QCOMPARE(distrusting.status, 2);
        QVERIFY2(distrusting.errors.endsWith(
                         "; if you trust its authority, set cacertfile to its certificate\n"),
                 distrusting.errors.constData());
        QCOMPARE(distrusting.errors.count('\n'), 1);
    }

    void plainWithATlsPort()
    {
        QUrl url(environment("QTAMQP_TEST_TLS_URL"));
        url.setScheme(u"amqp"_s);
        const Result result = run({u"ping"_s, u"--url"_s, url.toString()});
        QCOMPARE(result.status, 2);
        // Between them stands the address.
        const QByteArray endpoint = QAmqpConnectionOptions::fromUrl(url).endpoint().toUtf8();
        QVERIFY2(result.errors.startsWith("qamqp ping: " + endpoint + " (")
                         && result.errors.endsWith(
                                 ") answered with TLS; use amqps or the plain port\n"),
                 result.errors.constData());
    }

    void refusedUserAndVirtualHost()
    {
        QUrl url(environment("QTAMQP_TEST_URL"));
        url.setPassword(u"wrong"_s);
        const Result user = run({u"ping"_s, u"--url"_s, url.toString()});
        QCOMPARE(user.status, 3);
        QVERIFY2(user.errors.contains(endpoint().toUtf8()
                                      + " refused user \"guest\": ACCESS_REFUSED"),
                 user.errors.constData());
        QVERIFY(user.errors.endsWith("; check the user name and the password\n"));
        QCOMPARE(user.errors.count('\n'), 1);

        url = QUrl(environment("QTAMQP_TEST_URL"));
        url.setPath(u"/nowhere"_s);
        const Result vhost = run({u"ping"_s, u"--url"_s, url.toString()});
        QCOMPARE(vhost.status, 3);
        QVERIFY2(vhost.errors.contains("vhost nowhere not found"), vhost.errors.constData());
        QCOMPARE(vhost.errors.count('\n'), 1);
    }

    void passwordFromAFile()
    {
        QUrl url(environment("QTAMQP_TEST_URL"));
        const QString password = url.password();
        url.setPassword(u"wrong"_s);
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write(password.toUtf8() + "\nmore\n");
        file.close();
        VERIFY_RUN(
                run({u"--password-file"_s, file.fileName(), u"ping"_s, u"--url"_s, url.toString()}),
                0, QString());
    }

    void noPermission()
    {
        QVERIFY(ctl({u"add_user"_s, u"weak"_s, u"weak"_s}));
        QVERIFY(ctl({u"set_permissions"_s, u"-p"_s, virtualHost(), u"weak"_s, u"^ok$"_s, u"^ok$"_s,
                     u"^ok$"_s}));
        QUrl url(environment("QTAMQP_TEST_URL"));
        url.setUserName(u"weak"_s);
        url.setPassword(u"weak"_s);
        VERIFY_RUN(
                run({u"declare"_s, u"queue"_s, u"other"_s, u"--url"_s, url.toString()}), 3,
                u"qamqp declare queue: %1 closed channel 1: ACCESS_REFUSED - access to "
                "queue 'other' in vhost '%2' refused for user 'weak' (403, queue.declare); give the "
                "user the permission (rabbitmqctl set_permissions)\n"_s.arg(endpoint(),
                                                                            virtualHost()));
        QVERIFY(ctl({u"delete_user"_s, u"weak"_s}));
    }

    void topology()
    {
        const QString queue = uniqueName(u"q"_s);
        const QString exchange = uniqueName(u"e"_s);
        m_queues += queue;
        Result result = run({u"declare"_s, u"--json"_s, u"queue"_s, queue, u"--durable"_s,
                             u"--argument"_s, u"x-max-length=int32:5"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output,
                 "{\"queue\":\"" + queue.toUtf8()
                         + "\",\"message_count\":0,\"consumer_count\":0}\n");
        VERIFY_RUN(run({u"declare"_s, u"exchange"_s, exchange, u"--type"_s, u"topic"_s}), 0,
                   QString());
        const QStringList binding = {u"-e"_s, exchange, u"--queue"_s, queue, u"-r"_s, u"*.x"_s};
        VERIFY_RUN(run(QStringList{u"bind"_s} + binding), 0, QString());
        VERIFY_RUN(
                run({u"publish"_s, u"-e"_s, exchange, u"-r"_s, u"a.x"_s, u"--mandatory"_s, u"1"_s}),
                0, QString());
        VERIFY_RUN(run(QStringList{u"unbind"_s} + binding), 0, QString());
        VERIFY_RUN(
                run({u"publish"_s, u"-e"_s, exchange, u"-r"_s, u"a.x"_s, u"--mandatory"_s, u"1"_s}),
                4,
                u"qamqp publish: 1 of 1 messages not taken: message 1 returned: 312 NO_ROUTE "
                "(exchange \"%1\", routing key \"a.x\")\n"_s.arg(exchange));
        result = run({u"declare"_s, u"queue"_s, queue, u"--passive"_s});
        QCOMPARE(result.output, queue.toUtf8() + ": messages 1, consumers 0\n");

        result = run(
                {u"bind"_s, u"--json"_s, u"-e"_s, u"amq.fanout"_s, u"--to-exchange"_s, exchange});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(json(result.output).value(u"bound"_s), true);
        VERIFY_RUN(run({u"unbind"_s, u"-e"_s, u"amq.fanout"_s, u"--to-exchange"_s, exchange}), 0,
                   QString());
        result = run({u"purge"_s, queue});
        QCOMPARE(result.output, queue.toUtf8() + ": messages purged 1\n");
        result = run({u"delete"_s, u"queue"_s, queue, u"--if-empty"_s, u"--if-unused"_s});
        QCOMPARE(result.output, queue.toUtf8() + ": messages deleted 0\n");
        VERIFY_RUN(run({u"delete"_s, u"exchange"_s, exchange, u"--if-unused"_s}), 0, QString());
        QCOMPARE(run({u"declare"_s, u"exchange"_s, exchange, u"--passive"_s}).status, 3);
    }

    // A queue that is not there would swallow the message.
    void mandatoryForAQueue()
    {
        const QString error =
                u"qamqp publish: 1 of 1 messages not taken: message 1 returned: 312 NO_ROUTE (there is no "
                "queue \"no-such\")\n"_s;
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, u"no-such"_s, u"x"_s}), 4, error);
        VERIFY_RUN(run({u"publish"_s, u"-r"_s, u"no-such"_s, u"x"_s}), 4, error);
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s}, "{\"routing_key\":\"no-such\"}"), 4,
                   error);
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, u"no-such"_s, u"--no-mandatory"_s, u"x"_s}), 0,
                   QString());
        VERIFY_RUN(run({u"publish"_s, u"-e"_s, u"amq.direct"_s, u"-r"_s, u"no-such"_s, u"x"_s}), 0,
                   QString());
    }

    void withoutConfirmsErrorsAreToldToo()
    {
        VERIFY_RUN(
                run({u"publish"_s, u"--no-confirms"_s, u"--mandatory"_s, u"-q"_s, u"no-such"_s,
                     u"x"_s}),
                4,
                u"qamqp publish: 1 of 1 messages not taken: returned: 312 NO_ROUTE (there is no queue "
                "\"no-such\")\n"_s);
        const Result result = run(
                {u"publish"_s, u"--no-confirms"_s, u"-e"_s, u"no-such"_s, u"-r"_s, u"x"_s, u"x"_s});
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("no exchange 'no-such' in vhost"),
                 result.errors.constData());
        QCOMPARE(result.errors.count('\n'), 1);
    }

    void byteOrderMarkStays()
    {
        const QString queue = makeQueue();
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue}, "\xEF\xBB\xBFtext"), 0, QString());
        const Result result = run({u"get"_s, u"--json"_s, queue});
        VERIFY_RUN(result, 0, QString());
        QVERIFY2(result.output.contains("\"body\":\"\xEF\xBB\xBFtext\""),
                 result.output.constData());
        const QString body = QString(QChar(0xFEFF)) + u"word"_s;
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue, body}), 0, QString());
        QCOMPARE(run({u"get"_s, queue}).output, body.toUtf8() + '\n');
    }

    void typesOfQueues()
    {
        const QString queue = uniqueName(u"quorum"_s);
        m_queues += queue;
        VERIFY_RUN(run({u"declare"_s, u"queue"_s, queue, u"--type"_s, u"quorum"_s}), 0, QString());
        const Result named = run({u"declare"_s, u"queue"_s, u"--json"_s});
        VERIFY_RUN(named, 0, QString());
        const QString name = json(named.output).value(u"queue"_s).toString();
        QVERIFY(name.startsWith(u"amq.gen-"_s));
        m_queues += name;

        // It is there for the commands that follow, and goes with its last consumer.
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, name, u"x"_s}), 0, QString());
        VERIFY_RUN(run({u"consume"_s, name, u"--count"_s, u"1"_s}), 0, QString());
        QCOMPARE(run({u"declare"_s, u"queue"_s, name, u"--passive"_s}).status, 3);
    }

    void refusals_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QStringList &arguments, const QString &error) {
            QTest::newRow(name) << arguments << error;
        };
        const QString channel = u"%1 closed channel 1: "_s;
        const QString missing = u"; declare it first, or check its name"_s;
        const QString declared = u"; declare it as it is, or delete it first"_s;
        row("missing queue", {u"get"_s, u"nope"_s},
            channel + u"NOT_FOUND - no queue 'nope' in vhost '%h' (404, basic.get)"_s + missing);
        row("missing queue to consume", {u"consume"_s, u"nope"_s},
            channel + u"NOT_FOUND - no queue 'nope' in vhost '%h' (404, basic.consume)"_s
                    + missing);
        row("missing exchange", {u"publish"_s, u"-e"_s, u"nope"_s, u"x"_s},
            channel + u"NOT_FOUND - no exchange 'nope' in vhost '%h' (404, basic.publish)"_s
                    + missing + u"; 1 published, 0 confirmed"_s);
        row("missing exchange to consume from", {u"consume"_s, u"-e"_s, u"nope"_s},
            channel + u"NOT_FOUND - no exchange 'nope' in vhost '%h' (404, queue.bind)"_s
                    + missing);
        row("precondition",
            {u"declare"_s, u"exchange"_s, u"amq.direct"_s, u"--type"_s, u"fanout"_s},
            channel
                    + u"PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.direct' in vhost "
                      "'%h': received 'fanout' but current is 'direct' (406, exchange.declare)"_s
                    + declared);
        row("exchange type", {u"declare"_s, u"exchange"_s, u"e"_s, u"--type"_s, u"odd"_s},
            u"%1 closed the connection: COMMAND_INVALID - unknown exchange type 'odd' (503, "
            "exchange.declare)"_s);
        row("too large", {u"publish"_s, u"-q"_s, u"q"_s, u"--size"_s, u"40000000"_s},
            channel
                    + u"PRECONDITION_FAILED - message size 40000000 is larger than configured max size "
                      "33554432 (406, basic.publish); send less in one message, or raise the broker's "
                      "max_message_size; 1 published, 0 confirmed"_s);
        row("user-id", {u"publish"_s, u"-q"_s, u"q"_s, u"--user-id"_s, u"bob"_s, u"x"_s},
            channel
                    + u"PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was "
                      "'guest' (406, basic.publish); 1 published, 0 confirmed"_s);
    }

    void refusals()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, error);
        const Result result = run(arguments);
        const QString expected = error.arg(endpoint()).replace(u"%h"_s, virtualHost());
        const QString command =
                arguments.first() == u"declare"_s ? u"declare exchange"_s : arguments.first();
        VERIFY_RUN(result, 3, u"qamqp %1: %2\n"_s.arg(command, expected));
        QCOMPARE(result.output, QByteArray());
    }

    void longNames()
    {
        const QString name(256, u'q');
        for (const QStringList &arguments :
             {QStringList{u"get"_s, name}, QStringList{u"consume"_s, name},
              QStringList{u"publish"_s, u"-e"_s, name, u"x"_s},
              QStringList{u"publish"_s, u"-q"_s, name, u"x"_s}, QStringList{u"purge"_s, name},
              QStringList{u"declare"_s, u"queue"_s, name}}) {
            const Result result = run(arguments);
            QCOMPARE(result.status, 1);
            QVERIFY2(result.errors.contains(
                             QByteArray(" \"") + QByteArray(32, 'q')
                             + "…\" has 256 bytes of UTF-8, AMQP allows 255; shorten it\n"),
                     result.errors.constData());
            QCOMPARE(result.errors.count('\n'), 1);
        }
    }

    void exclusiveQueueOfAnother()
    {
        const QString queue = makeQueue(QAmqpQueueOptions().setExclusive());
        const Result result = run({u"get"_s, queue});
        QCOMPARE(result.status, 3);
        QVERIFY2(result.errors.contains("RESOURCE_LOCKED - cannot obtain exclusive access"),
                 result.errors.constData());
        QVERIFY(result.errors.endsWith("; use it on the connection that declared it; on that one "
                                       "declare it with the same exclusive as before\n"));
        QCOMPARE(result.errors.count('\n'), 1);
    }

    void fullQueue()
    {
        const QString queue = makeQueue(QAmqpQueueOptions()
                                                .setArgument(u"x-max-length"_s, 1)
                                                .setArgument(u"x-overflow"_s, u"reject-publish"_s));
        const Result result =
                run({u"publish"_s, u"-q"_s, queue, u"x"_s, u"--count"_s, u"9"_s, u"--json"_s});
        VERIFY_RUN(
                result, 4,
                u"qamqp publish: 8 of 9 messages not taken: message 2 nacked by the broker; message 3 "
                "nacked by the broker; message 4 nacked by the broker; message 5 nacked by the broker; "
                "message 6 nacked by the broker; and 3 more\n"_s);
        QCOMPARE(result.output,
                 QByteArray("{\"published\":9,\"confirmed\":1,\"nacked\":8,\"returned\":0}\n"));
    }

    void bodiesFromEverywhere()
    {
        const QString queue = makeQueue();
        QTemporaryFile file;
        QVERIFY(file.open());
        file.write("from\na file\n");
        file.close();
        const QStringList to = {u"publish"_s, u"-q"_s, queue};
        VERIFY_RUN(run(to + QStringList{u"argument ü"_s}), 0, QString());
        VERIFY_RUN(run(to, "from\nstdin"), 0, QString());
        VERIFY_RUN(run(to, ""), 0, QString());
        VERIFY_RUN(run(to + QStringList{u"--file"_s, file.fileName()}), 0, QString());
        VERIFY_RUN(run(to + QStringList{u"--lines"_s, u"-f"_s, file.fileName()}), 0, QString());
        VERIFY_RUN(run(to + QStringList{u"--lines"_s}, "1\n\n\xff"), 0, QString());
        VERIFY_RUN(run(to + QStringList{u"--size"_s, u"3"_s, u"--no-confirms"_s}), 0, QString());
        VERIFY_RUN(run(to + QStringList{u"--count"_s, u"2"_s, u"--"_s, u"-x"_s}), 0, QString());
        const Result result = run({u"get"_s, queue, u"--count"_s, u"11"_s, u"--json"_s});
        VERIFY_RUN(result, 0, QString());
        QList<QByteArray> bodies;
        for (const QJsonObject &message : jsonLines(result.output)) {
            bodies += message.contains(u"body"_s)
                    ? message.value(u"body"_s).toString().toUtf8()
                    : QByteArray::fromBase64(message.value(u"body_base64"_s).toString().toLatin1());
        }
        const QList<QByteArray> expected = {"argument ü", "from\nstdin", "",  "from\na file\n",
                                            "from",       "a file",      "1", "",
                                            "\xff",       "012",         "-x"};
        QCOMPARE(bodies, expected);
    }

    // Standard input may be longer than memory: lines are sent as they come.
    void linesAreSentAsTheyCome()
    {
        const QString queue = makeQueue();
        Program tool({u"publish"_s, u"-q"_s, queue, u"--lines"_s, u"--json"_s});
        tool.write("first\nsec");
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, queue) == 1; }));
        tool.write("ond\n" + QByteArray(3'000'000, 'x') + '\n');
        QVERIFY(waitFor([&] { return readyMessages(*m_peer, queue) == 3; }));
        QVERIFY(tool.isRunning());
        tool.closeInput();
        QCOMPARE(tool.status(), 0);
        QCOMPARE(tool.output(),
                 QByteArray("{\"published\":3,\"confirmed\":3,\"nacked\":0,\"returned\":0}\n"));
    }

    void manyLines()
    {
        const QString queue = makeQueue();
        QByteArray lines;
        for (int i = 0; i < 20'000; ++i)
            lines += QByteArray::number(i) + '\n';
        VERIFY_RUN(
                run({u"publish"_s, u"-q"_s, queue, u"--lines"_s, u"--window"_s, u"100"_s}, lines),
                0, QString());
        const Result result =
                run({u"consume"_s, queue, u"-n"_s, u"20000"_s, u"--timeout"_s, u"60"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, lines);
        QTRY_COMPARE(readyMessages(*m_peer, queue), 0);
    }

    void everyPropertyAndHeaderThereAndBack()
    {
        const QString queue = makeQueue();
        const QStringList headers = {
                u"bool=bool:true"_s,
                u"int8=int8:-128"_s,
                u"uint8=uint8:255"_s,
                u"int16=int16:-32768"_s,
                u"uint16=uint16:65535"_s,
                u"int32=int32:-2147483648"_s,
                u"uint32=uint32:4294967295"_s,
                u"int64=int64:9223372036854775807"_s,
                u"float=float:0.1"_s,
                u"double=double:0.1"_s,
                u"decimal=decimal:-0.05"_s,
                u"string=string:ü=:1"_s,
                u"text=text:"_s,
                u"bytes=bytes:AP8="_s,
                u"timestamp=timestamp:2026-01-02T03:04:05Z"_s,
                u"array=array:[1,2.5,\"x\",null,{\"type\":\"int8\",\"value\":3}]"_s,
                u"table=table:{\"a\":{\"b\":true},\"big\":4294967296}"_s,
                u"void=void:"_s};
        QStringList arguments = {u"publish"_s,
                                 u"-q"_s,
                                 queue,
                                 u"x"_s,
                                 u"--persistent"_s,
                                 u"--content-type=a/b"_s,
                                 u"--content-encoding=c"_s,
                                 u"--priority=9"_s,
                                 u"--correlation-id=d"_s,
                                 u"--reply-to=e"_s,
                                 u"--expiration=60000"_s,
                                 u"--message-id=f"_s,
                                 u"--timestamp=1700000000"_s,
                                 u"--type=g"_s,
                                 u"--user-id=guest"_s,
                                 u"--app-id=ü"_s,
                                 u"--cluster-id=h"_s};
        for (const QString &header : headers)
            arguments += {u"--header"_s, header};
        VERIFY_RUN(run(arguments), 0, QString());
        const Result result = run({u"get"_s, queue, u"--json"_s});
        VERIFY_RUN(result, 0, QString());
        const QByteArray expected =
                "\"properties\":{\"content_type\":\"a/b\",\"content_encoding\":\"c\",\"correlation_id\":"
                "\"d\",\"reply_to\":\"e\",\"expiration\":\"60000\",\"message_id\":\"f\",\"type\":\"g\","
                "\"user_id\":\"guest\",\"app_id\":\"ü\",\"cluster_id\":\"h\",\"headers\":{"
                "\"bool\":{\"type\":\"bool\",\"value\":true},"
                "\"int8\":{\"type\":\"int8\",\"value\":-128},"
                "\"uint8\":{\"type\":\"uint8\",\"value\":255},"
                "\"int16\":{\"type\":\"int16\",\"value\":-32768},"
                "\"uint16\":{\"type\":\"uint16\",\"value\":65535},"
                "\"int32\":{\"type\":\"int32\",\"value\":-2147483648},"
                "\"uint32\":{\"type\":\"uint32\",\"value\":4294967295},"
                "\"int64\":{\"type\":\"int64\",\"value\":9223372036854775807},"
                "\"float\":{\"type\":\"float\",\"value\":0.1},"
                "\"double\":{\"type\":\"double\",\"value\":0.1},"
                "\"decimal\":{\"type\":\"decimal\",\"value\":\"-0.05\"},"
                "\"string\":{\"type\":\"string\",\"value\":\"ü=:1\"},"
                "\"text\":{\"type\":\"string\",\"value\":\"\"},"
                "\"bytes\":{\"type\":\"bytes\",\"value\":\"AP8=\"},"
                "\"timestamp\":{\"type\":\"timestamp\",\"value\":1767323045},"
                "\"array\":{\"type\":\"array\",\"value\":[{\"type\":\"int32\",\"value\":1},"
                "{\"type\":\"double\",\"value\":2.5},{\"type\":\"string\",\"value\":\"x\"},"
                "{\"type\":\"void\",\"value\":null},{\"type\":\"int8\",\"value\":3}]},"
                "\"table\":{\"type\":\"table\",\"value\":{\"a\":{\"type\":\"table\",\"value\":{"
                "\"b\":{\"type\":\"bool\",\"value\":true}}},\"big\":{\"type\":\"int64\",\"value\":"
                "4294967296}}},\"void\":{\"type\":\"void\",\"value\":null}},"
                "\"delivery_mode\":2,\"priority\":9,\"timestamp\":1700000000},\"body\":\"x\"}\n";
        const QByteArray given = result.output.mid(result.output.indexOf("\"properties\""));
        QCOMPARE(QString::fromUtf8(given), QString::fromUtf8(expected));

        // What was printed can be given again.
        const QJsonObject printed = json(result.output).value(u"properties"_s).toObject();
        for (const QString &nested : {u"array"_s, u"table"_s}) {
            const QJsonValue value = printed.value(u"headers"_s)[nested][u"value"_s];
            const QJsonDocument document = value.isArray() ? QJsonDocument(value.toArray())
                                                           : QJsonDocument(value.toObject());
            VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue, u"x"_s, u"--header"_s,
                            nested + u"="_s + nested + u":"_s
                                    + QString::fromUtf8(document.toJson(QJsonDocument::Compact))}),
                       0, QString());
            const Result again = run({u"get"_s, queue, u"--json"_s});
            QCOMPARE(json(again.output)[u"properties"_s][u"headers"_s][nested][u"value"_s], value);
        }
    }

    void getLooksOrTakes()
    {
        const QString queue = makeQueue();
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue, u"--lines"_s}, "a\nb\nc\n"), 0, QString());
        Result result = run({u"get"_s, queue, u"--requeue"_s, u"-n"_s, u"2"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, QByteArray("a\nb\n"));
        QTRY_COMPARE(readyMessages(*m_peer, queue), 3);
        result = run({u"get"_s, u"--queue"_s, queue, u"-n"_s, u"9"_s, u"--ack"_s});
        VERIFY_RUN(result, 5, u"qamqp get: queue \"%1\" had 3 of 9 messages\n"_s.arg(queue));
        QCOMPARE(result.output, QByteArray("a\nb\nc\n"));
        result = run({u"get"_s, queue});
        VERIFY_RUN(result, 5, u"qamqp get: queue \"%1\" is empty\n"_s.arg(queue));
    }

    void consumeCountsAndGivesUp()
    {
        const QString queue = makeQueue();
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue, u"--lines"_s}, "a\nb\nc\n"), 0, QString());
        Result result = run({u"consume"_s, queue, u"-n"_s, u"2"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, QByteArray("a\nb\n"));
        result = run({u"consume"_s, queue, u"-n"_s, u"2"_s, u"--timeout"_s, u"0.5"_s});
        VERIFY_RUN(result, 5, u"qamqp consume: 1 of 2 messages came within 0.5 s\n"_s);
        QCOMPARE(result.output, QByteArray("c\n"));
        QTRY_COMPARE(readyMessages(*m_peer, queue), 0);
        VERIFY_RUN(run({u"consume"_s, queue, u"--timeout"_s, u"0.2"_s}), 0, QString());
    }

    void consumeFromAnExchange()
    {
        const QString exchange = uniqueName(u"e"_s);
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->declareExchange(exchange, u"topic"_s));
        Program tool({u"consume"_s, u"-e"_s, exchange, u"-b"_s, u"a.*"_s, u"-b"_s, u"*.b"_s,
                      u"-n"_s, u"2"_s, u"--no-ack"_s});
        QCOMPARE(tool.status(), 1); // --no-ack and --count
        Program consumer({u"consume"_s, u"-e"_s, exchange, u"-b"_s, u"a.*"_s, u"-b"_s, u"*.b"_s,
                          u"--json"_s, u"--no-ack"_s});
        for (const QString &key : {u"a.x"_s, u"x.b"_s}) {
            const auto routed = [&] {
                return !failure(channel->publishConfirmed(exchange, key, QByteArray("m"),
                                                          QAmqpChannel::Mandatory));
            };
            QVERIFY(waitFor(routed));
        }
        QVERIFY(waitFor([&] { return consumer.output().count('\n') >= 2; }));
        consumer.signal(SIGINT);
        QCOMPARE(consumer.status(), 130);
        QCOMPARE(jsonLines(consumer.output()).constFirst().value(u"routing_key"_s), u"a.x"_s);
        VERIFY_OK(channel->deleteExchange(exchange));
    }

    void consumerIsCancelled()
    {
        const QString queue = makeQueue();
        Program tool({u"consume"_s, queue});
        const auto consumed = [&] {
            const auto info =
                    m_peer->channel()->declareQueue(queue, QAmqpQueueOptions().setPassive());
            return !failure(info) && info.result().consumerCount == 1;
        };
        QVERIFY(waitFor(consumed));
        VERIFY_OK(m_peer->channel()->deleteQueue(queue));
        QCOMPARE(tool.status(), 3);
        QCOMPARE(
                QString::fromUtf8(tool.errors()),
                u"qamqp consume: the broker cancelled consumer \"qtamqp-1.1\": its queue was deleted or "
                "became unavailable\n"_s);
    }
};

QTAMQP_BROKER_TEST(TestCommands)
#include "tst_commands.moc"
