// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs a connection on epoll(7), without the Qt event loop.
// usage: loop-epoll [amqp://user:password@host:port/vhost]

#include "conversation.h"
#include "epolltransport.h"

int main(int argc, char **argv)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    Conversation conversation(argc, argv, std::make_unique<EpollTransport>(epoll));
    while (conversation.goesOn()) {
        epoll_event event;
        if (epoll_wait(epoll, &event, 1, -1) > 0)
            static_cast<EpollTransport *>(event.data.ptr)->ready();
    }
    return conversation.status();
}
