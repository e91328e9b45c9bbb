#include "values/connectionurl.h"

#include <QtCore/qurl.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace std::chrono;

namespace {

bool isDigits(QStringView text)
{
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), [](QChar c) {
        return c >= u'0' && c <= u'9';
    });
}

std::optional<quint64> wholeNumber(QStringView text, quint64 max)
{
    bool ok = false;
    const quint64 value = isDigits(text) ? text.toULongLong(&ok) : 0;
    return ok && value <= max ? std::optional(value) : std::nullopt;
}

constexpr quint64 maxMilliseconds = 2147483647;

// Seconds with an optional fraction; less than a millisecond counts as one, since 0 means "off".
std::optional<milliseconds> decimalSeconds(QStringView text)
{
    const qsizetype dot = text.indexOf(u'.');
    const QStringView whole = dot < 0 ? text : text.first(dot);
    const QStringView fraction = dot < 0 ? u"0" : text.sliced(dot + 1);
    const auto seconds = wholeNumber(whole, maxMilliseconds / 1000);
    if (!seconds || !isDigits(fraction))
        return std::nullopt;
    quint64 value = *seconds * 1000 + (fraction.left(3).toString() + u"00"_s).left(3).toULongLong();
    const QStringView rest = fraction.sliced(std::min<qsizetype>(fraction.size(), 3));
    if (std::any_of(rest.begin(), rest.end(), [](QChar c) { return c != u'0'; }))
        ++value;
    return value <= maxMilliseconds ? std::optional(milliseconds(value)) : std::nullopt;
}

using Options = QAmqpConnectionOptions;

template<auto Setter>
bool setSeconds(Options &options, const QString &value)
{
    const auto timeout = decimalSeconds(value);
    if (timeout)
        (options.*Setter)(*timeout);
    return timeout.has_value();
}

template<auto Setter, typename T, quint64 Max>
bool setNumber(Options &options, const QString &value)
{
    const auto number = wholeNumber(value, Max);
    if (number)
        (options.*Setter)(T(*number));
    return number.has_value();
}

template<auto Setter>
bool setText(Options &options, const QString &value)
{
    (options.*Setter)(value);
    return true;
}

bool setFrameMax(Options &options, const QString &value)
{
    const auto bytes = wholeNumber(value, 4294967295);
    if (!bytes || (*bytes > 0 && *bytes < 4096))
        return false;
    options.setFrameMax(quint32(*bytes));
    return true;
}

bool setVerify(Options &options, const QString &value)
{
    options.setPeerVerificationEnabled(value == "verify_peer"_L1);
    return value == "verify_peer"_L1 || value == "verify_none"_L1;
}

bool checkMechanism(Options &, const QString &value)
{
    return value.compare("plain"_L1, Qt::CaseInsensitive) == 0;
}

struct QueryKey
{
    QLatin1StringView name;
    const char *form; // what the value must be; with apply == nullptr, what to do instead
    bool (*apply)(Options &, const QString &value);
    bool tlsOnly = false;
};

constexpr char secondsForm[] = "a number of seconds from 0 (off) to 2147483, such as 2.5";

// Pika's keys and those of RabbitMQ's URI query parameters; connection_name is this library's own.
const QueryKey queryKeys[] = {
        {"heartbeat"_L1,                                          "a whole number of seconds from 0 (off) to 65535",
         setNumber<&Options::setHeartbeat,seconds, 65535>},
        {"channel_max"_L1,                                                 "a whole number from 0 (the server's choice) to 65535",
         setNumber<&Options::setChannelMax,quint16, 65535>},
        {"frame_max"_L1,
         "0 (the server's choice) or a whole number of octets from 4096 to 4294967295",                                                                               setFrameMax},
        {"locale"_L1,                                          "a locale such as en_US",                                            setText<&Options::setLocale>},
        {"connection_name"_L1,                                             "a name",                                           setText<&Options::setConnectionName>},
        {"socket_timeout"_L1,                                    secondsForm,                                               setSeconds<&Options::setConnectTimeout>},
        {"connection_timeout"_L1,                                     "a whole number of milliseconds from 0 (off) to 2147483647",
         setNumber<&Options::setConnectTimeout,milliseconds, maxMilliseconds>},
        {"stack_timeout"_L1,                                 secondsForm, setSeconds<&Options::setHandshakeTimeout>},
        {"blocked_connection_timeout"_L1,                                       secondsForm,
         setSeconds<&Options::setBlockedConnectionTimeout>},
        {"auth_mechanism"_L1,              "plain, the only mechanism supported",                                                                             checkMechanism},
        {"cacertfile"_L1,       "a file name",                                                                      setText<&Options::setCaCertificateFile>,true},
        {"certfile"_L1,                                         "a file name",                            setText<&Options::setCertificateFile>,true},
        {"keyfile"_L1,                "a file name",      setText<&Options::setPrivateKeyFile>,true},
        {"verify"_L1,  "verify_peer or verify_none", setVerify,true},
        {"server_name_indication"_L1,                                            "a host name",                                                                               setText<&Options::setPeerVerifyName>,true},

        {"connection_attempts"_L1,                                                       "leave it out",                                                                                                            nullptr},
        {"retry_delay"_L1,                                                   "leave it out",                                                                                                                  nullptr},
        {"password"_L1,                   "leave it out and use a key file without a passphrase",nullptr},
        {"depth"_L1,"leave it out",nullptr},
        {"fail_if_no_peer_cert"_L1,"leave it out",nullptr},
        {"client_properties"_L1,"call setClientProperties()",                                        nullptr},
        {"tcp_options"_L1,                                                       "leave it out",                                                                                                                                                                                nullptr                                                                                                                                                 },
        {"ssl_options"_L1,
         "write amqps:// and cacertfile, certfile, keyfile, verify or server_name_indication",                                                                                                                                                                              nullptr                                                                                                                                                                                                                  },
};

