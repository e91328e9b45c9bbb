// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "transport/forks.h"

#ifdef Q_OS_UNIX
#  include <map>
#  include <mutex>

#  include <fcntl.h>
#  include <pthread.h>
#  include <sys/socket.h>
#  include <sys/stat.h>
#  include <unistd.h>
#endif

QT_BEGIN_NAMESPACE

#ifdef Q_OS_UNIX
namespace {

// The number of a descriptor that was closed may have been given to something else by now.
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

// Never destroyed: static objects may have links.
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

// In the new process, where only what a signal handler may do is safe.
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

void QtAmqpPrivate::keepFromForks([[maybe_unused]] qintptr descriptor,
                                  [[maybe_unused]] QObject &owner)
{
#ifdef Q_OS_UNIX
    [[maybe_unused]] static const int watching = ::pthread_atfork(
            [] { links().mutex.lock(); }, [] { links().mutex.unlock(); }, leaveLinks);
    Link link;
    if (!identify(int(descriptor), link)) // such as one to a proxy, which has none of its own
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
