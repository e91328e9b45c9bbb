#ifndef QTAMQPGLOBAL_H
#define QTAMQPGLOBAL_H

#include <QtCore/qglobal.h>

#if defined(QTAMQP_STATIC)
#  define Q_AMQP_EXPORT
#elif defined(QTAMQP_BUILD)
#  define Q_AMQP_EXPORT Q_DECL_EXPORT
#else
#  define Q_AMQP_EXPORT Q_DECL_IMPORT
#endif

#endif
