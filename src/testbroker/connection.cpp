// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/connection.h"

#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

Connection::Connection(BrokerCore &core, PeerInfo peer, quint64 id, TimePoint now)
    : m_core(core)
    , m_peer(std::move(peer))
    , m_id(id)
    , m_handshakeLimit(timeAfter(now, core.settings().handshakeTimeout))
{
}

Connection::~Connection() = default;

TimePoint Connection::now() const { return m_core.now(); }

void Connection::received(QByteArrayView bytes, TimePoint now)
{
    while (!bytes.isEmpty()) {
        qsizetype size = 0;
        char *room = receiveBuffer(&size);
        const QByteArrayView part = bytes.first(std::min(size, bytes.size()));
        std::memcpy(room, part.data(), size_t(part.size()));
        received(part.size(), now);
        bytes = bytes.sliced(part.size());
    }
}

void Connection::received(qsizetype size, TimePoint now)
{
    m_core.setNow(now);
    if (m_faults) {
        m_faults->received(size);
    } else {
        m_reader.commit(size);
        m_heartbeat.received(now);
        readFrames();
    }
    m_core.settleDown(now);
}

void Connection::arrived(QByteArrayView bytes)
{
    m_heartbeat.received(now());
    while (!bytes.isEmpty()) {
        qsizetype size = 0;
        char *room = m_reader.space(&size);
        const QByteArrayView part = bytes.first(std::min(size, bytes.size()));
        std::memcpy(room, part.data(), size_t(part.size()));
        m_reader.commit(part.size());
        readFrames();
        bytes = bytes.sliced(part.size());
    }
}

void Connection::clearFaults()
{
    if (m_faults)
        m_faults->clear();
}

void Connection::addFault(const FaultPointer &fault)
{
    if (!m_faults)
        m_faults = std::make_unique<LinkFaults>(*this);
    m_faults->add(fault);
}

void Connection::readFrames()
{
    if (m_state == State::Header) {
        if (m_reader.rest().size() < ProtocolHeaderSize)
            return;
        const bool isOurs = m_reader.rest().first(ProtocolHeaderSize)
                == QByteArrayView(ProtocolHeader, ProtocolHeaderSize);
        m_reader.skip(ProtocolHeaderSize);
        if (!isOurs) { // it says which version it speaks, and leaves (AMQP 0-9-1 §2.2.4)
            std::memcpy(m_output.reserve(ProtocolHeaderSize), ProtocolHeader, ProtocolHeaderSize);
            return closeLink(End::Close);
        }
        start();
    }
    Frame frame;
    FrameError error;
    while (m_state != State::Closed && !m_isBlocked && m_output.size() < MaxOutput
           && m_reader.next(FrameLimits(m_frameMax), frame, error)) {
        if (frame.missing > 0) {
            error = {ReplyCode::FrameError, u"a header frame is larger than the negotiated size"_s};
            break;
        }
        receive(frame);
        if (m_faults && m_faults->isPending())
            m_faults->happen();
    }
    m_isFull = m_output.size() >= MaxOutput;
    if (error.code != ReplyCode::Success) {
        m_isGarbled = true;
        close(refuse(error.code, error.text.toUtf8()));
    }
    if (m_state == State::Closed || m_isGarbled)
        m_reader.discard();
}

void Connection::receive(const Frame &frame)
{
    if (m_core.trace()) [[unlikely]]
        traceReceived(frame);
    if (frame.type == FrameType::Heartbeat) {
        ++m_core.count().heartbeats;
        return;
    }
    if (frame.type == FrameType::Method) {
        receiveMethod(frame);
        return;
    }
    if (m_state == State::Closing)
        return;
    Channel *const channel = channelFor(frame.channel);
    if (!channel)
        return close(refuse(ReplyCode::ChannelError, "expected 'channel.open'"));
    if (!channel->isOpen())
        return; // what was on its way when the channel was closed
    if (!channel->isInContent())
        return close(refuse(ReplyCode::UnexpectedFrame,
                            "expected method frame, got non method frame instead"));
    if (frame.type == FrameType::Header)
        channel->header(frame.payload);
    else
        channel->body(frame.payload);
    if (m_core.isBlocked() && m_state == State::Open) {
        m_isBlocked = true;
        if (m_blockedNotify)
            send(0,
                 ConnectionBlocked{
                         QByteArrayView(m_core.blockedReason())
                                 .first(std::min(m_core.blockedReason().size(), MaxShortString))});
    }
}

