// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The part of ConnectionCore that outlives a link: whether another one is made, and what is done on it before
// everything works again.

#include "protocol/connectioncore.h"

#include "values/errorkinds.h"
#include "values/wiretext.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using namespace std::chrono_literals;
using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;
using TopologyRecovery = QAmqpConnectionOptions::TopologyRecovery;

// An open link that was up for so long is no sign of a broker that closes each one at once.
constexpr auto StableAfter = 10s;

// The network, the broker's end, or a timeout may be over on the next link. What one side did wrong is not, unless the
// broker says so of something that is only being declared again: that is left out next time.
bool ConnectionCore::isWorthAnother(const QAmqpError &cause, bool isBlamed) const
{
    const bool isClosed = isCloseRequested() || state() == ConnectionState::Closing;
    if (!m_options.isRecoveryEnabled() || isClosed || m_link->isGivenUp())
        return false;
    switch (cause.kind()) {
    case Kind::ConnectionLost:
    case Kind::HeartbeatMissed:
    case Kind::Timeout: return true;
    case Kind::TlsFailed: return cause.origin() == Origin::Transport;
    default:
        return isBlamed || cause.replyCode() == int(ReplyCode::ConnectionForced)
                || cause.replyCode() == int(ReplyCode::InternalError);
    }
}

// The broker may allow a user fewer channels than a connection, and closes it for one more. RabbitMQ may still count
// one that was closed a moment ago, and the application can use all, so that none is left for the library itself.
bool ConnectionCore::isOneChannelTooMany(const QAmqpError &cause, quint32 guiltyMethod)
{
    constexpr int most = 3;
    if (cause.replyCode() != int(ReplyCode::NotAllowed)
        || (guiltyMethod != ChannelOpen::info.id()
            && !cause.replyText().contains(QLatin1StringView("number of channels"))))
        return false;
    if (!m_privateChannel && !m_context.isRecovering)
        return false;
    m_hasSpareChannel = false;
    return ++m_channelRefusals <= most;
}

// Returns false if the session ends with the link.
bool ConnectionCore::recover(const QAmqpError &cause, quint32 guiltyMethod)
{
    const bool isInternal = cause.replyCode() == int(ReplyCode::InternalError) && !guiltyMethod;
    bool isBlamed = m_replay.linkLost(guiltyMethod, isInternal);
    const quint32 blamed = isInternal ? BasicConsume::info.id() : guiltyMethod;
    for (const auto &channel : m_channels)
        isBlamed = isBlamed || (channel && channel->isSetUpBlamed(cause, blamed));
    isBlamed = isBlamed || isOneChannelTooMany(cause, guiltyMethod);
    if (isBlamed)
        guiltyMethod = 0;
    if (!isWorthAnother(cause, isBlamed))
        return false;
    const bool wasStable = m_now - m_openSince >= StableAfter;
    const auto delay = m_attempts.recover(m_options.recoveryPolicy(), wasStable);
    if (!delay)
        return false;
    if (!std::exchange(m_context.isRecovering, true)) {
        m_recovery = {.since = m_now};
        m_replay.takeRenamed(); // what was renamed meanwhile is not of this recovery
        if (wasStable)
            m_replay.forgive();
    }
    m_context.hasRecoveryLeft = true;
    m_filter.reset();
    m_context.graceUntil.reset();
    dropPrivateChannel();
    for (const auto &channel : m_channels) {
        if (channel)
            channel->interrupted(cause, guiltyMethod);
    }
    for (size_t number = 1; number < m_channels.size(); ++number)
        dropIfOver(quint16(number));
    m_link->leave(Cause::LinkLost);
    m_context.events.append(LinkLost{cause, true});
    log().add(
            qtAmqpConnection(), QtInfoMsg,
            formatted(u"%1; the connection is made again in %2 ms", cause.text(), delay->count()));
    waitForAttempt(*delay);
    return true;
}

