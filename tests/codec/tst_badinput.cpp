// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What cannot work is refused with a text that says what to do instead, and no text tells a secret:
// URLs, options, and random bytes in place of a URL. Calls are in tests/api.

#include "testmain.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <QtCore/qrandom.h>
#include <QtCore/qurl.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

using Options = QAmqpConnectionOptions;

template<typename T>
QString printed(const T &value)
{
    QString text;
    QDebug(&text) << value;
    return text;
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
const char *const badComma = "The URL has a comma without a host before or behind it.";
const char *const badScheme = "The URL does not begin with amqp:// or amqps://.";
const char *const badPercent = "The URL has a % without two hexadecimal digits; write %25 for it.";
const char *const badSpace = "The URL has a space or control character; write %20 for a space.";
const char *const badPath =
        "The URL has more than one path segment; write %2F for a / in the virtual host.";
const char *const emptyKey = "The URL has a query entry without a key; write key=value&key=value.";

#define KNOWN_KEYS \
  "heartbeat, channel_max, frame_max, socket_timeout, stack_timeout, blocked_connection_timeout, " \
  "tcp_keepidle, tcp_keepintvl, tcp_keepcnt, tcp_user_timeout, locale, connection_name, cacertfile, " \
  "certfile, keyfile, password, server_name_indication, connection_timeout, connection_attempts, " \
  "retry_delay, recovery, recovery_attempts, recovery_delay, topology_recovery, auth_mechanism, " \
  "verify."
#define SECONDS "a number of seconds from 0 (off) to 2147483, such as 2.5"

const char emptyUrl[] =
        "The URL is empty or not valid; write amqp://localhost or the like, and several hosts with "
        "ports as a QString, which a QUrl cannot hold.";

const BadUrl badUrls[] = {
        // The URL as a whole.
        {"", emptyUrl},
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
        {"amqp://one,", badComma},
        {"amqp://,one", badComma},
        {"amqp://one,,two", badComma},
        {"amqp://one,two*", badHost},
        {"amqp://one:1,two:0", badPort},
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
         "number of bytes from 4096 to 4294967295."},
        {"amqp://localhost?frame_max=4294967296",
         "\"frame_max\" in the URL must be 0 (the server's choice) or a "
         "whole number of bytes from 4096 to 4294967295."},
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
        {"amqp://localhost?auth_mechanism=cram-md5",
         "\"auth_mechanism\" in the URL must be plain, amqplain or external."},
        {"amqp://localhost?auth_mechanism=plain,external",
         "\"auth_mechanism\" in the URL must be plain, amqplain or external."},
        {"amqps://user:pass@localhost?auth_mechanism=external",
         "\"auth_mechanism\" in the URL is external, which takes the user from the certificate; "
         "leave the user name and password out."},
        {"amqp://localhost?connection_attempts=-1",
         "\"connection_attempts\" in the URL must be a whole number from 0 (without end) to 2147483647."},
        {"amqp://localhost?connection_attempts=2147483648",
         "\"connection_attempts\" in the URL must be a whole number from 0 (without end) to 2147483647."},
        {"amqp://localhost?connection_attempts=three",
         "\"connection_attempts\" in the URL must be a whole number from 0 (without end) to 2147483647."},
        {"amqp://localhost?retry_delay=-2",
         "\"retry_delay\" in the URL must be a number of seconds from 0 to 2147483, such as 2.5."},
        {"amqp://localhost?retry_delay=",
         "\"retry_delay\" in the URL has no value; write a number of seconds from 0 to 2147483, such "
         "as 2.5, or leave it out."},
        {"amqp://localhost?recovery=ON", "\"recovery\" in the URL must be on or off."},
        {"amqp://localhost?recovery_attempts=forever",
         "\"recovery_attempts\" in the URL must be a whole number from 0 (without end) to 2147483647."},
        {"amqp://localhost?recovery_delay=250ms",
         "\"recovery_delay\" in the URL must be a number of seconds from 0 to 2147483, such as 2.5."},
        {"amqp://localhost?topology_recovery=ConsumersOnly",
         "\"topology_recovery\" in the URL must be none, consumers or all."},
        {"amqp://localhost?tcp_keepidle=32768",
         "\"tcp_keepidle\" in the URL must be a whole number of seconds from 0 (the system's choice) to 32767."},
        {"amqp://localhost?tcp_keepintvl=1.5",
         "\"tcp_keepintvl\" in the URL must be a whole number of seconds from 0 (the system's choice) to 32767."},
        {"amqp://localhost?tcp_keepcnt=128",
         "\"tcp_keepcnt\" in the URL must be a whole number of probes from 0 (the system's choice) to 127."},
        {"amqp://localhost?tcp_user_timeout=2147483648",
         "\"tcp_user_timeout\" in the URL must be a whole number of milliseconds from 0 (the system's choice) "
         "to 2147483647."},
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
        {"amqp://localhost?password=x",
         "\"password\" in the URL is for TLS; write amqps:// instead of amqp://."},
        {"amqps://localhost?password=x",
         "A password of the private key (password) is set without its file (keyfile)."},
        // Known elsewhere, not here.
        {"amqp://localhost?client_properties={}",
         "\"client_properties\" in the URL is not supported; call setClientProperties()."},
        {"amqp://localhost?tcp_options={'TCP_KEEPIDLE':60}",
         "\"tcp_options\" in the URL is not supported; write tcp_keepidle, tcp_keepintvl, tcp_keepcnt "
         "or tcp_user_timeout, each with a number."},
        {"amqps://localhost?ssl_options={}",
         "\"ssl_options\" in the URL is not supported; write amqps:// and cacertfile, certfile, keyfile, "
         "password, verify or server_name_indication."},
        {"amqps://localhost?depth=2",
         "\"depth\" in the URL is not supported; leave it out, chains of any length are verified."},
        {"amqps://localhost?fail_if_no_peer_cert=true",
         "\"fail_if_no_peer_cert\" in the URL is not supported; leave it out, it is an option of servers."},
};

