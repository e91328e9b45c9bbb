// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Numbers, times and bytes on their way from JavaScript to the broker and back.

#include "qmltest.h"
#include "scripted/autobroker.h"
#include "values/qamqpmessage_p.h"

#include <qamqpquickmessagemodel.h>

using namespace QtAmqpTest;
using namespace Qt::StringLiterals;

namespace {

constexpr auto queueScene = R"(
    AmqpMessageModel { id: model; queue: queue },
    AmqpConnection {
        url: "URL"; active: true
        AmqpQueue { id: queue; name: "q"; property int errors: 0; onErrorOccurred: ++errors }
    })";

} // namespace

class TestValues : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".?"))); }

    void wholeNumbersAreIntegersHoweverTheyWereMade_data()
    {
        QTest::addColumn<QString>("number");
        QTest::addColumn<QAmqpValue>("value");
        const auto row = [](const char *number, const QAmqpValue &value) {
            QTest::newRow(number) << QString::fromUtf8(number) << value;
        };
        row("5", qint64(5));
        row("2.5 * 4", qint64(10));
        row("Math.round(3.2)", qint64(3));
        row("-0.0", qint64(0));
        row("1e3", qint64(1000));
        row("0.1 * 3", 0.1 * 3);
        row("2 ** 31", qint64(1) << 31);
        row("2 ** 53", qint64(1) << 53);
        row("-(2 ** 53)", -(qint64(1) << 53));
        row("2 ** 54", std::pow(2.0, 54));
        row("-1e300", -1e300);
        row("true", true);
        row("null", QAmqpValue::null());
        row("'7'", u"7"_s);
        row("[1, 2.5 * 2, [0.5]]", QList<QAmqpValue>{qint64(1), qint64(5), QList<QAmqpValue>{0.5}});
        row("({ a: { b: 8 / 2 } })", QAmqpTable({{u"a"_s, QAmqpTable({{u"b"_s, qint64(4)}})}}));
        row("new Date(1700000000000)", QAmqpValue::timestamp(1700000000));
        row("new Uint8Array([1, 2]).buffer", "\x01\x02"_ba);
        row("new Uint8Array([1, 2, 3]).subarray(1)", "\x02\x03"_ba);
        row("[{ a: new Uint8Array([4]) }]", QList<QAmqpValue>{QAmqpTable({{u"a"_s, "\x04"_ba}})});
    }

    void wholeNumbersAreIntegersHoweverTheyWereMade()
    {
        QFETCH(QString, number);
        QFETCH(QAmqpValue, value);
        AutoServer server;
        Scene scene(queueScene, server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value(u"queue.publish('x', { headers: { n: %1 } })"_s.arg(number));
        TRY_HOLDS(scene, "model.count === 1");
        const auto message = scene.value("model.get(0)").value<QAmqpQuickMessage>();
        QCOMPARE(message.delivery().headers(), QAmqpTable({{u"n"_s, value}}));
    }

    void argumentsHaveIntegersToo()
    {
        AutoServer server;
        Scene scene(R"(
            QtObject { id: slider; property real value: 2.5 * 4 },
            AmqpConnection {
                url: "URL"; active: true
                AmqpExchange { id: exchange; name: "e"; type: "x"; arguments: ({ e: slider.value })
                               bindings: [{ exchange: "f", arguments: { b: slider.value, c: [0.5] } }] }
                AmqpQueue { id: queue; name: "q"; arguments: ({ "x-max-length": slider.value })
                            bindings: [{ exchange: "e", arguments: { n: { m: slider.value / 4 } } }]
                            consumerArguments: ({ "x-priority": slider.value })
                            onMessageReceived: { } }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && exchange.ready");
        const QList<QAmqpTable> sent = server.brokers.first()->arguments;
        const QList<QAmqpTable> wanted{{{u"e"_s, qint64(10)}},
                                       {{u"b"_s, qint64(10)}, {u"c"_s, QList<QAmqpValue>{0.5}}},
                                       {{u"x-max-length"_s, qint64(10)}},
                                       {{u"n"_s, QAmqpTable({{u"m"_s, 2.5}})}},
                                       {{u"x-priority"_s, qint64(10)}}};
        for (const QAmqpTable &arguments : wanted)
            QVERIFY2(sent.contains(arguments), qPrintable(arguments.toVariantMap().firstKey()));
        QCOMPARE(sent.size(), wanted.size());
    }

    void whatCannotBeSentIsNamed_data()
    {
        QTest::addColumn<QString>("properties");
        QTest::addColumn<QString>("text");
        const auto row = [](const char *properties, const QString &text) {
            QTest::newRow(properties) << QString::fromUtf8(properties) << text;
        };
        const QString priorities = u"; it may be a whole number from 0 to 255"_s;
        row("{ priority: 256 }", u"priority is 256"_s + priorities);
        row("{ priority: -1 }", u"priority is -1"_s + priorities);
        row("{ priority: 2.5 }", u"priority is 2.5"_s + priorities);
        row("{ priority: NaN }", u"priority is nan"_s + priorities);
        row("{ priority: 'high' }", u"priority is high"_s + priorities);
        row("{ priority: [] }", u"priority is no number"_s + priorities);
        const QString modes = u"; it may be a whole number from 1 to 2"_s;
        row("{ deliveryMode: 3 }", u"deliveryMode is 3"_s + modes);
        row("{ deliveryMode: 1.5 }", u"deliveryMode is 1.5"_s + modes);
        const QString times = u"; it may be a whole number from 0 to 4294967295"_s;
        row("{ expiration: -1 }", u"expiration is -1"_s + times);
        row("{ expiration: 0.5 }", u"expiration is 0.5"_s + times);
        row("{ expiration: 2 ** 32 }", u"expiration is 4294967296"_s + times);
        row("{ expiration: Infinity }", u"expiration is inf"_s + times);
        row("{ expiration: 'soon' }", u"expiration is soon"_s + times);
        const QString dates =
                u"timestamp may be a valid Date from 1970 on, or a whole number of seconds since then"_s;
        row("{ timestamp: new Date(NaN) }", dates);
        row("{ timestamp: new Date(-1000) }", dates);
        row("{ timestamp: 1.5 }", dates);
        row("{ timestamp: -1 }", dates);
        row("{ timestamp: NaN }", dates);
        row("{ timestamp: true }", dates);
        const QString closes =
                u", over which RabbitMQ would close the connection (541); send a finite one, or text"_s;
        row("{ headers: { a: { b: [1, { c: 0 / 0 }] } } }",
            u"headers: \"a\": \"b\": element 1: \"c\": the number is NaN"_s + closes);
        row("{ headers: { n: -Infinity } }", u"headers: \"n\": the number is infinite"_s + closes);
        row("{ headers: { t: new Date(NaN) } }",
            u"headers: \"t\": an AMQP timestamp cannot hold a time that is before 1970 or not valid"_s);
        const QString noValue =
                u": an AMQP table cannot hold a value of type QJSValue; convert it to text, a number, bytes, a time, a list or a map"_s;
        row("{ headers: { f: [() => 1] } }", u"headers: \"f\": element 0"_s + noValue);
        row("{ headers: { s: Symbol('s') } }", u"headers: \"s\""_s + noValue);
        row("{ headers: (() => { const o = {}; o.o = [o, o]; return o })() }",
            u"headers: \"o\": element 0"_s + noValue);
        row("{ headers: { g: { get a() { throw new Error('no') } } } }",
            u"headers: \"g\""_s + noValue);
        row("{ headers: (() => { let o = {}; for (let i = 0; i < 99; ++i) o = { o }; return o })() }",
            u"headers: nests tables more than 32 deep"_s);
        row("'high'", u"the properties are an object, such as { priority: 5 }"_s);
        // The first mistake is the one that is told.
        row("{ a: 1, priority: 1 }",
            u"\"a\" is no property of a message, or its value is of the wrong type; see amqpMessage for the names"_s);
    }

    void whatCannotBeSentIsNamed()
    {
        QFETCH(QString, properties);
        AutoServer server;
        Scene scene(queueScene, server.url());
        TRY_HOLDS(scene, "queue.ready");
        QCOMPARE(scene.value(u"queue.publish('x', %1)"_s.arg(properties)).toInt(), 0);
        QTEST(scene.text("queue.errorString"), "text");
        QCOMPARE(scene.text("queue.error.kind"), u"InvalidArgument"_s);
        QVERIFY(scene.holds("queue.ready && queue.errors === 1"));
    }

    void bodiesThatAreNoJsonAreNamed()
    {
        AutoServer server;
        Scene scene(queueScene, server.url());
        TRY_HOLDS(scene, "queue.ready");
        for (const char *body :
             {"Symbol('s')", "() => 1", "(() => { const o = {}; o.o = o; return o })()"}) {
            QCOMPARE(scene.value(u"queue.publish(%1)"_s.arg(QLatin1StringView(body))).toInt(), 0);
            QVERIFY2(scene.text("queue.errorString")
                             .startsWith(u"the body cannot be written as JSON: "),
                     body);
        }
    }

    void propertiesMayBeComputed()
    {
        AutoServer server;
        Scene scene(queueScene, server.url());
        TRY_HOLDS(scene, "queue.ready");
        scene.value(
                "queue.publish('x', { priority: 2.5 * 4, expiration: 0.5 * 4000, deliveryMode: 4 / 2,"
                " timestamp: 1.7e9, type: undefined, messageId: 2.5 * 4 })");
        scene.value("queue.publish('x', { priority: '255', expiration: '60000', persistent: false,"
                    " timestamp: 2 ** 53 })");
        TRY_HOLDS(scene, "model.count === 2");
        const auto first = scene.value("model.get(0)").value<QAmqpQuickMessage>();
        QCOMPARE(first.priority(), 10);
        QCOMPARE(first.expiration(), u"2000"_s);
        QVERIFY(first.isPersistent());
        QCOMPARE(first.timestamp(), QDateTime::fromSecsSinceEpoch(1700000000));
        QCOMPARE(first.messageId(), u"10"_s);
        QVERIFY(!first.delivery().has(QAmqpMessage::Property::Type));
        const auto second = scene.value("model.get(1)").value<QAmqpQuickMessage>();
        QCOMPARE(second.priority(), 255);
        QCOMPARE(second.expiration(), u"60000"_s);
        QVERIFY(!second.isPersistent());
        QVERIFY(scene.holds("model.get(1).timestamp === 2 ** 53"));
    }

    void argumentsThatCannotBeSentAreNamed()
    {
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; arguments: ({ a: [0, 1 / 0] }); onMessageReceived: { } }
                AmqpExchange { id: exchange; name: "e"; type: "x"; arguments: ({ a: { b: NaN } }) }
            })",
                    server.url());
        TRY_HOLDS(scene, "queue.errorString.includes('\"a\": element 1: the number is infinite')");
        TRY_HOLDS(scene, "exchange.errorString.includes('\"a\": \"b\": the number is NaN')");
        scene.value("queue.consumerArguments = { c: NaN }; queue.arguments = {}");
        TRY_HOLDS(scene, "queue.errorString.includes('\"c\": the number is NaN')");
        scene.value("queue.consumerArguments = {}");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === ''");
    }

    void aPrefetchThatCannotBeIsAnError_data()
    {
        QTest::addColumn<QString>("prefetch");
        for (const char *prefetch : {"65536", "-1", "2.5", "NaN"})
            QTest::newRow(prefetch) << QString::fromLatin1(prefetch);
    }

    void aPrefetchThatCannotBeIsAnError()
    {
        QFETCH(QString, prefetch);
        AutoServer server;
        Scene scene(R"(AmqpConnection {
                url: "URL"; active: true
                AmqpQueue { id: queue; name: "q"; prefetch: 2.5 * 4; onMessageReceived: { }
                            property int errors: 0; onErrorOccurred: ++errors } })",
                    server.url());
        TRY_HOLDS(scene, "queue.ready && queue.errors === 0");
        scene.value(u"queue.prefetch = "_s + prefetch);
        QCOMPARE(scene.text("queue.errorString"),
                 u"prefetch is %1; it may be a whole number from 0 to 65535"_s.arg(
                         prefetch.toLower()));
        QVERIFY(scene.holds("!queue.ready && queue.errors === 1"));
        scene.value("queue.prefetch = 65535");
        TRY_HOLDS(scene, "queue.ready && queue.errorString === '' && queue.errors === 1");
    }

    void timesThatCannotBeAreErrors()
    {
        Scene scene(R"(AmqpConnection { id: broker; active: true; heartbeat: 0 / 0
                                        property int errors: 0; onErrorOccurred: ++errors })");
        TRY_HOLDS(scene, "broker.errors === 1");
        QCOMPARE(scene.text("broker.errorString"),
                 u"heartbeat is nan; it may be a whole number from -1 to 65535"_s);
        AutoServer server;
        Scene open(R"(AmqpConnection { id: broker; url: "URL"; active: true; heartbeat: 2.5 * 4
                AmqpRpcClient { id: client; timeout: 0 / 0; property string text } })",
                   server.url());
        TRY_HOLDS(open, "client.ready");
        open.value("client.call('q', 'x', (reply, error) => client.text = error.text)");
        TRY_HOLDS(open, "client.text !== ''");
        QCOMPARE(open.text("client.text"),
                 u"timeout is nan; it may be a whole number from 0 to 2147483647"_s);
    }

    // Of every type, in lists and tables too.
    void headersAreWhatJavaScriptKnows_data()
    {
        QTest::addColumn<QAmqpValue>("value");
        QTest::addColumn<QString>("holds");
        const auto row = [](const char *name, const QAmqpValue &value, const char *holds) {
            QTest::newRow(name) << value << QString::fromUtf8(holds);
        };
        row("int8", qint8(-5), "v === -5");
        row("uint8", quint8(200), "v === 200");
        row("int16", qint16(-300), "v === -300");
        row("uint16", quint16(50000), "v === 50000");
        row("int32", -7, "v === -7");
        row("uint32", quint32(4000000000), "v === 4000000000");
        row("int64", qint64(1) << 53, "v === 2 ** 53");
        row("int64 beyond", (qint64(1) << 53) + 2, "v === 2 ** 53 + 2");
        row("float", 0.5F, "v === 0.5");
        row("double", 0.25, "v === 0.25");
        row("NaN", std::numeric_limits<double>::quiet_NaN(), "typeof v === 'number' && isNaN(v)");
        row("decimal", QAmqpDecimal{2, 314}, "v === 3.14");
        row("boolean", true, "v === true");
        row("text", u"ä"_s, "v === 'ä'");
        row("bytes", "\xff"_ba, "v instanceof ArrayBuffer && v.byteLength === 1");
        row("void", QAmqpValue::null(), "v === null");
        row("time", QAmqpValue::timestamp(1700000000), "v.getTime() === 1700000000000");
        row("last time of a Date", QAmqpValue::timestamp(8640000000000), "v.getTime() === 8.64e15");
        row("time beyond Date", QAmqpValue::timestamp(8640000000001), "v === 8640000000001");
        row("time beyond QDateTime", QAmqpValue::timestamp(~quint64(0)), "v === 2 ** 64");
    }

    void headersAreWhatJavaScriptKnows()
    {
        QFETCH(QAmqpValue, value);
        QFETCH(QString, holds);
        Scene scene("AmqpMessageModel { id: model }");
        QAmqpMessage message;
        const QAmqpTable table({{u"v"_s, value}});
        const QByteArray entries = QtAmqpPrivate::encodeTable(
                {{u"v"_s, value}, {u"list"_s, QList<QAmqpValue>{1, value}}, {u"table"_s, table}});
        // As it came: what is not finite cannot be set.
        QByteArray properties(4, Qt::Uninitialized);
        qToBigEndian(quint32(entries.size()), properties.data());
        scene.value("model").value<QAmqpQuickMessageModel *>()->append(QAmqpMessagePrivate::make(
                {}, quint16(QAmqpMessage::Property::Headers), properties + entries));
        TRY_HOLDS(scene, "model.count === 1");
        for (const char *path : {".v", ".list[1]", ".table.v"}) {
            const QString expression =
                    u"((v) => %1)(model.get(0).headers%2)"_s.arg(holds, QString::fromLatin1(path));
            QVERIFY2(scene.value(expression).toBool(), qPrintable(expression));
        }
    }

    void aTimestampBeyondDateIsANumber()
    {
        Scene scene("AmqpMessageModel { id: model }");
        auto *model = scene.value("model").value<QAmqpQuickMessageModel *>();
        for (const quint64 seconds : {quint64(1700000000), quint64(8640000000001), ~quint64(0)}) {
            QByteArray bytes(8, Qt::Uninitialized);
            qToBigEndian(seconds, bytes.data());
            model->append(QAmqpMessagePrivate::make({}, quint16(QAmqpMessage::Property::Timestamp),
                                                    bytes));
        }
        model->append(QAmqpMessage());
        TRY_HOLDS(scene, "model.count === 4");
        QVERIFY(scene.holds("model.get(0).timestamp.getTime() === 1700000000000"));
        QVERIFY(scene.holds("model.get(1).timestamp === 8640000000001"));
        QVERIFY(scene.holds("model.get(2).timestamp === 2 ** 64"));
        QVERIFY(scene.holds(
                "model.get(3).timestamp instanceof Date && isNaN(model.get(3).timestamp)"));
    }
};

QTAMQP_TEST(TestValues)
#include "tst_values.moc"
