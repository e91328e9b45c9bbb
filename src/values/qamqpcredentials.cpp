#include <QtAmqp/qamqpcredentials.h>

#include "values/sharedvalue.h"

#include <QtCore/qdebug.h>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

/*!
    \class QAmqpCredentials
    \inmodule QtAmqp
    \brief How a connection proves to the broker who it is: a user name and a password.

    They are sent with the SASL mechanism PLAIN (RFC 4616), that is as clear text inside the
    connection: use TLS for any host but the local one. RabbitMQ admits the default user, guest, from
    the local host alone.

    The password can be set, sent and compared, but not read back, and no debug output shows it.
    Credentials are implicitly shared and reentrant.

    \sa QAmqpConnectionOptions::setCredentials(), {AMQP 0-9-1 §1.4.2.2}, {https://www.rabbitmq.com/access-control.html}
*/

class QAmqpCredentialsPrivate : public SharedValue
{
public:
    QString userName = u"guest"_s;
    QString password = u"guest"_s;

    bool operator==(const QAmqpCredentialsPrivate &) const = default;
};

/*! \fn QAmqpCredentials::QAmqpCredentials()
    Makes the credentials of RabbitMQ's default user: PLAIN, guest, guest. */
QTAMQP_VALUE(QAmqpCredentials)

/*!
    Makes credentials of \a userName and \a password for the mechanism PLAIN.

    The user name may have 255 octets of UTF-8, and neither text may contain a NUL character;
    QAmqpConnectionOptions::errorString() tells, and a connection refuses to open.
*/
QAmqpCredentials QAmqpCredentials::plain(const QString &userName, const QString &password)
{
    QAmqpCredentials credentials;
    edit(credentials.d).userName = userName;
    edit(credentials.d).password = password;
    return credentials;
}

/*! Returns the user name; the default is guest. */
QString QAmqpCredentials::userName() const { return peek(d).userName; }

/*! Returns the name of the SASL mechanism, PLAIN. */
QByteArray QAmqpCredentials::mechanism() const { return "PLAIN"_ba; }

/*!
    Returns what connection.start-ok carries as response: NUL, user name, NUL, password, in UTF-8
    (RFC 4616, without an authorisation identity). \b{It contains the password}: never log it.
*/
QByteArray QAmqpCredentials::initialResponse() const
{
    return '\0' + peek(d).userName.toUtf8() + '\0' + peek(d).password.toUtf8();
}

QDebug operator<<(QDebug debug, const QAmqpCredentials &credentials)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace().quote()
            << "QAmqpCredentials(PLAIN, " << credentials.userName() << ", ***)";
}

QT_END_NAMESPACE
