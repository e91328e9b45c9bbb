// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qamqperror.h>

#include "values/sharedvalue.h"
#include "values/wiretext.h"

#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;

/*!
    \class QAmqpError
    \inmodule QtAmqp
    \brief The one error value of QtAmqp: in signals, in futures and in blocking results.

    An error says what went wrong (kind()), what it ended (scope()), who found it (origin()) and, if
    it came while connecting or closing, when (phase()). Errors of the broker carry its reply code
    and text and the method that the broker objected to. text() is one sentence for people; programs
    should look at kind() and replyCode().

    A default-constructed error means "no error" and costs nothing. Errors are implicitly shared and
    reentrant.

    \sa QAmqpException, {AMQP 0-9-1 §4.8}
*/

/*!
    \enum QAmqpError::Kind
    \value NoError               Nothing went wrong.
    \value HostUnreachable       The name does not resolve, or nobody answers there; see socketError().
    \value TlsFailed             TLS could not be agreed on, or the certificate is not trusted.
    \value AuthenticationFailed  The broker does not accept the credentials or their mechanism.
    \value AccessRefused         The user may not do this (403).
    \value NotFound              No such exchange, queue or virtual host (404).
    \value PreconditionFailed    It exists with other properties, or is not in the state asked for (406).
    \value ResourceLocked        Another connection has it exclusively (405), or another outbox has the file.
    \value ClosedByBroker        The broker ended the connection or channel for another reason.
    \value ConnectionLost        The transport ended, and the broker gave no reason.
    \value HeartbeatMissed       The broker was silent for two heartbeat intervals.
    \value Timeout               No answer came within the timeout.
    \value Cancelled             The call ended with its channel, connection or object; see cause().
    \value NotOpen               The channel or connection is not open.
    \value InvalidArgument       AMQP cannot carry what was asked for; nothing was sent.
    \value Unroutable            No queue took the message (312, 313).
    \value Nacked                The broker refused responsibility for the message (basic.nack).
    \value ProtocolViolation     One side broke the protocol (501 to 505); see origin().
    \value LimitExceeded         A limit of the broker (311, 506) or of this library was exceeded.
    \value DeviceFailed          The application's device from which a body is sent, or into which one is
                                received, failed or ended early, or the file of an outbox cannot be used.
    \value Interrupted           The link was lost after the request or the message had been sent, and the
                                connection recovers. Whether the broker carried it out is not known.
*/

/*!
    \enum QAmqpError::Scope
    What the error ended.
    \value Operation   One call; its channel stays open.
    \value Channel     The channel, with everything pending on it.
    \value Connection  The connection, with all its channels.
*/

/*!
    \enum QAmqpError::Origin
    \value Application  A call that cannot work.
    \value Library      QtAmqp itself: a limit, a timeout.
    \value Transport    The network, the operating system, TLS.
    \value Broker       The peer: what it said, or what it sent.
*/

/*!
    \enum QAmqpError::Phase
    \value NoPhase     The error does not concern a phase of the connection.
    \value Resolving   Finding the addresses of the host's name.
    \value Connecting  Connecting to an address.
    \value Tls         The TLS handshake.
    \value Handshake   From the protocol header to connection.open-ok.
    \value Open        The connection was open.
    \value Closing     The connection was being closed.
*/

class QAmqpErrorPrivate : public SharedValue
{
public:
    QAmqpError::Kind kind = QAmqpError::Kind::NoError;
    QAmqpError::Scope scope = QAmqpError::Scope::Operation;
    QAmqpError::Origin origin = QAmqpError::Origin::Application;
    QAmqpError::Phase phase = QAmqpError::Phase::NoPhase;
    int replyCode = 0;
    int socketError = -1;
    QString replyText;
    QString text;
    QString method;
    QString endpoint;
    QAmqpError cause;
    QList<QAmqpError> attempts;

    bool operator==(const QAmqpErrorPrivate &) const = default;
};

/*! \fn QAmqpError::QAmqpError()
    Makes an error of the kind NoError. */
QTAMQP_VALUE(QAmqpError)

/*! Makes an error of \a kind that ended \a scope and was found by \a origin. The \a text is for people;
    text() returns it with control characters shown as escapes. */
QAmqpError::QAmqpError(Kind kind, Scope scope, Origin origin, const QString &text)
    : d(new QAmqpErrorPrivate)
{
    d->kind = kind;
    d->scope = scope;
    d->origin = origin;
    d->text = QtAmqpPrivate::printable(text);
}

