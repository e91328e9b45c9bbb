// QAmqpConnection against a scripted broker: the order of its signals, each failure told exactly once.

#include "apitest.h"
#include "fullport.h"

#include "transport/sockettransport.h"

#include <QtAmqp/qamqptransport.h>
#include <QtNetwork/qtcpserver.h>

#include <netinet/tcp.h>

using State = QAmqpConnection::State;
using Kind = QAmqpError::Kind;
using namespace std::chrono_literals;

namespace {

// Counts every signal of the objects it is given.
class SignalCounter : public QObject
{
    Q_OBJECT
public:
    void watch(QObject *object)
    {
        const QMetaMethod slot = metaObject()->method(metaObject()->indexOfSlot("count()"));
        for (int i = QObject::staticMetaObject.methodCount();
             i < object->metaObject()->methodCount(); ++i) {
            const QMetaMethod method = object->metaObject()->method(i);
            if (method.methodType() == QMetaMethod::Signal)
                connect(object, method, this, slot);
        }
    }
    int counted = 0;
public Q_SLOTS:
    void count() { ++counted; }
};

// A server that is no broker: says what it is told to, at once or when it is spoken to.
class OtherServer
{
public:
    explicit OtherServer(const QByteArray &answer, bool drop = false)
    {
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this, answer, drop] {
            QTcpSocket *socket = m_server.nextPendingConnection();
            QObject::connect(socket, &QTcpSocket::readyRead, socket, [socket, answer, drop] {
                socket->readAll();
                socket->write(answer);
                if (drop)
                    socket->disconnectFromHost();
            });
        });
        m_server.listen(QHostAddress::LocalHost);
    }
    quint16 port() const { return m_server.serverPort(); }

private:
    QTcpServer m_server;
};

QAmqpConnectionOptions localPort(quint16 port)
{
    return QAmqpConnectionOptions().setHostName(u"127.0.0.1"_s).setPort(port);
}

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

// Does nothing at all.
class DeadTransport : public QAmqpTransport
{
public:
    void open(const QAmqpEndpoint &) override { }
    void write(const QByteArray &) override { }
    qint64 bytesToWrite() const override { return 0; }
    void close() override { }
    void abort() override { }
    void setDeadline(std::optional<TimePoint>) override { }
    void requestTurn() override { }
};

} // namespace

class TestConnection : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void opensAndCloses();
    void startsClosed();
    void openTwiceIsRefused();
    void badUrl_data();
    void badUrl();
    void failsToConnect_data();
    void failsToConnect();
    void connectTimeout();
    void lostInHandshake_data();
    void lostInHandshake();
    void refusedLogin();
    void refusedVirtualHost();
    void closeInEveryState_data();
    void closeInEveryState();
    void abortInEveryState_data();
    void abortInEveryState();
    void closeWithoutAnswer();
    void closeWithoutADeadline_data();
    void closeWithoutADeadline();
    void closeTwice();
    void reopensInClosedSlot();
    void reopensInClosedSlotAfterLoss();
    void reopensAfterTrailingOctets();
    void readsWhenItOpens();
    void optionsAreRefusedWhileOpen();
    void brokerClosesOnce();
    void lostWhenOpen();
    void blocked();
    void blockedTimeout();
    void counters();
    void updateSecret();
    void updateSecretFails();
    void updateSecretAboveAFrame();
    void negotiation_data();
    void negotiation();
    void serverProperties();
    void commandsEmitNothing();
    void noDelayIsSet();
    void keepAliveIsSet();
    void optionsCountBeforeOpening();
    void heartbeatsGoOnAfterTraffic();
    void missedHeartbeats();
    void closedSocketsGo();
    void destructionSendsWhatWasPublished();
};

void TestConnection::opensAndCloses()
{
    ScriptedServer server(Script().handshake().connectionClose());
    SignalLog log;
    QAmqpConnection connection(optionsFor(server));
    log.watch(&connection);
    bool wasOpen = false;
    connect(&connection, &QAmqpConnection::opened, [&] { wasOpen = connection.isOpen(); });
    connection.open();
    QCOMPARE(connection.state(), State::Connecting);
    TRY(connection.isOpen(), server);
    TRY(wasOpen, server);
    connection.close();
    QCOMPARE(connection.state(), State::Closing);
    TRY_COMPARE(connection.state(), State::Closed);
    QCOMPARE(log.lines,
             QStringList({u"connection.Connecting"_s, u"connection.Handshaking"_s,
                          u"connection.Open"_s, u"connection.opened"_s, u"connection.Closing"_s,
                          u"connection.Closed"_s, u"connection.closed"_s}));
    QVERIFY(!connection.lastError());
    QCOMPARE(server.connections(), 1);
}

