// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/connectioncore.h"

#include "protocol/negotiation.h"
#include "values/qamqpmessage_p.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

ConnectionCore::ConnectionCore(const QAmqpConnectionOptions &options, quint32 seed,
                               std::shared_ptr<Log> log)
    : m_seed(seed)
{
    m_context.log = std::move(log);
    setOptions(options);
    m_channels.emplace_back();
}

ConnectionCore::~ConnectionCore() = default;

void ConnectionCore::setOptions(const QAmqpConnectionOptions &options)
{
    Q_ASSERT(state() == ConnectionState::Idle);
    m_options = options;
    m_context.endpoint = options.endpoint();
    m_context.maxMessageSize = options.maxMessageSize();
}

const Negotiated &ConnectionCore::negotiated() const
{
    const bool isNew = m_context.isRecovering && m_link && !m_link->isUsable();
    return m_link && !isNew ? m_link->negotiated() : m_lastNegotiated;
}

char *ConnectionCore::receiveBuffer(qsizetype *size)
{
    *size = 0;
    return m_link ? m_link->receiveBuffer(size) : nullptr;
}

void ConnectionCore::receive(qsizetype bytes, TimePoint now)
{
    if (m_link)
        m_link->receive(bytes, now);
}

void ConnectionCore::receive(QByteArrayView bytes, TimePoint now)
{
    if (m_link)
        m_link->receive(bytes, now);
}

void ConnectionCore::transportOpened(TimePoint now)
{
    m_now = now;
    if (m_link)
        m_link->opened(now);
}

void ConnectionCore::transportLost(const QAmqpError &reason)
{
    if (m_link)
        m_link->lost(reason);
    else if (!m_ended)
        end(reason);
}

void ConnectionCore::transportWritten()
{
    if (m_link)
        m_link->written();
}

void ConnectionCore::turnEnded(TimePoint now)
{
    if (m_link)
        m_link->turnEnded(now);
}

void ConnectionCore::open(TimePoint now)
{
    if (state() != ConnectionState::Idle)
        return;
    m_now = m_context.turnTime = now;
    m_reading = true;
    m_attempts.start(m_options, m_seed);
    beginAttempt();
}

void ConnectionCore::beginAttempt(bool nextAddress)
{
    const QAmqpHost host = m_options.hosts().value(m_attempts.host());
    m_context.endpoint = QAmqpConnectionOptions(m_options).setHosts({host}).endpoint();
    m_lastAddress = true;
    m_failedAddresses.clear();
    if (!nextAddress)
        m_deadlines[Deadline::Host] = m_options.handshakeTimeout().count() > 0
                ? std::optional(m_now + m_options.handshakeTimeout())
                : std::nullopt;
    m_earlier = traffic();
    m_link = std::make_unique<Link>(*this, m_context, host, m_deadlines[Deadline::Host]);
}

// A failed attempt does not end the session while there is another address or host to try, or another cycle
// allowed by the retry policy; except when close() was called, for which nothing is tried again.
bool ConnectionCore::tryAgain(const QAmqpError &error)
{
    const bool hasTime = !m_deadlines.isDue(Deadline::Host, m_now);
    const bool nextAddress = !m_lastAddress && hasTime && m_attempts.nextAddress(error);
    const auto delay = nextAddress ? std::chrono::milliseconds(0) : m_attempts.next(error);
    if (!delay || isClosing())
        return false;
    m_link->leave(Cause::AttemptFailed);
    if (!nextAddress)
        m_deadlines[Deadline::Host].reset();
    m_context.events.append(AttemptFailed{error, *delay});
    if (nextAddress)
        m_context.events.append(ConnectWanted{m_attempts.host(), true});
    else
        waitForAttempt(*delay);
    log().add(qtAmqpConnection(), QtInfoMsg,
              formatted(u"%1 (the next attempt follows in %2 ms)", error.text(), delay->count()));
    return true;
}

