// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// From a host's name to a connected socket: several addresses, some refused, some silent.

#include "apitest.h"
#include "scripted/ports.h"

#include "transport/dialler.h"
#include "transport/sockettransport.h"
#include "transport/transportclient.h"

#include <QtNetwork/qtcpserver.h>

using namespace std::chrono_literals;
using Kind = QAmqpError::Kind;

namespace {

QHostAddress loopback(int last) { return QHostAddress(u"127.0.0.%1"_s.arg(last)); }

// What a name resolves to, without any name server.
Dialler::Resolver resolvesTo(const QList<QHostAddress> &addresses, const QString &error = {})
{
    return [=](const QString &, QObject *receiver,
               const std::function<void(const QHostInfo &)> &done) {
        QMetaObject::invokeMethod(
                receiver,
                [=] {
                    QHostInfo info;
                    info.setAddresses(addresses);
                    info.setError(addresses.isEmpty() ? QHostInfo::HostNotFound
                                                      : QHostInfo::NoError);
                    info.setErrorString(error);
                    done(info);
                },
                Qt::QueuedConnection);
        return 1 << 30; // no lookup of Qt's
    };
}

// Answers when it is told to, or never.
class SlowResolver
{
public:
    Dialler::Resolver resolver()
    {
        return [this](const QString &name, QObject *, const auto &done) {
            asked.append(name);
            answer = done;
            return 1 << 30;
        };
    }
    QStringList asked;
    std::function<void(const QHostInfo &)> answer;
};

struct Outcome
{
    Dialler::Done done()
    {
        return [this](std::unique_ptr<QTcpSocket> found, const QAmqpError &why) {
            ++reports;
            socket = std::move(found);
            error = why;
        };
    }
    int reports = 0;
    std::unique_ptr<QTcpSocket> socket;
    QAmqpError error;
};

} // namespace

class TestDialler : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void literalAddressIsNotResolved();
    void refusedAddressStartsTheNextAtOnce();
    void resettingAddressIsTriedOnce();
    void silentAddressIsOvertaken();
    void firstAddressIsPreferred();
    void familiesTakeTurns();
    void allRefused();
    void connectionListsEachAddress();
    void otherAddressesFollowOneThatIsNoBroker();
    void whatFailedBeforeIsListedToo();
    void eachAddressHasItsTime();
    void unknownName();
    void resolvingHasItsTime();
    void aLookupGivenUpLeavesNothing();
    void nothingIsToldAfterTheEnd();
    void closingWhileResolving();
    void closingWhileRacing();
    void waitingInVainIsNoLoss();
    void tlsHasItsTime();

private:
    QAmqpEndpoint endpoint(const QString &host = u"broker.test"_s) const
    {
        QAmqpEndpoint to;
        to.hostName = host;
        to.port = m_port;
        to.proxy = QNetworkProxy::NoProxy;
        return to;
    }
    // Something listens on 127.0.0.`last`, at the one port of the endpoint.
    bool listen(int last)
    {
        m_servers.push_back(std::make_unique<QTcpServer>());
        const bool listens = m_servers.back()->listen(loopback(last), m_port);
        m_port = m_servers.back()->serverPort();
        return listens;
    }

    quint16 m_port = 0;
    std::vector<std::unique_ptr<QTcpServer>> m_servers;
};

void TestDialler::init()
{
    m_port = 0;
    m_servers.clear();
}

