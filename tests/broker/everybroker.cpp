// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "everybroker.h"

#include <QtAmqpTest/qamqptestbroker.h>
#include <QtCore/qprocess.h>
#include <QtNetwork/qsslkey.h>

namespace BrokerTest {

using namespace Qt::StringLiterals;

namespace {

class TestBroker : public Broker
{
public:
    TestBroker();

    QString url() const override { return m_broker.url(m_host).toString(QUrl::FullyEncoded); }
    QString tlsUrl() const override { return m_broker.tlsUrl(m_host).toString(QUrl::FullyEncoded); }

    bool addUser(const QString &name, const QString &password) override
    {
        m_broker.addUser(name, password);
        return true;
    }
    bool changePassword(const QString &name, const QString &password) override
    {
        m_broker.addUser(name, password);
        return true;
    }
    bool deleteUser(const QString &name) override
    {
        m_broker.removeUser(name);
        return true;
    }
    bool setPermissions(const QString &user, const QString &pattern) override
    {
        m_broker.setPermissions(user, m_host, pattern, pattern, pattern);
        return true;
    }
    bool raiseAlarm() override
    {
        m_broker.block();
        return true;
    }
    bool lowerAlarm() override
    {
        m_broker.unblock();
        return true;
    }
    bool closeConnections(const QString &reason) override
    {
        m_broker.closeConnections(320, reason);
        return true;
    }
    std::optional<Client> client(const QString &connectionName) override;
    bool setFrameMax(quint32 bytes) override
    {
        m_broker.setFrameMax(bytes);
        return true;
    }

private:
    const QString m_host = u"acceptance"_s;
    QAmqpTestBroker m_broker;
};

// What the certificates of node.sh are made for: a server at localhost, and the user "client".
QSslConfiguration serverConfiguration()
{
    const QString authority = environment("QTAMQP_TEST_CA");
    const QDir folder = QFileInfo(authority).dir();
    const auto certificates = [](const QString &path) {
        return QSslCertificate::fromPath(path, QSsl::Pem,
                                         QSslCertificate::PatternSyntax::FixedString);
    };
    QFile key(folder.filePath(u"server.key"_s));
    QSslConfiguration configuration;
    if (key.open(QIODevice::ReadOnly))
        configuration.setPrivateKey(QSslKey(&key, QSsl::Ec));
    configuration.setLocalCertificateChain(certificates(folder.filePath(u"server.pem"_s)));
    configuration.setCaCertificates(certificates(authority));
    return configuration;
}

// As node.sh sets RabbitMQ up.
TestBroker::TestBroker()
{
    m_broker.setThreading(QAmqpTestBroker::Threading::OwnThread);
    m_broker.setSslConfiguration(serverConfiguration());
    m_broker.setMaxMessageSize(33554432);
    m_broker.setMechanisms({u"PLAIN"_s, u"AMQPLAIN"_s, u"EXTERNAL"_s, u"RABBIT-CR-DEMO"_s});
    m_broker.addVirtualHost(m_host);
    m_broker.addUser(u"client"_s, QString());
    for (const QString &user : {u"guest"_s, u"client"_s})
        m_broker.setPermissions(user, m_host, u".*"_s, u".*"_s, u".*"_s);
    if (!m_broker.start())
        qFatal("the test broker does not start: %s", qPrintable(m_broker.errorString()));
}

std::optional<Broker::Client> TestBroker::client(const QString &connectionName)
{
    for (const auto &connection : m_broker.connections()) {
        if (connection.name != connectionName)
            continue;
        QString properties;
        QDebug(&properties) << connection.clientProperties;
        Client client{connection.user.toUtf8(),
                      connection.mechanism.toUtf8(),
                      connection.tls,
                      {},
                      properties.toUtf8()};
        if (!connection.certificateName.isEmpty())
            client.certificate = "CN=" + connection.certificateName.toUtf8();
        return client;
    }
    return {};
}

Broker *rabbitMq = nullptr;
std::unique_ptr<TestBroker> testBroker;

bool isTestBroker()
{
    QFETCH_GLOBAL(bool, isTestBroker);
    return isTestBroker;
}

Broker &brokerOfTheRow()
{
    if (!isTestBroker())
        return *rabbitMq;
    if (!testBroker)
        testBroker = std::make_unique<TestBroker>();
    return *testBroker;
}

} // namespace

EveryBroker::EveryBroker()
{
    if (!rabbitMq)
        rabbitMq = &broker();
    setBroker(brokerOfTheRow);
}

EveryBroker::~EveryBroker()
{
    testBroker.reset(); // whose thread does not outlive the application
}

void EveryBroker::initTestCase_data()
{
    QTest::addColumn<bool>("isTestBroker");
    if (!qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL"))
        QTest::newRow("RabbitMQ") << false;
    QTest::newRow("QAmqpTestBroker") << true;
    if (!qEnvironmentVariableIsEmpty("QTAMQP_TEST_CA"))
        return;
    const QDir folder(m_certificates.path());
    QCOMPARE(QProcess::execute(u"" QTAMQP_SOURCE_DIR "/tests/broker/node.sh"_s,
                               {u"certificates"_s, folder.path()}),
             0);
    qputenv("QTAMQP_TEST_CA", folder.filePath(u"ca.pem"_s).toLocal8Bit());
    qputenv("QTAMQP_TEST_CERT", folder.filePath(u"client.pem"_s).toLocal8Bit());
    qputenv("QTAMQP_TEST_KEY", folder.filePath(u"client.key"_s).toLocal8Bit());
}

bool runsWithRabbitMqToo()
{
    return isTestBroker() && !qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL");
}

bool differs(const char *what)
{
    static const QByteArray page = [] {
        QFile file(QStringLiteral(QTAMQP_SOURCE_DIR "/src/doc/testbrokerdifferences.qdocinc"));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }();
    if (!page.contains(QByteArray("\\row \\li ") + what + '\n'))
        qFatal("testbrokerdifferences.qdocinc has no row \"%s\"", what);
    return isTestBroker();
}

} // namespace BrokerTest
