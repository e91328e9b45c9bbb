#ifndef QTAMQP_TESTS_FULLPORT_H
#define QTAMQP_TESTS_FULLPORT_H

// A port that takes no more connections, and refuses none: a connect() to it stays under way.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace QtAmqpTest {

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

} // namespace QtAmqpTest

#endif