void TestDialler::literalAddressIsNotResolved()
{
    QVERIFY(listen(1));
    SlowResolver slow;
    Outcome outcome;
    Dialler dialler(endpoint(u"127.0.0.1"_s), slow.resolver(), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QVERIFY(slow.asked.isEmpty());
    QVERIFY(outcome.socket);
    QCOMPARE(outcome.socket->state(), QAbstractSocket::ConnectedState);
    QVERIFY(!outcome.error);
}

void TestDialler::refusedAddressStartsTheNextAtOnce()
{
    QVERIFY(listen(9));
    Outcome outcome;
    QList<QHostAddress> addresses;
    for (int last = 2; last <= 9; ++last)
        addresses.append(loopback(last));
    Dialler dialler(endpoint(), resolvesTo(addresses), outcome.done());
    QElapsedTimer timer;
    timer.start();
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QVERIFY2(timer.elapsed() < 7 * 250, "each refused address cost its delay");
    QVERIFY(outcome.socket);
    QCOMPARE(outcome.socket->peerAddress(), loopback(9));
}

// Qt connects again and again to a peer that resets each connection at once.
void TestDialler::resettingAddressIsTriedOnce()
{
    QVERIFY(listen(3));
    ResettingPort resetting(loopback(2), m_port);
    Outcome outcome;
    Dialler dialler(endpoint(), {}, outcome.done());
    dialler.start({u"127.0.0.2"_s, u"127.0.0.3"_s});
    resetting.resetOne(); // before the client looks at its socket
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QVERIFY(outcome.socket);
    QCOMPARE(outcome.socket->peerAddress(), loopback(3));
    QVERIFY(!resetting.hasAnother());
    QCOMPARE(dialler.failures().size(), 1);
    QCOMPARE(dialler.failures().constFirst().kind(), Kind::HostUnreachable);
    QCOMPARE(dialler.failures().constFirst().text(),
             u"broker.test:%1 (127.0.0.2) cannot be reached: Connection reset by peer"_s.arg(
                     m_port));
}

void TestDialler::silentAddressIsOvertaken()
{
    QVERIFY(listen(3));
    const FullPort silent(INADDR_LOOPBACK + 1, m_port);
    QVERIFY(silent.isBound());
    Outcome outcome;
    Dialler dialler(endpoint(), resolvesTo({loopback(2), loopback(3)}), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QVERIFY(outcome.socket);
    QCOMPARE(outcome.socket->peerAddress(), loopback(3));
    QCOMPARE(dialler.left(), QStringList(u"127.0.0.2"_s)); // it may yet be of use
    // The other is over: it neither connects later nor tells of its end.
    QVERIFY(eventually([&] { return dialler.children().isEmpty(); }));
    QCOMPARE(outcome.reports, 1);
}

void TestDialler::firstAddressIsPreferred()
{
    QVERIFY(listen(2));
    m_servers.push_back(std::make_unique<QTcpServer>());
    QVERIFY(m_servers.back()->listen(loopback(3), m_port));
    Outcome outcome;
    Dialler dialler(endpoint(), resolvesTo({loopback(2), loopback(3)}), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QCOMPARE(outcome.socket->peerAddress(), loopback(2));
}

void TestDialler::familiesTakeTurns()
{
    QVERIFY(listen(1));
    m_servers.clear(); // a port of nobody
    Outcome outcome;
    const QHostAddress six(u"::1"_s);
    const QHostAddress mapped(u"::ffff:127.0.0.7"_s);
    Dialler dialler(endpoint(), resolvesTo({six, mapped, loopback(2), loopback(3), loopback(4)}),
                    outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    const QString text = outcome.error.text();
    QList<qsizetype> places;
    for (const QString &address : {u" ::1: "_s, u" 127.0.0.2: "_s, u" ::ffff:127.0.0.7: "_s,
                                   u" 127.0.0.3: "_s, u" 127.0.0.4: "_s})
        places.append(text.indexOf(address));
    QVERIFY2(!places.contains(-1) && std::is_sorted(places.begin(), places.end()),
             qPrintable(text));
}

void TestDialler::allRefused()
{
    QVERIFY(listen(1));
    m_servers.clear();
    Outcome outcome;
    Dialler dialler(endpoint(), resolvesTo({loopback(2), loopback(3)}), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QVERIFY(!outcome.socket);
    QCOMPARE(outcome.error.kind(), Kind::HostUnreachable);
    QCOMPARE(outcome.error.phase(), QAmqpError::Phase::Connecting);
    QCOMPARE(outcome.error.socketError(), QAbstractSocket::ConnectionRefusedError);
    QCOMPARE(outcome.error.text(),
             u"broker.test:%1 cannot be reached: 127.0.0.2: Connection refused, 127.0.0.3: "
             "Connection refused; check that the broker runs and listens on this port"_s.arg(
                     m_port));
    const QList<QAmqpError> attempts = outcome.error.attempts();
    QCOMPARE(attempts.size(), 2);
    for (int i = 0; i < 2; ++i) {
        QCOMPARE(attempts.at(i).kind(), Kind::HostUnreachable);
        QCOMPARE(attempts.at(i).phase(), QAmqpError::Phase::Connecting);
        QCOMPARE(attempts.at(i).socketError(), QAbstractSocket::ConnectionRefusedError);
        QCOMPARE(attempts.at(i).text(),
                 u"broker.test:%1 (127.0.0.%2) cannot be reached: Connection refused"_s.arg(m_port)
                         .arg(2 + i));
    }
}

// The error of the connection lists each address, with the endpoint of its host.
void TestDialler::connectionListsEachAddress()
{
    QVERIFY(listen(1));
    m_servers.clear();
    const FullPort silent(INADDR_LOOPBACK + 2, m_port);
    QAmqpConnection connection(QAmqpConnectionOptions()
                                       .setHostName(u"broker.test"_s)
                                       .setPort(m_port)
                                       .setConnectTimeout(100ms));
    QVERIFY(connection.setTransport(
            std::make_unique<SocketTransport>(resolvesTo({loopback(2), loopback(3)}))));
    connection.open();
    QVERIFY(eventually([&] { return connection.state() == QAmqpConnection::State::Closed; }));
    const QList<QAmqpError> attempts = connection.lastError().attempts();
    QCOMPARE(attempts.size(), 2);
    QCOMPARE(attempts.at(0).kind(), Kind::HostUnreachable);
    QCOMPARE(attempts.at(1).kind(), Kind::Timeout);
    QCOMPARE(attempts.at(0).socketError(), QAbstractSocket::ConnectionRefusedError);
    QCOMPARE(attempts.at(1).socketError(), QAbstractSocket::SocketTimeoutError);
    QCOMPARE(connection.lastError().socketError(), QAbstractSocket::UnknownSocketError); // both
    for (int i = 0; i < 2; ++i) {
        QCOMPARE(attempts.at(i).endpoint(), connection.options().endpoint());
        QVERIFY(attempts.at(i).text().contains(u"(127.0.0.%1)"_s.arg(2 + i)));
        QVERIFY(attempts.at(i).attempts().isEmpty());
    }
}

// The name's first address takes the connection and hangs up, the second refuses.
void TestDialler::otherAddressesFollowOneThatIsNoBroker()
{
    ScriptedServer server(Script().handshake().connectionClose());
    m_port = server.port(); // on 127.0.0.1
    QVERIFY(listen(2));
    connect(m_servers.front().get(), &QTcpServer::newConnection, this,
            [this] { m_servers.front()->nextPendingConnection()->disconnectFromHost(); });
    QAmqpConnection connection(
            QAmqpConnectionOptions().setHostName(u"broker.test"_s).setPort(m_port));
    QVERIFY(connection.setTransport(std::make_unique<SocketTransport>(
            resolvesTo({loopback(2), loopback(3), loopback(1)}))));
    SignalLog log;
    log.watch(&connection);
    QStringList endpoints;
    connect(&connection, &QAmqpConnection::endpointChanged, &connection,
            [&](const QString &endpoint) { endpoints.append(endpoint); });
    connection.open();
    TRY(connection.isOpen(), server);
    const QString plain = connection.options().endpoint();
    QCOMPARE(connection.endpoint(), plain + u" (127.0.0.1)"_s);
    QString debug;
    QDebug(&debug) << &connection;
    QVERIFY2(debug.contains(plain + u" (127.0.0.1)"_s), qPrintable(debug));
    connection.close();
    TRY(log.count(u"connection.closed"_s) == 1, server);
    QVERIFY(log.errors.isEmpty());
    QCOMPARE(connection.endpoint(), QString());
    endpoints.removeAll(plain); // while the next address is sought
    QCOMPARE(endpoints,
             QStringList({plain + u" (127.0.0.2)"_s, plain + u" (127.0.0.1)"_s, QString()}));
}

void TestDialler::whatFailedBeforeIsListedToo()
{
    QVERIFY(listen(3)); // and never says a word
    QAmqpConnection connection(QAmqpConnectionOptions()
                                       .setHostName(u"broker.test"_s)
                                       .setPort(m_port)
                                       .setAmqpTimeout(50ms));
    QVERIFY(connection.setTransport(
            std::make_unique<SocketTransport>(resolvesTo({loopback(2), loopback(3)}))));
    connection.open();
    QVERIFY(eventually([&] { return connection.state() == QAmqpConnection::State::Closed; }));
    const QList<QAmqpError> attempts = connection.lastError().attempts();
    QCOMPARE(attempts.size(), 2);
    QVERIFY2(attempts.at(0).text().contains(u"(127.0.0.2) cannot be reached: Connection refused"),
             qPrintable(attempts.at(0).text()));
    QCOMPARE(attempts.at(0).endpoint(), connection.options().endpoint());
    QCOMPARE(attempts.at(1).kind(), Kind::Timeout);
    QCOMPARE(attempts.at(1).endpoint(), connection.options().endpoint() + u" (127.0.0.3)"_s);
}

void TestDialler::eachAddressHasItsTime()
{
    QVERIFY(listen(1));
    m_servers.clear();
    const FullPort one(INADDR_LOOPBACK + 1, m_port);
    const FullPort two(INADDR_LOOPBACK + 2, m_port);
    QVERIFY(one.isBound() && two.isBound());
    Outcome outcome;
    QAmqpEndpoint to = endpoint();
    to.options.setConnectTimeout(100ms);
    Dialler dialler(to, resolvesTo({loopback(2), loopback(3)}), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QCOMPARE(outcome.error.kind(), Kind::Timeout);
    QCOMPARE(outcome.error.origin(), QAmqpError::Origin::Library); // whose limit it is
    QCOMPARE(outcome.error.text().count(u"no answer within 100 ms"), 2);
    QVERIFY2(outcome.error.text().contains(u"firewall"), qPrintable(outcome.error.text()));
}

void TestDialler::unknownName()
{
    Outcome outcome;
    Dialler dialler(endpoint(), resolvesTo({}, u"Host not found"_s), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QCOMPARE(outcome.error.kind(), Kind::HostUnreachable);
    QVERIFY2(outcome.error.text().contains(u"Host not found; check the host name"),
             qPrintable(outcome.error.text()));
    QCOMPARE(outcome.error.socketError(), QAbstractSocket::HostNotFoundError);
    QCOMPARE(outcome.error.attempts().size(), 1);
    QCOMPARE(outcome.error.attempts().constFirst().phase(), QAmqpError::Phase::Resolving);
}

void TestDialler::resolvingHasItsTime()
{
    SlowResolver slow;
    Outcome outcome;
    QAmqpEndpoint to = endpoint();
    to.options.setResolveTimeout(50ms);
    Dialler dialler(to, slow.resolver(), outcome.done());
    dialler.start();
    QVERIFY(eventually([&] { return outcome.reports == 1; }));
    QCOMPARE(slow.asked, QStringList(u"broker.test"_s));
    QCOMPARE(outcome.error.kind(), Kind::Timeout);
    QCOMPARE(outcome.error.origin(), QAmqpError::Origin::Library);
    QCOMPARE(outcome.error.socketError(), QAbstractSocket::SocketTimeoutError);
    QVERIFY2(outcome.error.text().contains(u"not resolved within 50 ms"),
             qPrintable(outcome.error.text()));
    QHostInfo late;
    late.setAddresses({loopback(1)});
    slow.answer(late);
    QCoreApplication::processEvents();
    QCOMPARE(outcome.reports, 1);
}

// Asked of Qt itself; what is left over is for the address sanitizer to find.
void TestDialler::aLookupGivenUpLeavesNothing()
{
    Outcome outcome;
    for (int i = 0; i < 20; ++i)
        Dialler(endpoint(u"nobody%1.invalid"_s.arg(i)), {}, outcome.done()).start();
    QCOMPARE(outcome.reports, 0);
}

void TestDialler::nothingIsToldAfterTheEnd()
{
    QVERIFY(listen(1));
    Outcome outcome;
    {
        Dialler resolving(endpoint(), resolvesTo({loopback(1)}), outcome.done());
        resolving.start();
        Dialler racing(endpoint(u"127.0.0.1"_s), {}, outcome.done());
        racing.start();
    }
    QVERIFY(eventually([&] { return m_servers.front()->hasPendingConnections(); }));
    QCoreApplication::processEvents();
    QCOMPARE(outcome.reports, 0);
}

void TestDialler::closingWhileResolving()
{
    for (const bool abort : {false, true}) {
        SlowResolver slow;
        QAmqpConnection connection(QAmqpConnectionOptions().setHostName(u"broker.test"_s));
        QVERIFY(connection.setTransport(std::make_unique<SocketTransport>(slow.resolver())));
        SignalLog log;
        log.watch(&connection);
        connection.open();
        QCOMPARE(slow.asked, QStringList(u"broker.test"_s));
        abort ? connection.abort() : connection.close();
        QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
        QVERIFY(log.errors.isEmpty());
        // It is of use again at once.
        ScriptedServer server(Script().handshake().ignoreRest());
        QVERIFY(connection.setOptions(optionsFor(server)));
        connection.open();
        TRY(connection.isOpen(), server);
    }
}

void TestDialler::closingWhileRacing()
{
    QVERIFY(listen(1));
    m_servers.clear();
    const FullPort silent(INADDR_LOOPBACK + 1, m_port);
    for (const bool abort : {false, true}) {
        QAmqpConnection connection(
                QAmqpConnectionOptions().setHostName(u"broker.test"_s).setPort(m_port));
        QVERIFY(connection.setTransport(
                std::make_unique<SocketTransport>(resolvesTo({loopback(2), loopback(2)}))));
        SignalLog log;
        log.watch(&connection);
        connection.open();
        QTimer::singleShot(0, &connection,
                           [&] { abort ? connection.abort() : connection.close(); });
        QVERIFY(eventually([&] { return log.count(u"connection.closed"_s) == 1; }));
        QVERIFY(log.errors.isEmpty());
    }
}

namespace {

// Notes what a transport reports.
class Client final : public QAmqpTransportClient
{
public:
    char *receiveBuffer(qsizetype *) override { return nullptr; }
    void received(qsizetype) override { }
    void reached(const QString &address, bool isLast, const QList<QAmqpError> &) override
    {
        peers += address + (isLast ? u""_s : u"…"_s);
    }
    void opened() override { ++opens; }
    void lost(const QAmqpError &reason) override { losses.append(reason); }
    void sslErrors(const QList<QSslError> &) override { }
    void turn() override { }
    void ending() override { }
    QStringList peers;
    int opens = 0;
    QList<QAmqpError> losses;
};

} // namespace

// Qt says of a socket on which nothing has arrived in time that it failed.
void TestDialler::waitingInVainIsNoLoss()
{
    QVERIFY(listen(1));
    const auto client = std::make_shared<Client>();
    SocketTransport transport;
    transport.setClient(client);
    transport.open(endpoint(u"127.0.0.1"_s));
    QVERIFY(eventually([&] { return client->opens == 1; }));
    for (int i = 0; i < 3; ++i)
        QVERIFY(transport.waitForTurn(10ms));
    QCoreApplication::processEvents();
    QVERIFY(client->losses.isEmpty());
}

// A server that takes the connection and says nothing to a ClientHello.
void TestDialler::tlsHasItsTime()
{
    QVERIFY(listen(1));
    QAmqpEndpoint to = endpoint(u"127.0.0.1"_s);
    to.tls = true;
    to.options.setTlsTimeout(50ms);
    const auto client = std::make_shared<Client>();
    SocketTransport transport;
    transport.setClient(client);
    transport.open(to);
    QVERIFY(eventually([&] { return !client->losses.isEmpty(); }));
    QCOMPARE(client->peers, QStringList(u"127.0.0.1"_s));
    QCOMPARE(client->opens, 0);
    QCOMPARE(client->losses.size(), 1);
    QCOMPARE(client->losses.constFirst().kind(), Kind::Timeout);
    QCOMPARE(client->losses.constFirst().phase(), QAmqpError::Phase::Tls);
    QCOMPARE(client->losses.constFirst().origin(), QAmqpError::Origin::Library);
    QVERIFY2(client->losses.constFirst().text().contains(u"50 ms"),
             qPrintable(client->losses.constFirst().text()));
}

QTAMQP_TEST(TestDialler)
#include "tst_dialler.moc"
