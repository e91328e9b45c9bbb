#ifndef QTAMQP_TESTS_POLLTRANSPORT_H
#define QTAMQP_TESTS_POLLTRANSPORT_H

// A connection on poll(2): no Qt event loop, no QTcpSocket. IPv4 addresses only.

#include <QtAmqp/qamqptransport.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace QtAmqpTest {

class PollTransport final : public QAmqpTransport
{
public:
    PollTransport()
    {
        if (pipe2(m_wake, O_NONBLOCK | O_CLOEXEC) != 0)
            qFatal("no pipe");
    }
    ~PollTransport() override
    {
        abort();
        ::close(m_wake[0]);
        ::close(m_wake[1]);
    }

    void open(const QAmqpEndpoint &endpoint) override
    {
        m_socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        inet_pton(AF_INET, endpoint.hostName.toLatin1().constData(), &address.sin_addr);
        ::connect(m_socket, reinterpret_cast<sockaddr *>(&address), sizeof address);
        m_connecting = true;
    }
    void write(const QByteArray &block) override { m_out += block; }
    void flush() override
    {
        while (m_socket >= 0 && !m_connecting && !m_out.isEmpty()) {
            const ssize_t sent =
                    send(m_socket, m_out.constData(), size_t(m_out.size()), MSG_NOSIGNAL);
            if (sent < 0)
                return;
            m_out.remove(0, sent);
        }
    }
    qint64 bytesToWrite() const override { return m_out.size(); }
    void close() override
    {
        flush();
        abort();
    }
    void abort() override
    {
        if (m_socket >= 0)
            ::close(std::exchange(m_socket, -1));
        m_out.clear();
    }
    void setDeadline(std::optional<TimePoint> deadline) override { m_deadline = deadline; }
    void requestTurn() override { [[maybe_unused]] const ssize_t one = ::write(m_wake[1], "", 1); }

    // Waits for something to happen and lets the connection work; false if this transport is gone.
    bool runOnce()
    {
        pollfd ready[] = {
                {m_wake[0], POLLIN, 0},
                {m_socket, short(POLLIN | (m_connecting || !m_out.isEmpty() ? POLLOUT : 0)), 0}};
        poll(ready, m_socket >= 0 ? 2 : 1, timeout());
        char drop[256];
        while (::read(m_wake[0], drop, sizeof drop) > 0) { }
        if (m_connecting && ready[1].revents) {
            m_connecting = false;
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(m_socket, SOL_SOCKET, SO_ERROR, &error, &size);
            error ? fail(error) : opened();
        } else if (ready[1].revents & (POLLIN | POLLHUP)) {
            readSome();
        }
        flush();
        return turn();
    }

private:
    int timeout() const
    {
        using namespace std::chrono;
        if (!m_deadline)
            return 20'000;
        return int(std::clamp<qint64>(
                ceil<milliseconds>(*m_deadline - TimePoint::clock::now()).count(), 0, 20'000));
    }
    void readSome()
    {
        qsizetype size = 0;
        while (char *buffer = receiveBuffer(&size)) {
            const ssize_t got = recv(m_socket, buffer, size_t(size), 0);
            if (got > 0)
                received(got);
            else
                return got == 0 ? fail(ECONNRESET) : errno != EAGAIN ? fail(errno) : void();
        }
    }
    void fail(int error)
    {
        lost(QAmqpError(QAmqpError::Kind::ConnectionLost, QAmqpError::Scope::Connection,
                        QAmqpError::Origin::Transport,
                        QString::fromLocal8Bit(std::strerror(error))));
    }

    int m_socket = -1;
    int m_wake[2] = {-1, -1};
    bool m_connecting = false;
    QByteArray m_out;
    std::optional<TimePoint> m_deadline;
};

} // namespace QtAmqpTest

#endif
