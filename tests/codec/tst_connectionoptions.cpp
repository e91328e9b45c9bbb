#include "testmain.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <QtCore/qrandom.h>
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

struct BadUrl
{
    const char *url;
    const char *error;
};

const char *const behindHost =
        "The URL has an @ behind its host; write %40 for it, and if it ends a password, "
        "write %2F and %3F for a / and a ? in the password.";
const char *const badPort =
        "The URL's port is not a number from 1 to 65535; if it is part of a password, write "
        "%2F and %3F for a / and a ? in the password.";
const char *const badHost = "The URL's host is neither a host name nor an address.";
const char *const badScheme = "The URL does not begin with amqp:// or amqps://.";
const char *const badPercent = "The URL has a % without two hexadecimal digits; write %25 for it.";
const char *const badSpace = "The URL has a space or control character; write %20 for a space.";
const char *const badPath =
        "The URL has more than one path segment; write %2F for a / in the virtual host.";
const char *const emptyKey = "The URL has a query entry without a key; write key=value&key=value.";

#define KNOWN_KEYS \
  "heartbeat, channel_max, frame_max, locale, connection_name, socket_timeout, connection_timeout, " \
  "stack_timeout, blocked_connection_timeout, auth_mechanism, cacertfile, certfile, keyfile, verify, " \
  "server_name_indication."
#define SECONDS "a number of seconds from 0 (off) to 2147483, such as 2.5"

