// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_PUBLISHLEDGER_H
#define QTAMQP_PROTOCOL_PUBLISHLEDGER_H

// What becomes of each publish of a channel that the broker answers for, and who waits to hear of it
// (https://www.rabbitmq.com/confirms.html). Nobody else keeps account of publishes: what is settled goes out
// as events, and so does the end of a request that waits for an outcome.
//
// Publishes have the tags of the application, which ascend for as long as the channel object lives. The
// broker counts those that were sent, from 1 on. Its answers come unordered and may be "multiple"; every tag
// is settled exactly once. A publish that still waits in the channel has its place here, but no answer
// can mean it.

#include "protocol/channelcalls.h"

#include <deque>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class PublishLedger
{
public:
    PublishLedger(std::deque<Event> &events, quint16 channel) : m_events(events), m_channel(channel)
    {
    }

    // A publish, in the order of the calls.
    void published(quint64 tag)
    {
        m_entries.push_back({tag, true});
        ++m_unconfirmed;
        ++m_unreported;
    }
    // The newest one is mandatory: this is how it is known when it comes back. Its routing key may be a name
    // that the broker is still making up.
    void mayReturn(QByteArrayView exchange, const QueueNamePointer &routingKey,
                   const QByteArray &messageId);
    // The oldest publish that was not sent yet is on its way.
    void sent() { ++m_sent; }

    // The request ends with the outcome of the newest publish, which was not settled yet.
    void await(RequestId request);
    // It ends with that of all so far: well, or with the first error. False if the application knows all.
    bool awaitAll(RequestId request);

    // The first error among what was settled and the application does not know yet.
    const QAmqpError &unreportedFailure() const { return m_unreportedFailure; }

    quint64 unconfirmed() const { return m_unconfirmed; }

    // The broker answered. False if it means something that was never sent.
    bool settle(quint64 sequence, bool multiple, Outcome outcome);
    // One came back: its tag, 0 if it is none of those that are open. RabbitMQ returns before it confirms.
    quint64 returned(const Envelope &envelope, const QAmqpMessage &message, quint16 replyCode,
                     const QString &reason);
    // No answer comes any more for what was sent; the broker of the next link counts from 1 again. Returns
    // whether that ended a request.
    bool linkLost(const QAmqpError &cause);
    // Nor for what was not sent.
    bool end(const QAmqpError &cause);
    // The application hears of what was settled.
    void reported(const Settled &settled);

private:
    struct Entry
    {
        quint64 tag;
        bool open;
    };
    // One about which more is to be known than whether it is open.
    struct Watched
    {
        quint64 tag = 0;
        RequestId request = 0; // that waits for it
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
        quint64 remaining; // up to lastTag
        QAmqpError failure;
    };

    Watched &watchNewest();
    bool close(quint64 sequence);
    void settleRun(quint64 firstTag, quint64 lastTag, Outcome outcome, const QAmqpError &error);
    void endRequests(quint64 firstTag, quint64 lastTag, const QAmqpError &error);
    void endRequest(RequestId request, const QAmqpError &error);
    template<typename Settle>
    void closeUpTo(quint64 from, quint64 sequence, Settle settle);

    std::deque<Event> &m_events;
    const quint16 m_channel;
    std::deque<Entry> m_entries; // by tag; the first has the sequence number m_settled + 1
    std::deque<Watched> m_watched; // by tag, the open ones among them
    std::deque<AwaitedAll> m_awaitedAll;
    quint64 m_sent = 0;
    quint64 m_settled = 0; // everything up to here is answered
    quint64 m_unconfirmed = 0;
    quint64 m_unreported = 0; // whose outcome the application does not know
    quint64 m_unreportedFailures = 0; // those among them that failed
    QAmqpError m_unreportedFailure;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
