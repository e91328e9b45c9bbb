// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/channellink.h"

#include "protocol/channelcore.h"
#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"

#include <algorithm>
#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

ChannelLink::ChannelLink(LinkContext &link, ChannelCore &channel)
    : m_link(link)
    , m_channel(channel)
    , m_number(channel.number())
    , m_generation(++link.session.lastGeneration)
    , m_assembler(link.session.spareMessage)
{
    send(ChannelOpen{});
    m_handshake = {.method = ChannelOpen::info.id()};
    m_link.session.timed.insert(m_number);
}

bool ChannelLink::changeState(quint32 cause)
{
    const auto to = findTransition(ChannelTable::rows, m_state, cause);
    if (to)
        m_state = *to;
    return to.has_value();
}

bool ChannelLink::isIdle() const
{
    return !m_getting.isAwaited()
            && std::none_of(m_unanswered.begin(), m_unanswered.end(),
                            std::mem_fn(&Request::isAwaited));
}

void ChannelLink::giveUp(ReplyCode code, QByteArrayView text)
{
    dropBody();
    if (m_state != ChannelState::Closing)
        send(ChannelClose{.replyCode = quint16(code), .replyText = text});
    changeState(Cause::GivenUp);
    m_handshake = {};
}

void ChannelLink::close()
{
    changeState(Cause::CloseSent);
    send(ChannelClose{.replyCode = quint16(ReplyCode::Success),
                      .replyText = QByteArrayView("Normal shutdown")});
    m_handshake = {.method = ChannelClose::info.id()};
    m_link.session.timed.insert(m_number);
}

bool ChannelLink::takes(const WireCall &call) const
{
    if (!takesAcknowledgements() || !m_link.mayWrite() || call.waitsForName())
        return false;
    if (call.request.method)
        return !m_consumeUnanswered;
    return !(call.hasContent && m_flowStopped);
}

void ChannelLink::send(WireCall call)
{
    if (call.prefetch && call.prefetch != m_prefetch)
        sendQos({.prefetchCount = *call.prefetch});
    if (call.body.source) {
        m_body.emplace(OutgoingBody{.missing = call.body.size});
        m_body->call = std::move(call);
        m_link.bodies.push_back(m_number);
        return;
    }
    if (call.hasContent) {
        Reader in(QByteArrayView(call.method).sliced(4));
        sendPublish(decode<BasicPublish>(in), call.message);
    } else {
        Writer writer(m_link.output.reserve(call.method.size() + FrameOverhead));
        beginFrame(writer, FrameType::Method, m_number, call.method.size());
        writer.bytes(call.method);
        endFrame(writer);
    }
    if (call.request.method)
        requestSent(std::move(call));
}

void ChannelLink::requestSent(WireCall call)
{
    Request &request = call.request;
    const quint32 method = request.method;
    m_consumeUnanswered = m_consumeUnanswered || request.overtakes();
    m_commitUnanswered = m_commitUnanswered || method == TxCommit::info.id();
    if (method == BasicConsume::info.id())
        m_channel.consumeSent(request.consumerTag);
    if (isRecorded(method) && request.noWait)
        m_link.session.topology.accepted(method, call.method, {}, {}, m_link.session.turnTime);
    if (method == BasicGet::info.id() && m_link.session.topology.mayExpire()) {
        Reader in(QByteArrayView(call.method).sliced(4));
        m_link.session.topology.used(decode<BasicGet>(in).queue.toByteArray(),
                                     m_link.session.turnTime);
    }
    if (isRecorded(method) || isRepeatable(method)) {
        request.sent = call.method;
        request.prefetch = call.prefetch;
    }
    if (!request.noWait || !mayBeRefused(method))
        m_unanswered.push_back(std::move(request));
    if (Reader in(QByteArrayView(call.method).sliced(4)); method == BasicQos::info.id())
        qosSent(decode<BasicQos>(in));
}

void ChannelLink::sendQos(const BasicQos &method)
{
    WireCall call = callOf(method);
    call.request = requestOf(method, ++m_link.session.lastRequest);
    call.request.origin = Request::Origin::Library;
    send(std::move(call));
}

// A prefetch for new consumers makes RabbitMQ drop that of the channel, which is therefore sent again.
void ChannelLink::qosSent(const BasicQos &method)
{
    m_channel.prefetchSent(method.prefetchCount, method.global);
    if (method.global) {
        m_channelPrefetch = method.prefetchCount;
    } else {
        m_prefetch = method.prefetchCount;
        if (m_channelPrefetch > 0)
            sendQos({.prefetchCount = m_channelPrefetch, .global = true});
    }
}

