// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPTRANSPORT_H
#define QAMQPTRANSPORT_H

#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtNetwork/qnetworkproxy.h>
#include <QtNetwork/qsslconfiguration.h>
#include <QtNetwork/qsslerror.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

QT_BEGIN_NAMESPACE

class QIODevice;
class QAmqpTransportClient;

struct QAmqpEndpoint
{
    QString hostName;
    quint16 port = 0;
    bool tls = false;
    QString peerVerifyName;
    std::optional<QSslConfiguration> sslConfiguration;
    QList<QSslError> ignoredSslErrors = {};
    QNetworkProxy proxy = QNetworkProxy::DefaultProxy;
    QAmqpConnectionOptions options = {};

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpEndpoint &endpoint);
};

class Q_AMQP_EXPORT QAmqpTransport
{
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    QAmqpTransport();
    virtual ~QAmqpTransport();

    static std::unique_ptr<QAmqpTransport> overDevice(
            std::function<std::unique_ptr<QIODevice>(const QAmqpEndpoint &)> makeDevice);

    virtual void open(const QAmqpEndpoint &endpoint) = 0;
    virtual void openNext();
    virtual void write(const QByteArray &block) = 0;
    virtual void flush();
    virtual qint64 bytesToWrite() const = 0;
    virtual void close();
    virtual void abort() = 0;
    virtual void setDeadline(std::optional<TimePoint> deadline) = 0;
    virtual void requestTurn() = 0;
    virtual bool waitForTurn(std::chrono::milliseconds limit);
    virtual QSslConfiguration tlsSession() const;

    void setClient(std::weak_ptr<QAmqpTransportClient> client);

protected:
    char *receiveBuffer(qsizetype *size);
    void received(qsizetype bytes);
    void reached(const QString &address, bool isLast = true,
                 const QList<QAmqpError> &failures = {});
    void opened();
    void lost(const QAmqpError &reason);
    void lost(const QString &reason);
    void sslErrors(const QList<QSslError> &errors);
    bool turn();
    void ending();

private:
    Q_DISABLE_COPY_MOVE(QAmqpTransport)
    std::weak_ptr<QAmqpTransportClient> m_client;
    bool m_opened = false;
};

QT_END_NAMESPACE

#endif
