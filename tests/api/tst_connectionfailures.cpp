// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// QAmqpConnection against a scripted broker: each failure is told exactly once.

#include "connectiontest.h"
#include "scripted/ports.h"

#include "transport/sockettransport.h"

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

class TestConnectionFailures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void badUrl_data();
    void badUrl();
    void failsToConnect_data();
    void failsToConnect();
    void connectTimeout();
    void lostInHandshake_data();
    void lostInHandshake();
    void refusedLogin();
    void refusedVirtualHost();
    void brokerClosesOnce();
    void lostWhenOpen();
    void blocked();
    void blockedTimeout();
    void heartbeatsGoOnAfterTraffic();
    void missedHeartbeats();
};

void TestConnectionFailures::badUrl_data()
{
    QTest::addColumn<QUrl>("url");
    QTest::addColumn<QString>("names");
    QTest::newRow("another scheme") << QUrl(u"http://localhost/"_s) << u"amqp://"_s;
    QTest::newRow("unknown key") << QUrl(u"amqp://localhost/?hartbeat=3"_s) << u"hartbeat"_s;
    QTest::newRow("extra path") << QUrl(u"amqp://localhost/a/b"_s) << u"path segment"_s;
    QTest::newRow("invalid") << QUrl() << QString();
}

void TestConnectionFailures::badUrl()
{
    QFETCH(QUrl, url);
    QFETCH(QString, names);
    QAmqpConnection connection;
    SignalLog log;
    log.watch(&connection);
    connection.open(url);
    QVERIFY(log.lines.isEmpty());
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::InvalidArgument);
    QVERIFY2(log.errors.at(0).text().contains(names), qPrintable(log.errors.at(0).text()));
    QCOMPARE(connection.lastError(), log.errors.at(0));
    QCOMPARE(connection.state(), State::Closed);
    QCOMPARE(log.lines.mid(log.lines.size() - 2),
             QStringList({u"connection.error InvalidArgument"_s, u"connection.closed"_s}));
    // A second try works the same.
    connection.open(url);
    TRY_COMPARE(log.count(u"connection.closed"_s), 2);
    QCOMPARE(log.errors.size(), 2);
}

void TestConnectionFailures::failsToConnect_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<bool>("drop");
    QTest::addColumn<Kind>("kind");
    QTest::addColumn<QString>("text");
    QTest::newRow("refused") << QByteArray() << false << Kind::HostUnreachable << u"refused"_s;
    QTest::newRow("unknown host") << QByteArray() << false << Kind::HostUnreachable
                                  << u"not found"_s;
    QTest::newRow("HTTP server") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n") << true
                                 << Kind::ProtocolViolation << u"HTTP/1.1 400"_s;
    QTest::newRow("HTTP server that keeps the link")
            << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n") << false << Kind::ProtocolViolation
            << u"HTTP/1.1 400"_s;
    QTest::newRow("AMQP 1.0") << QByteArray("AMQP\0\1\0\0", 8) << true << Kind::ProtocolViolation
                              << u"AMQP 1.0"_s;
    QTest::newRow("drops at once") << QByteArray() << true << Kind::ConnectionLost << u"TLS"_s;
    QTest::newRow("silent") << QByteArray() << false << Kind::Timeout << u"200 ms"_s;
    QTest::newRow("half a frame") << QByteArray("\1\0\0\0\0\1", 6) << false << Kind::Timeout
                                  << u"200 ms"_s;
}

