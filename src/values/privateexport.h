// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_PRIVATEEXPORT_H
#define QTAMQP_VALUES_PRIVATEEXPORT_H

#include <QtAmqp/qtamqpglobal.h>

// For the few internals that QtAmqpTest and QtAmqpOutbox, libraries of their own, take from a shared QtAmqp. All are
// built from the same sources and installed together; users have no header of these. tests/package counts them.
#define Q_AMQP_PRIVATE_EXPORT Q_AMQP_EXPORT

#endif
