// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_DIALLER_H
#define QTAMQP_TRANSPORT_DIALLER_H

// From a host's name to one TCP connection. The name is resolved; its addresses are tried in turns of
// IPv6 and IPv4, the next one a moment after the one before, or at once when that fails; the first
// that connects wins and the others are dropped (RFC 8305); should it turn out to be of no use, another
// dialler goes on with left(). With a proxy there is one attempt, and the name is the proxy's to resolve.
//
// It reports once, perhaps before start() returns. Deleting it ends whatever is under way.

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qbasictimer.h>
#include <QtCore/qobject.h>
#include <QtNetwork/qhostinfo.h>
#include <QtNetwork/qtcpsocket.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// "host:port", with the address if that is not what the host was called by.
QString endpointText(const QAmqpEndpoint &endpoint, const QString &address = {});

class Dialler final : public QObject
{
public:
    // Calls back in the receiver's thread, unless that is gone; returns what abortHostLookup() takes.
    using Resolver = std::function<int(const QString &hostName, QObject *receiver,
                                       const std::function<void(const QHostInfo &)> &done)>;
    // The connected socket, a QSslSocket if TLS is to follow; or why there is none.
    using Done = std::function<void(std::unique_ptr<QTcpSocket> socket, const QAmqpError &error)>;

    Dialler(QAmqpEndpoint endpoint, Resolver resolver, Done done);
    ~Dialler() override;

    void start(const QStringList &addresses =
                       {}); // of that host, as left() told; none: they are sought

    // Once it has connected: what else there is, and what was tried in vain.
    QStringList left() const { return m_addresses; }
    QList<QAmqpError> failures() const;

protected:
    void timerEvent(QTimerEvent *event) override;

private:
    void stop();
    void resolve();
    void resolved(const QHostInfo &info);
    void dialNext();
    void won(QTcpSocket *socket);
    struct Failure
    {
        QAbstractSocket::SocketError code;
        QString address; // none if it is about the name
        QString why;
        bool isOwnLimit = false; // rather than what the socket or the system said
    };

    struct Racer
    {
        QTcpSocket *socket;
        QString address;
    };

    bool leaveRace(const QTcpSocket *socket);
    void lost(QTcpSocket *socket, const Failure &failure);
    void drop(QTcpSocket *socket);
    QAmqpError errorOf(const Failure &failure) const;
    QString adviceOn(const Failure &failure) const;
    void giveUp(const Failure &failure);

    const QAmqpEndpoint m_endpoint;
    const Resolver m_resolver;
    const Done m_done;
    QNetworkProxy m_proxy = QNetworkProxy::NoProxy;
    int m_lookup = -1;
    QBasicTimer m_resolveTimer;
    QBasicTimer m_nextTimer;
    QStringList m_addresses; // to be tried yet
    QList<Racer> m_racing;
    QList<Failure> m_failures;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
