// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/sockettransport.h"

#include "transport/nativesocket.h"
#include "values/errorkinds.h"

#include <QtCore/qpointer.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtNetwork/qhostaddress.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;

// Measurements showed that larger queues gain nothing with TCP. With TLS, encrypted blocks of more than 64
// KiB make the allocator give memory back to the system and take it again in every turn, which halves the
// throughput.
constexpr qint64 TcpQueue = 256 * 1024;
constexpr qint64 TlsQueue = 64 * 1024;
constexpr qint64 ProxyReadBuffer = 512 * 1024;
constexpr qint64 TlsReadBuffer = 64 * 1024;
constexpr qsizetype LargestJoined = 64 * 1024;

SocketTransport::SocketTransport(Dialler::Resolver resolver) : m_resolver(std::move(resolver)) { }
SocketTransport::~SocketTransport() { SocketTransport::abort(); }

void SocketTransport::open(const QAmqpEndpoint &endpoint)
{
    watchThread();
    m_endpoint = endpoint;
    m_left.clear();
    dial({});
}

void SocketTransport::openNext() { dial(std::exchange(m_left, {})); }

// Dials the addresses. If there are none, the host is looked up first.
void SocketTransport::dial(const QStringList &addresses)
{
    abort();
    m_reached = false;
    m_opened = false;
    m_wasHigh = false;
    m_readable = false;
    m_lost.reset();
    m_sslErrors.clear();
    m_tls = nullptr;
    m_socket.reset();
    m_dialler = std::make_unique<Dialler>(
            m_endpoint, m_resolver,
            [this](std::unique_ptr<QTcpSocket> socket, const QAmqpError &error) {
                socket ? connected(std::move(socket)) : noteLost(error);
            });
    m_dialler->start(addresses);
}

void SocketTransport::connected(std::unique_ptr<QTcpSocket> socket)
{
    m_socket = std::move(socket);
    m_tls = qobject_cast<QSslSocket *>(m_socket.get());
    m_address = m_socket->peerAddress().toString();
    m_peer = endpointText(m_endpoint, m_address);
    m_left = m_dialler->left();
    m_failures = m_dialler->failures();
    m_reached = true;
    watch(m_socket.get());
    m_readable = !m_tls; // bytes may have come before readyRead() was watched
    if (!m_socket->openMode().testFlag(QIODevice::Unbuffered))
        m_socket->setReadBufferSize(m_tls ? TlsReadBuffer : ProxyReadBuffer);
    // If this were set before the socket is connected, Qt would drop it, and each small exchange would take
    // 44 ms.
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    setKeepAlive(*m_socket, m_endpoint.options);
    keepFromForks(m_socket->socketDescriptor(), *m_socket);
    if (m_tls)
        startTls();
    else
        noteOpened();
}

void SocketTransport::startTls()
{
    if (const auto limit = m_endpoint.options.tlsTimeout(); limit.count() > 0) {
        const auto late = [=, this, socket = QPointer<QSslSocket>(m_tls)] {
            const QString why = formatted(u"it was not finished within %1 ms", limit.count());
            if (socket && socket == m_tls && !socket->isEncrypted())
                noteLost(QAmqpError::Kind::Timeout, u"TLS with %1 failed: %2", why + tlsAdvice());
        };
        QTimer::singleShot(limit, this, late);
    }
    if (m_endpoint.sslConfiguration)
        m_tls->setSslConfiguration(*m_endpoint.sslConfiguration);
    m_tls->setPeerVerifyName(m_endpoint.peerVerifyName); // it is also sent by SNI
    m_tls->ignoreSslErrors(m_endpoint.ignoredSslErrors);
    m_tls->startClientEncryption();
}

void SocketTransport::watch(QTcpSocket *socket)
{
    if (m_tls) {
        connect(m_tls, &QSslSocket::encrypted, this, &SocketTransport::noteOpened);
        connect(m_tls, &QSslSocket::encryptedBytesWritten, this, &SocketTransport::noteWritten);
        connect(m_tls, &QSslSocket::sslErrors, this, [this](const QList<QSslError> &errors) {
            m_sslErrors = errors;
            requestTurn();
        });
    }
    connect(socket, &QTcpSocket::readyRead, this, [this] {
        m_readable = true;
        requestTurn();
    });
    connect(socket, &QTcpSocket::bytesWritten, this, &SocketTransport::noteWritten);
    connect(socket, &QTcpSocket::errorOccurred, this, [this, socket] {
        if (!isOnlyLate(*socket))
            noteDisconnected(socket->errorString());
    });
    connect(socket, &QTcpSocket::disconnected, this,
            [this] { noteDisconnected(tr("the remote host closed the connection")); });
}

