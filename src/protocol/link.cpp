// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/link.h"

#include "protocol/connectioncore.h"
#include "protocol/negotiation.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

Link::Link(ConnectionCore &connection, ConnectionContext &session, QAmqpHost host,
           std::optional<TimePoint> handshakeDeadline)
    : m_connection(connection)
    , m_session(session)
    , m_options(connection.options())
    , m_host(std::move(host))
    , m_reading(connection.isReading() || connection.isRecovering())
    , m_credentials(m_options.credentials())
{
    m_session.isReading = m_reading;
    m_deadlines[Deadline::Handshake] = handshakeDeadline;
    m_context.frameMax = m_context.headerMax = UntunedFrameMax;
    changeState(Cause::OpenCommand);
}

bool Link::changeState(quint32 cause)
{
    const auto to = findTransition(ConnectionTable::rows, state(), cause);
    if (to)
        m_context.state = *to;
    return to.has_value();
}

void Link::leave(quint32 cause)
{
    m_deadlines.clear();
    if (state() == ConnectionState::Lingering && cause != Cause::LinkLost)
        lingerFrom(m_now);
    else
        changeState(cause);
    m_question.reset();
    m_heartbeat.stop();
    countBlocked();
}

void Link::lingerFrom(TimePoint now)
{
    m_deadlines[Deadline::Linger] = now + m_options.lingerTime();
    setReading(true, now);
}

// Ends lingering: the peer has closed the stream, or takes too long to do so.
void Link::leaveAtLast()
{
    m_deadlines.clear();
    changeState(Cause::Ended);
}

void Link::end(const QAmqpError &error, quint32 guiltyMethod)
{
    m_connection.end(error, guiltyMethod);
}

// Gives no room while bytes wait to be parsed, so that an application that is slow to handle events does not
// pile up input; the peer is slowed down by TCP instead.
char *Link::receiveBuffer(qsizetype *size)
{
    if (m_backlog || !m_reading) {
        *size = 0;
        return nullptr;
    }
    return m_reader.space(size);
}

void Link::receive(qsizetype bytes, TimePoint now)
{
    m_reader.commit(bytes);
    m_traffic.bytesReceived += quint64(bytes);
    m_receivedAt = now;
    m_backlog = true;
    m_heartbeat.received(now);
}

void Link::receive(QByteArrayView bytes, TimePoint now)
{
    while (!bytes.isEmpty()) {
        qsizetype size = 0;
        char *space = m_reader.space(&size);
        size = std::min(size, bytes.size());
        std::memcpy(space, bytes.data(), size_t(size));
        receive(size, now);
        bytes = bytes.sliced(size);
    }
}

