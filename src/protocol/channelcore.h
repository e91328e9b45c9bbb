// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_PROTOCOL_CHANNELCORE_H
#define QTAMQP_PROTOCOL_CHANNELCORE_H

// One channel: the calls of the application and their order, its consumers, and what became of each publish
// and each delivery. What belongs to one link alone is in ChannelLink.
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

// The library itself, which uses a channel of which the application knows nothing: no events come of it.
class PrivateUser
{
public:
    virtual void answered(const Request &request, const Replied &replied) = 0;
    virtual void ended(const QAmqpError &error, quint32 guiltyMethod) = 0;

protected:
    ~PrivateUser() = default;
};

// A queue for which consumers wait, since it is gone or belongs to somebody else.
struct MissingQueue
{
    QByteArray name = {};
    TimePoint from = {}; // it is not looked for before
    bool isPatient = false; // they wait for as long as it takes, and otherwise for a while only
    // What else they wait for: that nobody has it exclusively, or that it has no consumer at all.
    enum class Until : quint8 { IsThere, IsShared, IsFree } until = Until::IsThere;
};

class ChannelCore
{
public:
    ChannelCore(ConnectionContext &context, quint16 number, quint64 nextPublishTag,
                PrivateUser *user = nullptr);
    ~ChannelCore();

    quint16 number() const { return m_number; }
    ChannelState state() const
    {
        if (m_link && (m_ended || m_link->state() != ChannelState::Closed))
            return m_link->state();
        return m_ended ? ChannelState::Closed : ChannelState::Opening;
    }
    // Whether the broker has closed it on the present link.
    bool isClosedOnLink() const { return m_link && m_link->state() == ChannelState::Closed; }
    // Whether it was opened on this link. If not, what it has of an earlier one is void.
    bool isOf(const LinkContext &link) const { return m_link && m_link->isOf(link); }
    // Whether its number is in use on the present link.
    bool isOnLink() const { return m_link && m_link->state() != ChannelState::Closed; }
    // Whether it wants to be opened on the present link.
    bool wantsLink() const { return !m_ended && state() == ChannelState::Opening && !isOnLink(); }
    // Whether its modes and consumers are in force on the present link.
    bool isSetUp() const { return m_ended || (isUsable() && m_settingUp == 0); }

    bool isUsable() const { return m_link && m_link->isUsable(); }
    bool isEnded() const { return m_ended; } // ChannelClosed was pushed, if not taken yet
    bool isIdle() const; // no request or confirm is awaited; requests that timed out do not count
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
    // The application has let go of the channel, and the broker has closed it: its number is free.
    bool isOver() const
    {
        return m_forgotten && state() == ChannelState::Closed
                && !(m_link && m_link->isUnfinished());
    }
    // The id of the basic.consume that made the consumer, or 0 if there is no consumer of that tag.
    RequestId consumerId(const QByteArray &consumerTag) const
    {
        const auto consumer = m_consumers.find(consumerTag);
        return consumer == m_consumers.end() ? 0 : consumer->second.id;
    }

