// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPGLOBAL_H
#define QTAMQPGLOBAL_H

#include <QtAmqp/qtamqpversion.h>
#include <QtCore/qobjectdefs.h>
#include <QtCore/qshareddata.h>
#include <QtCore/qstring.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQP_EXPORT
#elif defined(QTAMQP_BUILD)
#  define Q_AMQP_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQP_EXPORT Q_DECL_IMPORT
#endif

QT_BEGIN_NAMESPACE
class QDebug;

Q_AMQP_EXPORT const char *qtAmqpVersion() noexcept;
QT_END_NAMESPACE

// What every value class has: it can be copied, compared and printed.
#define Q_AMQP_COPYABLE(Class) \
  Class(); \
  Class(const Class &other); \
  Class(Class &&other) noexcept; \
  Class &operator=(const Class &other); \
  Class &operator=(Class &&other) noexcept; \
  ~Class(); \
  Q_AMQP_EXPORT friend bool operator==(const Class &a, const Class &b); \
  friend bool operator!=(const Class &a, const Class &b) { return !(a == b); } \
  Q_AMQP_EXPORT friend QDebug operator<<(QDebug debug, const Class &value);

// The same, and its members are in a private class that the copies share until one is changed.
#define Q_AMQP_VALUE(Class, Private) \
  Q_AMQP_COPYABLE(Class) \
  private: \
  friend class Private; \
  QSharedDataPointer<class Private> d; \
\
  public:

#endif
