#include "protocol/connectioncore.h"

#include "protocol/negotiation.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

constexpr auto BlockedLineInterval = std::chrono::seconds(1);

ConnectionCore::ConnectionCore(const QAmqpConnectionOptions &options, quint32 seed,
                               std::shared_ptr<Log> log)
    : m_seed(seed)
{
    m_context.log = std::move(log);
    setOptions(options);
    m_context.frameMax = m_context.headerMax = UntunedFrameMax;
    m_channels.emplace_back();
}

ConnectionCore::~ConnectionCore() = default;

void ConnectionCore::setOptions(const QAmqpConnectionOptions &options)
{
    Q_ASSERT(m_state == ConnectionState::Idle);
    m_options = options;
    m_context.endpoint = options.endpoint();
    m_credentials = options.credentials();
    m_context.maxMessageSize = options.maxMessageSize();
}

bool ConnectionCore::move(quint32 cause)
{
    const ConnectionState *to = findTransition(ConnectionTable::rows, m_state, cause);
    if (to)
        enter(*to);
    return to != nullptr;
}

// Refuses room while octets wait to be parsed: that is the back-pressure of a busy turn.
char *ConnectionCore::receiveBuffer(qsizetype *size)
{
    if (m_backlog || !m_reading) {
        *size = 0;
        return nullptr;
    }
    return m_reader.space(size);
}

void ConnectionCore::receive(qsizetype bytes, TimePoint now)
{
    m_reader.commit(bytes);
    m_bytesReceived += quint64(bytes);
    m_receivedAt = now;
    m_backlog = true;
    m_heartbeat.received(now);
}

void ConnectionCore::receive(QByteArrayView bytes, TimePoint now)
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

void ConnectionCore::open(TimePoint now)
{
    if (m_state != ConnectionState::Idle)
        return;
    m_now = now;
    m_reading = true;
    m_pause = {};
    m_attempts.start(m_options, m_seed);
    beginAttempt();
}

void ConnectionCore::setReading(bool reading, TimePoint now)
{
    m_reading = reading;
    if (reading) {
        m_pause.end(now);
        m_readingSince = now;
    } else {
        m_pause.begin(now);
    }
}

void ConnectionCore::close(TimePoint deadline)
{
    if (m_state == ConnectionState::Closed || m_state == ConnectionState::Closing)
        return;
    m_closeDeadline = deadline;
    m_reading = true; // the answers
    closeIfDrained();
}

// Closing waits for what was asked before: requests, publishes still to be sent, confirms.
void ConnectionCore::closeIfDrained()
{
    if (!m_closeDeadline || m_state >= ConnectionState::Closing)
        return;
    if (m_state <= ConnectionState::Waiting) // nothing of it will ever be sent
        return end({});
    for (const auto &channel : m_channels) {
        if (channel && !channel->isIdle())
            return;
    }
    if (m_state != ConnectionState::Open)
        return end({});
    if (!std::exchange(m_closeReady, true))
        m_context.events.push_back(ReadyToClose{});
}

void ConnectionCore::finishClose()
{
    if (!m_closeReady || m_state != ConnectionState::Open)
        return;
    move(Cause::CloseSent);
    send(ConnectionClose{.replyCode = quint16(ReplyCode::Success),
                         .replyText = QByteArrayView("Normal shutdown")});
}

void ConnectionCore::abort() { end({}); }

void ConnectionCore::updateSecret(const QByteArray &secret, const QByteArray &reason,
                                  bool automatic)
{
    send(ConnectionUpdateSecret{QByteArrayView(secret), QByteArrayView(reason)});
    m_secrets.push_back({.automatic = automatic});
}

ChannelCore *ConnectionCore::addChannel(quint64 nextPublishTag)
{
    const quint16 limit =
            m_state == ConnectionState::Open ? m_negotiated.channelMax : m_options.channelMax();
    size_t number = 1;
    while (number < m_channels.size() && m_channels[number])
        ++number;
    if (number > (limit ? limit : 0xffff))
        return nullptr;
    if (number == m_channels.size())
        m_channels.emplace_back();
    m_channels[number] = std::make_unique<ChannelCore>(m_context, quint16(number), nextPublishTag);
    m_channels[number]->open();
    return m_channels[number].get();
}