void Connection::receiveMethod(const Frame &frame)
{
    Reader in(frame.payload);
    const quint32 id = in.read<quint32>();
    if (m_core.observer() && !m_core.observer()(*this, frame.channel, id, in.rest()))
        return;
    if (m_state == State::Closing && (frame.channel != 0 || !isExpected(id)))
        return;
    const bool isOfConnection = id >> 16 == ConnectionStart::info.classId;
    if (isOfConnection != (frame.channel == 0))
        return close(refuse(ReplyCode::CommandInvalid, "the method is not for this channel"), id);
    if (isOfConnection) {
        if (!isExpected(id))
            return close(refuse(ReplyCode::CommandInvalid, "unexpected method in connection state"),
                         id);
        m_current = nullptr;
    } else if (!findChannel(frame.channel, id)) {
        return;
    }
    if (m_faults && m_faults->comes(QAmqpTestFault::Trigger::Method, id, frame.channel))
        return;
    if (!dispatch(id, in, *this))
        return close(refuse(ReplyCode::CommandInvalid, "unimplemented method"), id);
    if (!in.ok())
        return close(refuse(ReplyCode::SyntaxError, methodName(id).toUtf8() + ' ' + in.error()),
                     id);
    if (m_current && m_current->isClosed())
        m_channels.erase(frame.channel);
}

// Makes the channel the current one, on which this method may come now; false if there is none or it may not.
bool Connection::findChannel(quint16 number, quint32 method)
{
    const auto forbid = [&](ReplyCode code, const char *why) {
        close(refuse(code, why), method);
        return false;
    };
    if (m_state != State::Open)
        return forbid(ReplyCode::ChannelError, "expected a method of the connection");
    m_current = channelFor(number);
    if (!m_current && method != ChannelOpen::info.id())
        return forbid(ReplyCode::ChannelError, "expected 'channel.open'");
    if (!m_current)
        m_current = addChannel(number);
    if (!m_current)
        return false;
    if (m_current->isClosing())
        return method == ChannelCloseOk::info.id() || method == ChannelClose::info.id();
    if (m_current->isInContent())
        return forbid(ReplyCode::UnexpectedFrame,
                      "expected content header for class 60, got non "
                      "content header frame instead");
    if (m_current->isCommitting())
        return forbid(ReplyCode::ChannelError, "unexpected command while processing 'tx.commit'");
    return true;
}

bool Connection::isExpected(quint32 method) const
{
    switch (m_state) {
    case State::Header:
    case State::Closed: return false;
    case State::StartOk: return method == ConnectionStartOk::info.id();
    case State::SecureOk: return method == ConnectionSecureOk::info.id();
    case State::TuneOk: return method == ConnectionTuneOk::info.id();
    case State::OpenExpected: return method == ConnectionOpen::info.id();
    case State::Open:
        return method == ConnectionClose::info.id() || method == ConnectionUpdateSecret::info.id();
    case State::Closing:
        return method == ConnectionClose::info.id() || method == ConnectionCloseOk::info.id();
    }
    return false;
}

Channel *Connection::channelFor(quint16 number) const
{
    const auto it = m_channels.find(number);
    return it == m_channels.end() ? nullptr : it->second.get();
}

Channel *Connection::addChannel(quint16 number)
{
    if (m_channelMax > 0 && m_channels.size() >= m_channelMax) {
        const QByteArray limit = QByteArray::number(m_channelMax);
        close(refuse(ReplyCode::NotAllowed,
                     "number of channels opened (" + limit
                             + ") has reached the negotiated channel_max (" + limit + ')'),
              ChannelOpen::info.id());
        return nullptr;
    }
    auto &channel = m_channels[number];
    channel = std::make_unique<Channel>(*this, number);
    ++m_core.count().channels;
    return channel.get();
}

qsizetype Connection::consumerCount() const
{
    qsizetype count = 0;
    for (const auto &[number, channel] : m_channels)
        count += qsizetype(channel->consumers().size());
    return count;
}

void Connection::onChannel0(const ConnectionClose &)
{
    if (m_state != State::Closing)
        shutDown();
    send(0, ConnectionCloseOk{});
    closeLink(End::Close);
}

void Connection::onChannel0(const ConnectionCloseOk &)
{
    if (m_state == State::Closing)
        closeLink(End::Close);
}

void Connection::close(const Refusal &why, quint32 method)
{
    if (m_state == State::Closing || m_state == State::Closed)
        return;
    if (m_state == State::Header) // nothing is known of the client that could understand it
        return closeLink(End::Close);
    shutDown();
    m_isBlocked = false;
    const QByteArray text = replyText(why);
    if (why.code == ReplyCode::InternalError)
        method = 0;
    send(0,
         ConnectionClose{quint16(why.code), QByteArrayView(text), quint16(method >> 16),
                         quint16(method)});
    m_state = State::Closing;
    m_handshakeLimit = timeAfter(now(), m_core.settings().handshakeTimeout);
}

void Connection::closeLink(End how)
{
    shutDown();
    m_state = State::Closed;
    m_end = how;
    m_handshakeLimit = timeAfter(now(), m_core.settings().handshakeTimeout);
    m_core.ready(*this);
}

// The client may still send; nothing is sent to it any more.
void Connection::halfClose()
{
    if (m_state == State::Closed)
        return;
    m_end = End::HalfClose;
    m_core.ready(*this);
}

