// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_CONNECTIONOPTIONTABLE_H
#define QTAMQP_VALUES_CONNECTIONOPTIONTABLE_H

// The options of a connection that are numbers or texts, each declared once. These tables make the members,
// getters and setters of QAmqpConnectionOptions, the checks of its errorString(), and the keys that fromUrl()
// reads. An option whose key is empty cannot be set by a URL.

#include "values/range.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr Range ConnectTime{0, LongestTime, "milliseconds", "off"}; // as RabbitMQ's key has it
constexpr Range UserTimeout{0, LongestTime, "milliseconds", "the system's choice"};
constexpr Range ProbeTime{0, 32767, "seconds", "the system's choice"};
constexpr Range LingerTime{0, 3600000, "milliseconds", "do not wait"};
constexpr Range ProbeCount{0, 127, "probes", "the system's choice"};
constexpr Range HeartbeatTime{0, 65535, "seconds", "off"};
constexpr Range ChannelMax{0, 65535, "", "the server's choice"};
constexpr Range FrameMax{4096, 4294967295, "bytes", "the server's choice"};
constexpr Range MessageSize{1, Range::Unlimited, "bytes"};

// Sets the options from an amqp or amqps URL, and returns an empty text. If the URL is wrong, the text says
// why, and the options are of no use. The text quotes nothing but keys of the query, since any other part of
// a wrong URL may be a piece of a password.
QString readConnectionUrl(const QString &url, QAmqpConnectionOptions &options);

// A key in the query of such a URL.
struct UrlKey
{
    QLatin1StringView name;
    const char *setter; // the setter in QAmqpConnectionOptions
    QString form; // what the value must be
    std::function<bool(QAmqpConnectionOptions &, const QString &)>
            read; // returns false if the text is not of that form
    bool isTlsOnly = false;
};
const QList<UrlKey> &urlKeys();

} // namespace QtAmqpPrivate

// The columns: type, getter, setter, default, name in errors, range, key in URLs.
#define QTAMQP_NUMBER_OPTIONS(NUMBER) \
  NUMBER(std::optional<seconds>, heartbeat, setHeartbeat, std::nullopt, "heartbeat", \
         HeartbeatTime, "heartbeat") \
  NUMBER(quint16, channelMax, setChannelMax, 2047, "number of channels", ChannelMax, \
         "channel_max") \
  NUMBER(quint32, frameMax, setFrameMax, 131072, "frame size", FrameMax, "frame_max") \
  NUMBER(quint64, maxMessageSize, setMaxMessageSize, 134217728, "maximum message size", \
         MessageSize, "") \
  NUMBER(milliseconds, resolveTimeout, setResolveTimeout, 5s, "resolve timeout", AnyTimeout, "") \
  NUMBER(milliseconds, connectTimeout, setConnectTimeout, 10s, "connect timeout", AnyTimeout, \
         "socket_timeout") \
  NUMBER(milliseconds, tlsTimeout, setTlsTimeout, 10s, "TLS timeout", AnyTimeout, "") \
  NUMBER(milliseconds, amqpTimeout, setAmqpTimeout, 10s, "AMQP timeout", AnyTimeout, "") \
  NUMBER(milliseconds, handshakeTimeout, setHandshakeTimeout, 15s, "handshake timeout", \
         AnyTimeout, "stack_timeout") \
  NUMBER(milliseconds, requestTimeout, setRequestTimeout, 30s, "request timeout", AnyTimeout, "") \
  NUMBER(milliseconds, blockedConnectionTimeout, setBlockedConnectionTimeout, 0s, \
         "blocked connection timeout", AnyTimeout, "blocked_connection_timeout") \
  NUMBER(milliseconds, lingerTime, setLingerTime, 2s, "linger time", LingerTime, "") \
  NUMBER(seconds, keepAliveIdle, setKeepAliveIdle, 0s, "keep-alive idle time", ProbeTime, \
         "tcp_keepidle") \
  NUMBER(seconds, keepAliveInterval, setKeepAliveInterval, 0s, "keep-alive interval", ProbeTime, \
         "tcp_keepintvl") \
  NUMBER(int, keepAliveCount, setKeepAliveCount, 0, "keep-alive count", ProbeCount, "tcp_keepcnt") \
  NUMBER(milliseconds, tcpUserTimeout, setTcpUserTimeout, 0s, "TCP user timeout", UserTimeout, \
         "tcp_user_timeout")

// The columns: type, getter, setter, default, name in errors, key in URLs, what the value must be, and
// whether it is of use with TLS only. A text that has a default must have 1 to 255 bytes.
#define QTAMQP_TEXT_OPTIONS(TEXT) \
  TEXT(QString, virtualHost, setVirtualHost, u"/"_s, "virtual host", "", "", false) \
  TEXT(QString, locale, setLocale, u"en_US"_s, "locale", "locale", "a locale such as en_US", \
       false) \
  TEXT(QString, connectionName, setConnectionName, QString(), "connection name", \
       "connection_name", "a name", false) \
  TEXT(QString, caCertificateFile, setCaCertificateFile, QString(), \
       "file of trusted certificates", "cacertfile", "a file name", true) \
  TEXT(QString, certificateFile, setCertificateFile, QString(), "certificate file", "certfile", \
       "a file name", true) \
  TEXT(QString, privateKeyFile, setPrivateKeyFile, QString(), "private key file", "keyfile", \
       "a file name", true) \
  TEXT(QString, privateKeyPassword, setPrivateKeyPassword, QString(), \
       "password of the private key", "password", "the key file's password", true) \
  TEXT(QString, peerVerifyName, setPeerVerifyName, QString(), "peer name", \
       "server_name_indication", "a host name", true)

QT_END_NAMESPACE

#endif
