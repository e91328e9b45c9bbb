// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqpconnectionoptions.h>

#include "values/bytes.h"
#include "values/connectionoptiontable.h"
#include "values/errorkinds.h"
#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>
#include <QtCore/qurl.h>

#include <algorithm>
#include <memory>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

/*!
    \class QAmqpConnectionOptions
    \inmodule QtAmqp
    \brief Where a connection goes and how it behaves.

    The defaults fit a RabbitMQ broker on the local host. Setters return the object, so that they can
    be chained, and never fail: options that cannot work say so in errorString(), and
    QAmqpConnection::open() refuses them with InvalidArgument before any byte is sent.

    \snippet snippets.cpp options

    A timeout may be up to 2147483647 ms long; 0 switches it off.
    Options are implicitly shared and reentrant; two are equal if everything that was set is equal.
*/

/*!
    \class QAmqpHost
    \inmodule QtAmqp
    \inheaderfile QAmqpConnectionOptions
    \brief A host to connect to.

    \c hostName is a name or an IP address, without brackets; \c port is a TCP port, or 0, the
    default, for the usual one: 5672, or 5671 with TLS.

    \sa QAmqpConnectionOptions::setHosts()
*/

// If no host was set, the list that was set is empty, so that addHost() does not keep the local host.
struct HostList
{
    QList<QAmqpHost> set;

    QList<QAmqpHost> all() const
    {
        return set.isEmpty() ? QList<QAmqpHost>{{u"localhost"_s, 0}} : set;
    }
    QAmqpHost &first()
    {
        set = all();
        return set.first();
    }
    bool operator==(const HostList &other) const { return all() == other.all(); }
};

#define QTAMQP_MEMBER(Type, getter, setter, byDefault, ...) Type getter = Type(byDefault);

class QAmqpConnectionOptionsPrivate : public SharedValue
{
public:
    QTAMQP_NUMBER_OPTIONS(QTAMQP_MEMBER)
    QTAMQP_TEXT_OPTIONS(QTAMQP_MEMBER)
    HostList hosts;
    bool isHostsShuffled = false;
    bool isTlsEnabled = false;
    bool isPeerVerificationEnabled = true;
    bool isKeepAliveEnabled = false;
    QAmqpCredentials credentials;
    QAmqpTable clientProperties;
    // Functions cannot be compared, so two options are equal only if they share the same ones.
    std::shared_ptr<QAmqpConnectionOptions::HeartbeatTuner> heartbeatTuner;
    std::shared_ptr<QAmqpConnectionOptions::RecoveryFilter> recoveryFilter;
    QAmqpRetryPolicy retryPolicy;
    bool isRecoveryEnabled = true;
    QAmqpRetryPolicy recoveryPolicy = QAmqpRetryPolicy::endless();
    QAmqpConnectionOptions::TopologyRecovery topologyRecovery =
            QAmqpConnectionOptions::TopologyRecovery::All;
    QString urlError;

    bool operator==(const QAmqpConnectionOptionsPrivate &) const = default;
};

