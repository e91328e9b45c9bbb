// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPTESTQUICKGLOBAL_H
#define QTAMQPTESTQUICKGLOBAL_H

#include <QtAmqp/qtamqpglobal.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQPTESTQUICK_EXPORT
#elif defined(QTAMQPTESTQUICK_BUILD)
#  define Q_AMQPTESTQUICK_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQPTESTQUICK_EXPORT Q_DECL_IMPORT
#endif

#endif