QByteArray rowName(const BadUrl &bad)
{
    return *bad.url ? QByteArray(bad.url).replace("\n", "\\n") : QByteArray("empty");
}

} // namespace

class TestBadInput : public QObject
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
                << u"The virtual host must have 1 to 255 bytes of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long user") << u"amqp://"_s + QString::fromLatin1(long256) + u":x@h"_s
                                   << u"The user name has more than 255 bytes of UTF-8."_s;
        QTest::newRow("long locale")
                << u"amqp://?locale="_s + QString::fromLatin1(long256)
                << u"The locale must have 1 to 255 bytes of UTF-8; the usual one is \"en_US\"."_s;
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
        const QString text = QString::fromLatin1(emptyUrl);
        QCOMPARE(Options::fromUrl(QUrl()).errorString(), text);
        const QUrl invalid(u"amqp://user:s3cret@host:99999/"_s);
        QVERIFY(!invalid.isValid());
        QCOMPARE(Options::fromUrl(invalid).errorString(), text);
        const QString hosts = u"amqp://one:5673,two:5674/"_s; // a QString holds them
        QCOMPARE(Options::fromUrl(QUrl(hosts)).errorString(), text);
        QCOMPARE(Options::fromUrl(hosts).hosts().size(), 2);
    }

    void reportsOptionsThatCannotWork_data()
    {
        const QString x256(256, u'x');
        const QString badHostName =
                u"The host is neither a host name nor an address; a port is set with "
                "setPort(), a URL is read by fromUrl()."_s;
        const auto needsTls = [](const char *name) {
            return u"The %1 is set without TLS; enable TLS, in a URL by amqps://."_s.arg(
                    QString::fromLatin1(name));
        };
        const auto timeout = [](const char *name) {
            return u"The %1 must be " SECONDS "."_s.arg(QString::fromLatin1(name));
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
                << u"The virtual host must have 1 to 255 bytes of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long vhost")
                << Options().setVirtualHost(QString(128, u'é'))
                << u"The virtual host must have 1 to 255 bytes of UTF-8; the usual one is \"/\"."_s;
        QTest::newRow("long locale")
                << Options().setLocale(x256)
                << u"The locale must have 1 to 255 bytes of UTF-8; the usual one is \"en_US\"."_s;
        QTest::newRow("long user")
                << user(x256, {}) << u"The user name has more than 255 bytes of UTF-8."_s;
        QTest::newRow("NUL in user")
                << user(u"a\0b"_s, {}) << u"The user name or password has a NUL character."_s;
        QTest::newRow("NUL in password")
                << user({}, u"a\0b"_s) << u"The user name or password has a NUL character."_s;
        QTest::newRow("long password")
                << user(u"x"_s, QString(8190, u'x'))
                << u"The user name and password together have more than 8190 bytes of UTF-8."_s;
        QTest::newRow("long AMQPLAIN password")
                << Options().setCredentials(QAmqpCredentials::amqplain(u"x"_s, QString(8167, u'x')))
                << u"The user name and password together have more than 8167 bytes of UTF-8."_s;
        QTest::newRow("NUL in AMQPLAIN user")
                << Options().setCredentials(QAmqpCredentials::amqplain(u"a\0b"_s, {}))
                << u"The user name or password has a NUL character."_s;
        const QString badMechanism =
                u"The name of the authentication mechanism must have 1 to 255 printable bytes of "
                "ASCII without a space."_s;
        for (const QByteArray &name :
             {QByteArray(), QByteArray("A B"), QByteArray("A\n"), QByteArray(256, 'A')}) {
            QTest::newRow(("mechanism " + name.left(9)).constData())
                    << Options().setCredentials(QAmqpCredentials::custom(
                               name, [](const QByteArray &challenge) { return challenge; }))
                    << badMechanism;
        }
        QTest::newRow("no responder")
                << Options().setCredentials(QAmqpCredentials::custom("X"_ba, nullptr))
                << u"The responder of the authentication mechanism is no function."_s;
        QTest::newRow("no provider")
                << Options().setCredentials(QAmqpCredentials::fromProvider(nullptr))
                << u"The credentials' provider is no function."_s;
        QTest::newRow("no token provider")
                << Options().setCredentials(QAmqpCredentials::token(nullptr))
                << u"The credentials' provider is no function."_s;
        QTest::newRow("second host") << Options().addHost(u"a"_s).addHost(u"b:1"_s) << badHostName;
        QTest::newRow("no second host") << Options().setHosts({{u"a"_s}, {}}) << badHostName;
        const auto policy = [](const auto &change) {
            QAmqpRetryPolicy retry;
            change(retry);
            return Options().setRetryPolicy(retry);
        };
        const auto badDelay = [](const char *name) {
            return u"The %1 delay between attempts must be a number of seconds from 0 to 2147483, such "
                   "as 2.5."_s.arg(QString::fromLatin1(name));
        };
        QTest::newRow("attempts") << policy([](auto &p) {
            p.setMaximumAttempts(-1);
        }) << u"The number of attempts must be a whole number from 0 (without end) to 2147483647."_s;
        QTest::newRow("delay") << policy([](auto &p) { p.setInitialDelay(-1ms); })
                               << badDelay("initial");
        QTest::newRow("longest delay")
                << policy([](auto &p) { p.setMaximumDelay(2147483648ms); }) << badDelay("maximum");
        QTest::newRow("multiplier")
                << policy([](auto &p) { p.setMultiplier(0.9); })
                << u"The multiplier of the delay must be a number from 1 to 100."_s;
        QTest::newRow("no multiplier")
                << policy([](auto &p) { p.setMultiplier(qQNaN()); })
                << u"The multiplier of the delay must be a number from 1 to 100."_s;
        QTest::newRow("jitter") << policy([](auto &p) { p.setJitter(1.1); })
                                << u"The jitter of the delay must be a number from 0 to 1."_s;
        QTest::newRow("negative jitter")
                << policy([](auto &p) { p.setJitter(-0.1); })
                << u"The jitter of the delay must be a number from 0 to 1."_s;
        QTest::newRow("recovery attempts")
                << Options().setRecoveryPolicy(QAmqpRetryPolicy::endless().setMaximumAttempts(-1))
                << u"The recovery policy cannot work. The number of attempts must be a whole number from 0 "
                   "(without end) to 2147483647."_s;
        QTest::newRow("resolve") << Options().setResolveTimeout(-1ms) << timeout("resolve timeout");
        QTest::newRow("tls timeout") << Options().setTlsTimeout(-1ms) << timeout("TLS timeout");
        QTest::newRow("amqp timeout") << Options().setAmqpTimeout(-1ms) << timeout("AMQP timeout");
        QTest::newRow("user timeout")
                << Options().setTcpUserTimeout(-1ms)
                << u"The TCP user timeout must be a whole number of milliseconds from 0 (the system's "
                   "choice) to 2147483647."_s;
        const auto badKeepAlive = [](const char *name) {
            return u"The keep-alive %1 must be a whole number of seconds from 0 (the system's choice) to "
                   "32767."_s.arg(QString::fromLatin1(name));
        };
        QTest::newRow("idle") << Options().setKeepAliveIdle(-1s) << badKeepAlive("idle time");
        QTest::newRow("interval") << Options().setKeepAliveInterval(32768s)
                                  << badKeepAlive("interval");
        QTest::newRow("probes")
                << Options().setKeepAliveCount(128)
                << u"The keep-alive count must be a whole number of probes from 0 (the system's choice) to 127."_s;
        QTest::newRow("key password")
                << Options().setTlsEnabled(true).setPrivateKeyPassword(u"x"_s)
                << u"A password of the private key (password) is set without its file (keyfile)."_s;
        QTest::newRow("negative heartbeat")
                << Options().setHeartbeat(-1s)
                << u"The heartbeat must be a whole number of seconds from 0 (off) to 65535."_s;
        QTest::newRow("long heartbeat")
                << Options().setHeartbeat(65536s)
                << u"The heartbeat must be a whole number of seconds from 0 (off) to 65535."_s;
        QTest::newRow("frame max 1")
                << Options().setFrameMax(1)
                << u"The frame size must be 0 (the server's choice) or a whole number of bytes from 4096 to 4294967295."_s;
        QTest::newRow("frame max 4095")
                << Options().setFrameMax(4095)
                << u"The frame size must be 0 (the server's choice) or a whole number of bytes from 4096 to 4294967295."_s;
        QTest::newRow("message size")
                << Options().setMaxMessageSize(0)
                << u"The maximum message size must be a whole number of bytes, at least 1."_s;
        QTest::newRow("connect") << Options().setConnectTimeout(-1ms) << timeout("connect timeout");
        QTest::newRow("handshake")
                << Options().setHandshakeTimeout(2147483648ms) << timeout("handshake timeout");
        QTest::newRow("request") << Options().setRequestTimeout(std::chrono::milliseconds::max())
                                 << timeout("request timeout");
        QTest::newRow("blocked") << Options().setBlockedConnectionTimeout(-1ms)
                                 << timeout("blocked connection timeout");
        QTest::newRow("ca") << Options().setCaCertificateFile(u"x"_s)
                            << needsTls("file of trusted certificates (cacertfile)");
        QTest::newRow("certificate")
                << Options().setCertificateFile(u"x"_s) << needsTls("certificate file (certfile)");
        QTest::newRow("key") << Options().setPrivateKeyFile(u"x"_s)
                             << needsTls("private key file (keyfile)");
        QTest::newRow("peer name") << Options().setPeerVerifyName(u"x"_s)
                                   << needsTls("peer name (server_name_indication)");
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

    void neverShowsThePassword_data()
    {
        QTest::addColumn<QString>("url");
        for (const BadUrl &bad : badUrls) {
            QString url = QString::fromUtf8(bad.url);
            if (!url.contains(u'@') && url.contains("://"_L1))
                QTest::newRow(rowName(bad).constData())
                        << url.replace("://"_L1, "://user:s3cret@"_L1);
        }
        for (const char *url : {"amqp://user:s3cret@localhost",
                                "amqp://user:s3cret@localhost?certfile=x",
                                "amqp://user:s3cret",
                                "amqp://user:s3cret/",
                                "amqp://user:12/s3cret@h",
                                "amqp://user:12?s3cret@h",
                                "amqp://user:12?s3cret=x@h",
                                "amqp://user:12?x=s3cret@h",
                                "amqp://user:12?heartbeat=s3cret@h",
                                "amqp://user:#s3cret@h",
                                "amqp://user:s3cret@x@h",
                                "amqp://user:x@s3cret@h",
                                "amqp://user:%s3cret@h",
                                "amqp://user:s3cret%ff@h",
                                "amqp://user:s3cret%00@h",
                                "amqp://user:s3cret @h",
                                "amqp://a,user:s3cret@h",
                                "amqp://user:s3,s3cret@h,",
                                "amqps://h?password=s3cret",
                                "amqps://h?keyfile=k&password=s3cret",
                                "amqps://h?certfile=k&keyfile=k&password=s3cret",
                                "amqp://h?password=s3cret",
                                "user:s3cret@h",
                                "s3cret:x@h",
                                "amqp:user:s3cret@h"})
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

    void survivesRandomBytes()
    {
        constexpr quint32 seed = 20240917;
        QRandomGenerator random(seed);
        int accepted = 0;
        const QByteArray seedUrls[] = {
                "amqps://user:s3cret@[fe80::1%25eth0]:5671/a%2Fb?heartbeat=30&socket_timeout=2.5&verify=verify_none",
                "amqp://me:s3cret@broker.example,two:5673/v?connection_name=a%20b&frame_max=8192&blocked_connection_timeout=1.5",
        };
        for (int round = 0; round < 3000; ++round) {
            QByteArray bytes;
            if (round % 3 == 0) { // noise
                bytes = round % 2 ? "amqp://" : "";
                for (int i = random.bounded(60); i > 0; --i)
                    bytes.append(char(random.bounded(256)));
            } else { // a good URL with some bytes changed, put in or taken out
                bytes = seedUrls[round % 2];
                for (int i = random.bounded(1, 4); i > 0; --i) {
                    const int at = random.bounded(int(bytes.size()));
                    const char byte = "%@:/?#&=[].0aZ\0 \xff"[random.bounded(17)];
                    switch (random.bounded(3)) {
                    case 0: bytes[at] = byte; break;
                    case 1: bytes.insert(at, byte); break;
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
                // A mutation may turn a password into a host or a name; it never gets into an error.
                QVERIFY2(!error.text().contains("s3c"_L1), qPrintable(text));
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

QTAMQP_TEST(TestBadInput)

#include "tst_badinput.moc"
