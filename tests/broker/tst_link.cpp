// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The link to RabbitMQ itself: TLS, heartbeats, and a broker that stops or cuts it.

#include "everybroker.h"

#include <QtNetwork/qsslcipher.h>
#include <QtNetwork/qsslerror.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

#include <thread>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

class TestLink : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void verifiesCertificate();
    void largeBodiesOverTls();
    void refusesWrongHostName_data();
    void refusesWrongHostName();
    void refusesUnknownAuthority();
    void canBeToldNotToVerify();
    void presentsClientCertificate();
    void tlsToPlainPort();
    void plainToTlsPort();
    void nobodyListens();
    void heartbeatKeepsIdleConnection();
    void deadPeerIsFoundInTime();
    void survivesThreadThatIsBusy();
    void livesInThreadOfItsOwn();
    void brokerClosesConnections();
    void abortedConnectionOpensAgain();
    void tellsBrokerItsName();

private:
    static void failsOnce(Peer &peer, Kind kind, QAmqpError::Phase phase);
    static void works(Peer &peer);
};

// Between a client and the broker: passes everything on, until it is told to stop.
class Relay : public QTcpServer
{
public:
    explicit Relay(quint16 port) : m_port(port) { listen(QHostAddress::LocalHost); }
    bool stalled = false;

protected:
    void incomingConnection(qintptr descriptor) override
    {
        auto *client = new QTcpSocket(this);
        client->setSocketDescriptor(descriptor);
        auto *broker = new QTcpSocket(client);
        broker->connectToHost(QHostAddress::LocalHost, m_port);
        const auto pass = [this](QTcpSocket *from, QTcpSocket *to) {
            connect(from, &QTcpSocket::readyRead, to, [=, this] {
                if (!stalled)
                    to->write(from->readAll());
            });
        };
        pass(client, broker);
        pass(broker, client);
    }

private:
    const quint16 m_port;
};

void TestLink::verifiesCertificate()
{
    Peer peer(tlsOptions());
    QVERIFY(peer.connection.tlsSession().isNull());
    QVERIFY(peer.open());
    works(peer);
    const QSslConfiguration session = peer.connection.tlsSession();
    QVERIFY(session.sessionProtocol() >= QSsl::TlsV1_2);
    QVERIFY(!session.sessionCipher().isNull());
    QCOMPARE(session.peerCertificate().subjectInfo(QSslCertificate::CommonName),
             QStringList(u"server"_s));
    QVERIFY(peer.close());
    QVERIFY(peer.connection.tlsSession().isNull());
    QVERIFY(peer.open()); // and once more
    works(peer);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

void TestLink::largeBodiesOverTls()
{
    Peer peer(tlsOptions());
    QAmqpChannel *channel = peer.channel();
    QVERIFY(peer.open());
    QAmqpQueue *queue = channel->queue();
    VERIFY_OK(queue->declare(exclusive));
    const ConsumerLog log(queue->consume(), true);
    const QByteArray body = bytes(3 * 1024 * 1024 + 17);
    for (int i = 0; i < 5; ++i)
        VERIFY_OK(queue->publishConfirmed(body));
    QVERIFY(log.waitForMessages(5));
    for (const QAmqpDelivery &message : log.messages)
        QVERIFY(message.body() == body);
    // Close behind a backlog: everything still gets through.
    ChannelLog channelLog(channel);
    for (int i = 0; i < 5; ++i)
        QVERIFY(queue->publish(body) > 0);
    QVERIFY(peer.close());
    QCOMPARE(channelLog.count(Fate::Confirmed), 5);
    QVERIFY(peer.errors.isEmpty());
}

void TestLink::refusesWrongHostName_data()
{
    QTest::addColumn<QString>("host");
    QTest::addColumn<QString>("verifyName");
    QTest::addColumn<bool>("good");
    QTest::newRow("another name is expected") << u"localhost"_s << u"broker.example"_s << false;
    QTest::newRow("another address is expected") << u"127.0.0.1"_s << u"127.0.0.2"_s << false;
    QTest::newRow("address in the certificate") << u"127.0.0.1"_s << u""_s << true;
    QTest::newRow("another name, in the certificate as well")
            << u"127.0.0.1"_s << u"localhost"_s << true;
}

void TestLink::refusesWrongHostName()
{
    QFETCH(QString, host);
    QFETCH(QString, verifyName);
    QFETCH(bool, good);
    Peer peer(tlsOptions().setHostName(host).setPeerVerifyName(verifyName));
    QList<QSslError> sslErrors;
    int told = 0;
    connect(&peer.connection, &QAmqpConnection::sslErrors, &peer.connection,
            [&](const QList<QSslError> &errors) {
                sslErrors = errors;
                ++told;
            });
    if (good) {
        QVERIFY(peer.open());
        works(peer);
        QVERIFY(peer.close());
        QCOMPARE(told, 0);
        return;
    }
    failsOnce(peer, Kind::TlsFailed, QAmqpError::Phase::Tls);
    QCOMPARE(told, 1);
    QCOMPARE(sslErrors.size(), 1);
    QCOMPARE(sslErrors.constFirst().error(), QSslError::HostNameMismatch);
    QCOMPARE(peer.errors.constFirst().text().count(sslErrors.constFirst().errorString()), 1);
}

void TestLink::refusesUnknownAuthority()
{
    Peer peer(QAmqpConnectionOptions::fromUrl(broker().tlsUrl()));
    int told = 0;
    connect(&peer.connection, &QAmqpConnection::sslErrors, &peer.connection, [&] { ++told; });
    failsOnce(peer, Kind::TlsFailed, QAmqpError::Phase::Tls);
    QCOMPARE(told, 1);
}

void TestLink::canBeToldNotToVerify()
{
    Peer peer(QAmqpConnectionOptions::fromUrl(broker().tlsUrl()).setPeerVerificationEnabled(false));
    QVERIFY(peer.open());
    works(peer);
    QVERIFY(peer.close());
}

void TestLink::presentsClientCertificate()
{
    const QString name = uniqueName();
    Peer peer(tlsOptions()
                      .setCertificateFile(environment("QTAMQP_TEST_CERT"))
                      .setPrivateKeyFile(environment("QTAMQP_TEST_KEY"))
                      .setConnectionName(name));
    QVERIFY(peer.open());
    works(peer);
    const auto client = broker().client(name);
    QVERIFY(client && client->isTls);
    QCOMPARE(client->certificate, "CN=client"_ba);
    QVERIFY(peer.close());

    Peer without(tlsOptions()
                         .setCertificateFile(environment("QTAMQP_TEST_CERT"))
                         .setPrivateKeyFile(u"/none"_s));
    without.connection.open();
    QVERIFY(waitFor([&] { return without.closed == 1; }));
    QCOMPARE(without.errors.size(), 1);
    VERIFY_ERROR(without.errors.constFirst(), InvalidArgument, Connection, 0);
}

void TestLink::tlsToPlainPort()
{
    Peer peer(tlsOptions().setPort(options().port()));
    failsOnce(peer, Kind::TlsFailed, QAmqpError::Phase::Tls);
}

void TestLink::plainToTlsPort()
{
    Peer peer(options().setPort(tlsOptions().port()));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.opened, 0);
    QCOMPARE(peer.errors.size(), 1);
    QVERIFY2(peer.errors.constFirst().text().contains(u"TLS"),
             describe(peer.errors.constFirst()).constData());
}

