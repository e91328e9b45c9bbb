// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPQUICKGLOBAL_H
#define QTAMQPQUICKGLOBAL_H

#include <QtAmqp/qtamqpglobal.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQPQUICK_EXPORT
#elif defined(QTAMQPQUICK_BUILD)
#  define Q_AMQPQUICK_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQPQUICK_EXPORT Q_DECL_IMPORT
#endif

#endif