void TestConnection::startsClosed()
{
    QAmqpConnection connection;
    SignalLog log;
    log.watch(&connection);
    connection.close();
    connection.abort();
    QCoreApplication::processEvents();
    QCOMPARE(connection.state(), State::Closed);
    QVERIFY(log.lines.isEmpty());
    QCOMPARE(connection.channelMax(), 0);
    QCOMPARE(connection.bytesToWrite(), 0);
    QVERIFY(!connection.isBlocked());
}

void TestConnection::openTwiceIsRefused()
{
    ScriptedServer server(Script().handshake().connectionClose());
    SignalLog log;
    QAmqpConnection connection(optionsFor(server));
    log.watch(&connection);
    connection.open();
    connection.open();
    QCOMPARE(connection.lastError().kind(), Kind::InvalidArgument);
    QVERIFY2(connection.lastError().text().contains(u"closed connection"),
             qPrintable(connection.lastError().text()));
    TRY(connection.isOpen(), server);
    connection.open();
    connection.open(QUrl(u"amqp://elsewhere/"_s));
    QCOMPARE(connection.options().hostName(), u"127.0.0.1"_s);
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.count(u"connection.opened"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(server.connections(), 1);
}

void TestConnection::badUrl_data()
{
    QTest::addColumn<QUrl>("url");
    QTest::addColumn<QString>("names");
    QTest::newRow("another scheme") << QUrl(u"http://localhost/"_s) << u"amqp://"_s;
    QTest::newRow("unknown key") << QUrl(u"amqp://localhost/?hartbeat=3"_s) << u"hartbeat"_s;
    QTest::newRow("extra path") << QUrl(u"amqp://localhost/a/b"_s) << u"path segment"_s;
    QTest::newRow("invalid") << QUrl() << QString();
}

void TestConnection::badUrl()
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

void TestConnection::failsToConnect_data()
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

void TestConnection::failsToConnect()
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
    QCOMPARE(log.errors.size(), 2);
    const QAmqpError error = connection.lastError();
    QVERIFY2(error.kind() == kind, qPrintable(error.text()));
    QCOMPARE(error.attempts().size(), 1);
    QVERIFY2(error.text().contains(text), qPrintable(error.text()));
    QVERIFY2(error.text().contains(options.hostName()), qPrintable(error.text()));
    QCOMPARE(error.scope(), QAmqpError::Scope::Connection);
    QCOMPARE(log.count(u"connection.opened"_s), 0);
    // Channels first, then the connection.
    const QString last = u"error "_s + nameOf(kind);
    QCOMPARE(log.of(u"channel"_s).mid(log.of(u"channel"_s).size() - 2),
             QStringList({last, u"closed"_s}));
    QCOMPARE(log.lines.mid(log.lines.size() - 2),
             QStringList({u"connection."_s + last, u"connection.closed"_s}));
    QCOMPARE(errorOf(declared).kind(), Kind::Cancelled);
    QCOMPARE(errorOf(declared).cause().kind(), kind);
}

void TestConnection::connectTimeout()
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

void TestConnection::lostInHandshake_data()
{
    QTest::addColumn<int>("step");
    QTest::addColumn<Kind>("kind");
    QTest::newRow("for the start") << 1 << Kind::ConnectionLost;
    QTest::newRow("after the start") << 2 << Kind::ConnectionLost;
    QTest::newRow("for the tune") << 3 << Kind::ConnectionLost;
    QTest::newRow("after tune-ok") << 5 << Kind::ConnectionLost;
    QTest::newRow("for open-ok") << 6 << Kind::ConnectionLost;
}

void TestConnection::lostInHandshake()
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

void TestConnection::refusedLogin()
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

void TestConnection::refusedVirtualHost()
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

// The handshake's steps: where the broker goes silent. -1: before anything.
static void addStates()
{
    QTest::addColumn<int>("step");
    QTest::newRow("connecting") << -1;
    QTest::newRow("header sent") << 1;
    QTest::newRow("start-ok sent") << 3;
    QTest::newRow("open sent") << 6;
    QTest::newRow("open") << 7;
}

void TestConnection::closeInEveryState_data() { addStates(); }

