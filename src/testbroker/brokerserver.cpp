// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/brokerserver.h"

#include "testbroker/connection.h"

#include <QtCore/qdatetime.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslsocket.h>

#ifdef Q_OS_WIN
#  include <winsock2.h>
#else
#  include <sys/socket.h>
#endif

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

// Qt's sockets have no way to close the direction to the peer alone.
static void closeDirection(qintptr socket)
{
#ifdef Q_OS_WIN
    ::shutdown(SOCKET(socket), SD_SEND);
#else
    ::shutdown(int(socket), SHUT_WR);
#endif
}

// A device and its connection. What the device says is only noted down while the core is at work.
class BrokerServer::Link : public QObject
{
public:
    Link(BrokerServer &server, QIODevice *device, Connection *connection)
        : QObject(&server), m_server(server), m_device(device), m_connection(connection)
    {
        device->setParent(this);
        connect(device, &QIODevice::readyRead, this, [this] { read(); });
        connect(device, &QIODevice::bytesWritten, this, [this] { write(); });
        connect(device, &QIODevice::aboutToClose, this, [this] { end(); });
        connect(device, &QIODevice::readChannelFinished, this, [this] { end(); });
        if (auto *socket = qobject_cast<QSslSocket *>(device))
            connect(socket, &QSslSocket::encryptedBytesWritten, this, [this] { write(); });
        if (auto *socket = qobject_cast<QAbstractSocket *>(device)) {
            socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
            socket->setReadBufferSize(1024 * 1024); // what is not read yet waits with the client
            connect(socket, &QAbstractSocket::disconnected, this, [this] { end(); });
        }
    }

    Connection *connection() const { return m_connection; }

    void read()
    {
        bool any = false;
        while (!m_isOver && m_connection->wantsInput()) {
            qsizetype size = 0;
            char *room = m_connection->receiveBuffer(&size);
            const qint64 got = m_device->read(room, size);
            if (got <= 0)
                break;
            any = true;
            m_connection->received(qsizetype(got), now());
        }
        if (any)
            m_server.pump();
    }

    // The device takes a few blocks at a time, so that the core sees how much its client reads.
    void write()
    {
        constexpr qint64 enough = 1024 * 1024;
        if (m_isOver)
            return;
        m_server.core().setNow(now());
        while (waiting() < enough) {
            const QByteArray block = m_connection->takeOutput();
            if (block.isEmpty())
                break;
            m_device->write(block);
        }
        const Connection::End how = m_connection->end();
        if (how == Connection::End::Reset
            || (how != Connection::End::None && m_connection->outputSize() == 0))
            close(how);
        else if (m_device->bytesAvailable() > 0 && m_connection->wantsInput())
            QMetaObject::invokeMethod(
                    this, [this] { read(); }, Qt::QueuedConnection);
    }

    // Hands over what is left to be sent, as far as that goes at once, and closes the device.
    void finish()
    {
        m_isOver = true;
        m_connection->clearFaults(); // or what is to be said might come in pieces, and late
        for (QByteArray block = m_connection->takeOutput(); !block.isEmpty();
             block = m_connection->takeOutput())
            m_device->write(block);
        if (auto *socket = qobject_cast<QAbstractSocket *>(m_device)) {
            socket->flush();
            socket->disconnectFromHost();
        } else {
            m_device->close();
        }
    }

private:
    // What the device has taken and its peer has not. TLS takes everything at once, to encrypt it.
    qint64 waiting() const
    {
        const auto *const socket = qobject_cast<const QSslSocket *>(m_device);
        return m_device->bytesToWrite() + (socket ? socket->encryptedBytesToWrite() : 0);
    }
    void close(Connection::End how)
    {
        auto *const socket = qobject_cast<QAbstractSocket *>(m_device);
        if (how == Connection::End::HalfClose && socket) {
            if (socket->bytesToWrite() == 0)
                closeDirection(socket->socketDescriptor());
            return;
        }
        if (how == Connection::End::Reset) {
            if (socket) {
                socket->flush();
                socket->abort();
            } else
                m_device->close();
            return end();
        }
        if (socket)
            socket->disconnectFromHost(); // once everything is written
        else if (m_device->bytesToWrite() == 0)
            m_device->close();
    }
    void end()
    {
        if (!std::exchange(m_isOver, true))
            m_server.forget(this);
    }

    BrokerServer &m_server;
    QIODevice *const m_device;
    Connection *const m_connection;
    bool m_isOver = false;
};

BrokerServer::BrokerServer(BrokerSettings settings, quint32 seed)
    : m_core(std::move(settings), now(), quint64(QDateTime::currentSecsSinceEpoch()), seed)
    , m_timer(this) // which makes it move to another thread with the server
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        m_core.timeout(now());
        pump();
    });
}

BrokerServer::~BrokerServer() = default;

quint16 BrokerServer::listen(quint16 port)
{
    return listenWith(port, [this](qintptr descriptor) {
        auto *const socket = new QTcpSocket;
        socket->setSocketDescriptor(descriptor);
        serve(socket);
    });
}

quint16 BrokerServer::listenTls(quint16 port, const QSslConfiguration &configuration)
{
    return listenWith(port, [this, configuration](qintptr descriptor) {
        acceptTls(descriptor, configuration);
    });
}

