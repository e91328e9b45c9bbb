// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp broker: the test broker as a program, for whoever has no other at hand.

#include "json.h"
#include "output.h"
#include "run.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qfile.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslkey.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

constexpr quint16 usualPort = 5672;
constexpr quint16 usualTlsPort = 5671;

QByteArray contents(const QString &option, const QString &fileName)
{
    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly)) {
        throw Failure{BadUsage,
                      u"cannot read --%1 %2: %3"_s.arg(option, fileName, file.errorString())};
    }
    return file.readAll();
}

QSslConfiguration tlsConfiguration(const Arguments &arguments)
{
    if (!arguments.isSet("certificate") || !arguments.isSet("key")) {
        throw Failure{
                BadUsage,
                u"--tls needs --certificate and --key; make both with: openssl req -x509 "
                "-newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext "
                "subjectAltName=DNS:localhost,IP:127.0.0.1 -out certificate.pem -keyout key.pem"_s};
    }
    const QString certificateFile = arguments.value("certificate");
    const auto chain = QSslCertificate::fromData(contents(u"certificate"_s, certificateFile));
    if (chain.isEmpty()) {
        throw Failure{
                BadUsage,
                u"--certificate %1 has no certificate in the PEM format"_s.arg(certificateFile)};
    }
    const QByteArray keyText = contents(u"key"_s, arguments.value("key"));
    QSslKey key(keyText, QSsl::Rsa);
    if (key.isNull())
        key = QSslKey(keyText, QSsl::Ec);
    if (key.isNull()) {
        throw Failure{BadUsage,
                      u"--key %1 has no RSA or EC key in the PEM format without a passphrase"_s.arg(
                              arguments.value("key"))};
    }
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificateChain(chain);
    configuration.setPrivateKey(key);
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    return configuration;
}

void refuseWhatIsOfNoUse(const Arguments &arguments)
{
    if (arguments.isSet("url")) {
        throw Failure{BadUsage,
                      u"--url names a broker that runs already, and this command starts one; "
                      "choose its port by --port"_s};
    }
    if (arguments.isSet("user") != arguments.isSet("password-file")) {
        throw Failure{BadUsage,
                      u"--user and --password-file go together; %1 is missing"_s.arg(
                              arguments.isSet("user") ? u"--password-file"_s : u"--user"_s)};
    }
    if (arguments.isSet("tls"))
        return;
    for (const char *option : {"certificate", "key", "tls-port"}) {
        if (arguments.isSet(option)) {
            throw Failure{BadUsage,
                          u"--%1 is of no use without --tls"_s.arg(QString::fromLatin1(option))};
        }
    }
}

void setUp(QAmqpTestBroker &broker, const Arguments &arguments)
{
    broker.setPort(quint16(arguments.number("port", 0, 65535, usualPort)));
    if (arguments.isSet("tls")) {
        broker.setTlsPort(quint16(arguments.number("tls-port", 0, 65535, usualTlsPort)));
        broker.setSslConfiguration(tlsConfiguration(arguments));
    }
    if (arguments.isSet("user")) {
        const QString user = arguments.value("user");
        const QString all = u".*"_s;
        broker.addUser(user, readPassword(arguments.value("password-file")));
        broker.setPermissions(user, u"/"_s, all, all, all);
    }
}

void printUrls(const QAmqpTestBroker &broker, const Run &run)
{
    QList<QUrl> urls = {broker.url(), broker.tlsUrl()};
    if (run.arguments().isSet("user")) {
        for (QUrl &url : urls) {
            url.setUserName(run.arguments().value("user"));
            url.setPassword(QString());
        }
    }
    const bool withTls = run.arguments().isSet("tls");
    if (run.json()) {
        JsonObject json;
        json.addText("url", urls.at(0).toString());
        if (withTls)
            json.addText("tls_url", urls.at(1).toString());
        return print(json.line());
    }
    print(urls.at(0).toEncoded() + '\n');
    if (withTls)
        print(urls.at(1).toEncoded() + '\n');
}

void start(QAmqpTestBroker &broker)
{
    if (broker.start())
        return;
    throw Failure{
            BadUsage,
            broker.errorString()
                    + u"; if another broker runs there, choose a port by --port, or --port 0 for "
                      "any that is free"_s};
}

void broker(Run &run)
{
    const Arguments &arguments = run.arguments();
    refuseWhatIsOfNoUse(arguments);
    QAmqpTestBroker broker;
    setUp(broker, arguments);
    if (arguments.isSet("trace")) {
        broker.setTrace([&run](const QString &line) {
            const auto failure = tryPrint(run.json() ? JsonObject().addText("trace", line).line()
                                                     : line.toUtf8() + '\n');
            if (failure)
                run.fail(*failure);
        });
    }
    start(broker);
    run.progress().hide();
    complain(u"qamqp broker"_s,
             u"keeps everything in memory and is for development only; Ctrl-C ends it"_s);
    printUrls(broker, run);
    try {
        run.waitUntil([] { return false; });
    } catch (const Failure &end) {
        // To be stopped is what it waits for.
        if (!run.stopSignal() && end.status != TooLate)
            throw;
    }
}

constexpr Option options[] = {
        {"p,port", "N",
         "Listen on this port of 127.0.0.1, 5672 by default; 0 takes one that is free."},
        {"tls", nullptr, "Listen for TLS too; the second line printed is that URL."},
        {"tls-port", "N", "The port for TLS, 5671 by default; 0 takes one that is free."},
        {"certificate", "FILE",
         "The certificate for TLS, PEM; certificates of its issuers may follow."},
        {"key", "FILE", "The private key for the certificate, PEM."},
        {"user", "NAME",
         "Let this user in besides guest, with the password in --password-file FILE."},
        {"trace", nullptr,
         "Print each method that a client sends (>) or gets (<), with passwords as ***."},
};

} // namespace

const Command brokerCommand = {
        "broker",
        "",
        0,
        "Run a broker in memory, for development and tests",
        "Starts a broker for this machine alone (127.0.0.1), with user guest and password guest, and prints\n"
        "its URL as the first line. It runs until Ctrl-C or SIGTERM, or for --timeout SECONDS, and its exit\n"
        "status is 0 then. It is QAmqpTestBroker of the library QtAmqp::Test: all is in memory and gone when it\n"
        "ends, durable and persistent or not. It is for development and tests, and never for production.\n",
        "qamqp broker --port 0 --timeout 1\n"
        "qamqp broker --port 0 --timeout 1 --trace\n"
        "qamqp broker --port 0 --timeout 1 --json\n",
        options,
        broker,
};

} // namespace Tool
