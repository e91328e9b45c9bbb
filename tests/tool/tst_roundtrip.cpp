// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What get and consume print with --json is the whole message, and publish --json-lines puts it back; --raw
// and --format; bytes that are no text.

#include "everymessage.h"
#include "scripted/scriptedbroker.h"
#include "tool/tooltest.h"
#include "unreadable.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qtemporaryfile.h>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

using Property = QAmqpMessage::Property;

// All that a message consists of.
QList<QByteArray> contents(const QAmqpMessage &message)
{
    QList<QByteArray> all{message.body()};
    for (quint16 bit = 0x8000; bit >= 0x0004; bit = quint16(bit >> 1)) {
        const Property property = Property(bit);
        all += message.has(property) ? '=' + message.bytes(property) : "absent";
    }
    return all;
}

} // namespace

class TestRoundTrip : public QObject
{
    Q_OBJECT

private:
    QString makeQueue()
    {
        const QString name = uniqueName(u"again"_s);
        if (const QAmqpError error = failure(m_peer->channel()->declareQueue(name)))
            qWarning() << error;
        m_queues += name;
        return name;
    }

    void verifyContents(const QString &queue, const QString &exchange, const QString &key)
    {
        QAmqpChannel *channel = m_peer->channel();
        for (const QAmqpMessage &expected : everyMessage()) {
            const auto given = fetch(channel, queue);
            QVERIFY(given);
            QCOMPARE(contents(*given), contents(expected));
            QCOMPARE(given->exchange(), exchange);
            QCOMPARE(given->routingKey(), key);
        }
        channel->close();
    }

