// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Several hosts and several attempts, on loopback ports: one refuses, one is silent, one is no broker.

#include "apitest.h"
#include "scripted/ports.h"

#include <QtCore/qloggingcategory.h>
#include <QtNetwork/qtcpserver.h>

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

QAmqpConnectionOptions ports(const QList<quint16> &all)
{
    QAmqpConnectionOptions options;
    QList<QAmqpHost> hosts;
    for (const quint16 port : all)
        hosts.append({u"127.0.0.1"_s, port});
    return options.setHosts(hosts);
}

QAmqpRetryPolicy quickly(int attempts)
{
    return QAmqpRetryPolicy().setMaximumAttempts(attempts).setInitialDelay(20ms).setJitter(0);
}

// All that the library logs while this lives.
class Capture
{
public:
    explicit Capture(QStringList *lines)
    {
        s_lines = lines;
        QLoggingCategory::setFilterRules(u"qt.amqp.*=true"_s);
        m_previous = qInstallMessageHandler(
                [](QtMsgType, const QMessageLogContext &context, const QString &text) {
                    if (QByteArrayView(context.category).startsWith("qt.amqp."))
                        s_lines->append(text);
                });
    }
    ~Capture()
    {
        qInstallMessageHandler(m_previous);
        QLoggingCategory::setFilterRules({});
    }
    Q_DISABLE_COPY_MOVE(Capture)

private:
    static inline QStringList *s_lines = nullptr;
    QtMessageHandler m_previous;
};

} // namespace

class TestHosts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void firstThatAnswersIsTaken();
    void whatWasAskedBeforeIsDoneThere();
    void unknownNameDoesNotStopTheOthers();
    void brokerComesLater();
    void reasonAndTimeOfAttemptsAreProperties();
    void theErrorListsEveryAttempt();
    void wrongPasswordIsNotRepeated();
    void endsAtOnceBetweenAttempts_data();
    void endsAtOnceBetweenAttempts();
    void destroyedBetweenAttempts();
    void otherThreadsAreRefused();
    void debugOutput();
    void traceShowsFramesAndNoPassword();
    void peerThatDoesNotReadIsCut();
};

void TestHosts::firstThatAnswersIsTaken()
{
    ScriptedServer server(Script().handshake().connectionClose());
    FullPort silent;
    QTcpServer mute;
    QVERIFY(mute.listen(QHostAddress::LocalHost));
    QAmqpConnection connection(
            ports({closedPort(), silent.port(), mute.serverPort(), server.port()})
                    .setConnectTimeout(100ms)
                    .setAmqpTimeout(100ms));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(connection.isOpen(), server);
    QVERIFY(log.errors.isEmpty());
    QVERIFY(!connection.lastError());
    QCOMPARE(log.count(u"connection.opened"_s), 1);
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QVERIFY(log.errors.isEmpty());
}

void TestHosts::whatWasAskedBeforeIsDoneThere()
{
    ScriptedServer refusing(
            Script().start()
                    .expect<ConnectionStartOk>()
                    .send(ConnectionClose{403, QByteArrayView("ACCESS_REFUSED"), 0, 0})
                    .expect<ConnectionCloseOk>());
    ScriptedServer server(openedChannel()
                                  .expect<QueueDeclare>()
                                  .reply(QueueDeclareOk{"q", 3, 0})
                                  .connectionClose());
    QAmqpConnection connection(ports({refusing.port(), server.port()}));
    SignalLog log;
    log.watch(&connection);
    QAmqpChannel *channel = connection.createChannel();
    log.watch(channel);
    const QFuture<QAmqpQueueInfo> declared = channel->declareQueue(u"q"_s);
    connection.open();
    TRY(declared.isFinished(), server);
    QVERIFY(!errorOf(declared));
    QCOMPARE(declared.result().messageCount, 3U);
    QCOMPARE(log.count(u"channel.closed"_s), 0);
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QVERIFY(log.errors.isEmpty());
    TRY(refusing.isExhausted(), refusing);
}

