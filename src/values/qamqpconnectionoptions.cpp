#include <QtAmqp/qamqpconnectionoptions.h>

#include "values/bytes.h"
#include "values/connectionurl.h"
#include "values/errorkinds.h"
#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>
#include <QtCore/qurl.h>

#include <algorithm>

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

class QAmqpConnectionOptionsPrivate : public SharedValue
{
public:
    QString hostName = u"localhost"_s;
    QString virtualHost = u"/"_s;
    QAmqpCredentials credentials;
    QString caCertificateFile;
    QString certificateFile;
    QString privateKeyFile;
    QString peerVerifyName;
    QString connectionName;
    QAmqpTable clientProperties;
    QString locale = u"en_US"_s;
    std::optional<seconds> heartbeat;
    quint64 maxMessageSize = 128 * 1024 * 1024;
    milliseconds connectTimeout = 10s;
    milliseconds handshakeTimeout = 15s;
    milliseconds requestTimeout = 30s;
    milliseconds blockedConnectionTimeout = 0s;
    quint32 frameMax = 131072;
    quint16 channelMax = 2047;
    quint16 port = 0;
    bool isTlsEnabled = false;
    bool isPeerVerificationEnabled = true;
    QString urlError;

    bool operator==(const QAmqpConnectionOptionsPrivate &) const = default;
};

namespace {

// Before connection.tune a frame may have so many octets at most, even with RabbitMQ 4.1.
constexpr qsizetype maxInitialResponse = 8192;

bool isHostName(const QString &name)
{
    // One colon would be a port's; an IPv6 address has two at least.
    return !name.isEmpty() && name.size() <= 255 && name.count(u':') != 1
            && std::none_of(name.begin(), name.end(), [](QChar c) {
                   return c <= u' ' || c == u'\x7f' || u"/@[]?#\\"_s.contains(c);
               });
}

bool isShortString(const QString &text)
{
    return !text.isEmpty() && text.toUtf8().size() <= MaxShortString;
}

QString credentialsError(const QAmqpCredentials &credentials)
{
    const QByteArray response = credentials.initialResponse();
    if (credentials.userName().toUtf8().size() > MaxShortString)
        return u"The user name has more than 255 octets of UTF-8."_s;
    // PLAIN separates its parts by NUL: one inside would let a user name forge the password.
    if (response.count('\0') != 2)
        return u"The user name or password has a NUL character."_s;
    if (response.size() > maxInitialResponse)
        return u"The user name and password together have more than 8190 octets of UTF-8."_s;
    return {};
}

QString tlsError(const QAmqpConnectionOptionsPrivate &options)
{
    const bool anyFile = !options.caCertificateFile.isEmpty() || !options.certificateFile.isEmpty()
            || !options.privateKeyFile.isEmpty();
    if (!options.isTlsEnabled && (anyFile || !options.peerVerifyName.isEmpty()))
        return u"A certificate, key or peer name is set without TLS; enable TLS, in a URL by amqps://."_s;
    if (options.certificateFile.isEmpty() != options.privateKeyFile.isEmpty()) {
        return u"The certificate file (certfile) and the private key file (keyfile) must be set both; "
               "they may name one file."_s;
    }
    if (!options.peerVerifyName.isEmpty() && !isHostName(options.peerVerifyName))
        return u"The peer name (server_name_indication) is not a host name."_s;
    return {};
}

QString timeoutError(const QAmqpConnectionOptionsPrivate &options)
{
    const std::pair<const char *, milliseconds> timeouts[] = {
            {"connect timeout", options.connectTimeout},
            {"handshake timeout", options.handshakeTimeout},
            {"request timeout", options.requestTimeout},
            {"blocked connection timeout", options.blockedConnectionTimeout},
    };
    for (const auto &[name, timeout] : timeouts) {
        if (timeout < 0ms || timeout > milliseconds(2147483647)) {
            return u"The %1 must be from 0 (off) to 2147483647 milliseconds."_s.arg(
                    QString::fromLatin1(name));
        }
    }
    return {};
}

} // namespace

/*! \fn QAmqpConnectionOptions::QAmqpConnectionOptions()
    Makes options for the broker on the local host, with all defaults. */
QTAMQP_VALUE(QAmqpConnectionOptions)

