// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CHANNELCORE_H
#define QTAMQP_PROTOCOL_CHANNELCORE_H

// One channel: what the application asked for and in which order, who consumes, and what became of each
// publish and each delivery. What belongs to one link alone is in ChannelLink.
//
// Order on the wire is the order of the calls. A call is written at once unless something before it
// has to wait; then it queues behind. What makes a call wait (all seen on RabbitMQ 3.10.8):
//  - the channel is not open yet;
//  - a request, while basic.consume or basic.cancel is unanswered: their replies overtake others,
//    and a cancel before its consume-ok crashes the channel;
//  - anything, while tx.commit is unanswered: the broker closes the connection (504) otherwise;
//  - anything that needs the name of a queue the broker is still making up;
//  - a publish, while the broker has stopped the flow.
// It knows no object, no clock and no socket: time and bytes pass through ConnectionCore.

#include "protocol/channellink.h"
#include "protocol/deliveryledger.h"
#include "protocol/publishledger.h"
#include "protocol/waitingcalls.h"

#include <QtCore/qcache.h>
#include <QtCore/qhash.h>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

class ChannelCore
{
public:
    ChannelCore(ConnectionContext &context, quint16 number, quint64 nextPublishTag);
    ~ChannelCore();

    quint16 number() const { return m_number; }
    ChannelState state() const
    {
        if (m_link)
            return m_link->state();
        return m_ended ? ChannelState::Closed : ChannelState::Opening;
    }
    bool isUsable() const { return m_link && m_link->isUsable(); }
    bool isEnded() const { return m_ended; } // for the application, which hears of it or has heard
    bool isIdle() const; // nothing is awaited, a request that was given up least of all
    quint64 nextPublishTag() const { return m_nextTag; }
    quint64 unconfirmed() const { return m_publishes.unconfirmed(); }
    bool isConfirming() const { return m_confirming; }
    bool isTransactional() const { return m_transactional; }
    bool isReceiving() const { return m_link && m_link->isReceiving(); }
    bool isClosing() const
    {
        return m_closeWanted || state() == ChannelState::Closing
                || state() == ChannelState::Lingering;
    }
    // Nobody will hear of it again, and the broker knows.
    bool isOver() const { return m_forgotten && state() == ChannelState::Closed; }
    // The basic.consume that made it, 0 if there is none of that tag.
    RequestId consumerId(const QByteArray &consumerTag) const
    {
        const auto consumer = m_consumers.find(consumerTag);
        return consumer == m_consumers.end() ? 0 : consumer->second.id;
    }