namespace {

bool isHostName(const QString &name)
{
    // A single colon would precede a port, while an IPv6 address has at least two colons.
    return !name.isEmpty() && name.size() <= 255 && name.count(u':') != 1
            && std::none_of(name.begin(), name.end(), [](QChar c) {
                   return c <= u' ' || c == u'\x7f' || u"/@[]?#\\"_s.contains(c);
               });
}

QString hostError(const QList<QAmqpHost> &hosts)
{
    const auto isGood = [](const QAmqpHost &host) { return isHostName(host.hostName); };
    return std::all_of(hosts.begin(), hosts.end(), isGood)
            ? QString()
            : u"The host is neither a host name nor an address; a port is set with setPort(), a URL is "
              "read by fromUrl()."_s;
}

QString recoveryError(const QString &error)
{
    return error.isEmpty() ? error : u"The recovery policy cannot work. %1"_s.arg(error);
}

QString propertiesError(const QString &error)
{
    return error.isEmpty() ? error : u"The client properties cannot be sent: %1."_s.arg(error);
}

QString textError(const QString &text, const QString &byDefault, const char *name, const char *key,
                  bool wantsTls)
{
    if (!byDefault.isEmpty() && (text.isEmpty() || text.toUtf8().size() > MaxShortString))
        return formatted(u"The %1 must have 1 to 255 bytes of UTF-8; the usual one is \"%2\".",
                         name, byDefault);
    if (wantsTls && !text.isEmpty())
        return formatted(u"The %1 (%2) is set without TLS; enable TLS, in a URL by amqps://.", name,
                         key);
    return {};
}

QString tlsError(const QAmqpConnectionOptionsPrivate &options)
{
    if (!options.isTlsEnabled) // then textError() finds whatever is set
        return {};
    if (options.certificateFile.isEmpty() != options.privateKeyFile.isEmpty()) {
        return u"The certificate file (certfile) and the private key file (keyfile) must be set both; "
               "they may name one file."_s;
    }
    if (!options.privateKeyPassword.isEmpty() && options.privateKeyFile.isEmpty())
        return u"A password of the private key (password) is set without its file (keyfile)."_s;
    if (!options.peerVerifyName.isEmpty() && !isHostName(options.peerVerifyName))
        return u"The peer name (server_name_indication) is not a host name."_s;
    return {};
}

} // namespace

/*! \fn QAmqpConnectionOptions::QAmqpConnectionOptions()
    Makes options for the broker on the local host, with all defaults. */
QTAMQP_VALUE(QAmqpConnectionOptions)

#define QTAMQP_OPTION(Type, getter, setter, ...) \
  QTAMQP_FIELD(QAmqpConnectionOptions, Type, getter, setter)
QTAMQP_NUMBER_OPTIONS(QTAMQP_OPTION)
QTAMQP_TEXT_OPTIONS(QTAMQP_OPTION)

