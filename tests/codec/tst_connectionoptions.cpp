// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <QtCore/qurl.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

using Options = QAmqpConnectionOptions;

QString printed(const Options &options)
{
    QString text;
    QDebug(&text) << options;
    return text;
}

// What "from" says about a URL must hold for a QUrl of the same text too.
Options from(const QString &text)
{
    QAmqpError error(QAmqpError::Kind::Timeout, QAmqpError::Scope::Operation,
                     QAmqpError::Origin::Broker, {});
    const Options options = Options::fromUrl(text, &error);
    if (error)
        qWarning() << "from" << text << error;
    if (options != Options::fromUrl(QUrl(text)))
        qWarning() << "QUrl differs for" << text;
    return options;
}

} // namespace

class TestConnectionOptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(u".*"_s)); }

    void hasTheDocumentedDefaults()
    {
        const Options options;
        QCOMPARE(options.hosts(), (QList<QAmqpHost>{{u"localhost"_s, 0}}));
        QVERIFY(!options.isHostsShuffled());
        QCOMPARE(options.hostName(), u"localhost"_s);
        QCOMPARE(options.port(), quint16(5672));
        QCOMPARE(options.virtualHost(), u"/"_s);
        QCOMPARE(options.credentials(), QAmqpCredentials::plain(u"guest"_s, u"guest"_s));
        QVERIFY(!options.isTlsEnabled());
        QVERIFY(options.isPeerVerificationEnabled());
        QCOMPARE(options.locale(), u"en_US"_s);
        QCOMPARE(options.channelMax(), quint16(2047));
        QCOMPARE(options.frameMax(), quint32(131072));
        QVERIFY(!options.heartbeat());
        QCOMPARE(options.maxMessageSize(), quint64(134217728));
        QVERIFY(!options.heartbeatTuner());
        QCOMPARE(options.retryPolicy(), QAmqpRetryPolicy());
        QVERIFY(options.isRecoveryEnabled());
        QCOMPARE(options.recoveryPolicy(), QAmqpRetryPolicy::endless());
        QCOMPARE(options.topologyRecovery(), Options::TopologyRecovery::All);
        QVERIFY(!options.recoveryFilter());
        QVERIFY(options.resolveTimeout() == 5s);
        QVERIFY(options.connectTimeout() == 10s);
        QVERIFY(options.tlsTimeout() == 10s);
        QVERIFY(options.amqpTimeout() == 10s);
        QVERIFY(options.handshakeTimeout() == 15s);
        QVERIFY(!options.isKeepAliveEnabled());
        QVERIFY(options.keepAliveIdle() == 0s);
        QVERIFY(options.keepAliveInterval() == 0s);
        QCOMPARE(options.keepAliveCount(), 0);
        QVERIFY(options.tcpUserTimeout() == 0s);
        QVERIFY(options.privateKeyPassword().isEmpty());
        QVERIFY(options.requestTimeout() == 30s);
        QVERIFY(options.blockedConnectionTimeout() == 0s);
        QVERIFY(options.connectionName().isEmpty());
        QVERIFY(options.clientProperties().isEmpty());
        QVERIFY(options.caCertificateFile().isEmpty());
        QVERIFY(options.certificateFile().isEmpty());
        QVERIFY(options.privateKeyFile().isEmpty());
        QVERIFY(options.peerVerifyName().isEmpty());
        QCOMPARE(options.errorString(), QString());
    }

    void choosesThePortByTls()
    {
        Options options;
        QCOMPARE(options.setTlsEnabled(true).port(), quint16(5671));
        QCOMPARE(options.setPort(5672).port(), quint16(5672));
        QCOMPARE(options.setPort(0).setTlsEnabled(false).port(), quint16(5672));
    }

    void differsWhereOneSetterDiffers_data()
    {
        QTest::addColumn<Options>("changed");
        QTest::newRow("host name") << Options().setHostName(u"x"_s);
        QTest::newRow("port") << Options().setPort(5672);
        QTest::newRow("hosts") << Options().setHosts({{u"localhost"_s}, {u"x"_s}});
        QTest::newRow("shuffled") << Options().setHostsShuffled(true);
        QTest::newRow("private key password") << Options().setPrivateKeyPassword(u"x"_s);
        QTest::newRow("heartbeat tuner") << Options().setHeartbeatTuner([](auto s) { return s; });
        QTest::newRow("retry policy")
                << Options().setRetryPolicy(QAmqpRetryPolicy().setMaximumAttempts(2));
        QTest::newRow("recovery") << Options().setRecoveryEnabled(false);
        QTest::newRow("recovery policy") << Options().setRecoveryPolicy(QAmqpRetryPolicy());
        QTest::newRow("topology recovery")
                << Options().setTopologyRecovery(Options::TopologyRecovery::ConsumersOnly);
        QTest::newRow("recovery filter")
                << Options().setRecoveryFilter([](const QAmqpRecoveryStep &) { return true; });
        QTest::newRow("resolve timeout") << Options().setResolveTimeout(1ms);
        QTest::newRow("tls timeout") << Options().setTlsTimeout(1ms);
        QTest::newRow("amqp timeout") << Options().setAmqpTimeout(1ms);
        QTest::newRow("keep-alive") << Options().setKeepAliveEnabled(true);
        QTest::newRow("keep-alive idle") << Options().setKeepAliveIdle(1s);
        QTest::newRow("keep-alive interval") << Options().setKeepAliveInterval(1s);
        QTest::newRow("keep-alive count") << Options().setKeepAliveCount(1);
        QTest::newRow("user timeout") << Options().setTcpUserTimeout(1ms);
        QTest::newRow("mechanism")
                << Options().setCredentials(QAmqpCredentials::amqplain(u"guest"_s, u"guest"_s));
        QTest::newRow("virtual host") << Options().setVirtualHost(u"x"_s);
        QTest::newRow("user name")
                << Options().setCredentials(QAmqpCredentials::plain(u"x"_s, u"guest"_s));
        QTest::newRow("password") << Options().setCredentials(
                QAmqpCredentials::plain(u"guest"_s, u"x"_s));
        QTest::newRow("tls") << Options().setTlsEnabled(true);
        QTest::newRow("ca certificates") << Options().setCaCertificateFile(u"x"_s);
        QTest::newRow("certificate") << Options().setCertificateFile(u"x"_s);
        QTest::newRow("private key") << Options().setPrivateKeyFile(u"x"_s);
        QTest::newRow("peer verify name") << Options().setPeerVerifyName(u"x"_s);
        QTest::newRow("verification") << Options().setPeerVerificationEnabled(false);
        QTest::newRow("connection name") << Options().setConnectionName(u"x"_s);
        QTest::newRow("client properties")
                << Options().setClientProperties(QAmqpTable({{u"x"_s, 1}}));
        QTest::newRow("locale") << Options().setLocale(u"x"_s);
        QTest::newRow("channel max") << Options().setChannelMax(1);
        QTest::newRow("frame max") << Options().setFrameMax(4096);
        QTest::newRow("heartbeat") << Options().setHeartbeat(0s);
        QTest::newRow("message size") << Options().setMaxMessageSize(1);
        QTest::newRow("connect timeout") << Options().setConnectTimeout(1ms);
        QTest::newRow("handshake timeout") << Options().setHandshakeTimeout(1ms);
        QTest::newRow("request timeout") << Options().setRequestTimeout(1ms);
        QTest::newRow("blocked timeout") << Options().setBlockedConnectionTimeout(1ms);
        QTest::newRow("error") << Options::fromUrl(u""_s);
    }

    void differsWhereOneSetterDiffers()
    {
        QFETCH(Options, changed);
        QVERIFY(changed != Options());
        QVERIFY(!(changed == Options()));
        const Options copy(changed);
        QVERIFY(copy == changed);
        QVERIFY(Options(copy).setHostName(copy.hostName()) == copy);
    }

    void keepsAListOfHosts()
    {
        Options options = Options().addHost(u"a"_s, 1).addHost(u"b"_s);
        QCOMPARE(options.hosts(), (QList<QAmqpHost>{{u"a"_s, 1}, {u"b"_s, 0}}));
        QCOMPARE(options.endpoint(), u"amqp://a:1/"_s);
        QCOMPARE(options.setHostName(u"c"_s).setPort(2).hosts(),
                 (QList<QAmqpHost>{{u"c"_s, 2}, {u"b"_s, 0}}));
        QCOMPARE(
                printed(options),
                u"QAmqpConnectionOptions(amqp://c:2/, QAmqpCredentials(PLAIN, \"guest\", ***), hosts "
                "QList(QAmqpHost(\"c\", 2), QAmqpHost(\"b\", 0))) "_s);
        QCOMPARE(options.setHosts({}).hostName(), u"localhost"_s);
        QCOMPARE(options, Options());
        QCOMPARE(Options().setPort(7).hosts(), (QList<QAmqpHost>{{u"localhost"_s, 7}}));
        QCOMPARE(Options().addHost(u"localhost"_s), Options());
    }

    void keepAliveIsOnWhenAnyOfItIsSet()
    {
        QVERIFY(Options().setKeepAliveEnabled(true).isKeepAliveEnabled());
        QVERIFY(Options().setKeepAliveIdle(1s).isKeepAliveEnabled());
        QVERIFY(Options().setKeepAliveInterval(1s).isKeepAliveEnabled());
        QVERIFY(Options().setKeepAliveCount(1).isKeepAliveEnabled());
        QVERIFY(!Options().setTcpUserTimeout(1s).isKeepAliveEnabled());
    }

    void keepsTheTunerOfTheHeartbeat()
    {
        const Options options =
                Options().setHeartbeatTuner([](std::chrono::seconds s) { return s / 2; });
        QVERIFY(options.heartbeatTuner()(60s) == 30s);
        const Options copy(options);
        QCOMPARE(copy, options);
        QVERIFY(Options(options).setHeartbeatTuner(nullptr) == Options());
    }

    void keepsTheFilterOfTheRecovery()
    {
        const Options options = Options().setRecoveryFilter(
                [](const QAmqpRecoveryStep &step) { return step.isDurable(); });
        QVERIFY(options.recoveryFilter()(QAmqpRecoveryStep().setDurable(true)));
        QVERIFY(!options.recoveryFilter()(QAmqpRecoveryStep()));
        const Options copy(options);
        QCOMPARE(copy, options);
        QVERIFY(Options(options).setRecoveryFilter(nullptr) == Options());
    }

    void saysThatItDoesNotRecover()
    {
        QVERIFY(!printed(Options()).contains(u"recover"_s));
        QVERIFY(printed(Options().setRecoveryEnabled(false)).contains(u", does not recover)"_s));
    }

    void keepsACopyUnchanged()
    {
        Options one;
        const Options two(one);
        one.setHostName(u"other"_s);
        QCOMPARE(two, Options());
        const Options three(std::move(one));
        QCOMPARE(three.hostName(), u"other"_s);
        one = three;
        QCOMPARE(one, three);
    }

    void returnsWhatWasSet()
    {
        const QAmqpTable properties({{u"product"_s, u"demo"_s}});
        const Options options = Options()
                                        .setHostName(u"h"_s)
                                        .setPort(1)
                                        .setVirtualHost(u"v"_s)
                                        .setTlsEnabled(true)
                                        .setCaCertificateFile(u"ca"_s)
                                        .setCertificateFile(u"cert"_s)
                                        .setPrivateKeyFile(u"key"_s)
                                        .setPeerVerifyName(u"peer"_s)
                                        .setPeerVerificationEnabled(false)
                                        .setConnectionName(u"name"_s)
                                        .setClientProperties(properties)
                                        .setLocale(u"de_DE"_s)
                                        .setChannelMax(7)
                                        .setFrameMax(4096)
                                        .setHeartbeat(65535s)
                                        .setMaxMessageSize(1)
                                        .setConnectTimeout(1ms)
                                        .setHandshakeTimeout(2ms)
                                        .setRequestTimeout(3ms)
                                        .setBlockedConnectionTimeout(4ms);
        QCOMPARE(options.endpoint(), u"amqps://h:1/v"_s);
        QCOMPARE(options.caCertificateFile(), u"ca"_s);
        QCOMPARE(options.certificateFile(), u"cert"_s);
        QCOMPARE(options.privateKeyFile(), u"key"_s);
        QCOMPARE(options.peerVerifyName(), u"peer"_s);
        QVERIFY(!options.isPeerVerificationEnabled());
        QCOMPARE(options.connectionName(), u"name"_s);
        QCOMPARE(options.clientProperties(), properties);
        QCOMPARE(options.locale(), u"de_DE"_s);
        QCOMPARE(options.channelMax(), quint16(7));
        QCOMPARE(options.frameMax(), quint32(4096));
        QVERIFY(options.heartbeat() == 65535s);
        QCOMPARE(options.maxMessageSize(), quint64(1));
        QVERIFY(options.connectTimeout() == 1ms);
        QVERIFY(options.handshakeTimeout() == 2ms);
        QVERIFY(options.requestTimeout() == 3ms);
        QVERIFY(options.blockedConnectionTimeout() == 4ms);
        QCOMPARE(options.errorString(), QString());
    }

    void acceptsTheGreatestValues()
    {
        const QString x255(255, u'x');
        Options options =
                Options()
                        .setVirtualHost(x255)
                        .setLocale(x255)
                        .setCredentials(QAmqpCredentials::plain(x255, QString(7935, u'x')))
                        .setChannelMax(65535)
                        .setFrameMax(4294967295)
                        .setMaxMessageSize(18446744073709551615u)
                        .setHeartbeat(65535s)
                        .setRequestTimeout(2147483647ms);
        QCOMPARE(options.errorString(), QString());
        options.setChannelMax(0).setFrameMax(0).setHeartbeat(std::nullopt).setHandshakeTimeout(0ms);
        QCOMPARE(options.errorString(), QString());
    }

    void readsEveryPartOfAUrl()
    {
        const Options options = from(
                u"amqps://al%40ice:s%3A%2F%3F%23%25@Broker.Example:5673/a%2Fb?heartbeat=30"
                "&channel_max=10&frame_max=8192&locale=de_DE&connection_name=my%20app+%26%3D"
                "&socket_timeout=2.5&stack_timeout=7&blocked_connection_timeout=300"
                "&cacertfile=%2Fetc%2Fca.pem&certfile=/etc/me.pem&keyfile=/etc/key.pem"
                "&verify=verify_none&server_name_indication=other.example"
                "&auth_mechanism=PLAIN&password=k%26y&connection_attempts=3&retry_delay=0.5"
                "&recovery=off&recovery_attempts=20&recovery_delay=1.5&topology_recovery=consumers"
                "&tcp_keepidle=60&tcp_keepintvl=10&tcp_keepcnt=5&tcp_user_timeout=30000"_s);
        const Options expected =
                Options()
                        .setTlsEnabled(true)
                        .setCredentials(QAmqpCredentials::plain(u"al@ice"_s, u"s:/?#%"_s))
                        .setHostName(u"broker.example"_s)
                        .setPort(5673)
                        .setVirtualHost(u"a/b"_s)
                        .setHeartbeat(30s)
                        .setChannelMax(10)
                        .setFrameMax(8192)
                        .setLocale(u"de_DE"_s)
                        .setConnectionName(u"my app+&="_s)
                        .setConnectTimeout(2500ms)
                        .setHandshakeTimeout(7s)
                        .setBlockedConnectionTimeout(300s)
                        .setCaCertificateFile(u"/etc/ca.pem"_s)
                        .setCertificateFile(u"/etc/me.pem"_s)
                        .setPrivateKeyFile(u"/etc/key.pem"_s)
                        .setPeerVerificationEnabled(false)
                        .setPeerVerifyName(u"other.example"_s)
                        .setPrivateKeyPassword(u"k&y"_s)
                        .setRetryPolicy(QAmqpRetryPolicy()
                                                .setMaximumAttempts(3)
                                                .setInitialDelay(500ms)
                                                .setMultiplier(1)
                                                .setJitter(0))
                        .setRecoveryEnabled(false)
                        .setRecoveryPolicy(QAmqpRetryPolicy::endless()
                                                   .setMaximumAttempts(20)
                                                   .setInitialDelay(1500ms)
                                                   .setMultiplier(1)
                                                   .setJitter(0))
                        .setTopologyRecovery(Options::TopologyRecovery::ConsumersOnly)
                        .setKeepAliveIdle(60s)
                        .setKeepAliveInterval(10s)
                        .setKeepAliveCount(5)
                        .setTcpUserTimeout(30s);
        QCOMPARE(options, expected);
        QCOMPARE(options.credentials().initialResponse(), QByteArray("\0al@ice\0s:/?#%", 14));
    }

    void readsUrls_data()
    {
        const auto user = [](const QString &name, const QString &password) {
            return Options().setCredentials(QAmqpCredentials::plain(name, password));
        };
        QTest::addColumn<QString>("url");
        QTest::addColumn<Options>("expected");
        QTest::newRow("nothing") << u"amqp://"_s << Options();
        QTest::newRow("slash") << u"amqp:///"_s << Options();
        QTest::newRow("encoded slash") << u"amqp:///%2f"_s << Options();
        QTest::newRow("encoded slash, upper case") << u"amqp://localhost/%2F"_s << Options();
        QTest::newRow("upper case") << u"AMQP://LOCALHOST"_s << Options();
        QTest::newRow("empty query") << u"amqp://localhost?"_s << Options();
        QTest::newRow("query without path")
                << u"amqp://localhost?heartbeat=0"_s << Options().setHeartbeat(0s);
        QTest::newRow("vhost alone") << u"amqp:///v"_s << Options().setVirtualHost(u"v"_s);
        QTest::newRow("vhost with slashes")
                << u"amqp:///%2fa%2F"_s << Options().setVirtualHost(u"/a/"_s);
        QTest::newRow("vhost in UTF-8") << u"amqp:///%c3%bc"_s << Options().setVirtualHost(u"ü"_s);
        QTest::newRow("vhost not encoded") << u"amqp:///ü"_s << Options().setVirtualHost(u"ü"_s);
        QTest::newRow("vhost decoded once")
                << u"amqp:///%252f"_s << Options().setVirtualHost(u"%2f"_s);
        QTest::newRow("user") << u"amqp://me@localhost"_s << user(u"me"_s, {});
        QTest::newRow("user, empty password") << u"amqp://me:@localhost"_s << user(u"me"_s, {});
        QTest::newRow("nobody") << u"amqp://:@localhost"_s << user({}, {});
        QTest::newRow("colon in password")
                << u"amqp://me:a:b@localhost"_s << user(u"me"_s, u"a:b"_s);
        QTest::newRow("UTF-8 password")
                << u"amqp://me:%e2%82%ac@localhost"_s << user(u"me"_s, u"€"_s);
        QTest::newRow("amqplain") << u"amqp://me:x@localhost?auth_mechanism=amqplain"_s
                                  << Options().setCredentials(
                                             QAmqpCredentials::amqplain(u"me"_s, u"x"_s));
        QTest::newRow("external") << u"amqps://localhost?auth_mechanism=External"_s
                                  << Options().setTlsEnabled(true).setCredentials(
                                             QAmqpCredentials::external());
        QTest::newRow("attempts without end")
                << u"amqp://?connection_attempts=0"_s
                << Options().setRetryPolicy(QAmqpRetryPolicy().setMaximumAttempts(0));
        QTest::newRow("recovery on") << u"amqp://?recovery=on"_s << Options();
        QTest::newRow("recovery off")
                << u"amqp://?recovery=off"_s << Options().setRecoveryEnabled(false);
        QTest::newRow("recovery without end") << u"amqp://?recovery_attempts=0"_s << Options();
        QTest::newRow("all of the topology") << u"amqp://?topology_recovery=all"_s << Options();
        QTest::newRow("nothing of the topology")
                << u"amqp://?topology_recovery=none"_s
                << Options().setTopologyRecovery(Options::TopologyRecovery::Nothing);
        QTest::newRow("IPv4") << u"amqp://127.0.0.1:99"_s
                              << Options().setHostName(u"127.0.0.1"_s).setPort(99);
        QTest::newRow("IPv6") << u"amqp://[::1]"_s << Options().setHostName(u"::1"_s);
        QTest::newRow("IPv6 and port") << u"amqp://[2001:db8::1]:99/"_s
                                       << Options().setHostName(u"2001:db8::1"_s).setPort(99);
        QTest::newRow("IPv6 with zone")
                << u"amqp://[fe80::1%25eth0]/"_s << Options().setHostName(u"fe80::1%eth0"_s);
        QTest::newRow("international host")
                << u"amqp://bücher.example"_s << Options().setHostName(u"xn--bcher-kva.example"_s);
        QTest::newRow("underscore in host")
                << u"amqp://rabbit_mq"_s << Options().setHostName(u"rabbit_mq"_s);
        QTest::newRow("default port")
                << u"amqps://h"_s << Options().setHostName(u"h"_s).setTlsEnabled(true);
        QTest::newRow("milliseconds")
                << u"amqp://?connection_timeout=2500"_s << Options().setConnectTimeout(2500ms);
        QTest::newRow("seconds with much fraction")
                << u"amqp://?socket_timeout=1.0010001"_s << Options().setConnectTimeout(1002ms);
        QTest::newRow("seconds, exact")
                << u"amqp://?socket_timeout=16.10000"_s << Options().setConnectTimeout(16100ms);
        QTest::newRow("less than a millisecond is not off")
                << u"amqp://?stack_timeout=0.0001"_s << Options().setHandshakeTimeout(1ms);
        QTest::newRow("off") << u"amqp://?stack_timeout=0"_s << Options().setHandshakeTimeout(0ms);
        QTest::newRow("longest") << u"amqp://?blocked_connection_timeout=2147483.647"_s
                                 << Options().setBlockedConnectionTimeout(2147483647ms);
        QTest::newRow("server's choices") << u"amqp://?channel_max=0&frame_max=0"_s
                                          << Options().setChannelMax(0).setFrameMax(0);
        QTest::newRow("greatest")
                << u"amqp://?channel_max=65535&frame_max=4294967295&heartbeat=65535"_s
                << Options().setChannelMax(65535).setFrameMax(4294967295).setHeartbeat(65535s);
        QTest::newRow("equals in value")
                << u"amqp://?connection_name=a=b"_s << Options().setConnectionName(u"a=b"_s);
        QTest::newRow("slash and question mark in value")
                << u"amqp://?connection_name=a/b?"_s << Options().setConnectionName(u"a/b?"_s);
        QTest::newRow("verify_peer")
                << u"amqps://localhost?verify=verify_peer"_s << Options().setTlsEnabled(true);
    }

    void readsUrls()
    {
        QFETCH(QString, url);
        QFETCH(Options, expected);
        QCOMPARE(from(url), expected);
    }

    // A QUrl cannot hold these.
    void readsSeveralHostsWithPorts()
    {
        const Options options = Options::fromUrl(u"amqps://me:x@a:1,b,[::1]:2,:3,[::2]/v"_s);
        QCOMPARE(options.errorString(), QString());
        QCOMPARE(options.hosts(),
                 (QList<QAmqpHost>{
                         {u"a"_s, 1}, {u"b"_s}, {u"::1"_s, 2}, {u"localhost"_s, 3}, {u"::2"_s}}));
        QCOMPARE(options.endpoint(), u"amqps://a:1/v"_s);
    }

    void aZoneMayHaveCommas()
    {
        const Options options = Options::fromUrl(u"amqp://[fe80::1%25a,b]:1,c:2"_s);
        QCOMPARE(options.errorString(), QString());
        QCOMPARE(options.hosts(), (QList<QAmqpHost>{{u"fe80::1%a,b"_s, 1}, {u"c"_s, 2}}));
        QCOMPARE(options.endpoint(), u"amqp://[fe80::1%25a,b]:1/"_s);
    }

    void theHostMayBePercentEncoded_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("host"); // none: it is refused
        QTest::newRow("letters") << u"amqp://%62roker.test"_s << u"broker.test"_s;
        QTest::newRow("an address") << u"amqp://%31%32%37.0.0.1"_s << u"127.0.0.1"_s;
        QTest::newRow("UTF-8") << u"amqp://b%C3%BCcher.test"_s << u"xn--bcher-kva.test"_s;
        QTest::newRow("IPv6") << u"amqp://[%3A%3A1]"_s << u"::1"_s;
        QTest::newRow("brackets") << u"amqp://%5B::1%5D"_s << QString();
        QTest::newRow("IPv6 without brackets") << u"amqp://%3A%3A1"_s << QString();
        QTest::newRow("comma") << u"amqp://a%2Cb"_s << QString();
        QTest::newRow("at") << u"amqp://a%40b"_s << QString();
        QTest::newRow("slash") << u"amqp://a%2Fb"_s << QString();
        QTest::newRow("NUL") << u"amqp://a%00b"_s << QString();
        QTest::newRow("no UTF-8") << u"amqp://%FF"_s << QString();
    }

    void theHostMayBePercentEncoded()
    {
        QFETCH(QString, url);
        QFETCH(QString, host);
        for (const Options &options : {Options::fromUrl(url), Options::fromUrl(QUrl(url))}) {
            QCOMPARE(options.errorString().isEmpty(), !host.isEmpty());
            if (!host.isEmpty())
                QCOMPARE(options.hostName(), host);
        }
    }

    void printsTheEndpointAsAUrl_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("endpoint");
        QTest::newRow("default") << u"amqp://"_s << u"amqp://localhost:5672/"_s;
        QTest::newRow("tls") << u"amqps://me:secret@h/v?heartbeat=1"_s << u"amqps://h:5671/v"_s;
        QTest::newRow("encoded") << u"amqp://h:1/a%2Fb%40%20%c3%bc"_s
                                 << u"amqp://h:1/a%2Fb%40%20%C3%BC"_s;
        QTest::newRow("IPv6") << u"amqp://[fe80::1%25eth0]:1"_s << u"amqp://[fe80::1%25eth0]:1/"_s;
    }

    void printsTheEndpointAsAUrl()
    {
        QFETCH(QString, url);
        QFETCH(QString, endpoint);
        QCOMPARE(from(url).endpoint(), endpoint);
        QCOMPARE(from(endpoint).endpoint(), endpoint);
    }

    void clearsTheErrorOnSuccess()
    {
        QAmqpError error(QAmqpError::Kind::Timeout, QAmqpError::Scope::Channel,
                         QAmqpError::Origin::Broker, u"x"_s);
        QCOMPARE(Options::fromUrl(u"amqp://localhost"_s, &error), Options());
        QCOMPARE(error, QAmqpError());
    }

    void printsForPeople()
    {
        QCOMPARE(printed(from(u"amqps://me:s3cret@h/v?verify=verify_none&connection_name=shop"_s)),
                 u"QAmqpConnectionOptions(amqps://h:5671/v, QAmqpCredentials(PLAIN, \"me\", ***), "
                 "peer not verified, name \"shop\") "_s);
        const QAmqpTable token({{u"token"_s, u"s3cret"_s}});
        QVERIFY(!printed(Options().setClientProperties(token)).contains("s3cret"_L1));
    }
};

QTAMQP_TEST(TestConnectionOptions)

#include "tst_connectionoptions.moc"
