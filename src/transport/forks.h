// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_FORKS_H
#define QTAMQP_TRANSPORT_FORKS_H

// Links do not go through a fork(). The new process would read what the old one waits for, and end its
// TLS and its connection; so it finds a closed socket in the place of each link, before anything runs in
// it. The old process keeps its link. Where there is no fork() this does nothing.

#include <QtCore/qobject.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Until `owner`, which has the descriptor open, is destroyed.
void keepFromForks(qintptr descriptor, QObject &owner);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