// Of the no-wait requests behind the last one with a reply, only the first of each method is kept. That is
// enough to know that a refusal of this method does not mean a later request.
bool ChannelLink::mayBeRefused(quint32 method) const
{
    for (auto last = m_unanswered.rbegin(); last != m_unanswered.rend() && last->noWait; ++last) {
        if (last->method == method)
            return true;
    }
    return false;
}

// Writes the three frames of an ordinary message in one piece, and a large body frame by frame.
void ChannelLink::sendPublish(const BasicPublish &method, const QAmqpMessage &message)
{
    constexpr qsizetype smallBody = 4096 - 1024;
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    const qsizetype methodSize = encodedSize(method);
    const bool small = !d.body.isEmpty() && d.body.size() <= smallBody;
    Writer writer(m_link.output.reserve(methodSize + FrameOverhead + ContentHeaderSize
                                        + d.properties.size() + FrameOverhead
                                        + (small ? d.body.size() + FrameOverhead : 0)));
    encodeMethodFrame(writer, m_number, method, methodSize);
    encodeHeaderFrame(writer, m_number,
                      {BasicPublish::info.classId, quint64(d.body.size()), d.flags, d.properties});
    if (small) {
        beginFrame(writer, FrameType::Body, m_number, d.body.size());
        writer.bytes(d.body);
        endFrame(writer);
        return;
    }
    const qsizetype most = qsizetype(m_link.frameMax) - FrameOverhead;
    for (qsizetype at = 0; at < d.body.size(); at += most) {
        const qsizetype size = std::min(d.body.size() - at, most);
        Writer begin(m_link.output.reserve(FrameHeaderSize));
        beginFrame(begin, FrameType::Body, m_number, size);
        m_link.output.appendPart(d.body, at, size);
        *m_link.output.reserve(1) = char(FrameEnd);
    }
}

void ChannelLink::sendHead(const BasicPublish &method, const QAmqpMessage &message,
                           quint64 bodySize)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    const qsizetype methodSize = encodedSize(method);
    Writer writer(m_link.output.reserve(methodSize + FrameOverhead + ContentHeaderSize
                                        + d.properties.size() + FrameOverhead));
    encodeMethodFrame(writer, m_number, method, methodSize);
    encodeHeaderFrame(writer, m_number,
                      {BasicPublish::info.classId, bodySize, d.flags, d.properties});
}

// A message whose turn has come, and of which nothing was sent, waits while the broker has stopped the flow. One
// that was begun is finished, since channel.flow-ok cannot be sent before its end.
std::optional<BodyPart> ChannelLink::nextBodyPart()
{
    if (!m_body)
        return std::nullopt;
    if (m_flowStopped && !m_body->begun) {
        m_link.waitingBodies.push_back(m_number);
        return std::nullopt;
    }
    const quint64 most = std::min<quint64>(m_link.frameMax, Output::BlockSize) - FrameOverhead;
    return BodyPart(m_number, m_body->call.body.source, qsizetype(std::min(m_body->missing, most)));
}

bool ChannelLink::sendBodyPart(BodyPart &part)
{
    if (part.size() == 0) {
        m_link.waitingBodies.push_back(m_number);
        return false;
    }
    if (!std::exchange(m_body->begun, true)) {
        Reader in(QByteArrayView(m_body->call.method).sliced(4));
        sendHead(decode<BasicPublish>(in), m_body->call.message, m_body->call.body.size);
    }
    m_body->missing -= quint64(part.size());
    m_link.output.appendBlock(part.takeFrame());
    if (m_body->missing > 0) {
        m_link.bodies.push_back(m_number);
        return false;
    }
    m_body.reset();
    if (const auto active = std::exchange(m_flowAnswer, std::nullopt))
        send(counted(ChannelFlowOk{*active}));
    return true;
}

void ChannelLink::dropBody()
{
    m_unfinished = m_unfinished || (m_body && m_body->begun);
    m_body.reset();
}

const Request *ChannelLink::unanswered(quint32 method) const
{
    const auto request = std::find_if(m_unanswered.begin(), m_unanswered.end(),
                                      [method](const Request &r) { return r.method == method; });
    return request == m_unanswered.end() ? nullptr : &*request;
}

Request *ChannelLink::oldestRequest()
{
    for (Request *request : {&m_handshake, &m_getting}) {
        if (request->isAwaited())
            return request;
    }
    const auto request = std::find_if(m_unanswered.begin(), m_unanswered.end(),
                                      std::mem_fn(&Request::isAwaited));
    return request == m_unanswered.end() ? nullptr : &*request;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