/*!
    Makes options from a \a url of the form
    \c{amqp[s]://[user[:password]@][host][:port][,host[:port]…][/vhost][?key=value&…]}.

    Every part except the scheme may be missing, and then keeps its default. A user name without a password
    has an empty password. The virtual host "/" is named by the path /%2F, by / and by no path. All parts are
    percent-decoded, a + stands for itself, and an IPv6 address is written in brackets.

    \table
    \header \li Key \li Sets \li Value
    \row \li heartbeat \li setHeartbeat() \li a whole number of seconds from 0 (off) to 65535
    \row \li channel_max \li setChannelMax() \li a whole number from 0 (the server's choice) to 65535
    \row \li frame_max \li setFrameMax()
         \li 0 (the server's choice) or a whole number of bytes from 4096 to 4294967295
    \row \li socket_timeout \li setConnectTimeout()
         \li a number of seconds from 0 (off) to 2147483, such as 2.5
    \row \li stack_timeout \li setHandshakeTimeout()
         \li a number of seconds from 0 (off) to 2147483, such as 2.5
    \row \li blocked_connection_timeout \li setBlockedConnectionTimeout()
         \li a number of seconds from 0 (off) to 2147483, such as 2.5
    \row \li tcp_keepidle \li setKeepAliveIdle()
         \li a whole number of seconds from 0 (the system's choice) to 32767
    \row \li tcp_keepintvl \li setKeepAliveInterval()
         \li a whole number of seconds from 0 (the system's choice) to 32767
    \row \li tcp_keepcnt \li setKeepAliveCount()
         \li a whole number of probes from 0 (the system's choice) to 127
    \row \li tcp_user_timeout \li setTcpUserTimeout()
         \li a whole number of milliseconds from 0 (the system's choice) to 2147483647
    \row \li locale \li setLocale() \li a locale such as en_US
    \row \li connection_name \li setConnectionName() \li a name
    \row \li cacertfile \li setCaCertificateFile() \li a file name, with amqps only
    \row \li certfile \li setCertificateFile() \li a file name, with amqps only
    \row \li keyfile \li setPrivateKeyFile() \li a file name, with amqps only
    \row \li password \li setPrivateKeyPassword() \li the key file's password, with amqps only
    \row \li server_name_indication \li setPeerVerifyName() \li a host name, with amqps only
    \row \li connection_timeout \li setConnectTimeout()
         \li a whole number of milliseconds from 0 (off) to 2147483647
    \row \li connection_attempts \li setRetryPolicy() \li a whole number from 0 (without end) to 2147483647
    \row \li retry_delay \li setRetryPolicy() \li a number of seconds from 0 to 2147483, such as 2.5
    \row \li recovery \li setRecoveryEnabled() \li on or off
    \row \li recovery_attempts \li setRecoveryPolicy()
         \li a whole number from 0 (without end) to 2147483647
    \row \li recovery_delay \li setRecoveryPolicy() \li a number of seconds from 0 to 2147483, such as 2.5
    \row \li topology_recovery \li setTopologyRecovery() \li none, consumers or all
    \row \li auth_mechanism \li setCredentials() \li plain, amqplain or external
    \row \li verify \li setPeerVerificationEnabled() \li verify_peer or verify_none, with amqps only
    \endtable

    The keys are those of Pika and of RabbitMQ's URI query parameters, but for connection_name and those of the
    recovery, which are this library's own. With retry_delay all delays between attempts are the same, as in
    Pika, and so they are with recovery_delay. With external a URL has no user name, since the broker takes it
    from the certificate.

    Reading is strict: a key that is unknown or not supported, that comes twice or has no value, a number out
    of range, or a second path segment are errors. Then the options returned are the defaults, and their
    errorString() says what is wrong. It names the key and never contains a password. If \a error is not null,
    it is set to InvalidArgument with the scope Connection and the same text, and on success to no error.

    \sa {https://www.rabbitmq.com/uri-spec.html}, {https://www.rabbitmq.com/uri-query-parameters.html}
*/
QAmqpConnectionOptions QAmqpConnectionOptions::fromUrl(const QString &url, QAmqpError *error)
{
    QAmqpConnectionOptions options;
    const QString text = readConnectionUrl(url, options);
    if (!text.isEmpty()) {
        options = {};
        edit(options.d).urlError = text;
    }
    if (error) {
        *error = text.isEmpty() ? QAmqpError()
                                : invalidArgument(text).setScope(QAmqpError::Scope::Connection);
    }
    return options;
}

/*!
    \overload
    An invalid QUrl no longer has its text, so the error cannot say what was wrong with it. A QUrl cannot hold
    several hosts with ports.
*/
QAmqpConnectionOptions QAmqpConnectionOptions::fromUrl(const QUrl &url, QAmqpError *error)
{
    return fromUrl(QString::fromLatin1(url.toEncoded(QUrl::FullyEncoded)), error);
}

/*! Returns the hosts to try; localhost by default. A port of 0 stands for the usual one. */
QList<QAmqpHost> QAmqpConnectionOptions::hosts() const { return peek(d).hosts.all(); }

/*! Sets the \a hosts to try, one after the other, until one lets the connection open. An empty list stands
    for localhost. The hosts should be nodes of one cluster, since all other options count for each. */
QAmqpConnectionOptions &QAmqpConnectionOptions::setHosts(const QList<QAmqpHost> &hosts)
{
    edit(d).hosts.set = hosts;
    return *this;
}

/*! Appends a host of \a hostName and \a port to those that were set, if any were. */
QAmqpConnectionOptions &QAmqpConnectionOptions::addHost(const QString &hostName, quint16 port)
{
    edit(d).hosts.set.append({hostName, port});
    return *this;
}

/*! \fn bool QAmqpConnectionOptions::isHostsShuffled() const
    Returns whether the hosts are tried in random order; off by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHostsShuffled(bool shuffled)
    Tries the hosts in a new random order at each attempt if \a shuffled, which spreads many clients
    over the nodes of a cluster. */
QTAMQP_FIELD(QAmqpConnectionOptions, bool, isHostsShuffled, setHostsShuffled)

