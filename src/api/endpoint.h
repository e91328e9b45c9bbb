// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_ENDPOINT_H
#define QTAMQP_API_ENDPOINT_H

// What a transport needs to know, made of the options of a connection. The files of certificates and keys are read
// here, so that what is wrong with one is found before the transport connects to anything.

#include <QtAmqp/qamqptransport.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Returns one endpoint for each host of the options in `common`, with everything else that `common` has. `error` is
// set to what is wrong with the options or the files, and is empty if nothing is.
QList<QAmqpEndpoint> endpointsOf(QAmqpEndpoint common, QString *error);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