void SocketTransport::noteOpened()
{
    m_sslErrors.clear(); // the peer need not be verified
    m_opened = true;
    requestTurn();
}

void SocketTransport::noteWritten()
{
    if (!m_blocks.isEmpty() || (m_wasHigh && bytesToWrite() <= TlsQueue)) {
        m_wasHigh = false;
        requestTurn();
    }
}

// Returns what the user can do about a failure of TLS, as "; check this", if anything is known.
QString SocketTransport::tlsAdvice(const QString &why) const
{
    const bool anonymous = m_tls->localCertificate().isNull();
    // A peer that sends an alert speaks TLS. With TLS 1.3 the alert about a missing certificate comes when
    // the handshake is already over on this side.
    if (why.contains(u" alert ") && !why.contains(u"protocol version"))
        return anonymous
                ? QStringLiteral(
                        "; the peer may want a client certificate: set certfile and keyfile")
                : QStringLiteral(
                        "; check that the peer accepts the client certificate in certfile");
    if (m_sslErrors.isEmpty() && anonymous
        && m_socket->error() == QAbstractSocket::RemoteHostClosedError)
        return QStringLiteral("; check that this port speaks TLS, and whether it wants a client "
                              "certificate (certfile and keyfile)");
    if (m_socket->error() == QAbstractSocket::SslInvalidUserDataError) // TLS did not even begin
        return QStringLiteral("; check the certificate and the key of the TLS configuration, which "
                              "must belong together, and its ciphers");
    if (m_sslErrors.isEmpty())
        return QStringLiteral("; check that this port speaks TLS, or use amqp without TLS");
    switch (m_sslErrors.constFirst().error()) {
    case QSslError::HostNameMismatch:
        return QStringLiteral("; use the name in the certificate, or set server_name_indication");
    case QSslError::SelfSignedCertificate:
    case QSslError::SelfSignedCertificateInChain:
    case QSslError::CertificateUntrusted:
    case QSslError::UnableToGetLocalIssuerCertificate:
    case QSslError::UnableToVerifyFirstCertificate:
        return QStringLiteral("; if you trust its authority, set cacertfile to its certificate");
    default: return {};
    }
}

void SocketTransport::noteDisconnected(const QString &why)
{
    const QAbstractSocket::SocketError code = m_socket->error();
    const bool byTls = code == QAbstractSocket::SslHandshakeFailedError
            || code == QAbstractSocket::SslInternalError
            || code == QAbstractSocket::SslInvalidUserDataError;
    if (!m_tls || (m_tls->isEncrypted() && !byTls))
        return noteLost(Kind::ConnectionLost, u"the connection to %1 was lost: %2", why);
    QString reason = why;
    for (const QSslError &error : std::as_const(m_sslErrors))
        if (!reason.contains(error.errorString())) // Qt's own text has the first one already
            reason += QStringLiteral(", ") + error.errorString();
    noteLost(Kind::TlsFailed, u"TLS with %1 failed: %2", reason + tlsAdvice(why));
}

void SocketTransport::noteLost(QAmqpError::Kind kind, QStringView format, const QString &why)
{
    const bool isOwnLimit = kind == QAmqpError::Kind::Timeout;
    QAmqpError error(kind, QAmqpError::Scope::Connection,
                     isOwnLimit ? QAmqpError::Origin::Library : QAmqpError::Origin::Transport,
                     formatted(format, m_peer, why));
    if (m_tls && (!m_tls->isEncrypted() || kind == QAmqpError::Kind::TlsFailed))
        error.setPhase(QAmqpError::Phase::Tls);
    error.setSocketError(isOwnLimit ? QAbstractSocket::SocketTimeoutError : m_socket->error());
    // A failure of TLS will happen again. But if the peer hung up meanwhile, another attempt may succeed.
    if (kind == QAmqpError::Kind::TlsFailed
        && m_socket->error() == QAbstractSocket::RemoteHostClosedError)
        error.setCause(QAmqpError(QAmqpError::Kind::ConnectionLost, error.scope(), error.origin(),
                                  m_socket->errorString()));
    noteLost(error);
}

void SocketTransport::noteLost(const QAmqpError &error)
{
    if (!m_lost)
        m_lost = error;
    requestTurn();
}