    std::unique_ptr<BrokerTest::Peer> m_peer;
    QStringList m_queues;

private Q_SLOTS:
    // It is not in memory as a whole on either side.
    void aLargeFileIsPublishedAndWrittenAsItIs()
    {
        const QString queue = makeQueue();
        QTemporaryFile file;
        QVERIFY(file.open());
        const QByteArray body = bytes(3 * 1024 * 1024 + 1);
        QVERIFY(file.write(body) == body.size() && file.flush());
        VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue, u"-f"_s, file.fileName(), u"-n"_s, u"2"_s,
                        u"--message-id"_s, u"large"_s}),
                   0, u""_s);
        QCOMPARE(readyMessages(*m_peer, queue), 2);
        const Result consumed = run({u"consume"_s, queue, u"--raw"_s, u"--count"_s, u"2"_s});
        QCOMPARE(consumed.errors, QByteArray());
        QCOMPARE(consumed.status, 0);
        QVERIFY2(consumed.output == body + body, "other bytes came");
        QCOMPARE(readyMessages(*m_peer, queue), 0);
    }

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

    void putsBackWhatGetPrinted()
    {
        const QString queue = makeQueue();
        QAmqpChannel *channel = m_peer->channel();
        for (const QAmqpMessage &message : everyMessage())
            VERIFY_OK(channel->publishConfirmed({}, queue, message));
        const Result taken = run({u"get"_s, queue, u"--count"_s, u"4"_s, u"--json"_s});
        VERIFY_RUN(taken, 0, QString());
        QCOMPARE(readyMessages(*m_peer, queue), 0);
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s}, taken.output), 0, QString());
        verifyContents(queue, u""_s, queue);
    }

    // Where a message went is a part of it, unless the command line says otherwise.
    void putsBackWhatConsumePrinted()
    {
        const QString queue = makeQueue();
        const QString key = u"kéy"_s;
        QAmqpChannel *channel = m_peer->channel();
        VERIFY_OK(channel->bindQueue(queue, u"amq.direct"_s, key));
        for (const QAmqpMessage &message : everyMessage())
            VERIFY_OK(channel->publishConfirmed(u"amq.direct"_s, key, message));
        const Result taken = run({u"consume"_s, queue, u"--count"_s, u"4"_s, u"--json"_s});
        VERIFY_RUN(taken, 0, QString());
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s}, taken.output), 0, QString());
        verifyContents(queue, u"amq.direct"_s, key);
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s, u"-q"_s, queue}, taken.output), 0,
                   QString());
        verifyContents(queue, u""_s, queue);
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s, u"-e"_s, u""_s, u"-r"_s, queue},
                       taken.output),
                   0, QString());
        verifyContents(queue, u""_s, queue);
    }

    void propertiesOfTheCommandLineComeFirst()
    {
        const QString queue = makeQueue();
        QAmqpMessage expected("x");
        expected.setHeaders({{u"a"_s, u"1"_s}, {u"b"_s, 2}, {u"c"_s, u"12:30"_s}});
        expected.setPriority(3);
        expected.setType(u"t"_s);
        VERIFY_RUN(
                run({u"publish"_s, u"--json-lines"_s, u"-q"_s, queue, u"--priority"_s, u"3"_s,
                     u"--header"_s, u"a=1"_s, u"--header"_s, u"c=12:30"_s},
                    "{\"properties\":{\"headers\":{\"a\":5,\"b\":2},\"type\":\"t\"},\"body\":\"x\"}\n\n"),
                0, QString());
        const auto given = fetch(m_peer->channel(), queue);
        QVERIFY(given);
        QCOMPARE(contents(*given), contents(expected));
    }

    void wrongLines_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<QString>("error");
        const auto row = [](const char *name, const QByteArray &line, const QString &error) {
            QTest::newRow(name) << line << error;
        };
        row("no JSON", "hello", u"no JSON value at byte 1"_s);
        row("cut", "{\"body\":\"x", u"a string that does not end at byte 11"_s);
        row("two", "{} {}", u"something follows the value at byte 4"_s);
        row("no UTF-8", "{\"body\":\"\xff\"}", u"it is not UTF-8"_s);
        row("half a character", "{\"body\":\"\\ud800\"}", u"half a character at byte 16"_s);
        row("no object", "[1]", u"the message is not a JSON object"_s);
        row("deep", QByteArray(1000, '['), u"nested too deep at byte 258"_s);
        row("unknown member", "{\"bdy\":\"x\"}", u"the message has an unknown member \"bdy\""_s);
        row("unknown property", "{\"properties\":{\"content-type\":\"x\"}}",
            u"properties has an unknown member \"content-type\""_s);
        row("twice", "{\"body\":\"x\",\"body\":\"y\"}", u"the message has \"body\" twice"_s);
        row("both", "{\"body\":\"x\",\"body_base64\":\"\"}",
            u"the message has both body and body_base64"_s);
        row("no text", "{\"body\":5}", u"body is not text"_s);
        row("no base64", "{\"body_base64\":\"%\"}", u"body_base64 is not base64"_s);
        row("priority", "{\"properties\":{\"priority\":256}}",
            u"priority is not a whole number from 0 to 255"_s);
        row("header", "{\"properties\":{\"headers\":{\"a\":{\"type\":\"int8\",\"value\":128}}}}",
            u"\"a\": a value of type int8 is a whole number from -128 to 127"_s);
        row("entry", "{\"properties\":{\"headers\":[{\"type\":\"int8\",\"value\":1}]}}",
            u"an entry of a table has the members name or name_base64, type, and value or base64"_s);
        row("too long", "{\"properties\":{\"type\":\"" + QByteArray(256, 'x') + "\"}}",
            u"type has more than 255 bytes of UTF-8"_s);
    }

    // What came before is sent.
    void wrongLines()
    {
        QFETCH(QByteArray, line);
        QFETCH(QString, error);
        const QString queue = makeQueue();
        VERIFY_RUN(
                run({u"publish"_s, u"--json-lines"_s, u"-q"_s, queue},
                    "{\"body\":\"x\"}\n" + line + "\n{\"body\":\"y\"}\n"),
                1,
                u"qamqp publish: line 2 of the input: %1; 1 published, 1 confirmed\n"_s.arg(error));
        QCOMPARE(readyMessages(*m_peer, queue), 1);
    }

    void lineWithoutATarget()
    {
        VERIFY_RUN(
                run({u"publish"_s, u"--json-lines"_s}, "{\"body\":\"x\"}"), 1,
                u"qamqp publish: line 1 of the input: it names neither exchange nor routing key; give --queue\n"_s);
    }

    // They are shown, with the reason, and put back as they came.
    void propertiesThatCannotBeRead()
    {
        const QString queue = makeQueue();
        const QByteArray entries = Unreadable::deepTable(200);
        const QAmqpMessage message =
                QAmqpMessagePrivate::make("body", Unreadable::Flags, Unreadable::listWith(entries));
        VERIFY_OK(m_peer->channel()->publishConfirmed({}, queue, message));
        const Result taken = run({u"get"_s, queue, u"--json"_s});
        VERIFY_RUN(taken, 0, QString());
        const QJsonObject printed = json(taken.output);
        const QString reason = printed.value(u"properties_error"_s).toString();
        QVERIFY2(reason.startsWith(u"the table of headers "_s), taken.output.constData());
        const QJsonObject properties{
                {u"correlation_id"_s, QLatin1String(Unreadable::CorrelationId)},
                {u"headers_base64"_s, QString::fromLatin1(entries.toBase64())}};
        QCOMPARE(printed.value(u"properties"_s).toObject(), properties);
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s}, taken.output), 0, QString());
        const auto given = fetch(m_peer->channel(), queue);
        QVERIFY(given);
        QCOMPARE(contents(*given), contents(message));
        QCOMPARE(given->propertiesError(), reason);
    }

    // Python writes what is not UTF-8 so.
    void bytesAsPythonWritesThem()
    {
        const QString queue = makeQueue();
        VERIFY_RUN(run({u"publish"_s, u"--json-lines"_s, u"-q"_s, queue},
                       "{\"body\":\"a\\udcffb\\ud83d\\ude00\"}"),
                   0, QString());
        QCOMPARE(run({u"get"_s, queue, u"--raw"_s}).output,
                 QByteArray("a\xff"
                            "b\xF0\x9F\x98\x80"));
    }

    // RabbitMQ has no such names; other brokers may.
    void namesThatAreNotUtf8()
    {
        using namespace QtAmqpPrivate;
        using QtAmqpTest::Script;
        QtAmqpTest::ScriptedServer from(
                Script().handshake()
                        .channelOpen()
                        .expect<BasicGet>()
                        .sendContent(BasicGetOk{1, false, "e\xff", "\x80k", 0},
                                     QAmqpMessage("body"))
                        .expect<BasicAck>()
                        .connectionClose());
        const Result taken =
                run({u"get"_s, u"--url"_s, from.url().toString(), u"q"_s, u"--json"_s});
        VERIFY_RUN(taken, 0, QString());
        QVERIFY(from.isExhausted());
        QCOMPARE(json(taken.output).value(u"exchange_base64"_s), u"Zf8="_s);
        QCOMPARE(json(taken.output).value(u"routing_key_base64"_s), u"gGs="_s);
        QtAmqpTest::ScriptedServer to(
                Script().handshake()
                        .channelOpen()
                        .expect<ConfirmSelect>()
                        .reply(ConfirmSelectOk{})
                        .expect<BasicPublish>([](const BasicPublish &publish,
                                                 const QAmqpMessage &message) {
                            return publish.exchange == "e\xff" && publish.routingKey == "\x80k"
                                    && message.body() == "body";
                        })
                        .reply(BasicAck{1, false})
                        .connectionClose());
        VERIFY_RUN(run({u"publish"_s, u"--url"_s, to.url().toString(), u"--json-lines"_s},
                       taken.output),
                   0, QString());
        QVERIFY2(to.isExhausted(), qPrintable(to.report()));
    }

    void rawIsTheBodyAlone()
    {
        const QString queue = makeQueue();
        const QByteArray body("\0\xff\r\n", 4);
        for (int i = 0; i < 4; ++i)
            VERIFY_RUN(run({u"publish"_s, u"-q"_s, queue}, body), 0, QString());
        Result result = run({u"get"_s, queue, u"--raw"_s, u"-n"_s, u"2"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, body + body);
        result = run({u"consume"_s, queue, u"--raw"_s, u"-n"_s, u"2"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, body + body);

        Program server({u"serve"_s, u"-q"_s, queue, u"-n"_s, u"1"_s, u"--"_s, u"cat"_s});
        result = run({u"call"_s, u"-q"_s, queue, u"--raw"_s}, body);
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, body);
        QCOMPARE(server.status(), 0);
    }

    void formats()
    {
        const QString queue = makeQueue();
        const QStringList publish = {u"publish"_s, u"-q"_s,
                                     queue,        u"--message-id"_s,
                                     u"m"_s,       u"--correlation-id"_s,
                                     u"c"_s,       u"--content-type"_s,
                                     u"t"_s,       u"ü"_s};
        VERIFY_RUN(run(publish), 0, QString());
        Result result = run({u"get"_s, queue, u"--format"_s, u"%r|%b|%e|%i%c%t|%s|100%%"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, queue.toUtf8() + "|ü||mct|2|100%\n");
        VERIFY_RUN(run(publish), 0, QString());
        result = run({u"consume"_s, queue, u"-n"_s, u"1"_s, u"--format"_s, u"%b %b"_s});
        VERIFY_RUN(result, 0, QString());
        QCOMPARE(result.output, "ü ü\n");
    }
};

QTAMQP_BROKER_TEST(TestRoundTrip)
#include "tst_roundtrip.moc"