/*! Returns the first host's name or address; the default is localhost. */
QString QAmqpConnectionOptions::hostName() const { return hosts().constFirst().hostName; }

/*! Sets the first host to \a hostName: a name or an IP address, without brackets or port. */
QAmqpConnectionOptions &QAmqpConnectionOptions::setHostName(const QString &hostName)
{
    edit(d).hosts.first().hostName = hostName;
    return *this;
}

/*! Returns the first host's TCP port: the one that was set, else 5672, or 5671 with TLS. */
quint16 QAmqpConnectionOptions::port() const
{
    if (const quint16 port = hosts().constFirst().port)
        return port;
    return isTlsEnabled() ? 5671 : 5672;
}

/*! Sets the first host's TCP \a port; 0, the default, means the usual one, with or without TLS. */
QAmqpConnectionOptions &QAmqpConnectionOptions::setPort(quint16 port)
{
    edit(d).hosts.first().port = port;
    return *this;
}

/*! \fn QString QAmqpConnectionOptions::virtualHost() const
    Returns the virtual host; the default is "/". */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setVirtualHost(const QString &virtualHost)
    Sets the \a virtualHost (AMQP 0-9-1 §1.4.2.7): 1 to 255 bytes of UTF-8. */

/*! \fn QAmqpCredentials QAmqpConnectionOptions::credentials() const
    Returns the credentials; the default is guest, guest. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setCredentials(const QAmqpCredentials &credentials)
    Sets the \a credentials. Without TLS anyone on the way can read them. */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpCredentials, credentials, setCredentials)

/*! \fn bool QAmqpConnectionOptions::isTlsEnabled() const
    Returns whether the connection uses TLS; off by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTlsEnabled(bool enabled)
    Uses TLS if \a enabled. A failure of TLS never falls back to a connection without it. */
QTAMQP_FIELD(QAmqpConnectionOptions, bool, isTlsEnabled, setTlsEnabled)

/*! \fn QString QAmqpConnectionOptions::caCertificateFile() const
    Returns the file of trusted certificates; empty, the default, means the system's. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setCaCertificateFile(const QString &fileName)
    Trusts the certificates in the PEM file \a fileName in place of the system's. Needs TLS. */

/*! \fn QString QAmqpConnectionOptions::certificateFile() const
    Returns the file of the client's certificate; empty, the default, means none. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setCertificateFile(const QString &fileName)
    Shows the broker the certificate in the PEM file \a fileName. Needs TLS and a private key. */

/*! \fn QString QAmqpConnectionOptions::privateKeyFile() const
    Returns the file of the client's private key; empty, the default, means none. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPrivateKeyFile(const QString &fileName)
    Uses the private key in the PEM file \a fileName, of RSA or EC: Qt cannot use Ed25519. Needs TLS
    and a certificate. QAmqpConnection::open() fails with InvalidArgument, before anything is
    connected to, if one of the files cannot be read or the two do not belong together. */

/*! \fn QString QAmqpConnectionOptions::privateKeyPassword() const
    Returns the password of the private key; empty by default. It must never be logged. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPrivateKeyPassword(const QString &password)
    Decrypts the private key with \a password. Needs a private key file. */

/*! \fn QString QAmqpConnectionOptions::peerVerifyName() const
    Returns the name the broker's certificate must be for; empty, the default, means hostName(). */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPeerVerifyName(const QString &hostName)
    Expects a certificate for \a hostName, which is also sent as server name indication. Needs TLS. */

/*! \fn bool QAmqpConnectionOptions::isPeerVerificationEnabled() const
    Returns whether TLS verifies the broker's certificate chain and name; on by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPeerVerificationEnabled(bool enabled)
    Verifies the broker's certificate if \a enabled. \b{Without this anyone on the way can take the
    broker's place} and read the password and all messages: switch it off only in experiments. */
QTAMQP_FIELD(QAmqpConnectionOptions, bool, isPeerVerificationEnabled, setPeerVerificationEnabled)

