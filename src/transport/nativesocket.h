// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_NATIVESOCKET_H
#define QTAMQP_TRANSPORT_NATIVESOCKET_H

// Functions of the system for sockets that Qt does not offer.

#include <QtAmqp/qamqpconnectionoptions.h>

QT_BEGIN_NAMESPACE

class QAbstractSocket;
class QObject;

namespace QtAmqpPrivate {

// Switches TCP's own probing of a silent connection on for a connected socket. Sets its times and the user
// timeout, where the system has these.
void setKeepAlive(QAbstractSocket &socket, const QAmqpConnectionOptions &options);

// Returns the system's error of an attempt to connect, once the socket is ready, and 0 if there is none or
// the system does not know it. Asking clears the error.
int takeError(qintptr descriptor);

// Keeps a connection out of the processes that fork() makes, until `owner`, which has the descriptor open, is
// destroyed. Such a process would read what the old one waits for, and end its TLS and its connection. So it
// finds a closed socket in the place of the connection, before anything runs in it; the old process goes on
// with the connection. Where there is no fork() this does nothing.
void keepFromForks(qintptr descriptor, QObject &owner);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
