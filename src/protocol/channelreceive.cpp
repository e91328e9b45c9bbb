// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The receiving half of ChannelLink: frames, whole deliveries, and the handlers of the methods.

#include "protocol/channellink.h"

#include "codec/dispatch.h"
#include "protocol/channelcore.h"
#include "values/errorkinds.h"

#include <algorithm>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// For one cause, the next state by present state, or -1 if there is none. It is computed when compiling, so
// that a delivery need not search the table.
using NextStates = std::array<qint8, quint8(ChannelState::Closed) + 1>;
static constexpr NextStates nextStates(quint32 cause)
{
    NextStates next = {};
    for (quint8 state = 0; state < next.size(); ++state) {
        const auto to = findTransition(ChannelTable::rows, ChannelState(state), cause);
        next[state] = to ? qint8(*to) : qint8(-1);
    }
    return next;
}

void ChannelLink::receive(const Frame &frame)
{
    m_contentSince.reset();
    if (frame.type == FrameType::Method) {
        Reader in(frame.payload);
        const quint32 id = in.read<quint32>();
        if (!m_assembler.isIdle() && !isDropping())
            violated(ReplyCode::UnexpectedFrame, u"%1 came in the middle of a message",
                     methodName(id));
        else if (!dispatch(id, in, *this))
            violated(ReplyCode::NotImplemented, u"the method %1 is unknown", methodName(id));
        else if (!in.ok())
            violated(ReplyCode::SyntaxError, u"%1 %2 (at byte %3)", methodName(id), in.error(),
                     in.errorOffset());
    } else if (isUsable()) {
        const bool isHeader = frame.type == FrameType::Header;
        const bool isComplete = isHeader
                ? m_assembler.header(frame.payload, frame.missing, m_link.session.maxMessageSize,
                                     m_channel.streamFrom(m_assembler), m_link.error)
                : m_assembler.body(frame.payload, m_link.error);
        if (m_assembler.isStreamed() && m_link.error.code == ReplyCode::Success)
            isHeader ? m_channel.bodyBegan(m_assembler)
                     : m_channel.bodyArrived(m_assembler, frame.payload);
        if (isComplete && m_getting.method)
            m_channel.gotContent(m_assembler, std::exchange(m_getting, {}));
        else if (isComplete)
            m_channel.contentCame(m_assembler);
    } else if (!isDropping()) {
        violated(ReplyCode::UnexpectedFrame, u"content came while the channel is %1",
                 stateName(m_state));
    }
}

// In a basic.deliver, the tag of the delivery and the bit "redelivered" are behind the number of the method and
// the tag of the consumer.
constexpr qsizetype MethodIdSize = 4;
constexpr qsizetype DeliveryTagSize = 8;
static qsizetype deliveryTagAt(QByteArrayView deliver)
{
    return MethodIdSize + 1 + quint8(deliver[MethodIdSize]);
}

// Whether the method differs from the last basic.deliver in the delivery's tag alone, as consecutive deliveries
// mostly do.
bool ChannelLink::repeatsLastDeliver(QByteArrayView method) const
{
    if (method.size() != m_lastDeliver.size())
        return false;
    const qsizetype at = deliveryTagAt(m_lastDeliver);
    const qsizetype behind = at + DeliveryTagSize;
    return std::memcmp(method.data(), m_lastDeliver.constData(), size_t(at)) == 0
            && std::memcmp(method.data() + behind, m_lastDeliver.constData() + behind,
                           size_t(method.size() - behind))
            == 0;
}

void ChannelLink::receive(const WholeDelivery &delivery)
{
    const QByteArrayView method = delivery.method;
    if (repeatsLastDeliver(method)) {
        m_assembler.beginSame(
                qFromBigEndian<quint64>(method.data() + deliveryTagAt(m_lastDeliver)));
    } else {
        receive({FrameType::Method, m_number, method});
        if (m_assembler.isIdle()) // the method was wrong
            return;
        m_lastDeliver.resize(method.size());
        std::memcpy(m_lastDeliver.data(), method.data(), size_t(method.size()));
    }
    FrameError &error = m_link.error;
    bool isComplete =
            m_assembler.header(delivery.header, 0, m_link.session.maxMessageSize, {}, error);
    if (!isComplete && error.code == ReplyCode::Success)
        isComplete = m_assembler.body(delivery.body, error);
    if (isComplete)
        m_channel.contentCame(m_assembler);
}