void TestConnection::closeInEveryState()
{
    QFETCH(int, step);
    Script script = Script().handshake();
    QCOMPARE(script.steps().size(), 7);
    if (step == 7)
        script.connectionClose();
    else
        script = step < 0 ? Script().ignoreRest() : script.withFault(step, Fault::Stall);
    ScriptedServer server(script);
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    if (step == 7)
        TRY(connection.isOpen(), server);
    else if (step >= 0)
        TRY(server.isExhausted(), server);
    connection.close();
    QCOMPARE(connection.state(), State::Closing);
    connection.close();
    QCOMPARE(log.count(u"connection.closed"_s), 0);
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(connection.state(), State::Closed);
    // And it is of use again.
    TRY(server.isExhausted(), server);
    ScriptedServer next(Script().handshake().ignoreRest());
    connection.setOptions(optionsFor(next));
    connection.open();
    TRY(connection.isOpen(), next);
    QCOMPARE(log.count(u"connection.closed"_s), 1);
}

void TestConnection::abortInEveryState_data() { addStates(); }

void TestConnection::abortInEveryState()
{
    QFETCH(int, step);
    Script script = step < 0 ? Script().ignoreRest() : Script().handshake();
    if (step >= 0 && step < 7)
        script = script.withFault(step, Fault::Stall);
    ScriptedServer server(script);
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    if (step == 7)
        TRY(connection.isOpen(), server);
    else if (step >= 0)
        TRY(server.isExhausted(), server);
    connection.abort();
    connection.abort();
    QCOMPARE(log.count(u"connection.closed"_s), 0);
    TRY_COMPARE(log.count(u"connection.closed"_s), 1);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(connection.state(), State::Closed);
    ScriptedServer next(Script().handshake().ignoreRest());
    connection.setOptions(optionsFor(next));
    connection.open();
    TRY(connection.isOpen(), next);
    connection.close(1h);
    connection.abort(); // while closing
    TRY_COMPARE(log.count(u"connection.closed"_s), 2);
    QVERIFY(log.errors.isEmpty());
}

void TestConnection::closeWithoutAnswer()
{
    ScriptedServer server(Script().handshake().expect<ConnectionClose>().stall());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close(100ms);
    TRY(log.count(u"connection.closed"_s) == 1, server);
    TRY(server.isExhausted(), server);
    QCOMPARE(log.errors.size(), 1);
    QCOMPARE(log.errors.at(0).kind(), Kind::Timeout);
    QCOMPARE(log.errors.at(0).phase(), QAmqpError::Phase::Closing);
}

void TestConnection::closeWithoutADeadline_data()
{
    QTest::addColumn<qint64>("deadline");
    QTest::newRow("longest") << qint64(std::chrono::milliseconds::max().count());
    QTest::newRow("thousand years") << qint64(std::chrono::milliseconds(24h * 365'000).count());
}

// The broker may take its time.
void TestConnection::closeWithoutADeadline()
{
    QFETCH(qint64, deadline);
    ScriptedServer server(
            Script().handshake().expect<ConnectionClose>().after(50ms).reply(ConnectionCloseOk{}));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close(std::chrono::milliseconds(deadline));
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QVERIFY2(log.errors.isEmpty(), qPrintable(connection.lastError().text()));
}

void TestConnection::closeTwice()
{
    ScriptedServer server(Script().handshake().connectionClose());
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::closed, [&] { connection.close(); });
    connection.open();
    TRY(connection.isOpen(), server);
    connection.close();
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    connection.close();
    QCoreApplication::processEvents();
    QCOMPARE(log.count(u"connection.closed"_s), 1);
    QCOMPARE(log.count(u"connection.Closing"_s), 1);
}

void TestConnection::reopensInClosedSlot()
{
    const Script once = Script().handshake().connectionClose();
    ScriptedServer server(Script(once).then(once).then(once));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::opened, [&] { connection.close(); });
    connect(&connection, &QAmqpConnection::closed, [&] {
        QCOMPARE(connection.state(), State::Closed);
        if (log.count(u"connection.closed"_s) < 3)
            connection.open();
    });
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 3, server);
    QCOMPARE(log.count(u"connection.opened"_s), 3);
    QVERIFY(log.errors.isEmpty());
    TRY(server.isExhausted(), server);
    QCOMPARE(server.connections(), 3);
}

