// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_CODEC_METHODS_H
#define QTAMQP_CODEC_METHODS_H

// Every method of AMQP 0-9-1 with RabbitMQ's extensions, declared once, in class and method order.
//
// The C++ type of a member is its wire type; fields() lists the members in wire order. Encoding,
// decoding, sizes, log lines, the random methods of tests and the check against the official XML all fold
// over fields() (codec/fields.h), so a method added here needs a handler and nothing else in this folder.
// Text and tables are views into the frame: they must be copied to be kept.

#include "codec/fields.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

struct ConnectionStart
{
    static constexpr MethodInfo info{10, 10, "connection.start", SentBy::Server};
    using Replies = TypeList<struct ConnectionStartOk>;

    quint8 versionMajor = 0;
    quint8 versionMinor = 0;
    FieldTable serverProperties;
    LongString mechanisms;
    LongString locales;
    QTAMQP_FIELDS(versionMajor, versionMinor, serverProperties, mechanisms, locales)
};

struct ConnectionStartOk
{
    static constexpr MethodInfo info{10, 11, "connection.start-ok", SentBy::Client};

    FieldTable clientProperties;
    ShortString mechanism;
    LongString response;
    ShortString locale;
    QTAMQP_FIELDS(clientProperties, mechanism, response, locale)
};

struct ConnectionSecure
{
    static constexpr MethodInfo info{10, 20, "connection.secure", SentBy::Server};
    using Replies = TypeList<struct ConnectionSecureOk>;

    LongString challenge;
    QTAMQP_FIELDS(challenge)
};

struct ConnectionSecureOk
{
    static constexpr MethodInfo info{10, 21, "connection.secure-ok", SentBy::Client};

    LongString response;
    QTAMQP_FIELDS(response)
};

struct ConnectionTune
{
    static constexpr MethodInfo info{10, 30, "connection.tune", SentBy::Server};
    using Replies = TypeList<struct ConnectionTuneOk>;

    quint16 channelMax = 0;
    quint32 frameMax = 0;
    quint16 heartbeat = 0;
    QTAMQP_FIELDS(channelMax, frameMax, heartbeat)
};

struct ConnectionTuneOk
{
    static constexpr MethodInfo info{10, 31, "connection.tune-ok", SentBy::Client};

    quint16 channelMax = 0;
    quint32 frameMax = 0;
    quint16 heartbeat = 0;
    QTAMQP_FIELDS(channelMax, frameMax, heartbeat)
};

struct ConnectionOpen
{
    static constexpr MethodInfo info{10, 40, "connection.open", SentBy::Client};
    using Replies = TypeList<struct ConnectionOpenOk>;

    ShortString virtualHost;
    ShortString reserved1;
    bool reserved2 = false;
    QTAMQP_FIELDS(virtualHost, reserved1, reserved2)
};

struct ConnectionOpenOk
{
    static constexpr MethodInfo info{10, 41, "connection.open-ok", SentBy::Server};

    ShortString reserved1;
    QTAMQP_FIELDS(reserved1)
};

struct ConnectionClose
{
    static constexpr MethodInfo info{10, 50, "connection.close", SentBy::Both};
    using Replies = TypeList<struct ConnectionCloseOk>;

    quint16 replyCode = 0;
    ShortString replyText;
    quint16 classId = 0;
    quint16 methodId = 0;
    QTAMQP_FIELDS(replyCode, replyText, classId, methodId)
};

struct ConnectionCloseOk : NoFields
{
    static constexpr MethodInfo info{10, 51, "connection.close-ok", SentBy::Both};
};

struct ConnectionBlocked
{
    static constexpr MethodInfo info{10, 60, "connection.blocked", SentBy::Server};

    ShortString reason;
    QTAMQP_FIELDS(reason)
};

struct ConnectionUnblocked : NoFields
{
    static constexpr MethodInfo info{10, 61, "connection.unblocked", SentBy::Server};
};

struct ConnectionUpdateSecret
{
    static constexpr MethodInfo info{10, 70, "connection.update-secret", SentBy::Client};
    using Replies = TypeList<struct ConnectionUpdateSecretOk>;

    LongString newSecret;
    ShortString reason;
    QTAMQP_FIELDS(newSecret, reason)
};

struct ConnectionUpdateSecretOk : NoFields
{
    static constexpr MethodInfo info{10, 71, "connection.update-secret-ok", SentBy::Server};
};

struct ChannelOpen
{
    static constexpr MethodInfo info{20, 10, "channel.open", SentBy::Client};
    using Replies = TypeList<struct ChannelOpenOk>;

    ShortString reserved1;
    QTAMQP_FIELDS(reserved1)
};

