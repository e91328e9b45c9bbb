// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_ENDPOINT_H
#define QTAMQP_API_ENDPOINT_H

// From the options of a connection to what its transport is to do: the hosts, the limits, and TLS with
// the certificates and keys that the options name as files.

#include <QtAmqp/qamqpconnectionoptions.h>
#include <QtAmqp/qamqptransport.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// One for each host of the options, in their order. `error` becomes what is wrong with the options or
// the files, empty if nothing is.
QList<QAmqpEndpoint> endpointsOf(const QAmqpConnectionOptions &options,
                                 const QSslConfiguration &tls, const QNetworkProxy &proxy,
                                 QString *error);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