void TestHosts::unknownNameDoesNotStopTheOthers()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(QAmqpConnectionOptions()
                                       .setHostName(u"no-such-host.invalid"_s)
                                       .addHost(u"127.0.0.1"_s, server.port()));
    connection.open();
    TRY(connection.isOpen(), server);
}

void TestHosts::brokerComesLater()
{
    const quint16 port = closedPort();
    QAmqpConnection connection(ports({port}).setRetryPolicy(quickly(0).setMaximumDelay(20ms)));
    SignalLog log;
    log.watch(&connection);
    QTcpServer server;
    int attempts = 0;
    connect(&connection, &QAmqpConnection::stateChanged, &server,
            [&](State state) { attempts += state == State::Connecting; });
    connection.open();
    QTimer::singleShot(100ms, &server, [&] { server.listen(QHostAddress::LocalHost, port); });
    QVERIFY(eventually([&] { return server.hasPendingConnections(); }));
    QCOMPARE(connection.state(), State::Connecting);
    QVERIFY(log.errors.isEmpty());
    connection.abort();
    QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
}

void TestHosts::reasonAndTimeOfAttemptsAreProperties()
{
    const quint16 port = closedPort();
    QAmqpConnection connection(ports({port}).setRetryPolicy(
            QAmqpRetryPolicy().setMaximumAttempts(2).setInitialDelay(50ms).setJitter(0)));
    SignalLog log;
    log.watch(&connection);
    QList<QAmqpError> reasons;
    QList<QDateTime> times;
    connect(&connection, &QAmqpConnection::lastErrorChanged, &connection,
            [&](const QAmqpError &error) {
                reasons.append(error);
                QCOMPARE(connection.lastError(), error);
            });
    connect(&connection, &QAmqpConnection::nextAttemptChanged, &connection,
            [&](const QDateTime &time) {
                times.append(time);
                QCOMPARE(connection.nextAttempt(), time);
                if (time.isValid())
                    QVERIFY(connection.lastError() && log.errors.isEmpty());
            });
    const QDateTime before = QDateTime::currentDateTimeUtc();
    connection.open();
    QVERIFY(!connection.nextAttempt().isValid());
    QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
    QCOMPARE(times.size(), 2); // one is waited for, and then no more
    QVERIFY(times.at(0) >= before.addMSecs(50) && times.at(0).timeSpec() == Qt::UTC);
    QVERIFY(!times.at(1).isValid());
    QCOMPARE(reasons.first().kind(), Kind::HostUnreachable);
    QCOMPARE(reasons.last(), log.errors.value(0));

    // It is forgotten once another attempt succeeds.
    ScriptedServer server(Script().handshake().connectionClose());
    QVERIFY(connection.setOptions(ports({port, server.port()})));
    reasons.clear();
    connection.open();
    TRY(connection.isOpen(), server);
    QVERIFY(!connection.lastError() && !connection.nextAttempt().isValid());
    QVERIFY(!reasons.isEmpty() && !reasons.last());
    connection.close();
    QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 2; }));
}

void TestHosts::theErrorListsEveryAttempt()
{
    const quint16 first = closedPort();
    FullPort second;
    QAmqpConnection connection(
            ports({first, second.port()}).setConnectTimeout(50ms).setRetryPolicy(quickly(2)));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
    QCOMPARE(log.errors.size(), 1);
    const QAmqpError error = log.errors.constFirst();
    QCOMPARE(error.attempts().size(), 4);
    for (int i = 0; i < 4; ++i) {
        const QAmqpError attempt = error.attempts().at(i);
        QCOMPARE(attempt.kind(), i % 2 ? Kind::Timeout : Kind::HostUnreachable);
        QCOMPARE(attempt.phase(), QAmqpError::Phase::Connecting);
        QVERIFY(attempt.endpoint().contains(QString::number(i % 2 ? second.port() : first)));
    }
    QVERIFY2(error.text().contains(u"4 attempts") && error.text().contains(u"refused")
                     && error.text().contains(u"50 ms"),
             qPrintable(error.text()));
    QCOMPARE(connection.lastError(), error);
}

