// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The receiving half of Link: frames, and the handlers of the methods on channel 0.

#include "protocol/connectioncore.h"

#include "codec/dispatch.h"
#include "protocol/negotiation.h"
#include "values/tableformat.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

constexpr qint64 MaxAnswerBytes = 4 * 1024 * 1024;
constexpr auto Punctual = std::chrono::milliseconds(100);

bool Link::readFrame()
{
    if (state() <= ConnectionState::Connecting || state() == ConnectionState::Closed
        || isWaitingForAnswer())
        return false;
    if (readDelivery())
        return true;
    Frame frame;
    const bool isThere =
            m_reader.next({m_context.frameMax, m_context.headerMax}, frame, m_context.error);
    if (isThere) {
        ++m_traffic.framesReceived;
        m_session.log->frameReceived(frame);
        understand(frame);
    }
    judge();
    return isThere;
}

// Takes all frames of a delivery at once if they have arrived and nothing about it is unusual. It does what the
// frames would do one by one.
bool Link::readDelivery()
{
    WholeDelivery delivery;
    if (!isUsable() || !m_reader.findDelivery({m_context.frameMax, m_context.headerMax}, delivery))
        return false;
    ChannelCore *const channel = m_connection.channelOnLink(delivery.channel);
    if (!channel || !channel->takesDelivery() || m_closedChannels.count(delivery.channel) > 0)
        return false;
    m_reader.take(delivery);
    m_traffic.framesReceived += delivery.body.isEmpty() ? 2 : 3;
    m_session.log->deliveryReceived(delivery);
    channel->receive(delivery);
    m_connection.dropIfOver(delivery.channel);
    judge();
    return true;
}

void Link::caughtUp()
{
    checkContents();
    m_backlog = m_backlog && !m_session.events.empty();
}

// Ends the link if the peer did something wrong with what was received last.
void Link::judge()
{
    if (m_context.error.code != ReplyCode::Success) {
        const FrameError error = std::exchange(m_context.error, {});
        violated(error.code, error.text);
    }
    if (m_context.answerBytes > MaxAnswerBytes && isUsable())
        fail(Kind::LimitExceeded, Origin::Library,
             u"%1 does not read: %2 bytes of answers to it wait, which is too many",
             m_context.answerBytes);
}

// RabbitMQ writes all frames of a message at once. If the rest of one does not come, the network is stuck or
// the peer has lost track of its frames, and nothing that follows on this connection can be relied on.
//
// If this check itself runs late, the thread was busy for a while, and frames may be waiting in the socket:
// then the time starts anew.
void Link::checkContents()
{
    if (!m_deadlines.isDue(Deadline::Content, m_now))
        return;
    const auto patience = m_options.requestTimeout();
    const bool wasRead = m_reading && m_now - *m_deadlines[Deadline::Content] <= Punctual;
    for (const auto &channel : m_connection.channels()) {
        if (!channel || !channel->isReceiving())
            continue;
        channel->contentCame(wasRead ? m_readingSince : m_now);
        if (m_reader.isArriving(channel->number()))
            channel->contentCame(m_receivedAt);
        const auto deadline = channel->contentDeadline(m_now, patience);
        if (deadline && m_now >= *deadline)
            return fail(Kind::Timeout, Origin::Library,
                        u"%1 sent the beginning of a message on channel %2, and nothing more of it "
                        "within %3 ms",
                        channel->number(), patience.count());
    }
}

void Link::setContentDeadline()
{
    std::optional<TimePoint> &first = m_deadlines[Deadline::Content];
    first.reset();
    if (!std::exchange(m_context.contentBegan, false))
        return;
    for (const auto &channel : m_connection.channels()) {
        if (!channel || !channel->isReceiving())
            continue;
        m_context.contentBegan = true;
        first = earlier(first,
                        channel->contentDeadline(std::max(m_now, m_turnEndedAt),
                                                 m_options.requestTimeout()));
    }
}

static quint32 methodOf(const Frame &frame)
{
    Reader in(frame.payload);
    return frame.type == FrameType::Method ? in.read<quint32>() : 0;
}

// After its channel.close, until it has read our close-ok, RabbitMQ (3.10.8) may still send deliveries and
// other methods that it had begun to send; if both sides close at once, even after its close-ok. These are
// dropped until the channel number is in use again.
bool Link::isLate(const Frame &frame)
{
    if (m_closedChannels.count(frame.channel) == 0)
        return false;
    const ChannelCore *core = m_connection.channelOnLink(frame.channel);
    if (core && core->state() != ChannelState::Opening && core->state() != ChannelState::Closed) {
        m_closedChannels.erase(frame.channel);
        return false;
    }
    switch (methodOf(frame)) {
    case 0: // content
    case BasicDeliver::info.id():
    case BasicReturn::info.id():
    case BasicAck::info.id():
    case BasicNack::info.id():
    case BasicCancel::info.id(): return true;
    default: return false;
    }
}