/*!
    Makes options from a \a url of the form
    \c{amqp[s]://[user[:password]@][host][:port][/vhost][?key=value&…]}.

    Every part but the scheme may be missing and keeps its default then; a user without a password
    has an empty one. No path, a path of / and one of /%2F all name the virtual host "/". All parts
    are percent-decoded; an IPv6 address stands in brackets; a + stands for itself.

    \table
    \header \li Key \li Sets
    \row \li heartbeat \li the heartbeat, in whole seconds
    \row \li channel_max, frame_max, locale, connection_name \li what their names say
    \row \li socket_timeout \li the connect timeout, in seconds (Pika)
    \row \li connection_timeout \li the connect timeout, in milliseconds (RabbitMQ)
    \row \li stack_timeout \li the handshake timeout, in seconds (Pika)
    \row \li blocked_connection_timeout \li that timeout, in seconds (Pika)
    \row \li cacertfile, certfile, keyfile \li PEM files, with amqps only
    \row \li verify \li verify_peer or verify_none, with amqps only
    \row \li server_name_indication \li the peer verify name, with amqps only
    \row \li auth_mechanism \li nothing; it may say plain
    \endtable

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
    A QUrl has lost what was wrong with its text: with one that is not valid the error is general.
*/
QAmqpConnectionOptions QAmqpConnectionOptions::fromUrl(const QUrl &url, QAmqpError *error)
{
    return fromUrl(QString::fromLatin1(url.toEncoded(QUrl::FullyEncoded)), error);
}

/*! \fn QString QAmqpConnectionOptions::hostName() const
    Returns the host's name or address; the default is localhost. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHostName(const QString &hostName)
    Sets the host to \a hostName: a name or an IP address, without brackets or port. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, hostName, setHostName)

/*! Returns the TCP port: the one that was set, else 5672, or 5671 with TLS. */
quint16 QAmqpConnectionOptions::port() const
{
    if (peek(d).port)
        return peek(d).port;
    return isTlsEnabled() ? 5671 : 5672;
}

/*! Sets the TCP \a port; 0, the default, means the usual one, with or without TLS. */
QAmqpConnectionOptions &QAmqpConnectionOptions::setPort(quint16 port)
{
    edit(d).port = port;
    return *this;
}

/*! \fn QString QAmqpConnectionOptions::virtualHost() const
    Returns the virtual host; the default is "/". */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setVirtualHost(const QString &virtualHost)
    Sets the \a virtualHost (AMQP 0-9-1 §1.4.2.7): 1 to 255 octets of UTF-8. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, virtualHost, setVirtualHost)

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
QTAMQP_FIELD(QAmqpConnectionOptions, QString, caCertificateFile, setCaCertificateFile)

/*! \fn QString QAmqpConnectionOptions::certificateFile() const
    Returns the file of the client's certificate; empty, the default, means none. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setCertificateFile(const QString &fileName)
    Shows the broker the certificate in the PEM file \a fileName. Needs TLS and a private key. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, certificateFile, setCertificateFile)

/*! \fn QString QAmqpConnectionOptions::privateKeyFile() const
    Returns the file of the client's private key; empty, the default, means none. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPrivateKeyFile(const QString &fileName)
    Uses the private key in the PEM file \a fileName. Needs TLS and a certificate. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, privateKeyFile, setPrivateKeyFile)

/*! \fn QString QAmqpConnectionOptions::peerVerifyName() const
    Returns the name the broker's certificate must be for; empty, the default, means hostName(). */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setPeerVerifyName(const QString &hostName)
    Expects a certificate for \a hostName, which is also sent as server name indication. Needs TLS. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, peerVerifyName, setPeerVerifyName)

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
QTAMQP_FIELD(QAmqpConnectionOptions, QString, connectionName, setConnectionName)

/*! \fn QAmqpTable QAmqpConnectionOptions::clientProperties() const
    Returns the application's own client properties; none by default. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setClientProperties(const QAmqpTable &properties)
    Sets \a properties to send beside the library's own in connection.start-ok (AMQP 0-9-1
    §1.4.2.2). Everyone who may list the broker's connections can read them. */
QTAMQP_FIELD(QAmqpConnectionOptions, QAmqpTable, clientProperties, setClientProperties)

/*! \fn QString QAmqpConnectionOptions::locale() const
    Returns the locale; the default is en_US, which every broker has. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setLocale(const QString &locale)
    Asks for the broker's texts in \a locale: 1 to 255 octets of UTF-8. */
QTAMQP_FIELD(QAmqpConnectionOptions, QString, locale, setLocale)

/*! \fn quint16 QAmqpConnectionOptions::channelMax() const
    Returns the greatest number of channels to agree on; the default is 2047, RabbitMQ's own. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setChannelMax(quint16 channels)
    Agrees on \a channels at most; 0 takes what the server proposes. The lower number of both sides
    counts (AMQP 0-9-1 §1.4.2.6). */
QTAMQP_FIELD(QAmqpConnectionOptions, quint16, channelMax, setChannelMax)

/*! \fn quint32 QAmqpConnectionOptions::frameMax() const
    Returns the greatest frame size to agree on, in octets; the default is 131072, RabbitMQ's own. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setFrameMax(quint32 bytes)
    Agrees on frames of \a bytes at most: 0 takes what the server proposes, otherwise at least 4096
    (AMQP 0-9-1 §1.4.2.5, frame-min-size); RabbitMQ 4.1 and later want 8192. The lower number of both
    sides counts. */
QTAMQP_FIELD(QAmqpConnectionOptions, quint32, frameMax, setFrameMax)

