// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef STREAMTRANSPORT_H
#define STREAMTRANSPORT_H

// The base of the transports for poll(2), epoll and libev: a non-blocking TCP socket. watch() says what the loop
// has to wait for. The loop calls process() when that has happened, at the deadline, and for requestTurn(). To
// keep it small, it has no TLS, tries the first address of the host alone, and blocks while it looks that up.

#include <QtAmqp/QAmqpTransport>

#include <netdb.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

class StreamTransport : public QAmqpTransport
{
public:
    void open(const QAmqpEndpoint &endpoint) override
    {
        addrinfo *host = nullptr;
        const QByteArray port = QByteArray::number(endpoint.port);
        const int error = getaddrinfo(endpoint.hostName.toUtf8().constData(), port.constData(),
                                      nullptr, &host);
        if (error || endpoint.tls) { // open() must not call lost(): that is done in the next turn
            m_failure = error ? gai_strerror(error) : "this transport has no TLS; use amqp";
            return requestTurn();
        }
        m_socket = socket(host->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)::connect(m_socket, host->ai_addr, host->ai_addrlen); // it ends when writable
        freeaddrinfo(host);
        m_connecting = true;
        watch(m_socket, true, true);
    }
    void write(const QByteArray &block) override { m_out += block; }
    void flush() override
    {
        if (m_socket < 0 || m_connecting)
            return;
        const ssize_t sent = send(m_socket, m_out.constData(), size_t(m_out.size()), MSG_NOSIGNAL);
        m_out.remove(0, qMax<ssize_t>(sent, 0)); // an error shows when reading
        qsizetype room = 0; // without room, bytes that came would wake the loop again and again
        const bool readable = receiveBuffer(&room), writable = !m_out.isEmpty();
        watch(readable || writable ? m_socket : -1, readable, writable);
    }
    qint64 bytesToWrite() const override { return m_out.size(); }
    void abort() override
    {
        if (m_socket < 0)
            return;
        watch(-1, false, false);
        ::close(std::exchange(m_socket, -1));
        m_out.clear();
    }

protected:
    // The loop waits from now on until `socket` is `readable` or `writable`, whichever is true; -1: no socket.
    virtual void watch(int socket, bool readable, bool writable) = 0;

    // A callback of the loop calls this last: if it returns false, this object has been deleted.
    bool process()
    {
        sockaddr_storage peer;
        socklen_t size = sizeof peer;
        if (m_connecting && !getpeername(m_socket, reinterpret_cast<sockaddr *>(&peer), &size)) {
            m_connecting = false;
            opened();
        }
        readSome();
        if (m_failure) {
            abort();
            lost(QString::fromLocal8Bit(std::exchange(m_failure, nullptr)));
        }
        return turn() && (flush(), true); // there may be room again
    }

private:
    void readSome()
    {
        qsizetype room = 0;
        if (char *buffer = m_socket >= 0 && !m_failure ? receiveBuffer(&room) : nullptr) {
            const ssize_t got = recv(m_socket, buffer, size_t(room), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN))
                m_failure = got < 0 ? std::strerror(errno) : "the peer closed the connection";
            received(got);
        }
    }

    int m_socket = -1;
    bool m_connecting = false;
    QByteArray m_out;
    const char *m_failure = nullptr;
};

#endif
