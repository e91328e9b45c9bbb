// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a connection agrees on with the broker, counts and may change while it is open.

#include "connectiontest.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

// An option of TCP of this process's socket that is connected to `port`; -1 if there is none.
int tcpOption(quint16 port, int option, int level = IPPROTO_TCP)
{
    for (int fd = 0; fd < 1024; ++fd) {
        sockaddr_in peer = {};
        socklen_t size = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &size) != 0
            || ntohs(peer.sin_port) != port)
            continue;
        int value = 0;
        size = sizeof value;
        ::getsockopt(fd, level, option, &value, &size);
        return value;
    }
    return -1;
}

} // namespace

class TestSession : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void optionsAreRefusedWhileOpen();
    void counters();
    void updateSecret();
    void updateSecretFails();
    void updateSecretAboveAFrame();
    void negotiation_data();
    void negotiation();
    void serverProperties();
    void noDelayIsSet();
    void keepAliveIsSet();
    void optionsCountBeforeOpening();
};

void TestSession::optionsAreRefusedWhileOpen()
{
    ScriptedServer server(Script().handshake().connectionClose());
    QAmqpConnection connection(optionsFor(server));
    const QAmqpConnectionOptions before = connection.options();
    const auto refusesAll = [&] {
        return !connection.setOptions(QAmqpConnectionOptions()) && connection.options() == before
                && !connection.setTransport(std::make_unique<DeadTransport>())
                && !connection.setSslConfiguration(QSslConfiguration())
                && connection.lastError().kind() == Kind::InvalidArgument;
    };
    connection.open();
    QVERIFY(refusesAll());
    TRY(connection.isOpen(), server);
    QVERIFY(refusesAll());
    QVERIFY(connection.lastError().text().contains(u"setSslConfiguration"));
    connection.close();
    QVERIFY(refusesAll());
    TRY_COMPARE(connection.state(), State::Closed);
    QVERIFY(connection.setOptions(QAmqpConnectionOptions()));
    QVERIFY(connection.setTransport(std::make_unique<DeadTransport>()));
    QVERIFY(connection.setTransport(nullptr));
}

void TestSession::counters()
{
    ScriptedServer server(Script().handshake().sendHeartbeat().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.framesReceived() == 4, server); // start, tune, open-ok, heartbeat
    QVERIFY(connection.bytesReceived() > 100);
    QVERIFY(connection.bytesSent() > 8 + 100);
    QCOMPARE(connection.bytesToWrite(), 0);
    const quint64 sent = connection.bytesSent();
    QAmqpChannel *channel = connection.createChannel();
    channel->publish(QString(), u"q"_s, QAmqpMessage(QByteArray(1000, 'x')));
    QVERIFY(connection.bytesToWrite() > 1000);
    QCOMPARE(connection.bytesSent(), sent);
}

