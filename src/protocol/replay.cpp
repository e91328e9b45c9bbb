// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "protocol/replay.h"

#include "codec/dispatch.h"
#include "values/errorkinds.h"
#include "values/wiretext.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int MaxBlame = 2;
constexpr milliseconds FirstRetry = 50ms;
constexpr milliseconds PutOffAfter = 2s;
constexpr milliseconds RetryOfPutOff = 1s;
constexpr int LargestShift = 5; // of what doubles with each try

void Replay::begin(const std::vector<quint64> &entities, std::set<quint64> leftOut,
                   std::chrono::seconds heartbeat)
{
    m_leftOut = std::move(leftOut);
    m_quarantined.clear();
    m_returned.clear();
    m_lost.clear();
    m_steps.clear();
    m_index.clear();
    m_sent.clear();
    m_left = m_busy = m_declaring = 0;
    m_retryAt.reset();
    m_channel = nullptr;
    // RabbitMQ keeps an exclusive queue until it has noticed the loss of a silent link, after three heartbeats, and
    // this side has noticed it after two.
    m_patience = 10s + heartbeat * 3 / 2;
    for (const quint64 id : entities) {
        const Topology::Entity *const entity = m_session.topology.find(id);
        Step &step = stepFor(*entity);
        if (entity->blame >= MaxBlame && m_quarantined.insert(id).second)
            skip(step,
                 operationError(
                         QAmqpError::Kind::ClosedByBroker, QAmqpError::Origin::Broker,
                         u"%1 links were lost over it: the broker closed them, or did not answer",
                         entity->blame));
        else
            setState(step, State::ToDo);
    }
    m_sendable = true;
}

Replay::Step &Replay::stepFor(const Topology::Entity &entity)
{
    const auto [place, isNew] = m_index.emplace(entity.id, m_steps.size());
    if (isNew)
        m_steps.push_back({.entity = entity.id, .kind = entity.kind});
    return m_steps[place->second];
}

void Replay::count(const Step &step, int sign)
{
    if (step.state == State::Done)
        return;
    m_left += sign;
    if (step.isPutOff)
        return;
    m_busy += sign;
    m_declaring += step.kind == Topology::Kind::QueueBinding ? 0 : sign;
}

void Replay::setState(Step &step, State state)
{
    count(step, -1);
    if (step.state == State::Sent)
        m_sent.erase(step.request);
    step.state = state;
    count(step, 1);
}

// What hangs on it is put off too.
void Replay::putOff(Step &step)
{
    if (step.isPutOff)
        return;
    count(step, -1);
    step.isPutOff = true;
    count(step, 1);
    const Topology::Entity *const entity = m_session.topology.find(step.entity);
    if (!entity || step.kind == Topology::Kind::QueueBinding)
        return;
    for (const quint64 binding : m_session.topology.bindingsOf(*entity)) {
        if (const auto index = m_index.find(binding); index != m_index.end())
            putOff(m_steps[index->second]);
    }
}

bool Replay::mayReturn(const QByteArray &queue) const
{
    const Topology::Entity *const entity = m_session.topology.queue(queue);
    return entity && entity->blame < MaxBlame && m_leftOut.count(entity->id) == 0
            && (m_declares || !entity->diesWithLink);
}

void Replay::await(const MissingQueue &queue)
{
    if (!mayReturn(queue.name))
        return;
    const Topology::Entity *const entity = m_session.topology.queue(queue.name);
    Step &awaited = stepFor(*entity);
    awaited.isAwaited = true;
    awaited.until = std::max(awaited.until, queue.until);
    awaited.isPatient = awaited.isPatient || queue.isPatient;
    if (awaited.state != State::Done)
        return;
    awaited.tries = 0;
    awaited.retryAt = queue.from;
    const bool isLater = queue.from > m_session.turnTime;
    setState(awaited, isLater ? State::Waiting : State::ToDo);
    if (isLater)
        m_retryAt = earlier(m_retryAt, queue.from);
    else
        m_sendable = true;
    for (const quint64 id :
         m_declares ? m_session.topology.bindingsOf(*entity) : std::vector<quint64>()) {
        Step &binding = stepFor(*m_session.topology.find(id));
        binding.tries = 0;
        if (binding.state == State::Done && m_leftOut.count(id) == 0)
            setState(binding, State::ToDo);
    }
    if (queue.isPatient && isLater)
        putOff(m_steps[m_index.at(entity->id)]);
}

bool Replay::linkLost(quint32 guiltyMethod, bool isInternal)
{
    m_channel = nullptr;
    const Step *const guilty = guiltyMethod || isInternal ? oldestSent(guiltyMethod) : nullptr;
    if (!guilty)
        return false;
    if (Topology::Entity *const entity = m_session.topology.find(guilty->entity))
        ++entity->blame;
    return true;
}

