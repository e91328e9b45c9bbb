#include "transport/dialler.h"

#include "values/errorkinds.h"

#include <QtCore/qcoreevent.h>
#include <QtCore/qpointer.h>
#include <QtCore/qtimer.h>
#include <QtNetwork/qhostaddress.h>
#include <QtNetwork/qsslsocket.h>

#include <algorithm>
#include <array>

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

// The first proxy that Qt's rules give for this host, or none.
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

// In turns of the two families, the first address' own first: that order is the system's choice.
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

// Not QHostInfo's own callback: Qt 6.4 never frees that of a lookup which is given up.
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
        const auto done = std::move(m_done); // which may delete the parent, and so this
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

Dialler::Dialler(QAmqpEndpoint endpoint, Resolver resolver, Done done)
    : m_endpoint(std::move(endpoint))
    , m_resolver(resolver ? std::move(resolver) : lookUp)
    , m_done(std::move(done))
{
}

Dialler::~Dialler()
{
    if (m_lookup >= 0)
        QHostInfo::abortHostLookup(m_lookup);
}

void Dialler::start()
{
    m_proxy = proxyFor(m_endpoint);
    if (m_proxy.type() == QNetworkProxy::NoProxy && QHostAddress(m_endpoint.hostName).isNull())
        return resolve();
    m_addresses = {m_endpoint.hostName};
    dialNext();
}

void Dialler::resolve()
{
    if (m_endpoint.resolveTimeout.count() > 0)
        m_resolveTimer.start(int(m_endpoint.resolveTimeout.count()), this);
    m_lookup = m_resolver(m_endpoint.hostName, this,
                          [this](const QHostInfo &info) { resolved(info); });
}

void Dialler::resolved(const QHostInfo &info)
{
    if (std::exchange(m_lookup, -1) < 0)
        return; // it was given up
    m_resolveTimer.stop();
    if (info.addresses().isEmpty()) {
        m_failures.append({Kind::HostUnreachable, {}, info.errorString()});
        return giveUp(QAmqpError::Phase::Resolving, QStringLiteral("; check the host name"));
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
    m_failures.append({Kind::Timeout,
                       {},
                       formatted(u"its name was not resolved within %1 ms",
                                 m_endpoint.resolveTimeout.count())});
    giveUp(QAmqpError::Phase::Resolving,
           QStringLiteral("; check the host name and the name server"));
}

void Dialler::dialNext()
{
    m_nextTimer.stop();
    auto *socket = m_endpoint.tls ? new QSslSocket(this) : new QTcpSocket(this);
    m_racing.append(socket);
    socket->setProxy(m_proxy);
    connect(socket, &QTcpSocket::connected, this, [this, socket] { won(socket); });
    connect(socket, &QTcpSocket::errorOccurred, this, [this, socket] {
        const bool late = socket->error() == QAbstractSocket::SocketTimeoutError;
        lost(socket, late ? Kind::Timeout : Kind::HostUnreachable, socket->errorString());
    });
    if (m_endpoint.connectTimeout.count() > 0) {
        const auto late = [this, attempt = QPointer<QTcpSocket>(socket)] {
            if (m_racing.contains(attempt))
                lost(attempt, Kind::Timeout,
                     formatted(u"no answer within %1 ms", m_endpoint.connectTimeout.count()));
        };
        QTimer::singleShot(m_endpoint.connectTimeout, this, late);
    }
    const QString address = m_addresses.takeFirst();
    if (!m_addresses.isEmpty())
        m_nextTimer.start(int(AttemptDelay.count()), this);
    socket->connectToHost(address, m_endpoint.port);
}

void Dialler::won(QTcpSocket *socket)
{
    m_nextTimer.stop();
    m_racing.removeOne(socket);
    for (QTcpSocket *loser : std::exchange(m_racing, {}))
        drop(loser);
    socket->disconnect(this);
    socket->setParent(nullptr);
    m_done(std::unique_ptr<QTcpSocket>(socket), {});
}

// Not deleted at once: it may be telling us something just now.
void Dialler::drop(QTcpSocket *socket)
{
    socket->disconnect(this);
    socket->setParent(nullptr);
    socket->abort();
    socket->deleteLater();
}

void Dialler::lost(QTcpSocket *socket, Kind kind, const QString &why)
{
    QString advice;
    if (socket->error() == QAbstractSocket::ConnectionRefusedError)
        advice = QStringLiteral("; check that the broker runs and listens on this port");
    else if (m_proxy.type() != QNetworkProxy::NoProxy)
        advice = formatted(u"; check the proxy %1:%2", m_proxy.hostName(), m_proxy.port());
    else if (kind == Kind::Timeout)
        advice = QStringLiteral("; check host, port and firewall");
    m_failures.append({kind, socket->peerName(), why});
    m_racing.removeOne(socket);
    drop(socket);
    if (!m_addresses.isEmpty())
        dialNext();
    else if (m_racing.isEmpty())
        giveUp(QAmqpError::Phase::Connecting, advice);
}

// The failures differ by their addresses, unless there was but one.
void Dialler::giveUp(QAmqpError::Phase phase, const QString &advice)
{
    const bool allLate = std::all_of(m_failures.begin(), m_failures.end(),
                                     [](const Failure &f) { return f.kind == Kind::Timeout; });
    const auto unreachable = [&](Kind kind, const QString &address, const QString &why) {
        return QAmqpError(kind, QAmqpError::Scope::Connection, QAmqpError::Origin::Transport,
                          formatted(u"%1 cannot be reached: %2", endpointText(m_endpoint, address),
                                    why))
                .setPhase(phase);
    };
    QStringList causes;
    QList<QAmqpError> attempts;
    for (const Failure &failure : std::as_const(m_failures)) {
        causes.append(m_failures.size() == 1
                              ? failure.why
                              : failure.address + QStringLiteral(": ") + failure.why);
        attempts.append(unreachable(failure.kind, failure.address, failure.why));
    }
    m_done({},
           unreachable(allLate ? Kind::Timeout : Kind::HostUnreachable, {},
                       causes.join(u", ") + advice)
                   .setAttempts(attempts));
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#include "dialler.moc"