void TestLink::nobodyListens()
{
    Peer peer(options().setPort(1));
    failsOnce(peer, Kind::HostUnreachable, QAmqpError::Phase::Connecting);
    Peer nowhere(options().setHostName(u"no-such-host.invalid"_s));
    failsOnce(nowhere, Kind::HostUnreachable, QAmqpError::Phase::Resolving);
}

void TestLink::heartbeatKeepsIdleConnection()
{
    Peer peer(options().setHeartbeat(1s));
    Peer tls(tlsOptions().setHeartbeat(1s));
    QVERIFY(peer.open());
    QVERIFY(tls.open());
    QCOMPARE(peer.connection.heartbeat(), 1s);
    // The broker's own heartbeats arrive every half interval, and it cuts whoever sends none.
    const quint64 before = peer.connection.framesReceived();
    const quint64 tlsBefore = tls.connection.framesReceived();
    QVERIFY(waitFor([&] {
        return peer.closed || tls.closed
                || (peer.connection.framesReceived() >= before + 8
                    && tls.connection.framesReceived() >= tlsBefore + 8);
    }));
    works(peer);
    works(tls);
    QVERIFY(peer.close());
    QVERIFY(tls.close());
    QVERIFY(peer.errors.isEmpty());
    QVERIFY(tls.errors.isEmpty());
}

// No FIN, no RST: only the silence tells.
void TestLink::deadPeerIsFoundInTime()
{
    ONE_BROKER_IS_ENOUGH();
    Relay relay(options().port());
    Peer peer(options().setPort(relay.serverPort()).setHeartbeat(2s));
    QVERIFY(peer.open());
    works(peer);
    relay.stalled = true;
    QElapsedTimer silence;
    silence.start();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    const qint64 elapsed = silence.elapsed();
    QCOMPARE(peer.errors.size(), 1);
    VERIFY_ERROR(peer.errors.constFirst(), HeartbeatMissed, Connection, 0);
    // Two intervals from the last byte, which came up to half an interval before; and a busy machine.
    QVERIFY2(elapsed >= 2900 && elapsed < 4000 + 1500, qPrintable(QString::number(elapsed)));
}