struct ChannelOpenOk
{
    static constexpr MethodInfo info{20, 11, "channel.open-ok", SentBy::Server};

    LongString reserved1;
    QTAMQP_FIELDS(reserved1)
};

struct ChannelFlow
{
    static constexpr MethodInfo info{20, 20, "channel.flow", SentBy::Both};
    using Replies = TypeList<struct ChannelFlowOk>;

    bool active = false;
    QTAMQP_FIELDS(active)
};

struct ChannelFlowOk
{
    static constexpr MethodInfo info{20, 21, "channel.flow-ok", SentBy::Both};

    bool active = false;
    QTAMQP_FIELDS(active)
};

struct ChannelClose
{
    static constexpr MethodInfo info{20, 40, "channel.close", SentBy::Both};
    using Replies = TypeList<struct ChannelCloseOk>;

    quint16 replyCode = 0;
    ShortString replyText;
    quint16 classId = 0;
    quint16 methodId = 0;
    QTAMQP_FIELDS(replyCode, replyText, classId, methodId)
};

struct ChannelCloseOk : NoFields
{
    static constexpr MethodInfo info{20, 41, "channel.close-ok", SentBy::Both};
};

struct ExchangeDeclare
{
    static constexpr MethodInfo info{40, 10, "exchange.declare", SentBy::Client};
    using Replies = TypeList<struct ExchangeDeclareOk>;

    quint16 reserved1 = 0;
    ShortString exchange;
    ShortString type;
    bool passive = false;
    bool durable = false;
    bool autoDelete = false;
    bool internal = false;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, exchange, type, passive, durable, autoDelete, internal, noWait,
                  arguments)
};

struct ExchangeDeclareOk : NoFields
{
    static constexpr MethodInfo info{40, 11, "exchange.declare-ok", SentBy::Server};
};

struct ExchangeDelete
{
    static constexpr MethodInfo info{40, 20, "exchange.delete", SentBy::Client};
    using Replies = TypeList<struct ExchangeDeleteOk>;

    quint16 reserved1 = 0;
    ShortString exchange;
    bool ifUnused = false;
    bool noWait = false;
    QTAMQP_FIELDS(reserved1, exchange, ifUnused, noWait)
};

struct ExchangeDeleteOk : NoFields
{
    static constexpr MethodInfo info{40, 21, "exchange.delete-ok", SentBy::Server};
};

struct ExchangeBind
{
    static constexpr MethodInfo info{40, 30, "exchange.bind", SentBy::Client};
    using Replies = TypeList<struct ExchangeBindOk>;

    quint16 reserved1 = 0;
    ShortString destination;
    ShortString source;
    ShortString routingKey;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, destination, source, routingKey, noWait, arguments)
};

struct ExchangeBindOk : NoFields
{
    static constexpr MethodInfo info{40, 31, "exchange.bind-ok", SentBy::Server};
};

struct ExchangeUnbind
{
    static constexpr MethodInfo info{40, 40, "exchange.unbind", SentBy::Client};
    using Replies = TypeList<struct ExchangeUnbindOk>;

    quint16 reserved1 = 0;
    ShortString destination;
    ShortString source;
    ShortString routingKey;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, destination, source, routingKey, noWait, arguments)
};

struct ExchangeUnbindOk : NoFields
{
    static constexpr MethodInfo info{40, 51, "exchange.unbind-ok", SentBy::Server};
};

struct QueueDeclare
{
    static constexpr MethodInfo info{50, 10, "queue.declare", SentBy::Client};
    using Replies = TypeList<struct QueueDeclareOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    bool passive = false;
    bool durable = false;
    bool exclusive = false;
    bool autoDelete = false;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, queue, passive, durable, exclusive, autoDelete, noWait, arguments)
};

struct QueueDeclareOk
{
    static constexpr MethodInfo info{50, 11, "queue.declare-ok", SentBy::Server};

    ShortString queue = {};
    quint32 messageCount = 0;
    quint32 consumerCount = 0;
    QTAMQP_FIELDS(queue, messageCount, consumerCount)
};

struct QueueBind
{
    static constexpr MethodInfo info{50, 20, "queue.bind", SentBy::Client};
    using Replies = TypeList<struct QueueBindOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    ShortString exchange;
    ShortString routingKey;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, queue, exchange, routingKey, noWait, arguments)
};

struct QueueBindOk : NoFields
{
    static constexpr MethodInfo info{50, 21, "queue.bind-ok", SentBy::Server};
};

struct QueuePurge
{
    static constexpr MethodInfo info{50, 30, "queue.purge", SentBy::Client};
    using Replies = TypeList<struct QueuePurgeOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    bool noWait = false;
    QTAMQP_FIELDS(reserved1, queue, noWait)
};

