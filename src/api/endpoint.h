// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_ENDPOINT_H
#define QTAMQP_API_ENDPOINT_H

// From the options of a connection to what its transport is to do. The certificates and keys that the
// options name as files are read here: what is wrong with one is found before anything is connected to.

#include <QtAmqp/qamqptransport.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// One endpoint for each host of the options in `common`, in their order, with all else that is in it. `error`
// becomes what is wrong with the options or the files, and empty if nothing is.
QList<QAmqpEndpoint> endpointsOf(QAmqpEndpoint common, QString *error);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
