// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_TRANSPORTCLIENT_H
#define QTAMQP_TRANSPORT_TRANSPORTCLIENT_H

// The interface through which a transport calls the engine of its connection. The transport only reports what
// happened and requests a turn; the engine does its work in turn().

#include <QtAmqp/qamqptransport.h>

QT_BEGIN_NAMESPACE

class QAmqpTransportClient
{
public:
    virtual ~QAmqpTransportClient() = default;

    virtual char *receiveBuffer(qsizetype *size) = 0;
    virtual void received(qsizetype bytes) = 0;
    virtual void reached(const QString &address, bool isLast,
                         const QList<QAmqpError> &failures) = 0;
    virtual void opened() = 0;
    virtual void lost(const QAmqpError &reason) = 0;
    virtual void sslErrors(const QList<QSslError> &errors) = 0;
    virtual void turn() = 0;
    // The thread or the application is about to end: no event loop calls the transport any more.
    virtual void ending() = 0;
};

QT_END_NAMESPACE

#endif
