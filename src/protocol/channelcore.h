#ifndef QTAMQP_PROTOCOL_CHANNELCORE_H
#define QTAMQP_PROTOCOL_CHANNELCORE_H

// One channel: what the application asked for and in which order, what of it the broker has not
// answered, which content is under way and who consumes.
//
// Order on the wire is the order of the calls. A call is written at once unless something before it
// has to wait; then it queues behind. What makes a call wait (all seen on RabbitMQ 3.10.8):
//  - the channel is not open yet;
//  - a request, while basic.consume or basic.cancel is unanswered: their replies overtake others,
//    and a cancel before its consume-ok crashes the channel;
//  - anything, while tx.commit is unanswered: the broker closes the connection (504) otherwise;
//  - anything that needs the name of a queue the broker is still making up;
//  - a publish, while the broker has stopped the flow.
// It knows no object, no clock and no socket: time and octets pass through ConnectionCore.

#include "codec/assembler.h"
#include "codec/buffers.h"
#include "codec/timepoint.h"
#include "protocol/deliveryledger.h"
#include "protocol/log.h"
#include "protocol/publishledger.h"
#include "protocol/transitions.h"

#include <QtCore/qhash.h>

#include <array>
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

// What the channels of a connection share.
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

class ChannelCore
{
public:
    ChannelCore(ConnectionContext &context, quint16 number, quint64 nextPublishTag);
    ~ChannelCore();

    quint16 number() const { return m_number; }
    ChannelState state() const { return m_state; }
    bool isIdle() const; // nothing is awaited, a request that was given up least of all
    quint64 nextPublishTag() const { return m_nextTag; }
    quint64 unconfirmed() const { return m_publishes.unconfirmed(); }
    bool isConfirming() const { return m_confirming; }
    bool isTransactional() const { return m_transactional; }
    bool isReceiving() const { return m_state == ChannelState::Open && !m_assembler.isIdle(); }
    bool isClosing() const { return m_closeWanted || m_state == ChannelState::Closing; }
    // Nobody will hear of it again, and the broker knows.
    bool isOver() const { return m_forgotten && m_state == ChannelState::Closed; }
    bool hasConsumer(const QByteArray &consumerTag) const
    {
        return m_consumers.contains(consumerTag);
    }

    // command; call them while state() is Opening or Open
    void open();
    void connectionOpened();
    void close();
    bool isReadyToClose() const { return m_closeReady; }
    void finishClose(); // then, or after the event
    // What names a queue may leave that to the declare `nameFrom`.
    template<typename Method>
    RequestId request(const Method &method, RequestId nameFrom = 0,
                      const QByteArray &consumerTag = {})
    {
        Waiting waiting{.method = encoded(method), .nameAt = nameAt<Method>, .nameFrom = nameFrom};
        waiting.request = {.id = ++m_context.lastRequest,
                           .method = Method::info.id(),
                           .replies = replyIds(typename Method::Replies()),
                           .consumerTag = consumerTag};
        if constexpr (requires { method.noAck; })
            waiting.request.noAck = method.noAck;
        if constexpr (std::is_same_v<Method, BasicRecover>)
            ++m_recovering;
        queue(std::move(waiting));
        return m_context.lastRequest;
    }
    // What has no-wait set: the broker answers nothing, and closes the channel if it refuses.
    template<typename Method>
    void tell(const Method &method, RequestId nameFrom)
    {
        queue({.method = encoded(method),
               .nameAt = nameAt<Method>,
               .nameFrom = nameFrom,
               .request = {.method = Method::info.id(), .noWait = true}});
    }
    // The prefetch of consumers that are made later, or that of all together.
    RequestId setPrefetch(quint16 messages, bool ofChannel);
    std::optional<quint16> prefetch() const { return m_prefetch; } // that was set last
    quint16 channelPrefetch() const { return m_channelPrefetch; }
    // Before consume(): the next consumer's own.
    void usePrefetch(quint16 messages);
    RequestId consume(const BasicConsume &method, RequestId nameFrom);
    RequestId cancel(const QByteArray &consumerTag);
    quint64 publish(const BasicPublish &method, const QAmqpMessage &message, RequestId nameFrom);
    // A request that ends with the outcome of the publish that was just made, or of all so far; then 0
    // if nothing is open that the application does not know.
    RequestId awaitConfirm();
    RequestId awaitAllConfirms();
    void told(const Settled &settled) { m_publishes.told(settled); }
    // An answer that is not the broker's: ends with the error `late`, or that of the channel, unless
    // it is forgotten before.
    Deadline await(TimePoint until, const QAmqpError &late);
    void forget(const Deadline &answer) { m_context.awaited.erase(answer); }
    void ack(quint64 deliveryTag, bool multiple);
    void nack(quint64 deliveryTag, bool multiple, bool requeue);
    void giveBack(quint64 deliveryTag); // what nobody takes
    DeliveryLedger &deliveries() { return m_deliveries; }
    bool sendsAtOnce() const { return isFree() && !m_flowStopped; }
    void selectConfirms();
    RequestId selectTransactions();
    static qsizetype storedSize(const QAmqpMessage &message);
    static bool mayGoBack(const QAmqpMessage &message); // by basic.nack
    static bool fitsFrame(const QAmqpMessage &message, quint32 frameMax);
    // What was asked for before the size of frames was negotiated.
    bool waitingFitsFrames() const;