template<typename Method>
void ChannelLink::on(const Method &method)
{
    if constexpr (Method::info.sentBy == SentBy::Client
                  || Method::info.classId == ConnectionStart::info.classId) {
        violated(ReplyCode::CommandInvalid,
                 u"%1 came from the broker on channel %2, where it has no place", Method::info.name,
                 m_number);
    } else {
        static constexpr NextStates next = nextStates(Method::info.id());
        const qint8 to = next[quint8(m_state)];
        if (to >= 0) {
            m_state = ChannelState(to);
            handle(method);
        } else if (!isDropping()) {
            violated(ReplyCode::UnexpectedFrame, u"%1 came while the channel is %2",
                     Method::info.name, stateName(m_state));
        }
    }
}

// Takes the request that this reply answers: the oldest one, except that the replies of
// basic.consume and basic.cancel overtake the others.
std::optional<Request> ChannelLink::answered(const MethodInfo &reply)
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

// The replies that need no handler of their own.
template<typename Reply>
void ChannelLink::handle(const Reply &reply)
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
    }
    m_channel.answered(*request, std::move(replied));
}

void ChannelLink::handle(const ChannelOpenOk &)
{
    m_handshake = {};
    m_channel.opened();
}

void ChannelLink::handle(const ChannelFlow &method)
{
    m_flowStopped = !method.active;
    if (m_body && m_body->begun)
        m_flowAnswer = method.active; // a peer has one such question open at a time
    else
        send(counted(ChannelFlowOk{method.active}));
    m_channel.pump();
}

void ChannelLink::handle(const ChannelClose &method)
{
    m_unfinished = m_unfinished || (m_body && m_body->begun);
    send(counted(ChannelCloseOk{}));
    const quint32 guilty = methodId(method.classId, method.methodId);
    const QString replyText = QString::fromUtf8(method.replyText);
    const QString guiltyName = guilty ? formatted(u", %1", methodName(guilty)) : QString();
    QAmqpError error(kindOfReplyCode(method.replyCode), QAmqpError::Scope::Channel,
                     QAmqpError::Origin::Broker,
                     formatted(u"%1 closed channel %2: %3 (%4%5)%6", m_link.session.endpoint,
                               m_number, replyText, method.replyCode, guiltyName,
                               adviceOn(method.replyCode, replyText)));
    error.setReply(method.replyCode, replyText).setEndpoint(m_link.session.endpoint);
    if (guilty)
        error.setMethod(methodName(guilty));
    // Both sides closed at once: the number is not free before the broker's close-ok, which is still to come.
    if (isDropping())
        m_closeError = error;
    else
        m_channel.finish(error, guilty);
}

void ChannelLink::handle(const ChannelCloseOk &) { m_channel.finish(m_closeError, 0); }

void ChannelLink::handle(const BasicCancel &method)
{
    m_channel.cancelled(method.consumerTag.toByteArray());
}

void ChannelLink::handle(const BasicReturn &method)
{
    beginContent({.method = BasicReturn::info.id(),
                  .replyCode = method.replyCode,
                  .replyText = method.replyText.toByteArray()},
                 method.exchange, method.routingKey);
}

// The delivery ledger relies on ascending tags (spec: they MUST be unique and grow). Messages of RabbitMQ's
// direct reply-to do not count: each has the tag that the next delivery will have too.
bool ChannelLink::acceptTag(quint64 deliveryTag, bool noAck)
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

void ChannelLink::handle(const BasicDeliver &method)
{
    beginContent({.method = BasicDeliver::info.id(),
                  .redelivered = method.redelivered,
                  .deliveryTag = method.deliveryTag},
                 method.exchange, method.routingKey, method.consumerTag);
}

void ChannelLink::handle(const BasicGetOk &method)
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
    m_channel.pump();
}

void ChannelLink::handle(const BasicAck &method)
{
    m_channel.publishesSettled(method.deliveryTag, method.multiple, Outcome::Confirmed);
}

void ChannelLink::handle(const BasicNack &method)
{
    m_channel.publishesSettled(method.deliveryTag, method.multiple, Outcome::Nacked);
}

void ChannelLink::beginContent(ContentStart start, QByteArrayView exchange,
                               QByteArrayView routingKey, QByteArrayView consumerTag)
{
    m_lastDeliver.resize(0);
    m_assembler.begin(std::move(start), exchange, routingKey, consumerTag);
    m_link.contentBegan = true;
}

std::optional<TimePoint> ChannelLink::contentDeadline(TimePoint now,
                                                      std::chrono::milliseconds patience)
{
    if (patience.count() == 0 || m_getting.isAwaited())
        return std::nullopt;
    if (!m_contentSince)
        m_contentSince = now;
    return *m_contentSince + patience;
}

void ChannelLink::contentCame(TimePoint at)
{
    if (m_contentSince && *m_contentSince < at)
        m_contentSince = at;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
