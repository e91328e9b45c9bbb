// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_QAMQPCREDENTIALS_P_H
#define QTAMQP_VALUES_QAMQPCREDENTIALS_P_H

#include "values/sharedvalue.h"

#include <QtAmqp/qamqpcredentials.h>

#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpCredentialsPrivate : public QtAmqpPrivate::SharedValue
{
public:
    ~QAmqpCredentialsPrivate();

    QByteArray mechanism = QByteArrayLiteral("PLAIN");
    QString userName = QStringLiteral("guest");
    QString password = QStringLiteral("guest");
    std::chrono::seconds expiresIn{0};
    // Functions cannot be compared, so two credentials are equal only if they share the same one.
    std::shared_ptr<QAmqpCredentials::Responder> responder;
    std::shared_ptr<QAmqpCredentials::Provider> provider;

    bool operator==(const QAmqpCredentialsPrivate &) const = default;

    static QAmqpCredentials make(const QByteArray &mechanism, const QString &userName = {},
                                 const QString &password = {});
    // Returns credentials of the same user name and password for another mechanism.
    static QAmqpCredentials with(QAmqpCredentials credentials, const QByteArray &mechanism);
    // Returns what connection.update-secret sends. It must never be logged.
    static QByteArray secret(const QAmqpCredentials &credentials);
};

QT_END_NAMESPACE

#endif