void ConnectionCore::waitForAttempt(std::chrono::milliseconds delay)
{
    if (m_context.isRecovering)
        m_context.events.append(RetryScheduled{++m_recovery.attempt, delay});
    if (delay.count() > 0)
        m_deadlines[Deadline::Retry] = m_now + delay;
    else
        m_context.events.append(ConnectWanted{m_attempts.host()});
}

void ConnectionCore::reconnectNow(TimePoint now)
{
    if (std::optional<TimePoint> &retry = m_deadlines[Deadline::Retry])
        retry = now;
}

// The channel on which the topology is declared belongs to one link.
void ConnectionCore::dropPrivateChannel() { m_privateChannel.reset(); }

void ConnectionCore::beginReplay()
{
    const TopologyRecovery scope = m_options.topologyRecovery();
    m_toReplay =
            scope == TopologyRecovery::All ? m_context.topology.all(m_now) : std::vector<quint64>();
    m_leftOut.clear();
    if (scope == TopologyRecovery::Nothing) {
        const QAmqpError reason = operationError(
                Kind::Interrupted, Origin::Transport,
                u"the link was lost, and consumers are not started again: see QAmqpConnectionOptions::setTopologyRecovery()");
        for (const auto &channel : m_channels) {
            for (const QByteArray &tag : channel ? channel->consumersToResume() : QByteArrayList())
                channel->giveUpConsumer(tag, reason);
        }
    }
    if (m_options.recoveryFilter())
        askFilter(m_toReplay);
    else
        replay();
}

// The application decides on each entity. Consumers come last.
void ConnectionCore::askFilter(const std::vector<quint64> &entities)
{
    m_filter = std::make_shared<Question>();
    m_filter->topic = Question::Topic::Recovery;
    m_filter->filter = m_options.recoveryFilter();
    for (const quint64 id : entities)
        m_filter->steps.append(m_context.topology.describe(*m_context.topology.find(id)));
    m_toResume.clear();
    for (const auto &channel : m_channels) {
        for (const QByteArray &tag : channel ? channel->consumersToResume() : QByteArrayList()) {
            m_toResume.push_back(channel->consumerId(tag));
            m_filter->steps.append(QAmqpRecoveryStep()
                                           .setEntity(QAmqpRecoveryStep::Entity::Consumer)
                                           .setName(textFromWire(tag))
                                           .setSource(textFromWire(channel->queueOfConsumer(tag))));
        }
    }
    m_context.events.append(Asked{m_filter});
}

// The function may have cancelled consumers.
void ConnectionCore::filtered(const Question &question)
{
    qsizetype at = 0;
    std::erase_if(m_toReplay, [&](quint64 id) {
        const bool isWanted = question.wanted.value(at++, true);
        if (!isWanted)
            m_leftOut.insert(id);
        return !isWanted;
    });
    std::set<RequestId> unwanted;
    for (const RequestId consumer : std::exchange(m_toResume, {})) {
        if (!question.wanted.value(at++, true))
            unwanted.insert(consumer);
    }
    const QAmqpError reason = operationError(
            Kind::Interrupted, Origin::Application,
            u"the link was lost, and the recovery's filter does not let this consumer start again");
    for (const auto &channel : m_channels) {
        for (const QByteArray &tag : channel ? channel->consumersToResume() : QByteArrayList()) {
            if (unwanted.count(channel->consumerId(tag)) > 0)
                channel->giveUpConsumer(tag, reason);
        }
    }
    replay();
}

void ConnectionCore::replay()
{
    std::erase_if(m_toReplay, [this](quint64 id) { return !m_context.topology.find(id); });
    m_replay.begin(std::exchange(m_toReplay, {}), std::exchange(m_leftOut, {}),
                   negotiated().heartbeat);
    for (const auto &channel : m_channels) {
        for (const MissingQueue &queue :
             channel ? channel->queuesToAwait() : std::vector<MissingQueue>())
            m_replay.await(queue);
    }
    goOn();
}

bool ConnectionCore::mayOpenChannels() const
{
    if (!isUsable())
        return false;
    return !m_context.isRecovering || (!m_filter && !m_replay.isBusy() && !m_privateChannel);
}

