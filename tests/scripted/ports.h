// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_PORTS_H
#define QTAMQP_TESTS_PORTS_H

// Ports on which no broker answers.

#include <QtNetwork/qhostaddress.h>
#include <QtNetwork/qtcpserver.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace QtAmqpTest {

// Nothing listens there: a connect() to it is refused.
inline quint16 closedPort()
{
    QTcpServer server;
    server.listen(QHostAddress::LocalHost);
    return server.serverPort();
}

// Takes no more connections, and refuses none: a connect() to it stays under way.
class FullPort
{
public:
    explicit FullPort(in_addr_t address = INADDR_LOOPBACK, quint16 port = 0)
    {
        m_listener = ::socket(AF_INET, SOCK_STREAM, 0);
        m_address.sin_family = AF_INET;
        m_address.sin_addr.s_addr = htonl(address);
        m_address.sin_port = htons(port);
        m_bound =
                ::bind(m_listener, reinterpret_cast<sockaddr *>(&m_address), sizeof m_address) == 0;
        socklen_t size = sizeof m_address;
        ::getsockname(m_listener, reinterpret_cast<sockaddr *>(&m_address), &size);
        ::listen(m_listener, 0);
        for (int &client : m_clients) {
            client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            (void)::connect(client, reinterpret_cast<sockaddr *>(&m_address), sizeof m_address);
        }
    }
    ~FullPort()
    {
        for (const int client : m_clients)
            ::close(client);
        ::close(m_listener);
    }
    FullPort(const FullPort &) = delete;
    FullPort &operator=(const FullPort &) = delete;

    bool isBound() const { return m_bound; }
    quint16 port() const { return ntohs(m_address.sin_port); }

private:
    int m_listener = -1;
    int m_clients[4] = {};
    bool m_bound = false;
    sockaddr_in m_address = {};
};

// Takes connections when it is told to, and resets them.
class ResettingPort
{
public:
    ResettingPort(const QHostAddress &address, quint16 port)
    {
        m_listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at = {};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(address.toIPv4Address());
        at.sin_port = htons(port);
        (void)::bind(m_listener, reinterpret_cast<sockaddr *>(&at), sizeof at);
        ::listen(m_listener, 50);
    }
    ~ResettingPort() { ::close(m_listener); }
    ResettingPort(const ResettingPort &) = delete;
    ResettingPort &operator=(const ResettingPort &) = delete;

    // Waits for one.
    void resetOne()
    {
        const int client = ::accept(m_listener, nullptr, nullptr);
        const linger reset = {1, 0};
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(client);
    }
    bool hasAnother() const
    {
        pollfd waiting = {m_listener, POLLIN, 0};
        return ::poll(&waiting, 1, 0) == 1;
    }

private:
    int m_listener = -1;
};

} // namespace QtAmqpTest

#endif
