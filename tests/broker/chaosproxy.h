// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CHAOSPROXY_H
#define QTAMQP_TESTS_CHAOSPROXY_H

// A TCP proxy in the test's own thread that does to its connections what networks do: it resets them, closes one
// direction alone, or passes nothing on for a while.

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
        for (const Pair &pair : m_pairs) {
            pass(pair.client, pair.broker);
            pass(pair.broker, pair.client);
        }
    }

private:
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
            connect(client, &QIODevice::readyRead, this, [=, this] { pass(client, broker); });
            connect(broker, &QIODevice::readyRead, this, [=, this] { pass(broker, client); });
            connect(broker, &QTcpSocket::connected, this, [=, this] { pass(client, broker); });
            connect(client, &QTcpSocket::disconnected, this, [=, this] { drop(client); });
            connect(broker, &QTcpSocket::disconnected, this, [=, this] { drop(broker); });
            broker->connectToHost(m_host, m_port);
        }
    }
    void pass(QTcpSocket *from, QTcpSocket *to)
    {
        if (!m_isStalled && to->state() == QAbstractSocket::ConnectedState)
            to->write(from->readAll());
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
    bool m_isStalled = false;
    int m_accepted = 0;
};

} // namespace BrokerTest

#endif