void TestHosts::wrongPasswordIsNotRepeated()
{
    ScriptedServer server(
            Script().start()
                    .expect<ConnectionStartOk>()
                    .send(ConnectionClose{403, QByteArrayView("ACCESS_REFUSED"), 0, 0})
                    .expect<ConnectionCloseOk>());
    QAmqpConnection connection(ports({server.port()}).setRetryPolicy(quickly(0)));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.constFirst().kind(), Kind::AuthenticationFailed);
    TRY(server.isExhausted(), server);
    QCOMPARE(server.connections(), 1);
}

void TestHosts::endsAtOnceBetweenAttempts_data()
{
    QTest::addColumn<bool>("abort");
    QTest::newRow("close") << false;
    QTest::newRow("abort") << true;
}

void TestHosts::endsAtOnceBetweenAttempts()
{
    QFETCH(bool, abort);
    QAmqpConnection connection(ports({closedPort()})
                                       .setRetryPolicy(QAmqpRetryPolicy()
                                                               .setMaximumAttempts(0)
                                                               .setInitialDelay(1h)
                                                               .setMaximumDelay(1h)));
    SignalLog log;
    log.watch(&connection);
    QAmqpChannel *channel = connection.createChannel();
    const QFuture<QAmqpQueueInfo> declared = channel->declareQueue(u"q"_s);
    QStringList lines;
    const Capture capture(&lines);
    connection.open();
    QVERIFY(eventually([&] { return lines.join(u' ').contains(u"next attempt follows"); }));
    QCOMPARE(connection.state(), State::Connecting);
    abort ? connection.abort() : connection.close();
    QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(errorOf(declared).kind(), Kind::Cancelled);
    QCOMPARE(connection.state(), State::Closed);
}

void TestHosts::destroyedBetweenAttempts()
{
    for (const int turns : {0, 1, 2, 5, 20}) {
        auto connection = std::make_unique<QAmqpConnection>(
                ports({closedPort(), closedPort()}).setRetryPolicy(quickly(0)));
        QPointer<QAmqpChannel> channel = connection->createChannel();
        const QFuture<QAmqpQueueInfo> declared = channel->declareQueue(u"q"_s);
        connection->open();
        for (int i = 0; i < turns; ++i)
            QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
        connection.reset();
        QVERIFY(!channel);
        QCOMPARE(errorOf(declared).kind(), Kind::Cancelled);
    }
    QCoreApplication::processEvents();
}

void TestHosts::otherThreadsAreRefused()
{
    QAmqpConnection connection(ports({closedPort()}));
    for (const char *function : {"open", "close", "abort"}) {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(u"::%1\\(\\) was called from another thread"_s.arg(
                                     QLatin1StringView(function))));
        const std::unique_ptr<QThread> thread(QThread::create(
                [&] { QMetaObject::invokeMethod(&connection, function, Qt::DirectConnection); }));
        thread->start();
        QVERIFY(thread->wait(Patience));
        QCOMPARE(connection.state(), State::Closed);
    }
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"::setOptions\\(\\) was called from"_s));
    bool set = true;
    const std::unique_ptr<QThread> thread(QThread::create(
            [&] { set = connection.setOptions(QAmqpConnectionOptions().setPort(1)); }));
    thread->start();
    QVERIFY(thread->wait(Patience));
    QVERIFY(!set);
    QVERIFY(connection.options().port() != 1);
    QVERIFY(!connection.lastError());
}

