// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/nativesocket.h"

#include <QtNetwork/qabstractsocket.h>

#ifdef Q_OS_UNIX
#  include <netinet/in.h>
#  include <netinet/tcp.h>
#  include <sys/socket.h>
#endif

QT_BEGIN_NAMESPACE

void QtAmqpPrivate::setKeepAlive(QAbstractSocket &socket, const QAmqpConnectionOptions &options)
{
    if (options.isKeepAliveEnabled())
        socket.setSocketOption(QAbstractSocket::KeepAliveOption, 1);
#ifdef Q_OS_LINUX
    const auto set = [&socket](int option, qint64 value) {
        const int number = int(value);
        if (value > 0)
            ::setsockopt(int(socket.socketDescriptor()), IPPROTO_TCP, option, &number,
                         sizeof number);
    };
    set(TCP_KEEPIDLE, options.keepAliveIdle().count());
    set(TCP_KEEPINTVL, options.keepAliveInterval().count());
    set(TCP_KEEPCNT, options.keepAliveCount());
    set(TCP_USER_TIMEOUT, options.tcpUserTimeout().count());
#endif
}

int QtAmqpPrivate::takeError([[maybe_unused]] qintptr descriptor)
{
    int error = 0;
#ifdef Q_OS_UNIX
    socklen_t size = sizeof error;
    if (::getsockopt(int(descriptor), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = 0;
#endif
    return error;
}

QT_END_NAMESPACE
