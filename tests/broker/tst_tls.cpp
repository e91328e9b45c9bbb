// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// TLS in all the ways in which it may fail, and mutual TLS with EXTERNAL against RabbitMQ. The
// certificates are made on the spot.

#include "everybroker.h"

#include <QtCore/qprocess.h>
#include <QtCore/qtemporarydir.h>
#include <QtNetwork/qsslkey.h>
#include <QtNetwork/qsslsocket.h>
#include <QtNetwork/qtcpserver.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;
using Phase = QAmqpError::Phase;

namespace {

// Speaks TLS and nothing behind it.
class TlsServer : public QTcpServer
{
public:
    explicit TlsServer(const QSslConfiguration &configuration) : m_configuration(configuration)
    {
        listen(QHostAddress::LocalHost);
    }

protected:
    void incomingConnection(qintptr descriptor) override
    {
        auto *socket = new QSslSocket(this);
        socket->setSocketDescriptor(descriptor);
        socket->setSslConfiguration(m_configuration);
        socket->startServerEncryption();
    }

private:
    QSslConfiguration m_configuration;
};

// A server that hears nobody out: it answers once and hangs up, or never says a word.
class PlainServer : public QTcpServer
{
public:
    explicit PlainServer(const QByteArray &answer)
    {
        connect(this, &QTcpServer::newConnection, this, [this, answer] {
            QTcpSocket *socket = nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, socket, [socket, answer] {
                socket->readAll();
                if (answer.isEmpty())
                    return;
                socket->write(answer);
                socket->disconnectFromHost();
            });
        });
        listen(QHostAddress::LocalHost);
    }
};

// openssl s_server with `options`, on a port of its own; the certificate is in `folder`.
class OpenSslServer
{
public:
    OpenSslServer(const QString &folder, const QString &options)
    {
        QTcpServer any;
        any.listen(QHostAddress::LocalHost);
        m_port = any.serverPort();
        any.close();
        m_process.setWorkingDirectory(folder);
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(
                u"openssl"_s,
                QProcess::splitCommand(
                        u"s_server -accept 127.0.0.1:%1 -cert good.pem -key good.key "_s.arg(m_port)
                        + options));
        QByteArray said;
        waitFor([&] { return (said += m_process.readAll()).contains("ACCEPT"); });
    }
    ~OpenSslServer()
    {
        m_process.kill();
        m_process.waitForFinished();
    }
    Q_DISABLE_COPY_MOVE(OpenSslServer)

    quint16 port() const { return m_port; }

private:
    QProcess m_process;
    quint16 m_port = 0;
};

} // namespace

class TestTls : public EveryBroker
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void refusesBadCertificates_data();
    void refusesBadCertificates();
    void notVerifyingIsWarnedOf();
    void missingClientCertificate();
    void alertAboutTheClientCertificate_data();
    void alertAboutTheClientCertificate();
    void refusesOldTls();
    void plainPeers_data();
    void plainPeers();
    void externalTellsTheUser_data();
    void externalTellsTheUser();
    void keyThatCannotBeRead_data();
    void keyThatCannotBeRead();
    void identityOfTwoFiles_data();
    void identityOfTwoFiles();
    void identityOfAConfiguration();

private:
    bool openssl(const QString &command);
    bool makeServer(const QString &name, const QString &names, const QString &days);
    QString file(const QString &name) const { return m_folder.filePath(name); }
    QSslConfiguration serverConfiguration(const QString &name) const;
    QAmqpConnectionOptions to(const QTcpServer &server) const
    {
        return QAmqpConnectionOptions()
                .setTlsEnabled(true)
                .setPort(server.serverPort())
                .setCaCertificateFile(file(u"ca.pem"_s));
    }

    QTemporaryDir m_folder;
};

// One command line of openssl, run in the folder of the certificates.
bool TestTls::openssl(const QString &command)
{
    QProcess process;
    process.setWorkingDirectory(m_folder.path());
    process.start(u"openssl"_s, QProcess::splitCommand(command));
    if (process.waitForFinished(20000) && process.exitCode() == 0)
        return true;
    qWarning() << command << process.readAllStandardError();
    return false;
}

