// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs a connection on poll(2), without the Qt event loop.
// usage: loop-poll [amqp://user:password@host:port/vhost]

#include "conversation.h"
#include "polltransport.h"

int main(int argc, char **argv)
{
    auto transport = std::make_unique<PollTransport>();
    PollTransport *const loop = transport.get();
    Conversation conversation(argc, argv, std::move(transport));
    while (conversation.goesOn())
        loop->runOnce();
    return conversation.status();
}