quint16 BrokerServer::listenWith(quint16 port, Listener::Accept accept)
{
    auto listener = std::make_unique<Listener>(std::move(accept), this);
    listener->setListenBacklogSize(1024);
    if (!listener->listen(QHostAddress::LocalHost, port)) {
        m_errorString = QStringLiteral("port %1 of 127.0.0.1 cannot be used: %2")
                                .arg(port)
                                .arg(listener->errorString());
        return 0;
    }
    const quint16 used = listener->serverPort();
    m_listeners.push_back(std::move(listener));
    return used;
}

void BrokerServer::stop()
{
    m_listeners.clear();
    qDeleteAll(findChildren<QSslSocket *>(QString(),
                                          Qt::FindDirectChildrenOnly)); // that have no TLS yet
    m_core.restart(BrokerCore::Stop::Orderly, now());
    for (const auto &[connection, link] : std::exchange(m_links, {})) {
        link->finish();
        connection->lost(now());
        m_core.forget(connection);
    }
    setTimer();
    if (m_onActivity)
        m_onActivity();
}

// The name in a client's certificate is known once TLS is there, which is before any byte of AMQP.
void BrokerServer::acceptTls(qintptr descriptor, const QSslConfiguration &configuration)
{
    auto *const socket = new QSslSocket(this);
    socket->setSslConfiguration(configuration);
    if (!socket->setSocketDescriptor(descriptor)
        || qsizetype(m_links.size()) + m_greeting >= m_core.settings().maxConnections) {
        delete socket;
        return;
    }
    ++m_greeting;
    connect(socket, &QObject::destroyed, this, [this] { --m_greeting; });
    if (configuration.peerVerifyMode() == QSslSocket::AutoVerifyPeer) {
        // A client needs no certificate, but one that it has must be good: its name may be that of a user.
        socket->setPeerVerifyMode(QSslSocket::VerifyPeer);
        connect(socket, &QSslSocket::sslErrors, socket, [socket](const QList<QSslError> &errors) {
            if (errors.size() == 1 && errors.constFirst().error() == QSslError::NoPeerCertificate)
                socket->ignoreSslErrors(errors);
        });
    }
    connect(socket, &QSslSocket::encrypted, this, [this, socket] {
        PeerInfo peer;
        peer.isTls = true;
        if (socket->sslHandshakeErrors().isEmpty()) // else it was not verified
            peer.certificateName = socket->peerCertificate()
                                           .subjectInfo(QSslCertificate::CommonName)
                                           .value(0)
                                           .toUtf8();
        socket->disconnect(this);
        --m_greeting;
        serve(socket, peer);
    });
    connect(socket, &QSslSocket::disconnected, socket, &QObject::deleteLater);
    connect(socket, &QSslSocket::errorOccurred, socket,
            [socket](QAbstractSocket::SocketError error) {
                if (socket->isEncrypted())
                    return;
                if (error
                    == QAbstractSocket::SslInternalError) // such as the key of another certificate
                    qWarning("QAmqpTestBroker: TLS does not work: %s",
                             qPrintable(socket->errorString()));
                socket->abort();
            });
    QTimer::singleShot(m_core.settings().handshakeTimeout, socket, [socket] {
        if (!socket->isEncrypted())
            socket->abort();
    });
    const auto begin = [socket] {
        constexpr char handshake = 0x16;
        constexpr char alert[] = "\x15\x03\x03\x00\x02\x02\x0a"; // fatal: unexpected message
        const QByteArray first = socket->peek(1);
        if (first.isEmpty())
            return;
        disconnect(socket, &QSslSocket::readyRead, nullptr, nullptr);
        if (first.at(0) == handshake)
            return socket->startServerEncryption();
        socket->write(alert, sizeof alert - 1);
        socket->disconnectFromHost();
    };
    connect(socket, &QSslSocket::readyRead, socket, begin); // Qt would hang up without a word
    begin();
}

bool BrokerServer::serve(QIODevice *device, const PeerInfo &peer)
{
    Connection *const connection = m_core.accept(peer, now());
    if (!connection) {
        device->close();
        device->deleteLater();
        return false;
    }
    auto link = std::make_unique<Link>(*this, device, connection);
    Link *const added = link.get();
    m_links[connection] = std::move(link);
    added->read();
    pump();
    return true;
}

void BrokerServer::forget(Link *link)
{
    Connection *const connection = link->connection();
    const auto it = m_links.find(connection);
    if (it == m_links.end())
        return;
    it->second.release()->deleteLater(); // it may be the one that calls this
    m_links.erase(it);
    connection->lost(now());
    m_core.forget(connection);
    pump();
}

// Writing may make a device say something, which asks for this again.
void BrokerServer::pump()
{
    if (std::exchange(m_isPumping, true))
        return;
    for (auto ready = m_core.takeReady(); !ready.empty(); ready = m_core.takeReady()) {
        for (Connection *connection : ready) {
            if (const auto it = m_links.find(connection); it != m_links.end())
                it->second->write();
        }
    }
    m_isPumping = false;
    setTimer();
    if (m_onActivity)
        m_onActivity();
}

void BrokerServer::setTimer()
{
    const auto next = m_core.nextTimeout();
    if (!next)
        return m_timer.stop();
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - now());
    m_timer.start(
            std::clamp(wait, std::chrono::milliseconds(0), std::chrono::milliseconds(60'000)));
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