QString unknownKey(const QString &key)
{
    QStringList known;
    for (const QueryKey &row : queryKeys) {
        if (row.apply)
            known.append(row.name);
    }
    const bool printable =
            key.size() <= 40 && std::all_of(key.begin(), key.end(), [](QChar c) {
                return c < u'\x80' && (c.isLetterOrNumber() || c == u'_' || c == u'-' || c == u'.');
            });
    return u"The URL has an unknown key%1; known are %2."_s.arg(
            printable ? u" \"%1\""_s.arg(key) : QString(), known.join(", "_L1));
}

// Every step returns whether to go on; if not, error says why.
class UrlReader
{
public:
    UrlReader(const QString &url, Options &options) : m_url(url), m_options(options) { }

    QString error;

    bool read()
    {
        QStringView rest = m_url;
        if (!checkCharacters() || !readScheme(rest))
            return false;

        const auto cut = [&rest](QChar mark) {
            const qsizetype at = rest.indexOf(mark);
            const QStringView tail = at < 0 ? QStringView() : rest.sliced(at + 1);
            rest = at < 0 ? rest : rest.first(at);
            return tail;
        };
        const QStringView query = cut(u'?');
        const QStringView path = cut(u'/');
        // A / or ? in a password moves its end, and the host, to where a name or value should be.
        if (path.contains(u'@') || query.contains(u'@')) {
            return fail(
                    u"The URL has an @ behind its host; write %40 for it, and if it ends a password, "
                    "write %2F and %3F for a / and a ? in the password."_s);
        }
        return readAuthority(rest) && readVirtualHost(path) && readQuery(query);
    }

private:
    bool fail(const QString &text)
    {
        error = text;
        return false;
    }

    bool checkCharacters()
    {
        if (m_url.isEmpty())
            return fail(u"The URL is empty or not valid; write amqp://localhost or the like."_s);
        for (qsizetype i = 0; i < m_url.size(); ++i) {
            const QChar c = m_url.at(i);
            if (c <= u' ' || c == u'\x7f')
                return fail(u"The URL has a space or control character; write %20 for a space."_s);
            if (c == u'#')
                return fail(u"The URL has a #; write %23 for it."_s);
            if (c == u'%' && !isHexPair(QStringView(m_url).sliced(i + 1)))
                return fail(u"The URL has a % without two hexadecimal digits; write %25 for it."_s);
        }
        return true;
    }

    static bool isHexPair(QStringView text)
    {
        const auto isHex = [](QChar c) {
            return (c >= u'0' && c <= u'9') || (c >= u'a' && c <= u'f') || (c >= u'A' && c <= u'F');
        };
        return text.size() >= 2 && isHex(text[0]) && isHex(text[1]);
    }

    bool readScheme(QStringView &rest)
    {
        for (const auto scheme : {"amqp://"_L1, "amqps://"_L1}) {
            if (rest.startsWith(scheme, Qt::CaseInsensitive)) {
                m_options.setTlsEnabled(scheme == "amqps://"_L1);
                rest = rest.sliced(scheme.size());
                return true;
            }
        }
        return fail(u"The URL does not begin with amqp:// or amqps://."_s);
    }

    bool decode(QStringView part, QString &to, const QString &what)
    {
        const QByteArray utf8 = QByteArray::fromPercentEncoding(part.toUtf8());
        if (!QUtf8StringView(utf8).isValidUtf8())
            return fail(u"%1 in the URL is not UTF-8."_s.arg(what));
        if (utf8.contains('\0'))
            return fail(u"%1 in the URL has a NUL character."_s.arg(what));
        to = QString::fromUtf8(utf8);
        return true;
    }