// While the connection closes, all methods but close and close-ok are dropped (§1.4.2.7).
void Link::understand(const Frame &frame)
{
    if (frame.channel != 0) {
        ChannelCore *core = m_connection.channelOnLink(frame.channel);
        if (!m_context.mayWrite() || isLate(frame))
            return;
        if (!core || !core->isOf(m_context) || !isUsable())
            blame(ReplyCode::ChannelError, u"a frame came for channel %1, which is not open",
                  frame.channel);
        else
            core->receive(frame);
        const quint32 method =
                core && core->isOf(m_context) && core->isClosedOnLink() ? methodOf(frame) : 0;
        if (method == ChannelClose::info.id() || method == ChannelCloseOk::info.id())
            m_closedChannels.insert(frame.channel);
        m_connection.dropIfOver(frame.channel);
    } else if (frame.type == FrameType::Method) {
        receiveMethod(frame);
    }
}

void Link::receiveMethod(const Frame &frame)
{
    Reader in(frame.payload);
    const quint32 id = in.read<quint32>();
    if (!m_context.mayWrite() && id != ConnectionClose::info.id()
        && id != ConnectionCloseOk::info.id())
        return;
    if (!dispatch(id, in, *this))
        blame(ReplyCode::NotImplemented, u"the method %1 is unknown", methodName(id));
    else if (!in.ok())
        blame(ReplyCode::SyntaxError, u"%1 %2", methodName(id), in.error());
}

template<typename Method>
void Link::arrived(const Method &method)
{
    if constexpr (Method::info.classId != ConnectionStart::info.classId
                  || Method::info.sentBy == SentBy::Client) {
        blame(ReplyCode::CommandInvalid,
              u"%1 came from the broker on channel 0, where it has no place", Method::info.name);
    } else if (!changeState(Method::info.id())) {
        blame(ReplyCode::UnexpectedFrame, u"%1 came while the connection is %2", Method::info.name,
              stateName(state()));
    } else {
        handle(method);
    }
}

void Link::handle(const ConnectionStart &method)
{
    if (method.versionMajor != 0 || method.versionMinor != 9)
        return fail(Kind::ProtocolViolation, Origin::Broker,
                    u"%1 speaks AMQP %2-%3, this client 0-9-1", method.versionMajor,
                    method.versionMinor);
    Reader table(method.serverProperties);
    checkTable(method.serverProperties, table);
    if (!table.ok())
        return blame(ReplyCode::SyntaxError, u"the server properties of connection.start: %1",
                     table.error());
    m_negotiated.serverProperties = decodeTable(method.serverProperties);
    const QAmqpValue product = m_negotiated.serverProperties.value(QStringLiteral("product"));
    m_negotiated.takesAnyName = product.toString() != QLatin1StringView("RabbitMQ");
    ask({.asked = method.mechanisms.toByteArray(), .credentials = m_options.credentials()});
}

void Link::handle(const ConnectionTune &method)
{
    if (method.frameMax != 0 && method.frameMax < FrameMinSize)
        return blame(ReplyCode::SyntaxError,
                     u"connection.tune asks for frames of %1 bytes, the least is 4096",
                     method.frameMax);
    m_negotiated.channelMax = smallerLimit(m_options.channelMax(), method.channelMax);
    m_negotiated.frameMax = smallerLimit(m_options.frameMax(), method.frameMax);
    if (m_negotiated.frameMax == 0)
        m_negotiated.frameMax = DefaultFrameMax;
    m_negotiated.frameMax = std::min(m_negotiated.frameMax, LargestFrameMax);
    const std::chrono::seconds proposal(method.heartbeat);
    if (const auto tuner = m_options.heartbeatTuner())
        ask({.topic = Question::Topic::Heartbeat, .tuner = tuner, .heartbeat = proposal});
    else
        tuned({.heartbeat = m_options.heartbeat().value_or(proposal)});
}

void Link::handle(const ConnectionOpenOk &)
{
    m_deadlines.clear();
    m_deadlines[Deadline::Refresh] = m_refreshAt;
    inform(formatted(u"%1 is open", m_session.endpoint));
    m_heartbeat.start(m_negotiated.heartbeat, m_now);
    m_connection.linkOpened();
}

