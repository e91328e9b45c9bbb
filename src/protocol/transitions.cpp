// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/transitions.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

const char *stateName(ConnectionState state)
{
    constexpr const char *names[] = {"idle",           "waiting to try again",
                                     "connecting",     "waiting for connection.start",
                                     "authenticating", "opening",
                                     "open",           "finishing what was asked for",
                                     "about to close", "closing",
                                     "closed",         "closed"};
    return names[quint8(state)];
}

const char *stateName(ChannelState state)
{
    constexpr const char *names[] = {"opening",        "open",    "finishing what was asked for",
                                     "about to close", "closing", "closed",
                                     "closed"};
    return names[quint8(state)];
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
