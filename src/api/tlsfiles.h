// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_TLSFILES_H
#define QTAMQP_API_TLSFILES_H

// The certificates and keys that the options name as files. What is wrong with one is found before any
// connection is made, and told by the file's name.

#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtNetwork/qsslcertificate.h>
#include <QtNetwork/qsslconfiguration.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// `error` becomes what is wrong with the file.
QList<QSslCertificate> readCertificates(const QString &name, QString *error);

// The client's own certificate and key into `tls`; `error` becomes what is wrong with one of the files,
// or that the two do not belong together.
void readIdentity(const QAmqpConnectionOptions &options, QSslConfiguration &tls, QString *error);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