const BadUrl badUrls[] = {
        // The URL as a whole.
        {"", "The URL is empty or not valid; write amqp://localhost or the like."},
        {"localhost", badScheme},
        {"localhost:5672", badScheme},
        {"guest:guest@localhost", badScheme},
        {"amqp:", badScheme},
        {"amqp:/localhost", badScheme},
        {"http://localhost", badScheme},
        {"mqtt://localhost", badScheme},
        {"amqpss://localhost", badScheme},
        {"//localhost", badScheme},
        {" amqp://localhost", badSpace},
        {"amqp://localhost\n", badSpace},
        {"amqp://localhost/a b", badSpace},
        {"amqp://localhost/a\x7f", badSpace},
        {"amqp://localhost/#1", "The URL has a #; write %23 for it."},
        {"amqp://user:pa#ss@localhost", "The URL has a #; write %23 for it."},
        {"amqp://localhost/%", badPercent},
        {"amqp://localhost/%2", badPercent},
        {"amqp://localhost/%zz", badPercent},
        {"amqp://user:100%@localhost", badPercent},
        // User name and password.
        {"amqp://us@er:pass@localhost",
         "The URL has an @ in the user name or password; write %40 for it."},
        {"amqp://user:p@ss@localhost",
         "The URL has an @ in the user name or password; write %40 for it."},
        {"amqp://user:pa/ss@localhost", behindHost},
        {"amqp://user:12/ss@localhost", behindHost},
        {"amqp://user:12?ss@localhost", behindHost},
        {"amqp://user:12?heartbeat=ss@localhost", behindHost},
        {"amqp://us%ffer:pass@localhost", "The user name in the URL is not UTF-8."},
        {"amqp://user:%c3@localhost", "The password in the URL is not UTF-8."},
        {"amqp://user%00:pass@localhost", "The user name in the URL has a NUL character."},
        {"amqp://user:pa%00ss@localhost", "The password in the URL has a NUL character."},
        // Host and port.
        {"amqp://::1", "An IPv6 address in a URL stands in brackets, as in amqp://[::1]:5672."},
        {"amqp://fe80::1:5672/",
         "An IPv6 address in a URL stands in brackets, as in amqp://[::1]:5672."},
        {"amqp://[::1", "The IPv6 address in the URL has no closing bracket."},
        {"amqp://[::1]5672", badPort},
        {"amqp://[zz]", badHost},
        {"amqp://[]", badHost},
        {"amqp://[v1.x]", badHost},
        {"amqp://[localhost]", badHost},
        {"amqp://a..b", badHost},
        {"amqp://one,two", badHost},
        {"amqp://one*", badHost},
        {"amqp://host\\name", badHost},
        {"amqp://localhost:", badPort},
        {"amqp://localhost:0", badPort},
        {"amqp://localhost:65536", badPort},
        {"amqp://localhost:99999999999999999999", badPort},
        {"amqp://localhost:+1", badPort},
        {"amqp://localhost:-1", badPort},
        {"amqp://localhost:56a", badPort},
        {"amqp://guest:guest", badPort},
        // Virtual host.
        {"amqp://localhost/a/b", badPath},
        {"amqp://localhost/a/", badPath},
        {"amqp://localhost//", badPath},
        {"amqp://localhost/a@b", behindHost},
        {"amqp://localhost/%ff", "The virtual host in the URL is not UTF-8."},
        {"amqp://localhost/%00", "The virtual host in the URL has a NUL character."},
        // Query keys.
        {"amqp://localhost?heart_beat=1",
         "The URL has an unknown key \"heart_beat\"; known are " KNOWN_KEYS},
        {"amqp://localhost?Heartbeat=1",
         "The URL has an unknown key \"Heartbeat\"; known are " KNOWN_KEYS},
        {"amqp://localhost?h%0aeart=1", "The URL has an unknown key; known are " KNOWN_KEYS},
        {"amqp://localhost?heartbeat=1?x",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 "
         "(off) to 65535."},
        {"amqp://localhost?=1", emptyKey},
        {"amqp://localhost?&heartbeat=1", emptyKey},
        {"amqp://localhost?heartbeat=1&", emptyKey},
        {"amqp://localhost?%ff=1", "A query key in the URL is not UTF-8."},
        {"amqp://localhost?heartbeat=1&heartbeat=1",
         "\"heartbeat\" is in the URL twice; write it once."},
        {"amqp://localhost?heartbeat=1&heart%62eat=2",
         "\"heartbeat\" is in the URL twice; write it once."},
        {"amqp://localhost?socket_timeout=1&connection_timeout=1000",
         "\"socket_timeout\" and \"connection_timeout\" in the URL mean the same; write one of them."},
        {"amqp://localhost?heartbeat",
         "\"heartbeat\" in the URL has no value; write a whole number of seconds "
         "from 0 (off) to 65535, or leave it out."},
        {"amqp://localhost?heartbeat=",
         "\"heartbeat\" in the URL has no value; write a whole number of seconds "
         "from 0 (off) to 65535, or leave it out."},
        {"amqp://localhost?locale=",
         "\"locale\" in the URL has no value; write a locale such as en_US, or leave "
         "it out."},
        // Query values.
        {"amqp://localhost?heartbeat=-1",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?heartbeat=65536",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?heartbeat=1.5",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?heartbeat=%201",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?heartbeat=None",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?heartbeat=%d9%a1",
         "\"heartbeat\" in the URL must be a whole number of seconds from 0 (off) to 65535."},
        {"amqp://localhost?channel_max=65536",
         "\"channel_max\" in the URL must be a whole number from 0 (the server's choice) to 65535."},
        {"amqp://localhost?frame_max=4095",
         "\"frame_max\" in the URL must be 0 (the server's choice) or a whole "
         "number of octets from 4096 to 4294967295."},
        {"amqp://localhost?frame_max=4294967296",
         "\"frame_max\" in the URL must be 0 (the server's choice) or a "
         "whole number of octets from 4096 to 4294967295."},
        {"amqp://localhost?socket_timeout=abc",
         "\"socket_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?socket_timeout=-0.5",
         "\"socket_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?socket_timeout=.5",
         "\"socket_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?socket_timeout=5.",
         "\"socket_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?socket_timeout=1.2.3",
         "\"socket_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?stack_timeout=1e3", "\"stack_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?stack_timeout=inf", "\"stack_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?blocked_connection_timeout=2147484",
         "\"blocked_connection_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?blocked_connection_timeout=2147483.648",
         "\"blocked_connection_timeout\" in the URL must be " SECONDS "."},
        {"amqp://localhost?connection_timeout=2.5",
         "\"connection_timeout\" in the URL must be a whole number of milliseconds from 0 (off) to 2147483647."},
        {"amqp://localhost?connection_name=%ff",
         "The value of \"connection_name\" in the URL is not UTF-8."},
        {"amqp://localhost?connection_name=%00",
         "The value of \"connection_name\" in the URL has a NUL character."},
        {"amqp://localhost?connection_name=a@b", behindHost},
        {"amqp://localhost?auth_mechanism=external",
         "\"auth_mechanism\" in the URL must be plain, the only mechanism supported."},
        {"amqps://localhost?verify=verify_sometimes",
         "\"verify\" in the URL must be verify_peer or verify_none."},
        // TLS.
        {"amqp://localhost?cacertfile=ca.pem",
         "\"cacertfile\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqp://localhost?certfile=me.pem",
         "\"certfile\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqp://localhost?keyfile=key.pem",
         "\"keyfile\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqp://localhost?verify=verify_none",
         "\"verify\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqp://localhost?server_name_indication=x",
         "\"server_name_indication\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqps://localhost?certfile=me.pem",
         "The certificate file (certfile) and the private key file (keyfile) "
         "must be set both; they may name one file."},
        {"amqps://localhost?keyfile=key.pem",
         "The certificate file (certfile) and the private key file (keyfile) "
         "must be set both; they may name one file."},
        {"amqps://localhost?server_name_indication=a%20b",
         "The peer name (server_name_indication) is not a host name."},
        // Known elsewhere, not here.
        {"amqp://localhost?connection_attempts=3",
         "\"connection_attempts\" in the URL is not supported; leave it out."},
        {"amqp://localhost?retry_delay=2",
         "\"retry_delay\" in the URL is not supported; leave it out."},
        {"amqps://localhost?password=x",
         "\"password\" in the URL is not supported; leave it out and use a key "
         "file without a passphrase."},
        {"amqp://localhost?client_properties={}",
         "\"client_properties\" in the URL is not supported; call setClientProperties()."},
        {"amqp://localhost?tcp_options={}",
         "\"tcp_options\" in the URL is not supported; leave it out."},
        {"amqps://localhost?ssl_options={}",
         "\"ssl_options\" in the URL is not supported; write amqps:// and cacertfile, certfile, keyfile, verify or "
         "server_name_indication."},
        {"amqps://localhost?depth=2", "\"depth\" in the URL is not supported; leave it out."},
        {"amqps://localhost?fail_if_no_peer_cert=true",
         "\"fail_if_no_peer_cert\" in the URL is not supported; leave it out."},
};