void ConnectionCore::removeChannel(quint16 number)
{
    m_channels[number]->forget();
    if (m_channels[number]->isOver())
        m_channels[number].reset();
}

quint32 ConnectionCore::outgoingFrameMax() const
{
    if (m_context.open)
        return m_context.frameMax;
    return m_options.frameMax() ? m_options.frameMax() : DefaultFrameMax;
}

bool ConnectionCore::mayConfirm() const
{
    return !m_context.open
            || capabilities(m_negotiated.serverProperties)
                       .value(QStringLiteral("publisher_confirms"))
                       .toBool();
}

bool ConnectionCore::findEvent()
{
    while (m_context.events.empty()) {
        if (m_question && m_state < ConnectionState::Open)
            return false;
        if (m_state <= ConnectionState::Connecting || m_state == ConnectionState::Closed
            || !receiveFrame()) {
            closeIfDrained();
            checkContents();
            m_backlog = m_backlog && !m_context.events.empty();
            return !m_context.events.empty();
        }
    }
    return true;
}

// One object from the queue to the caller: an event is large to be moved about.
std::optional<Event> ConnectionCore::nextEvent()
{
    std::optional<Event> event;
    if (!findEvent())
        return event;
    event.emplace(std::move(m_context.events.front()));
    m_context.events.pop_front();
    const auto *const asked = std::get_if<Asked>(&*event);
    const auto *const wanted = std::get_if<ConnectWanted>(&*event);
    if ((asked && asked->question != m_question)
        || (wanted && m_state != ConnectionState::Waiting)) { // it was closed meanwhile
        event = nextEvent();
        return event;
    }
    if (wanted)
        beginAttempt(wanted->nextAddress);
    if (const auto *settled = std::get_if<Settled>(&*event)) {
        if (ChannelCore *core = channel(settled->channel))
            core->told(*settled);
    }
    if (const auto *replied = std::get_if<Replied>(&*event); replied && !replied->name.isEmpty()) {
        if (ChannelCore *core = channel(replied->channel))
            core->told(replied->request);
    }
    return event;
}

QByteArray ConnectionCore::takeOutput()
{
    QByteArray block = m_context.output.take();
    if (!block.isEmpty()) {
        m_bytesSent += quint64(block.size());
        m_sent.add(block, log());
        m_heartbeat.sent(m_now);
    }
    return block;
}

void ConnectionCore::timeout(TimePoint now)
{
    m_now = now;
    if (m_state == ConnectionState::Closed)
        return;
    if (m_backlog || !m_reading) // what the peer sends meanwhile cannot be seen
        m_heartbeat.received(now);
    m_pause.begin(now);
    m_heartbeat.look(now);
    m_context.expire(now);
    tellBlocked(now);
    checkDeadlines(now);
    if (m_retryAt && now >= *m_retryAt) {
        m_retryAt.reset();
        m_context.events.push_back(ConnectWanted{m_attempts.host()});
    }
    if (m_state != ConnectionState::Open)
        return;
    if (m_heartbeat.isPeerDead(now))
        return fail(Kind::HeartbeatMissed, Origin::Library,
                    u"%1 sent nothing for %2 s, twice the heartbeat interval: the peer or the way "
                    "to it is dead",
                    2 * m_negotiated.heartbeat.count());
    if (m_refreshAt && now >= *m_refreshAt)
        refreshSecret();
    if (m_heartbeat.isSendDue(now)) {
        Writer writer(m_context.output.reserve(FrameOverhead));
        beginFrame(writer, FrameType::Heartbeat, 0, 0);
        endFrame(writer);
    }
    for (const quint16 number : m_context.timed) {
        if (ChannelCore *const core = channel(number))
            core->timeout(now, m_options.requestTimeout(), m_blocked);
    }
}

void ConnectionCore::turned(TimePoint now)
{
    m_turnedAt = now;
    if (m_reading)
        m_pause.end(now);
}

