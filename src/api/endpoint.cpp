#include "api/endpoint.h"

#include "values/errorkinds.h"

#include <QtCore/qfile.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslkey.h>
#include <QtNetwork/qsslsocket.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

static QList<QSslCertificate> readCertificates(const QString &file, QString *error)
{
    QList<QSslCertificate> certificates =
            QSslCertificate::fromPath(file, QSsl::Pem, QSslCertificate::PatternSyntax::FixedString);
    if (certificates.isEmpty())
        *error = formatted(u"no certificate could be read from \"%1\"; it must hold PEM", file);
    return certificates;
}

static QSslKey readPrivateKey(const QString &name, const QString &password, QString *error)
{
    QFile file(name);
    const QByteArray pem = file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec}) {
        if (const QSslKey key(pem, algorithm, QSsl::Pem, QSsl::PrivateKey, password.toUtf8());
            !key.isNull())
            return key;
    }
    *error = formatted(password.isEmpty()
                               ? u"no private key could be read from \"%1\"; it must hold PEM, and "
                                 "if that is encrypted, set its password"
                               : u"no private key could be read from \"%1\" with the password "
                                 "given; it must hold PEM",
                       name);
    return {};
}

static QSslConfiguration tlsOf(const QAmqpConnectionOptions &options, QSslConfiguration tls,
                               QString *error)
{
    if (tls.protocol() != QSsl::TlsV1_3 && tls.protocol() != QSsl::TlsV1_3OrLater)
        tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.setPeerVerifyMode(options.isPeerVerificationEnabled() ? QSslSocket::VerifyPeer
                                                              : QSslSocket::VerifyNone);
    if (const QString file = options.caCertificateFile(); !file.isEmpty())
        tls.setCaCertificates(readCertificates(file, error));
    if (const QString file = options.certificateFile(); !file.isEmpty()) {
        tls.setLocalCertificateChain(readCertificates(file, error));
        tls.setPrivateKey(
                readPrivateKey(options.privateKeyFile(), options.privateKeyPassword(), error));
    }
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