/*! \fn std::optional<std::chrono::seconds> QAmqpConnectionOptions::heartbeat() const
    Returns the heartbeat interval; not set by default, which takes the server's proposal. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHeartbeat(std::optional<std::chrono::seconds> interval)
    Sets the heartbeat \a interval, 1 to 65535 s. It wins over the server's proposal; 0 s means no
    heartbeats, \c std::nullopt the server's proposal. A peer that is silent for two intervals counts
    as dead.
    \sa {https://www.rabbitmq.com/heartbeats.html} */
QTAMQP_FIELD(QAmqpConnectionOptions, std::optional<seconds>, heartbeat, setHeartbeat)

/*! \fn quint64 QAmqpConnectionOptions::maxMessageSize() const
    Returns the greatest body accepted from the broker, in octets; the default is 128 MiB. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setMaxMessageSize(quint64 bytes)
    Accepts bodies of \a bytes at most, at least 1. A message that claims more ends the connection
    with LimitExceeded, before memory is taken for it. */
QTAMQP_FIELD(QAmqpConnectionOptions, quint64, maxMessageSize, setMaxMessageSize)

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::connectTimeout() const
    Returns how long resolving the name and connecting may take; the default is 10 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setConnectTimeout(std::chrono::milliseconds timeout)
    Lets resolving the name and connecting take as long as \a timeout; 0 is no limit of its own. */
QTAMQP_FIELD(QAmqpConnectionOptions, milliseconds, connectTimeout, setConnectTimeout)

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::handshakeTimeout() const
    Returns how long the way from open() to the open connection may take; the default is 15 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setHandshakeTimeout(std::chrono::milliseconds timeout)
    Lets the whole bring-up (name, TCP, TLS, AMQP) take as long as \a timeout. With 0, a peer that
    keeps silent, or trickles, can hold open() for ever. */
QTAMQP_FIELD(QAmqpConnectionOptions, milliseconds, handshakeTimeout, setHandshakeTimeout)

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::requestTimeout() const
    Returns how long the broker may take for an answer; the default is 30 s. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setRequestTimeout(std::chrono::milliseconds timeout)
    Lets the broker take as long as \a timeout for an answer, counted from when a request is the
    oldest unanswered one of its channel; opening and closing a channel count too, and a channel whose
    opening or closing is not answered in time ends with Timeout. With 0 requests wait for ever. */
QTAMQP_FIELD(QAmqpConnectionOptions, milliseconds, requestTimeout, setRequestTimeout)

/*! \fn std::chrono::milliseconds QAmqpConnectionOptions::blockedConnectionTimeout() const
    Returns how long the broker may have the connection blocked; the default, 0, is no limit. */
/*! \fn QAmqpConnectionOptions &QAmqpConnectionOptions::setBlockedConnectionTimeout(std::chrono::milliseconds timeout)
    Ends a connection that the broker has blocked for as long as \a timeout.
    \sa {https://www.rabbitmq.com/connection-blocked.html} */
QTAMQP_FIELD(QAmqpConnectionOptions, milliseconds, blockedConnectionTimeout,
             setBlockedConnectionTimeout)

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
    if (!options.urlError.isEmpty())
        return options.urlError;
    if (!isHostName(options.hostName)) {
        return u"The host is neither a host name nor an address; a port is set with setPort(), a URL is "
               "read by fromUrl()."_s;
    }
    if (!isShortString(options.virtualHost))
        return u"The virtual host must have 1 to 255 octets of UTF-8; the usual one is \"/\"."_s;
    if (!isShortString(options.locale))
        return u"The locale must have 1 to 255 octets of UTF-8; the usual one is \"en_US\"."_s;
    if (options.heartbeat && (*options.heartbeat < 0s || *options.heartbeat > 65535s))
        return u"The heartbeat must be from 0 (off) to 65535 seconds."_s;
    if (options.frameMax > 0 && options.frameMax < 4096)
        return u"The frame size (frame_max) must be 0 (the server's choice) or at least 4096 octets."_s;
    if (options.maxMessageSize == 0)
        return u"The maximum message size must be at least 1 octet."_s;
    if (const QString error = options.clientProperties.errorString(); !error.isEmpty())
        return u"The client properties cannot be sent: %1."_s.arg(error);
    for (const QString &error :
         {credentialsError(options.credentials), tlsError(options), timeoutError(options)}) {
        if (!error.isEmpty())
            return error;
    }
    return {};
}

QDebug operator<<(QDebug debug, const QAmqpConnectionOptions &options)
{
    // Client properties stay out: applications put tokens there.
    const QDebugStateSaver saver(debug);
    debug.nospace().noquote() << "QAmqpConnectionOptions(" << options.endpoint() << ", "
                              << options.credentials();
    debug.quote();
    if (options.isTlsEnabled() && !options.isPeerVerificationEnabled())
        debug << ", peer not verified";
    if (!options.connectionName().isEmpty())
        debug << ", name " << options.connectionName();
    if (const QString error = options.errorString(); !error.isEmpty())
        debug << ", error " << error;
    return debug << ')';
}

QT_END_NAMESPACE