    // happened
    void receive(const Frame &frame);
    void timeout(TimePoint now, std::chrono::milliseconds requestTimeout, bool blocked);
    std::optional<TimePoint> nextTimeout(TimePoint now, std::chrono::milliseconds requestTimeout);
    // When the next frame of a message under way is late; that of a get has the request's time first.
    std::optional<TimePoint> contentDeadline(TimePoint now, std::chrono::milliseconds patience);
    void contentCame(TimePoint at); // a part of a frame of it
    void end(const QAmqpError &error);
    void told(RequestId request) { m_names.remove(request); }
    void forget() { m_forgotten = true; }

    // Called by dispatch() with each method that arrived.
    template<typename Method>
    void on(const Method &method);

private:
    using ReplyIds = std::array<quint32, 2>;

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
    struct Waiting
    {
        QByteArray method; // encoded, without its frame
        qsizetype nameAt = 0; // where an empty name stands until the broker has told it
        RequestId nameFrom = 0;
        Request request = {}; // none: a publish or an acknowledgement
        bool hasContent = false;
        bool confirming = false; // a publish that the broker answers for
        QAmqpMessage message = {};

        qint64 size() const { return method.size() + storedSize(message); }
    };
    struct Consumer
    {
        bool noAck = false;
        bool fromStream = false; // it was told where in a stream to begin
        bool cancelling = false;
        quint32 requeued = 0;
        quint32 ledgerId = 0;
    };

    template<typename... Replies>
    static constexpr ReplyIds replyIds(TypeList<Replies...>)
    {
        static_assert(sizeof...(Replies) > 0 && sizeof...(Replies) <= 2);
        return {Replies::info.id()...};
    }
    // Behind the method's numbers and reserved-1; in basic.publish behind the empty exchange too.
    template<typename Method>
    static constexpr qsizetype nameAt = std::is_same_v<Method, BasicPublish> ? 7 : 6;
    template<typename Method>
    static QByteArray encoded(const Method &method)
    {
        QByteArray bytes(encodedSize(method), Qt::Uninitialized);
        Writer writer(bytes.data());
        encode(method, writer);
        return bytes;
    }

    bool move(quint32 cause);
    void enter(ChannelState state) { m_state = state; }
    template<typename Method>
    void send(const Method &method)
    {
        if (!m_context.closing)
            sendMethod(m_context.output, m_number, method);
    }
    template<typename Method>
    void sendOrQueue(const Method &method)
    {
        m_context.log->used(m_number);
        if (isFree())
            return send(method);
        queue({.method = encoded(method)});
    }
    // What only the peer makes us say is counted: one that makes much and reads nothing is cut.
    template<typename Method>
    const Method &answer(const Method &method)
    {
        m_context.answerBytes += encodedSize(method) + FrameOverhead;
        return method;
    }
    void sendPublish(const BasicPublish &method, const QAmqpMessage &message);
    void sendWaiting(Waiting waiting);
    bool mayBeRefused(quint32 method) const;
    void queue(Waiting waiting);
    void setName(Waiting &waiting, const QByteArray &name) const;
    bool isFree() const
    {
        return m_waiting.empty() && m_state == ChannelState::Open && !m_commitUnanswered;
    }
    bool maySend(const Waiting &waiting) const;
    void pump();
    void closeIfIdle();
    void readyToClose();
    void sendClose(ReplyCode code = ReplyCode::Success,
                   QByteArrayView text = QByteArrayView("Normal shutdown"));
    void renewChannelPrefetch();