bool TestTls::makeServer(const QString &name, const QString &names, const QString &days)
{
    QFile extensions(file(name + u".ext"_s));
    if (!extensions.open(QIODevice::WriteOnly))
        return false;
    extensions.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName="
                     + names.toLatin1() + '\n');
    extensions.close();
    return openssl(u"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%1 -keyout "
                   "%1.key -out %1.csr"_s.arg(name))
            && openssl(u"x509 -req -in %1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out %1.pem "
                       "-extfile %1.ext -days %2"_s.arg(name, days));
}

void TestTls::initTestCase()
{
    QVERIFY(m_folder.isValid());
    for (const QString &name : {u"ca"_s, u"stranger"_s})
        QVERIFY(openssl(u"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                        "-subj /CN=%1 -keyout %1.key -out %1.pem"_s.arg(name)));
    QVERIFY(makeServer(u"good"_s, u"DNS:localhost,IP:127.0.0.1"_s, u"2"_s));
    QVERIFY(makeServer(u"elsewhere"_s, u"DNS:elsewhere.test"_s, u"2"_s));
    QVERIFY(makeServer(u"expired"_s, u"DNS:localhost"_s, u"-1"_s));
    const QString key = environment("QTAMQP_TEST_KEY");
    QVERIFY(openssl(
            u"pkcs8 -topk8 -v2 aes256 -passout pass:secret -in %1 -out pkcs8.key"_s.arg(key)));
    QVERIFY(openssl(u"ec -aes256 -passout pass:secret -in %1 -out traditional.key"_s.arg(key)));
    for (const QString &name : {u"rsa"_s, u"rsa2"_s})
        QVERIFY(openssl(
                u"req -x509 -newkey rsa:1024 -nodes -subj /CN=%1 -keyout %1.key -out %1.pem"_s.arg(
                        name)));
    QVERIFY(openssl(u"rsa -traditional -in rsa.key -out rsa-traditional.key"_s));
    QVERIFY(openssl(u"ec -no_public -in good.key -out no-public.key"_s));
    QVERIFY(openssl(u"x509 -outform der -in good.pem -out good.der"_s));
    QVERIFY(openssl(u"req -x509 -newkey ed25519 -nodes -subj /CN=ed -keyout ed.key -out ed.pem"_s));
}

QSslConfiguration TestTls::serverConfiguration(const QString &name) const
{
    QSslConfiguration configuration;
    QFile key(file(name + u".key"_s));
    if (!key.open(QIODevice::ReadOnly))
        qWarning() << key.errorString();
    configuration.setPrivateKey(QSslKey(key.readAll(), QSsl::Ec));
    configuration.setLocalCertificateChain(QSslCertificate::fromPath(
            file(name + u".pem"_s), QSsl::Pem, QSslCertificate::PatternSyntax::FixedString));
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    return configuration;
}

void TestTls::refusesBadCertificates_data()
{
    QTest::addColumn<QString>("server");
    QTest::addColumn<QString>("authority");
    QTest::addColumn<QSslError::SslError>("error");
    QTest::addColumn<QString>("advice");
    QTest::newRow("another host's") << u"elsewhere"_s << u"ca.pem"_s << QSslError::HostNameMismatch
                                    << u"server_name_indication"_s;
    QTest::newRow("expired") << u"expired"_s << u"ca.pem"_s << QSslError::CertificateExpired
                             << u"expired"_s;
    QTest::newRow("of an unknown authority")
            << u"good"_s << u"stranger.pem"_s << QSslError::UnableToGetLocalIssuerCertificate
            << u"cacertfile"_s;
}

void TestTls::refusesBadCertificates()
{
    QFETCH(QString, server);
    QFETCH(QString, authority);
    QFETCH(QSslError::SslError, error);
    QFETCH(QString, advice);
    TlsServer tls(serverConfiguration(server));
    Peer peer(to(tls).setCaCertificateFile(file(authority))
                      .setRetryPolicy(QAmqpRetryPolicy().setMaximumAttempts(3)));
    QList<QSslError> told;
    connect(&peer.connection, &QAmqpConnection::sslErrors, &peer.connection,
            [&](const QList<QSslError> &errors) { told += errors; });
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &failure = peer.errors.constFirst();
    VERIFY_ERROR(failure, TlsFailed, Connection, 0);
    QCOMPARE(failure.phase(), Phase::Tls);
    QVERIFY2(failure.text().contains(advice), describe(failure).constData());
    QVERIFY2(failure.text().contains(QString::number(tls.serverPort())),
             describe(failure).constData());
    QCOMPARE(failure.attempts().size(), 1); // a second try would end the same
    QVERIFY(std::any_of(told.begin(), told.end(),
                        [&](const QSslError &e) { return e.error() == error; }));
    QCOMPARE(failure.socketError(), QAbstractSocket::SslHandshakeFailedError);
    // They may be ignored, but for no other certificate.
    QList<QSslError> others;
    for (const QSslError &one : std::as_const(told))
        others.append(QSslError(one.error()));
    QVERIFY(peer.connection.ignoreSslErrors(others));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 2; }));
    QVERIFY(peer.connection.ignoreSslErrors(told));
    peer.connection.open();
    QVERIFY(!peer.connection.ignoreSslErrors({}));
    QVERIFY(waitFor([&] {
        return peer.connection.state() == QAmqpConnection::State::Handshaking || peer.closed == 3;
    }));
    QCOMPARE(peer.closed, 2);
    peer.connection.abort();
}