/*! \fn QString QAmqpConnectionOptions::connectionName() const
    Returns the connection's name; empty by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setConnectionName(const QString &name)
    Sets the \a name that RabbitMQ's tools show; it is sent as client property connection_name. */

/*! \fn QAmqpTable QAmqpConnectionOptions::clientProperties() const
    Returns the application's own client properties; none by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setClientProperties(const QAmqpTable &properties)
    Sets \a properties to send beside the library's own in connection.start-ok (AMQP 0-9-1
    §1.4.2.2). Everyone who may list the broker's connections can read them. */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpTable, clientProperties, setClientProperties)

/*! \fn QString QAmqpConnectionOptions::locale() const
    Returns the locale; the default is en_US, which every broker has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setLocale(const QString &locale)
    Asks for the broker's texts in \a locale: 1 to 255 bytes of UTF-8. */

/*! \fn quint16 QAmqpConnectionOptions::channelMax() const
    Returns the greatest number of channels to agree on; the default is 2047, RabbitMQ's own. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setChannelMax(quint16 channels)
    Agrees on \a channels at most; 0 takes what the server proposes. The lower number of both sides
    counts (AMQP 0-9-1 §1.4.2.6). */

/*! \fn quint32 QAmqpConnectionOptions::frameMax() const
    Returns the greatest frame size to agree on, in bytes; the default is 131072, RabbitMQ's own. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setFrameMax(quint32 bytes)
    Agrees on frames of \a bytes at most: 0 takes what the server proposes, otherwise at least 4096
    (AMQP 0-9-1 §1.4.2.5, frame-min-size); RabbitMQ 4.1 and later want 8192. The lower number of both
    sides counts. */

/*! \fn std::optional<std::chrono::seconds> QAmqpConnectionOptions::heartbeat() const
    Returns the heartbeat interval; not set by default, which takes the server's proposal. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHeartbeat(std::optional<std::chrono::seconds> interval)
    Sets the heartbeat \a interval, 1 to 65535 s. It takes precedence over the server's proposal. 0 s stands
    for no heartbeats, and \c std::nullopt for the interval that the server proposes. A peer that is silent
    for two intervals counts as dead.
    \sa {https://www.rabbitmq.com/heartbeats.html} */

/*! \typedef QAmqpConnectionOptions::HeartbeatTuner
    A function that is given the server's proposal and returns the heartbeat interval to use. */

/*! Returns the function that decides on the heartbeat; none by default. */
QAmqpConnectionOptions::HeartbeatTuner QAmqpConnectionOptions::heartbeatTuner() const
{
    return peek(d).heartbeatTuner ? *peek(d).heartbeatTuner : nullptr;
}

/*!
    Lets \a tuner decide on the heartbeat interval while the connection opens, in place of setHeartbeat(). It
    is given what the server proposes and returns 0 s (off) to 65535 s. If it returns anything else, or
    throws, the connection fails to open, with InvalidArgument. It runs in the connection's thread and must
    not block.
*/
QAmqpConnectionOptions &QAmqpConnectionOptions::setHeartbeatTuner(const HeartbeatTuner &tuner)
{
    edit(d).heartbeatTuner = tuner ? std::make_shared<HeartbeatTuner>(tuner) : nullptr;
    return *this;
}

/*! \fn quint64 QAmqpConnectionOptions::maxMessageSize() const
    Returns the greatest body accepted from the broker, in bytes; the default is 128 MiB. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setMaxMessageSize(quint64 bytes)
    Accepts bodies of up to \a bytes, which must be at least 1. The properties of a message have the same
    limit, but it is never less than 1 MiB nor more than 16 MiB (or frameMax(), if that is more): RabbitMQ
    sends them in one frame however large they are.

    A larger message is dropped while it arrives, so that it needs no memory, and the messages behind it
    arrive as usual. If it was for a consumer, it is rejected without requeue, see
    QAmqpConsumer::messageDiscarded(). QAmqpChannel::get() and QAmqpRpcClient::call() fail with
    LimitExceeded. A message that was returned has no body, and its QAmqpMessage::errorString() says so. */