    // command; may be called while the channel is neither closing nor closed
    void open(LinkContext &link);
    void close();
    bool isReadyToClose() const { return state() == ChannelState::Drained; }
    void finishClose(); // when isReadyToClose() is true, or after the event ReadyToClose
    // The queue that was declared last: a method whose queue name is empty means this one.
    const QueueNamePointer &lastDeclared() const { return m_lastDeclared; }
    // If `queue` is given, its name is used instead of the one in the method.
    template<typename Method>
    RequestId request(const Method &method, const QueueNamePointer &queue = {})
    {
        asked(method, queue);
        if constexpr (std::is_same_v<Method, TxCommit> || std::is_same_v<Method, TxRollback>) {
            if (const bool isTorn = std::exchange(m_isTorn, false);
                isTorn && std::is_same_v<Method, TxCommit>)
                return refuseTorn();
        }
        WireCall call = callAbout(method, queue);
        call.request = requestOf(method, ++m_context.lastRequest);
        if constexpr (std::is_same_v<Method, QueueDeclare>)
            call.request.declared = m_lastDeclared;
        sendOrQueue(std::move(call));
        return m_context.lastRequest;
    }
    // A request with no-wait set: the broker does not answer it, and closes the channel if it refuses it.
    template<typename Method>
    void requestNoWait(const Method &method, const QueueNamePointer &queue = {})
    {
        asked(method, queue);
        WireCall call = callAbout(method, queue);
        call.request = {.method = Method::info.id(), .noWait = true};
        sendOrQueue(std::move(call));
    }
    // A request of the library, encoded before.
    RequestId requestEncoded(quint32 method, const QByteArray &encoded);
    // Sets the prefetch of consumers that are made later and have none of their own; with `ofChannel` that
    // of all consumers of the channel together.
    RequestId setPrefetch(quint16 messages, bool ofChannel);
    std::optional<quint16> prefetch() const { return m_prefetch; } // not that of the channel
    // False if a prefetch of the channel is set and the queue is of a kind that does not support one.
    bool mayConsume(const QByteArray &queue) const;
    bool isStream(const QByteArray &queue) const; // as far as it was declared here
    // Deliveries that the consumer's application has seen and not settled.
    std::vector<quint64> unsettledOf(const QByteArray &consumerTag) const;
    bool isUnsettled(quint64 deliveryTag) { return m_deliveries.contains(deliveryTag); }
    bool hasUnsettledOfStream() const { return m_deliveries.hasUnsettledOfStream(); }
    // With `returns`, the consumer is started again after the broker has cancelled it.
    RequestId consume(const BasicConsume &method, const QueueNamePointer &queue = {},
                      std::optional<quint16> prefetch = {}, bool returns = false);
    // Bodies of at least so many bytes for this consumer are not kept, but handed on as they come.
    void setStreamFrom(const QByteArray &consumerTag, std::optional<quint64> size);
    // Deliveries that the application has not seen go back to the queue; the reply says how many.
    RequestId cancel(const QByteArray &consumerTag);
    // If `queue` is given, its name is the routing key, and the exchange must be the default one.
    quint64 publish(const BasicPublish &method, const QAmqpMessage &message,
                    const QueueNamePointer &queue = {}, StreamedBody body = {});
    // Make a request that ends with the outcome of the publish that was just made, or of all publishes so
    // far. awaitAllConfirms() returns 0 if all outcomes are reported already, or if the channel has ended:
    // then unreportedFailure() is the error of publishes whose outcome is not reported yet.
    RequestId awaitConfirm();
    RequestId awaitAllConfirms();
    const QAmqpError &unreportedFailure() const { return m_publishes.unreportedFailure(); }
    void reported(const Settled &settled) { m_publishes.reported(settled); }
    // Publishes from this tag on wait to be sent, and earlier ones do not.
    quint64 firstWaitingTag() const;
    // Awaits an answer that is no reply of the broker (an RPC reply is a message): the wait ends with the
    // error `late`, or with the end of the channel, unless forget() is called before. It outlives a link from whose
    // loss the session recovers: whether the answer can still come is for the caller to know.
    Deadline await(TimePoint until, const QAmqpError &late);
    void forget(const Deadline &answer) { m_context.awaited.erase(answer); }
    // Settles a delivery, and with `multiple` all that were shown before it; if `delivery` is null, all that
    // were shown so far.
    Settling settle(const DeliveryMarkPointer &delivery, Settlement how, bool multiple);
    // The application is about to see this delivery; false if it has as many as the prefetch allows.
    bool show(quint64 deliveryTag) { return m_deliveries.show(deliveryTag); }
    void giveBack(quint64 deliveryTag); // the message of a basic.get that nobody waits for any more
    bool sendsAtOnce() const { return isFree() && m_link->takesContent(); }
    // Whether a message waits, or is being sent, whose body comes from a source.
    bool hasStreamedBody() const { return m_streamedBodies > 0; }
    std::optional<BodyPart> nextBodyPart()
    {
        return m_link ? m_link->nextBodyPart() : std::nullopt;
    }
    void bodyRead(BodyPart &part);
    void selectConfirms();
    RequestId selectTransactions();
    static bool fitsFrame(const QAmqpMessage &message, quint32 frameMax);
    // Whether the calls that were made before the size of frames was negotiated fit into frames of it.
    bool waitingFitsFrames(quint32 frameMax) const;

