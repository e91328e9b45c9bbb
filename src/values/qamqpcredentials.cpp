// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/qamqpcredentials_p.h"

#include "values/tableformat.h"

#include <QtCore/qdebug.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using Private = QAmqpCredentialsPrivate;

/*!
    \class QAmqpCredentials
    \inmodule QtAmqp
    \brief How a connection logs in to the broker.

    \table
    \header \li Made by \li SASL mechanism \li What is sent
    \row \li plain(), and the default, guest \li PLAIN (RFC 4616) \li user name and password
    \row \li amqplain() \li AMQPLAIN \li the same, as an AMQP table
    \row \li external() \li EXTERNAL \li nothing: the broker uses the TLS client certificate
    \row \li token() \li PLAIN \li an OAuth 2 token in place of the password
    \row \li custom() \li any other \li what the application's function returns
    \endtable

    No other mechanism is used: if the broker does not offer this one, the connection fails with
    AuthenticationFailed and nothing is sent. So EXTERNAL never falls back to a password.

    PLAIN and AMQPLAIN send the password as clear text inside the connection: use TLS for any host but
    the local one. RabbitMQ admits the default user, guest, from the local host alone. The password
    can be set, sent and compared, but not read back, and no debug output shows it.

    Credentials are implicitly shared and reentrant. Those made from a function are equal if one is a
    copy of the other.

    \sa QAmqpConnectionOptions::setCredentials(), {AMQP 0-9-1 §1.4.2.2}, {https://www.rabbitmq.com/access-control.html}
*/

/*!
    \class QAmqpToken
    \inmodule QtAmqp
    \inheaderfile QAmqpCredentials
    \brief A secret that expires, such as an OAuth 2 access token.

    \c secret is the token. \c expiresIn says for how many seconds from now it is valid, as OAuth 2's
    \c expires_in does; 0, the default, means that it does not expire, as a hundred years do. Debug
    output shows no secret.

    \sa QAmqpCredentials::token()
*/

/*! \typedef QAmqpCredentials::Responder
    A function that answers the challenges of the broker, see custom(). */
/*! \typedef QAmqpCredentials::Provider
    A function that returns the credentials to use now, see fromProvider(). */
/*! \typedef QAmqpCredentials::TokenProvider
    A function that returns the token to use now, see token(). */

Private::~QAmqpCredentialsPrivate()
{
    if (password.isDetached()) // no other object shares it
        password.fill(QChar());
}

QAmqpCredentials Private::make(const QByteArray &mechanism, const QString &userName,
                               const QString &password)
{
    QAmqpCredentials credentials;
    Private &d = edit(credentials.d);
    d.mechanism = mechanism;
    d.userName = userName;
    d.password = password;
    return credentials;
}

QAmqpCredentials Private::with(QAmqpCredentials credentials, const QByteArray &mechanism)
{
    edit(credentials.d).mechanism = mechanism;
    return credentials;
}

QByteArray Private::secret(const QAmqpCredentials &credentials)
{
    return peek(credentials.d).password.toUtf8();
}

/*! \fn QAmqpCredentials::QAmqpCredentials()
    Makes the credentials of RabbitMQ's default user: PLAIN, guest, guest. */
QTAMQP_VALUE(QAmqpCredentials)

/*!
    Makes credentials of \a userName and \a password for the mechanism PLAIN.

    The user name may have 255 bytes of UTF-8, and neither text may contain a NUL character; otherwise
    errorString() says so, and a connection with these credentials refuses to open.
*/
QAmqpCredentials QAmqpCredentials::plain(const QString &userName, const QString &password)
{
    return Private::make("PLAIN"_ba, userName, password);
}

/*! Makes credentials of \a userName and \a password for the mechanism AMQPLAIN, which some older
    brokers require. It protects the password no better than PLAIN. */
QAmqpCredentials QAmqpCredentials::amqplain(const QString &userName, const QString &password)
{
    return Private::make("AMQPLAIN"_ba, userName, password);
}

/*!
    Makes credentials for the mechanism EXTERNAL: the broker takes the user from the TLS client
    certificate, see QAmqpConnectionOptions::setCertificateFile(). RabbitMQ needs its plugin
    rabbitmq_auth_mechanism_ssl for this.
*/
QAmqpCredentials QAmqpCredentials::external() { return Private::make("EXTERNAL"_ba); }

/*!
    Makes credentials for any other SASL \a mechanism, which is the name that the broker offers.

    \a respond is called with a null challenge for the initial response (connection.start-ok), then
    with the challenge of each connection.secure, 16 at most, and returns what to send. A null
    QByteArray gives up: the connection fails with AuthenticationFailed, as it does if \a respond
    throws. It runs in the connection's thread and must not block.
*/
QAmqpCredentials QAmqpCredentials::custom(const QByteArray &mechanism, const Responder &respond)
{
    QAmqpCredentials credentials = Private::make(mechanism);
    edit(credentials.d).responder = std::make_shared<Responder>(respond);
    return credentials;
}

/*!
    Makes credentials that ask \a provider anew at each attempt to log in, for passwords that change.
    It runs in the connection's thread and must not block; if it throws, or returns credentials that
    cannot be used, the attempt fails with AuthenticationFailed.

    Like a slot it may call the connection and its channels, delete them, or run an event loop of its own;
    what it returns is dropped if the attempt ended meanwhile. The same goes for the functions given to
    custom(), token() and QAmqpConnectionOptions::setHeartbeatTuner().
*/
QAmqpCredentials QAmqpCredentials::fromProvider(const Provider &provider)
{
    QAmqpCredentials credentials = Private::make({});
    edit(credentials.d).provider = std::make_shared<Provider>(provider);
    return credentials;
}

