// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Each step of what a program in QML does, and instead of its answer a link that breaks, a broker that
// closes the connection or the channel, or says nothing more. Whatever it is and whenever: one error, which
// stays, at the object that it is about and at no other, and all is well when that is switched off and on.

#include "qmltest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqpconnection.h>

using namespace QtAmqpTest;
using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr auto exchange = R"(AmqpExchange {
        id: subject; name: "e"; type: "topic"; bindings: [{ exchange: "amq.topic", routingKey: "#" }]
        PARTS
        property int told: 0
        onConfirmed: ++told
        property int lost: 0
        onIndeterminate: (first, last) => lost += last - first + 1
        function use() { publish("k", 1) }
        readonly property int done: told
        readonly property int undone: lost
    })";
constexpr auto queue = R"(AmqpQueue {
        id: subject; name: "q"; bindings: [{ exchange: "amq.topic", routingKey: "#" }]
        PARTS
        property int received: 0
        onMessageReceived: ++received
        function use() { publish(1) }
        readonly property int done: received
        readonly property int undone: 0
    })";
constexpr auto client = R"(AmqpRpcClient {
        id: subject; timeout: 500
        PARTS
        property int answers: 0
        property int failures: 0
        property var last
        function use() {
            request("answered", 1, (reply, error) => {
                if (error) { ++failures; last = error } else ++answers
            })
        }
        readonly property int done: answers
        readonly property int undone: failures
    })";

// The broker's part of each conversation.
struct Moment
{
    const char *name;
    const char *subject;
    quint32 method;
    bool inUse; // after it was ready
};

const Moment steps[] = {
        {"exchange: channel.open", exchange, ChannelOpen::info.id(), false},
        {"exchange: exchange.declare", exchange, ExchangeDeclare::info.id(), false},
        {"exchange: exchange.bind", exchange, ExchangeBind::info.id(), false},
        {"exchange: confirm.select", exchange, ConfirmSelect::info.id(), true},
        {"exchange: basic.publish", exchange, BasicPublish::info.id(), true},
        {"queue: channel.open", queue, ChannelOpen::info.id(), false},
        {"queue: queue.declare", queue, QueueDeclare::info.id(), false},
        {"queue: queue.bind", queue, QueueBind::info.id(), false},
        {"queue: basic.qos", queue, BasicQos::info.id(), false},
        {"queue: basic.consume", queue, BasicConsume::info.id(), false},
        {"queue: basic.publish", queue, BasicPublish::info.id(), true},
        {"client: channel.open", client, ChannelOpen::info.id(), false},
        {"client: basic.consume", client, BasicConsume::info.id(), true},
        {"client: confirm.select", client, ConfirmSelect::info.id(), true},
        {"client: basic.publish, request", client, BasicPublish::info.id(), true},
};

const std::pair<const char *, AutoFault::Kind> faults[] = {
        {"the link breaks", AutoFault::Drop},
        {"connection.close", AutoFault::CloseConnection},
        {"channel.close", AutoFault::CloseChannel},
        {"nothing more comes", AutoFault::Silence},
};

QByteArray scene(QByteArray subject)
{
    subject.replace("PARTS", "active: false; property int errors: 0; onErrorOccurred: ++errors");
    return R"(AmqpConnection {
            id: broker
            SETTINGS
            property int errors: 0
            onErrorOccurred: ++errors
            AmqpQueue {
                id: sibling; name: "sibling"
                property int errors: 0
                onErrorOccurred: ++errors
                property int received: 0
                onMessageReceived: ++received
            }
        )" + subject
            + "}";
}

} // namespace

class TestFailures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // What the library says of a fault is no fault of the program.
    void init() { QTest::failOnWarning(QRegularExpression(u"qml|QML|Error:|QObject|QJS"_s)); }

    void whileConnecting_data();
    void whileConnecting();
    void atEveryStep_data();
    void atEveryStep();
};

void TestFailures::whileConnecting_data()
{
    QTest::addColumn<AutoFault>("fault");
    const std::pair<const char *, quint32> methods[] = {
            {"the header", 0},
            {"connection.start-ok", ConnectionStartOk::info.id()},
            {"connection.tune-ok", ConnectionTuneOk::info.id()},
            {"connection.open", ConnectionOpen::info.id()},
    };
    for (const auto &[name, method] : methods) {
        for (const auto &[what, kind] : faults) {
            if (kind != AutoFault::CloseChannel)
                QTest::addRow("%s: %s", name, what) << AutoFault{kind, method};
        }
    }
}

