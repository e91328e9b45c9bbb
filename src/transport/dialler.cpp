// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/dialler.h"

#include "transport/nativesocket.h"
#include "values/errorkinds.h"

#include <QtCore/qcoreevent.h>
#include <QtCore/qpointer.h>
#include <QtCore/qset.h>
#include <QtCore/qsocketnotifier.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtNetwork/qhostaddress.h>
#include <QtNetwork/qsslsocket.h>

#include <algorithm>
#include <array>
#include <cerrno>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;

constexpr auto AttemptDelay = std::chrono::milliseconds(250); // RFC 8305 §5

QString endpointText(const QAmqpEndpoint &endpoint, const QString &address)
{
    const QString text = formatted(endpoint.hostName.contains(u':') ? u"[%1]:%2" : u"%1:%2",
                                   endpoint.hostName, endpoint.port);
    if (address.isEmpty() || address == endpoint.hostName)
        return text;
    return formatted(u"%1 (%2)", text, address);
}

// Returns the first proxy for this host by the rules of Qt that can be used.
static QNetworkProxy proxyFor(const QAmqpEndpoint &endpoint)
{
    if (endpoint.proxy.type() != QNetworkProxy::DefaultProxy)
        return endpoint.proxy;
    const QNetworkProxyQuery query(endpoint.hostName, endpoint.port);
    const QList<QNetworkProxy> proxies = QNetworkProxyFactory::proxyForQuery(query);
    const auto tunnels = [](const QNetworkProxy &proxy) {
        return proxy.type() == QNetworkProxy::NoProxy
                || proxy.capabilities().testFlag(QNetworkProxy::TunnelingCapability);
    };
    const auto proxy = std::find_if(proxies.begin(), proxies.end(), tunnels);
    return proxy == proxies.end() ? QNetworkProxy(QNetworkProxy::NoProxy) : *proxy;
}

// Returns addresses of the two families by turns, and begins with the family of the first, as the system has
// sorted them.
static QStringList interleaved(const QList<QHostAddress> &addresses)
{
    std::array<QStringList, 2> families;
    for (const QHostAddress &address : addresses) {
        const bool other = address.protocol() != addresses.constFirst().protocol();
        families[other].append(address.toString());
    }
    QStringList all;
    for (qsizetype i = 0; i < addresses.size(); ++i) {
        for (const QStringList &family : families) {
            if (i < family.size())
                all.append(family.at(i));
        }
    }
    return all;
}

// Stands in for a callback of QHostInfo, which Qt 6.4 never frees if the lookup is given up.
class Lookup final : public QObject
{
    Q_OBJECT
public:
    Lookup(std::function<void(const QHostInfo &)> done, QObject *parent)
        : QObject(parent), m_done(std::move(done))
    {
    }

public Q_SLOTS:
    void found(const QHostInfo &info)
    {
        deleteLater();
        const auto done = std::move(m_done); // it may delete the parent, and so this object
        done(info);
    }

private:
    std::function<void(const QHostInfo &)> m_done;
};

static int lookUp(const QString &hostName, QObject *receiver,
                  const std::function<void(const QHostInfo &)> &done)
{
    return QHostInfo::lookupHost(hostName, new Lookup(done, receiver), SLOT(found(QHostInfo)));
}

// Returns what Qt calls an error of the system.
static QAbstractSocket::SocketError socketErrorOf(int error)
{
    switch (error) {
    case ECONNREFUSED: return QAbstractSocket::ConnectionRefusedError;
    case ECONNRESET: return QAbstractSocket::RemoteHostClosedError;
    case ETIMEDOUT: return QAbstractSocket::SocketTimeoutError;
    case EHOSTUNREACH:
    case ENETUNREACH: return QAbstractSocket::NetworkError;
    case EACCES:
    case EPERM: return QAbstractSocket::SocketAccessError;
    default: return QAbstractSocket::UnknownSocketError;
    }
}

// Makes a socket connect only once. Qt 6.4 tries each address twice. Besides, it takes a connection that the
// peer has reset for one that is under way: whenever the socket is ready it calls connect() again, and so
// makes one connection after another. A socket becomes ready once, when its attempt is over. So this keeps a
// failure from Qt and emits failed() instead.
//
// Qt learns of readiness by notifiers, which are children of the socket at some depth. With a proxy they are
// about the way to the proxy, whose errors are for Qt to explain. Then only another attempt is kept from Qt.
class OneConnect final : public QObject
{
    Q_OBJECT
public:
    OneConnect(QTcpSocket *socket, bool direct) : QObject(socket), m_direct(direct)
    {
        socket->installEventFilter(this);
    }

    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() == QEvent::ChildAdded)
            static_cast<QChildEvent *>(event)->child()->installEventFilter(this);
        auto *notifier = event->type() == QEvent::SockAct ? qobject_cast<QSocketNotifier *>(watched)
                                                          : nullptr;
        if (!notifier || !isConnecting(watched))
            return false;
        int error = m_direct ? takeError(notifier->socket()) : 0;
        if (error == 0 && m_ready.contains(watched))
            error = ECONNRESET;
        if (!m_ready.contains(watched)) {
            m_ready.insert(watched);
            // The next notifier, for another address of the proxy, may well get the same memory.
            connect(watched, &QObject::destroyed, this,
                    [this](const QObject *gone) { m_ready.remove(gone); });
        }
        if (error == 0)
            return false;
        notifier->setEnabled(false);
        Q_EMIT failed(error);
        return true;
    }