/*!
    Makes credentials of the tokens that \a provider returns, such as OAuth 2 access tokens, for
    RabbitMQ's plugin rabbitmq_auth_backend_oauth2. It is asked at each attempt to log in, and for a
    new token when 80 % of the lifetime of the last one is over; the connection sends the new one with
    connection.update-secret and stays open. It runs in the connection's thread and must not block:
    fetch the token beforehand. RabbitMQ takes the user from the token and ignores \a userName.
*/
QAmqpCredentials QAmqpCredentials::token(const TokenProvider &provider, const QString &userName)
{
    return fromProvider(provider ? Provider([provider, userName] {
        const QAmqpToken token = provider();
        QAmqpCredentials credentials = plain(userName, token.secret);
        edit(credentials.d).expiresIn = token.expiresIn;
        return credentials;
    })
                                 : nullptr);
}

/*! Returns the user name; the default is guest. It is empty if a certificate or a function provides it. */
QString QAmqpCredentials::userName() const { return peek(d).userName; }

/*! Returns the name of the SASL mechanism; empty if a provider decides on it. */
QByteArray QAmqpCredentials::mechanism() const { return peek(d).mechanism; }

/*!
    Returns the response in connection.start-ok. For PLAIN it is NUL, user name, NUL and password in UTF-8
    (RFC 4616, without an authorisation identity), for AMQPLAIN a table of LOGIN and PASSWORD without its
    length, and for EXTERNAL nothing. \b{It contains the password}: never log it.
*/
QByteArray QAmqpCredentials::initialResponse() const
{
    if (peek(d).responder)
        return response({});
    const QByteArray user = userName().toUtf8();
    const QByteArray password = Private::secret(*this);
    if (mechanism() == "PLAIN")
        return '\0' + user + '\0' + password;
    if (mechanism() == "AMQPLAIN") {
        return encodeTable({{u"LOGIN"_s, QAmqpValue::string(user)},
                            {u"PASSWORD"_s, QAmqpValue::string(password)}});
    }
    return QByteArrayLiteral("");
}

/*! Returns the response of connection.secure-ok to \a challenge. It is null if there is none, as for every
    mechanism that was not made by custom(). Never log it. */
QByteArray QAmqpCredentials::response(const QByteArray &challenge) const
{
    return peek(d).responder ? (*peek(d).responder)(challenge) : QByteArray();
}

/*! Returns whether a function provides the credentials, see fromProvider() and token(). */
bool QAmqpCredentials::hasProvider() const { return peek(d).provider != nullptr; }

/*! Calls the provider and returns its credentials; without a provider returns these credentials. */
QAmqpCredentials QAmqpCredentials::provided() const
{
    return hasProvider() ? (*peek(d).provider)() : *this;
}

/*! Returns how long these credentials are valid after they were made; 0 s, the default, means for ever. */
std::chrono::seconds QAmqpCredentials::expiresIn() const { return peek(d).expiresIn; }

/*! Returns why these credentials cannot be sent; empty if they can. The text contains no secret. */
QString QAmqpCredentials::errorString() const
{
    // The largest frame that all versions of RabbitMQ accept before connection.tune.
    constexpr qsizetype maxInitialResponse = 8192;
    if (hasProvider())
        return *peek(d).provider ? QString() : u"The credentials' provider is no function."_s;
    if (const auto &responder = peek(d).responder) {
        const QByteArray name = mechanism();
        const auto isPrintable = [](char c) { return c > ' ' && c < '\x7f'; };
        if (!*responder)
            return u"The responder of the authentication mechanism is no function."_s;
        if (name.isEmpty() || name.size() > MaxShortString
            || !std::all_of(name.begin(), name.end(), isPrintable))
            return u"The name of the authentication mechanism must have 1 to 255 printable bytes "
                   "of ASCII without a space."_s;
        return {};
    }
    const qsizetype user = userName().toUtf8().size();
    const qsizetype secret = Private::secret(*this).size();
    const qsizetype response = initialResponse().size();
    if (user > MaxShortString)
        return u"The user name has more than 255 bytes of UTF-8."_s;
    // PLAIN separates user name and password by NUL. With one inside, a user name could forge the password.
    if (userName().contains(QChar()) || peek(d).password.contains(QChar()))
        return u"The user name or password has a NUL character."_s;
    if (response > maxInitialResponse) {
        return u"The user name and password together have more than %1 bytes of UTF-8."_s.arg(
                maxInitialResponse - (response - user - secret));
    }
    return {};
}

QDebug operator<<(QDebug debug, const QAmqpToken &token)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpToken(***, " << qint64(token.expiresIn.count()) << " s)";
}

QDebug operator<<(QDebug debug, const QAmqpCredentials &credentials)
{
    const QDebugStateSaver saver(debug);
    debug.nospace().noquote() << "QAmqpCredentials(";
    if (credentials.hasProvider())
        return debug << "from a provider)";
    debug << credentials.mechanism();
    if (!credentials.userName().isEmpty())
        debug.quote() << ", " << credentials.userName() << ", ***";
    return debug << ')';
}

QT_END_NAMESPACE
