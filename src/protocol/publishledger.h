// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_PUBLISHLEDGER_H
#define QTAMQP_PROTOCOL_PUBLISHLEDGER_H

// The outcome of each publish on a channel with confirms, and the requests that wait for one
// (https://www.rabbitmq.com/confirms.html). Nobody else keeps account of publishes: outcomes, and the ends of
// requests that wait for them, go out as events.
//
// The application knows publishes by tags, which ascend as long as the channel object lives. The broker
// numbers those that were sent, from 1 on. Its answers come unordered and may be "multiple"; every tag is
// settled exactly once. A publish that still waits in the channel has its place here, but no answer of the
// broker can refer to it.

#include "protocol/channelcalls.h"
#include "protocol/eventqueue.h"

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class PublishLedger
{
public:
    PublishLedger(EventQueue &events, quint16 channel) : m_events(events), m_channel(channel) { }

    // The application published; called in the order of the calls.
    void published(quint64 tag)
    {
        m_entries.push_back({tag, true});
        ++m_unconfirmed;
        ++m_unreported;
    }
    // The newest publish is mandatory, and is recognized by these if it comes back. Its routing key may be a
    // queue name that the broker is still making up.
    void mayReturn(QByteArrayView exchange, const QueueNamePointer &routingKey,
                   const QByteArray &messageId);
    // The oldest publish that had not been sent is sent.
    void sent() { ++m_sent; }
    // The oldest publish that had not been sent will not be sent any more, or not all of it.
    void notSent(const QAmqpError &error);

    // The request is to end with the outcome of the newest publish, which is still open.
    void await(RequestId request);
    // The request is to end with the outcome of all publishes so far: well, or with the first error. False if
    // all outcomes were reported already.
    bool awaitAll(RequestId request);

    // The first error among the outcomes that are not reported to the application yet.
    const QAmqpError &unreportedFailure() const { return m_unreportedFailure; }

    quint64 unconfirmed() const { return m_unconfirmed; }

    // The broker answered. False if it answered for a publish that was never sent.
    bool settle(quint64 sequence, bool multiple, Outcome outcome);
    // A publish came back. Returns its tag, or 0 if it is none of the open ones; RabbitMQ returns a message
    // before it confirms it.
    quint64 returned(const Envelope &envelope, const QAmqpMessage &message, quint16 replyCode,
                     const QString &reason);
    // No answer comes any more for what was sent; the broker of the next link counts from 1 again. Returns
    // whether that ended a request.
    bool linkLost(const QAmqpError &cause, bool recovers = false);
    // The channel is over: the same, also for publishes that were not sent.
    bool end(const QAmqpError &cause);
    // The application is about to get this event.
    void reported(const Settled &settled);

private:
    struct Entry
    {
        quint64 tag;
        bool open;
    };
    // A publish that may come back, or whose outcome a request waits for.
    struct Watched
    {
        quint64 tag = 0;
        RequestId request = 0; // the request that waits for its outcome
        bool mayReturn = false;
        QByteArray exchange = {};
        QueueNamePointer routingKey = {};
        QByteArray messageId = {};
        QAmqpError returned = {};
    };
    struct AwaitedAll
    {
        RequestId request;
        quint64 lastTag;
        quint64 remaining; // open publishes up to lastTag
        QAmqpError failure;
    };

    Watched &watchNewest();
    bool close(quint64 sequence);
    void settleRun(quint64 firstTag, quint64 lastTag, Outcome outcome, const QAmqpError &error);
    void endRequests(quint64 firstTag, quint64 lastTag, const QAmqpError &error);
    void endRequest(RequestId request, const QAmqpError &error);
    template<typename Settle>
    void closeUpTo(quint64 from, quint64 sequence, Settle settle);

    EventQueue &m_events;
    const quint16 m_channel;
    std::deque<Entry> m_entries; // by tag; the first has the sequence number m_settled + 1
    std::deque<Watched> m_watched; // by tag; all of them are open
    std::deque<AwaitedAll> m_awaitedAll;
    quint64 m_sent = 0;
    quint64 m_settled = 0; // every sequence number up to this one is answered
    quint64 m_unconfirmed = 0;
    quint64 m_unreported = 0; // publishes whose outcome is not reported to the application yet
    quint64 m_unreportedFailures = 0; // how many of them have failed
    QAmqpError m_unreportedFailure;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
