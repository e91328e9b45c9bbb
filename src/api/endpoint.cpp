// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/endpoint.h"

#include "api/tlsfiles.h"
#include "values/errorkinds.h"

#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

static QSslConfiguration tlsOf(const QAmqpConnectionOptions &options, QSslConfiguration tls,
                               QString *error)
{
    if (tls.protocol() != QSsl::TlsV1_3 && tls.protocol() != QSsl::TlsV1_3OrLater)
        tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.setPeerVerifyMode(options.isPeerVerificationEnabled() ? QSslSocket::VerifyPeer
                                                              : QSslSocket::VerifyNone);
    if (const QString file = options.caCertificateFile(); !file.isEmpty())
        tls.setCaCertificates(readCertificates(file, error));
    if (error->isEmpty() && !options.certificateFile().isEmpty())
        readIdentity(options, tls, error);
    return tls;
}

QList<QAmqpEndpoint> endpointsOf(const QAmqpConnectionOptions &options,
                                 const QSslConfiguration &tls, const QNetworkProxy &proxy,
                                 QString *error)
{
    *error = options.errorString();
    QAmqpEndpoint endpoint;
    endpoint.tls = options.isTlsEnabled();
    if (endpoint.tls && error->isEmpty())
        endpoint.sslConfiguration = tlsOf(options, tls, error);
    endpoint.proxy = proxy;
    endpoint.resolveTimeout = options.resolveTimeout();
    endpoint.connectTimeout = options.connectTimeout();
    endpoint.tlsTimeout = options.tlsTimeout();
    endpoint.keepAlive = options.isKeepAliveEnabled();
    endpoint.keepAliveIdle = options.keepAliveIdle();
    endpoint.keepAliveInterval = options.keepAliveInterval();
    endpoint.keepAliveCount = options.keepAliveCount();
    endpoint.tcpUserTimeout = options.tcpUserTimeout();
    QList<QAmqpEndpoint> endpoints;
    for (const QAmqpHost &host : options.hosts()) {
        const QString &verifyName = options.peerVerifyName();
        endpoint.hostName = host.hostName;
        endpoint.port = host.port ? host.port : quint16(endpoint.tls ? 5671 : 5672);
        endpoint.peerVerifyName = verifyName.isEmpty() ? host.hostName : verifyName;
        endpoints.append(endpoint);
    }
    return endpoints;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
