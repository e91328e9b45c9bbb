// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/transportclient.h"

#include "values/errorkinds.h"

#include <QtCore/qdebug.h>
#include <QtNetwork/qsslerror.h>

QT_BEGIN_NAMESPACE

/*!
    \class QAmqpTransport
    \inmodule QtAmqp
    \brief The seam between the protocol and an event loop.

    A connection needs three things from outside: a stream of bytes in both directions, a timer for its
    deadline, and a way to be called again soon. The default transport uses Qt for them (QTcpSocket,
    QSslSocket and the event loop of the connection's thread). A subclass can use anything else, such as
    poll(2), epoll, libev or Asio; no Qt event loop is needed then.

    \section1 The contract

    All functions are called in the connection's thread, except requestTurn(). The virtual functions must
    not call back into the connection. They only note what happened; the event loop then reports it to the
    connection by calling these protected functions:
    \list
    \li reached() once it is known which address of the host the stream uses, if there are addresses;
    \li opened() once the stream is ready for bytes;
    \li receiveBuffer() and received() when bytes arrived; if there is no room for them, read on after turn();
    \li lost() once, when the stream ended by itself, after everything that had arrived was received;
    \li turn() soon after requestTurn(), after each of the calls above, and at the deadline. Before turn(),
        read what the stream holds, so that a late turn does not take a live peer for a dead one.
    \endlist
    turn() runs the application's slots. They may delete the connection, and this transport with
    it: when turn() has returned \c false, no member may be used any more.
*/

/*! Makes a transport; pass it to QAmqpConnection::setTransport(). */
QAmqpTransport::QAmqpTransport() = default;
QAmqpTransport::~QAmqpTransport() = default;

/*! \fn void QAmqpTransport::open(const QAmqpEndpoint &endpoint)
    Starts to connect to \a endpoint: name resolution, TCP and, if asked for, TLS with verification of
    the chain and of QAmqpEndpoint::peerVerifyName. It is called again after the stream was lost. */
/*! \fn void QAmqpTransport::write(const QByteArray &block)
    Takes \a block to be sent after everything before it. It must take all of it and never wait. */
/*! \fn qint64 QAmqpTransport::bytesToWrite() const
    Returns how many bytes write() has taken and the operating system has not. */
/*! \fn void QAmqpTransport::abort()
    Ends the stream at once. After this the transport reports nothing any more. */
/*! \fn void QAmqpTransport::setDeadline(std::optional<TimePoint> deadline)
    Replaces the deadline at which turn() is to be called. If \a deadline is empty there is none. */
/*! \fn void QAmqpTransport::requestTurn()
    Asks the loop to call turn() soon, but not before this function has returned. \b {It is called from any
    thread.} One turn may answer several requests. */

/*! Connects to the next address of the host that was given to open(), because the one in use accepts TCP
    connections but does not lead to a broker. It is called only if reached() has said that there is another
    address. The default does nothing. */
void QAmqpTransport::openNext() { }

/*! Sends as much as the operating system takes without waiting. It is called after a batch of write(). The
    default does nothing, which suits transports whose write() sends. */
void QAmqpTransport::flush() { }

/*! Sends what is pending, then ends the stream. After this the transport reports nothing any more. The
    default calls flush() and abort(), which loses what the operating system does not take at once. That
    happens only when the peer does not answer the end of a connection in time. */
void QAmqpTransport::close()
{
    flush();
    abort();
}

/*! Waits until something has come or could be sent, at most \a limit, and calls turn(), without an event loop.
    Returns \c false if that is not possible; so does the default.

    When a connection is deleted, or its thread ends, it is still closed in good order: what was published
    and acknowledged is only sure to arrive once the broker has answered the close. If no Qt event loop is
    left to read that answer, this function is called to wait for it, for QAmqpConnectionOptions::lingerTime()
    at most. A transport that cannot wait loses what is on its way then, unless the application closes the
    connection first and waits for QAmqpConnection::closed(). */