/*! Returns \c true unless kind() is NoError. */
bool QAmqpError::isError() const { return kind() != Kind::NoError; }

/*! \fn QAmqpError::operator bool() const
    Returns the same as isError(). */
QAmqpError::operator bool() const { return isError(); }

/*! \property QAmqpError::kind
    What went wrong. */
QAmqpError::Kind QAmqpError::kind() const { return peek(d).kind; }

/*! \property QAmqpError::scope
    What the error ended. */
/*! \fn QAmqpError &QAmqpError::setScope(Scope scope)
    Sets what the error ended to \a scope. */
QTAMQP_FIELD(QAmqpError, QAmqpError::Scope, scope, setScope)

/*! \property QAmqpError::origin
    Who found it. */
QAmqpError::Origin QAmqpError::origin() const { return peek(d).origin; }

/*! \property QAmqpError::phase
    In which phase of the connection the error came. */
/*! \fn QAmqpError &QAmqpError::setPhase(Phase phase)
    Sets when it came to \a phase. */
QTAMQP_FIELD(QAmqpError, QAmqpError::Phase, phase, setPhase)

/*! \property QAmqpError::replyCode
    The reply code of AMQP 0-9-1 §4.8.2 that a peer sent or is sent, else 0. */
int QAmqpError::replyCode() const { return peek(d).replyCode; }

/*! Returns the text that came with replyCode(), as the broker wrote it. */
QString QAmqpError::replyText() const { return peek(d).replyText; }

/*! \property QAmqpError::text
    One sentence for people: what happened and what to do. It may quote the broker, but is safe to print:
    line ends, control characters and characters that change the direction of text are shown as escapes such
    as \c{\n}, while replyText() is as the broker wrote it. It never contains a password. */
QString QAmqpError::text() const { return peek(d).text; }

/*! \property QAmqpError::method
    The AMQP method at fault by its name in the specification, such as queue.declare; else empty. */
/*! \fn QAmqpError &QAmqpError::setMethod(const QString &method)
    Sets the name of the \a method at fault. */
QTAMQP_FIELD(QAmqpError, QString, method, setMethod)

/*! \property QAmqpError::endpoint
    The peer of the connection, as in QAmqpConnection::endpoint(); may be empty. */
/*! \fn QAmqpError &QAmqpError::setEndpoint(const QString &endpoint)
    Sets whom the connection was to or with to \a endpoint, a text without credentials. */
QTAMQP_FIELD(QAmqpError, QString, endpoint, setEndpoint)

/*! \property QAmqpError::socketError
    The error of the socket, if it is one: a QAbstractSocket::SocketError, such as
    QAbstractSocket::ConnectionRefusedError if nothing listens, QAbstractSocket::HostNotFoundError,
    QAbstractSocket::NetworkError without a route to the host, or QAbstractSocket::SocketTimeoutError; else -1
    (QAbstractSocket::UnknownSocketError). If several addresses of a host failed, it is the error that they
    have in common, and each of attempts() has its own. */
/*! \fn QAmqpError &QAmqpError::setSocketError(int error)
    Sets the QAbstractSocket::SocketError to \a error. */
QTAMQP_FIELD(QAmqpError, int, socketError, setSocketError)

/*! Returns the error that caused this one, if any, such as the channel's error for a cancelled call. */
QAmqpError QAmqpError::cause() const { return peek(d).cause; }

/*! \fn QList<QAmqpError> QAmqpError::attempts() const
    Returns the error of each attempt, if this is the error of a connection that could not be opened, also if
    there was only one attempt. There is an error for each address that could not be reached, or that was
    reached and failed later, or for the host if its name was not resolved. They are in the order of their
    failures, each with its endpoint(), phase() and cause(). Of many attempts these are the last hundred. */
/*! \fn QAmqpError &QAmqpError::setAttempts(const QList<QAmqpError> &attempts)
    Sets the errors of all \a attempts. */
QTAMQP_FIELD(QAmqpError, QList<QAmqpError>, attempts, setAttempts)

/*! \property QAmqpError::retryable
    \c true if the same may work later without a change: the host was unreachable, the connection was
    lost or silent, something took too long, or the broker closed the connection for reasons of its own (320
    connection-forced, 541 internal-error). It is \c true for Interrupted too: the link that is made anew can
    carry the same request again, if it does no harm to have it carried out twice. */