    // command; call these while it is not closing or over
    void open(LinkContext &link);
    void close();
    bool isReadyToClose() const { return state() == ChannelState::Drained; }
    void finishClose(); // then, or after the event
    // The queue that was declared last: the one that a method means which names none.
    const QueueNamePointer &lastDeclared() const { return m_lastDeclared; }
    // A method about a queue may leave its name to `queue`.
    template<typename Method>
    RequestId request(const Method &method, const QueueNamePointer &queue = {})
    {
        asked(method, queue);
        WireCall call = callAbout(method, queue);
        call.request = requestOf(method, ++m_context.lastRequest);
        if constexpr (std::is_same_v<Method, QueueDeclare>)
            call.request.declared = m_lastDeclared;
        sendOrQueue(std::move(call));
        return m_context.lastRequest;
    }
    // What has no-wait set: the broker answers nothing, and closes the channel if it refuses.
    template<typename Method>
    void requestNoWait(const Method &method, const QueueNamePointer &queue = {})
    {
        asked(method, queue);
        WireCall call = callAbout(method, queue);
        call.request = {.method = Method::info.id(), .noWait = true};
        sendOrQueue(std::move(call));
    }
    // The prefetch of consumers that are made later and have none of their own, or that of all together.
    RequestId setPrefetch(quint16 messages, bool ofChannel);
    std::optional<quint16> prefetch() const { return m_prefetch; } // that was set last
    // Whether the kind of the queue and the prefetch of the channel can be together.
    bool mayConsume(const QByteArray &queue) const;
    RequestId consume(const BasicConsume &method, const QueueNamePointer &queue = {},
                      std::optional<quint16> prefetch = {});
    // What it has not shown goes back to the queue, and is counted in the answer.
    RequestId cancel(const QByteArray &consumerTag);
    // With `queue` its name is the routing key, and the exchange the default one.
    quint64 publish(const BasicPublish &method, const QAmqpMessage &message,
                    const QueueNamePointer &queue = {});
    // A request that ends with the outcome of the publish that was just made, or of all so far; then 0 if
    // the application knows all, or is about to hear that the channel ended. What that left open has failed
    // with the error unreportedFailure() until it is told.
    RequestId awaitConfirm();
    RequestId awaitAllConfirms();
    const QAmqpError &unreportedFailure() const { return m_publishes.unreportedFailure(); }
    void reported(const Settled &settled) { m_publishes.reported(settled); }
    // An answer that is not the broker's: ends with the error `late`, or that of the channel, unless
    // it is forgotten before.
    Deadline await(TimePoint until, const QAmqpError &late);
    void forget(const Deadline &answer) { m_context.awaited.erase(answer); }
    // Settles a delivery, or with `multiple` all that were shown before too; without one, all that were.
    Settling settle(const DeliveryMarkPointer &delivery, Settlement how, bool multiple);
    // The application is about to see this one; false if it has as many as the prefetch allows.
    bool show(quint64 deliveryTag) { return m_deliveries.show(deliveryTag); }
    void giveBack(quint64 deliveryTag); // what was got, and nobody waits for any more
    bool sendsAtOnce() const { return isFree() && m_link->takesContent(); }
    void selectConfirms();
    RequestId selectTransactions();
    static bool fitsFrame(const QAmqpMessage &message, quint32 frameMax);
    // What was asked for before the size of frames was negotiated.
    bool waitingFitsFrames(quint32 frameMax) const;

    // happened
    void receive(const Frame &frame) { m_link->receive(frame); }
    void timeout(TimePoint now, std::chrono::milliseconds requestTimeout, bool blocked);
    std::optional<TimePoint> nextTimeout(TimePoint now, std::chrono::milliseconds requestTimeout);
    // When the next frame of a message under way is late; that of a get has the request's time first.
    std::optional<TimePoint> contentDeadline(TimePoint now, std::chrono::milliseconds patience)
    {
        return m_link->contentDeadline(now, patience);
    }
    void contentCame(TimePoint at) { m_link->contentCame(at); } // a part of a frame of it
    // What was sent and not answered ends; what waits has not been sent, and stays. The first request that
    // is of the guilty method takes the blame.
    void linkLost(const QAmqpError &cause, quint32 &guiltyMethod);
    void end(const QAmqpError &error);
    void forget() { m_forgotten = true; }

    // From its link
    void opened();
    void pump(); // what waits may be sent by now
    void answered(const Request &request, Replied replied);
    void cancelled(const QByteArray &consumerTag);
    void contentCame(Assembler &content, const Request &get);
    void consumeSent(const QByteArray &consumerTag);
    void prefetchSent(quint16 messages, bool ofChannel);
    void publishesSettled(quint64 sequence, bool multiple, Outcome outcome);
    void finish(const QAmqpError &error, quint32 guiltyMethod);

private:
    struct Consumer
    {
        RequestId id = 0; // of its basic.consume
        quint32 ledgerId = 0;
        bool noAck = false;
        bool cancelling = false;
        quint32 requeued = 0;
    };

