// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// RabbitMQ through a proxy: SOCKS 5 and HTTP, both of which resolve the host's name themselves.

#include "everybroker.h"

#include "transport/sockettransport.h"

#include <QtCore/qprocess.h>
#include <QtCore/qstandardpaths.h>
#include <QtCore/qtemporaryfile.h>
#include <QtNetwork/qnetworkproxy.h>
#include <QtNetwork/qtcpserver.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

quint16 freePort()
{
    QTcpServer server;
    server.listen(QHostAddress::LocalHost);
    return server.serverPort();
}

// A proxy of Debian's on loopback, for as long as this object lives.
class ProxyServer
{
public:
    explicit ProxyServer(QNetworkProxy::ProxyType type) : m_proxy(type, u"127.0.0.1"_s, freePort())
    {
        const QString port = QString::number(m_proxy.port());
        const bool socks = type == QNetworkProxy::Socks5Proxy;
        m_process.setProgram(
                QStandardPaths::findExecutable(socks ? u"microsocks"_s : u"tinyproxy"_s));
        if (m_process.program().isEmpty())
            return;
        m_configuration.open();
        m_configuration.write("Port " + port.toLatin1() + "\nListen 127.0.0.1\nTimeout 60\n");
        m_configuration.close();
        m_process.setArguments(socks ? QStringList{u"-i"_s, u"127.0.0.1"_s, u"-p"_s, port}
                                     : QStringList{u"-d"_s, u"-c"_s, m_configuration.fileName()});
        m_process.setStandardErrorFile(QProcess::nullDevice());
        m_process.setStandardOutputFile(QProcess::nullDevice());
        m_process.start();
    }
    ~ProxyServer()
    {
        m_process.kill();
        m_process.waitForFinished();
    }
    bool isInstalled() const { return !m_process.program().isEmpty(); }
    bool isReady()
    {
        return waitFor([this] {
            QTcpSocket socket;
            socket.setProxy(QNetworkProxy::NoProxy);
            socket.connectToHost(m_proxy.hostName(), m_proxy.port());
            return socket.waitForConnected(1000);
        });
    }
    QNetworkProxy proxy() const { return m_proxy; }

private:
    QNetworkProxy m_proxy;
    QTemporaryFile m_configuration;
    QProcess m_process;
};

} // namespace

class TestProxy : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void reachesTheBroker_data();
    void reachesTheBroker();
    void followsTheApplication();
    void nobodyAtTheProxy_data() { reachesTheBroker_data(); }
    void nobodyAtTheProxy();
    void refusedBehindTheProxy();

private:
    static void works(Peer &peer)
    {
        VERIFY_OK(peer.channel()->declareQueue({}, QAmqpQueueOptions().setExclusive()));
        QVERIFY(peer.close());
        QVERIFY(peer.errors.isEmpty());
    }
};

void TestProxy::reachesTheBroker_data()
{
    QTest::addColumn<QNetworkProxy::ProxyType>("type");
    QTest::addColumn<bool>("tls");
    for (const bool tls : {false, true}) {
        const QByteArray end = tls ? ", TLS" : "";
        QTest::newRow("SOCKS 5" + end) << QNetworkProxy::Socks5Proxy << tls;
        QTest::newRow("HTTP" + end) << QNetworkProxy::HttpProxy << tls;
    }
}

void TestProxy::reachesTheBroker()
{
    QFETCH(QNetworkProxy::ProxyType, type);
    QFETCH(bool, tls);
    ProxyServer server(type);
    QVERIFY2(server.isInstalled(), "install microsocks and tinyproxy-bin");
    QVERIFY(server.isReady());
    Peer peer((tls ? tlsOptions() : options()).setHostName(u"localhost"_s));
    // The name goes to the proxy as it is.
    bool resolved = false;
    QVERIFY(peer.connection.setTransport(std::make_unique<QtAmqpPrivate::SocketTransport>(
            [&](const QString &, QObject *, const auto &) {
                resolved = true;
                return -1;
            })));
    QVERIFY(peer.connection.setProxy(server.proxy()));
    QCOMPARE(peer.connection.proxy(), server.proxy());
    QVERIFY(peer.open());
    QVERIFY(!peer.connection.setProxy(QNetworkProxy::NoProxy));
    works(peer);
    QVERIFY(!resolved);
}

void TestProxy::followsTheApplication()
{
    const QNetworkProxy nobody(QNetworkProxy::Socks5Proxy, u"127.0.0.1"_s, freePort());
    QNetworkProxy::setApplicationProxy(nobody);
    const auto reset = qScopeGuard([] { QNetworkProxy::setApplicationProxy({}); });
    Peer local; // Qt's rules leave out what is on this machine
    QVERIFY(local.open());
    works(local);
    const QAmqpConnectionOptions elsewhere = options().setHostName(u"broker.test"_s);
    Peer byDefault(elsewhere);
    byDefault.connection.open();
    QVERIFY(waitFor([&] { return byDefault.closed == 1; }));
    QCOMPARE(byDefault.errors.size(), 1);
    QVERIFY2(byDefault.errors.constFirst().text().contains(u"check the proxy"),
             describe(byDefault.errors.constFirst()).constData());
    Peer direct(elsewhere);
    QVERIFY(direct.connection.setProxy(QNetworkProxy::NoProxy));
    direct.connection.open();
    QVERIFY(waitFor([&] { return direct.closed == 1; }));
    QVERIFY2(direct.errors.constFirst().text().contains(u"check the host name"),
             describe(direct.errors.constFirst()).constData());
}

void TestProxy::nobodyAtTheProxy()
{
    QFETCH(QNetworkProxy::ProxyType, type);
    QFETCH(bool, tls);
    const quint16 port = freePort();
    Peer peer(tls ? tlsOptions() : options());
    QVERIFY(peer.connection.setProxy(QNetworkProxy(type, u"127.0.0.1"_s, port)));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    VERIFY_ERROR(peer.errors.constFirst(), HostUnreachable, Connection, 0);
    QVERIFY2(peer.errors.constFirst().text().contains(u"127.0.0.1:%1"_s.arg(port)),
             describe(peer.errors.constFirst()).constData());
}

void TestProxy::refusedBehindTheProxy()
{
    ProxyServer server(QNetworkProxy::Socks5Proxy);
    QVERIFY2(server.isInstalled(), "install microsocks");
    QVERIFY(server.isReady());
    Peer peer(options().setPort(1));
    QVERIFY(peer.connection.setProxy(server.proxy()));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    VERIFY_ERROR(peer.errors.constFirst(), HostUnreachable, Connection, 0);
}

QTAMQP_TEST(TestProxy)
#include "tst_proxy.moc"
