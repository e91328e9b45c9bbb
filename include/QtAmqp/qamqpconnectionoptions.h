// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPCONNECTIONOPTIONS_H
#define QAMQPCONNECTIONOPTIONS_H

#include <QtAmqp/qamqpcredentials.h>
#include <QtAmqp/qamqperror.h>
#include <QtAmqp/qamqprecoveryreport.h>
#include <QtAmqp/qamqpretrypolicy.h>
#include <QtAmqp/qamqptable.h>

#include <chrono>
#include <functional>
#include <optional>

QT_BEGIN_NAMESPACE

class QUrl;

struct QAmqpHost
{
    QString hostName;
    quint16 port = 0;

    friend bool operator==(const QAmqpHost &a, const QAmqpHost &b)
    {
        return a.hostName == b.hostName && a.port == b.port;
    }
    friend bool operator!=(const QAmqpHost &a, const QAmqpHost &b) { return !(a == b); }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpHost &host);
};

class Q_AMQP_EXPORT QAmqpConnectionOptions
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpConnectionOptions, QAmqpConnectionOptionsPrivate)

    static QAmqpConnectionOptions fromUrl(const QUrl &url, QAmqpError *error = nullptr);
    static QAmqpConnectionOptions fromUrl(const QString &url, QAmqpError *error = nullptr);

    QList<QAmqpHost> hosts() const;
    QAmqpConnectionOptions &setHosts(const QList<QAmqpHost> &hosts);
    QAmqpConnectionOptions &addHost(const QString &hostName, quint16 port = 0);
    bool isHostsShuffled() const;
    QAmqpConnectionOptions &setHostsShuffled(bool shuffled);
    QString hostName() const;
    QAmqpConnectionOptions &setHostName(const QString &hostName);
    quint16 port() const;
    QAmqpConnectionOptions &setPort(quint16 port);
    QString virtualHost() const;
    QAmqpConnectionOptions &setVirtualHost(const QString &virtualHost);
    QAmqpCredentials credentials() const;
    QAmqpConnectionOptions &setCredentials(const QAmqpCredentials &credentials);

    bool isTlsEnabled() const;
    QAmqpConnectionOptions &setTlsEnabled(bool enabled);
    QString caCertificateFile() const;
    QAmqpConnectionOptions &setCaCertificateFile(const QString &fileName);
    QString certificateFile() const;
    QAmqpConnectionOptions &setCertificateFile(const QString &fileName);
    QString privateKeyFile() const;
    QAmqpConnectionOptions &setPrivateKeyFile(const QString &fileName);
    QString privateKeyPassword() const;
    QAmqpConnectionOptions &setPrivateKeyPassword(const QString &password);
    QString peerVerifyName() const;
    QAmqpConnectionOptions &setPeerVerifyName(const QString &hostName);
    bool isPeerVerificationEnabled() const;
    QAmqpConnectionOptions &setPeerVerificationEnabled(bool enabled);

    QString connectionName() const;
    QAmqpConnectionOptions &setConnectionName(const QString &name);
    QAmqpTable clientProperties() const;
    QAmqpConnectionOptions &setClientProperties(const QAmqpTable &properties);
    QString locale() const;
    QAmqpConnectionOptions &setLocale(const QString &locale);

    quint16 channelMax() const;
    QAmqpConnectionOptions &setChannelMax(quint16 channels);
    quint32 frameMax() const;
    QAmqpConnectionOptions &setFrameMax(quint32 bytes);
    std::optional<std::chrono::seconds> heartbeat() const;
    QAmqpConnectionOptions &setHeartbeat(std::optional<std::chrono::seconds> interval);
    using HeartbeatTuner = std::function<std::chrono::seconds(std::chrono::seconds proposal)>;
    HeartbeatTuner heartbeatTuner() const;
    QAmqpConnectionOptions &setHeartbeatTuner(const HeartbeatTuner &tuner);
    quint64 maxMessageSize() const;
    QAmqpConnectionOptions &setMaxMessageSize(quint64 bytes);

    QAmqpRetryPolicy retryPolicy() const;
    QAmqpConnectionOptions &setRetryPolicy(const QAmqpRetryPolicy &policy);
    bool isRecoveryEnabled() const;
    QAmqpConnectionOptions &setRecoveryEnabled(bool enabled);
    QAmqpRetryPolicy recoveryPolicy() const;
    QAmqpConnectionOptions &setRecoveryPolicy(const QAmqpRetryPolicy &policy);
    enum TopologyRecovery : quint8 { Nothing, ConsumersOnly, All };
    Q_ENUM(TopologyRecovery)
    TopologyRecovery topologyRecovery() const;
    QAmqpConnectionOptions &setTopologyRecovery(TopologyRecovery recovery);
    using RecoveryFilter = std::function<bool(const QAmqpRecoveryStep &)>;
    RecoveryFilter recoveryFilter() const;
    QAmqpConnectionOptions &setRecoveryFilter(const RecoveryFilter &filter);

    std::chrono::milliseconds resolveTimeout() const;
    QAmqpConnectionOptions &setResolveTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds connectTimeout() const;
    QAmqpConnectionOptions &setConnectTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds tlsTimeout() const;
    QAmqpConnectionOptions &setTlsTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds amqpTimeout() const;
    QAmqpConnectionOptions &setAmqpTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds handshakeTimeout() const;
    QAmqpConnectionOptions &setHandshakeTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds lingerTime() const;
    QAmqpConnectionOptions &setLingerTime(std::chrono::milliseconds time);
    std::chrono::milliseconds requestTimeout() const;
    QAmqpConnectionOptions &setRequestTimeout(std::chrono::milliseconds timeout);
    std::chrono::milliseconds blockedConnectionTimeout() const;
    QAmqpConnectionOptions &setBlockedConnectionTimeout(std::chrono::milliseconds timeout);

    bool isKeepAliveEnabled() const;
    QAmqpConnectionOptions &setKeepAliveEnabled(bool enabled);
    std::chrono::seconds keepAliveIdle() const;
    QAmqpConnectionOptions &setKeepAliveIdle(std::chrono::seconds idle);
    std::chrono::seconds keepAliveInterval() const;
    QAmqpConnectionOptions &setKeepAliveInterval(std::chrono::seconds interval);
    int keepAliveCount() const;
    QAmqpConnectionOptions &setKeepAliveCount(int probes);
    std::chrono::milliseconds tcpUserTimeout() const;
    QAmqpConnectionOptions &setTcpUserTimeout(std::chrono::milliseconds timeout);

    QString endpoint() const;
    QString errorString() const;
};

QT_END_NAMESPACE

#endif