    template<typename... Args>
    void violated(ReplyCode code, QStringView format, const Args &...args);
    template<typename Reply>
    void handle(const Reply &reply);
    void handle(const ChannelOpenOk &);
    void handle(const ChannelFlow &method);
    void handle(const ChannelClose &method);
    void handle(const ChannelCloseOk &);
    void handle(const BasicCancel &method);
    void handle(const BasicReturn &method);
    void handle(const BasicDeliver &method);
    void handle(const BasicGetOk &method);
    void handle(const BasicAck &method);
    void handle(const BasicNack &method);
    std::optional<Request> answered(const MethodInfo &reply);
    void named(const Request &declare, const QByteArray &name);
    bool acceptTag(quint64 deliveryTag, bool noAck);
    void beginContent(ContentStart start, QByteArrayView exchange, QByteArrayView routingKey,
                      QByteArrayView consumerTag = {});
    void contentComplete();
    void deliver(Delivered delivered, const QString &excess);
    void discard(Delivered delivered, const Consumer &consumer, const QString &excess);
    void endGet(Delivered content, quint32 remaining, const QString &excess);
    bool heedsPrefetch(const Consumer &consumer, const Delivered &delivered);
    void putBack(quint64 deliveryTag, bool requeue);
    void settle(quint64 sequence, bool multiple, Outcome outcome);
    Request *oldestRequest();
    bool isCloseHeldUp();
    void requestTimedOut(Request &request, std::chrono::milliseconds requestTimeout, bool blocked);
    void closeTimedOut(std::chrono::milliseconds requestTimeout, bool blocked);
    bool failRequests(const QAmqpError &error, quint32 guiltyMethod);
    void giveUp(const QAmqpError &error, quint32 guiltyMethod, ReplyCode code = ReplyCode::Success);
    void finish(const QAmqpError &error, quint32 guiltyMethod);

    ConnectionContext &m_context;
    const quint16 m_number;
    ChannelState m_state = ChannelState::Closed;
    std::deque<Waiting> m_waiting;
    std::deque<Request> m_unanswered;
    bool m_consumeUnanswered = false;
    bool m_commitUnanswered = false;
    bool m_flowStopped = false;
    bool m_confirming = false;
    bool m_transactional = false;
    bool m_closeWanted = false;
    bool m_closeReady = false; // and nothing is awaited any more
    std::optional<TimePoint> m_closeHeldUp; // since when only publishes keep it from closing
    bool m_told = false; // ChannelClosed was pushed
    bool m_forgotten = false; // and taken
    QAmqpError m_closeError; // of the broker, if both sides closed at once
    Request m_handshake; // channel.open or channel.close while unanswered
    Request m_getting; // basic.get whose message is arriving
    quint64 m_nextTag;
    quint64 m_lastTag = 0; // of deliveries
    quint64 m_lastTagToAck = 0;
    PublishLedger m_publishes;
    QHash<RequestId, QByteArray> m_names; // what the broker called the queues it was asked to name
    QHash<QByteArray, Consumer> m_consumers;
    DeliveryLedger m_deliveries;
    std::optional<quint16> m_prefetch; // as the application set it
    std::optional<quint16> m_prefetchSent;
    quint16 m_channelPrefetch = 0; // for all consumers together, 0: none
    quint32 m_recovering = 0; // basic.recover that are unanswered: what came before is void
    Assembler m_assembler;
    std::optional<TimePoint> m_contentSince; // that nothing came of the message under way
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