Q_SIGNALS:
    void failed(int error);

private:
    static bool isConnecting(const QObject *notifier)
    {
        const QObject *owner = notifier->parent();
        while (owner && !qobject_cast<const QAbstractSocket *>(owner))
            owner = owner->parent();
        return owner
                && static_cast<const QAbstractSocket *>(owner)->state()
                == QAbstractSocket::ConnectingState;
    }

    const bool m_direct;
    QSet<const QObject *> m_ready; // the notifiers that were ready before
};

Dialler::Dialler(QAmqpEndpoint endpoint, Resolver resolver, Done done)
    : m_endpoint(std::move(endpoint))
    , m_resolver(resolver ? std::move(resolver) : lookUp)
    , m_done(std::move(done))
{
    connect(QThread::currentThread(), &QThread::finished, this, &Dialler::stop,
            Qt::DirectConnection);
}

Dialler::~Dialler()
{
    if (m_lookup >= 0)
        QHostInfo::abortHostLookup(m_lookup);
}

// Runs when the thread ends, since its timers cannot be stopped later.
void Dialler::stop()
{
    m_resolveTimer.stop();
    m_nextTimer.stop();
    for (const Racer &racer : std::exchange(m_racing, {}))
        drop(racer.socket);
}

void Dialler::start(const QStringList &addresses)
{
    m_addresses = addresses;
    if (addresses.isEmpty()) {
        m_proxy = proxyFor(m_endpoint);
        if (m_proxy.type() == QNetworkProxy::NoProxy && QHostAddress(m_endpoint.hostName).isNull())
            return resolve();
        m_addresses = {m_endpoint.hostName};
    }
    dialNext();
}

void Dialler::resolve()
{
    if (m_endpoint.options.resolveTimeout().count() > 0)
        m_resolveTimer.start(int(m_endpoint.options.resolveTimeout().count()), this);
    m_lookup = m_resolver(m_endpoint.hostName, this,
                          [this](const QHostInfo &info) { resolved(info); });
}

void Dialler::resolved(const QHostInfo &info)
{
    if (std::exchange(m_lookup, -1) < 0)
        return; // the lookup was given up
    m_resolveTimer.stop();
    if (info.addresses().isEmpty()) {
        const bool unknown = info.error() == QHostInfo::HostNotFound;
        return giveUp(
                {unknown ? QAbstractSocket::HostNotFoundError : QAbstractSocket::UnknownSocketError,
                 {},
                 info.errorString()});
    }
    m_addresses = interleaved(info.addresses());
    dialNext();
}

void Dialler::timerEvent(QTimerEvent *event)
{
    if (event->timerId() == m_nextTimer.timerId())
        return dialNext();
    m_resolveTimer.stop();
    QHostInfo::abortHostLookup(std::exchange(m_lookup, -1));
    giveUp({QAbstractSocket::SocketTimeoutError,
            {},
            formatted(u"its name was not resolved within %1 ms",
                      m_endpoint.options.resolveTimeout().count()),
            true});
}

void Dialler::dialNext()
{
    m_nextTimer.stop();
    auto *socket = m_endpoint.tls ? new QSslSocket(this) : new QTcpSocket(this);
    const QString address = m_addresses.takeFirst();
    m_racing.append({socket, address});
    socket->setProxy(m_proxy);
    connect(socket, &QTcpSocket::connected, this, [this, socket] { won(socket); });
    connect(socket, &QTcpSocket::errorOccurred, this, [=, this] {
        lost(socket, {socket->error(), address, socket->errorString()});
    });
    const auto failed = [=, this](int error) {
        lost(socket, {socketErrorOf(error), address, qt_error_string(error)});
    };
    // The connection is queued because the socket must not be dropped while it handles an event.
    connect(new OneConnect(socket, m_proxy.type() == QNetworkProxy::NoProxy), &OneConnect::failed,
            this, failed, Qt::QueuedConnection);
    if (const auto limit = m_endpoint.options.connectTimeout(); limit.count() > 0) {
        QTimer::singleShot(limit, this, [=, this, attempt = QPointer<QTcpSocket>(socket)] {
            const QString why = formatted(u"no answer within %1 ms", limit.count());
            lost(attempt, {QAbstractSocket::SocketTimeoutError, address, why, true});
        });
    }
    if (!m_addresses.isEmpty())
        m_nextTimer.start(int(AttemptDelay.count()), this);
    // What Qt buffers costs a copy and system calls that switch its notifiers. But a QSslSocket cannot do without,
    // and when a proxy ends a connection, Qt drops what its buffer has not taken from the way to the proxy.
    const bool buffered = m_endpoint.tls || m_proxy.type() != QNetworkProxy::NoProxy;
    socket->connectToHost(address, m_endpoint.port,
                          buffered ? QIODevice::ReadWrite
                                   : QIODevice::ReadWrite | QIODevice::Unbuffered);
}