void ConnectionCore::giveReplayChannel()
{
    const quint16 limit = negotiated().channelMax ? negotiated().channelMax : quint16(0xffff);
    size_t number = 1;
    while (number < m_channels.size() && m_channels[number])
        ++number;
    if (number > limit
        || !m_hasSpareChannel) { // then a channel of the application that is not open yet waits
        number = std::min<size_t>(limit, m_channels.size() - 1);
        while (number > 0 && m_channels[number] && m_channels[number]->isOnLink())
            --number;
    }
    if (number == 0)
        return m_replay.noChannel(operationError(
                Kind::LimitExceeded, Origin::Library,
                u"all %1 channels of the connection are in use, and declaring needs one", limit));
    m_privateChannel = std::make_unique<ChannelCore>(m_context, quint16(number), 1, &m_replay);
    m_privateChannel->forget();
    m_privateChannel->open(m_link->context());
    m_replay.use(*m_privateChannel);
}

// Takes the next step, if there is one: after each frame while the session recovers, and when time has passed.
void ConnectionCore::goOn()
{
    if (m_ended || !isUsable() || m_filter)
        return;
    if (!m_reading && !m_context.events.empty()
        && std::holds_alternative<Delivered>(m_context.events.back()))
        m_link->setReading(false, m_now); // the rest of the recovery waits for the application too
    if (m_privateChannel && m_privateChannel->isOver())
        dropPrivateChannel();
    for (const auto &channel : m_channels) {
        for (const MissingQueue &queue :
             channel ? channel->takeMissingQueues() : std::vector<MissingQueue>())
            m_replay.await(queue);
    }
    m_replay.work();
    if (m_replay.wantsChannel() && !m_privateChannel) {
        giveReplayChannel();
        m_replay.work();
    }
    if (ChannelCore *const idle = m_replay.release())
        idle->close();
    passQueuesOn();
    for (const auto &channel : m_channels) {
        if (channel)
            channel->endForgottenConsumers();
    }
    if (!mayOpenChannels())
        return;
    openChannels();
    if (m_context.isRecovering
        && std::all_of(m_channels.begin(), m_channels.end(),
                       [](const auto &channel) { return !channel || channel->isSetUp(); }))
        recovered();
    m_context.hasRecoveryLeft = m_context.isRecovering || m_replay.isActive() || m_privateChannel;
}

// The consumers of queues that were put off start when these are back, or end.
void ConnectionCore::passQueuesOn()
{
    const auto returned = m_replay.takeReturned();
    const auto lost = m_replay.takeLost();
    if (returned.empty() && lost.empty())
        return;
    for (const auto &channel : m_channels) {
        if (!channel)
            continue;
        for (const QByteArray &queue : returned)
            channel->queueReturned(queue);
        for (const auto &[queue, error] : lost)
            channel->queueLost(queue, error);
    }
}

void ConnectionCore::recovered()
{
    constexpr auto grace = 5s;
    m_context.isRecovering = false;
    if (!m_reading)
        m_link->setReading(false, m_now);
    m_channelRefusals = 0;
    m_context.graceUntil = m_now + grace;
    QAmqpRecoveryReport &report = m_recovery.report;
    report.setAttempts(m_recovery.attempt)
            .setDuration(
                    std::chrono::duration_cast<std::chrono::milliseconds>(m_now - m_recovery.since))
            .setEndpoint(m_context.endpoint);
    for (const auto &[from, to] : m_replay.takeRenamed())
        report.addRenamedQueue(from, to);
    for (const QAmqpError &error : m_replay.skipped())
        report.addSkipped(error);
    for (const QAmqpError &error : m_replay.pending())
        report.addPending(error);
    log().add(qtAmqpConnection(), QtInfoMsg,
              formatted(u"%1 is open again, after %2 attempts", m_context.endpoint,
                        m_recovery.attempt));
    m_context.events.append(Recovered{std::exchange(report, {})});
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
