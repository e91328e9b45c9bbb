// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_BROKERSERVER_H
#define QTAMQP_TESTBROKER_BROKERSERVER_H

// Carries bytes and time between a BrokerCore and sockets or other devices, in the event loop of its thread.

#include "testbroker/brokercore.h"

#include <QtCore/qobject.h>
#include <QtCore/qtimer.h>
#include <QtNetwork/qsslconfiguration.h>
#include <QtNetwork/qtcpserver.h>

QT_BEGIN_NAMESPACE

class QIODevice;

namespace QtAmqpPrivate::Broker {

class Listener : public QTcpServer
{
public:
    using Accept = std::function<void(qintptr)>;
    explicit Listener(Accept accept, QObject *parent)
        : QTcpServer(parent), m_accept(std::move(accept))
    {
    }

protected:
    void incomingConnection(qintptr descriptor) override { m_accept(descriptor); }

private:
    Accept m_accept;
};

class BrokerServer : public QObject
{
public:
    BrokerServer(BrokerSettings settings, quint32 seed);
    ~BrokerServer() override;

    // Listen on the IPv4 loopback address. Return the port, or 0 with the reason in errorString().
    quint16 listen(quint16 port);
    quint16 listenTls(quint16 port, const QSslConfiguration &configuration);
    const QString &errorString() const { return m_errorString; }
    // Makes the device an end of a connection; it is owned from now on. Returns false if there are too many.
    bool serve(QIODevice *device, const PeerInfo &peer = {});
    // As a broker that is shut down: all connections are closed, nothing listens any more, and what is durable stays.
    void stop();

    BrokerCore &core() { return m_core; }
    static TimePoint now() { return std::chrono::steady_clock::now(); }
    void pump(); // to be called after anything was asked of the core
    // Is called whenever anything may have happened, in the thread of the server.
    void setOnActivity(std::function<void()> call) { m_onActivity = std::move(call); }

private:
    class Link;

    quint16 listenWith(quint16 port, Listener::Accept accept);
    void acceptTls(qintptr descriptor, const QSslConfiguration &configuration);
    void forget(Link *link);
    void setTimer();

    BrokerCore m_core;
    QTimer m_timer;
    QString m_errorString;
    std::vector<std::unique_ptr<Listener>> m_listeners;
    std::map<Connection *, std::unique_ptr<Link>> m_links;
    qsizetype m_greeting = 0; // sockets that have no TLS yet
    bool m_isPumping = false;
    std::function<void()> m_onActivity;
};

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
