// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Connections over a QIODevice: a local socket through socat, another program's input and output, a
// WebSocket through a relay.

#include "relay.h"

#include "broker/brokertest.h"

#include <QtAmqp/qamqptransport.h>
#include <QtCore/QBuffer>
#include <QtCore/QProcess>
#include <QtCore/QTemporaryDir>
#include <QtCore/QThread>
#include <QtNetwork/QLocalSocket>
#include <QtNetwork/QSslSocket>

#include <csignal>

#include <unistd.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

namespace {

QString brokerAddress()
{
    return u"TCP:%1:%2,nodelay"_s.arg(options().hostName()).arg(options().port());
}

// A local socket that socat relays to the broker.
class LocalRelay
{
public:
    LocalRelay() { start(); }
    ~LocalRelay() { stop(); }

    void start()
    {
        socat.setProcessChannelMode(QProcess::ForwardedChannels);
        socat.setChildProcessModifier([] { setpgid(0, 0); });
        // Half a second after one side has closed it would drop the other, however slow that is.
        socat.start(u"socat"_s,
                    {u"-t30"_s, u"UNIX-LISTEN:%1,fork,unlink-early"_s.arg(path), brokerAddress()});
        const bool listens = waitFor([this] {
            QLocalSocket probe;
            probe.connectToServer(path);
            return probe.waitForConnected(100);
        });
        QVERIFY2(listens, qPrintable(socat.errorString()));
    }
    // Ends also the processes that it started, one for each connection.
    void stop()
    {
        if (socat.state() != QProcess::Running)
            return;
        ::kill(-pid_t(socat.processId()), SIGTERM);
        socat.waitForFinished();
    }
    std::unique_ptr<QAmqpTransport> transport()
    {
        return QAmqpTransport::overDevice([this](const QAmqpEndpoint &) {
            ++devices;
            auto socket = std::make_unique<QLocalSocket>();
            socket->connectToServer(path);
            return socket;
        });
    }

    QTemporaryDir folder;
    const QString path = folder.filePath(u"broker"_s);
    QProcess socat;
    int devices = 0;
};

// Declares, publishes with confirms, consumes.
void roundTrip(Peer &peer)
{
    QVERIFY(peer.open());
    QAmqpChannel *channel = peer.channel();
    QAmqpQueue *queue = channel->queue();
    VERIFY_OK(queue->declare(QAmqpQueueOptions().setExclusive()));
    QAmqpConsumer *consumer = queue->consume();
    ConsumerLog log(consumer, true);
    QList<QByteArray> bodies;
    for (int i = 0; i < 200; ++i) {
        bodies << bytes(i % 10 ? 100 * i : 200'000, quint32(i));
        QVERIFY(queue->publish(bodies.last()));
    }
    VERIFY_OK(channel->allConfirmed());
    QVERIFY(log.waitForMessages(bodies.size()));
    QCOMPARE(log.bodies(), bodies);
}

} // namespace

class TestDevice : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void localSocket()
    {
        LocalRelay relay;
        Peer peer;
        QVERIFY(peer.connection.setTransport(relay.transport()));
        roundTrip(peer);
        QVERIFY(peer.close());
        QVERIFY(peer.errors.isEmpty());
        roundTrip(peer); // over a device made anew
        QVERIFY(peer.close());
        QCOMPARE(relay.devices, 2);
    }

    void aLostDeviceIsMadeAnew()
    {
        LocalRelay relay;
        Peer peer;
        peer.connection.setTransport(relay.transport());
        roundTrip(peer);
        relay.stop();
        QVERIFY(peer.waitForClosed());
        QCOMPARE(peer.errors.size(), 1);
        QCOMPARE(peer.errors.first().kind(), Kind::ConnectionLost);

        peer.connection.open();
        QVERIFY(waitFor([&] { return peer.errors.size() == 2; }));
        QCOMPARE(peer.errors.last().kind(), Kind::HostUnreachable);
        QVERIFY2(peer.errors.last().text().contains(u"could not be made"),
                 qPrintable(peer.errors.last().text()));

        relay.start();
        roundTrip(peer);
        QVERIFY(peer.close());
        QCOMPARE(peer.errors.size(), 2);
    }

    void heartbeatsFlow()
    {
        LocalRelay relay;
        Peer peer(options().setHeartbeat(1s));
        peer.connection.setTransport(relay.transport());
        QVERIFY(peer.open());
        const quint64 frames = peer.connection.framesReceived();
        QVERIFY(waitFor([&] { return peer.connection.framesReceived() >= frames + 6; }));
        QVERIFY(peer.connection.isOpen());
        QVERIFY(peer.close());
    }

