// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_CONSTANTS_H
#define QTAMQP_CODEC_CONSTANTS_H

// Numbers of the specification (AMQP 0-9-1 §1.2 and §4.2.3).

#include <QtCore/qglobal.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

constexpr char ProtocolHeader[] = "AMQP\x00\x00\x09\x01"; // eight bytes, and a terminating zero
constexpr qsizetype ProtocolHeaderSize = 8;

enum class FrameType : quint8 { Method = 1, Header = 2, Body = 3, Heartbeat = 8 };

constexpr quint8 FrameEnd = 0xCE;
constexpr qsizetype FrameHeaderSize = 7;
constexpr qsizetype FrameOverhead = FrameHeaderSize + 1;

// Before tuning a client must accept frames of 4096 bytes. But connection.start of RabbitMQ 4.1 and later can
// be larger, so 8192 bytes are accepted, as the broker does too.
constexpr quint32 FrameMinSize = 4096;
constexpr quint32 UntunedFrameMax = 8192;

enum class ReplyCode : quint16 {
    Success = 200,
    ContentTooLarge = 311,
    NoRoute = 312,
    NoConsumers = 313,
    ConnectionForced = 320,
    InvalidPath = 402,
    AccessRefused = 403,
    NotFound = 404,
    ResourceLocked = 405,
    PreconditionFailed = 406,
    FrameError = 501,
    SyntaxError = 502,
    CommandInvalid = 503,
    ChannelError = 504,
    UnexpectedFrame = 505,
    ResourceError = 506,
    NotAllowed = 530,
    NotImplemented = 540,
    InternalError = 541,
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