void Replay::forgive()
{
    for (const quint64 id : std::exchange(m_quarantined, {})) {
        if (Topology::Entity *const entity = m_session.topology.find(id))
            entity->blame = MaxBlame - 1;
    }
}

void Replay::noChannel(const QAmqpError &error)
{
    for (Step &step : m_steps) {
        if (step.state == State::ToDo)
            tryLater(step, error);
    }
    m_sendable = false;
}

// Whether the broker still carries it out is unknown, so the link is given up.
void Replay::stepTimedOut()
{
    if (const Step *const oldest = oldestSent(0)) {
        if (Topology::Entity *const entity = m_session.topology.find(oldest->entity))
            ++entity->blame;
    }
}

// The oldest step that is unanswered, of this method or of any.
Replay::Step *Replay::oldestSent(quint32 method)
{
    for (const auto &[request, index] : m_sent) {
        const Topology::Entity *const entity = m_session.topology.find(m_steps[index].entity);
        if (method == 0 || (entity && entity->method == method))
            return &m_steps[index];
    }
    return nullptr;
}

const Replay::Step *Replay::stepOf(const Topology::Entity *entity) const
{
    const auto index = entity ? m_index.find(entity->id) : m_index.end();
    return index == m_index.end() ? nullptr : &m_steps[index->second];
}

bool Replay::isAway(const QByteArray &queue) const
{
    const Step *const step = stepOf(m_session.topology.queue(queue));
    return step && step->state != State::Done;
}

bool Replay::holds(const QByteArray &queue) const
{
    const Step *const step = queue.isEmpty() ? nullptr : stepOf(m_session.topology.queue(queue));
    return step && step->state != State::Done && !step->isPatient
            && step->until == MissingQueue::Until::IsThere;
}

// It is not declared, but looked whether it is there: with its messages, a queue may outlive the link under the name
// that the broker made up for it.
bool Replay::isLookedFor(const Step &step, const Topology::Entity &entity) const
{
    return step.kind == Topology::Kind::Queue
            && (!m_declares
                || (entity.isNamedByBroker && !entity.diesWithLink && !step.isNameGone));
}

QByteArray Replay::methodFor(const Step &step, const Topology::Entity &entity) const
{
    return isLookedFor(step, entity) ? Topology::passiveDeclare(entity.name) : entity.encoded;
}

// A binding waits for all queues, and for its own one if that was put off.
bool Replay::isHeld(const Step &step) const
{
    if (step.kind != Topology::Kind::QueueBinding)
        return false;
    const Topology::Entity *const binding = m_session.topology.find(step.entity);
    return m_declaring > 0 || (binding && isAway(binding->name));
}

bool Replay::hasDue() const
{
    return std::any_of(m_steps.begin(), m_steps.end(), [this](const Step &step) {
        return step.state == State::ToDo && !isHeld(step);
    });
}

void Replay::use(ChannelCore &channel)
{
    m_channel = &channel;
    m_sendable = true;
}

// The channel is of no use when nothing is under way.
ChannelCore *Replay::release()
{
    if (!m_channel || !m_sent.empty() || m_sendable)
        return nullptr;
    if (m_left == 0 && !m_session.isRecovering) { // nobody asks any more what came of them
        m_steps.clear();
        m_index.clear();
    }
    return std::exchange(m_channel, nullptr);
}

void Replay::work()
{
    if (m_retryAt && *m_retryAt <= m_session.turnTime)
        wakeSteps();
    if (!m_channel || !m_sendable) {
        m_sendable = m_sendable && hasDue();
        return;
    }
    m_sendable = false;
    for (size_t index = 0; index < m_steps.size(); ++index) {
        Step &step = m_steps[index];
        if (step.state != State::ToDo || isHeld(step))
            continue;
        const Topology::Entity *const entity = m_session.topology.find(step.entity);
        if (!entity) { // it was deleted meanwhile
            setState(step, State::Done);
            continue;
        }
        step.request = m_channel->requestEncoded(entity->method, methodFor(step, *entity));
        m_sent.emplace(step.request, index);
        setState(step, State::Sent);
    }
}

void Replay::wakeSteps()
{
    m_retryAt.reset();
    for (Step &step : m_steps) {
        if (step.state != State::Waiting)
            continue;
        if (step.retryAt > m_session.turnTime) {
            m_retryAt = earlier(m_retryAt, step.retryAt);
            continue;
        }
        if (!isWanted(step)) {
            drop(step);
            continue;
        }
        setState(step, State::ToDo);
        m_sendable = true;
    }
}

// One consumer may be an exclusive one, or one that is not in the way. The broker alone knows that, and says it if the
// consumer that waits is started.
bool Replay::isTaken(const Step &step, quint32 consumers)
{
    constexpr int mostLooks = 6;
    switch (step.until) {
    case MissingQueue::Until::IsThere: break;
    case MissingQueue::Until::IsShared: return consumers == 1 && step.tries < mostLooks;
    case MissingQueue::Until::IsFree: return consumers > 0;
    }
    return false;
}