void ConnectionCore::checkDeadlines(TimePoint now)
{
    const bool amqpLate = m_amqpDeadline && now >= *m_amqpDeadline;
    if (amqpLate || (m_handshakeDeadline && now >= *m_handshakeDeadline)) {
        fail(Kind::Timeout, Origin::Library,
             u"%1 did not finish opening the connection within %2 ms (%3); check that this port "
             "speaks AMQP, and whether it wants TLS (amqps)",
             (amqpLate ? m_options.amqpTimeout() : m_options.handshakeTimeout()).count(),
             stateName(m_state));
    } else if (m_closeDeadline && now >= *m_closeDeadline) {
        fail(Kind::Timeout, Origin::Library,
             u"%1 did not let the connection close in time; it was cut");
    } else if (m_blockedDeadline && now >= *m_blockedDeadline) {
        fail(Kind::Timeout, Origin::Library, u"%1 kept the connection blocked for %2 ms",
             m_options.blockedConnectionTimeout().count());
    } else if (m_secretDeadline && now >= *m_secretDeadline) {
        secretEnded(operationError(Kind::Timeout, Origin::Library,
                                   u"connection.update-secret was not answered by %1 within %2 ms",
                                   m_context.endpoint, m_options.requestTimeout().count()));
    }
}

std::optional<TimePoint> ConnectionCore::nextTimeout()
{
    std::optional<TimePoint> next;
    const auto consider = [&next](std::optional<TimePoint> time) {
        if (time && *time < TimePoint::max() && (!next || *time < *next))
            next = time;
    };
    if (m_state == ConnectionState::Closed)
        return next;
    consider(m_retryAt);
    consider(m_amqpDeadline);
    consider(m_handshakeDeadline);
    consider(m_closeDeadline);
    consider(m_blockedDeadline);
    if (m_blockedUntold > 0)
        consider(*m_blockedTold + BlockedLineInterval);
    consider(m_context.firstDeadline());
    if (m_state == ConnectionState::Open) {
        if (!m_secretDeadline && oldestSecret() && m_options.requestTimeout().count() > 0)
            m_secretDeadline = m_now + m_options.requestTimeout();
        consider(m_secretDeadline);
        consider(m_refreshAt);
        consider(m_heartbeat.nextTimeout());
        consider(nextContentDeadline());
        std::erase_if(m_context.timed, [&](quint16 number) {
            ChannelCore *const core = channel(number);
            const auto time =
                    core ? core->nextTimeout(m_now, m_options.requestTimeout()) : std::nullopt;
            consider(time);
            return !time;
        });
    }
    return next;
}

// A broker at its limit may block and unblock all the time: of what follows the first line, only the
// number is told.
void ConnectionCore::tellBlocked(TimePoint now)
{
    if (!m_blockedTold || now < *m_blockedTold + BlockedLineInterval)
        return;
    m_blockedTold.reset();
    if (m_blockedUntold > 0) {
        countBlocked();
        m_blockedTold = now;
    }
}

void ConnectionCore::countBlocked()
{
    if (m_blockedUntold > 0)
        warn(formatted(u"the broker has blocked the connection %1 more times",
                       std::exchange(m_blockedUntold, 0)));
}

QAmqpError::Phase ConnectionCore::phase() const
{
    using Phase = QAmqpError::Phase;
    if (m_state <= ConnectionState::Connecting)
        return Phase::Connecting;
    if (m_state < ConnectionState::Open)
        return Phase::Handshake;
    return m_state == ConnectionState::Open ? Phase::Open : Phase::Closing;
}

// The one end of a session: channels are told first, then the connection.
void ConnectionCore::end(QAmqpError error)
{
    if (error.isError()) {
        if (error.endpoint().isEmpty())
            error.setEndpoint(m_context.endpoint);
        if (error.phase() == QAmqpError::Phase::NoPhase)
            error.setPhase(phase());
    }
    const bool opening = m_state >= ConnectionState::Waiting && m_state <= ConnectionState::Opening;
    if (error.isError() && opening) {
        if (!m_failedAddresses.isEmpty())
            error.setAttempts(std::exchange(m_failedAddresses, {}) << QAmqpError(error));
        if (tryAgain(error))
            return;
        error = m_attempts.verdict();
    }
    if (!move(Cause::Ended) && m_state != ConnectionState::Closed)
        return;
    m_retryAt.reset();
    m_question.reset();
    m_context.open = false;
    m_heartbeat.stop();
    countBlocked();
    for (const auto &channel : m_channels) {
        if (channel)
            channel->end(error);
    }
    if (!m_ended)
        m_context.events.push_back(ConnectionClosed{error});
    m_ended = true;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
