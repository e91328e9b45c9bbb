// The receiving half of ChannelCore: what a frame from the broker means for the channel.

#include "protocol/channelcore.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"

#include <algorithm>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// For one cause, the next state by state, or -1: so that a delivery does not search the table.
static constexpr std::array<qint8, 4> nextStates(quint32 cause)
{
    std::array<qint8, 4> next = {-1, -1, -1, -1};
    for (const auto &row : ChannelTable::rows) {
        if (row.cause == cause)
            next[quint8(row.from)] = qint8(row.to);
    }
    return next;
}

// What the peer must not do: the connection ends with it.
template<typename... Args>
void ChannelCore::violated(ReplyCode code, QStringView format, const Args &...args)
{
    m_context.error = {code, formatted(format, args...)};
}

void ChannelCore::receive(const Frame &frame)
{
    m_contentSince.reset();
    if (frame.type == FrameType::Method) {
        Reader in(frame.payload);
        const quint32 id = in.read<quint32>();
        if (!m_assembler.isIdle() && m_state != ChannelState::Closing)
            violated(ReplyCode::UnexpectedFrame, u"%1 came in the middle of a message",
                     methodName(id));
        else if (!dispatch(id, in, *this))
            violated(ReplyCode::NotImplemented, u"the method %1 is unknown", methodName(id));
        else if (!in.ok())
            violated(ReplyCode::SyntaxError, u"%1 %2 (at octet %3)", methodName(id), in.error(),
                     in.errorOffset());
    } else if (m_state == ChannelState::Open) {
        const bool isComplete = frame.type == FrameType::Header
                ? m_assembler.header(frame, m_context.maxMessageSize, m_context.error)
                : m_assembler.body(frame.payload, m_context.error);
        if (isComplete)
            contentComplete();
    } else if (m_state != ChannelState::Closing) {
        violated(ReplyCode::UnexpectedFrame, u"content came while the channel is %1",
                 stateName(m_state));
    }
}

template<typename Method>
void ChannelCore::on(const Method &method)
{
    if constexpr (Method::info.sentBy == SentBy::Client
                  || Method::info.classId == ConnectionStart::info.classId) {
        violated(ReplyCode::CommandInvalid,
                 u"%1 came from the broker on channel %2, where it has no place", Method::info.name,
                 m_number);
    } else {
        static constexpr std::array<qint8, 4> next = nextStates(Method::info.id());
        const qint8 to = next[quint8(m_state)];
        if (to >= 0) {
            enter(ChannelState(to));
            handle(method);
        } else if (m_state != ChannelState::Closing) { // else dropped (§1.5.2.5)
            violated(ReplyCode::UnexpectedFrame, u"%1 came while the channel is %2",
                     Method::info.name, stateName(m_state));
        }
    }
}

// Takes the request that this reply answers: the oldest one, except that the replies of
// basic.consume and basic.cancel overtake the others.
std::optional<ChannelCore::Request> ChannelCore::answered(const MethodInfo &reply)
{
    const auto answers = [id = reply.id()](const Request &r) {
        return r.replies[0] == id || r.replies[1] == id;
    };
    const auto request = std::find_if(m_unanswered.begin(), m_unanswered.end(), answers);
    const auto oldest =
            std::find_if_not(m_unanswered.begin(), m_unanswered.end(),
                             [](const Request &r) { return r.overtakes() || r.noWait; });
    if (request == m_unanswered.end() || (request != oldest && !request->overtakes())) {
        violated(ReplyCode::UnexpectedFrame, u"%1 came, which answers no request", reply.name);
        return std::nullopt;
    }
    Request taken = std::move(*request);
    const auto refusable = taken.overtakes()
            ? request
            : std::remove_if(m_unanswered.begin(), request, std::mem_fn(&Request::noWait));
    m_unanswered.erase(refusable, request + 1);
    if (taken.overtakes())
        m_consumeUnanswered = false;
    if (taken.method == TxCommit::info.id())
        m_commitUnanswered = false;
    return taken;
}

// Every reply's news fit one event.
template<typename Reply>
void ChannelCore::handle(const Reply &reply)
{
    const std::optional<Request> request = answered(Reply::info);
    if (!request)
        return;
    Replied replied{.channel = m_number, .request = request->id, .name = request->consumerTag};
    if constexpr (requires { reply.messageCount; })
        replied.messageCount = reply.messageCount;
    if constexpr (requires { reply.active; })
        replied.count = reply.active;
    if constexpr (std::is_same_v<Reply, QueueDeclareOk>) {
        replied.name = reply.queue.toByteArray();
        replied.count = reply.consumerCount;
        named(*request, replied.name);
    }
    if constexpr (std::is_same_v<Reply, BasicCancelOk>) {
        const Consumer consumer = m_consumers.take(request->consumerTag);
        replied.count = consumer.requeued;
        if (consumer.ledgerId)
            m_deliveries.removeConsumer(consumer.ledgerId);
    }
    if constexpr (std::is_same_v<Reply, BasicRecoverOk>) {
        m_deliveries.clear(); // what comes now has new tags
        --m_recovering;
    }
    if (!request->over)
        m_context.events.push_back(std::move(replied));
    pump();
}