void TestConnectionFailures::failsToConnect()
{
    QFETCH(QByteArray, answer);
    QFETCH(bool, drop);
    QFETCH(Kind, kind);
    QFETCH(QString, text);
    OtherServer other(answer, drop);
    QAmqpConnectionOptions options = localPort(other.port());
    if (kind == Kind::Timeout)
        options.setHandshakeTimeout(200ms);
    if (text == u"refused")
        options.setPort(1);
    QAmqpConnection connection(options);
    if (text == u"not found") { // by no name server, which may be out of reach
        connection.setOptions(options.setHostName(u"no-such-host.invalid"_s));
        connection.setTransport(std::make_unique<SocketTransport>(
                [](const QString &, QObject *receiver, const auto &done) {
                    QMetaObject::invokeMethod(
                            receiver,
                            [done] {
                                QHostInfo info;
                                info.setErrorString(u"Host not found"_s);
                                done(info);
                            },
                            Qt::QueuedConnection);
                    return 1 << 30; // no lookup of Qt's
                }));
    }
    SignalLog log;
    log.watch(&connection);
    QAmqpChannel *channel = connection.createChannel();
    log.watch(channel);
    const QFuture<QAmqpQueueInfo> declared = channel->declareQueue(u"q"_s);
    connection.open();
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.errors.size(), 1);
    const QAmqpError error = connection.lastError();
    QVERIFY2(error.kind() == kind, qPrintable(error.text()));
    QCOMPARE(error.attempts().size(), 1);
    QVERIFY2(error.text().contains(text), qPrintable(error.text()));
    QVERIFY2(error.text().contains(options.hostName()), qPrintable(error.text()));
    QCOMPARE(error.scope(), QAmqpError::Scope::Connection);
    QCOMPARE(log.count(u"connection.opened"_s), 0);
    // Channels first, then the connection, which tells why.
    QCOMPARE(log.lines.mid(log.lines.size() - 4),
             QStringList({u"channel.closed"_s, u"connection.Closed"_s,
                          u"connection.error "_s + nameOf(kind), u"connection.closed"_s}));
    QCOMPARE(channel->lastError(), error);
    QCOMPARE(errorOf(declared).kind(), kind);
    QCOMPARE(errorOf(declared).scope(), QAmqpError::Scope::Connection);
    QVERIFY(errorOf(declared).text().startsWith(u"queue.declare was not sent to "_s));
    QCOMPARE(errorOf(declared).cause().kind(), kind);
}

void TestConnectionFailures::connectTimeout()
{
    FullPort full;
    QAmqpConnection connection(localPort(full.port()).setConnectTimeout(200ms));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::Timeout);
    QCOMPARE(log.errors.at(0).phase(), QAmqpError::Phase::Connecting);
    QVERIFY2(log.errors.at(0).text().contains(u"200 ms"), qPrintable(log.errors.at(0).text()));
}

void TestConnectionFailures::lostInHandshake_data()
{
    QTest::addColumn<int>("step");
    QTest::addColumn<Kind>("kind");
    QTest::newRow("for the start") << 1 << Kind::ConnectionLost;
    QTest::newRow("after the start") << 2 << Kind::ConnectionLost;
    QTest::newRow("for the tune") << 3 << Kind::ConnectionLost;
    QTest::newRow("after tune-ok") << 5 << Kind::ConnectionLost;
    QTest::newRow("for open-ok") << 6 << Kind::ConnectionLost;
}

void TestConnectionFailures::lostInHandshake()
{
    QFETCH(int, step);
    QFETCH(Kind, kind);
    ScriptedServer server(Script().handshake().withFault(step, Fault::Disconnect));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    QVERIFY2(log.errors.at(0).kind() == kind, qPrintable(log.errors.at(0).text()));
    QCOMPARE(log.errors.at(0).phase(), QAmqpError::Phase::Handshake);
    QCOMPARE(connection.state(), State::Closed);
}

void TestConnectionFailures::refusedLogin()
{
    ScriptedServer server(
            Script().start()
                    .expect<ConnectionStartOk>()
                    .send(ConnectionClose{403, QByteArrayView("ACCESS_REFUSED - Login was refused"),
                                          0, 0})
                    .expect<ConnectionCloseOk>());
    QAmqpConnection connection(
            optionsFor(server).setCredentials(QAmqpCredentials::plain(u"ann"_s, u"secret"_s)));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    const QAmqpError error = log.errors.at(0);
    QCOMPARE(error.kind(), Kind::AuthenticationFailed);
    QCOMPARE(error.replyCode(), 403);
    QVERIFY2(error.text().contains(u"ann") && !error.text().contains(u"secret"),
             qPrintable(error.text()));
    TRY(server.isExhausted(), server);
}

void TestConnectionFailures::refusedVirtualHost()
{
    ScriptedServer server(
            Script().start()
                    .expect<ConnectionStartOk>()
                    .reply(ConnectionTune{2047, 131072, 60})
                    .expect<ConnectionTuneOk>()
                    .expect<ConnectionOpen>(
                            [](const ConnectionOpen &m) { return m.virtualHost == "nowhere"; })
                    .send(ConnectionClose{
                            530, QByteArrayView("NOT_ALLOWED - vhost nowhere not found"), 10, 40})
                    .expect<ConnectionCloseOk>());
    QAmqpConnection connection(optionsFor(server).setVirtualHost(u"nowhere"_s));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::AccessRefused);
    QVERIFY2(log.errors.at(0).text().contains(u"nowhere"), qPrintable(log.errors.at(0).text()));
    TRY(server.isExhausted(), server);
}