// Nobody needs a queue any more that was to be declared for consumers that have ended meanwhile.
bool Replay::isWanted(const Step &step) const
{
    const Topology::Entity *const entity = m_session.topology.find(step.entity);
    return entity && (!step.isPatient || entity->consumers > 0);
}

void Replay::drop(Step &step)
{
    setState(step, State::Done);
    const Topology::Entity *const entity = m_session.topology.find(step.entity);
    for (const quint64 id :
         entity ? m_session.topology.bindingsOf(*entity) : std::vector<quint64>()) {
        if (const auto binding = m_index.find(id); binding != m_index.end())
            setState(m_steps[binding->second], State::Done);
    }
}

void Replay::answered(const Request &request, const Replied &replied)
{
    const auto sent = m_sent.find(request.id);
    if (sent == m_sent.end())
        return;
    Step &step = m_steps[sent->second];
    if (isTaken(step, replied.count))
        return tryLater(
                step,
                operationError(
                        QAmqpError::Kind::AccessRefused, QAmqpError::Origin::Broker,
                        u"queue \"%1\" has another consumer, and one of the two is exclusive",
                        replied.name));
    setState(step, State::Done);
    m_sendable = m_sendable || (step.kind != Topology::Kind::QueueBinding && m_declaring == 0);
    if (Topology::Entity *const entity = m_session.topology.find(step.entity))
        declared(step, *entity, replied.name);
}

void Replay::declared(Step &step, Topology::Entity &entity, const QByteArray &name)
{
    entity.blame = 0;
    step.tries = 0;
    step.isSkipped = step.isPatient = step.isNameGone = false;
    step.until = MissingQueue::Until::IsThere;
    if (entity.kind != Topology::Kind::Queue)
        return;
    if (entity.isNamedByBroker && entity.name != name) {
        const QByteArray old = m_session.topology.rename(step.entity, name);
        m_renamed.append({textFromWire(old), textFromWire(name)});
        m_session.events.append(QueueRenamed{old, name});
    }
    m_session.topology.used(name, m_session.turnTime);
    if (step.isPutOff || std::exchange(step.isAwaited, false)) {
        m_returned.push_back(name);
        m_sendable = true;
    }
}

void Replay::ended(const QAmqpError &error, quint32 guiltyMethod)
{
    m_channel = nullptr;
    if (!error)
        return;
    Step *guilty = oldestSent(guiltyMethod);
    if (!guilty) // the broker names none of them
        guilty = oldestSent(0);
    const std::map<RequestId, size_t> sent = m_sent;
    for (const auto &[request, index] : sent)
        setState(m_steps[index], State::ToDo);
    m_sendable = true;
    if (guilty)
        refused(*guilty, error);
}

// What the broker says of an entity decides on whether it is tried again.
void Replay::refused(Step &step, const QAmqpError &error)
{
    const int code = error.replyCode();
    if (Topology::Entity *const entity = m_session.topology.find(step.entity);
        entity && code == int(ReplyCode::NotFound) && m_declares && isLookedFor(step, *entity)) {
        step.isNameGone = true; // the broker makes up another one
        return;
    }
    const bool isBinding = step.kind == Topology::Kind::QueueBinding
            || step.kind == Topology::Kind::ExchangeBinding;
    if (code == int(ReplyCode::ResourceLocked)
        || (code == int(ReplyCode::NotFound) && step.kind == Topology::Kind::Queue))
        return tryLater(step, error);
    if (code != int(ReplyCode::NotFound) || !isBinding || step.tries++ > 0)
        return skip(step, error);
    // The queue or the exchange is gone again: it is declared once more, and then the binding.
    const Topology::Entity *const binding = m_session.topology.find(step.entity);
    if (!binding)
        return skip(step, error);
    const Topology &topology = m_session.topology;
    for (const Topology::Entity *end :
         {topology.exchange(binding->source),
          step.kind == Topology::Kind::QueueBinding ? topology.queue(binding->name)
                                                    : topology.exchange(binding->name)}) {
        if (end && m_declares && m_leftOut.count(end->id) == 0)
            setState(stepFor(*end), State::ToDo);
    }
}

void Replay::tryLater(Step &step, const QAmqpError &error)
{
    if (step.tries++ == 0)
        step.refusedSince = m_session.turnTime;
    step.refusal = error;
    const auto waited = m_session.turnTime - step.refusedSince;
    if (waited > m_patience && !step.isPatient)
        return skip(step, error);
    setState(step, State::Waiting);
    if (waited >= PutOffAfter && !step.isPutOff)
        putOff(step);
    const int growth = 1 << std::min(step.tries - 1, LargestShift);
    step.retryAt = m_session.turnTime
            + (step.isPatient          ? RetryOfPutOff * growth
                       : step.isPutOff ? RetryOfPutOff
                                       : FirstRetry * growth);
    m_retryAt = earlier(m_retryAt, step.retryAt);
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
