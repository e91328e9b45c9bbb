// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs a connection on libev, without the Qt event loop.
// usage: loop-libev [amqp://user:password@host:port/vhost]

#include "conversation.h"
#include "libevtransport.h"

int main(int argc, char **argv)
{
    struct ev_loop *const loop = ev_default_loop(0);
    Conversation conversation(argc, argv, std::make_unique<LibevTransport>(loop));
    while (conversation.goesOn())
        ev_run(loop, EVRUN_ONCE);
    return conversation.status();
}
