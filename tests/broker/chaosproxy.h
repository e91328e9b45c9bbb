// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CHAOSPROXY_H
#define QTAMQP_TESTS_CHAOSPROXY_H

// A TCP proxy in the test's own thread that does to its connections what networks do: it resets them, closes one
// direction alone, passes nothing on for a while, or little.

#include <QtCore/qtimer.h>
#include <QtNetwork/qtcpserver.h>
#include <QtNetwork/qtcpsocket.h>

#include <sys/socket.h>

#include <memory>
#include <vector>

namespace BrokerTest {

class ChaosProxy : public QObject
{
public:
    ChaosProxy(const QString &host, quint16 port) : m_host(host), m_port(port)
    {
        connect(&m_server, &QTcpServer::newConnection, this, &ChaosProxy::accept);
        connect(&m_tick, &QTimer::timeout, this, [this] { passAll(); });
        m_server.listen(QHostAddress::LocalHost);
    }
    ~ChaosProxy() override { reset(); }

    quint16 port() const { return m_server.serverPort(); }
    int accepted() const { return m_accepted; }

    // Both ends get a reset, and what was on its way is lost.
    void reset()
    {
        for (const auto &pair : std::exchange(m_pairs, {})) {
            for (QTcpSocket *socket : {pair.client, pair.broker}) {
                socket->disconnect(this);
                const linger none{1, 0};
                setsockopt(int(socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &none,
                           sizeof(none));
                socket->abort();
                socket->deleteLater();
            }
        }
    }
    // The client reads the end of the stream, though the broker has not closed it.
    void halfClose()
    {
        for (const Pair &pair : m_pairs)
            shutdown(int(pair.client->socketDescriptor()), SHUT_WR);
    }
    // Nothing passes until it is called with false; new connections are accepted and stay silent.
    void stall(bool stalled)
    {
        m_isStalled = stalled;
        passAll();
    }
    // As many bytes pass each second in each direction of a connection; 0: all of them.
    void throttle(qint64 bytesPerSecond)
    {
        m_bytesPerTick = (bytesPerSecond + TicksPerSecond - 1) / TicksPerSecond;
        if (bytesPerSecond > 0)
            return m_tick.start(1000 / TicksPerSecond);
        m_tick.stop();
        passAll();
    }

private:
    static constexpr int TicksPerSecond = 100;
    static constexpr qint64 Buffer = 64 * 1024; // more stays with the sender

    struct Pair
    {
        QTcpSocket *client;
        QTcpSocket *broker;
    };

    void accept()
    {
        while (QTcpSocket *client = m_server.nextPendingConnection()) {
            ++m_accepted;
            auto *const broker = new QTcpSocket(this);
            m_pairs.push_back({client, broker});
            client->setReadBufferSize(Buffer);
            broker->setReadBufferSize(Buffer);
            connect(client, &QIODevice::readyRead, this, [=, this] { arrived(client, broker); });
            connect(broker, &QIODevice::readyRead, this, [=, this] { arrived(broker, client); });
            connect(broker, &QTcpSocket::connected, this, [=, this] { arrived(client, broker); });
            connect(client, &QTcpSocket::disconnected, this, [=, this] { drop(client); });
            connect(broker, &QTcpSocket::disconnected, this, [=, this] { drop(broker); });
            broker->connectToHost(m_host, m_port);
        }
    }
    void arrived(QTcpSocket *from, QTcpSocket *to)
    {
        if (!m_tick.isActive())
            pass(from, to);
    }
    void pass(QTcpSocket *from, QTcpSocket *to)
    {
        if (!m_isStalled && to->state() == QAbstractSocket::ConnectedState)
            to->write(from->read(m_tick.isActive() ? m_bytesPerTick : Buffer));
    }
    void passAll()
    {
        for (const Pair &pair : m_pairs) {
            pass(pair.client, pair.broker);
            pass(pair.broker, pair.client);
        }
    }
    void drop(QTcpSocket *socket)
    {
        const auto isIts = [socket](const Pair &pair) {
            return pair.client == socket || pair.broker == socket;
        };
        const auto pair = std::find_if(m_pairs.begin(), m_pairs.end(), isIts);
        if (pair == m_pairs.end())
            return;
        const Pair gone = *pair;
        m_pairs.erase(pair);
        for (QTcpSocket *each : {gone.client, gone.broker}) {
            each->disconnect(this);
            each->disconnectFromHost();
            each->deleteLater();
        }
    }

    QTcpServer m_server;
    const QString m_host;
    const quint16 m_port;
    std::vector<Pair> m_pairs;
    QTimer m_tick; // while it is throttled
    qint64 m_bytesPerTick = 0;
    bool m_isStalled = false;
    int m_accepted = 0;
};

} // namespace BrokerTest

#endif