QByteArray rowName(const BadUrl &bad)
{
    return *bad.url ? QByteArray(bad.url).replace("\n", "\\n") : QByteArray("empty");
}

} // namespace

class TestConnectionOptions : public QObject
{
    Q_OBJECT

private:
    static void checkRefused(const QString &url, const QString &expected)
    {
        QAmqpError error;
        const Options options = Options::fromUrl(url, &error);
        QCOMPARE(error.text(), expected);
        QCOMPARE(error.kind(), QAmqpError::Kind::InvalidArgument);
        QCOMPARE(error.origin(), QAmqpError::Origin::Application);
        QCOMPARE(error.scope(), QAmqpError::Scope::Connection);
        QCOMPARE(options.errorString(), expected);
        QCOMPARE(options.endpoint(), u"amqp://localhost:5672/"_s);
        QCOMPARE(options.credentials(), QAmqpCredentials());
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(u".*"_s)); }

    void hasTheDocumentedDefaults()
    {
        const Options options;
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
        QVERIFY(options.connectTimeout() == 10s);
        QVERIFY(options.handshakeTimeout() == 15s);
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

    void reportsOptionsThatCannotWork_data()
    {
        const QString x256(256, u'x');
        const QString badHostName =
                u"The host is neither a host name nor an address; a port is set with "
                "setPort(), a URL is read by fromUrl()."_s;
        const QString needsTls =
                u"A certificate, key or peer name is set without TLS; enable TLS, in a URL by amqps://."_s;
        const auto timeout = [](const char *name) {
            return u"The %1 must be from 0 (off) to 2147483647 milliseconds."_s.arg(
                    QString::fromLatin1(name));
        };
        const auto user = [](const QString &name, const QString &password) {
            return Options().setCredentials(QAmqpCredentials::plain(name, password));
        };
        QTest::addColumn<Options>("options");
        QTest::addColumn<QString>("error");
        QTest::newRow("no host") << Options().setHostName({}) << badHostName;
        QTest::newRow("url as host") << Options().setHostName(u"amqp://h"_s) << badHostName;
        QTest::newRow("port in host") << Options().setHostName(u"h:5672"_s) << badHostName;
        QTest::newRow("brackets") << Options().setHostName(u"[::1]"_s) << badHostName;
        QTest::newRow("long host") << Options().setHostName(x256) << badHostName;
        QTest::newRow("no vhost")
                << Options().setVirtualHost({})
                << u"The virtual host must have 1 to 255 octets of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long vhost")
                << Options().setVirtualHost(QString(128, u'é'))
                << u"The virtual host must have 1 to 255 octets of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long locale")
                << Options().setLocale(x256)
                << u"The locale must have 1 to 255 octets of UTF-8; the usual one is \"en_US\"."_s;
        QTest::newRow("long user")
                << user(x256, {}) << u"The user name has more than 255 octets of UTF-8."_s;
        QTest::newRow("NUL in user")
                << user(u"a\0b"_s, {}) << u"The user name or password has a NUL character."_s;
        QTest::newRow("NUL in password")
                << user({}, u"a\0b"_s) << u"The user name or password has a NUL character."_s;
        QTest::newRow("long password")
                << user(u"x"_s, QString(8190, u'x'))
                << u"The user name and password together have more than 8190 octets of UTF-8."_s;
        QTest::newRow("negative heartbeat")
                << Options().setHeartbeat(-1s)
                << u"The heartbeat must be from 0 (off) to 65535 seconds."_s;
        QTest::newRow("long heartbeat")
                << Options().setHeartbeat(65536s)
                << u"The heartbeat must be from 0 (off) to 65535 seconds."_s;
        QTest::newRow("frame max 1")
                << Options().setFrameMax(1)
                << u"The frame size (frame_max) must be 0 (the server's choice) or at least 4096 octets."_s;
        QTest::newRow("frame max 4095")
                << Options().setFrameMax(4095)
                << u"The frame size (frame_max) must be 0 (the server's choice) or at least 4096 octets."_s;
        QTest::newRow("message size") << Options().setMaxMessageSize(0)
                                      << u"The maximum message size must be at least 1 octet."_s;
        QTest::newRow("connect") << Options().setConnectTimeout(-1ms) << timeout("connect timeout");
        QTest::newRow("handshake")
                << Options().setHandshakeTimeout(2147483648ms) << timeout("handshake timeout");
        QTest::newRow("request") << Options().setRequestTimeout(std::chrono::milliseconds::max())
                                 << timeout("request timeout");
        QTest::newRow("blocked") << Options().setBlockedConnectionTimeout(-1ms)
                                 << timeout("blocked connection timeout");
        QTest::newRow("ca") << Options().setCaCertificateFile(u"x"_s) << needsTls;
        QTest::newRow("certificate") << Options().setCertificateFile(u"x"_s) << needsTls;
        QTest::newRow("key") << Options().setPrivateKeyFile(u"x"_s) << needsTls;
        QTest::newRow("peer name") << Options().setPeerVerifyName(u"x"_s) << needsTls;
        QTest::newRow("no key")
                << Options().setTlsEnabled(true).setCertificateFile(u"x"_s)
                << u"The certificate file (certfile) and the private key file (keyfile) must be set "
                   "both; they may name one file."_s;
    }

    void reportsOptionsThatCannotWork()
    {
        QFETCH(Options, options);
        QFETCH(QString, error);
        QCOMPARE(options.errorString(), error);
        QVERIFY(printed(options).contains("error"_L1));
    }

    void namesAClientPropertyThatCannotBeSent()
    {
        QAmqpTable properties;
        properties.append(QByteArray(256, 'x'), 1);
        const QString error = Options().setClientProperties(properties).errorString();
        QVERIFY2(error.startsWith("The client properties cannot be sent: "_L1), qPrintable(error));
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
        const Options options =
                from(u"amqps://al%40ice:s%3A%2F%3F%23%25@Broker.Example:5673/a%2Fb?heartbeat=30"
                     "&channel_max=10&frame_max=8192&locale=de_DE&connection_name=my%20app+%26%3D"
                     "&socket_timeout=2.5&stack_timeout=7&blocked_connection_timeout=300"
                     "&cacertfile=%2Fetc%2Fca.pem&certfile=/etc/me.pem&keyfile=/etc/key.pem"
                     "&verify=verify_none&server_name_indication=other.example"
                     "&auth_mechanism=PLAIN"_s);
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
                        .setPeerVerifyName(u"other.example"_s);
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

    void refusesBadUrls_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("error");
        for (const BadUrl &bad : badUrls)
            QTest::newRow(rowName(bad).constData())
                    << QString::fromUtf8(bad.url) << QString::fromUtf8(bad.error);
        const QByteArray long256(256, 'x');
        QTest::newRow("long vhost")
                << u"amqp:///"_s + QString::fromLatin1(long256)
                << u"The virtual host must have 1 to 255 octets of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long user") << u"amqp://"_s + QString::fromLatin1(long256) + u":x@h"_s
                                   << u"The user name has more than 255 octets of UTF-8."_s;
        QTest::newRow("long locale")
                << u"amqp://?locale="_s + QString::fromLatin1(long256)
                << u"The locale must have 1 to 255 octets of UTF-8; the usual one is \"en_US\"."_s;
        QTest::newRow("long key") << u"amqp://?"_s + QString::fromLatin1(long256) + u"=1"_s
                                  << u"The URL has an unknown key; known are "_s
                        + QString::fromLatin1(KNOWN_KEYS);
    }

    void refusesBadUrls()
    {
        QFETCH(QString, url);
        QFETCH(QString, error);
        checkRefused(url, error);
        // A tolerant QUrl mends some of them, as %zz; what it cannot mend must not pass.
        QAmqpError urlError;
        const Options options = Options::fromUrl(QUrl(url), &urlError);
        QCOMPARE(options.errorString(), urlError.text());
        const QUrl strict(url, QUrl::StrictMode);
        QVERIFY(!strict.isValid()
                || Options::fromUrl(strict, &urlError).errorString() == urlError.text());
    }

    void refusesAnInvalidQUrl()
    {
        const QString text =
                u"The URL is empty or not valid; write amqp://localhost or the like."_s;
        QCOMPARE(Options::fromUrl(QUrl()).errorString(), text);
        const QUrl invalid(u"amqp://user:s3cret@host:99999/"_s);
        QVERIFY(!invalid.isValid());
        QCOMPARE(Options::fromUrl(invalid).errorString(), text);
    }

    void clearsTheErrorOnSuccess()
    {
        QAmqpError error(QAmqpError::Kind::Timeout, QAmqpError::Scope::Channel,
                         QAmqpError::Origin::Broker, u"x"_s);
        QCOMPARE(Options::fromUrl(u"amqp://localhost"_s, &error), Options());
        QCOMPARE(error, QAmqpError());
    }

    void neverShowsThePassword_data()
    {
        QTest::addColumn<QString>("url");
        for (const BadUrl &bad : badUrls) {
            QString url = QString::fromUtf8(bad.url);
            if (!url.contains(u'@') && url.contains("://"_L1))
                QTest::newRow(rowName(bad).constData())
                        << url.replace("://"_L1, "://user:s3cret@"_L1);
        }
        for (const char *url :
             {"amqp://user:s3cret@localhost", "amqp://user:s3cret@localhost?certfile=x",
              "amqp://user:s3cret", "amqp://user:s3cret/", "amqp://user:12/s3cret@h",
              "amqp://user:12?s3cret@h", "amqp://user:12?s3cret=x@h", "amqp://user:12?x=s3cret@h",
              "amqp://user:12?heartbeat=s3cret@h", "amqp://user:#s3cret@h",
              "amqp://user:s3cret@x@h", "amqp://user:x@s3cret@h", "amqp://user:%s3cret@h",
              "amqp://user:s3cret%ff@h", "amqp://user:s3cret%00@h", "amqp://user:s3cret @h",
              "user:s3cret@h", "s3cret:x@h", "amqp:user:s3cret@h"})
            QTest::newRow(url) << QString::fromUtf8(url);
    }

    void neverShowsThePassword()
    {
        QFETCH(QString, url);
        for (const bool asQUrl : {false, true}) {
            QAmqpError error;
            const Options options =
                    asQUrl ? Options::fromUrl(QUrl(url), &error) : Options::fromUrl(url, &error);
            QString text = printed(options);
            QDebug(&text) << options.credentials() << error << QAmqpException(error).what();
            text += options.errorString() + options.endpoint() + error.text();
            QVERIFY2(!text.contains("s3cret"_L1), qPrintable(text));
        }
    }

    void hidesWhatIsNoHostName()
    {
        const Options options = Options().setHostName(u"amqp://user:s3cret@host"_s);
        QVERIFY(!options.endpoint().contains("s3cret"_L1));
        QVERIFY(!printed(options).contains("s3cret"_L1));
    }

    void printsForPeople()
    {
        QCOMPARE(printed(from(u"amqps://me:s3cret@h/v?verify=verify_none&connection_name=shop"_s)),
                 u"QAmqpConnectionOptions(amqps://h:5671/v, QAmqpCredentials(PLAIN, \"me\", ***), "
                 "peer not verified, name \"shop\") "_s);
        const QAmqpTable token({{u"token"_s, u"s3cret"_s}});
        QVERIFY(!printed(Options().setClientProperties(token)).contains("s3cret"_L1));
    }

    void survivesRandomBytes()
    {
        constexpr quint32 seed = 20240917;
        QRandomGenerator random(seed);
        int accepted = 0;
        const QByteArray seedUrls[] = {
                "amqps://user:p%40ss@[fe80::1%25eth0]:5671/a%2Fb?heartbeat=30&socket_timeout=2.5&verify=verify_none",
                "amqp://me:x@broker.example/v?connection_name=a%20b&frame_max=8192&blocked_connection_timeout=1.5",
        };
        for (int round = 0; round < 3000; ++round) {
            QByteArray bytes;
            if (round % 3 == 0) { // noise
                bytes = round % 2 ? "amqp://" : "";
                for (int i = random.bounded(60); i > 0; --i)
                    bytes.append(char(random.bounded(256)));
            } else { // a good URL with some octets changed, put in or taken out
                bytes = seedUrls[round % 2];
                for (int i = random.bounded(1, 4); i > 0; --i) {
                    const int at = random.bounded(int(bytes.size()));
                    const char octet = "%@:/?#&=[].0aZ\0 \xff"[random.bounded(17)];
                    switch (random.bounded(3)) {
                    case 0: bytes[at] = octet; break;
                    case 1: bytes.insert(at, octet); break;
                    default: bytes.remove(at, 1); break;
                    }
                }
            }
            for (const QString &text : {QString::fromUtf8(bytes), QString::fromLatin1(bytes)}) {
                QAmqpError error;
                const Options options = Options::fromUrl(text, &error);
                QVERIFY2(options.errorString() == error.text(), qPrintable(text));
                const Options byUrl = Options::fromUrl(QUrl(text), &error);
                QCOMPARE(byUrl.errorString(), error.text());
                if (!options.errorString().isEmpty())
                    continue;
                ++accepted;
                const Options again = Options::fromUrl(options.endpoint());
                QVERIFY2(again.endpoint() == options.endpoint() && again.errorString().isEmpty(),
                         qPrintable(text));
                QCOMPARE(again.hostName(), options.hostName());
                QCOMPARE(again.virtualHost(), options.virtualHost());
            }
        }
        QVERIFY(accepted > 100);
    }
};

QTAMQP_TEST(TestConnectionOptions)

#include "tst_connectionoptions.moc"
