#ifndef QTAMQP_TRANSPORT_KEEPALIVE_H
#define QTAMQP_TRANSPORT_KEEPALIVE_H

// TCP's own probing of a silent connection. Qt can switch it on; its times are the system's business.

#include <QtAmqp/qamqptransport.h>

QT_BEGIN_NAMESPACE

class QAbstractSocket;

namespace QtAmqpPrivate {

// For a connected socket. What the system does not know is left out.
void setKeepAlive(QAbstractSocket &socket, const QAmqpEndpoint &endpoint);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