/*! \fn QAmqpRetryPolicy QAmqpConnectionOptions::retryPolicy() const
    Returns how often and when the first connect is tried again; by default it is tried once. A connection that
    was open and lost its link follows recoveryPolicy(). */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRetryPolicy(const QAmqpRetryPolicy &policy)
    Tries to connect as often as \a policy says. No further attempt is made after an error that would come
    again: refused credentials (unless they have a provider, which is asked once more), a certificate that
    is not trusted, a virtual host that is not allowed, or a peer that does not speak AMQP. */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpRetryPolicy, retryPolicy, setRetryPolicy)

/*! \fn bool QAmqpConnectionOptions::isRecoveryEnabled() const
    Returns whether a connection recovers when its link is lost; on by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRecoveryEnabled(bool enabled)
    Lets a connection that was open recover from the loss of its link if \a enabled: it connects again as
    recoveryPolicy() says, and restores what topologyRecovery() says. Otherwise the loss closes the connection,
    with QAmqpConnection::errorOccurred() and QAmqpConnection::closed(). A connection that has not been open
    yet does not recover; for that there is retryPolicy().
    \sa {Reconnection: what survives and what does not} */
QTAMQP_FIELD(QAmqpConnectionOptions, bool, isRecoveryEnabled, setRecoveryEnabled)

/*! \fn QAmqpRetryPolicy QAmqpConnectionOptions::recoveryPolicy() const
    Returns how often and when a lost link is made anew; by default QAmqpRetryPolicy::endless(). */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRecoveryPolicy(const QAmqpRetryPolicy &policy)
    Connects again as often as \a policy says after the link of an open connection was lost. In contrast to
    retryPolicy() there is a wait before the first attempt too. No wait is shorter than 100 ms, whatever \a policy
    says: RabbitMQ needs some milliseconds to give up the exclusive and auto-delete queues of the link that was
    lost.

    One attempt goes through all hosts without a wait in between, the one that was used last first, and finds
    their addresses anew. The attempts are counted from the first again once a link has lasted for 10 s. After
    the last one the connection ends, with QAmqpConnection::errorOccurred() and QAmqpConnection::closed().

    \sa QAmqpConnection::reconnecting(), QAmqpConnection::reconnectNow() */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpRetryPolicy, recoveryPolicy, setRecoveryPolicy)

/*!
    \enum QAmqpConnectionOptions::TopologyRecovery
    What a recovery restores beside the channels and their modes.
    \value Nothing        Nothing else.
    \value ConsumersOnly  The consumers, each with its prefetch. Their queues must still be there.
    \value All            What was declared and bound on the connection and not deleted since, then the consumers.
*/

/*! \fn QAmqpConnectionOptions::TopologyRecovery QAmqpConnectionOptions::topologyRecovery() const
    Returns what a recovery restores; All by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTopologyRecovery(QAmqpConnectionOptions::TopologyRecovery recovery)
    Restores as much as \a recovery says when a lost link has been made anew. A consumer that is not restored
    ends.
    \sa setRecoveryFilter() */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpConnectionOptions::TopologyRecovery, topologyRecovery,
             setTopologyRecovery)

/*! \typedef QAmqpConnectionOptions::RecoveryFilter
    A function that is given an exchange, a queue, a binding or a consumer, and returns whether a recovery
    restores it. */

/*! Returns the function that decides what a recovery restores; none by default, so that everything is. */
QAmqpConnectionOptions::RecoveryFilter QAmqpConnectionOptions::recoveryFilter() const
{
    return peek(d).recoveryFilter ? *peek(d).recoveryFilter : nullptr;
}