// The broker bears two intervals of silence; what it sent meanwhile is read before it is judged.
void TestLink::survivesThreadThatIsBusy()
{
    ONE_BROKER_IS_ENOUGH();
    Peer peer(options().setHeartbeat(2s));
    QVERIFY(peer.open());
    std::this_thread::sleep_for(3s);
    works(peer);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

void TestLink::livesInThreadOfItsOwn()
{
    ONE_BROKER_IS_ENOUGH();
    QThread thread;
    auto *connection = new QAmqpConnection(options().setHeartbeat(1s));
    QAmqpChannel *channel = connection->createChannel();
    connection->moveToThread(&thread);
    connect(&thread, &QThread::finished, connection, &QObject::deleteLater);
    std::atomic<int> opened = 0;
    std::atomic<int> closed = 0;
    std::atomic<int> errors = 0;
    std::atomic<int> confirmed = 0;
    connect(connection, &QAmqpConnection::opened, connection, [&] { ++opened; });
    connect(connection, &QAmqpConnection::closed, connection, [&] { ++closed; });
    connect(connection, &QAmqpConnection::errorOccurred, connection, [&] { ++errors; });
    connect(channel, &QAmqpChannel::confirmed, connection, [&] { ++confirmed; });
    thread.start();
    QMetaObject::invokeMethod(connection, [=] { connection->open(); });
    QVERIFY(waitFor([&] { return opened == 1; }));
    std::this_thread::sleep_for(5s); // a user interface that hangs
    QMetaObject::invokeMethod(connection, [=] { channel->publish({}, u"nowhere"_s, "x"_ba); });
    QVERIFY(waitFor([&] { return confirmed == 1; }));
    QCOMPARE(closed, 0);
    QMetaObject::invokeMethod(connection, [=] { connection->close(); });
    QVERIFY(waitFor([&] { return closed == 1; }));
    thread.quit();
    QVERIFY(thread.wait());
    QCOMPARE(errors, 0);
}

void TestLink::brokerClosesConnections()
{
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    QVERIFY(peer.open());
    QVERIFY(!settled(channel));
    QVERIFY(broker().closeConnections(u"the test wants it"_s));
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    VERIFY_ERROR(peer.errors.constFirst(), ClosedByBroker, Connection, 320);
    QVERIFY(peer.errors.constFirst().text().contains(u"the test wants it"));
    QCOMPARE(log.closed, 1);
    QCOMPARE(log.errors.size(), 0); // it is the connection's
    QCOMPARE(channel->lastError().replyCode(), 320);

    channel->open();
    QVERIFY(peer.open());
    QVERIFY(!settled(channel));
    QVERIFY(peer.close());
    QCOMPARE(peer.closed, 2);
    QCOMPARE(peer.errors.size(), 1);
    QCOMPARE(log.closed, 2);
}

void TestLink::abortedConnectionOpensAgain()
{
    Peer peer;
    QAmqpChannel *channel = peer.channel();
    const ChannelLog log(channel);
    for (int round = 1; round <= 10; ++round) {
        QVERIFY(peer.open());
        const auto pending = channel->declareQueue({}, exclusive);
        channel->publish({}, u"nowhere"_s, "x"_ba);
        peer.connection.abort();
        QVERIFY(failure(pending));
        QVERIFY(waitFor([&] { return peer.closed == round; }));
        QCOMPARE(log.closed, round);
        QCOMPARE(log.settledCount(), round);
        channel->open();
    }
    QVERIFY(peer.open());
    QVERIFY(!settled(channel));
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
    QCOMPARE(log.settledTwice, 0);
}

void TestLink::tellsBrokerItsName()
{
    const QString name = uniqueName(u"Grüße"_s);
    Peer peer(options().setConnectionName(name).setClientProperties(
            {{u"department"_s, u"tests"_s}, {u"information"_s, u"our own"_s}, {u"number"_s, 42}}));
    QVERIFY(peer.open());
    const auto client = broker().client(name);
    QVERIFY(client);
    const QByteArray own = client->properties;
    for (const char *part : {"department", "tests", "our own", "42", "QtAmqp", "publisher_confirms",
                             "consumer_cancel_notify", "connection.blocked"})
        QVERIFY2(own.contains(part), own.constData());
    QCOMPARE(peer.connection.serverProperties().value(u"product"_s).toString(),
             differs("What it calls itself") ? u"QtAmqp test broker"_s : u"RabbitMQ"_s);
    QVERIFY(peer.connection.hasCapability(u"basic.nack"_s));
    QVERIFY(!peer.connection.hasCapability(u"no such thing"_s));
    QVERIFY(peer.close());
}

// Opens, which must end in this one error.
void TestLink::failsOnce(Peer &peer, Kind kind, QAmqpError::Phase phase)
{
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.opened, 0);
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    QVERIFY2(error.kind() == kind, describe(error).constData());
    QVERIFY2(error.phase() == phase, describe(error).constData());
    QCOMPARE(error.scope(), QAmqpError::Scope::Connection);
    QVERIFY(error.text().contains(QString::number(peer.connection.options().port())));
    QCOMPARE(peer.connection.state(), QAmqpConnection::State::Closed);
}

void TestLink::works(Peer &peer)
{
    QAmqpChannel *channel = peer.channel();
    QAmqpQueue *queue = channel->queue();
    queue->declare(exclusive);
    VERIFY_OK(queue->publishConfirmed("hello"_ba, QAmqpChannel::Mandatory));
    const std::optional<QAmqpDelivery> got = fetch(channel, queue->name());
    QVERIFY(got);
    QCOMPARE(got->body(), "hello"_ba);
    QCOMPARE(peer.errors.size(), 0);
}

QTAMQP_TEST(TestLink)
#include "tst_link.moc"
