// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs a connection on Asio, without the Qt event loop.
// usage: loop-asio [amqp://user:password@host:port/vhost]

#include "asiotransport.h"
#include "conversation.h"

int main(int argc, char **argv)
{
    asio::io_context context;
    Conversation conversation(argc, argv, std::make_unique<AsioTransport>(context));
    while (conversation.goesOn())
        context.run_one();
    return conversation.status();
}