void ConnectionCore::transportReached(const QString &address, bool isLast,
                                      const QList<QAmqpError> &failures)
{
    if (state() != ConnectionState::Connecting)
        return;
    m_lastAddress = isLast;
    for (QAmqpError failure : failures)
        m_failedAddresses.append(failure.setEndpoint(m_context.endpoint));
    if (const QAmqpHost host = m_options.hosts().value(m_attempts.host());
        !address.isEmpty() && address != host.hostName)
        m_context.endpoint = formatted(u"%1 (%2)", m_context.endpoint, address);
}

void ConnectionCore::setReading(bool reading, TimePoint now)
{
    m_reading = reading;
    if (m_link
        && (reading
            || !isRecovering())) // a recovery reads until it is done, or until messages come
        m_link->setReading(reading, now);
}

void ConnectionCore::close(TimePoint deadline)
{
    if (state() == ConnectionState::Closed)
        return;
    if (m_context.isRecovering) // there is nobody to close it with
        return end({});
    std::optional<TimePoint> &end = m_deadlines[Deadline::Close];
    end = earlier(end, deadline).value_or(deadline);
    setReading(true, m_now); // the answers to what is still under way must be read
    if (m_link)
        m_link->drain();
    closeIfDrained();
}

// Closing waits for what was asked before: requests, publishes still to be sent, confirms.
void ConnectionCore::closeIfDrained()
{
    if (!isClosing() || state() >= ConnectionState::Closing)
        return;
    if (state() <= ConnectionState::Waiting) // there is no link on which it could be sent
        return end({});
    for (const auto &channel : m_channels) {
        if (channel && !channel->isIdle())
            return;
    }
    if (!isUsable())
        return end({});
    m_link->drained();
}

void ConnectionCore::finishClose()
{
    if (isReadyToClose())
        m_link->close();
}

void ConnectionCore::abort() { end({}); }

void ConnectionCore::updateSecret(const QByteArray &secret, const QByteArray &reason)
{
    m_link->updateSecret(secret, reason, false);
}

// The function that was asked may have closed the connection and opened it again: Link ignores an answer to
// a question that is not its own.
void ConnectionCore::answered(const QuestionPointer &question)
{
    if (question == m_filter)
        filtered(*std::exchange(m_filter, nullptr));
    else if (m_link)
        m_link->answered(question);
}

ChannelCore *ConnectionCore::addChannel(quint64 nextPublishTag)
{
    const quint16 limit = isUsable() ? negotiated().channelMax : m_options.channelMax();
    size_t number = 1;
    while ((number < m_channels.size() && m_channels[number]) || isPrivate(quint16(number)))
        ++number;
    if (number > (limit ? limit : 0xffff) && m_privateChannel
        && !channel(m_privateChannel->number()))
        number = m_privateChannel->number(); // it opens when that is done
    if (number > (limit ? limit : 0xffff))
        return nullptr;
    while (number >= m_channels.size())
        m_channels.emplace_back();
    m_channels[number] = std::make_unique<ChannelCore>(m_context, quint16(number), nextPublishTag);
    if (mayOpenChannels() && !isPrivate(quint16(number)))
        m_channels[number]->open(m_link->context());
    return m_channels[number].get();
}

void ConnectionCore::removeChannel(quint16 number)
{
    m_channels[number]->forget();
    dropIfOver(number);
}

void ConnectionCore::dropIfOver(quint16 number)
{
    if (const ChannelCore *core = channel(number); core && core->isOver())
        m_channels[number].reset();
}

quint32 ConnectionCore::outgoingFrameMax() const
{
    if (isUsable())
        return m_link->context().frameMax;
    return m_options.frameMax() ? m_options.frameMax() : DefaultFrameMax;
}

bool ConnectionCore::mayConfirm() const
{
    return !isUsable()
            || capabilities(negotiated().serverProperties)
                       .value(QStringLiteral("publisher_confirms"))
                       .toBool();
}

