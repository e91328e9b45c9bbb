// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPOUTBOXGLOBAL_H
#define QTAMQPOUTBOXGLOBAL_H

#include <QtAmqp/qtamqpglobal.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQP_OUTBOX_EXPORT
#elif defined(QTAMQP_OUTBOX_BUILD)
#  define Q_AMQP_OUTBOX_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQP_OUTBOX_EXPORT Q_DECL_IMPORT
#endif

#endif