void TestFailures::whileConnecting()
{
    QFETCH(AutoFault, fault);
    AutoServer server;
    server.fault = fault;
    QUrl url = server.url();
    url.setQuery(u"recovery=off&stack_timeout=%1"_s.arg(
            fault.kind == AutoFault::Silence ? u"0.2"_s : u"15"_s));
    Scene scene(::scene(exchange).replace("SETTINGS", "url: \"URL\"; active: true"), url);
    scene.value("subject.active = true");
    TRY_HOLDS(scene, "broker.errors === 1 && broker.state === AmqpConnection.Closed");
    QCOMPARE(server.fault.kind, AutoFault::None);
    QVERIFY(scene.holds(
            "broker.active && broker.errorString && broker.stateText.includes('failed')"));
    if (fault.kind == AutoFault::CloseConnection && fault.method)
        QVERIFY(scene.holds("broker.errorCode === 541"));
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    QVERIFY(scene.holds("broker.errors === 1 && broker.errorString"));
    QVERIFY(scene.holds("!subject.errors && !sibling.errors && !subject.ready && !sibling.ready"));

    scene.value("broker.active = false; broker.active = true");
    TRY_HOLDS(scene, "subject.ready && sibling.ready && broker.errorString === ''");
    QVERIFY(scene.holds("broker.errors === 1"));
}

void TestFailures::atEveryStep_data()
{
    QTest::addColumn<QByteArray>("subject");
    QTest::addColumn<AutoFault>("fault");
    QTest::addColumn<bool>("inUse");
    for (const Moment &step : steps) {
        for (const auto &[what, kind] : faults)
            QTest::addRow("%s: %s", step.name, what)
                    << QByteArray(step.subject) << AutoFault{kind, step.method} << step.inUse;
    }
}

void TestFailures::atEveryStep()
{
    QFETCH(QByteArray, subject);
    QFETCH(AutoFault, fault);
    QFETCH(bool, inUse);
    const bool ofConnection =
            fault.kind == AutoFault::Drop || fault.kind == AutoFault::CloseConnection;
    const bool ofClient = subject == client;
    // What is published waits for its confirm as long as it takes; a request has a time of its own. Without the
    // answer to basic.consume a channel ends.
    const bool noError =
            fault.kind == AutoFault::Silence && inUse && fault.method != BasicConsume::info.id();
    AutoServer server;
    // By C++, which knows how long to wait for a silent broker.
    QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(server.url())
                                       .setRequestTimeout(200ms)
                                       .setRecoveryEnabled(false));
    connection.open();
    Scene scene(::scene(subject).replace("SETTINGS", "source: cpp; active: true"), {},
                {{u"cpp"_s, QVariant::fromValue(&connection)}});
    TRY_HOLDS(scene, "sibling.ready");
    if (inUse) {
        scene.value("subject.active = true");
        TRY_HOLDS(scene, "subject.ready");
        server.fault = fault;
        scene.value("subject.use()");
    } else {
        server.fault = fault;
        scene.value("subject.active = true");
    }

    if (ofConnection) {
        TRY_HOLDS(scene, "broker.errors === 1 && broker.state === AmqpConnection.Closed");
        QVERIFY(scene.holds("broker.errorString && !sibling.ready"));
        QCOMPARE(scene.value("broker.errorCode").toInt(),
                 fault.kind == AutoFault::CloseConnection ? 541 : 0);
    } else if (!noError) {
        TRY_HOLDS(scene, "subject.errors === 1");
        QVERIFY(scene.holds("subject.errorString && !subject.ready"));
        QCOMPARE(scene.value("subject.errorCode").toInt(),
                 fault.kind == AutoFault::CloseChannel ? 404 : 0);
    }
    QTRY_COMPARE(server.fault.kind, AutoFault::None);
    if (ofClient && inUse)
        TRY_HOLDS(scene, "subject.undone === 1 && subject.pending === 0");
    // Nobody else is told, and nobody is told again.
    for (int i = 0; i < 5; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(scene.value("broker.errors").toInt(), int(ofConnection));
    QCOMPARE(scene.value("subject.errors").toInt(), int(!ofConnection && !noError));
    QVERIFY(scene.holds("!sibling.errors && !sibling.errorString"));
    if (!ofConnection) {
        QVERIFY(scene.holds("broker.connected && !broker.errorString && sibling.ready"));
        scene.value("sibling.publish('x')");
        TRY_HOLDS(scene, "sibling.received === 1");
    }

    if (ofConnection) {
        connection.open(); // what is C++'s own is opened there
        TRY_HOLDS(scene, "broker.errorString === ''");
    } else {
        scene.value("subject.active = false; subject.active = true");
    }
    TRY_HOLDS(scene, "subject.ready && sibling.ready && subject.errorString === ''");
    if (inUse && subject == exchange)
        QVERIFY(scene.holds("subject.undone === 1 && subject.unconfirmed === 0"));
    scene.value("subject.use()");
    TRY_HOLDS(scene, "subject.done === 1");
    QVERIFY(scene.holds("subject.errors + broker.errors <= 1 && !sibling.errors"));
}

QTAMQP_TEST(TestFailures)
#include "tst_failures.moc"
