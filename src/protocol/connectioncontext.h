#ifndef QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H
#define QTAMQP_PROTOCOL_CONNECTIONCONTEXT_H

// What the channels of a connection share.

#include "codec/buffers.h"
#include "codec/timepoint.h"
#include "protocol/events.h"
#include "protocol/log.h"

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

struct ConnectionContext
{
    Output output;
    std::deque<Event> events;
    QString endpoint;
    quint32 frameMax = 0;
    quint32 headerMax = 0; // of what arrives
    quint64 maxMessageSize = 0;
    bool open = false;
    bool closing = false; // nothing may follow connection.close
    qint64 waitingBytes = 0; // kept in all channels, not written yet
    qint64 answerBytes = 0; // what the peer made us say, and has not taken
    FrameError error; // what the peer did wrong, which ends the connection
    bool contentBegan =
            false; // since nextTimeout() was asked: some channel may be in the middle of one

    std::shared_ptr<Log> log;

    RequestId lastRequest = 0;
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
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
