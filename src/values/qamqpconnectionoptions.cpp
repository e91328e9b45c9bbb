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

    A timeout may have up to 2147483647 ms; 0 switches it off.
    Options are implicitly shared and reentrant; two are equal if all that was set is equal.
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

// No entry stands for the local host, so that addHost() need not keep it.
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
    // Functions cannot be compared: two options are equal if they share one.
    std::shared_ptr<QAmqpConnectionOptions::HeartbeatTuner> heartbeatTuner;
    QAmqpRetryPolicy retryPolicy;
    QString urlError;

    bool operator==(const QAmqpConnectionOptionsPrivate &) const = default;
};

namespace {

bool isHostName(const QString &name)
{
    // One colon would be a port's; an IPv6 address has two at least.
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
    if (!options.isTlsEnabled) // what is set nevertheless is told by textError()
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

    Every part but the scheme may be missing and keeps its default then; a user without a password
    has an empty one. No path, a path of / and one of /%2F all name the virtual host "/". All parts
    are percent-decoded; an IPv6 address stands in brackets; a + stands for itself.

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
    \row \li auth_mechanism \li setCredentials() \li plain, amqplain or external
    \row \li verify \li setPeerVerificationEnabled() \li verify_peer or verify_none, with amqps only
    \endtable

    The keys are those of Pika and of RabbitMQ's URI query parameters, but for connection_name, which is this
    library's own. With retry_delay all delays between attempts are the same, as in Pika. With external a URL
    has no user name, since the broker takes it from the certificate.

    Reading is strict. A key that is unknown, not supported, given twice or without a value, a number
    out of range, a second path segment: each gives default options with errorString() set, and
    \a error, if not null, is InvalidArgument with the scope Connection. The text names the key and
    never contains a password. On success \a error is set to no error.

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
    A QUrl has lost what was wrong with its text: with one that is not valid the error is general. It
    cannot hold several hosts with ports.
*/
QAmqpConnectionOptions QAmqpConnectionOptions::fromUrl(const QUrl &url, QAmqpError *error)
{
    return fromUrl(QString::fromLatin1(url.toEncoded(QUrl::FullyEncoded)), error);
}

/*! Returns the hosts to try; localhost by default. A port of 0 is the usual one. */
QList<QAmqpHost> QAmqpConnectionOptions::hosts() const { return peek(d).hosts.all(); }

/*! Sets the \a hosts to try, one after the other, until one lets the connection open. None means
    localhost. They should be nodes of one cluster: all else in these options counts for each. */
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
    Returns what decrypts the private key; empty by default. Never log it. */
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
    broker's place} and read the password and all messages: switch it off in experiments alone. */
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
    Sets the heartbeat \a interval, 1 to 65535 s. It wins over the server's proposal; 0 s means no
    heartbeats, \c std::nullopt the server's proposal. A peer that is silent for two intervals counts
    as dead.
    \sa {https://www.rabbitmq.com/heartbeats.html} */

/*! \typedef QAmqpConnectionOptions::HeartbeatTuner
    A function that is given the server's proposal and returns the heartbeat interval to use. */

/*! Returns the function that decides on the heartbeat; none by default. */
QAmqpConnectionOptions::HeartbeatTuner QAmqpConnectionOptions::heartbeatTuner() const
{
    return peek(d).heartbeatTuner ? *peek(d).heartbeatTuner : nullptr;
}

/*!
    Has \a tuner decide on the heartbeat interval while the connection opens, in place of
    setHeartbeat(). It is given what the server proposes and returns 0 s (off) to 65535 s; anything
    else, or an exception, fails the opening with InvalidArgument. It runs in the connection's thread
    and must not block.
*/
QAmqpConnectionOptions &QAmqpConnectionOptions::setHeartbeatTuner(const HeartbeatTuner &tuner)
{
    edit(d).heartbeatTuner = tuner ? std::make_shared<HeartbeatTuner>(tuner) : nullptr;
    return *this;
}

/*! \fn quint64 QAmqpConnectionOptions::maxMessageSize() const
    Returns the greatest body accepted from the broker, in bytes; the default is 128 MiB. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setMaxMessageSize(quint64 bytes)
    Accepts bodies of \a bytes at most, at least 1. The properties of a message may take as much too, but
    1 MiB in any case and 16 MiB at most (or frameMax(), if that is more): RabbitMQ sends them in one frame
    however large they are.

    A larger message is dropped as it comes, before memory is taken for it, and those behind it come. For
    a consumer it is rejected without requeue, see QAmqpConsumer::messageDiscarded(); QAmqpChannel::get() and
    QAmqpRpcClient::call() fail with LimitExceeded; one that is returned has no body, which its
    QAmqpMessage::errorString() says. */

/*! \fn QAmqpRetryPolicy QAmqpConnectionOptions::retryPolicy() const
    Returns how often and when the first connect is tried again; by default it is tried once. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRetryPolicy(const QAmqpRetryPolicy &policy)
    Tries to connect as \a policy says. Not tried again is what cannot get better by itself: refused
    credentials (unless they have a provider, which is asked once more), a certificate that is not
    trusted, a virtual host that is not allowed, a peer that does not speak AMQP. */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpRetryPolicy, retryPolicy, setRetryPolicy)

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::resolveTimeout() const
    Returns how long finding the addresses of a host may take; the default is 5 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setResolveTimeout(std::chrono::milliseconds timeout)
    Lets finding the addresses of a host take as long as \a timeout. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::connectTimeout() const
    Returns how long the TCP connection to one address may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setConnectTimeout(std::chrono::milliseconds timeout)
    Lets the TCP connection to one address take as long as \a timeout. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::tlsTimeout() const
    Returns how long the TLS handshake may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTlsTimeout(std::chrono::milliseconds timeout)
    Lets the TLS handshake take as long as \a timeout. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::amqpTimeout() const
    Returns how long the AMQP handshake may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setAmqpTimeout(std::chrono::milliseconds timeout)
    Lets the AMQP handshake, from the protocol header to connection.open-ok, take as long as
    \a timeout. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::handshakeTimeout() const
    Returns how long the whole bring-up of one host may take; the default is 15 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHandshakeTimeout(std::chrono::milliseconds timeout)
    Lets the whole bring-up of one host (name, TCP, TLS, AMQP) take as long as \a timeout; what is
    called stack_timeout in Pika. With 0 the timeouts of its parts are the only limits. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::lingerTime() const
    Returns how long a link that is given up is kept for what is still on its way; the default is 2 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setLingerTime(std::chrono::milliseconds time)
    Keeps a link that is given up for \a time at most, 0 ms to one hour, until the broker has heard everything: when
    the connection is deleted, when its thread or the application ends, and when an error made the library close it.
    With 0 the link is cut at once, without connection.close, and the operating system may take back what was
    published and acknowledged last.

    Where an event loop goes on, this takes no time of the program. At the end of a thread or of the application
    there is none, and the end waits for the broker, which mostly takes a round trip. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::requestTimeout() const
    Returns how long the broker may take for an answer; the default is 30 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRequestTimeout(std::chrono::milliseconds timeout)
    Lets the broker take as long as \a timeout for an answer, counted from when a request is the
    oldest unanswered one of its channel; opening and closing a channel count too, and a channel whose
    opening or closing is not answered in time ends with Timeout. With 0 requests wait for ever.

    A message comes in several frames, and when nothing more of it has come for as long as this, the
    connection ends with Timeout: a broker writes a message in one go, so either the way here is stuck or
    the broker has lost its place. The message as a whole may take any time. */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::blockedConnectionTimeout() const
    Returns how long the broker may have the connection blocked; the default, 0, is no limit. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setBlockedConnectionTimeout(std::chrono::milliseconds timeout)
    Ends a connection that the broker has blocked for as long as \a timeout.
    \sa {https://www.rabbitmq.com/connection-blocked.html} */

/*! Returns whether TCP's own keep-alive is on: it was switched on, or one of its values was set. Off
    by default, since heartbeats do the same and can be relied on. */
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
    Returns how long a silent TCP connection is not probed; 0, the default, is what the system has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveIdle(std::chrono::seconds idle)
    Probes a TCP connection after \a idle, 0 to 32767 s, without a byte (TCP_KEEPIDLE). */

/*! \fn std::chrono::seconds QAmqpConnectionOptions::keepAliveInterval() const
    Returns the time between two probes; 0, the default, is what the system has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveInterval(std::chrono::seconds interval)
    Sends probes every \a interval, 0 to 32767 s (TCP_KEEPINTVL). */

/*! \fn int QAmqpConnectionOptions::keepAliveCount() const
    Returns how many probes may stay unanswered; 0, the default, is what the system has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setKeepAliveCount(int probes)
    Counts the peer as dead after so many \a probes, 0 to 127, without an answer (TCP_KEEPCNT). */

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::tcpUserTimeout() const
    Returns how long what was sent may stay without TCP acknowledgement; 0, the default, is what the system has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setTcpUserTimeout(std::chrono::milliseconds timeout)
    Ends the connection if the peer's TCP does not acknowledge for as long as \a timeout, in whole
    milliseconds (TCP_USER_TIMEOUT, where the system has it). */

/*!
    Returns where the connection goes as a URL without credentials and query, such as
    amqps://broker.example:5671/vhost, for logs and error texts.
*/
QString QAmqpConnectionOptions::endpoint() const
{
    // Who sets a whole URL as host name might otherwise find its password in a log.
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
    Returns what is wrong: with the URL these options were made from, else the first option that
    cannot work, and what it should be. Empty if a connection can be opened with these options. The
    text never contains a password.
*/
QString QAmqpConnectionOptions::errorString() const
{
    const QAmqpConnectionOptionsPrivate &options = peek(d);
#define QTAMQP_NUMBER_ERROR(Type, getter, setter, byDefault, name, range, key) \
  range.error(name, options.getter),
#define QTAMQP_TEXT_ERROR(Type, getter, setter, byDefault, name, key, form, isTlsOnly) \
  textError(options.getter, byDefault, name, key, isTlsOnly && !options.isTlsEnabled),
    return firstError({options.urlError, hostError(options.hosts.all()),
                       options.credentials.errorString(), options.retryPolicy.errorString(),
                       propertiesError(options.clientProperties.errorString()), tlsError(options),
                       QTAMQP_NUMBER_OPTIONS(QTAMQP_NUMBER_ERROR)
                               QTAMQP_TEXT_OPTIONS(QTAMQP_TEXT_ERROR)});
}

QDebug operator<<(QDebug debug, const QAmqpHost &host)
{
    const QDebugStateSaver saver(debug);
    // Who sets a whole URL as host name might otherwise find its password in a log.
    return debug.nospace().quote()
            << "QAmqpHost(" << (isHostName(host.hostName) ? host.hostName : u"(invalid)"_s) << ", "
            << host.port << ')';
}

QDebug operator<<(QDebug debug, const QAmqpConnectionOptions &options)
{
    // Client properties stay out: applications put tokens there.
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
    if (const QString error = options.errorString(); !error.isEmpty())
        debug << ", error " << error;
    return debug << ')';
}

QT_END_NAMESPACE