void TestConnection::reopensInClosedSlotAfterLoss()
{
    ScriptedServer server(Script().handshake()
                                  .drop()
                                  .then(Script().handshake().drop())
                                  .then(Script().handshake().ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connect(&connection, &QAmqpConnection::closed, [&] { connection.open(); });
    connection.open();
    TRY(log.count(u"connection.opened"_s) == 3, server);
    QCOMPARE(log.count(u"connection.closed"_s), 2);
    QCOMPARE(log.errors.size(), 2);
    QVERIFY(!connection.lastError());
}

// What the broker sends behind its connection.close belongs to no later session.
void TestConnection::reopensAfterTrailingOctets()
{
    QByteArray trailing =
            methodFrame(ConnectionClose{320, QByteArrayView("CONNECTION_FORCED"), 0, 0}, 0);
    trailing += QByteArray(300'000, 'x');
    ScriptedServer server(Script().handshake().garbage(trailing).ignoreRest().then(
            Script().handshake().ignoreRest()));
    QAmqpConnection connection(optionsFor(server));
    SignalLog log;
    log.watch(&connection);
    connection.open();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QCOMPARE(log.errors.size(), 1);
    for (int i = 0; i < 20; ++i)
        QCoreApplication::processEvents();
    QCOMPARE(connection.bytesReceived(), 0u);
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(log.errors.size(), 1);
}

void TestConnection::readsWhenItOpens()
{
    ScriptedServer server(Script().handshake().connectionClose());
    QAmqpConnection connection(optionsFor(server));
    connection.setReading(false);
    connection.open();
    QVERIFY(connection.isReading());
    TRY(connection.isOpen(), server);
    connection.close();
    TRY_COMPARE(connection.state(), State::Closed);
}

void TestConnection::optionsAreRefusedWhileOpen()
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

void TestConnection::brokerClosesOnce()
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
    QCOMPARE(log.errors.size(), 2);
    QCOMPARE(connection.lastError().replyCode(), 320);
    QCOMPARE(connection.lastError().origin(), QAmqpError::Origin::Broker);
    QVERIFY(connection.lastError().text().contains(u"CONNECTION_FORCED - shutdown"));
}

void TestConnection::lostWhenOpen()
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

void TestConnection::blocked()
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
             QStringList({u"blocked"_s, u"unblocked"_s, u"blocked"_s, u"unblocked"_s, u"Closed"_s,
                          u"error ConnectionLost"_s, u"closed"_s}));
    QCOMPARE(reasons.value(0), u"low on disk"_s);
    QVERIFY(!connection.isBlocked());
    QVERIFY(connection.blockedReason().isEmpty());
}

void TestConnection::blockedTimeout()
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

void TestConnection::counters()
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

void TestConnection::updateSecret()
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

void TestConnection::updateSecretFails()
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

void TestConnection::updateSecretAboveAFrame()
{
    ScriptedServer server(Script().handshake({2047, 4096, 60})
                                  .expect<ConnectionUpdateSecret>()
                                  .reply(ConnectionUpdateSecretOk{})
                                  .connectionClose());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    // 8 octets of frame, 4 of the method, the lengths of secret and reason.
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

void TestConnection::negotiation_data()
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

void TestConnection::negotiation()
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

void TestConnection::serverProperties()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(connection.serverProperties().value(u"product"_s).toString(), u"Scripted broker"_s);
    QVERIFY(connection.hasCapability(u"basic.nack"_s));
    QVERIFY(!connection.hasCapability(u"time.travel"_s));
}