void ChannelCore::named(const Request &declare, const QByteArray &name)
{
    // Until the Replied event is taken, calls may still ask for the name by the request's number.
    if (!declare.over)
        m_names.insert(declare.id, name);
    m_publishes.named(declare.id, name);
    for (Waiting &waiting : m_waiting) {
        if (waiting.nameFrom == declare.id) {
            setName(waiting, name);
            m_context.waitingBytes += name.size();
        }
    }
}

void ChannelCore::handle(const ChannelOpenOk &)
{
    m_handshake = {};
    m_context.events.push_back(ChannelOpened{m_number});
    pump();
}

void ChannelCore::handle(const ChannelFlow &method)
{
    m_flowStopped = !method.active;
    send(answer(ChannelFlowOk{method.active}));
    pump();
}

void ChannelCore::handle(const ChannelClose &method)
{
    send(answer(ChannelCloseOk{}));
    const quint32 guilty = methodId(method.classId, method.methodId);
    const QString replyText = QString::fromUtf8(method.replyText);
    const QString guiltyName = guilty ? formatted(u", %1", methodName(guilty)) : QString();
    QAmqpError error(kindOfReplyCode(method.replyCode), QAmqpError::Scope::Channel,
                     QAmqpError::Origin::Broker,
                     formatted(u"%1 closed channel %2: %3 (%4%5)%6", m_context.endpoint, m_number,
                               replyText, method.replyCode, guiltyName,
                               adviceOn(method.replyCode, replyText)));
    error.setReply(method.replyCode, replyText).setEndpoint(m_context.endpoint);
    if (guilty)
        error.setMethod(methodName(guilty));
    // Both closed at once: the broker's close-ok is still to come, and the number not free before.
    if (m_state == ChannelState::Closing)
        m_closeError = error;
    else
        finish(error, guilty);
}

void ChannelCore::handle(const ChannelCloseOk &) { finish(m_closeError, 0); }

// The broker ended a subscription, mostly because its queue is gone. RabbitMQ asks for no reply; it
// wants to see the consumer cancelled from this side too before it forgets it (4.3, quorum queues).
void ChannelCore::handle(const BasicCancel &method)
{
    const QByteArray tag = method.consumerTag.toByteArray();
    const auto consumer = m_consumers.constFind(tag);
    if (consumer == m_consumers.cend())
        return;
    m_deliveries.removeConsumer(consumer->ledgerId);
    m_consumers.erase(consumer);
    sendOrQueue(answer(BasicCancel{.consumerTag = QByteArrayView(tag), .noWait = true}));
    m_context.events.push_back(ConsumerCancelled{m_number, tag});
}

void ChannelCore::handle(const BasicReturn &method)
{
    beginContent({.method = BasicReturn::info.id(),
                  .replyCode = method.replyCode,
                  .replyText = method.replyText.toByteArray()},
                 method.exchange, method.routingKey);
}

// Tags ascend, one for each message; what is done with them counts on it (spec: MUST be unique and grow).
// RabbitMQ's direct reply-to does not count its own: they have the tag of the next message.
bool ChannelCore::acceptTag(quint64 deliveryTag, bool noAck)
{
    constexpr quint64 largestGap = 1024;
    if ((deliveryTag <= m_lastTagToAck && !noAck) || deliveryTag == 0
        || (deliveryTag > m_lastTag && deliveryTag - m_lastTag > largestGap)) {
        violated(ReplyCode::UnexpectedFrame, u"the delivery tag %1 came behind %2", deliveryTag,
                 m_lastTag);
        return false;
    }
    m_lastTag = std::max(m_lastTag, deliveryTag);
    if (!noAck)
        m_lastTagToAck = deliveryTag;
    return true;
}

void ChannelCore::handle(const BasicDeliver &method)
{
    beginContent({.method = BasicDeliver::info.id(),
                  .redelivered = method.redelivered,
                  .deliveryTag = method.deliveryTag},
                 method.exchange, method.routingKey, method.consumerTag);
}

void ChannelCore::handle(const BasicGetOk &method)
{
    std::optional<Request> request = answered(BasicGetOk::info);
    if (!request)
        return;
    m_getting = std::move(*request);
    if (!acceptTag(method.deliveryTag, m_getting.noAck))
        return;
    beginContent({.method = BasicGetOk::info.id(),
                  .redelivered = method.redelivered,
                  .deliveryTag = method.deliveryTag,
                  .remaining = method.messageCount},
                 method.exchange, method.routingKey);
    pump();
}

void ChannelCore::handle(const BasicAck &method)
{
    settle(method.deliveryTag, method.multiple, Outcome::Confirmed);
}

void ChannelCore::handle(const BasicNack &method)
{
    settle(method.deliveryTag, method.multiple, Outcome::Nacked);
}

void ChannelCore::beginContent(ContentStart start, QByteArrayView exchange,
                               QByteArrayView routingKey, QByteArrayView consumerTag)
{
    m_assembler.begin(std::move(start), exchange, routingKey, consumerTag);
    m_context.contentBegan = true;
}

