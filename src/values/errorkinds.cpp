// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/errorkinds.h"

QT_BEGIN_NAMESPACE

QAmqpError::Kind QtAmqpPrivate::kindOfReplyCode(int code)
{
    using Kind = QAmqpError::Kind;
    switch (code) {
    case 311: // content-too-large
    case 506: // resource-error
        return Kind::LimitExceeded;
    case 312: // no-route
    case 313: // no-consumers
        return Kind::Unroutable;
    case 403: return Kind::AccessRefused;
    case 404: return Kind::NotFound;
    case 405: return Kind::ResourceLocked;
    case 406: return Kind::PreconditionFailed;
    case 501: // frame-error
    case 502: // syntax-error
    case 503: // command-invalid
    case 504: // channel-error
    case 505: // unexpected-frame
        return Kind::ProtocolViolation;
    // 320 connection-forced, 402 invalid-path, 530 not-allowed, 540 not-implemented, 541
    // internal-error, and whatever a broker may invent.
    default: return Kind::ClosedByBroker;
    }
}

// The texts are those of RabbitMQ. Other brokers' texts get the advice that depends on the code alone.
QAmqpError::Kind QtAmqpPrivate::kindOfLoss(const QAmqpError &cause)
{
    const bool isLoss = cause.scope() == QAmqpError::Scope::Connection
            && cause.phase() >= QAmqpError::Phase::Open;
    return isLoss ? QAmqpError::Kind::ConnectionLost : cause.kind();
}

QString QtAmqpPrivate::adviceOn(int code, const QString &replyText)
{
    struct Advice
    {
        int code;
        const char *said;
        const char *advice;
    };
    constexpr Advice all[] = {
            {403, "Login was refused", "check the user name and the password"},
            {403, "in exclusive use", "end the other consumer first"},
            {403, "reserved prefix", "take a name that does not begin with amq."},
            {403, "default exchange",
             "every queue is bound to it by its name; name another exchange"},
            {403, "internal exchange",
             "it takes messages from other exchanges only; publish to one that is bound to it"},
            {403, "", "give the user the permission (rabbitmqctl set_permissions)"},
            {404, "", "declare it first, or check its name"},
            {405, "",
             "use it on the connection that declared it; on that one declare it with the same "
             "exclusive as before"},
            {406, "inequivalent arg", "declare it as it is, or delete it first"},
            {406, "message size",
             "send less in one message, or raise the broker's max_message_size"},
            {540, "global qos",
             "of quorum queues and streams each consumer has its own prefetch: do without "
             "PrefetchScope::Channel on their channel"},
            {530, "vhost",
             "check the name, and the user's permissions (rabbitmqctl set_permissions)"},
    };
    for (const auto &[known, said, advice] : all) {
        if (code == known && replyText.contains(QLatin1StringView(said)))
            return formatted(u"; %1", advice);
    }
    return {};
}

QT_END_NAMESPACE