// Other attempts that have not ended may still be of use: their addresses come before those not tried yet.
void Dialler::won(QTcpSocket *socket)
{
    m_nextTimer.stop();
    leaveRace(socket);
    QStringList slower;
    for (const auto &[loser, address] : std::exchange(m_racing, {})) {
        slower.append(address);
        drop(loser);
    }
    m_addresses = slower + m_addresses;
    socket->disconnect(this);
    socket->setParent(nullptr);
    delete socket->findChild<OneConnect *>(QString(), Qt::FindDirectChildrenOnly);
    m_done(std::unique_ptr<QTcpSocket>(socket), {});
}

bool Dialler::leaveRace(const QTcpSocket *socket)
{
    return m_racing.removeIf([socket](const Racer &racer) { return racer.socket == socket; }) > 0;
}

// The socket is not deleted at once, since one of its signals may be what led here.
void Dialler::drop(QTcpSocket *socket)
{
    socket->disconnect(this);
    socket->setParent(nullptr);
    socket->abort();
    socket->deleteLater();
}

void Dialler::lost(QTcpSocket *socket, const Failure &failure)
{
    if (!leaveRace(socket))
        return; // the socket was dropped before
    drop(socket);
    if (m_addresses.isEmpty() && m_racing.isEmpty())
        return giveUp(failure);
    m_failures.append(failure);
    if (!m_addresses.isEmpty())
        dialNext();
}

QAmqpError Dialler::errorOf(const Failure &failure) const
{
    const bool isLate = failure.code == QAbstractSocket::SocketTimeoutError;
    return QAmqpError(isLate ? Kind::Timeout : Kind::HostUnreachable, QAmqpError::Scope::Connection,
                      failure.isOwnLimit ? QAmqpError::Origin::Library
                                         : QAmqpError::Origin::Transport,
                      formatted(u"%1 cannot be reached: %2",
                                endpointText(m_endpoint, failure.address), failure.why))
            .setPhase(m_failures.constFirst().address.isEmpty() ? QAmqpError::Phase::Resolving
                                                                : QAmqpError::Phase::Connecting)
            .setSocketError(failure.code);
}

QString Dialler::adviceOn(const Failure &failure) const
{
    if (failure.address.isEmpty() && failure.isOwnLimit)
        return QStringLiteral("; check the host name and the name server");
    if (failure.address.isEmpty())
        return QStringLiteral("; check the host name");
    if (failure.code == QAbstractSocket::ConnectionRefusedError)
        return QStringLiteral("; check that the broker runs and listens on this port");
    if (m_proxy.type() != QNetworkProxy::NoProxy)
        return formatted(u"; check the proxy %1:%2", m_proxy.hostName(), m_proxy.port());
    if (failure.code == QAbstractSocket::RemoteHostClosedError)
        return QStringLiteral("; check that there is a broker behind this port");
    if (failure.code == QAbstractSocket::SocketTimeoutError)
        return QStringLiteral("; check host, port and firewall");
    return {};
}

QList<QAmqpError> Dialler::failures() const
{
    QList<QAmqpError> errors;
    for (const Failure &failure : m_failures)
        errors.append(errorOf(failure));
    return errors;
}

// The error has what all failures have in common. If there were several, it lists each with its address.
void Dialler::giveUp(const Failure &failure)
{
    m_failures.append(failure);
    Failure all = failure;
    all.address.clear();
    QStringList causes;
    for (const Failure &one : std::as_const(m_failures)) {
        causes.append(m_failures.size() == 1 ? one.why
                                             : one.address + QStringLiteral(": ") + one.why);
        all.isOwnLimit = all.isOwnLimit && one.isOwnLimit;
        if (one.code != all.code)
            all.code = QAbstractSocket::UnknownSocketError;
    }
    all.why = causes.join(u", ") + adviceOn(failure);
    m_done({}, errorOf(all).setAttempts(failures()));
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#include "dialler.moc"