void TestConnectionFailures::brokerClosesOnce()
{
    ScriptedServer server(
            Script().handshake()
                    .channelOpen()
                    .send(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED - shutdown"), 0,
                                          0},
                          0)
                    .expect<ConnectionCloseOk>()
                    .drop());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    QAmqpChannel *channel = connection.createChannel();
    log.watch(channel);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    TRY(server.isExhausted(), server);
    QCoreApplication::processEvents();
    QCOMPARE(log.of(u"connection"_s).mid(3),
             QStringList({u"opened"_s, u"Closed"_s, u"error ClosedByBroker"_s, u"closed"_s}));
    QCOMPARE(log.count(u"channel.closed"_s), 1);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(connection.lastError().replyCode(), 320);
    QCOMPARE(connection.lastError().origin(), QAmqpError::Origin::Broker);
    QVERIFY(connection.lastError().text().contains(u"CONNECTION_FORCED - shutdown"));
}

void TestConnectionFailures::lostWhenOpen()
{
    ScriptedServer server(Script().handshake().drop());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.of(u"connection"_s).mid(2),
             QStringList({u"Open"_s, u"opened"_s, u"Closed"_s, u"error ConnectionLost"_s,
                          u"closed"_s}));
    QCOMPARE(connection.lastError().phase(), QAmqpError::Phase::Open);
    QVERIFY(connection.lastError().isRetryable());
}

void TestConnectionFailures::blocked()
{
    ScriptedServer server(Script().handshake()
                                  .send(ConnectionBlocked{QByteArrayView("low on disk")})
                                  .send(ConnectionBlocked{QByteArrayView("low on memory")})
                                  .send(ConnectionUnblocked{})
                                  .send(ConnectionBlocked{QByteArrayView("low on disk")})
                                  .drop());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    QStringList reasons;
    connect(&connection, &QAmqpConnection::blockedChanged, [&](bool blocked) {
        QCOMPARE(connection.isBlocked(), blocked);
        reasons.append(connection.blockedReason());
    });
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.of(u"connection"_s).mid(4),
             QStringList({u"blocked"_s, u"blocked"_s, u"unblocked"_s, u"blocked"_s, u"unblocked"_s,
                          u"Closed"_s, u"error ConnectionLost"_s, u"closed"_s}));
    QCOMPARE(reasons.mid(0, 3), QStringList({u"low on disk"_s, u"low on memory"_s, QString()}));
    QVERIFY(!connection.isBlocked());
    QVERIFY(connection.blockedReason().isEmpty());
}

void TestConnectionFailures::blockedTimeout()
{
    ScriptedServer server(Script().handshake({2047, 131072, 0})
                                  .send(ConnectionBlocked{QByteArrayView("low on disk")})
                                  .stall());
    QAmqpConnection connection(optionsFor(server).setBlockedConnectionTimeout(100ms));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::Timeout);
    QVERIFY2(log.errors.at(0).text().contains(u"blocked"), qPrintable(log.errors.at(0).text()));
}

// The timer was armed for an earlier time than traffic then made it.
void TestConnectionFailures::heartbeatsGoOnAfterTraffic()
{
    ScriptedServer server(Script().handshake({2047, 131072, 2})
                                  .channelOpen()
                                  .after(200ms)
                                  .send(ChannelFlow{true})
                                  .expect<ChannelFlowOk>()
                                  .expectHeartbeat()
                                  .sendHeartbeat()
                                  .expectHeartbeat()
                                  .sendHeartbeat()
                                  .send(ChannelFlow{true})
                                  .expect<ChannelFlowOk>()
                                  .expectHeartbeat()
                                  .sendHeartbeat()
                                  .connectionClose());
    QAmqpConnection connection(optionsFor(server));
    connection.createChannel();
    connection.open();
    TRY(connection.isOpen(), server);
    QTRY_VERIFY2_WITH_TIMEOUT(server.report().contains(u"expect connection.close"),
                              qPrintable(server.report()), Patience);
    connection.close();
    TRY(server.isExhausted(), server);
}

void TestConnectionFailures::missedHeartbeats()
{
    ScriptedServer server(Script().handshake({2047, 131072, 1}).stall());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::HeartbeatMissed);
}

QTAMQP_TEST(TestConnectionFailures)
#include "tst_connectionfailures.moc"
