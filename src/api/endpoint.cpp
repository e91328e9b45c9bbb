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

static QSslKey readPrivateKey(const QString &name, QString *error)
{
    QFile file(name);
    const QByteArray pem = file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec}) {
        if (const QSslKey key(pem, algorithm); !key.isNull())
            return key;
    }
    *error = formatted(
            u"no private key could be read from \"%1\"; it must hold a PEM key without password",
            name);
    return {};
}

QAmqpEndpoint endpointOf(const QAmqpConnectionOptions &options, const QSslConfiguration &tls,
                         QString *error)
{
    *error = options.errorString();
    QAmqpEndpoint endpoint{options.hostName(), options.port(), options.isTlsEnabled(), tls,
                           options.peerVerifyName()};
    endpoint.connectTimeout = options.connectTimeout();
    if (!endpoint.tls)
        return endpoint;
    if (endpoint.peerVerifyName.isEmpty())
        endpoint.peerVerifyName = options.hostName();
    QSslConfiguration &own = endpoint.sslConfiguration;
    if (own.protocol() != QSsl::TlsV1_3 && own.protocol() != QSsl::TlsV1_3OrLater)
        own.setProtocol(QSsl::TlsV1_2OrLater);
    own.setPeerVerifyMode(options.isPeerVerificationEnabled() ? QSslSocket::VerifyPeer
                                                              : QSslSocket::VerifyNone);
    if (const QString file = options.caCertificateFile(); !file.isEmpty())
        own.setCaCertificates(readCertificates(file, error));
    if (const QString file = options.certificateFile(); !file.isEmpty()) {
        own.setLocalCertificateChain(readCertificates(file, error));
        own.setPrivateKey(readPrivateKey(options.privateKeyFile(), error));
    }
    return endpoint;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