void Link::opened(TimePoint now)
{
    if (!changeState(Cause::TransportOpened))
        return;
    m_now = now;
    if (m_options.amqpTimeout().count() > 0)
        m_deadlines[Deadline::Amqp] = now + m_options.amqpTimeout();
    m_context.output.append(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
}

void Link::setReading(bool reading, TimePoint now)
{
    m_reading = m_session.isReading = reading;
    if (reading) {
        m_pause.end(now);
        m_readingSince = now;
    } else {
        m_pause.begin(now);
    }
}

void Link::drain() { changeState(Cause::CloseCommand); }

void Link::drained()
{
    if (state() == ConnectionState::Draining && changeState(Cause::Answered))
        m_session.events.append(ReadyToClose{});
}

// From now on only the answer is awaited, until the deadline that the application gave for closing.
void Link::close()
{
    m_deadlines.clear();
    m_heartbeat.stop();
    changeState(Cause::CloseSent);
    send(ConnectionClose{.replyCode = quint16(ReplyCode::Success),
                         .replyText = QByteArrayView("Normal shutdown")});
}

QByteArray Link::takeOutput(TimePoint now)
{
    QByteArray block = m_context.output.take();
    if (!block.isEmpty()) {
        m_traffic.bytesSent += quint64(block.size());
        m_sent.add(block, *m_session.log);
        m_heartbeat.sent(now);
    }
    return block;
}

Traffic Link::traffic() const
{
    Traffic traffic = m_traffic;
    traffic.framesSent = m_sent.count();
    return traffic;
}

void Link::turnBegan(TimePoint now)
{
    m_now = now;
    if (m_backlog || !m_reading) // nothing is read, so silence does not mean that the peer is dead
        m_heartbeat.received(now);
    m_pause.begin(now);
    m_heartbeat.observe(now);
}

void Link::checkDeadlines(TimePoint now)
{
    const bool amqpLate = m_deadlines.isDue(Deadline::Amqp, now);
    if (amqpLate || m_deadlines.isDue(Deadline::Handshake, now))
        return fail(
                Kind::Timeout, Origin::Library,
                u"%1 did not finish opening the connection within %2 ms (%3); check that this port "
                "speaks AMQP, and whether it wants TLS (amqps)",
                (amqpLate ? m_options.amqpTimeout() : m_options.handshakeTimeout()).count(),
                stateName(state()));
    if (m_deadlines.isDue(Deadline::Blocked, now)) {
        m_isGivenUp = true;
        return fail(Kind::Timeout, Origin::Library, u"%1 kept the connection blocked for %2 ms",
                    m_options.blockedConnectionTimeout().count());
    }
    if (m_deadlines.isDue(Deadline::Linger, now))
        return leaveAtLast();
    if (m_deadlines.isDue(Deadline::Secret, now))
        secretEnded(operationError(Kind::Timeout, Origin::Library,
                                   u"connection.update-secret was not answered by %1 within %2 ms",
                                   m_session.endpoint, m_options.requestTimeout().count()));
    logBlocked(now);
}

void Link::checkPeer(TimePoint now)
{
    if (m_heartbeat.isPeerDead(now))
        return fail(Kind::HeartbeatMissed, Origin::Library,
                    u"%1 sent nothing for %2 s, twice the heartbeat interval: the peer or the way "
                    "to it is dead",
                    2 * m_negotiated.heartbeat.count());
    if (m_deadlines.take(Deadline::Refresh, now))
        refreshSecret();
    if (m_heartbeat.isSendDue(now)) {
        Writer writer(m_context.output.reserve(FrameOverhead));
        beginFrame(writer, FrameType::Heartbeat, 0, 0);
        endFrame(writer);
    }
}

void Link::turnEnded(TimePoint now)
{
    m_turnEndedAt = now;
    if (m_reading)
        m_pause.end(now);
}

// Called at the end of each turn, so that an update-secret that became the oldest in it gets its deadline.
std::optional<TimePoint> Link::nextTimeout()
{
    if (isUsable()) {
        if (!m_deadlines[Deadline::Secret] && oldestSecret()
            && m_options.requestTimeout().count() > 0)
            m_deadlines[Deadline::Secret] = m_now + m_options.requestTimeout();
        setContentDeadline();
    }
    return earlier(m_deadlines.first(), m_heartbeat.nextTimeout());
}

// A broker at its limit may block and unblock all the time: after one line the others are only counted, and
// their number is logged once a second.
void Link::logBlocked(TimePoint now)
{
    if (!m_deadlines.take(Deadline::BlockedLog, now))
        return;
    countBlocked();
    m_blockedLoggedAt = now;
}

void Link::countBlocked()
{
    if (m_blockedNotLogged > 0)
        warn(formatted(u"the broker has blocked the connection %1 more times",
                       std::exchange(m_blockedNotLogged, 0)));
}

QAmqpError::Phase Link::phase() const
{
    using Phase = QAmqpError::Phase;
    if (state() <= ConnectionState::Connecting)
        return Phase::Connecting;
    if (state() < ConnectionState::Open)
        return Phase::Handshake;
    return isUsable() ? Phase::Open : Phase::Closing;
}

// Without this capability a broker just drops the connection of a user that it refuses.
static bool saysWhyItRefuses(const Negotiated &negotiated)
{
    return capabilities(negotiated.serverProperties)
            .value(QStringLiteral("authentication_failure_close"))
            .toBool();
}

void Link::lost(const QAmqpError &reason)
{
    if (state() == ConnectionState::Closed || state() == ConnectionState::Waiting)
        return;
    if (state() == ConnectionState::Lingering)
        leaveAtLast();
    else if (state() == ConnectionState::Closing)
        end({}); // the peer may drop the link instead of answering our close
    else if (reason.origin() == Origin::Application) // then the peer is not to blame
        end(reason);
    else if (const QString foreign = foreignPeer(); !foreign.isEmpty())
        fail(Kind::ProtocolViolation, Origin::Broker, u"%1 %2", foreign);
    else if (state() == ConnectionState::HeaderSent && reason.kind() != Kind::TlsFailed)
        end(m_session
                    .error(Kind::ConnectionLost, Origin::Broker,
                           u"%1 closed the connection without a word of AMQP; %2",
                           m_options.isTlsEnabled()
                                   ? "it may want a client certificate: set certfile and keyfile; "
                                     "or it speaks something else"
                                   : "check that this port speaks AMQP 0-9-1, and whether it "
                                     "wants TLS (amqps)")
                    .setCause(reason));
    else if (state() == ConnectionState::Opening && !saysWhyItRefuses(m_negotiated))
        end(m_session
                    .error(Kind::AccessRefused, Origin::Broker,
                           u"%1 closed the connection instead of opening virtual host \"%2\"; most "
                           "likely there is none of this name, or user \"%3\" has no access to it",
                           m_options.virtualHost(), m_credentials.userName())
                    .setCause(reason));
    else if (state() == ConnectionState::Starting && !saysWhyItRefuses(m_negotiated))
        end(m_session
                    .error(Kind::AuthenticationFailed, Origin::Broker,
                           u"%1 closed the connection after the login of user \"%2\"; check the "
                           "user name and the password",
                           m_credentials.userName())
                    .setCause(reason));
    else
        end(explained(reason));
}

// Adds to a loss what may have caused it: that this side did not write, or did not read.
QAmqpError Link::explained(const QAmqpError &loss) const
{
    if (!isUsable())
        return loss;
    QString why;
    if (const auto silence = m_heartbeat.silenceBefore(m_now))
        why = formatted(
                u"nothing was sent to it for %1 s, and a broker closes a connection on which it heard no heartbeat for %2 s: let the event loop run, or give the connection a thread of its own",
                silence->count(), 2 * m_negotiated.heartbeat.count());
    else if (const auto pause = m_pause.before(m_now))
        why = formatted(
                u"nothing was read from it for %1 s, and RabbitMQ closes a connection that is not read for 30 s: take its messages faster, or consume with acknowledgement and a prefetch",
                pause->count());
    if (why.isEmpty())
        return loss;
    return QAmqpError(loss.kind(), loss.scope(), loss.origin(),
                      formatted(u"%1; %2", loss.text(), why))
            .setPhase(loss.phase())
            .setEndpoint(loss.endpoint())
            .setSocketError(loss.socketError())
            .setCause(loss);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