void TestTls::notVerifyingIsWarnedOf()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"certificate of .* is not verified"_s));
    Peer peer(tlsOptions().setPeerVerificationEnabled(false));
    QVERIFY(peer.open());
    QVERIFY(peer.close());
}

// A server of Qt hangs up without the alert that others send.
void TestTls::missingClientCertificate()
{
    QSslConfiguration demanding = serverConfiguration(u"good"_s);
    demanding.setPeerVerifyMode(QSslSocket::VerifyPeer);
    demanding.setCaCertificates(QSslCertificate::fromPath(file(u"ca.pem"_s)));
    for (const QSsl::SslProtocol protocol : {QSsl::TlsV1_2, QSsl::TlsV1_3}) {
        demanding.setProtocol(protocol);
        TlsServer tls(demanding);
        Peer peer(to(tls));
        peer.connection.open();
        QVERIFY(waitFor([&] { return peer.closed == 1; }));
        QCOMPARE(peer.opened, 0);
        QCOMPARE(peer.errors.size(), 1);
        // With TLS 1.3 the refusal comes when the client believes the handshake to be over.
        const QString text = peer.errors.constFirst().text();
        QVERIFY2(text.contains(u"client certificate") && text.contains(u"certfile and keyfile"),
                 qPrintable(text));
    }
}

void TestTls::alertAboutTheClientCertificate_data()
{
    QTest::addColumn<QString>("version");
    QTest::newRow("TLS 1.2") << u"-tls1_2"_s;
    QTest::newRow("TLS 1.3") << u"-tls1_3"_s;
}

void TestTls::alertAboutTheClientCertificate()
{
    QFETCH(QString, version);
    const OpenSslServer server(m_folder.path(), version + u" -Verify 1 -CAfile ca.pem"_s);
    Peer peer(QAmqpConnectionOptions()
                      .setTlsEnabled(true)
                      .setHostName(u"localhost"_s)
                      .setPort(server.port())
                      .setCaCertificateFile(file(u"ca.pem"_s)));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    VERIFY_ERROR(error, TlsFailed, Connection, 0);
    QCOMPARE(error.phase(), Phase::Tls);
    QVERIFY2(error.text().endsWith(
                     u"; the peer may want a client certificate: set certfile and keyfile"),
             describe(error).constData());
}

