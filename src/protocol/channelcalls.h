// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CHANNELCALLS_H
#define QTAMQP_PROTOCOL_CHANNELCALLS_H

// What the application asks of a channel, encoded: a request, which has an answer, a publish, an
// acknowledgement.

#include "codec/methods.h"
#include "codec/timepoint.h"
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

struct Request
{
    RequestId id = 0;
    quint32 method = 0; // 0: none
    ReplyIds replies = {};
    std::optional<TimePoint> oldestSince = {};
    QByteArray consumerTag = {};
    bool noAck = false;
    bool noWait = false; // has no reply: the next one of another shows that it was accepted
    bool over = false; // timed out: nobody waits for its end any more, its reply is still due

    bool isAwaited() const { return method && !over && !noWait; }
    // The replies of these two come before those of what was asked before them.
    bool overtakes() const
    {
        return method == BasicConsume::info.id() || method == BasicCancel::info.id();
    }
};

// What a message keeps in memory while it waits.
inline qsizetype storedSizeOf(const QAmqpMessage &message)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    return d.body.size() + d.properties.size();
}

struct WireCall
{
    QByteArray method; // encoded, without its frame
    qsizetype nameAt = 0; // where an empty name stands until the broker has told it
    RequestId nameFrom = 0;
    Request request = {}; // none: a publish or an acknowledgement
    bool hasContent = false;
    bool confirming = false; // a publish that the broker answers for
    std::optional<quint16> prefetch = {}; // that must be in force when a consumer is asked for
    QAmqpMessage message = {};

    qsizetype storedSize() const { return method.size() + storedSizeOf(message); }
    void setName(const QByteArray &name)
    {
        method.replace(nameAt, 1, char(name.size()) + name);
        nameFrom = 0;
    }
};

// The call of a method whose queue may be named by the answer to `nameFrom`.
template<typename Method>
WireCall callOf(const Method &method, RequestId nameFrom = 0)
{
    // Behind the method's numbers and reserved-1; in basic.publish behind the empty exchange too.
    constexpr qsizetype nameAt = std::is_same_v<Method, BasicPublish> ? 7 : 6;
    QByteArray bytes(encodedSize(method), Qt::Uninitialized);
    Writer writer(bytes.data());
    encode(method, writer);
    return {.method = std::move(bytes), .nameAt = nameAt, .nameFrom = nameFrom};
}

// The call of a method that has an answer.
template<typename Method>
WireCall requestOf(const Method &method, RequestId id, RequestId nameFrom = 0)
{
    WireCall call = callOf(method, nameFrom);
    call.request = {
            .id = id, .method = Method::info.id(), .replies = replyIds(typename Method::Replies())};
    if constexpr (requires { method.consumerTag; })
        call.request.consumerTag = method.consumerTag.toByteArray();
    if constexpr (requires { method.noAck; })
        call.request.noAck = method.noAck;
    return call;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