// A slot may be connected and objects deleted at any time, except within a call.
void TestConnection::commandsEmitNothing()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    SignalCounter counter;
    counter.watch(&connection);
    QAmqpChannel *channel = nullptr;
    QAmqpQueue *queue = nullptr;
    QAmqpConsumer *consumer = nullptr;
    const QAmqpMessage small("x");
    const QAmqpMessage large(QByteArray(3'000'000, 'x'));
    const QList<std::function<void()>> calls = {
            [&] { connection.setOptions(connection.options()); },
            [&] { channel->declareQueue(u"q"_s); },
            [&] { queue->declare(); },
            [&] { queue->bind(u"amq.topic"_s, u"#"_s); },
            [&] { channel->declareExchange(u"e"_s, u"direct"_s); },
            [&] { channel->declareExchange(QString(256, u'e'), u"direct"_s); },
            [&] { channel->publish(QString(), u"q"_s, small); },
            [&] { channel->publish(QString(), u"q"_s, large); },
            [&] { channel->publish(QString(256, u'e'), u"q"_s, small); },
            [&] { channel->publishConfirmed(QString(), u"q"_s, small); },
            [&] { channel->allConfirmed(); },
            [&] { channel->setConfirms(false); },
            [&] { channel->setMaxUnconfirmed(1); },
            [&] { channel->get(u"q"_s); },
            [&] { channel->setPrefetch(3); },
            [&] { channel->txSelect(); },
            [&] { channel->ackAll(); },
            [&] { channel->nackAll(); },
            [&] { channel->recover(); },
            [&] { consumer->pause(); },
            [&] { consumer->resume(); },
            [&] { consumer->cancel(); },
            [&] { connection.updateSecret(u"s"_s, {}); },
            [&] { channel->close(); },
            [&] { channel->open(); },
            [&] { connection.open(); },
            [&] { connection.close(); },
            [&] { connection.open(QUrl(u"http://nowhere"_s)); },
            [&] { connection.abort(); },
    };
    // In a closed, connecting, open and again closed connection.
    for (int round = 0; round < 3; ++round) {
        channel = connection.createChannel();
        counter.watch(channel);
        queue = channel->queue();
        counter.watch(queue);
        consumer = channel->consume(u"q"_s);
        counter.watch(consumer);
        for (int i = 0; i < calls.size(); ++i) {
            const int before = counter.counted;
            calls.at(i)();
            QVERIFY2(counter.counted == before,
                     qPrintable(u"call %1 in round %2"_s.arg(i).arg(round)));
        }
        QTRY_COMPARE_WITH_TIMEOUT(connection.state(), State::Closed, Patience);
        if (round == 0) {
            connection.setOptions(optionsFor(server));
            connection.open();
            TRY(connection.isOpen(), server);
        } else if (round == 1) {
            connection.setOptions(QAmqpConnectionOptions());
        }
    }
}

void TestConnection::noDelayIsSet()
{
    ScriptedServer server(Script().handshake().ignoreRest());
    QAmqpConnection connection(optionsFor(server));
    connection.open();
    TRY(connection.isOpen(), server);
    QCOMPARE(tcpOption(server.port(), TCP_NODELAY), 1);
    QCOMPARE(tcpOption(server.port(), SO_KEEPALIVE, SOL_SOCKET), 0);
}

void TestConnection::keepAliveIsSet()
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
void TestConnection::optionsCountBeforeOpening()
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

// The timer was armed for an earlier time than traffic then made it.
void TestConnection::heartbeatsGoOnAfterTraffic()
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

void TestConnection::missedHeartbeats()
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

// Also if the transport lives on, a socket that was closed belongs to nobody and goes when it is done.
void TestConnection::closedSocketsGo()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QtAmqpPrivate::SocketTransport transport;
    transport.open({u"127.0.0.1"_s, server.serverPort(), false, {}, {}});
    QVERIFY(server.waitForNewConnection(Patience));
    const std::unique_ptr<QTcpSocket> peer(server.nextPendingConnection());
    const QByteArray block(1024 * 1024, 'x');
    constexpr int Blocks = 24; // more than the buffers of the operating system
    for (int i = 0; i < Blocks; ++i)
        transport.write(block);
    peer->setReadBufferSize(1);
    QVERIFY(eventually([&] { // connected as this side sees it
        transport.flush();
        return transport.bytesToWrite() < Blocks * block.size();
    }));
    transport.close();
    QCOMPARE(transport.bytesToWrite(), 0);
    const QPointer<QTcpSocket> lingering = qApp->findChild<QTcpSocket *>();
    QVERIFY(lingering);
    qint64 read = 0;
    peer->setReadBufferSize(0);
    eventually([&] {
        read += peer->readAll().size();
        return !lingering && read >= Blocks * block.size();
    });
    QVERIFY(!lingering);
    QCOMPARE(read, Blocks * block.size());
}

void TestConnection::destructionSendsWhatWasPublished()
{
    const QByteArray body(5'000'000, 'x'); // more than the operating system takes at once
    int arrived = 0;
    Script script = openedChannel().expect<ConfirmSelect>().reply(ConfirmSelectOk{});
    for (int i = 0; i < 4; ++i)
        script.expect<BasicPublish>([&](const BasicPublish &, const QAmqpMessage &message) {
            arrived += message.body() == body;
        });
    ScriptedServer server(script.ignoreRest());
    auto connection = std::make_unique<QAmqpConnection>(optionsFor(server));
    QAmqpChannel *channel = connection->createChannel();
    connection->open();
    TRY(channel->isOpen(), server);
    for (int i = 0; i < 4; ++i)
        QVERIFY(channel->publish(QString(), u"q"_s, QAmqpMessage(body)) != 0);
    connection.reset();
    TRY(arrived == 4, server);
}

QTAMQP_TEST(TestConnection)
#include "tst_connection.moc"
