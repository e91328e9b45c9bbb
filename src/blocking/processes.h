// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_BLOCKING_PROCESSES_H
#define QTAMQP_BLOCKING_PROCESSES_H

// What blocking connections have to do with the process they are in.
//
// Their I/O threads can do nothing without a QCoreApplication: they end when that goes, as long as they
// can still say goodbye. And they are not there in a process that fork() made: connections are orphans in
// it, whose mutexes are free and whose calls fail at once.

#include <QtCore/qglobal.h>

#include <memory>

QT_BEGIN_NAMESPACE

class QAmqpBlockingConnectionPrivate;

namespace QtAmqpPrivate {

// From the start of its I/O thread to the end.
void addToProcess(QAmqpBlockingConnectionPrivate *connection);
void removeFromProcess(QAmqpBlockingConnectionPrivate *connection);

// What an orphan is made of is never destroyed: threads that are not there seem to wait in it.
void keepForEver(std::shared_ptr<void> orphan);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