bool QAmqpTransport::waitForTurn(std::chrono::milliseconds) { return false; }

/*! Returns the configuration of the TLS connection with its present state: protocol, cipher and the
    certificates of the peer. The default returns a null configuration, for transports without TLS. */
QSslConfiguration QAmqpTransport::tlsSession() const { return {}; }

/*! \internal */
void QAmqpTransport::setClient(std::weak_ptr<QAmqpTransportClient> client)
{
    m_client = std::move(client);
    m_opened = false;
}

/*! Returns memory to read bytes into, and sets \a size, which is 0 while earlier bytes wait for a turn. */
char *QAmqpTransport::receiveBuffer(qsizetype *size)
{
    const auto client = m_client.lock();
    *size = 0;
    return client ? client->receiveBuffer(size) : nullptr;
}

/*! Reports that \a bytes bytes were read into receiveBuffer(). Call turn() afterwards. */
void QAmqpTransport::received(qsizetype bytes)
{
    if (const auto client = m_client.lock(); client && bytes > 0)
        client->received(bytes);
}

/*! Reports, before opened(), that the host was reached at \a address, in the notation of IPv4 or IPv6 or in
    any other; QAmqpConnection::endpoint() shows it. If \a isLast is \c false, the host has other addresses:
    if the connection cannot be opened over this one, openNext() is called within the timeout for the
    host. \a failures are the errors of the addresses that were tried before in vain. */
void QAmqpTransport::reached(const QString &address, bool isLast, const QList<QAmqpError> &failures)
{
    if (const auto client = m_client.lock())
        client->reached(address, isLast, failures);
}

/*! Reports that the stream is ready for bytes. */
void QAmqpTransport::opened()
{
    m_opened = true;
    if (const auto client = m_client.lock())
        client->opened();
}

/*! Reports that the stream ended, or could not be opened, because of \a reason. */
void QAmqpTransport::lost(const QAmqpError &reason)
{
    if (const auto client = m_client.lock())
        client->lost(reason);
}

/*! \overload
    Makes the error from \a reason, a text without a full stop. Its kind is ConnectionLost, or
    HostUnreachable if the stream was not opened() yet. */
void QAmqpTransport::lost(const QString &reason)
{
    QAmqpError error(m_opened ? QAmqpError::Kind::ConnectionLost
                              : QAmqpError::Kind::HostUnreachable,
                     QAmqpError::Scope::Connection, QAmqpError::Origin::Transport,
                     QtAmqpPrivate::formatted(m_opened ? u"the connection was lost: %1"
                                                       : u"the connection could not be made: %1",
                                              reason));
    if (!m_opened)
        error.setPhase(QAmqpError::Phase::Connecting);
    lost(error);
}

/*! Reports, before lost(), the \a errors that the verification of the peer's certificate found. */
void QAmqpTransport::sslErrors(const QList<QSslError> &errors)
{
    if (const auto client = m_client.lock())
        client->sslErrors(errors);
}

/*! \internal */
void QAmqpTransport::ending()
{
    if (const auto client = m_client.lock())
        client->ending();
}

/*! Lets the connection do its work. Returns \c false if this transport has been deleted by that. */
bool QAmqpTransport::turn()
{
    std::shared_ptr<QAmqpTransportClient> client = m_client.lock();
    if (!client)
        return false;
    client->turn();
    const std::weak_ptr<QAmqpTransportClient> watch = client;
    client.reset(); // this may be the last reference, and then this object is gone too
    return !watch.expired();
}

/*!
    \class QAmqpEndpoint
    \inmodule QtAmqp
    \inheaderfile QAmqpTransport
    \brief The host to which a transport is to connect, and how.
*/

// The TLS configuration may hold a private key, the proxy and the options a password. They are not printed.
QDebug operator<<(QDebug debug, const QAmqpEndpoint &endpoint)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpEndpoint(" << endpoint.hostName << ", port " << endpoint.port
                           << (endpoint.tls ? ", TLS)" : ")");
}

QT_END_NAMESPACE