void Connection::lost(TimePoint now)
{
    m_core.setNow(now);
    if (m_faults)
        m_faults->ended();
    closeLink(End::Reset);
    m_core.settleDown(now);
}

// What was not acknowledged comes back first, so that nothing of it is lost with a queue.
void Connection::shutDown()
{
    if (m_host && m_core.watcher())
        m_core.watcher()->closed(*this);
    for (const auto &[number, channel] : m_channels)
        channel->shutDown();
    if (std::exchange(m_host, nullptr))
        m_core.removeExclusive(m_id);
}

void Connection::timeout(TimePoint now)
{
    if (m_faults) {
        m_faults->timeout();
        if (m_faults->isStalled())
            return;
    }
    if (m_state == State::Closed) {
        if (m_end == End::Close && now >= m_handshakeLimit)
            closeLink(End::Reset); // the client does not read the last words
        return;
    }
    if (m_state != State::Open && now >= m_handshakeLimit)
        return closeLink(m_state == State::Closing ? End::Close : End::Reset);
    if (m_unreadSince && now >= timeAfter(*m_unreadSince, m_core.settings().sendTimeout))
        return closeLink(End::Reset);
    if (m_isBlocked)
        m_heartbeat.received(now);
    m_heartbeat.observe(now);
    if (m_heartbeat.isPeerDead(now))
        return closeLink(End::Reset);
    if (m_heartbeat.isSendDue(now)) {
        Writer writer(m_output.reserve(FrameOverhead));
        beginFrame(writer, FrameType::Heartbeat, 0, 0);
        endFrame(writer);
        touch();
    }
}

std::optional<TimePoint> Connection::nextTimeout() const
{
    std::optional<TimePoint> next;
    if (m_faults)
        next = m_faults->nextTimeout();
    if (m_faults && m_faults->isStalled())
        return next;
    if (m_state == State::Closed)
        return m_end == End::Close ? earlier(next, m_handshakeLimit) : next;
    next = earlier(next, m_heartbeat.nextTimeout());
    if (m_state != State::Open)
        next = earlier(next, m_handshakeLimit);
    if (m_unreadSince)
        next = earlier(next, timeAfter(*m_unreadSince, m_core.settings().sendTimeout));
    return next;
}

bool Connection::wantsInput() const
{
    return !m_isBlocked && m_state != State::Closed && m_output.size() < MaxOutput
            && (!m_faults || m_faults->wantsInput());
}

QByteArray Connection::takeOutput()
{
    const QByteArray block = m_faults ? m_faults->takeOutput() : m_output.take();
    m_unreadSince = m_output.size() > 0 ? std::optional(now()) : std::nullopt;
    if ((m_isHeld || m_isFull) && m_output.size() < HighWater / 2) {
        if (std::exchange(m_isHeld, false)) {
            for (const auto &[number, channel] : m_channels)
                channel->wantsMore();
        }
        if (std::exchange(m_isFull, false))
            readFrames();
        m_core.settleDown(now());
    } else if (m_faults) {
        m_core.settleDown(now());
    }
    return block;
}

bool Connection::takesDeliveries()
{
    if (m_output.size() >= HighWater)
        m_isHeld = true;
    return !m_isHeld && m_state == State::Open && !(m_faults && m_faults->holdsDeliveries());
}

void Connection::touch()
{
    m_heartbeat.sent(now());
    if (!m_unreadSince)
        m_unreadSince = now();
    m_core.ready(*this);
}

void Connection::unblocked(TimePoint now)
{
    if (!std::exchange(m_isBlocked, false))
        return;
    m_heartbeat.received(now);
    if (m_blockedNotify)
        send(0, ConnectionUnblocked{});
    readFrames();
    m_core.ready(*this);
}

void Connection::sendContent(quint16 channel, const QAmqpMessage &message)
{
    const QAmqpMessagePrivate &content = QAmqpMessagePrivate::of(message);
    if (m_core.trace()) [[unlikely]]
        traceContent(channel, content.body.size());
    const qsizetype most = qsizetype(m_frameMax) - FrameOverhead;
    Writer header(m_output.reserve(FrameOverhead + ContentHeaderSize + content.properties.size()));
    encodeHeaderFrame(header, channel,
                      {BasicPublish::info.classId, quint64(content.body.size()), content.flags,
                       QByteArrayView(content.properties)});
    for (qsizetype at = 0; at < content.body.size(); at += most) {
        const qsizetype size = std::min(most, content.body.size() - at);
        if (size + FrameOverhead <= Output::BlockSize / 4) {
            Writer body(m_output.reserve(size + FrameOverhead));
            beginFrame(body, FrameType::Body, channel, size);
            body.bytes(QByteArrayView(content.body).sliced(at, size));
            endFrame(body);
            continue;
        }
        Writer begin(m_output.reserve(FrameHeaderSize));
        beginFrame(begin, FrameType::Body, channel, size);
        m_output.appendPart(content.body, at, size);
        *m_output.reserve(1) = char(FrameEnd);
    }
    touch();
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