void Link::handle(const ConnectionClose &method)
{
    if (!std::exchange(m_closeAnswered, true))
        send(ConnectionCloseOk{});
    if (m_connection.isEnded())
        return;
    const bool asked =
            m_connection.isCloseRequested() && method.replyCode == quint16(ReplyCode::Success);
    const bool wasOpening = state() == ConnectionState::Waiting;
    const quint32 guilty = methodId(method.classId, method.methodId);
    const QString replyText = QString::fromUtf8(method.replyText);
    Kind kind = kindOfReplyCode(method.replyCode);
    QString what = QStringLiteral("closed the connection");
    if (wasOpening && method.replyCode == quint16(ReplyCode::AccessRefused)) {
        kind = Kind::AuthenticationFailed;
        what = formatted(u"refused user \"%1\"", m_credentials.userName());
    } else if (wasOpening && method.replyCode == quint16(ReplyCode::NotAllowed)) {
        kind = Kind::AccessRefused;
        what = formatted(u"refused virtual host \"%1\" to user \"%2\"", m_options.virtualHost(),
                         m_credentials.userName());
    }
    const QString guiltyName = guilty ? formatted(u", %1", methodName(guilty)) : QString();
    QAmqpError error =
            m_session.error(kind, Origin::Broker, u"%1 %2: %3 (%4%5)%6", what, replyText,
                            method.replyCode, guiltyName, adviceOn(method.replyCode, replyText));
    error.setReply(method.replyCode, replyText);
    error.setPhase(wasOpening ? QAmqpError::Phase::Handshake : QAmqpError::Phase::Open);
    if (guilty)
        error.setMethod(methodName(guilty));
    end(asked ? QAmqpError() : error, guilty);
}

void Link::handle(const ConnectionCloseOk &)
{
    m_deadlines.clear();
    end({});
}

void Link::handle(const ConnectionBlocked &method)
{
    const QString reason = QString::fromUtf8(method.reason);
    if (!std::exchange(m_blocked, true)) {
        if (m_blockedLoggedAt && m_now < *m_blockedLoggedAt + BlockedLineInterval) {
            ++m_blockedNotLogged;
            m_deadlines[Deadline::BlockedLog] = *m_blockedLoggedAt + BlockedLineInterval;
        } else {
            warn(formatted(u"the broker has blocked the connection: \"%1\"", reason));
            m_blockedLoggedAt = m_now;
        }
    }
    std::optional<TimePoint> &deadline = m_deadlines[Deadline::Blocked];
    if (!deadline && m_options.blockedConnectionTimeout().count() > 0)
        deadline = m_now + m_options.blockedConnectionTimeout();
    m_session.events.append(BlockedChanged{true, reason});
}

void Link::handle(const ConnectionUnblocked &)
{
    m_blocked = false;
    m_deadlines[Deadline::Blocked].reset();
    m_session.events.append(BlockedChanged{false, {}});
}

// Describes a peer that is no AMQP 0-9-1 broker by its first bytes: a protocol header of another version, a
// TLS record, or other text. Returns an empty string if it may be a broker.
QString Link::foreignPeer() const
{
    const QByteArrayView begin =
            m_reader.rest().first(std::min<qsizetype>(m_reader.rest().size(), 24));
    if (state() != ConnectionState::HeaderSent || begin.isEmpty()
        || quint8(begin.front()) == quint8(FrameType::Method)) // the beginning of connection.start
        return {};
    if (begin.startsWith("AMQP") && begin.size() >= FrameHeaderSize) // what FrameReader looks at
        return formatted(u"speaks AMQP %1.%2, this client 0-9-1; check the port", quint8(begin[5]),
                         quint8(begin[6]));
    if (begin.startsWith("\x15\x03"))
        return QStringLiteral("answered with TLS; use amqps or the plain port");
    QString text;
    for (const char c : begin)
        text += c >= 0x20 && c < 0x7f ? QChar::fromLatin1(c) : u'.';
    return formatted(u"does not speak AMQP: it answered \"%1\"; check host and port", text);
}

// The peer broke the protocol: sends connection.close with the reason, and ignores all that comes afterwards.
void Link::violated(ReplyCode code, const QString &text)
{
    if (state() == ConnectionState::Closed || state() == ConnectionState::Waiting)
        return;
    if (state() == ConnectionState::Lingering) // only the end of its stream matters now
        return m_reader.discard();
    if (state() == ConnectionState::Closing) // the same as a link that is lost while closing
        return end({});
    if (const QString foreign = foreignPeer(); !foreign.isEmpty() && code == ReplyCode::FrameError)
        return fail(Kind::ProtocolViolation, Origin::Broker, u"%1 %2", foreign);
    const QAmqpError error = m_session
                                     .error(Kind::ProtocolViolation, Origin::Broker,
                                            u"%1 broke the protocol: %2", text)
                                     .setReply(int(code), text)
                                     .setPhase(phase());
    const QByteArray replyText = text.toUtf8().left(MaxShortString);
    send(ConnectionClose{.replyCode = quint16(code), .replyText = QByteArrayView(replyText)});
    changeState(Cause::GivenUp);
    end(error);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
