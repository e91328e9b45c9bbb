// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_NATIVESOCKET_H
#define QTAMQP_TRANSPORT_NATIVESOCKET_H

// What Qt has no name for: options of the system's own sockets.

#include <QtAmqp/qamqpconnectionoptions.h>

QT_BEGIN_NAMESPACE

class QAbstractSocket;

namespace QtAmqpPrivate {

// TCP's own probing of a silent connection, for a connected socket. Qt can switch it on; what its times
// are is left out where the system does not know them.
void setKeepAlive(QAbstractSocket &socket, const QAmqpConnectionOptions &options);

// How an attempt to connect ended, once the socket is ready: the system's error, 0 for none. Asked once.
// Where it is not known how to ask it is 0.
int takeError(qintptr descriptor);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