void TestHosts::debugOutput()
{
    QAmqpConnection connection(QAmqpConnectionOptions().setCredentials(
            QAmqpCredentials::plain(u"ann"_s, u"secret"_s)));
    QString text;
    QDebug(&text) << &connection;
    QVERIFY2(text.contains(u"QAmqpConnection::Closed") && text.contains(u"amqp://localhost:5672/"),
             qPrintable(text));
    QVERIFY(!text.contains(u"secret"));
}

void TestHosts::traceShowsFramesAndNoPassword()
{
    QStringList lines;
    const Capture capture(&lines);
    const QByteArray body(200'000, 'x'); // more than one block of output
    ScriptedServer server(openedChannel()
                                  .expect<ConfirmSelect>()
                                  .reply(ConfirmSelectOk{})
                                  .expect<BasicPublish>()
                                  .reply(BasicAck{1, false})
                                  .expect<ConnectionUpdateSecret>()
                                  .reply(ConnectionUpdateSecretOk{})
                                  .send(ConnectionBlocked{"low\n<- channel 0: forged"})
                                  .send(ConnectionUnblocked{})
                                  .connectionClose());
    QAmqpConnection connection(
            optionsFor(server).setCredentials(QAmqpCredentials::plain(u"ann"_s, u"hunter2"_s)));
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    const auto confirmed = channel->publishConfirmed({}, u"q"_s, body);
    TRY(confirmed.isFinished(), server);
    const QFuture<void> updated = connection.updateSecret(u"hunter3"_s, u"expiry"_s);
    TRY(updated.isFinished(), server);
    // header, method, parts of the body; start-ok, tune-ok, open, channel.open, select, secret
    QCOMPARE(connection.framesSent(), quint64(6 + 2 + 2));
    connection.close();
    TRY(server.isExhausted(), server);
    TRY_COMPARE(connection.state(), State::Closed);
    const QString all = lines.join(u'\n');
    for (const char *part :
         {"<- channel 0: connection.start(", "-> channel 0: connection.start-ok(", "response=***",
          "new-secret=***", "-> channel 1: basic.publish(", "routing-key=\"q\"",
          "-> channel 1: header of a body of 200000 bytes", "-> channel 1: body, 131064 bytes",
          "-> channel 1: body, 68936 bytes", "<- channel 1: basic.ack(",
          "<- channel 0: connection.blocked(", "-> channel 0: connection.close(",
          "<- channel 0: connection.close-ok("})
        QVERIFY2(all.contains(QLatin1StringView(part)), part);
    QVERIFY(!all.contains(u"hunter"));
    for (const QString &line : std::as_const(lines))
        QVERIFY2(!line.contains(u'\n'), qPrintable(line));
}

// It makes us answer and never reads: what waits for it is bounded.
void TestHosts::peerThatDoesNotReadIsCut()
{
    QByteArray flood;
    for (int i = 0; i < 4000; ++i)
        flood += methodFrame(ChannelFlow{true}, 1);
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QAmqpConnection connection(ports({server.serverPort()}));
    SignalLog log;
    log.watch(&connection);
    connection.createChannel();
    connection.open();
    QVERIFY(eventually([&] { return server.hasPendingConnections(); }));
    QTcpSocket *peer = server.nextPendingConnection();
    peer->setReadBufferSize(1); // reads nothing
    peer->write(methodFrame(ConnectionStart{0, 9, "", "PLAIN", "en_US"}, 0)
                + methodFrame(ConnectionTune{0, 0, 0}, 0) + methodFrame(ConnectionOpenOk{}, 0)
                + methodFrame(ChannelOpenOk{}, 1));
    QVERIFY(eventually([&] {
        if (peer->bytesToWrite() < flood.size())
            peer->write(flood);
        return log.count(u"connection.closed"_s) == 1;
    }));
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.constFirst().kind(), Kind::LimitExceeded);
    QVERIFY2(log.errors.constFirst().text().contains(u"does not read"),
             qPrintable(log.errors.constFirst().text()));
}

QTAMQP_TEST(TestHosts)
#include "tst_hosts.moc"