    // happened
    void receive(const Frame &frame) { m_link->receive(frame); }
    bool takesDelivery() const { return m_link && !m_hasSinks && m_link->takesDelivery(); }
    void receive(const WholeDelivery &delivery) { m_link->receive(delivery); }
    void timeout(TimePoint now, std::chrono::milliseconds requestTimeout, bool blocked);
    std::optional<TimePoint> nextTimeout(TimePoint now, std::chrono::milliseconds requestTimeout);
    // When the next frame of a message that is arriving is late; see ChannelLink.
    std::optional<TimePoint> contentDeadline(TimePoint now, std::chrono::milliseconds patience)
    {
        return m_link->contentDeadline(now, patience);
    }
    void contentCame(TimePoint at) { m_link->contentCame(at); } // a part of such a frame came
    // What was sent and not answered ends; what waits to be sent stays. The first request whose method is
    // `guiltyMethod` ends with the cause itself, and `guiltyMethod` becomes 0.
    void linkLost(const QAmqpError &cause, quint32 &guiltyMethod);
    // The link is lost, and another will follow: what may be asked again is, and the rest of what was sent ends.
    // The request that the broker blames by `guiltyMethod` ends with the cause, and `guiltyMethod` becomes 0.
    void interrupted(const QAmqpError &cause, quint32 &guiltyMethod);
    // Whether the broker closed the link because of a consumer that was being started again. One that costs the
    // second link is given up.
    bool isSetUpBlamed(const QAmqpError &cause, quint32 guiltyMethod);
    // The queue of consumers that waited for it is back, or does not come back.
    void queueReturned(const QByteArray &queue);
    void endForgottenConsumers(); // their queue does not come back
    void queueLost(const QByteArray &queue, const QAmqpError &reason);
    // Ends the consumer instead of starting it again on the next link.
    void giveUpConsumer(const QByteArray &consumerTag, const QAmqpError &reason);
    QByteArrayList consumersToResume() const;
    // The queues of consumers that admit no others, or wait for as long as it takes.
    std::vector<MissingQueue> queuesToAwait() const;
    QByteArray queueOfConsumer(const QByteArray &consumerTag) const;
    // Queues that are to be declared once more for its consumers.
    std::vector<MissingQueue> takeMissingQueues() { return std::exchange(m_missingQueues, {}); }
    void end(const QAmqpError &error);
    void forget() { m_forgotten = true; }