void TestTls::refusesOldTls()
{
    const OpenSslServer server(m_folder.path(), u"-tls1_1 -cipher ALL:@SECLEVEL=0"_s);
    Peer peer(QAmqpConnectionOptions()
                      .setTlsEnabled(true)
                      .setPort(server.port())
                      .setHostName(u"127.0.0.1"_s)
                      .setPeerVerificationEnabled(false));
    QSslConfiguration weak = QSslConfiguration::defaultConfiguration();
    weak.setProtocol(QSsl::AnyProtocol);
    weak.setPeerVerifyMode(QSslSocket::VerifyNone);
    weak.setBackendConfigurationOption("CipherString", QByteArray("ALL:@SECLEVEL=0"));
    QSslSocket socket; // to which this is good enough
    socket.setSslConfiguration(weak);
    socket.connectToHostEncrypted(u"127.0.0.1"_s, server.port());
    QVERIFY2(socket.waitForEncrypted(20000), qPrintable(socket.errorString()));
    socket.abort();
    QVERIFY(peer.connection.setSslConfiguration(weak));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"is not verified"_s));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    VERIFY_ERROR(peer.errors.constFirst(), TlsFailed, Connection, 0);
}

void TestTls::plainPeers_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<Kind>("kind");
    QTest::newRow("an AMQP broker without TLS")
            << QByteArray("AMQP\0\0\11\1", 8) << Kind::TlsFailed;
    QTest::newRow("a web server") << "HTTP/1.1 400 Bad Request\r\n\r\n"_ba << Kind::TlsFailed;
    QTest::newRow("silence") << QByteArray() << Kind::Timeout;
}

void TestTls::plainPeers()
{
    QFETCH(QByteArray, answer);
    QFETCH(Kind, kind);
    PlainServer plain(answer);
    Peer peer(to(plain).setTlsTimeout(500ms));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    QVERIFY2(error.kind() == kind, describe(error).constData());
    QCOMPARE(error.phase(), Phase::Tls);
    QVERIFY2(error.text().contains(u"check that this port speaks TLS"),
             describe(error).constData());
}

void TestTls::externalTellsTheUser_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("password");
    QTest::newRow("plain key") << environment("QTAMQP_TEST_KEY") << QString();
    QTest::newRow("encrypted PKCS #8") << file(u"pkcs8.key"_s) << u"secret"_s;
    QTest::newRow("encrypted, of the traditional form")
            << file(u"traditional.key"_s) << u"secret"_s;
}

void TestTls::externalTellsTheUser()
{
    QFETCH(QString, key);
    QFETCH(QString, password);
    const QString name = uniqueName();
    Peer peer(tlsOptions()
                      .setCertificateFile(environment("QTAMQP_TEST_CERT"))
                      .setPrivateKeyFile(key)
                      .setPrivateKeyPassword(password)
                      .setConnectionName(name)
                      .setCredentials(QAmqpCredentials::external()));
    QVERIFY(peer.open());
    VERIFY_OK(peer.channel()->declareQueue({}, QAmqpQueueOptions().setExclusive()));
    const auto client = broker().client(name);
    QVERIFY(client);
    QCOMPARE(client->user, "client"_ba);
    QCOMPARE(client->mechanism, "EXTERNAL"_ba);
    QVERIFY(peer.close());
    QVERIFY(peer.errors.isEmpty());
}

void TestTls::keyThatCannotBeRead_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("password");
    QTest::addColumn<QString>("reason");
    const QString notOpened = u"not opened by the password given"_s;
    QTest::newRow("PKCS #8, wrong password") << file(u"pkcs8.key"_s) << u"wrong"_s << notOpened;
    QTest::newRow("PKCS #8, no password")
            << file(u"pkcs8.key"_s) << QString() << u"is encrypted; set its password"_s;
    QTest::newRow("traditional, wrong password")
            << file(u"traditional.key"_s) << u"wrong"_s << notOpened;
    QTest::newRow("a certificate")
            << file(u"good.pem"_s) << QString() << u"has no private key: it has a certificate"_s;
    QTest::newRow("no such file") << file(u"none.key"_s) << QString()
                                  << u"cannot be read: No such file or directory"_s;
    QTest::newRow("Ed25519") << file(u"ed.key"_s) << QString()
                             << u"Ed25519 or Ed448 key, which Qt cannot use"_s;
}

