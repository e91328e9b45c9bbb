// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_THREADEDBROKER_H
#define QTAMQP_TESTS_THREADEDBROKER_H

// An AutoBroker on a loopback socket that needs no event loop: a thread for each connection, or, to be
// stopped by SIGSTOP, a process of its own.

#include "scripted/autobroker.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace QtAmqpTest {

class ListeningSocket
{
public:
    ListeningSocket()
    {
        m_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(m_socket, reinterpret_cast<sockaddr *>(&address), size) != 0
            || listen(m_socket, 16) != 0
            || getsockname(m_socket, reinterpret_cast<sockaddr *>(&address), &size) != 0)
            qFatal("no socket to listen on");
        m_port = ntohs(address.sin_port);
    }
    ~ListeningSocket() { ::close(m_socket); }
    Q_DISABLE_COPY_MOVE(ListeningSocket)

    int accept() const { return ::accept(m_socket, nullptr, nullptr); }
    void stop() const { shutdown(m_socket, SHUT_RDWR); }
    QAmqpConnectionOptions options() const
    {
        return QAmqpConnectionOptions().setHostName(QStringLiteral("127.0.0.1")).setPort(m_port);
    }

private:
    int m_socket = -1;
    quint16 m_port = 0;
};

inline bool sendAll(int peer, const QByteArray &bytes)
{
    for (qsizetype sent = 0; sent < bytes.size();) {
        const ssize_t now =
                send(peer, bytes.constData() + sent, size_t(bytes.size() - sent), MSG_NOSIGNAL);
        if (now <= 0)
            return false;
        sent += now;
    }
    return true;
}

// Answers one peer until it goes, and sends heartbeats at twice the pace, however often that one does.
inline void serve(int peer, quint16 heartbeat)
{
    AutoBroker broker;
    broker.heartbeat = heartbeat;
    char bytes[65536];
    pollfd readable = {peer, POLLIN, 0};
    bool works = true;
    using Clock = std::chrono::steady_clock;
    const auto pace = std::chrono::milliseconds(heartbeat * 500);
    auto due = Clock::now() + pace;
    while (works && !broker.closed) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
        if (heartbeat > 0 && left.count() <= 0) {
            due += pace;
            works = sendAll(peer, heartbeatFrame());
            continue;
        }
        if (poll(&readable, 1, heartbeat > 0 ? int(left.count()) : -1) == 0)
            continue;
        const ssize_t got = recv(peer, bytes, sizeof bytes, 0);
        works = got > 0 && sendAll(peer, broker.receive({bytes, got}));
    }
    ::close(peer);
}

class ThreadedBroker
{
public:
    explicit ThreadedBroker(quint16 heartbeat = 0)
        : m_acceptor([this, heartbeat] {
            for (int peer = m_socket.accept(); peer >= 0; peer = m_socket.accept()) {
                const std::lock_guard lock(m_mutex);
                m_peers.push_back(dup(peer));
                m_threads.emplace_back(serve, peer, heartbeat);
            }
        })
    {
    }
    ~ThreadedBroker()
    {
        m_socket.stop();
        m_acceptor.join();
        drop();
        for (std::thread &thread : m_threads)
            thread.join();
    }
    Q_DISABLE_COPY_MOVE(ThreadedBroker)

    QAmqpConnectionOptions options() const { return m_socket.options(); }
    // Cuts all links.
    void drop()
    {
        const std::lock_guard lock(m_mutex);
        for (const int peer : std::exchange(m_peers, {})) {
            shutdown(peer, SHUT_RDWR);
            ::close(peer);
        }
    }

private:
    ListeningSocket m_socket;
    std::mutex m_mutex;
    std::vector<int> m_peers;
    std::vector<std::thread> m_threads;
    std::thread m_acceptor;
};

// Serves one connection after the other; make it before any thread.
class BrokerProcess
{
public:
    BrokerProcess() : m_process(fork())
    {
        if (m_process != 0)
            return;
        for (int peer = m_socket.accept(); peer >= 0; peer = m_socket.accept())
            serve(peer, 0);
        _exit(0);
    }
    ~BrokerProcess()
    {
        kill(m_process, SIGKILL);
        waitpid(m_process, nullptr, 0);
    }
    Q_DISABLE_COPY_MOVE(BrokerProcess)

    QAmqpConnectionOptions options() const { return m_socket.options(); }
    void stop() const { kill(m_process, SIGSTOP); }

private:
    ListeningSocket m_socket;
    const pid_t m_process;
};

} // namespace QtAmqpTest

#endif