/*!
    Lets \a filter decide what each recovery restores: it is asked about everything that topologyRecovery()
    includes, and what it returns \c false for is left out. It is asked about each entity alone. If it leaves a
    queue out that the broker no longer has, it should leave the queue's bindings and consumers out too. A
    consumer that is left out ends.

    It runs in the connection's thread and must not block. What it throws an exception for is restored.
*/
QAmqpConnectionOptions &QAmqpConnectionOptions::setRecoveryFilter(const RecoveryFilter &filter)
{
    edit(d).recoveryFilter = filter ? std::make_shared<RecoveryFilter>(filter) : nullptr;
    return *this;
}

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::resolveTimeout() const
    Returns how long finding the addresses of a host may take; the default is 5 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setResolveTimeout(std::chrono::milliseconds timeout)
    Allows \a timeout for finding the addresses of a host. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::connectTimeout() const
    Returns how long the TCP connection to one address may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setConnectTimeout(std::chrono::milliseconds timeout)
    Allows \a timeout for the TCP connection to one address. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::tlsTimeout() const
    Returns how long the TLS handshake may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTlsTimeout(std::chrono::milliseconds timeout)
    Allows \a timeout for the TLS handshake. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::amqpTimeout() const
    Returns how long the AMQP handshake may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setAmqpTimeout(std::chrono::milliseconds timeout)
    Allows \a timeout for the AMQP handshake, from the protocol header to connection.open-ok. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::handshakeTimeout() const
    Returns how long connecting to one host may take in all; the default is 15 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHandshakeTimeout(std::chrono::milliseconds timeout)
    Allows \a timeout for all that it takes to connect to one host: finding its addresses, TCP, TLS and AMQP.
    Pika calls it stack_timeout. With 0 the timeouts of the parts are the only limits. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::lingerTime() const
    Returns how long a link that is given up is kept so that all output arrives; the default is 2 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setLingerTime(std::chrono::milliseconds time)
    Keeps a link that is given up for \a time at most, 0 ms to one hour, until the broker has received
    everything: when the connection is deleted, when its thread or the application ends, and when an error
    made the library close it. With 0 the link is cut at once, without connection.close, and the operating
    system may drop what was published and acknowledged last.

    As long as an event loop runs, the program does not have to wait for this. At the end of a thread or of
    the application there is no event loop, so that the end waits for the broker, mostly for a round trip. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::requestTimeout() const
    Returns how long the broker may take for an answer; the default is 30 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRequestTimeout(std::chrono::milliseconds timeout)
    Allows the broker \a timeout for an answer, from the moment at which a request is the oldest unanswered
    one of its channel. A channel whose opening or closing is not answered in time ends with Timeout. With 0
    there is no limit.

    A message comes in several frames. If the next part of it does not come within \a timeout, the connection
    ends with Timeout: a broker writes a message without a pause, so that either the network is stuck or the
    broker is in error. The message as a whole may take any time. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::blockedConnectionTimeout() const
    Returns how long the broker may block the connection; the default, 0, means that there is no limit. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setBlockedConnectionTimeout(std::chrono::milliseconds timeout)
    Ends a connection that the broker has blocked for as long as \a timeout.
    \sa {https://www.rabbitmq.com/connection-blocked.html} */

/*! Returns whether TCP's own keep-alive is on, because it was switched on or because one of its values was
    set. It is off by default, since heartbeats do the same and are more reliable. */
bool QAmqpConnectionOptions::isKeepAliveEnabled() const
{
    const QAmqpConnectionOptionsPrivate &options = peek(d);
    return options.isKeepAliveEnabled || options.keepAliveIdle > 0s
            || options.keepAliveInterval > 0s || options.keepAliveCount > 0;
}

/*! Switches TCP's own keep-alive on if \a enabled. */
QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveEnabled(bool enabled)
{
    edit(d).isKeepAliveEnabled = enabled;
    return *this;
}

/*! \fn std::chrono::seconds QAmqpConnectionOptions::keepAliveIdle() const
    Returns after how long a silence TCP probes the connection; the default, 0, stands for the system's
    choice. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveIdle(std::chrono::seconds idle)
    Lets TCP probe the connection when no byte has come for \a idle, 0 to 32767 s (TCP_KEEPIDLE). */

/*! \fn std::chrono::seconds QAmqpConnectionOptions::keepAliveInterval() const
    Returns the time between two probes; the default, 0, stands for the system's choice. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveInterval(std::chrono::seconds interval)
    Sends probes every \a interval, 0 to 32767 s (TCP_KEEPINTVL). */

/*! \fn int QAmqpConnectionOptions::keepAliveCount() const
    Returns how many probes may stay unanswered; the default, 0, stands for the system's choice. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveCount(int probes)
    Counts the peer as dead after so many \a probes, 0 to 127, without an answer (TCP_KEEPCNT). */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::tcpUserTimeout() const
    Returns how long TCP waits for the acknowledgement of what was sent; the default, 0, stands for the
    system's choice. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTcpUserTimeout(std::chrono::milliseconds timeout)
    Ends the connection if the peer does not acknowledge by TCP what was sent within \a timeout, in whole
    milliseconds (TCP_USER_TIMEOUT, where the system has it). */

/*!
    Returns the address of the first host as a URL without credentials and query, such as
    amqps://broker.example:5671/vhost, for logs and error texts.
*/
QString QAmqpConnectionOptions::endpoint() const
{
    // If a whole URL was set as the host name, its password must not come into a log.
    QString host = isHostName(hostName()) ? hostName() : u"(invalid)"_s;
    if (host.contains(u':'))
        host = u'[' + host.replace(u'%', "%25"_L1) + u']';
    const QString path = virtualHost() == "/"_L1
            ? QString()
            : QString::fromLatin1(QUrl::toPercentEncoding(virtualHost()));
    return (isTlsEnabled() ? "amqps://"_L1 : "amqp://"_L1) + host + u':' + QString::number(port())
            + u'/' + path;
}

/*!
    Returns what is wrong with the URL that these options were made from, or else with the first option that
    cannot work, and what it should be. It is empty if a connection can be opened with these options. The text
    never contains a password.
*/
QString QAmqpConnectionOptions::errorString() const
{
    const QAmqpConnectionOptionsPrivate &options = peek(d);
#define QTAMQP_NUMBER_ERROR(Type, getter, setter, byDefault, name, range, key) \
  range.error(name, options.getter),
#define QTAMQP_TEXT_ERROR(Type, getter, setter, byDefault, name, key, form, isTlsOnly) \
  textError(options.getter, byDefault, name, key, isTlsOnly && !options.isTlsEnabled),
    return firstError(
            {options.urlError, hostError(options.hosts.all()), options.credentials.errorString(),
             options.retryPolicy.errorString(), recoveryError(options.recoveryPolicy.errorString()),
             propertiesError(options.clientProperties.errorString()), tlsError(options),
             QTAMQP_NUMBER_OPTIONS(QTAMQP_NUMBER_ERROR) QTAMQP_TEXT_OPTIONS(QTAMQP_TEXT_ERROR)});
}

QDebug operator<<(QDebug debug, const QAmqpHost &host)
{
    const QDebugStateSaver saver(debug);
    // If a whole URL was set as the host name, its password must not come into a log.
    return debug.nospace().quote()
            << "QAmqpHost(" << (isHostName(host.hostName) ? host.hostName : u"(invalid)"_s) << ", "
            << host.port << ')';
}

QDebug operator<<(QDebug debug, const QAmqpConnectionOptions &options)
{
    // Client properties are left out, since applications put tokens there.
    const QDebugStateSaver saver(debug);
    debug.nospace().noquote() << "QAmqpConnectionOptions(" << options.endpoint() << ", "
                              << options.credentials();
    debug.quote();
    if (const QList<QAmqpHost> hosts = options.hosts(); hosts.size() > 1)
        debug << ", hosts " << hosts;
    if (options.isTlsEnabled() && !options.isPeerVerificationEnabled())
        debug << ", peer not verified";
    if (!options.connectionName().isEmpty())
        debug << ", name " << options.connectionName();
    if (!options.isRecoveryEnabled())
        debug << ", does not recover";
    if (const QString error = options.errorString(); !error.isEmpty())
        debug << ", error " << error;
    return debug << ')';
}

QT_END_NAMESPACE
