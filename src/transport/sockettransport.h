// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_SOCKETTRANSPORT_H
#define QTAMQP_TRANSPORT_SOCKETTRANSPORT_H

// The default transport: a QTcpSocket or QSslSocket on the Qt event loop of the thread that opened it. A
// Dialler connects the socket, and this class uses it.
//
// What the socket signals is only noted, and a turn is posted. For flush() emits signals from inside of a
// write, where no code of the application may run. In the turn, the transport reads, lets the connection
// work, and writes.

#include "transport/dialler.h"
#include "transport/looptransport.h"

#include <QtCore/qqueue.h>
#include <QtNetwork/qsslerror.h>
#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class SocketTransport final : public LoopTransport
{
    Q_OBJECT
public:
    explicit SocketTransport(Dialler::Resolver resolver = {});
    ~SocketTransport() override;

    void open(const QAmqpEndpoint &endpoint) override;
    void openNext() override;
    void write(const QByteArray &block) override;
    void flush() override;
    qint64 bytesToWrite() const override;
    bool waitForTurn(std::chrono::milliseconds limit) override;
    void close() override;
    void abort() override;
    QSslConfiguration tlsSession() const override;

protected:
    void runTurn() override;
    bool mayRead() const override { return m_readable; }

private:
    void dial(const QStringList &addresses);
    void connected(std::unique_ptr<QTcpSocket> socket);
    void watch(QTcpSocket *socket);
    void startTls();
    void noteOpened();
    void noteWritten();
    QString tlsAdvice(const QString &why = QString()) const;
    void noteDisconnected(const QString &why);
    void noteLost(QAmqpError::Kind kind, QStringView format, const QString &why);
    void noteLost(const QAmqpError &error);
    qint64 queuedInSocket() const;
    void feed();
    void writingFailed();
    void read();

    const Dialler::Resolver m_resolver;
    QAmqpEndpoint m_endpoint;
    QString m_peer; // for the texts of errors
    QStringList m_left; // the addresses of the host that were not tried
    QList<QAmqpError> m_failures; // of the addresses that were tried before this one
    std::unique_ptr<Dialler> m_dialler;
    std::unique_ptr<QTcpSocket> m_socket;
    QSslSocket *m_tls = nullptr; // m_socket, if it is a QSslSocket
    QQueue<QByteArray> m_blocks; // those that wait for room in the socket
    qint64 m_blockBytes = 0;
    bool m_wasHigh = false;
    bool m_readable = false; // the socket may have something to read, or its end
    QString m_address;
    bool m_reached = false; // these two were noted, and are reported in the next turn
    bool m_opened = false;
    QList<QSslError> m_sslErrors;
    std::optional<QAmqpError> m_lost;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