// While the peer does not read, small blocks are joined to large ones, since each block costs more than its
// bytes.
void SocketTransport::write(const QByteArray &block)
{
    if (!m_blocks.isEmpty() && m_blocks.constLast().size() + block.size() <= LargestJoined)
        m_blocks.last() += block;
    else
        m_blocks.enqueue(block);
    m_blockBytes += block.size();
}

qint64 SocketTransport::queuedInSocket() const
{
    if (!m_socket)
        return 0;
    return m_socket->bytesToWrite() + (m_tls ? m_tls->encryptedBytesToWrite() : 0);
}

void SocketTransport::feed()
{
    const qint64 most = m_tls ? TlsQueue : TcpQueue;
    while (!m_blocks.isEmpty() && queuedInSocket() < most) {
        m_blockBytes -= m_blocks.head().size();
        if (m_socket->write(m_blocks.dequeue()) < 0)
            return writingFailed();
    }
}

// An unbuffered socket has no signal for this. Qt ends a buffered one in the same way.
void SocketTransport::writingFailed()
{
    noteDisconnected(m_socket->errorString());
    m_socket->abort();
}

void SocketTransport::flush()
{
    if (!m_socket || m_socket->state() != QAbstractSocket::ConnectedState)
        return;
    feed();
    m_socket->flush();
    m_wasHigh = m_wasHigh || bytesToWrite() > TlsQueue;
}

qint64 SocketTransport::bytesToWrite() const { return m_blockBytes + queuedInSocket(); }

// What the socket does not take at once is lost. That does no harm: either the peer has answered everything
// before, or the time for it is over.
void SocketTransport::close()
{
    setDeadline(std::nullopt);
    m_dialler.reset();
    m_readable = false;
    if (!m_socket)
        return;
    m_socket->disconnect(this);
    while (!m_blocks.isEmpty())
        m_socket->write(m_blocks.dequeue());
    m_blockBytes = 0;
    m_socket->flush();
    if (m_socket->thread() == QThread::currentThread())
        m_socket->disconnectFromHost();
}

void SocketTransport::abort()
{
    setDeadline(std::nullopt);
    m_dialler.reset();
    m_blocks.clear();
    m_blockBytes = 0;
    m_readable = false;
    if (!m_socket)
        return;
    m_socket->disconnect(this);
    m_socket->abort();
}

QSslConfiguration SocketTransport::tlsSession() const
{
    return m_tls && m_tls->isEncrypted() ? m_tls->sslConfiguration() : QSslConfiguration();
}

// Whether there may be something to read is known from readyRead() and from what was read before, since asking an
// unbuffered socket costs a system call. Such a socket has no signal for its end: reading fails.
void SocketTransport::read()
{
    m_readable = m_readable && m_socket->isOpen(); // Qt closes it when writing fails
    qsizetype size = 0;
    char *const buffer = m_readable ? receiveBuffer(&size) : nullptr;
    // If nothing may be read at the moment, the end is noticed all the same, unless bytes come before it.
    const bool mayHaveEnded = m_readable && size == 0 && m_socket->bytesAvailable() == 0;
    if (size == 0 && !mayHaveEnded)
        return;
    char next = 0;
    const qint64 bytes = mayHaveEnded ? m_socket->peek(&next, 1) : m_socket->read(buffer, size);
    if (mayHaveEnded && bytes >= 0)
        return;
    m_readable = bytes == size;
    if (bytes < 0)
        noteDisconnected(m_socket->errorString());
    else if (bytes > 0)
        received(qsizetype(bytes));
}

// Without an event loop nothing but the socket itself says that bytes have come before the wait begins.
bool SocketTransport::waitForTurn(std::chrono::milliseconds limit)
{
    m_readable = m_readable || (m_socket && m_socket->bytesAvailable() > 0);
    return waitFor(m_socket.get(), limit);
}

// The turn may delete this object: with the connection, or at the end of a Farewell.
void SocketTransport::runTurn()
{
    if (std::exchange(m_reached, false))
        reached(m_address, m_left.isEmpty(), m_failures);
    if (std::exchange(m_opened, false))
        opened();
    if (!m_sslErrors.isEmpty() && m_lost)
        sslErrors(std::exchange(m_sslErrors, {}));
    read();
    if (m_lost && !m_readable)
        lost(*std::exchange(m_lost, std::nullopt));
    if (!m_blocks.isEmpty())
        flush();
    const QPointer<LoopTransport> alive(this);
    if (turn() && alive && (m_readable || m_lost) && hasRoom())
        requestTurn();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