void ConnectionCore::linkOpened()
{
    m_openSince = m_now;
    m_lastNegotiated = m_link->negotiated();
    m_context.replay = &m_replay;
    m_replay.setDeclaring(m_options.topologyRecovery()
                          == QAmqpConnectionOptions::TopologyRecovery::All);
    m_deadlines[Deadline::Host].reset();
    if (isClosing())
        m_link->drain();
    if (m_context.isRecovering)
        return beginReplay();
    m_context.events.append(ConnectionOpened{});
    openChannels();
}

void ConnectionCore::openChannels()
{
    for (const auto &channel : m_channels) {
        if (channel && channel->wantsLink() && !isPrivate(channel->number()))
            openChannel(*channel);
    }
}

void ConnectionCore::openChannel(ChannelCore &channel)
{
    const Negotiated &agreed = negotiated();
    const auto refuse = [&](Kind kind, QStringView format, const auto &...limit) {
        channel.end(m_context.error(kind, Origin::Library, format, limit...)
                            .setScope(QAmqpError::Scope::Channel));
    };
    if (agreed.channelMax && channel.number() > agreed.channelMax)
        refuse(Kind::LimitExceeded,
               u"%1 allows %2 channels on a connection, and this would be one more; close "
               "channels or use a second connection",
               agreed.channelMax);
    else if (!channel.waitingFitsFrames(agreed.frameMax))
        refuse(Kind::LimitExceeded,
               u"%1 allows frames of %2 bytes, and something asked for before the connection "
               "was open does not fit one; shorten its headers or arguments",
               agreed.frameMax);
    else if (channel.isConfirming() && !mayConfirm())
        refuse(Kind::InvalidArgument,
               u"%1 knows no publisher confirms; call setConfirms(false) before the first "
               "publish()");
    else
        channel.open(m_link->context());
}

bool ConnectionCore::findEvent()
{
    while (m_context.events.empty()) {
        if (m_link && m_link->readFrame()) {
            if (m_context.hasRecoveryLeft)
                goOn();
            continue;
        }
        if (m_link && m_link->isWaitingForAnswer())
            return false;
        closeIfDrained();
        if (m_link)
            m_link->caughtUp();
        return !m_context.events.empty();
    }
    return true;
}

// The event is returned in one object (NRVO), since it is too large to be moved several times.
std::optional<Event> ConnectionCore::takeEvent()
{
    std::optional<Event> event;
    if (!findEvent())
        return event;
    event.emplace(std::move(m_context.events.front()));
    m_context.events.removeFirst();
    return event;
}

void ConnectionCore::recycle(QAmqpMessage &message)
{
    if (QAmqpMessagePrivate::keepMemory(message))
        QAmqpMessagePrivate::swap(m_context.spareMessage, message);
}

void ConnectionCore::lingerFrom(TimePoint now)
{
    if (isLingering())
        m_link->lingerFrom(now);
}

std::optional<Event> ConnectionCore::nextEvent()
{
    std::optional<Event> event = takeEvent();
    if (!event)
        return event;
    const auto *const asked = std::get_if<Asked>(&*event);
    const auto *const wanted = std::get_if<ConnectWanted>(&*event);
    if ((asked && asked->question != m_filter && !m_link->isAsking(asked->question))
        || (wanted && state() != ConnectionState::Waiting)) { // the session was closed meanwhile
        event = nextEvent();
        return event;
    }
    if (wanted)
        beginAttempt(wanted->nextAddress);
    if (const auto *settled = std::get_if<Settled>(&*event)) {
        if (ChannelCore *core = channel(settled->channel))
            core->reported(*settled);
    }
    return event;
}

// Each channel in turn sends one frame, so that a long body does not hold up another one.
std::optional<BodyPart> ConnectionCore::nextBodyPart(qint64 room)
{
    if (!isUsable())
        return std::nullopt;
    LinkContext &link = m_link->context();
    while (!link.bodies.empty() && link.output.size() < room) {
        ChannelCore *const core = channel(link.bodies.front());
        link.bodies.pop_front();
        if (std::optional<BodyPart> part = core ? core->nextBodyPart() : std::nullopt)
            return part;
    }
    return std::nullopt;
}