bool QAmqpError::isRetryable() const
{
    switch (kind()) {
    case Kind::HostUnreachable:
    case Kind::ConnectionLost:
    case Kind::HeartbeatMissed:
    case Kind::Timeout:
    case Kind::Interrupted: return true;
    case Kind::ClosedByBroker: return replyCode() == 320 || replyCode() == 541;
    default: return false;
    }
}

/*! Sets the reply \a code and its \a text; text() stays as it is. */
QAmqpError &QAmqpError::setReply(int code, const QString &text)
{
    edit(d).replyCode = code;
    edit(d).replyText = text;
    return *this;
}

/*! Sets the error that caused this one to \a cause. */
QAmqpError &QAmqpError::setCause(const QAmqpError &cause)
{
    // Because of the copy an error that becomes its own cause detaches first. Otherwise it would own itself
    // and never be freed.
    const QAmqpError copy(cause); // NOLINT(performance-unnecessary-copy-initialization)
    edit(d).cause = copy;
    return *this;
}

/*!
    Returns \a text in a form that is safe in a terminal or a log, whoever wrote it: line ends, control
    characters and characters that change the direction of text are shown as escapes such as \c{\n} and
    \c{\x1b}, the rest stays as it is. text() is safe already; use this for other texts of a peer, such as
    replyText(), names and server properties.
*/
QString QAmqpError::printable(const QString &text) { return QtAmqpPrivate::printable(text); }

template<typename Enum>
static const char *nameOf(Enum value)
{
    const char *name = QMetaEnum::fromType<Enum>().valueToKey(int(value));
    return name ? name : "?";
}

QDebug operator<<(QDebug debug, const QAmqpError &error)
{
    const QDebugStateSaver saver(debug);
    debug.nospace() << "QAmqpError(" << nameOf(error.kind());
    if (error.isError()) {
        debug << ", " << nameOf(error.scope()) << ", " << nameOf(error.origin());
        if (error.phase() != QAmqpError::Phase::NoPhase)
            debug << ", " << nameOf(error.phase());
        // QDebug escapes the control characters of a broker's text only if it quotes.
        debug.quote();
        if (error.replyCode())
            debug << ", " << error.replyCode() << ' ' << error.replyText();
        debug << ", " << error.text();
        if (!error.endpoint().isEmpty())
            debug << ", endpoint " << error.endpoint();
        if (!error.method().isEmpty())
            debug << ", method " << error.method();
        if (const QAmqpError cause = error.cause())
            debug << ", cause " << cause;
        if (error.attempts().size() > 1) // a single one is this error
            debug << ", attempts " << error.attempts();
    }
    return debug << ')';
}

/*! Throws a QAmqpException with this error. Code that is compiled without exceptions can call it too,
    and ends there, since nothing catches it. */
void QAmqpError::raise() const { throw QAmqpException(*this); }

/*!
    \class QAmqpException
    \inmodule QtAmqp
    \brief Carries a QAmqpError through a QFuture, and out of it.

    Every future of QtAmqp that fails does so with this exception: catch it by
    \c{onFailed([](const QAmqpException &e) { … })}, or around QFuture::result() and \c co_await.

    Code that is compiled without exceptions (\c QT_NO_EXCEPTIONS, as by \c -fno-exceptions) does not
    have this class: there the signals, QAmqpConnection::lastError() and QAmqpResult::error() report
    failures, and a future that failed is one that is finished without a result.
*/

/*! Makes an exception that carries \a error. */
QAmqpException::QAmqpException(const QAmqpError &error)
    : m_error(error), m_what(error.text().toUtf8())
{
}

QAmqpException::~QAmqpException() = default;

/*! Returns the error. */
const QAmqpError &QAmqpException::error() const { return m_error; }

/*! Returns the text of error() in UTF-8, valid as long as this exception. */
const char *QAmqpException::what() const noexcept { return m_what.constData(); }

/*! Throws a copy of this exception. */
void QAmqpException::raise() const { throw *this; }

/*! Returns a copy of this exception, which the caller owns. */
QAmqpException *QAmqpException::clone() const { return new QAmqpException(*this); }

QDebug operator<<(QDebug debug, const QAmqpException &exception)
{
    return debug << exception.error();
}

QT_END_NAMESPACE