    // What a request means here, before it is answered.
    template<typename Method>
    void asked(const Method &method, const QueueNamePointer &queue)
    {
        if constexpr (std::is_same_v<Method, BasicRecover>)
            m_deliveries.recover();
        else if constexpr (std::is_same_v<Method, TxSelect>)
            m_deliveries.selectTransactions();
        else if constexpr (std::is_same_v<Method, TxCommit> || std::is_same_v<Method, TxRollback>)
            m_deliveries.endTransaction();
        else if constexpr (std::is_same_v<Method, QueueDeclare>)
            queueDeclared(method);
        else if constexpr (std::is_same_v<Method, QueueDelete>)
            m_queues.remove(queueOf(method, queue)->name);
    }
    template<typename Method>
    void sendOrQueue(const Method &method)
    {
        m_context.log->used(m_number);
        if (isFree())
            return m_link->send(method);
        sendOrQueue(callOf(method));
    }
    void sendOrQueue(WireCall call);
    // The queue that a method is about: `queue`, or else the one that it names. An empty name means the queue
    // that was declared last, here as in the broker.
    template<typename Method>
    QueueNamePointer queueOf(const Method &method, const QueueNamePointer &queue) const
    {
        if (queue)
            return queue;
        return method.queue.isEmpty() ? m_lastDeclared
                                      : QueueNamePointer(new QueueName(method.queue.toByteArray()));
    }
    template<typename Method>
    WireCall callAbout(const Method &method, const QueueNamePointer &queue) const
    {
        if constexpr (requires { method.queue; } && !std::is_same_v<Method, QueueDeclare>) {
            // Without a name of the queue an empty routing key means that name too.
            return callOf(method, queueOf(method, queue), !queue && method.queue.isEmpty());
        } else {
            return callOf(method);
        }
    }
    // What the peer makes us say.
    template<typename Method>
    void answer(const Method &method)
    {
        sendOrQueue(m_link->counted(method));
    }
    bool isFree() const { return m_waiting.isEmpty() && m_link && m_link->takesAcknowledgements(); }
    void send(WireCall call);
    void closeIfIdle();
    // Writes settlements; those that the peer makes us send are counted.
    auto sender(bool ofPeer = false)
    {
        return [this, ofPeer](quint64 tag, bool multiple, Settlement how) {
            sendSettlement(tag, multiple, how, ofPeer);
        };
    }
    void sendSettlement(quint64 deliveryTag, bool multiple, Settlement how, bool ofPeer);
    void showMore();
    void queueDeclared(const QueueDeclare &method);
    QueueKind kindOf(const BasicConsume &method, const QueueName &queue,
                     std::optional<quint16> prefetch) const;
    Consumer *consumerOf(const EnvelopePointer &envelope);
    Consumer takeConsumer(const QByteArray &consumerTag);
    void deliver(Delivered delivered, const QString &excess);
    void deliverToNobody(const Delivered &delivered, Consumer *cancelling);
    void discard(Delivered delivered, const Consumer &consumer, const QString &excess);
    void endGet(Delivered content, const Request &get, quint32 remaining, const QString &excess);
    bool heedsPrefetch(const Consumer &consumer, const Delivered &delivered);
    Request *oldestRequest();
    bool isCloseHeldUp();
    void requestTimedOut(Request &request, std::chrono::milliseconds requestTimeout, bool blocked);
    void closeTimedOut(std::chrono::milliseconds requestTimeout, bool blocked);
    void endRequest(const Request &request, const QAmqpError &cause, bool wasSent, bool isGuilty);
    bool endSentRequests(const QAmqpError &cause, quint32 &guiltyMethod);
    bool endAwaited(const QAmqpError &cause);
    void giveUp(const QAmqpError &error, quint32 guiltyMethod, ReplyCode code = ReplyCode::Success);

    ConnectionContext &m_context;
    const quint16 m_number;
    std::optional<ChannelLink> m_link; // none before the connection is open
    WaitingCalls m_waiting;
    bool m_confirming = false;
    bool m_transactional = false;
    bool m_closeWanted = false; // by the application, whatever becomes of the link
    std::optional<TimePoint> m_closeHeldUp; // since when only publishes keep it from closing
    bool m_ended = false; // ChannelClosed was pushed
    bool m_forgotten = false; // and taken
    quint64 m_nextTag;
    PublishLedger m_publishes;
    QueueNamePointer m_lastDeclared{new QueueName};
    std::map<QByteArray, Consumer> m_consumers; // by tag
    EnvelopePointer m_lastEnvelope; // of a delivery, and whose it was
    Consumer *m_lastConsumer = nullptr;
    DeliveryLedger m_deliveries;
    std::optional<quint16> m_prefetch; // as the application set it
    quint16 m_channelPrefetch = 0; // for all consumers together, 0: none
    QCache<QByteArray, QueueKind> m_queues{1000}; // that were declared here, as far as that tells
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