struct QueuePurgeOk
{
    static constexpr MethodInfo info{50, 31, "queue.purge-ok", SentBy::Server};

    quint32 messageCount = 0;
    QTAMQP_FIELDS(messageCount)
};

struct QueueDelete
{
    static constexpr MethodInfo info{50, 40, "queue.delete", SentBy::Client};
    using Replies = TypeList<struct QueueDeleteOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    bool ifUnused = false;
    bool ifEmpty = false;
    bool noWait = false;
    QTAMQP_FIELDS(reserved1, queue, ifUnused, ifEmpty, noWait)
};

struct QueueDeleteOk
{
    static constexpr MethodInfo info{50, 41, "queue.delete-ok", SentBy::Server};

    quint32 messageCount = 0;
    QTAMQP_FIELDS(messageCount)
};

struct QueueUnbind
{
    static constexpr MethodInfo info{50, 50, "queue.unbind", SentBy::Client};
    using Replies = TypeList<struct QueueUnbindOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    ShortString exchange;
    ShortString routingKey;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, queue, exchange, routingKey, arguments)
};

struct QueueUnbindOk : NoFields
{
    static constexpr MethodInfo info{50, 51, "queue.unbind-ok", SentBy::Server};
};

struct BasicQos
{
    static constexpr MethodInfo info{60, 10, "basic.qos", SentBy::Client};
    using Replies = TypeList<struct BasicQosOk>;

    quint32 prefetchSize = 0;
    quint16 prefetchCount = 0;
    bool global = false;
    QTAMQP_FIELDS(prefetchSize, prefetchCount, global)
};

struct BasicQosOk : NoFields
{
    static constexpr MethodInfo info{60, 11, "basic.qos-ok", SentBy::Server};
};

struct BasicConsume
{
    static constexpr MethodInfo info{60, 20, "basic.consume", SentBy::Client};
    using Replies = TypeList<struct BasicConsumeOk>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    ShortString consumerTag;
    bool noLocal = false;
    bool noAck = false;
    bool exclusive = false;
    bool noWait = false;
    FieldTable arguments = {};
    QTAMQP_FIELDS(reserved1, queue, consumerTag, noLocal, noAck, exclusive, noWait, arguments)
};

struct BasicConsumeOk
{
    static constexpr MethodInfo info{60, 21, "basic.consume-ok", SentBy::Server};

    ShortString consumerTag;
    QTAMQP_FIELDS(consumerTag)
};

struct BasicCancel
{
    static constexpr MethodInfo info{60, 30, "basic.cancel", SentBy::Both};
    using Replies = TypeList<struct BasicCancelOk>;

    ShortString consumerTag;
    bool noWait = false;
    QTAMQP_FIELDS(consumerTag, noWait)
};

struct BasicCancelOk
{
    static constexpr MethodInfo info{60, 31, "basic.cancel-ok", SentBy::Both};

    ShortString consumerTag;
    QTAMQP_FIELDS(consumerTag)
};

struct BasicPublish
{
    static constexpr MethodInfo info{60, 40, "basic.publish", SentBy::Client, HasContent};

    quint16 reserved1 = 0;
    ShortString exchange;
    ShortString routingKey;
    bool mandatory = false;
    bool immediate = false;
    QTAMQP_FIELDS(reserved1, exchange, routingKey, mandatory, immediate)
};

struct BasicReturn
{
    static constexpr MethodInfo info{60, 50, "basic.return", SentBy::Server, HasContent};

    quint16 replyCode = 0;
    ShortString replyText;
    ShortString exchange;
    ShortString routingKey;
    QTAMQP_FIELDS(replyCode, replyText, exchange, routingKey)
};

struct BasicDeliver
{
    static constexpr MethodInfo info{60, 60, "basic.deliver", SentBy::Server, HasContent};

    ShortString consumerTag;
    quint64 deliveryTag = 0;
    bool redelivered = false;
    ShortString exchange;
    ShortString routingKey;
    QTAMQP_FIELDS(consumerTag, deliveryTag, redelivered, exchange, routingKey)
};

struct BasicGet
{
    static constexpr MethodInfo info{60, 70, "basic.get", SentBy::Client};
    using Replies = TypeList<struct BasicGetOk, struct BasicGetEmpty>;

    quint16 reserved1 = 0;
    ShortString queue = {};
    bool noAck = false;
    QTAMQP_FIELDS(reserved1, queue, noAck)
};

struct BasicGetOk
{
    static constexpr MethodInfo info{60, 71, "basic.get-ok", SentBy::Server, HasContent};

    quint64 deliveryTag = 0;
    bool redelivered = false;
    ShortString exchange;
    ShortString routingKey;
    quint32 messageCount = 0;
    QTAMQP_FIELDS(deliveryTag, redelivered, exchange, routingKey, messageCount)
};