    void anotherProgramsInputAndOutput()
    {
        Peer peer;
        peer.connection.setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &endpoint) {
            auto tunnel = std::make_unique<QProcess>();
            tunnel->start(u"socat"_s,
                          {u"-"_s, u"TCP:%1:%2"_s.arg(endpoint.hostName).arg(endpoint.port)});
            return tunnel;
        }));
        roundTrip(peer);
        QVERIFY(peer.close());
        QVERIFY(peer.errors.isEmpty());
    }

    void sockets()
    {
        Peer plain;
        plain.connection.setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &endpoint) {
            auto socket = std::make_unique<QTcpSocket>();
            socket->connectToHost(endpoint.hostName, endpoint.port);
            return socket;
        }));
        roundTrip(plain);
        QVERIFY(plain.close());

        Peer tls(tlsOptions());
        tls.connection.setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &endpoint) {
            auto socket = std::make_unique<QSslSocket>();
            socket->setSslConfiguration(*endpoint.sslConfiguration);
            socket->connectToHostEncrypted(endpoint.hostName, endpoint.port);
            return socket;
        }));
        roundTrip(tls);
        QVERIFY(tls.close());
        QVERIFY(tls.errors.isEmpty());
    }

    void webSocket()
    {
        Relay relay(options().hostName(), options().port());
        int devices = 0;
        Peer peer;
        peer.connection.setTransport(QAmqpTransport::overDevice([&](const QAmqpEndpoint &) {
            ++devices;
            auto socket = std::make_unique<QWebSocket>();
            socket->open(relay.url());
            return std::make_unique<WebSocketDevice>(std::move(socket));
        }));
        roundTrip(peer);
        relay.dropAll();
        QVERIFY(peer.waitForClosed());
        QCOMPARE(peer.errors.size(), 1);
        QCOMPARE(peer.errors.first().kind(), Kind::ConnectionLost);
        roundTrip(peer);
        QVERIFY(peer.close());
        QCOMPARE(peer.errors.size(), 1);
        QCOMPARE(devices, 2);
    }

    void refused_data()
    {
        using Make = std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)>;
        QTest::addColumn<QUrl>("url");
        QTest::addColumn<Make>("makeDevice");
        QTest::addColumn<QString>("reason");
        const QUrl plain(u"amqp://localhost"_s);
        QTest::newRow("no device")
                << plain << Make([](const QAmqpEndpoint &) { return nullptr; }) << u"no device"_s;
        QTest::newRow("TLS over a device that has none")
                << QUrl(u"amqps://localhost"_s)
                << Make([](const QAmqpEndpoint &) { return std::make_unique<QLocalSocket>(); })
                << u"use amqp instead"_s;
        QTest::newRow("never open")
                << plain << Make([](const QAmqpEndpoint &) { return std::make_unique<QBuffer>(); })
                << u"connected()"_s;
        QTest::newRow("nobody listens") << plain << Make([](const QAmqpEndpoint &) {
            auto socket = std::make_unique<QLocalSocket>();
            socket->connectToServer(u"/nonexistent/broker"_s);
            return socket;
        }) << u"Invalid name"_s;
    }
    void refused()
    {
        using Make = std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)>;
        QFETCH(QUrl, url);
        QFETCH(Make, makeDevice);
        QFETCH(QString, reason);
        Peer peer(QAmqpConnectionOptions::fromUrl(url));
        peer.connection.setTransport(QAmqpTransport::overDevice(makeDevice));
        peer.connection.open();
        QVERIFY(peer.waitForClosed());
        QCOMPARE(peer.errors.size(), 1);
        QCOMPARE(peer.errors.first().kind(), Kind::HostUnreachable);
        QVERIFY2(peer.errors.first().text().contains(reason),
                 qPrintable(peer.errors.first().text()));
    }

    // What is written before the connection goes is sent all the same.
    void aDeletedConnectionSendsWhatWasWritten()
    {
        LocalRelay relay;
        Peer reader;
        QVERIFY(reader.open());
        QAmqpQueue *queue = reader.channel()->queue();
        VERIFY_OK(queue->declare(QAmqpQueueOptions().setExclusive()));
        {
            Peer writer;
            writer.connection.setTransport(relay.transport());
            QVERIFY(writer.open());
            QAmqpChannel *channel = writer.channel();
            channel->setConfirms(false);
            QVERIFY(waitFor([&] { return channel->isOpen(); }));
            channel->publish(QString(), queue->name(), QAmqpMessage(bytes(100'000)));
        }
        QVERIFY(waitFor([&] { return readyMessages(reader, queue->name()) == 1; }));
        QVERIFY(reader.close());
    }

    // The transport is set in this thread and used in that of the connection.
    void inAWorkerThread()
    {
        LocalRelay relay;
        QThread thread;
        auto *connection = new QAmqpConnection(options());
        connection->setTransport(relay.transport());
        std::atomic<bool> done = false;
        connect(connection, &QAmqpConnection::opened, connection, [&, connection] {
            connection->createChannel()
                    ->declareQueue(QString(), QAmqpQueueOptions().setExclusive())
                    .then([connection](const QAmqpQueueInfo &) { connection->close(); });
        });
        connect(connection, &QAmqpConnection::closed, connection, [&] { done = true; });
        connect(&thread, &QThread::finished, connection, &QObject::deleteLater);
        connection->moveToThread(&thread);
        thread.start();
        QMetaObject::invokeMethod(connection, qOverload<>(&QAmqpConnection::open));
        QVERIFY(waitFor([&] { return done.load(); }));
        thread.quit();
        QVERIFY(thread.wait());
    }
};

QTAMQP_BROKER_TEST(TestDevice)
#include "tst_device.moc"
