// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPCREDENTIALS_H
#define QAMQPCREDENTIALS_H

#include <QtAmqp/qtamqpglobal.h>
#include <QtCore/qbytearray.h>

#include <chrono>
#include <functional>

QT_BEGIN_NAMESPACE

struct QAmqpToken
{
    QString secret;
    std::chrono::seconds expiresIn = std::chrono::seconds::zero();

    friend bool operator==(const QAmqpToken &a, const QAmqpToken &b)
    {
        return a.secret == b.secret && a.expiresIn == b.expiresIn;
    }
    friend bool operator!=(const QAmqpToken &a, const QAmqpToken &b) { return !(a == b); }
    Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const QAmqpToken &token);
};

class Q_AMQP_EXPORT QAmqpCredentials
{
    Q_GADGET
public:
    Q_AMQP_VALUE(QAmqpCredentials, QAmqpCredentialsPrivate)

    using Responder = std::function<QByteArray(const QByteArray &challenge)>;
    using Provider = std::function<QAmqpCredentials()>;
    using TokenProvider = std::function<QAmqpToken()>;

    static QAmqpCredentials plain(const QString &userName, const QString &password);
    static QAmqpCredentials amqplain(const QString &userName, const QString &password);
    static QAmqpCredentials external();
    static QAmqpCredentials custom(const QByteArray &mechanism, const Responder &respond);
    static QAmqpCredentials fromProvider(const Provider &provider);
    static QAmqpCredentials token(const TokenProvider &provider, const QString &userName = {});

    QString userName() const;
    QByteArray mechanism() const;
    QByteArray initialResponse() const;
    QByteArray response(const QByteArray &challenge) const;
    bool hasProvider() const;
    QAmqpCredentials provided() const;
    std::chrono::seconds expiresIn() const;
    QString errorString() const;
};

QT_END_NAMESPACE

#endif
