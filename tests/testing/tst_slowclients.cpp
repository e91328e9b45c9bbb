// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Clients that do not read what they asked for, on real sockets.

#include "certificate.h"
#include "client.h"

#include "testbroker/brokerserver.h"
#include "testbroker/connection.h"
#include "values/tableformat.h"

#include <QtNetwork/qsslsocket.h>

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using namespace std::chrono_literals;

namespace {

template<typename Method>
QByteArray frame(quint16 channel, const Method &method)
{
    const qsizetype size = encodedSize(method);
    QByteArray bytes(size + FrameOverhead, Qt::Uninitialized);
    Writer writer(bytes.data());
    encodeMethodFrame(writer, channel, method, size);
    return bytes;
}

// A client that waits for nothing, up to its consumer of the queue "q".
QByteArray everythingAtOnce()
{
    BasicConsume consume;
    consume.queue = QByteArrayView("q");
    consume.noAck = true;
    return QByteArray(ProtocolHeader, ProtocolHeaderSize)
            + frame(0,
                    ConnectionStartOk{{},
                                      QByteArrayView("PLAIN"),
                                      QByteArrayView("\0guest\0guest", 12),
                                      QByteArrayView("en_US")})
            + frame(0, ConnectionTuneOk{0, 131072, 0})
            + frame(0, ConnectionOpen{QByteArrayView("/"), {}, false}) + frame(1, ChannelOpen{})
            + frame(1, consume);
}

} // namespace

class TestSlowClients : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void onlySoMuchIsKeptForThemAndThenTheyAreCutOff_data()
    {
        QTest::addColumn<bool>("tls");
        QTest::newRow("TCP") << false;
        QTest::newRow("TLS") << true;
    }
    void onlySoMuchIsKeptForThemAndThenTheyAreCutOff()
    {
        QFETCH(bool, tls);
        Broker::BrokerSettings settings;
        settings.channelMax = 0;
        Broker::BrokerServer server(settings, 1);
        const quint16 port = tls ? server.listenTls(0, configuration()) : server.listen(0);
        QVERIFY2(port != 0, qPrintable(server.errorString()));
        Broker::VirtualHost *const host = server.core().virtualHost("/");
        host->declareQueue("q", {}, 0);
        const Broker::QueuePointer queue = host->queue("q");
        const QAmqpMessage message(QByteArray(1'000'000, 'x'));
        for (int i = 0; i < 64; ++i)
            server.core().publish("/", "", "q", message, Broker::BrokerServer::now());

        QSslSocket client;
        client.setReadBufferSize(1000); // it never reads
        client.setSslConfiguration(configuration(false));
        if (tls)
            client.connectToHostEncrypted(u"localhost"_s, port);
        else
            client.connectToHost(u"127.0.0.1"_s, port);
        QVERIFY(QAmqpTest::waitUntil(
                [&] { return tls ? client.isEncrypted() : client.isValid(); }));
        client.write(everythingAtOnce());
        QVERIFY(QAmqpTest::waitUntil([&] { return queue->readyCount() < 64; }));
        // Until the sockets are full.
        quint64 before = 0;
        QVERIFY(QAmqpTest::waitUntil([&] {
            for (int i = 0; i < 20; ++i)
                QCoreApplication::processEvents();
            return std::exchange(before, queue->readyCount()) == queue->readyCount();
        }));
        QVERIFY2(queue->readyCount() > 20, qPrintable(QString::number(queue->readyCount())));

        QCOMPARE(server.core().connections().size(), 1U);
        server.core().timeout(Broker::BrokerServer::now() + 31s);
        server.pump();
        QVERIFY(QAmqpTest::waitUntil([&] { return server.core().connections().empty(); }));
    }

    // The same for one that says good-bye, and leaves the rest unread.
    void oneThatClosesAndDoesNotReadIsCutOff()
    {
        Broker::BrokerServer server({}, 1);
        const quint16 port = server.listen(0);
        Broker::VirtualHost *const host = server.core().virtualHost("/");
        host->declareQueue("q", {}, 0);
        const QAmqpMessage message(QByteArray(1'000'000, 'x'));
        for (int i = 0; i < 64; ++i)
            server.core().publish("/", "", "q", message, Broker::BrokerServer::now());
        QTcpSocket client;
        client.setReadBufferSize(1000);
        client.connectToHost(u"127.0.0.1"_s, port);
        client.write(everythingAtOnce() + frame(0, ConnectionClose{200, {}, 0, 0}));
        QVERIFY(QAmqpTest::waitUntil([&] {
            const auto &all = server.core().connections();
            return !all.empty() && all.front()->end() == Broker::Connection::End::Close;
        }));
        // What was on its way when it closed may fit into the sockets, or not.
        QVERIFY(QAmqpTest::waitUntil([&] {
            server.core().timeout(Broker::BrokerServer::now() + 31s);
            server.pump();
            return server.core().connections().empty();
        }));
    }

    // A slow link takes what it takes, to the last byte.
    void aPublisherOnASlowLinkGoesOn()
    {
        QAmqpTestBroker broker;
        QVERIFY(broker.start());
        broker.addFault(
                QAmqpTestFault(QAmqpTestFault::Kind::Throttle).setBytesPerSecond(60'000'000));
        QAmqpConnection connection(QAmqpConnectionOptions::fromUrl(broker.url()).setHeartbeat(0s));
        QAmqpChannel *const channel = connection.createChannel();
        channel->setConfirms(false);
        connection.open();
        for (int i = 0; i < 7; ++i) // what waits before the channel is open is bounded
            channel->publish({}, u"nowhere"_s, QByteArray(1'000'000, 'x'));
        QVERIFY(QAmqpTest::waitUntil([&] { return channel->isOpen(); }));
        for (int i = 0; i < 13; ++i)
            channel->publish({}, u"nowhere"_s, QByteArray(1'000'000, 'x'));
        QVERIFY(QAmqpTest::waitUntil([&] { return broker.counters().published == 20; }, 30s));
    }
};

QTAMQP_TEST(TestSlowClients)
#include "tst_slowclients.moc"
