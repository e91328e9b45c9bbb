// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H
#define QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H

// What the channels of a connection share: that of the session, and that of one link.

#include "codec/buffers.h"
#include "codec/timepoint.h"
#include "protocol/events.h"
#include "protocol/log.h"
#include "protocol/transitions.h"
#include "values/errorkinds.h"

#include <deque>
#include <map>
#include <optional>
#include <set>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

template<typename Method>
void sendMethod(Output &output, quint16 channel, const Method &method)
{
    const qsizetype size = encodedSize(method);
    Writer writer(output.reserve(size + FrameOverhead));
    encodeMethodFrame(writer, channel, method, size);
}

using Deadline = std::pair<TimePoint, RequestId>;

// What lives as long as the session, whatever becomes of its links.
struct ConnectionContext
{
    std::deque<Event> events;
    QString endpoint; // of the attempt that is made, or was the last
    quint64 maxMessageSize = 0;
    qint64 waitingBytes = 0; // kept in all channels, not written yet
    std::shared_ptr<Log> log;
    RequestId lastRequest = 0;
    quint32 lastGeneration = 0; // of a channel on a link
    std::set<quint16> timed; // channels that may wait for an answer, whose time runs
    // Answers that come as messages, if at all, and how each ends when its time is over.
    std::map<Deadline, Replied> awaited;

    std::optional<TimePoint> firstDeadline() const
    {
        if (awaited.empty() || awaited.begin()->first.first == TimePoint::max())
            return std::nullopt;
        return awaited.begin()->first.first;
    }
    void expire(TimePoint now)
    {
        while (!awaited.empty() && awaited.begin()->first.first <= now)
            events.push_back(std::move(awaited.extract(awaited.begin()).mapped()));
    }
    // An error of the connection; `format` begins with %1, the endpoint.
    template<typename... Args>
    QAmqpError error(QAmqpError::Kind kind, QAmqpError::Origin origin, QStringView format,
                     const Args &...args) const
    {
        return QAmqpError(kind, QAmqpError::Scope::Connection, origin,
                          formatted(format, endpoint, args...));
    }
};

// What the channels need of the link they are open on.
struct LinkContext
{
    ConnectionContext &session;
    Output output = {};
    quint32 frameMax = 0;
    quint32 headerMax = 0; // of what arrives
    ConnectionState state = ConnectionState::Idle; // changed by Link alone
    qint64 answerBytes = 0; // what the peer made us say, and has not taken
    FrameError error = {}; // what the peer did wrong, which ends the connection

    // Nothing may follow connection.close.
    bool mayWrite() const { return state < ConnectionState::Closing; }
    // Since nextTimeout() was asked: some channel may be in the middle of a message.
    bool contentBegan = false;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
