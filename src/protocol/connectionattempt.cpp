// The part of ConnectionCore that is about one attempt to connect: how it begins, what it means when it is
// lost, and whether another one follows.

#include "protocol/connectioncore.h"

#include "protocol/negotiation.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

// A broker without this can only cut the connection of a user it does not let in.
static bool saysWhyItRefuses(const Negotiated &negotiated)
{
    return capabilities(negotiated.serverProperties)
            .value(QStringLiteral("authentication_failure_close"))
            .toBool();
}

// Of the attempt before, nothing stays: neither what it sent or received, nor what was agreed.
void ConnectionCore::beginAttempt(bool nextAddress)
{
    move(Cause::OpenCommand);
    const QAmqpHost host = m_options.hosts().value(m_attempts.host());
    m_context.endpoint = QAmqpConnectionOptions(m_options).setHosts({host}).endpoint();
    m_context.frameMax = m_context.headerMax = UntunedFrameMax;
    m_context.output = {};
    m_reader = {};
    m_contentDeadline.reset();
    m_closedChannels.clear();
    m_question.reset();
    m_negotiated = {};
    m_challenges = 0;
    m_lastAddress = true;
    m_failedAddresses.clear();
    if (!nextAddress)
        m_hostDeadline = m_options.handshakeTimeout().count() > 0
                ? std::optional(m_now + m_options.handshakeTimeout())
                : std::nullopt;
    m_handshakeDeadline = m_hostDeadline;
}

// What ended an attempt is no end while there is another address, another host, or another time; not if
// close() waits.
bool ConnectionCore::tryAgain(const QAmqpError &error)
{
    const bool hasTime = !m_hostDeadline || m_now < *m_hostDeadline;
    const bool nextAddress = !m_lastAddress && hasTime && m_attempts.nextAddress(error);
    const auto delay = nextAddress ? std::chrono::milliseconds(0) : m_attempts.next(error);
    if (!delay || m_closeDeadline)
        return false;
    move(Cause::AttemptFailed);
    m_amqpDeadline.reset();
    m_handshakeDeadline.reset();
    m_question.reset();
    m_context.error = {};
    m_context.events.push_back(AttemptFailed{error, *delay});
    if (delay->count() > 0)
        m_retryAt = m_now + *delay;
    else
        m_context.events.push_back(ConnectWanted{m_attempts.host(), nextAddress});
    inform(formatted(u"%1 (the next attempt follows in %2 ms)", error.text(), delay->count()));
    return true;
}

void ConnectionCore::transportReached(const QString &address, bool isLast,
                                      const QList<QAmqpError> &failures)
{
    if (m_state != ConnectionState::Connecting)
        return;
    m_lastAddress = isLast;
    for (QAmqpError failure : failures)
        m_failedAddresses.append(failure.setEndpoint(m_context.endpoint));
    if (const QAmqpHost host = m_options.hosts().value(m_attempts.host());
        !address.isEmpty() && address != host.hostName)
        m_context.endpoint = formatted(u"%1 (%2)", m_context.endpoint, address);
}

void ConnectionCore::transportOpened(TimePoint now)
{
    if (!move(Cause::TransportOpened))
        return;
    m_now = now;
    if (m_options.amqpTimeout().count() > 0)
        m_amqpDeadline = now + m_options.amqpTimeout();
    m_context.output.append(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
}

void ConnectionCore::transportLost(const QAmqpError &reason)
{
    if (m_state == ConnectionState::Closed || m_state == ConnectionState::Waiting)
        return;
    if (m_state == ConnectionState::Closing)
        end({}); // the peer may drop the link instead of answering our close
    else if (reason.origin() == Origin::Application) // which says nothing of the peer
        end(reason);
    else if (const QString foreign = foreignPeer(); !foreign.isEmpty())
        fail(Kind::ProtocolViolation, Origin::Broker, u"%1 %2", foreign);
    else if (m_state == ConnectionState::HeaderSent && reason.kind() != Kind::TlsFailed)
        end(connectionError(Kind::ConnectionLost, Origin::Broker,
                            u"%1 closed the connection without a word of AMQP; %2",
                            m_options.isTlsEnabled()
                                    ? "it may want a client certificate: set certfile and keyfile; "
                                      "or it speaks something else"
                                    : "check that this port speaks AMQP 0-9-1, and whether it "
                                      "wants TLS (amqps)")
                    .setCause(reason));
    else if (m_state == ConnectionState::Opening && !saysWhyItRefuses(m_negotiated))
        end(connectionError(
                    Kind::AccessRefused, Origin::Broker,
                    u"%1 closed the connection instead of opening virtual host \"%2\"; most "
                    "likely there is none of this name, or user \"%3\" has no access to it",
                    m_options.virtualHost(), m_credentials.userName())
                    .setCause(reason));
    else if (m_state == ConnectionState::Starting && !saysWhyItRefuses(m_negotiated))
        end(connectionError(Kind::AuthenticationFailed, Origin::Broker,
                            u"%1 closed the connection after the login of user \"%2\"; check the "
                            "user name and the password",
                            m_credentials.userName())
                    .setCause(reason));
    else
        end(explained(reason));
}

// Names what may be behind a loss: that this side did not write, or did not read.
QAmqpError ConnectionCore::explained(const QAmqpError &loss) const
{
    if (m_state != ConnectionState::Open)
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