    // called by ChannelLink
    void opened();
    void pump(); // sends what waits and may be sent by now
    void answered(const Request &request, Replied replied);
    void cancelled(const QByteArray &consumerTag);
    void contentCame(Assembler &arrived); // of basic.deliver or basic.return
    void gotContent(Assembler &arrived, const Request &get);
    std::optional<quint64> streamFrom(const Assembler &content)
    {
        return m_hasSinks ? streamFromOf(content) : std::nullopt;
    }
    void bodyBegan(const Assembler &content);
    void bodyArrived(const Assembler &content, QByteArrayView part);
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
        bool exclusive = false;
        std::optional<quint64> streamFrom = {}; // the size of bodies that are not kept
        RequestId cancelling = 0; // the basic.cancel, once it was called for
        quint32 requeued = 0;
        // Of a consumer that the broker has started: how it is started on the next link.
        QByteArray consume = {};
        std::optional<quint16> prefetch = {};
        QByteArray queue = {};
        std::optional<TimePoint> since = {}; // when it was started first
        bool isAway = false; // it waits for its queue
        bool owesCancel =
                false; // the broker cancelled it, and is to be answered before it starts again
        int refusals = 0; // since it ran last
        int blame = 0; // how many links it has cost since then
        bool returns = false; // also after the broker has cancelled it
        int cancels = 0; // of the broker, one soon after the other
        TimePoint runsSince = {};
    };

    // Notes what a request changes as soon as it is made, before it is answered.
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
        if (isFree()) {
            noteTransaction();
            return m_link->send(method);
        }
        sendOrQueue(callOf(method));
    }
    void sendOrQueue(WireCall call);
    // What is sent now belongs to the transaction that is open.
    void noteTransaction() { m_transactionBegun = m_transactional; }
    void interrupt(const QAmqpError &cause, quint32 &guiltyMethod);
    void interrupt(const QAmqpError &cause)
    {
        quint32 guiltyMethod = 0;
        interrupt(cause, guiltyMethod);
    }
    void endGuilty(const Request &request, const QAmqpError &cause);
    RequestId refuseTorn();
    void tearTransaction(const QAmqpError &cause);
    void endUnderWay(Request &request, const QAmqpError &cause, std::vector<WireCall> &again);
    void endCancelling(std::vector<WireCall> &again);
    void endWell(RequestId request, quint32 count = 0);
    void setUp();
    void setUpDone();
    void addSetUp(std::vector<WireCall> &calls, WireCall call);
    WireCall resumingCall(const QByteArray &consumerTag, const Consumer &consumer);
    QByteArray resumingConsume(const Consumer &consumer) const;
    void setUpAnswered(const Request &request);
    bool setUpRefused(const QAmqpError &error, quint32 guiltyMethod);
    bool waitsForQueue(Consumer &consumer, const QAmqpError &error);
    void blame(const QByteArray &consumerTag, const QAmqpError &cause);
    bool isHeld(RequestId request) const
    {
        return std::any_of(m_held.begin(), m_held.end(),
                           [request](const WireCall &call) { return call.request.id == request; });
    }
    bool isBehindHeld(const WireCall &call) const;
    void holdCalls();
    void releaseCalls();
    void started(const Request &request);
    void consumerGone(const Consumer &consumer);
    RequestId cancelAway(const QByteArray &consumerTag);
    bool comesBack(Consumer &consumer);
    void missing(MissingQueue queue);
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
            // If the method has no queue name, an empty routing key stands for the name of the queue too.
            return callOf(method, queueOf(method, queue), !queue && method.queue.isEmpty());
        } else {
            return callOf(method);
        }
    }
    // Sends what the peer makes us send; see ChannelLink::counted().
    template<typename Method>
    void answer(const Method &method)
    {
        sendOrQueue(m_link->counted(method));
    }
    void bodyFailed(const QString &reason);
    void endBody(const QAmqpError &cause);
    void goOn();
    QAmqpError notSentError(QAmqpError::Kind kind, QAmqpError::Origin origin,
                            const QString &reason) const;
    // Until modes and consumers are in force again, everything else waits. If the broker refuses a consumer, it
    // closes the channel, and what was sent behind it is lost.
    bool isHeldBack(const WireCall &call) const
    {
        return m_settingUp > 0 && call.request.origin != Request::Origin::SetUp;
    }
    bool isFree() const
    {
        return m_settingUp == 0 && m_waiting.isEmpty() && m_link && m_link->takesAcknowledgements();
    }
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
    Consumer *consumerOf(const QByteArray &consumerTag);
    std::optional<quint64> streamFromOf(const Assembler &content);
    void noteSinks();
    void forgetLastConsumer()
    {
        m_lastTag.clear();
        m_lastConsumer = nullptr;
    }
    const Consumer *bodyConsumerOf(const Assembler &content);
    Consumer takeConsumer(const QByteArray &consumerTag);
    Delivered takeContent(Assembler &arrived);
    void deliver(Assembler &arrived);
    void deliverToNobody(const Delivered &delivered, Consumer *cancelling);
    void discard(Delivered delivered, const Consumer &consumer, const QString &excess);
    // A broker may go far beyond the prefetch in two cases, which are accepted: a stream sends whole chunks as long as
    // there is any credit, and messages of a queue whose node was lost come again, as redelivered, though they are
    // still unsettled here. QAmqpConsumer bounds how many of these it holds back.
    bool heedsPrefetch(const Consumer &consumer, const Delivered &delivered) const
    {
        return !m_deliveries.isFlooded(consumer.ledgerId) || delivered.redelivered
                || m_deliveries.mayBeStream(consumer.ledgerId);
    }
    void refuseFlood(const Delivered &delivered); // closes the channel
    Request *oldestRequest();
    bool isCloseHeldUp();
    void requestTimedOut(Request &request, std::chrono::milliseconds requestTimeout, bool blocked);
    void closeTimedOut(std::chrono::milliseconds requestTimeout, bool blocked);
    void endRequest(const Request &request, const QAmqpError &cause, bool wasSent, bool isGuilty);
    bool endSentRequests(const QAmqpError &cause, quint32 &guiltyMethod);
    bool endAwaited(const QAmqpError &cause);
    void giveUp(const QAmqpError &error, quint32 guiltyMethod, ReplyCode code = ReplyCode::Success);

    ConnectionContext &m_context;
    PrivateUser *const m_user;
    const quint16 m_number;
    std::optional<ChannelLink> m_link; // none before the connection is open
    WaitingCalls m_waiting;
    bool m_confirming = false;
    bool m_transactional = false;
    bool m_modeSelected = false; // the broker has answered for one of these
    bool m_transactionBegun = false; // something was sent in the transaction that is open
    bool m_isTorn =
            false; // a part of that was lost with a link, and the application does not know it
    bool m_wasOpen = false; // on an earlier link
    int m_settingUp = 0; // calls of setUp() that are not answered
    bool m_isBack = true; // ChannelRecovered was pushed since the link was lost
    std::vector<MissingQueue> m_missingQueues;
    std::vector<WireCall> m_held; // about queues that are not back yet
    bool m_closeWanted = false; // the application called close(), whatever becomes of the link
    std::optional<TimePoint>
            m_closeHeldUp; // since when only publishes keep the channel from closing
    bool m_ended = false; // ChannelClosed was pushed
    bool m_forgotten = false; // the application has let go of the channel, see forget()
    quint64 m_nextTag;
    PublishLedger m_publishes;
    quint64 m_streamedBodies = 0; // of messages that were not sent entirely
    QueueNamePointer m_lastDeclared{new QueueName};
    std::map<QByteArray, Consumer> m_consumers; // by tag
    bool m_hasSinks = false; // one of them has bodies that are not kept
    QByteArray m_lastTag; // of the consumer that got the last delivery
    Consumer *m_lastConsumer = nullptr; // null if there is none of that tag
    DeliveryLedger m_deliveries;
    std::optional<quint16> m_prefetch; // as the application set it
    quint16 m_channelPrefetch = 0; // for all consumers together; 0 is no limit
    QCache<QByteArray, QueueKind> m_queues{1000}; // the kinds of the queues that were declared here
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
