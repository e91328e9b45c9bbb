// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPERROR_H
#define QAMQPERROR_H

#include <QtAmqp/qtamqpglobal.h>
#include <QtCore/qexception.h>
#include <QtCore/qlist.h>

QT_BEGIN_NAMESPACE

class Q_AMQP_EXPORT QAmqpError
{
    Q_GADGET
    Q_PROPERTY(Kind kind READ kind)
    Q_PROPERTY(Scope scope READ scope)
    Q_PROPERTY(Origin origin READ origin)
    Q_PROPERTY(Phase phase READ phase)
    Q_PROPERTY(int replyCode READ replyCode)
    Q_PROPERTY(QString text READ text)
    Q_PROPERTY(QString method READ method)
    Q_PROPERTY(QString endpoint READ endpoint)
    Q_PROPERTY(int socketError READ socketError)
    Q_PROPERTY(bool retryable READ isRetryable)
public:
    Q_AMQP_VALUE(QAmqpError, QAmqpErrorPrivate)

    enum Kind : quint8 {
        NoError,
        HostUnreachable,
        TlsFailed,
        AuthenticationFailed,
        AccessRefused,
        NotFound,
        PreconditionFailed,
        ResourceLocked,
        ClosedByBroker,
        ConnectionLost,
        HeartbeatMissed,
        Timeout,
        Cancelled,
        NotOpen,
        InvalidArgument,
        Unroutable,
        Nacked,
        ProtocolViolation,
        LimitExceeded,
        DeviceFailed,
        Interrupted,
    };
    Q_ENUM(Kind)
    enum Scope : quint8 { Operation, Channel, Connection };
    Q_ENUM(Scope)
    enum Origin : quint8 { Application, Library, Transport, Broker };
    Q_ENUM(Origin)
    enum Phase : quint8 { NoPhase, Resolving, Connecting, Tls, Handshake, Open, Closing };
    Q_ENUM(Phase)

    QAmqpError(Kind kind, Scope scope, Origin origin, const QString &text);

    bool isError() const;
    explicit operator bool() const;

    Kind kind() const;
    Scope scope() const;
    Origin origin() const;
    Phase phase() const;
    int replyCode() const;
    QString replyText() const;
    QString text() const;
    QString method() const;
    QString endpoint() const;
    int socketError() const;
    QAmqpError cause() const;
    QList<QAmqpError> attempts() const;
    bool isRetryable() const;
    [[noreturn]] void raise() const;

    QAmqpError &setScope(Scope scope);
    QAmqpError &setPhase(Phase phase);
    QAmqpError &setReply(int code, const QString &text);
    QAmqpError &setMethod(const QString &method);
    QAmqpError &setEndpoint(const QString &endpoint);
    QAmqpError &setSocketError(int error);
    QAmqpError &setCause(const QAmqpError &cause);
    QAmqpError &setAttempts(const QList<QAmqpError> &attempts);

    static QString printable(const QString &text);
};

#ifndef QT_NO_EXCEPTIONS
class Q_AMQP_EXPORT QAmqpException : public QException
{
public:
    explicit QAmqpException(const QAmqpError &error);
    ~QAmqpException() override;

    const QAmqpError &error() const;
    const char *what() const noexcept override;
    void raise() const override;
    QAmqpException *clone() const override;

    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpException &exception);

private:
    QAmqpError m_error;
    QByteArray m_what;
};
#endif

QT_END_NAMESPACE

#endif
