// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPTESTGLOBAL_H
#define QTAMQPTESTGLOBAL_H

#include <QtAmqp/qtamqpglobal.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQP_TEST_EXPORT
#elif defined(QTAMQP_TEST_BUILD)
#  define Q_AMQP_TEST_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQP_TEST_EXPORT Q_DECL_IMPORT
#endif

// What the structures of information have.
#define Q_AMQP_TEST_VALUE(Struct) \
  Q_AMQP_TEST_EXPORT friend bool operator==(const Struct &a, const Struct &b); \
  friend bool operator!=(const Struct &a, const Struct &b) { return !(a == b); } \
  Q_AMQP_TEST_EXPORT friend QDebug operator<<(QDebug debug, const Struct &value);

#endif
