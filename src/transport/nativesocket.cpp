// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/nativesocket.h"

#include <QtNetwork/qabstractsocket.h>

#ifdef Q_OS_UNIX
#  include <map>
#  include <mutex>

#  include <fcntl.h>
#  include <netinet/in.h>
#  include <netinet/tcp.h>
#  include <pthread.h>
#  include <sys/socket.h>
#  include <sys/stat.h>
#  include <unistd.h>
#endif

QT_BEGIN_NAMESPACE

#ifdef Q_OS_UNIX
namespace {

// The number of a closed descriptor may have been given to another file since, so its file is known as well.
struct Link
{
    int descriptor = -1;
    dev_t device = 0;
    ino_t node = 0;
};

struct Links
{
    std::mutex mutex;
    std::map<const QObject *, Link> all;
};

// This is never destroyed, since static objects may have links.
Links &links()
{
    static auto *const links = new Links;
    return *links;
}

bool identify(int descriptor, Link &link)
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0)
        return false;
    link = {descriptor, status.st_dev, status.st_ino};
    return true;
}

// Runs in the new process, where only what a signal handler may do is safe.
void leaveLinks()
{
    int pair[2] = {-1, -1};
    const bool havePair = ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
    if (havePair)
        ::close(pair[1]);
    for (const auto &[owner, link] : links().all) {
        Link now;
        if (!identify(link.descriptor, now) || now.device != link.device || now.node != link.node)
            continue;
        if (havePair && ::dup2(pair[0], link.descriptor) >= 0)
            ::fcntl(link.descriptor, F_SETFD, FD_CLOEXEC);
        else
            ::close(link.descriptor);
    }
    if (havePair)
        ::close(pair[0]);
    links().mutex.unlock();
}

} // namespace
#endif

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

void QtAmqpPrivate::keepFromForks([[maybe_unused]] qintptr descriptor,
                                  [[maybe_unused]] QObject &owner)
{
#ifdef Q_OS_UNIX
    [[maybe_unused]] static const int watching = ::pthread_atfork(
            [] { links().mutex.lock(); }, [] { links().mutex.unlock(); }, leaveLinks);
    Link link;
    if (!identify(int(descriptor),
                  link)) // with a proxy the socket may have no descriptor of its own
        return;
    const std::lock_guard lock(links().mutex);
    links().all.insert_or_assign(&owner, link);
    QObject::connect(&owner, &QObject::destroyed, &owner, [](const QObject *gone) {
        const std::lock_guard innerLock(links().mutex);
        links().all.erase(gone);
    });
#endif
}

QT_END_NAMESPACE
