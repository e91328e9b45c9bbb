// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/connectionoptiontable.h"

#include "values/errorkinds.h"
#include "values/qamqpcredentials_p.h"

#include <QtCore/qregularexpression.h>
#include <QtCore/qurl.h>

#include <algorithm>
#include <utility>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using namespace std::chrono;

namespace {

using Options = QAmqpConnectionOptions;

// Thrown with what is wrong with the URL, and caught in readConnectionUrl().
struct BadUrl
{
    QString text;
};

[[noreturn]] void fail(const QString &text) { throw BadUrl{text}; }

// Returns the text before the first mark and the text after it. Without a mark the whole text is the first.
std::pair<QStringView, QStringView> splitAt(QStringView text, QChar mark)
{
    const qsizetype at = text.indexOf(mark);
    return at < 0 ? std::pair(text, QStringView()) : std::pair(text.first(at), text.sliced(at + 1));
}

QString decoded(QStringView part, const QString &what)
{
    const QByteArray utf8 = QByteArray::fromPercentEncoding(part.toUtf8());
    if (!QUtf8StringView(utf8).isValidUtf8())
        fail(u"%1 in the URL is not UTF-8."_s.arg(what));
    if (utf8.contains('\0'))
        fail(u"%1 in the URL has a NUL character."_s.arg(what));
    return QString::fromUtf8(utf8);
}

std::optional<quint64> wholeNumber(const QString &text)
{
    static const QRegularExpression digits(u"\\A[0-9]+\\z"_s);
    bool ok = false;
    const quint64 number = text.toULongLong(&ok);
    return ok && text.contains(digits) ? std::optional(number) : std::nullopt;
}

// Seconds with an optional fraction, as milliseconds. A part of a millisecond counts as a whole one, since
// 0 may mean "off".
std::optional<quint64> decimalSeconds(const QString &text)
{
    static const QRegularExpression form(u"\\A([0-9]+)(?:\\.([0-9]+))?\\z"_s);
    const QRegularExpressionMatch match = form.match(text);
    const QString fraction = match.captured(2).leftJustified(3, u'0');
    const auto number = wholeNumber(match.captured(1) + fraction.first(3));
    if (!match.hasMatch() || !number || double(*number) > LongestTime)
        return std::nullopt;
    return *number + (fraction.sliced(3).count(u'0') < fraction.size() - 3);
}

void addNumber(QList<UrlKey> &keys, const char *key, const char *setter, const Range &range,
               void (*set)(Options &, quint64))
{
    const auto read = [=](Options &options, const QString &text) {
        const auto number = range.kind == Range::Seconds ? decimalSeconds(text) : wholeNumber(text);
        if (!number || !range.contains(double(*number)))
            return false;
        set(options, *number);
        return true;
    };
    keys.append({QLatin1StringView(key), setter, range.form(), read});
}

bool setVerify(Options &options, const QString &text)
{
    options.setPeerVerificationEnabled(text == "verify_peer"_L1);
    return text == "verify_peer"_L1 || text == "verify_none"_L1;
}

bool setRecovery(Options &options, const QString &text)
{
    options.setRecoveryEnabled(text == "on"_L1);
    return text == "on"_L1 || text == "off"_L1;
}

bool setTopologyRecovery(Options &options, const QString &text)
{
    constexpr std::pair<QLatin1StringView, Options::TopologyRecovery> all[] = {
            {"none"_L1, Options::TopologyRecovery::Nothing},
            {"consumers"_L1, Options::TopologyRecovery::ConsumersOnly},
            {"all"_L1, Options::TopologyRecovery::All},
    };
    for (const auto &[name, recovery] : all) {
        if (text == name) {
            options.setTopologyRecovery(recovery);
            return true;
        }
    }
    return false;
}

// All delays are the same, as in Pika.
QAmqpRetryPolicy withDelay(QAmqpRetryPolicy policy, quint64 delay)
{
    return policy.setInitialDelay(milliseconds(delay)).setMultiplier(1).setJitter(0);
}

bool setMechanism(Options &options, const QString &text)
{
    const QByteArray mechanism = text.toUpper().toUtf8();
    options.setCredentials(mechanism == "EXTERNAL" ? QAmqpCredentials::external()
                                                   : QAmqpCredentialsPrivate::with(
                                                           options.credentials(), mechanism));
    return mechanism == "PLAIN" || mechanism == "AMQPLAIN" || mechanism == "EXTERNAL";
}

// Keys of Pika and RabbitMQ that are not supported, and what to do instead.
constexpr std::pair<QLatin1StringView, const char *> foreignKeys[] = {
        {"depth"_L1, "leave it out, chains of any length are verified"},
        {"fail_if_no_peer_cert"_L1, "leave it out, it is an option of servers"},
        {"client_properties"_L1, "call setClientProperties()"},
        {"tcp_options"_L1,
         "write tcp_keepidle, tcp_keepintvl, tcp_keepcnt or tcp_user_timeout, each with a number"},
        {"ssl_options"_L1,
         "write amqps:// and cacertfile, certfile, keyfile, password, verify or "
         "server_name_indication"},
};

[[noreturn]] void refuseUnknownKey(const QString &key)
{
    for (const auto &[foreign, advice] : foreignKeys) {
        if (key == foreign)
            fail(formatted(u"\"%1\" in the URL is not supported; %2.", key, advice));
    }
    QStringList known;
    for (const UrlKey &candidate : urlKeys())
        known.append(candidate.name);
    static const QRegularExpression printable(u"\\A[\\w.-]{1,40}\\z"_s);
    fail(u"The URL has an unknown key%1; known are %2."_s.arg(
            key.contains(printable) ? u" \"%1\""_s.arg(key) : QString(), known.join(", "_L1)));
}

void readQueryEntry(const QString &key, QStringView value, QStringList &seen, Options &options)
{
    if (key.isEmpty())
        fail(u"The URL has a query entry without a key; write key=value&key=value."_s);
    const QList<UrlKey> &keys = urlKeys();
    const auto row = std::find_if(keys.begin(), keys.end(),
                                  [&](const UrlKey &candidate) { return candidate.name == key; });
    if (row == keys.end())
        refuseUnknownKey(key);
    if (row->isTlsOnly && !options.isTlsEnabled())
        fail(u"\"%1\" in the URL is for TLS; write amqps:// instead of amqp://."_s.arg(key));
    if (seen.contains(key))
        fail(u"\"%1\" is in the URL twice; write it once."_s.arg(key));
    seen.append(key);
    if (seen.contains("socket_timeout"_L1) && seen.contains("connection_timeout"_L1)) {
        fail(u"\"socket_timeout\" and \"connection_timeout\" in the URL mean the same; "
             "write one of them."_s);
    }
    if (value.isEmpty())
        fail(u"\"%1\" in the URL has no value; write %2, or leave it out."_s.arg(key, row->form));
    if (!row->read(options, decoded(value, u"The value of \"%1\""_s.arg(key))))
        fail(u"\"%1\" in the URL must be %2."_s.arg(key, row->form));
}

QAmqpHost readHost(QStringView text)
{
    QAmqpHost result{u"localhost"_s};
    const bool bracketed = text.startsWith(u'[');
    if (bracketed && !text.contains(u']'))
        fail(u"The IPv6 address in the URL has no closing bracket."_s);
    const QStringView host =
            bracketed ? text.first(text.indexOf(u']') + 1) : splitAt(text, u':').first;
    const QStringView port = text.sliced(host.size());
    if (!bracketed && port.count(u':') > 1)
        fail(u"An IPv6 address in a URL stands in brackets, as in amqp://[::1]:5672."_s);

    if (!host.isEmpty()) {
        QUrl judge;
        judge.setHost(host.toString(), QUrl::TolerantMode); // percent-encoding is allowed
        const QString name = judge.host(bracketed ? QUrl::FullyDecoded : QUrl::EncodeUnicode);
        if (name.isEmpty() || bracketed != name.contains(u':'))
            fail(u"The URL's host is neither a host name nor an address."_s);
        result.hostName = name;
    }
    if (!port.isEmpty()) {
        const auto number = wholeNumber(port.sliced(1).toString());
        if (!port.startsWith(u':') || !number || *number < 1 || *number > 65535) {
            fail(u"The URL's port is not a number from 1 to 65535; if it is part of a password, "
                 "write %2F and %3F for a / and a ? in the password."_s);
        }
        result.port = quint16(*number);
    }
    return result;
}

void readHosts(QStringView text, Options &options)
{
    // A comma inside of brackets belongs to the zone of an IPv6 address.
    static const QRegularExpression separator(u",(?![^\\[]*\\])"_s);
    const QList<QStringView> parts = text.split(separator);
    for (const QStringView part : parts) {
        if (part.isEmpty() && parts.size() > 1)
            fail(u"The URL has a comma without a host before or behind it."_s);
        const QAmqpHost host = readHost(part);
        options.addHost(host.hostName, host.port);
    }
}

void readUserInfo(QStringView text, Options &options)
{
    if (text.contains(u'@'))
        fail(u"The URL has an @ in the user name or password; write %40 for it."_s);
    const auto [user, secret] = splitAt(text, u':');
    const QString userName = decoded(user, u"The user name"_s);
    options.setCredentials(QAmqpCredentials::plain(userName, decoded(secret, u"The password"_s)));
}

void checkCharacters(const QString &url)
{
    static const QRegularExpression badPercent(u"%(?![0-9A-Fa-f]{2})"_s);
    if (url.isEmpty())
        fail(u"The URL is empty or not valid; write amqp://localhost or the like, and several "
             "hosts with ports as a QString, which a QUrl cannot hold."_s);
    if (std::any_of(url.begin(), url.end(), [](QChar c) { return c <= u' ' || c == u'\x7f'; }))
        fail(u"The URL has a space or control character; write %20 for a space."_s);
    if (url.contains(u'#'))
        fail(u"The URL has a #; write %23 for it."_s);
    if (url.contains(badPercent))
        fail(u"The URL has a % without two hexadecimal digits; write %25 for it."_s);
}

void readUrl(const QString &url, Options &options)
{
    checkCharacters(url);
    const bool tls = url.startsWith("amqps://"_L1, Qt::CaseInsensitive);
    if (!tls && !url.startsWith("amqp://"_L1, Qt::CaseInsensitive))
        fail(u"The URL does not begin with amqp:// or amqps://."_s);
    options.setTlsEnabled(tls);

    const auto [place, query] = splitAt(QStringView(url).sliced(tls ? 8 : 7), u'?');
    const auto [authority, path] = splitAt(place, u'/');
    // If a password has a / or ? that is not encoded, its end and the host seem to be a part of the path or
    // query.
    if (path.contains(u'@') || query.contains(u'@')) {
        fail(u"The URL has an @ behind its host; write %40 for it, and if it ends a password, "
             "write %2F and %3F for a / and a ? in the password."_s);
    }
    const qsizetype at = authority.lastIndexOf(u'@');
    if (at >= 0)
        readUserInfo(authority.first(at), options);
    readHosts(authority.sliced(at + 1), options);
    if (path.contains(u'/'))
        fail(u"The URL has more than one path segment; write %2F for a / in the virtual host."_s);
    if (!path.isEmpty())
        options.setVirtualHost(decoded(path, u"The virtual host"_s));

    QStringList seen;
    const auto entries = query.isEmpty() ? QList<QStringView>() : query.split(u'&');
    for (const QStringView entry : entries) {
        const auto [key, value] = splitAt(entry, u'=');
        readQueryEntry(decoded(key, u"A query key"_s), value, seen, options);
    }
    if (at >= 0 && options.credentials().mechanism() == "EXTERNAL") {
        fail(u"\"auth_mechanism\" in the URL is external, which takes the user from the certificate; "
             "leave the user name and password out."_s);
    }
}

} // namespace

