// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_THREADEDBROKER_H
#define QTAMQP_TESTS_THREADEDBROKER_H

// Brokers that need no event loop of the test: in a thread, or, to be stopped by SIGSTOP, in a process of its own.

#include "scripted/autobroker.h"
#include "testbroker/brokerserver.h"

#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtCore/qthread.h>

#include <csignal>

#include <netinet/in.h>
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

// Serves any number of connections, in a thread of its own.
class ThreadedBroker : Obliging
{
public:
    explicit ThreadedBroker(int heartbeat = 0)
    {
        Broker::BrokerSettings settings;
        settings.heartbeat = std::chrono::seconds(heartbeat);
        m_server = new Broker::BrokerServer(settings, 1);
        oblige(m_server->core());
        m_server->moveToThread(&m_thread);
        QObject::connect(&m_thread, &QThread::finished, m_server, &QObject::deleteLater);
        m_thread.start();
        call([this] { m_port = m_server->listen(0); });
        if (m_port == 0)
            qFatal("no broker: %s", qPrintable(m_server->errorString()));
    }
    ~ThreadedBroker()
    {
        m_thread.quit();
        m_thread.wait();
    }
    Q_DISABLE_COPY_MOVE(ThreadedBroker)

    QAmqpConnectionOptions options() const
    {
        return QAmqpConnectionOptions().setHostName(QStringLiteral("127.0.0.1")).setPort(m_port);
    }
    // For sessions that end with their link.
    QAmqpConnectionOptions optionsWithoutRecovery() const
    {
        return options().setRecoveryEnabled(false);
    }
    // Cuts all links.
    void drop()
    {
        call([this] {
            for (const auto &connection : m_server->core().connections())
                connection->closeLink(Broker::Connection::End::Reset);
            m_server->pump();
        });
    }

    void add(const QAmqpTestFault &which)
    {
        call([&] { m_server->core().addFault(which, Broker::BrokerServer::now()); });
    }
    // How many messages clients have published so far.
    quint64 published()
    {
        std::atomic<quint64> count = 0; // the thread sanitizer does not see Qt's semaphore
        call([&] { count = m_server->core().counters().published; });
        return count;
    }

private:
    template<typename Work>
    void call(Work work)
    {
        QMetaObject::invokeMethod(m_server, work, Qt::BlockingQueuedConnection);
    }

    QThread m_thread;
    Broker::BrokerServer *m_server = nullptr;
    quint16 m_port = 0;
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
            serve(peer);
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
    static void serve(int peer)
    {
        AutoBroker broker;
        broker.heartbeat = 0;
        char bytes[65536];
        while (!broker.closed) {
            const ssize_t got = recv(peer, bytes, sizeof bytes, 0);
            if (got <= 0)
                break;
            const QByteArray answer = broker.receive({bytes, got});
            if (send(peer, answer.constData(), size_t(answer.size()), MSG_NOSIGNAL)
                != answer.size())
                break;
        }
        ::close(peer);
    }

    ListeningSocket m_socket;
    const pid_t m_process;
};

} // namespace QtAmqpTest

#endif
