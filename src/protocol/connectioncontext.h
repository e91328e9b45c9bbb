// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H
#define QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H

// What a connection shares with its channels: for the whole session, and for one link.

#include "codec/buffers.h"
#include "codec/timepoint.h"
#include "protocol/eventqueue.h"
#include "protocol/log.h"
#include "protocol/topology.h"
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

class Replay;

// What lives as long as the session, whatever becomes of its links.
struct ConnectionContext
{
    EventQueue events;
    QString endpoint; // of the present attempt, or of the last one
    quint64 maxMessageSize = 0;
    qint64 waitingBytes = 0; // the size of all calls that wait in the channels
    std::shared_ptr<Log> log;
    RequestId lastRequest = 0;
    QAmqpMessage spareMessage; // whose memory the next message takes, if nobody else holds it
    quint32 lastGeneration = 0; // of a ChannelLink
    std::set<quint16> timed; // channels that may have a deadline
    // The answers that come as messages, see ChannelCore::await(), and how each wait ends if none comes.
    std::map<Deadline, Replied> awaited;
    TimePoint turnTime = {}; // of the present turn
    bool isRecovering = false; // from the loss of a link until everything works again
    Topology topology;
    const Replay *replay = nullptr; // once a link was open
    // A step of the recovery was not answered in time, so that the link is of no use: why.
    QAmqpError abandon = {};
    bool isReading = true; // an answer that is not read is not missing
    bool hasRecoveryLeft = false; // something of it is to be done when the next frame comes
    // Until then what the broker does to consumers may still be a consequence of the loss.
    std::optional<TimePoint> graceUntil = {};

    std::optional<TimePoint> firstDeadline() const
    {
        if (awaited.empty() || awaited.begin()->first.first == TimePoint::max())
            return std::nullopt;
        return awaited.begin()->first.first;
    }
    void expire(TimePoint now)
    {
        while (!awaited.empty() && awaited.begin()->first.first <= now)
            events.append(std::move(awaited.extract(awaited.begin()).mapped()));
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
    quint32 headerMax = 0; // of content headers that arrive
    ConnectionState state = ConnectionState::Idle; // changed by Link alone
    qint64 answerBytes = 0; // of answers that the peer made us send and the socket has not taken
    FrameError error = {}; // what the peer did wrong, which ends the connection

    // Nothing may follow connection.close.
    bool mayWrite() const { return state < ConnectionState::Closing; }
    bool contentBegan = false; // some channel may be in the middle of a message
    // The channels that send a body from a source: those whose turn comes next, and those that have to wait, at
    // most until the next turn.
    std::deque<quint16> bodies = {};
    std::deque<quint16> waitingBodies = {};
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
