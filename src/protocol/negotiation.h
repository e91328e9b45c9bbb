// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_NEGOTIATION_H
#define QTAMQP_PROTOCOL_NEGOTIATION_H

// What client and server agree on while a connection opens (AMQP 0-9-1 §2.2.4 and §1.4.2.6).

#include "codec/constants.h"
#include "codec/methods.h"

#include <QtAmqp/qamqpconnectionoptions.h>

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr quint32 DefaultFrameMax = 131072;
constexpr quint32 LargestFrameMax = 16 * 1024 * 1024; // also if neither side has a limit

// How large a received content header may be. RabbitMQ does not split headers, even if they exceed a frame;
// so they may be as large as a body, up to a limit, and at least large enough for headers that grow on their
// way (x-death).
constexpr quint32 largestHeader(quint32 frameMax, quint64 maxMessageSize)
{
    constexpr quint64 least = 1024 * 1024;
    return std::max(frameMax, quint32(std::clamp<quint64>(maxMessageSize, least, LargestFrameMax)));
}

// The smaller of two limits, where 0 is "no limit".
template<typename T>
constexpr T smallerLimit(T client, T server)
{
    return client == 0 || server == 0 ? std::max(client, server) : std::min(client, server);
}

// The library's own properties, overridden by those of the application; their capabilities are merged.
QAmqpTable clientProperties(const QAmqpConnectionOptions &options);

// The table "capabilities" in the properties of client or server; empty if there is none.
QAmqpTable capabilities(const QAmqpTable &serverProperties);

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
