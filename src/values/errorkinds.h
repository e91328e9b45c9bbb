#ifndef QTAMQP_VALUES_ERRORKINDS_H
#define QTAMQP_VALUES_ERRORKINDS_H

#include <QtAmqp/qamqperror.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// What a reply code of basic.return, channel.close or connection.close means to an application
// (AMQP 0-9-1 §4.8.2). A 403 during the handshake is a matter of authentication: its caller knows.
QAmqpError::Kind kindOfReplyCode(int code);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