void TestTls::keyThatCannotBeRead()
{
    QFETCH(QString, key);
    QFETCH(QString, password);
    QFETCH(QString, reason);
    Peer peer(tlsOptions()
                      .setCertificateFile(environment("QTAMQP_TEST_CERT"))
                      .setPrivateKeyFile(key)
                      .setPrivateKeyPassword(password));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    VERIFY_ERROR(error, InvalidArgument, Connection, 0);
    QVERIFY2(error.text().contains(key) && error.text().contains(reason),
             describe(error).constData());
    QVERIFY(password.isEmpty() || !error.text().contains(password));
}

void TestTls::identityOfTwoFiles_data()
{
    QTest::addColumn<QString>("certificate");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("reason"); // none: it is one
    QTest::newRow("EC") << u"good.pem"_s << u"good.key"_s << QString();
    QTest::newRow("EC, key without the point") << u"good.pem"_s << u"no-public.key"_s << QString();
    QTest::newRow("RSA") << u"rsa.pem"_s << u"rsa.key"_s << QString();
    QTest::newRow("RSA, of the traditional form")
            << u"rsa.pem"_s << u"rsa-traditional.key"_s << QString();
    const QString strangers = u"do not belong together"_s;
    QTest::newRow("another's EC key") << u"good.pem"_s << u"expired.key"_s << strangers;
    QTest::newRow("another's RSA key") << u"rsa.pem"_s << u"rsa2.key"_s << strangers;
    QTest::newRow("a key of another kind") << u"good.pem"_s << u"rsa.key"_s << strangers;
    QTest::newRow("no such certificate")
            << u"none.pem"_s << u"good.key"_s << u"cannot be read: No such file or directory"_s;
    QTest::newRow("a folder") << u"."_s << u"good.key"_s << u"cannot be read: "_s;
    QTest::newRow("DER") << u"good.der"_s << u"good.key"_s << u"not PEM but DER"_s;
    QTest::newRow("a key for the certificate")
            << u"good.key"_s << u"good.key"_s
            << u"has no certificate that can be read: it has a private key"_s;
}

// What is wrong is told before anything is connected to.
void TestTls::identityOfTwoFiles()
{
    QFETCH(QString, certificate);
    QFETCH(QString, key);
    QFETCH(QString, reason);
    Peer peer(QAmqpConnectionOptions()
                      .setTlsEnabled(true)
                      .setHostName(u"127.0.0.1"_s)
                      .setPort(1)
                      .setCertificateFile(file(certificate))
                      .setPrivateKeyFile(file(key)));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    QVERIFY2(error.kind() == (reason.isEmpty() ? Kind::HostUnreachable : Kind::InvalidArgument)
                     && error.text().contains(reason),
             describe(error).constData());
    QVERIFY2(reason.isEmpty() || error.text().contains(file(certificate)),
             describe(error).constData());
}

// Here it is TLS that finds it, and no other port would help.
void TestTls::identityOfAConfiguration()
{
    TlsServer tls(serverConfiguration(u"good"_s));
    QSslConfiguration mixed = serverConfiguration(u"good"_s);
    mixed.setPrivateKey(serverConfiguration(u"expired"_s).privateKey());
    Peer peer(to(tls));
    QVERIFY(peer.connection.setSslConfiguration(mixed));
    peer.connection.open();
    QVERIFY(waitFor([&] { return peer.closed == 1; }));
    QCOMPARE(peer.errors.size(), 1);
    const QAmqpError &error = peer.errors.constFirst();
    VERIFY_ERROR(error, TlsFailed, Connection, 0);
    QVERIFY2(error.text().contains(u"the certificate and the key of the TLS configuration")
                     && !error.text().contains(u"without TLS"),
             describe(error).constData());
}

QTAMQP_TEST(TestTls)
#include "tst_tls.moc"