void ConnectionCore::bodyRead(BodyPart &part)
{
    if (ChannelCore *const core = isUsable() ? channel(part.channel()) : nullptr)
        core->bodyRead(part);
}

QByteArray ConnectionCore::takeOutput()
{
    return m_link ? m_link->takeOutput(m_now) : QByteArray();
}

void ConnectionCore::timeout(TimePoint now)
{
    m_now = m_context.turnTime = now;
    if (m_link) {
        LinkContext &link = m_link->context();
        link.bodies.insert(link.bodies.end(), link.waitingBodies.begin(), link.waitingBodies.end());
        link.waitingBodies.clear();
        m_link->turnBegan(now);
        m_link->checkDeadlines(now);
    }
    m_context.expire(now);
    if (m_deadlines.isDue(Deadline::Close, now) && !m_ended)
        end(m_context.error(Kind::Timeout, Origin::Library,
                            u"%1 did not let the connection close in time; it was cut"));
    if (m_deadlines.take(Deadline::Retry, now))
        m_context.events.append(ConnectWanted{m_attempts.host()});
    if (!isUsable())
        return;
    m_link->checkPeer(now);
    for (const quint16 number : m_context.timed) {
        if (ChannelCore *const core = channelOnLink(number))
            core->timeout(now, m_options.requestTimeout(), isBlocked());
    }
    if (const QAmqpError error = std::exchange(m_context.abandon, {})) {
        m_replay.stepTimedOut();
        return end(error);
    }
    const std::optional<TimePoint> retry = m_replay.nextTimeout();
    if (m_context.hasRecoveryLeft || (retry && *retry <= now))
        goOn();
}

std::optional<TimePoint> ConnectionCore::nextTimeout()
{
    std::optional<TimePoint> next = m_link ? m_link->nextTimeout() : std::nullopt;
    next = earlier(next, m_deadlines.first());
    next = earlier(next, m_context.firstDeadline());
    if (isUsable()) {
        std::erase_if(m_context.timed, [&](quint16 number) {
            ChannelCore *const core = channelOnLink(number);
            const auto time =
                    core ? core->nextTimeout(m_now, m_options.requestTimeout()) : std::nullopt;
            next = earlier(next, time);
            return !time;
        });
        next = earlier(next, m_replay.nextTimeout());
    }
    return next;
}

// What ends a link ends the session too, unless it was an attempt to open one and another follows.
void ConnectionCore::end(QAmqpError error, quint32 guiltyMethod)
{
    if (m_ended)
        return;
    if (error.isError()) {
        if (error.endpoint().isEmpty())
            error.setEndpoint(m_context.endpoint);
        if (error.phase() == QAmqpError::Phase::NoPhase)
            error.setPhase(m_link ? m_link->phase() : QAmqpError::Phase::Connecting);
    }
    const bool opening = state() >= ConnectionState::Waiting && state() <= ConnectionState::Opening;
    if (error.isError() && opening) {
        if (!m_failedAddresses.isEmpty())
            error.setAttempts(std::exchange(m_failedAddresses, {}) << QAmqpError(error));
        if (tryAgain(error))
            return;
        error = m_attempts.verdict();
    }
    const bool wasOpen = m_link && state() >= ConnectionState::Open;
    if (wasOpen && error.isError() && recover(error, guiltyMethod))
        return;
    dropPrivateChannel();
    if (wasOpen && error.isError())
        linkLost(error, guiltyMethod);
    if (m_link)
        m_link->leave(Cause::Ended);
    m_ended = true;
    m_filter.reset();
    m_deadlines.clear();
    for (const auto &channel : m_channels) {
        if (channel)
            channel->end(error);
    }
    m_context.events.append(ConnectionClosed{error});
}

// Reports the loss to the channels first. What was sent and not answered ends now; what waits to be sent
// does not.
void ConnectionCore::linkLost(const QAmqpError &cause, quint32 guiltyMethod)
{
    for (const auto &channel : m_channels) {
        if (channel)
            channel->linkLost(cause, guiltyMethod);
    }
    m_context.events.append(LinkLost{cause});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
