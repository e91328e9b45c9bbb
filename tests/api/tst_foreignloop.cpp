// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The proof of the seam: the whole object API on poll(2), while no Qt event loop runs.

#include "apitest.h"
#include "polltransport.h" // the example loop-poll
#include "scripted/autobroker.h"

#include <QtAmqp/qamqpexchange.h>
#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QDeadlineTimer>

#include <arpa/inet.h>

#include <thread>

using namespace QtAmqpTest;

namespace {

// An AutoBroker on a loopback socket in a thread of its own: it needs no event loop either.
class ThreadedBroker
{
public:
    explicit ThreadedBroker(quint16 heartbeat = 0)
    {
        m_broker.heartbeat = heartbeat;
        m_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(m_listener, reinterpret_cast<sockaddr *>(&address), size) != 0
            || listen(m_listener, 1) != 0
            || getsockname(m_listener, reinterpret_cast<sockaddr *>(&address), &size) != 0)
            qFatal("no socket to listen on");
        m_port = ntohs(address.sin_port);
        m_thread = std::thread([this] { serve(); });
    }
    ~ThreadedBroker()
    {
        shutdown(m_listener, SHUT_RDWR);
        m_thread.join();
        ::close(m_listener);
    }
    Q_DISABLE_COPY_MOVE(ThreadedBroker)

    QAmqpConnectionOptions options() const
    {
        return QAmqpConnectionOptions()
                .setHostName(QStringLiteral("127.0.0.1"))
                .setPort(m_port)
                .setRecoveryEnabled(false);
    }
    int heartbeats() const { return m_heartbeats; }

private:
    void serve()
    {
        const int peer = accept(m_listener, nullptr, nullptr);
        char bytes[65536];
        for (ssize_t got = 1; peer >= 0 && got > 0;) {
            got = recv(peer, bytes, sizeof bytes, 0);
            if (got <= 0)
                break;
            const QByteArray answer = m_broker.receive({bytes, got});
            m_heartbeats = m_broker.heartbeats();
            send(peer, answer.constData(), size_t(answer.size()), MSG_NOSIGNAL);
        }
        if (peer >= 0)
            ::close(peer);
    }

    AutoBroker m_broker;
    int m_listener = -1;
    quint16 m_port = 0;
    std::atomic<int> m_heartbeats = 0;
    std::thread m_thread;
};

} // namespace

class TestForeignLoop : public QObject
{
    Q_OBJECT

private:
    // Runs the loop of poll(2) until `done`; no Qt event is looked at meanwhile.
    template<typename Done>
    static bool runUntil(PollTransport *transport, Done done)
    {
        const QDeadlineTimer limit(Patience);
        while (!done()) {
            if (limit.hasExpired() || !transport->runOnce())
                return done();
        }
        return true;
    }

private Q_SLOTS:
    void everythingWorksWithoutAQtEventLoop()
    {
        int wokenUp = 0;
        const auto watch = connect(QAbstractEventDispatcher::instance(),
                                   &QAbstractEventDispatcher::awake, this, [&] { ++wokenUp; });
        ThreadedBroker broker;
        auto owned = std::make_unique<PollTransport>();
        PollTransport *transport = owned.get();
        QAmqpConnection connection(broker.options());
        QVERIFY(connection.setTransport(std::move(owned)));
        SignalLog log;
        log.watch(&connection);
        QAmqpChannel *channel = connection.createChannel();
        log.watch(channel);
        QAmqpQueue *queue = channel->queue(QStringLiteral("q"));

        QByteArrayList received;
        std::thread acknowledger;
        bool accepted = false;
        connect(queue, &QAmqpQueue::messageReceived, this, [&](const QAmqpDelivery &delivery) {
            received << delivery.body();
            if (received.size() == 1) // from another thread, which wakes poll(2)
                acknowledger = std::thread([delivery, &accepted] { accepted = delivery.ack(); });
            else
                QVERIFY(delivery.ack());
        });
        QString declared;
        queue->declare().then([&](const QAmqpQueueInfo &info) { declared = info.name; });
        queue->bind(QStringLiteral("amq.topic"), QStringLiteral("#"));
        QAmqpConsumer *consumer = queue->consume();
        for (int i = 1; i <= 3; ++i)
            queue->publish(QByteArray::number(i));
        bool confirmed = false;
        channel->allConfirmed().then([&] { confirmed = true; });
        connection.open();

        QVERIFY(runUntil(transport, [&] { return confirmed && received.size() == 3; }));
        acknowledger.join();
        QVERIFY(accepted);
        QCOMPARE(declared, QStringLiteral("q"));
        QCOMPARE(received, (QByteArrayList{"1", "2", "3"}));
        QVERIFY(connection.isOpen());

        bool cancelled = false;
        consumer->cancel().then([&](int) { cancelled = true; });
        QVERIFY(runUntil(transport, [&] { return cancelled; }));
        connection.close();
        QVERIFY(runUntil(transport,
                         [&] { return log.lines.contains(QStringLiteral("connection.closed")); }));
        QVERIFY(log.errors.isEmpty());
        QCOMPARE(wokenUp, 0);
        disconnect(watch);
    }

    void heartbeatsNeedNoQtTimer()
    {
        ThreadedBroker broker(1);
        auto owned = std::make_unique<PollTransport>();
        PollTransport *transport = owned.get();
        QAmqpConnection connection(broker.options());
        connection.setTransport(std::move(owned));
        SignalLog log;
        log.watch(&connection);
        connection.open();
        // This broker sends none: ours go out, and after two intervals it counts as dead.
        QVERIFY(runUntil(transport,
                         [&] { return log.lines.contains(QStringLiteral("connection.closed")); }));
        QVERIFY(broker.heartbeats() >= 1);
        QCOMPARE(log.errors.size(), 1);
        QCOMPARE(log.errors.first().kind(), QAmqpError::Kind::HeartbeatMissed);
    }

    void aConnectionDeletedInATurnTakesItsTransportAlong()
    {
        ThreadedBroker broker;
        auto owned = std::make_unique<PollTransport>();
        PollTransport *transport = owned.get();
        auto *connection = new QAmqpConnection(broker.options());
        connection->setTransport(std::move(owned));
        bool gone = false;
        connect(connection, &QAmqpConnection::opened, this, [&] {
            delete connection;
            gone = true;
        });
        connection->open();
        QVERIFY(runUntil(transport, [&] { return gone; }));
    }
};

QTAMQP_TEST(TestForeignLoop)
#include "tst_foreignloop.moc"
