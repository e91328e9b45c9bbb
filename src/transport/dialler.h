// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_DIALLER_H
#define QTAMQP_TRANSPORT_DIALLER_H

// Makes one TCP connection from the name of a host. The name is resolved, and its addresses are tried in
// turns of IPv6 and IPv4: each a moment after the one before, or at once when that fails. The first that
// connects is used, and the others are dropped (RFC 8305). If the connection turns out to be of no use,
// another dialler goes on with the addresses in left(). With a proxy there is a single attempt, and the proxy
// resolves the name.
//
// A dialler reports once, perhaps before start() returns. Deleting it ends everything that is under way.

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qbasictimer.h>
#include <QtCore/qobject.h>
#include <QtNetwork/qhostinfo.h>
#include <QtNetwork/qtcpsocket.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Returns "host:port", followed by the address unless the host was given by that.
QString endpointText(const QAmqpEndpoint &endpoint, const QString &address = {});

class Dialler final : public QObject
{
public:
    // Calls `done` in the thread of the receiver as long as that exists. Returns a number for
    // abortHostLookup().
    using Resolver = std::function<int(const QString &hostName, QObject *receiver,
                                       const std::function<void(const QHostInfo &)> &done)>;
    // Takes the connected socket, which is a QSslSocket if TLS is to follow, or the error if there is none.
    using Done = std::function<void(std::unique_ptr<QTcpSocket> socket, const QAmqpError &error)>;

    Dialler(QAmqpEndpoint endpoint, Resolver resolver, Done done);
    ~Dialler() override;

    // The addresses are those of left() of an earlier dialler. If there are none, the host is looked up.
    void start(const QStringList &addresses = {});

    // After it has connected: the addresses that are left, and the errors of those that were tried in vain.
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
        QString address; // empty if the name was not resolved
        QString why;
        bool isOwnLimit = false; // a timeout of the options ended the attempt
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
    QStringList m_addresses; // those that were not tried yet
    QList<Racer> m_racing;
    QList<Failure> m_failures;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
