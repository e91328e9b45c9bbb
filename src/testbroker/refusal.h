// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTBROKER_REFUSAL_H
#define QTAMQP_TESTBROKER_REFUSAL_H

// Why the broker does not do what a client asked for, in RabbitMQ's words.

#include "codec/constants.h"

#include <QtCore/qbytearray.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

struct Refusal
{
    ReplyCode code = ReplyCode::Success;
    QByteArray text = {}; // with the name of the code in front

    explicit operator bool() const { return code != ReplyCode::Success; }
    // These codes close the channel; all others close the connection (AMQP 0-9-1 §1.2).
    bool closesChannelOnly() const
    {
        return code >= ReplyCode::ContentTooLarge && code <= ReplyCode::PreconditionFailed
                && code != ReplyCode::ConnectionForced && code != ReplyCode::InvalidPath;
    }
};

inline const char *nameOf(ReplyCode code)
{
    switch (code) {
    case ReplyCode::Success: break;
    case ReplyCode::ContentTooLarge: return "CONTENT_TOO_LARGE";
    case ReplyCode::NoRoute: return "NO_ROUTE";
    case ReplyCode::NoConsumers: return "NO_CONSUMERS";
    case ReplyCode::ConnectionForced: return "CONNECTION_FORCED";
    case ReplyCode::InvalidPath: return "INVALID_PATH";
    case ReplyCode::AccessRefused: return "ACCESS_REFUSED";
    case ReplyCode::NotFound: return "NOT_FOUND";
    case ReplyCode::ResourceLocked: return "RESOURCE_LOCKED";
    case ReplyCode::PreconditionFailed: return "PRECONDITION_FAILED";
    case ReplyCode::FrameError: return "FRAME_ERROR";
    case ReplyCode::SyntaxError: return "SYNTAX_ERROR";
    case ReplyCode::CommandInvalid: return "COMMAND_INVALID";
    case ReplyCode::ChannelError: return "CHANNEL_ERROR";
    case ReplyCode::UnexpectedFrame: return "UNEXPECTED_FRAME";
    case ReplyCode::ResourceError: return "RESOURCE_ERROR";
    case ReplyCode::NotAllowed: return "NOT_ALLOWED";
    case ReplyCode::NotImplemented: return "NOT_IMPLEMENTED";
    case ReplyCode::InternalError: return "INTERNAL_ERROR";
    }
    return "REPLY_SUCCESS";
}

inline Refusal refuse(ReplyCode code, const QByteArray &why)
{
    return {code, nameOf(code) + (" - " + why)};
}

// What a client gets for something that makes a process of RabbitMQ crash; it does not say for which method.
inline Refusal crash() { return {ReplyCode::InternalError, "INTERNAL_ERROR"}; }

// The text as it is sent: RabbitMQ shortens what is longer than a short string.
inline QByteArray replyText(const Refusal &why)
{
    constexpr qsizetype most = 255;
    return why.text.size() <= most ? why.text : why.text.first(most - 3) + "...";
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE

#endif