struct BasicGetEmpty
{
    static constexpr MethodInfo info{60, 72, "basic.get-empty", SentBy::Server};

    ShortString reserved1;
    QTAMQP_FIELDS(reserved1)
};

struct BasicAck
{
    static constexpr MethodInfo info{60, 80, "basic.ack", SentBy::Both};

    quint64 deliveryTag = 0;
    bool multiple = false;
    QTAMQP_FIELDS(deliveryTag, multiple)
};

struct BasicReject
{
    static constexpr MethodInfo info{60, 90, "basic.reject", SentBy::Client};

    quint64 deliveryTag = 0;
    bool requeue = false;
    QTAMQP_FIELDS(deliveryTag, requeue)
};

struct BasicRecoverAsync
{
    static constexpr MethodInfo info{60, 100, "basic.recover-async", SentBy::Client};

    bool requeue = false;
    QTAMQP_FIELDS(requeue)
};

struct BasicRecover
{
    static constexpr MethodInfo info{60, 110, "basic.recover", SentBy::Client};
    using Replies = TypeList<struct BasicRecoverOk>; // missing in the official XML

    bool requeue = false;
    QTAMQP_FIELDS(requeue)
};

struct BasicRecoverOk : NoFields
{
    static constexpr MethodInfo info{60, 111, "basic.recover-ok", SentBy::Server};
};

struct BasicNack
{
    static constexpr MethodInfo info{60, 120, "basic.nack", SentBy::Both};

    quint64 deliveryTag = 0;
    bool multiple = false;
    bool requeue = false;
    QTAMQP_FIELDS(deliveryTag, multiple, requeue)
};

struct ConfirmSelect
{
    static constexpr MethodInfo info{85, 10, "confirm.select", SentBy::Client};
    using Replies = TypeList<struct ConfirmSelectOk>;

    bool nowait = false; // spelled like this in the specification
    QTAMQP_FIELDS(nowait)
};

struct ConfirmSelectOk : NoFields
{
    static constexpr MethodInfo info{85, 11, "confirm.select-ok", SentBy::Server};
};

struct TxSelect : NoFields
{
    static constexpr MethodInfo info{90, 10, "tx.select", SentBy::Client};
    using Replies = TypeList<struct TxSelectOk>;
};

struct TxSelectOk : NoFields
{
    static constexpr MethodInfo info{90, 11, "tx.select-ok", SentBy::Server};
};

struct TxCommit : NoFields
{
    static constexpr MethodInfo info{90, 20, "tx.commit", SentBy::Client};
    using Replies = TypeList<struct TxCommitOk>;
};

struct TxCommitOk : NoFields
{
    static constexpr MethodInfo info{90, 21, "tx.commit-ok", SentBy::Server};
};

struct TxRollback : NoFields
{
    static constexpr MethodInfo info{90, 30, "tx.rollback", SentBy::Client};
    using Replies = TypeList<struct TxRollbackOk>;
};

struct TxRollbackOk : NoFields
{
    static constexpr MethodInfo info{90, 31, "tx.rollback-ok", SentBy::Server};
};

using AllMethods =
        TypeList<ConnectionStart, ConnectionStartOk, ConnectionSecure, ConnectionSecureOk,
                 ConnectionTune, ConnectionTuneOk, ConnectionOpen, ConnectionOpenOk,
                 ConnectionClose, ConnectionCloseOk, ConnectionBlocked, ConnectionUnblocked,
                 ConnectionUpdateSecret, ConnectionUpdateSecretOk, ChannelOpen, ChannelOpenOk,
                 ChannelFlow, ChannelFlowOk, ChannelClose, ChannelCloseOk, ExchangeDeclare,
                 ExchangeDeclareOk, ExchangeDelete, ExchangeDeleteOk, ExchangeBind, ExchangeBindOk,
                 ExchangeUnbind, ExchangeUnbindOk, QueueDeclare, QueueDeclareOk, QueueBind,
                 QueueBindOk, QueuePurge, QueuePurgeOk, QueueDelete, QueueDeleteOk, QueueUnbind,
                 QueueUnbindOk, BasicQos, BasicQosOk, BasicConsume, BasicConsumeOk, BasicCancel,
                 BasicCancelOk, BasicPublish, BasicReturn, BasicDeliver, BasicGet, BasicGetOk,
                 BasicGetEmpty, BasicAck, BasicReject, BasicRecoverAsync, BasicRecover,
                 BasicRecoverOk, BasicNack, ConfirmSelect, ConfirmSelectOk, TxSelect, TxSelectOk,
                 TxCommit, TxCommitOk, TxRollback, TxRollbackOk>;

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
