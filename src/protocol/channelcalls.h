// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CHANNELCALLS_H
#define QTAMQP_PROTOCOL_CHANNELCALLS_H

// The calls of the application on a channel, encoded: a request, which has an answer, a publish, or an
// acknowledgement.

#include "codec/methods.h"
#include "codec/timepoint.h"
#include "protocol/bodysource.h"
#include "protocol/events.h"
#include "values/qamqpmessage_p.h"

#include <array>
#include <optional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using ReplyIds = std::array<quint32, 2>;

template<typename... Replies>
constexpr ReplyIds replyIds(TypeList<Replies...>)
{
    static_assert(sizeof...(Replies) > 0 && sizeof...(Replies) <= 2);
    return {Replies::info.id()...};
}

// The replies to a method that declares something.
constexpr ReplyIds repliesTo(quint32 method)
{
    switch (method) {
    case ExchangeDeclare::info.id(): return replyIds(ExchangeDeclare::Replies());
    case ExchangeBind::info.id(): return replyIds(ExchangeBind::Replies());
    case QueueDeclare::info.id(): return replyIds(QueueDeclare::Replies());
    case QueueBind::info.id(): return replyIds(QueueBind::Replies());
    default: return {};
    }
}

// The name of a queue, shared by all who use the queue: the broker may still be making it up.
struct QueueName : QSharedData
{
    explicit QueueName(QByteArray known = {}) : name(std::move(known)) { }
    bool isMissing() const { return name.isEmpty() && !isComing; } // no queue was declared

    QByteArray name;
    bool isComing = false; // the answer to queue.declare will bring it
};
using QueueNamePointer = QExplicitlySharedDataPointer<QueueName>;

struct Request
{
    RequestId id = 0;
    quint32 method = 0; // 0 if there is no request
    ReplyIds replies = {};
    std::optional<TimePoint> oldestSince = {}; // its timeout runs since it became the oldest
    QByteArray consumerTag = {};
    QueueNamePointer declared = {}; // by queue.declare
    bool noAck = false;
    bool noWait = false; // it has no reply; it was accepted if a later request is answered
    quint8 internalErrors = 0; // of the broker, while it was the oldest one
    bool over = false; // timed out: nobody waits for its end any more, but its reply is still due
    // Who made it: what the library made for one link is not asked again on the next one.
    enum class Origin : quint8 { Application, Library, SetUp } origin = Origin::Application;
    QByteArray sent = {}; // the encoded method, if it is recorded or may be asked again
    std::optional<quint16> prefetch = {}; // that comes with basic.consume

    bool isAwaited() const { return method && !over && !noWait; }
    // The replies of these two may come before those of earlier requests.
    bool overtakes() const
    {
        return method == BasicConsume::info.id() || method == BasicCancel::info.id();
    }
};

// Whether the method may be carried out twice, so that it is asked again when the link was lost before its answer.
constexpr bool isRepeatable(quint32 method)
{
    switch (method) {
    case ExchangeDeclare::info.id():
    case ExchangeBind::info.id():
    case ExchangeUnbind::info.id():
    case QueueDeclare::info.id():
    case QueueBind::info.id():
    case QueueUnbind::info.id():
    case BasicQos::info.id():
    case BasicConsume::info.id():
    case ConfirmSelect::info.id():
    case TxSelect::info.id(): return true;
    default: return false;
    }
}
// Whether its answer changes what is recorded of the topology.
constexpr bool isRecorded(quint32 method)
{
    return method == ExchangeDelete::info.id() || method == QueueDelete::info.id()
            || (isRepeatable(method) && method != BasicConsume::info.id());
}

// How many bytes a message takes in memory while it waits.
inline qsizetype storedSizeOf(const QAmqpMessage &message)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    return d.body.size() + d.properties.size();
}

struct WireCall
{
    QByteArray method; // encoded, without its frame
    QueueNamePointer queue = {}; // the queue whose name is inserted as soon as it is known
    QueueNamePointer inserted = {}; // the queue whose name was
    qsizetype insertedSize = 0;
    qsizetype nameAt = 0; // where the empty name is to be replaced
    qsizetype routingKeyAt = 0; // where an empty routing key is to be replaced too, or 0
    Request request = {}; // without a method for a publish or an acknowledgement
    bool hasContent = false;
    bool confirming = false; // a publish that the broker confirms
    std::optional<quint16> prefetch = {}; // must be in force before this basic.consume is sent
    QAmqpMessage message = {};
    StreamedBody body = {}; // sent part by part, behind the message, which has none of its own then

    qsizetype storedSize() const { return method.size() + storedSizeOf(message); }
    bool waitsForName() const { return queue && queue->isComing; }
    // By how much the name can make the method longer.
    qsizetype growth() const
    {
        return queue ? (routingKeyAt ? 2 : 1) * qsizetype(MaxShortString) : 0;
    }
    void insertName()
    {
        if (!queue)
            return;
        const QByteArray name = char(queue->name.size()) + queue->name;
        if (routingKeyAt)
            method.replace(routingKeyAt, 1, name);
        method.replace(nameAt, 1, name);
        inserted = std::move(queue);
        insertedSize = name.size();
    }
    // Of a publish that was not sent after all: the queue may have another name when it is.
    void takeNameBack()
    {
        if (inserted)
            method.replace(nameAt, insertedSize, QByteArray(1, '\0'));
        queue = std::move(inserted);
    }
};

template<typename Method>
WireCall callOf(const Method &method)
{
    QByteArray bytes(encodedSize(method), Qt::Uninitialized);
    Writer writer(bytes.data());
    encode(method, writer);
    return {.method = std::move(bytes)};
}

// The call of a method about `queue`, whose name follows the method's numbers and reserved-1. With `mayBeKey`
// the name is also used for an empty routing key.
template<typename Method>
WireCall callOf(Method method, const QueueNamePointer &queue, bool mayBeKey)
{
    constexpr qsizetype nameAt = 6;
    qsizetype routingKeyAt = 0;
    if constexpr (requires { method.routingKey; }) {
        if (mayBeKey && method.routingKey.isEmpty())
            routingKeyAt = nameAt + 2 + method.exchange.size();
    }
    const bool isLate =
            queue->isComing || routingKeyAt > 0; // the name may change before it is sent
    method.queue = isLate ? QByteArrayView() : QByteArrayView(queue->name);
    WireCall call = callOf(method);
    if (isLate) {
        call.queue = queue;
        call.nameAt = nameAt;
        call.routingKeyAt = routingKeyAt;
    }
    return call;
}

template<typename Method>
Request requestOf(const Method &method, RequestId id)
{
    Request request{
            .id = id, .method = Method::info.id(), .replies = replyIds(typename Method::Replies())};
    if constexpr (requires { method.consumerTag; })
        request.consumerTag = method.consumerTag.toByteArray();
    if constexpr (requires { method.noAck; })
        request.noAck = method.noAck;
    return request;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
