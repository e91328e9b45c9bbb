// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/endpoint.h"

#include "values/errorkinds.h"

#include <QtCore/qfile.h>
#include <QtNetwork/qsslkey.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Ends the reading of the files, with what is wrong. It is caught in endpointsOf().
struct BadFile
{
    QString text;
};

static QByteArray contentOf(const QString &name)
{
    QFile file(name);
    QByteArray content;
    if (file.open(QIODevice::ReadOnly))
        content = file.readAll();
    if (file.error() != QFileDevice::NoError)
        throw BadFile{formatted(u"\"%1\" cannot be read: %2", name, file.errorString())};
    return content;
}

// Tells what is in a file instead of what was sought.
static QString insteadIn(const QByteArray &content)
{
    if (content.isEmpty())
        return QStringLiteral("it is empty");
    if (content.contains("PRIVATE KEY-----"))
        return QStringLiteral("it has a private key");
    if (content.contains("-----BEGIN CERTIFICATE-----"))
        return QStringLiteral("it has a certificate");
    if (content.startsWith('\x30')) // an ASN.1 sequence
        return QStringLiteral("it is not PEM but DER or PKCS #12, which openssl can convert");
    return QStringLiteral("it is not PEM");
}

static QList<QSslCertificate> readCertificates(const QString &name)
{
    const QByteArray content = contentOf(name);
    const QList<QSslCertificate> certificates = QSslCertificate::fromData(content, QSsl::Pem);
    if (certificates.isEmpty())
        throw BadFile{formatted(u"\"%1\" has no certificate that can be read: %2", name,
                                insteadIn(content))};
    return certificates;
}

// Tells a key of Ed25519 or Ed448 by its object identifier, 1.3.101.112 or 113, at the beginning of PKCS #8.
static bool isEdwards(const QByteArray &pem)
{
    constexpr QByteArrayView before = "-----BEGIN PRIVATE KEY-----";
    const qsizetype begin = pem.indexOf(before);
    if (begin < 0)
        return false;
    const QByteArray der = QByteArray::fromBase64(pem.sliced(begin + before.size()).left(64));
    return der.contains("\x06\x03\x2b\x65\x70") || der.contains("\x06\x03\x2b\x65\x71");
}

static QString keyProblem(const QByteArray &content, bool hasPassword)
{
    if (!content.contains("PRIVATE KEY-----"))
        return formatted(u"has no private key: %1", insteadIn(content));
    if (isEdwards(content))
        return QStringLiteral(
                "has an Ed25519 or Ed448 key, which Qt cannot use; take an RSA or EC key and a "
                "certificate for it");
    if (!content.contains("ENCRYPTED"))
        return QStringLiteral("has a private key that is damaged, or neither an RSA nor an EC key");
    return hasPassword
            ? QStringLiteral("has a private key that is not opened by the password given, or that "
                             "is neither an RSA nor an EC key")
            : QStringLiteral("has a private key that is encrypted; set its password");
}

static QSslKey readPrivateKey(const QString &name, const QString &password)
{
    const QByteArray content = contentOf(name);
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec}) {
        if (const QSslKey key(content, algorithm, QSsl::Pem, QSsl::PrivateKey, password.toUtf8());
            !key.isNull())
            return key;
    }
    throw BadFile{formatted(u"\"%1\" %2", name, keyProblem(content, !password.isEmpty()))};
}

// Takes the DER value at the beginning of `der` and returns its content.
static QByteArrayView takeDer(QByteArrayView &der)
{
    const auto byte = [&der](qsizetype at) { return at < der.size() ? quint8(der[at]) : 0; };
    qsizetype begin = 2;
    qsizetype size = byte(1);
    if (size >= 0x80) {
        begin += size & 0x7f;
        size = 0;
        for (qsizetype at = 2; at < begin && size < der.size(); ++at)
            size = size << 8 | byte(at);
    }
    if (begin > der.size() || size > der.size() - begin)
        return std::exchange(der, {}).first(0);
    const QByteArrayView content = der.sliced(begin, size);
    der = der.sliced(begin + size);
    return content;
}

// A private key holds the bytes of its public key: the modulus of RSA, or the point of EC, which may have been
// left out.
static bool belongTogether(const QSslCertificate &certificate, const QSslKey &key)
{
    const QSslKey publicKey = certificate.publicKey();
    if (publicKey.isNull()) // Qt does not know this kind of key, so TLS will decide
        return true;
    if (publicKey.algorithm() != key.algorithm())
        return false;
    const QByteArray whole = publicKey.toDer();
    QByteArrayView rest = whole;
    QByteArrayView info = takeDer(rest);
    takeDer(info); // the algorithm
    QByteArrayView bits = takeDer(info);
    if (bits.isEmpty())
        return true;
    bits = bits.sliced(1); // the first byte is the number of unused bits
    const QByteArrayView sought = key.algorithm() == QSsl::Rsa ? takeDer(bits) : bits;
    const QByteArray own = key.toDer();
    return own.size() < sought.size() || own.contains(sought);
}

static void readIdentity(const QAmqpConnectionOptions &options, QSslConfiguration &tls)
{
    const QString &certificateFile = options.certificateFile();
    const QString &keyFile = options.privateKeyFile();
    const QList<QSslCertificate> chain = readCertificates(certificateFile);
    const QSslKey key = readPrivateKey(keyFile, options.privateKeyPassword());
    if (!belongTogether(chain.constFirst(), key))
        throw BadFile{formatted(u"the certificate in \"%1\" and the private key in \"%2\" do not "
                                "belong together",
                                certificateFile, keyFile)};
    tls.setLocalCertificateChain(chain);
    tls.setPrivateKey(key);
}

static QSslConfiguration tlsOf(const QAmqpEndpoint &endpoint)
{
    const QAmqpConnectionOptions &options = endpoint.options;
    QSslConfiguration tls = endpoint.sslConfiguration ? *endpoint.sslConfiguration
                                                      : QSslConfiguration::defaultConfiguration();
    if (tls.protocol() != QSsl::TlsV1_3 && tls.protocol() != QSsl::TlsV1_3OrLater)
        tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.setPeerVerifyMode(options.isPeerVerificationEnabled() ? QSslSocket::VerifyPeer
                                                              : QSslSocket::VerifyNone);
    if (const QString file = options.caCertificateFile(); !file.isEmpty())
        tls.setCaCertificates(readCertificates(file));
    if (!options.certificateFile().isEmpty())
        readIdentity(options, tls);
    return tls;
}

QList<QAmqpEndpoint> endpointsOf(QAmqpEndpoint common, QString *error)
{
    const QAmqpConnectionOptions &options = common.options;
    *error = options.errorString();
    common.tls = options.isTlsEnabled();
    try {
        if (common.tls && error->isEmpty())
            common.sslConfiguration = tlsOf(common);
    } catch (const BadFile &bad) {
        *error = bad.text;
    }
    QList<QAmqpEndpoint> endpoints;
    for (const auto &[hostName, port] : options.hosts()) {
        const QString &verifyName = options.peerVerifyName();
        common.hostName = hostName;
        common.port = port ? port : quint16(common.tls ? 5671 : 5672);
        common.peerVerifyName = verifyName.isEmpty() ? hostName : verifyName;
        endpoints.append(common);
    }
    return endpoints;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