std::optional<TimePoint> ChannelCore::contentDeadline(TimePoint now,
                                                      std::chrono::milliseconds patience)
{
    if (patience.count() == 0 || m_getting.isAwaited())
        return std::nullopt;
    if (!m_contentSince)
        m_contentSince = now;
    return *m_contentSince + patience;
}

void ChannelCore::contentCame(TimePoint at)
{
    if (m_contentSince && *m_contentSince < at)
        m_contentSince = at;
}

static QAmqpError tooLarge(const Delivered &content, const QString &why, bool noAck)
{
    return operationError(QAmqpError::Kind::LimitExceeded, QAmqpError::Origin::Library,
                          u"the message from exchange \"%1\" with routing key \"%2\" was %3: %4",
                          content.envelope->exchange, content.envelope->routingKey,
                          noAck ? "dropped" : "rejected", why);
}

void ChannelCore::contentComplete()
{
    const ContentStart &start = m_assembler.start();
    const quint32 method = start.method;
    const QString excess = m_assembler.excess();
    Delivered content{m_number, start.redelivered, start.deliveryTag, m_assembler.envelope(),
                      m_assembler.takeMessage()};
    if (method == BasicDeliver::info.id())
        return deliver(std::move(content), excess);
    if (method == BasicReturn::info.id()) {
        const quint64 publish =
                m_publishes.returned(*content.envelope, content.message, start.replyCode,
                                     QString::fromUtf8(start.replyText));
        m_context.events.push_back(Returned{m_number, start.replyCode, start.replyText,
                                            content.envelope, content.message, publish});
        return;
    }
    endGet(std::move(content), start.remaining, excess);
}

void ChannelCore::endGet(Delivered content, quint32 remaining, const QString &excess)
{
    const Request get = std::exchange(m_getting, {});
    if (!get.over && excess.isEmpty()) {
        if (!get.noAck)
            m_deliveries.delivered(content.deliveryTag, DeliveryLedger::Nobody);
        m_context.events.push_back(Got{std::move(content), get.id, remaining});
    } else if (!get.over) {
        m_context.events.push_back(Replied{.channel = m_number,
                                           .request = get.id,
                                           .error = tooLarge(content, excess, get.noAck)});
        if (!get.noAck)
            putBack(content.deliveryTag, false);
    } else if (!get.noAck) { // nobody waits for it any more
        putBack(content.deliveryTag, true);
    }
    closeIfIdle();
}

// Sent again it would only come again: it is rejected, for the queue's dead letters, if it has any.
void ChannelCore::discard(Delivered delivered, const Consumer &consumer, const QString &excess)
{
    if (m_recovering > 0 && !consumer.noAck) // it comes again, with a tag that can be rejected
        return;
    const quint64 tag = delivered.deliveryTag;
    const bool ofStream = consumer.fromStream || !mayGoBack(delivered.message);
    const QAmqpError error = tooLarge(delivered, excess, consumer.noAck);
    m_context.events.push_back(Discarded{std::move(delivered), error});
    if (ofStream && !consumer.noAck)
        sendOrQueue(answer(BasicAck{tag, false}));
    else if (!consumer.noAck)
        sendOrQueue(answer(BasicNack{tag, false, false}));
}

// Messages that nobody will look at go back to the queue; those of a consumer without acknowledgement
// cannot, and reach the application even while it cancels.
void ChannelCore::deliver(Delivered delivered, const QString &excess)
{
    const auto consumer = m_consumers.find(delivered.envelope->consumerTag);
    if (!acceptTag(delivered.deliveryTag, consumer != m_consumers.end() && consumer->noAck))
        return;
    if (consumer != m_consumers.end() && (!consumer->cancelling || consumer->noAck)) {
        if (!excess.isEmpty())
            discard(std::move(delivered), *consumer, excess);
        else if (consumer->noAck || heedsPrefetch(*consumer, delivered))
            m_context.events.push_back(std::move(delivered));
        return;
    }
    if (!mayGoBack(delivered.message))
        return;
    if (consumer != m_consumers.end())
        ++consumer->requeued;
    putBack(delivered.deliveryTag, true);
}

// What nobody has seen. Unless the broker takes it back itself: to refuse what was on its way when it was
// told to recover is an unknown delivery tag (406).
void ChannelCore::putBack(quint64 deliveryTag, bool requeue)
{
    if (m_recovering == 0)
        sendOrQueue(answer(BasicNack{deliveryTag, false, requeue}));
}

// RabbitMQ closes the connection (540) over a basic.nack for what a stream delivered. Nothing is lost
// there without it, nor on a queue to which such a message was copied with its headers: it goes back
// when the channel closes.
bool ChannelCore::mayGoBack(const QAmqpMessage &message)
{
    return !message.headers().contains(QStringLiteral("x-stream-offset"));
}

void ChannelCore::settle(quint64 sequence, bool multiple, Outcome outcome)
{
    if (!m_confirming || !m_publishes.settle(sequence, multiple, outcome))
        violated(ReplyCode::UnexpectedFrame,
                 u"the broker answered for publish %1, which was never sent", sequence);
    closeIfIdle();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