void TestSession::updateSecret()
{
    ScriptedServer server(
            Script().handshake()
                    .expect<ConnectionUpdateSecret>([](const ConnectionUpdateSecret &m) {
                        return m.newSecret == "token 1" && m.reason == "expires";
                    })
                    .expect<ConnectionUpdateSecret>([](const ConnectionUpdateSecret &m) {
                        return m.newSecret == "token 2";
                    })
                    .reply(ConnectionUpdateSecretOk{})
                    .reply(ConnectionUpdateSecretOk{})
                    .ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    const QFuture<void> first = connection.updateSecret(u"token 1"_s, u"expires"_s);
    const QFuture<void> second = connection.updateSecret(u"token 2"_s, QString());
    QVERIFY(!first.isFinished());
    TRY(second.isFinished(), server);
    QVERIFY(!errorOf(first));
    QVERIFY(!errorOf(second));
}

void TestSession::updateSecretFails()
{
    ScriptedServer server(Script().handshake().expect<ConnectionUpdateSecret>().drop());
    QAmqpConnection connection(optionsFor(server));
    QCOMPARE(errorOf(connection.updateSecret(u"token"_s, QString())).kind(), Kind::NotOpen);
    connection.open();
    QCOMPARE(errorOf(connection.updateSecret(u"token"_s, QString())).kind(), Kind::NotOpen);
    TRY(connection.isOpen(), server);
    const QAmqpError misuse = errorOf(connection.updateSecret(u"token"_s, QString(128, u'é')));
    QCOMPARE(misuse.kind(), Kind::InvalidArgument);
    QVERIFY(misuse.text().contains(u"255"));
    const QFuture<void> lost = connection.updateSecret(u"token"_s, QString());
    TRY(lost.isFinished(), server);
    QCOMPARE(errorOf(lost).kind(), Kind::ConnectionLost);
}

void TestSession::updateSecretAboveAFrame()
{
    ScriptedServer server(Script().handshake({2047, 4096, 60})
                                  .expect<ConnectionUpdateSecret>()
                                  .reply(ConnectionUpdateSecretOk{})
                                  .connectionClose());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    // 8 bytes of frame, 4 of the method, the lengths of secret and reason.
    const qsizetype fits = 4096 - 8 - 4 - 4 - 1;
    const QAmqpError error = errorOf(connection.updateSecret(QString(fits + 1, u'x'), {}));
    QCOMPARE(error.kind(), Kind::LimitExceeded);
    QVERIFY2(error.text().contains(u"4097") && error.text().contains(u"4096"),
             qPrintable(error.text()));
    const QFuture<void> updated = connection.updateSecret(QString(fits, u'x'), {});
    TRY(updated.isFinished(), server);
    QVERIFY(!errorOf(updated));
    connection.close();
    TRY(server.isExhausted(), server);
}

void TestSession::negotiation_data()
{
    QTest::addColumn<int>("clientChannels");
    QTest::addColumn<int>("clientFrame");
    QTest::addColumn<int>("clientHeartbeat"); // -1: as the server proposes
    QTest::addColumn<int>("serverChannels");
    QTest::addColumn<int>("serverFrame");
    QTest::addColumn<int>("serverHeartbeat");
    QTest::addColumn<int>("channels");
    QTest::addColumn<int>("frame");
    QTest::addColumn<int>("heartbeat");
    QTest::newRow("server's values")
            << 0 << 0 << -1 << 2047 << 131072 << 60 << 2047 << 131072 << 60;
    QTest::newRow("client's are smaller")
            << 15 << 8192 << 10 << 2047 << 131072 << 60 << 15 << 8192 << 10;
    QTest::newRow("server's are smaller")
            << 100 << 65536 << 60 << 7 << 4096 << 10 << 7 << 4096 << 60;
    QTest::newRow("server has no limits") << 100 << 65536 << -1 << 0 << 0 << 0 << 100 << 65536 << 0;
    QTest::newRow("no heartbeat wanted")
            << 65535 << 131072 << 0 << 65535 << 131072 << 60 << 65535 << 131072 << 0;
}

void TestSession::negotiation()
{
    QFETCH(int, clientChannels);
    QFETCH(int, clientFrame);
    QFETCH(int, clientHeartbeat);
    QFETCH(int, serverChannels);
    QFETCH(int, serverFrame);
    QFETCH(int, serverHeartbeat);
    QFETCH(int, channels);
    QFETCH(int, frame);
    QFETCH(int, heartbeat);
    ScriptedServer server(
            Script().start()
                    .expect<ConnectionStartOk>()
                    .reply(ConnectionTune{quint16(serverChannels), quint32(serverFrame),
                                          quint16(serverHeartbeat)})
                    .expect<ConnectionTuneOk>([=](const ConnectionTuneOk &m) {
                        return m.channelMax == channels && int(m.frameMax) == frame
                                && m.heartbeat == heartbeat;
                    })
                    .expect<ConnectionOpen>()
                    .reply(ConnectionOpenOk{})
                    .ignoreRest());
    QAmqpConnectionOptions options = optionsFor(server);
    options.setChannelMax(quint16(clientChannels)).setFrameMax(quint32(clientFrame));
    if (clientHeartbeat >= 0)
        options.setHeartbeat(std::chrono::seconds(clientHeartbeat));
    QAmqpConnection connection(options);
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(int(connection.channelMax()), channels);
    QCOMPARE(int(connection.frameMax()), frame);
    QCOMPARE(int(connection.heartbeat().count()), heartbeat);
}

void TestSession::serverProperties()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(connection.serverProperties().value(u"product"_s).toString(), u"Scripted broker"_s);
    QVERIFY(connection.hasCapability(u"basic.nack"_s));
    QVERIFY(!connection.hasCapability(u"time.travel"_s));
}

void TestSession::noDelayIsSet()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(tcpOption(server.port(), TCP_NODELAY), 1);
    QCOMPARE(tcpOption(server.port(), SO_KEEPALIVE, SOL_SOCKET), 0);
}

void TestSession::keepAliveIsSet()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server)
                                       .setKeepAliveIdle(17s)
                                       .setKeepAliveInterval(3s)
                                       .setKeepAliveCount(5)
                                       .setTcpUserTimeout(12345ms));
    connection.open();
    TRY(connection.isOpen(), server);
    QVERIFY(tcpOption(server.port(), SO_KEEPALIVE, SOL_SOCKET) != 0);
#ifdef Q_OS_LINUX
    QCOMPARE(tcpOption(server.port(), TCP_KEEPIDLE), 17);
    QCOMPARE(tcpOption(server.port(), TCP_KEEPINTVL), 3);
    QCOMPARE(tcpOption(server.port(), TCP_KEEPCNT), 5);
    QCOMPARE(tcpOption(server.port(), TCP_USER_TIMEOUT), 12345);
#endif
}

// What is asked for before open() is judged by the options as they are then.
void TestSession::optionsCountBeforeOpening()
{
    QAmqpConnection connection;
    QAmqpMessage message("x");
    message.setHeaders({{u"a"_s, QString(5000, u'x')}});
    QAmqpChannel *channel = connection.createChannel();
    QVERIFY(channel->publish({}, u"q"_s, message) != 0);
    QVERIFY(connection.setOptions(QAmqpConnectionOptions().setFrameMax(4096).setChannelMax(2)));
    QCOMPARE(channel->publish({}, u"q"_s, message), 0U);
    QCOMPARE(channel->lastError().kind(), Kind::LimitExceeded);
    connection.createChannel();
    const QAmqpChannel *third = connection.createChannel();
    QCOMPARE(third->state(), QAmqpChannel::State::Closed);
    QCOMPARE(third->lastError().kind(), Kind::LimitExceeded);
    QVERIFY(connection.setOptions(QAmqpConnectionOptions()));
    QVERIFY(channel->publish({}, u"q"_s, message) != 0);
    QCOMPARE(connection.createChannel()->state(), QAmqpChannel::State::Opening);
}

QTAMQP_TEST(TestSession)
#include "tst_session.moc"