    bool readAuthority(QStringView authority)
    {
        const qsizetype at = authority.indexOf(u'@');
        if (at < 0)
            return readHost(authority);
        if (authority.sliced(at + 1).contains(u'@'))
            return fail(u"The URL has an @ in the user name or password; write %40 for it."_s);

        const QStringView userInfo = authority.first(at);
        const qsizetype colon = userInfo.indexOf(u':');
        QString userName;
        QString password;
        if (!decode(colon < 0 ? userInfo : userInfo.first(colon), userName, u"The user name"_s))
            return false;
        if (colon >= 0 && !decode(userInfo.sliced(colon + 1), password, u"The password"_s))
            return false;
        m_options.setCredentials(QAmqpCredentials::plain(userName, password));
        return readHost(authority.sliced(at + 1));
    }

    bool readHost(QStringView text)
    {
        const bool bracketed = text.startsWith(u'[');
        const qsizetype hostEnd = bracketed ? text.indexOf(u']') + 1 : text.indexOf(u':');
        if (bracketed && hostEnd == 0)
            return fail(u"The IPv6 address in the URL has no closing bracket."_s);
        const QStringView host = hostEnd < 0 ? text : text.first(hostEnd);
        const QStringView port = hostEnd < 0 ? QStringView() : text.sliced(hostEnd);
        if (!bracketed && port.count(u':') > 1)
            return fail(u"An IPv6 address in a URL stands in brackets, as in amqp://[::1]:5672."_s);

        if (!host.isEmpty()) {
            QUrl judge;
            judge.setHost(host.toString(), QUrl::StrictMode);
            const QString name = judge.host(bracketed ? QUrl::FullyDecoded : QUrl::EncodeUnicode);
            if (name.isEmpty() || bracketed != name.contains(u':'))
                return fail(u"The URL's host is neither a host name nor an address."_s);
            m_options.setHostName(name);
        }
        if (!port.isEmpty()) {
            const auto number =
                    port.startsWith(u':') ? wholeNumber(port.sliced(1), 65535) : std::nullopt;
            if (number.value_or(0) == 0) {
                return fail(
                        u"The URL's port is not a number from 1 to 65535; if it is part of a password, "
                        "write %2F and %3F for a / and a ? in the password."_s);
            }
            m_options.setPort(quint16(*number));
        }
        return true;
    }

    bool readVirtualHost(QStringView path)
    {
        if (path.isEmpty())
            return true;
        if (path.contains(u'/'))
            return fail(
                    u"The URL has more than one path segment; write %2F for a / in the virtual host."_s);
        QString name;
        if (!decode(path, name, u"The virtual host"_s))
            return false;
        m_options.setVirtualHost(name);
        return true;
    }

    bool readQuery(QStringView query)
    {
        if (query.isEmpty())
            return true;
        for (const QStringView entry : query.split(u'&')) {
            const qsizetype equals = entry.indexOf(u'=');
            QString key;
            if (!decode(equals < 0 ? entry : entry.first(equals), key, u"A query key"_s))
                return false;
            if (!readEntry(key, equals < 0 ? QStringView() : entry.sliced(equals + 1)))
                return false;
        }
        return true;
    }

    bool readEntry(const QString &key, QStringView encoded)
    {
        const auto row =
                std::find_if(std::begin(queryKeys), std::end(queryKeys),
                             [&key](const QueryKey &candidate) { return candidate.name == key; });
        if (key.isEmpty())
            return fail(u"The URL has a query entry without a key; write key=value&key=value."_s);
        if (row == std::end(queryKeys))
            return fail(unknownKey(key));

        const QString form = QString::fromLatin1(row->form);
        if (!row->apply)
            return fail(u"\"%1\" in the URL is not supported; %2."_s.arg(key, form));
        if (row->tlsOnly && !m_options.isTlsEnabled())
            return fail(
                    u"\"%1\" in the URL is for TLS; write amqps:// instead of amqp://."_s.arg(key));
        if (m_seen.contains(key))
            return fail(u"\"%1\" is in the URL twice; write it once."_s.arg(key));
        m_seen.append(key);
        if (m_seen.contains("socket_timeout"_L1) && m_seen.contains("connection_timeout"_L1)) {
            return fail(u"\"socket_timeout\" and \"connection_timeout\" in the URL mean the same; "
                        "write one of them."_s);
        }

        QString value;
        if (encoded.isEmpty())
            return fail(
                    u"\"%1\" in the URL has no value; write %2, or leave it out."_s.arg(key, form));
        if (!decode(encoded, value, u"The value of \"%1\""_s.arg(key)))
            return false;
        if (!row->apply(m_options, value))
            return fail(u"\"%1\" in the URL must be %2."_s.arg(key, form));
        return true;
    }

    const QString &m_url;
    Options &m_options;
    QStringList m_seen;
};

} // namespace

QString QtAmqpPrivate::readConnectionUrl(const QString &url, QAmqpConnectionOptions &options)
{
    UrlReader reader(url, options);
    return reader.read() ? options.errorString() : reader.error;
}

QT_END_NAMESPACE