#define QTAMQP_ADD_NUMBER(Type, getter, setter, byDefault, name, range, key) \
  addNumber(keys, key, #setter, range, \
            [](Options &options, quint64 number) { options.setter(Type(number)); });
#define QTAMQP_ADD_TEXT(Type, getter, setter, byDefault, name, key, form, isTlsOnly) \
  const auto getter = [](Options &options, const QString &text) { \
  options.setter(text); \
  return true; \
  }; \
  keys.append({key ""_L1, #setter, form ""_L1, getter, isTlsOnly});

static QList<UrlKey> makeUrlKeys()
{
    QList<UrlKey> keys;
    QTAMQP_NUMBER_OPTIONS(QTAMQP_ADD_NUMBER)
    QTAMQP_TEXT_OPTIONS(QTAMQP_ADD_TEXT)
    QTAMQP_ADD_NUMBER(milliseconds, , setConnectTimeout, , , ConnectTime, "connection_timeout")
    addNumber(keys, "connection_attempts", "setRetryPolicy", AttemptCount,
              [](Options &options, quint64 count) {
                  options.setRetryPolicy(options.retryPolicy().setMaximumAttempts(int(count)));
              });
    addNumber(keys, "retry_delay", "setRetryPolicy", RetryDelay,
              [](Options &options, quint64 delay) {
                  options.setRetryPolicy(withDelay(options.retryPolicy(), delay));
              });
    keys.append({"recovery"_L1, "setRecoveryEnabled", u"on or off"_s, setRecovery});
    addNumber(keys, "recovery_attempts", "setRecoveryPolicy", AttemptCount,
              [](Options &options, quint64 count) {
                  options.setRecoveryPolicy(
                          options.recoveryPolicy().setMaximumAttempts(int(count)));
              });
    addNumber(keys, "recovery_delay", "setRecoveryPolicy", RetryDelay,
              [](Options &options, quint64 delay) {
                  options.setRecoveryPolicy(withDelay(options.recoveryPolicy(), delay));
              });
    keys.append({"topology_recovery"_L1, "setTopologyRecovery", u"none, consumers or all"_s,
                 setTopologyRecovery});
    keys.append({"auth_mechanism"_L1, "setCredentials", u"plain, amqplain or external"_s,
                 setMechanism});
    keys.append({"verify"_L1, "setPeerVerificationEnabled", u"verify_peer or verify_none"_s,
                 setVerify, true});
    keys.removeIf([](const UrlKey &key) { return key.name.isEmpty(); });
    return keys;
}

const QList<UrlKey> &QtAmqpPrivate::urlKeys()
{
    static const QList<UrlKey> keys = makeUrlKeys();
    return keys;
}

QString QtAmqpPrivate::readConnectionUrl(const QString &url, QAmqpConnectionOptions &options)
{
    try {
        readUrl(url, options);
    } catch (const BadUrl &bad) {
        return bad.text;
    }
    return options.errorString();
}

QT_END_NAMESPACE
