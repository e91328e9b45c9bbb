// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/queue.h"

#include "testbroker/brokercore.h"
#include "testbroker/channel.h"
#include "values/qamqpmessage_p.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;

quint64 bodySize(const Message &message)
{
    return quint64(QAmqpMessagePrivate::of(message.content).body.size());
}

Queue::Queue(VirtualHost &host, QByteArray name, QueueSettings settings, quint64 owner,
             TimePoint now)
    : m_host(&host)
    , m_name(std::move(name))
    , m_settings(std::move(settings))
    , m_owner(owner)
    , m_lastUsed(now)
    , m_id(host.core().nextId())
{
}

const Consumer *Queue::activeConsumer() const
{
    return m_settings.singleActiveConsumer && !m_consumers.empty() ? m_consumers.front() : nullptr;
}

bool Queue::isFull(const Message &message) const
{
    return (m_settings.maxLength && m_readyCount + 1 > *m_settings.maxLength)
            || (m_settings.maxBytes && m_readyBytes + bodySize(message) > *m_settings.maxBytes);
}

bool Queue::isAbove() const
{
    return (m_settings.maxLength && m_readyCount > *m_settings.maxLength)
            || (m_settings.maxBytes && m_readyBytes > *m_settings.maxBytes);
}

Queue::Outcome Queue::publish(Message message, TimePoint now)
{
    if (!m_host)
        return Outcome::Refused;
    if (m_settings.overflow != Overflow::DropHead && isFull(message))
        dispatch(now);
    if (m_settings.overflow != Overflow::DropHead && isFull(message)) {
        if (m_settings.overflow == Overflow::RejectPublishDeadLetter)
            discard(message, "maxlen");
        return Outcome::Refused;
    }
    message.position = m_nextPosition++;
    message.expires = TimePoint::max();
    if (m_settings.messageTtl)
        message.expires = timeAfter(now, *m_settings.messageTtl);
    if (message.content.has(QAmqpMessage::Property::Expiration)) {
        const auto time = message.content.bytes(QAmqpMessage::Property::Expiration).toLongLong();
        message.expires =
                std::min(message.expires, timeAfter(now, std::chrono::milliseconds(time)));
    }
    append(std::move(message));
    m_host->core().changed(*this);
    if (isStream()) {
        trimStream();
    } else if (isAbove()) {
        dispatch(now);
        dropOverflow();
    }
    return m_isAnswering ? Outcome::Taken : Outcome::Open;
}

void Queue::append(Message message)
{
    size_t priority = 0;
    if (m_settings.maxPriority > 0)
        priority = std::min<size_t>(message.content.priority(), size_t(m_settings.maxPriority));
    ++m_readyCount;
    m_readyBytes += bodySize(message);
    Ready &ready = m_ready[priority];
    if (ready.empty() || ready.back().position < message.position) {
        ready.push_back(std::move(message));
        return;
    }
    // What comes back takes its old place.
    const auto place = std::lower_bound(
            ready.begin(), ready.end(), message.position,
            [](const Message &other, quint64 position) { return other.position < position; });
    ready.insert(place, std::move(message));
}

Queue::Ready *Queue::firstReady()
{
    for (auto ready = m_ready.rbegin(); ready != m_ready.rend(); ++ready) {
        if (!ready->second.empty())
            return &ready->second;
    }
    return nullptr;
}

Message Queue::takeFirst(Ready &ready)
{
    Message message = std::move(ready.front());
    ready.pop_front();
    --m_readyCount;
    m_readyBytes -= bodySize(message);
    return message;
}

// A message that may live for no time at all can still be handed out at once; that is why it is dropped before
// consumers are asked only if its time was over earlier.
void Queue::dropExpired(TimePoint now, bool atOnce)
{
    if (isStream())
        return;
    for (auto &[priority, ready] : m_ready) {
        while (!ready.empty()
               && (ready.front().expires < now || (atOnce && ready.front().expires <= now)))
            discard(takeFirst(ready), "expired");
    }
}

// What would be handed out next goes first, which is of the highest priority.
void Queue::dropOverflow()
{
    for (Ready *ready = firstReady(); ready && isAbove(); ready = firstReady())
        discard(takeFirst(*ready), "maxlen");
}

void Queue::discard(const Message &message, const char *reason)
{
    if (m_host && m_settings.deadLetterExchange)
        m_host->deadLetter(*this, message, reason);
}

std::optional<Message> Queue::take(TimePoint now, bool isHeld)
{
    used(now);
    dropExpired(now, true);
    Ready *ready = firstReady();
    if (!ready)
        return {};
    m_unacknowledged += isHeld;
    Message message = takeFirst(*ready);
    countDeliveries(message);
    dropExpired(now, true); // what comes first now
    return message;
}

quint64 Queue::purge()
{
    const quint64 count = m_readyCount;
    for (auto &[priority, ready] : m_ready)
        ready.clear();
    m_readyCount = m_readyBytes = 0;
    return count;
}

void Queue::requeue(Message message)
{
    --m_unacknowledged;
    if (!m_host || isStream())
        return;
    ++message.deliveries;
    if (m_settings.type == QueueType::Quorum) // it is said anew
        removeHeader(message.content, u"x-delivery-count"_s);
    if (m_settings.deliveryLimit && message.deliveries > *m_settings.deliveryLimit)
        return discard(message, "delivery_limit");
    append(std::move(message));
    m_host->core().changed(*this);
    if (m_settings.overflow == Overflow::DropHead)
        dropOverflow();
}

void Queue::reject(const Message &message)
{
    --m_unacknowledged;
    discard(message, "rejected");
}

void Queue::addConsumer(Consumer *consumer, TimePoint now)
{
    used(now);
    const auto place = m_settings.singleActiveConsumer
            ? m_consumers.end()
            : std::upper_bound(m_consumers.begin(), m_consumers.end(), consumer,
                               [](const Consumer *added, const Consumer *other) {
                                   return other->priority < added->priority;
                               });
    m_exclusiveConsumers += consumer->exclusive;
    m_consumers.insert(place, consumer);
    m_host->core().changed(*this);
}

void Queue::removeConsumer(Consumer *consumer, TimePoint now)
{
    if (std::erase(m_consumers, consumer) == 0 || !m_host)
        return;
    m_exclusiveConsumers -= consumer->exclusive;
    used(now);
    if (m_settings.autoDelete && m_consumers.empty())
        m_host->removeQueue(*this);
    else
        m_host->core().changed(*this);
}

Consumer *Queue::nextConsumer()
{
    for (size_t i = 0; i < m_consumers.size(); ++i) {
        Consumer *consumer = m_consumers[i];
        if (consumer->channel->canTake(*consumer)) {
            // Those with the same priority take turns.
            size_t end = i + 1;
            while (end < m_consumers.size() && m_consumers[end]->priority == consumer->priority)
                ++end;
            if (!m_settings.singleActiveConsumer)
                std::rotate(m_consumers.begin() + qsizetype(i),
                            m_consumers.begin() + qsizetype(i) + 1,
                            m_consumers.begin() + qsizetype(end));
            return consumer;
        }
        if (m_settings.singleActiveConsumer)
            break;
    }
    return nullptr;
}

void Queue::dispatch(TimePoint now)
{
    if (!m_host)
        return;
    if (isStream())
        return dispatchStream();
    dropExpired(now, false);
    for (Ready *ready = firstReady(); ready && !m_consumers.empty(); ready = firstReady()) {
        Consumer *consumer = nextConsumer();
        if (!consumer)
            break;
        Message message = takeFirst(*ready);
        if (message.expires < now) {
            discard(message, "expired");
            continue;
        }
        handOut(*consumer, std::move(message));
    }
    dropExpired(now, true);
    m_host->core().queueTimes(*this);
}

// Quorum queues tell how often a message was handed out before.
void Queue::countDeliveries(Message &message) const
{
    if (m_settings.type == QueueType::Quorum)
        addHeader(message.content, u"x-delivery-count"_s, qint64(message.deliveries));
}

void Queue::handOut(Consumer &consumer, Message message)
{
    countDeliveries(message);
    if (!consumer.noAck)
        ++m_unacknowledged;
    consumer.channel->deliver(consumer, std::move(message));
}

void Queue::used(TimePoint now)
{
    m_lastUsed = now;
    if (m_host && m_settings.expires)
        m_host->core().queueTimes(*this);
}

std::optional<TimePoint> Queue::nextTimeout() const
{
    std::optional<TimePoint> next;
    if (!m_host)
        return next;
    if (!isStream()) {
        for (const auto &[priority, ready] : m_ready) {
            if (!ready.empty())
                next = earlier(next, ready.front().expires);
        }
    }
    if (m_settings.expires && m_consumers.empty())
        next = earlier(next, timeAfter(m_lastUsed, *m_settings.expires));
    return next;
}

bool Queue::isExpired(TimePoint now) const
{
    return m_settings.expires && m_consumers.empty()
            && timeAfter(m_lastUsed, *m_settings.expires) <= now;
}

void Queue::forgetTransient()
{
    if (isStream())
        return;
    for (auto &[priority, ready] : m_ready) {
        Ready kept;
        kept.swap(ready);
        for (Message &message : kept) {
            --m_readyCount;
            m_readyBytes -= bodySize(message);
            if (message.content.deliveryMode() == QAmqpMessage::DeliveryMode::Persistent
                || m_settings.type != QueueType::Classic)
                append(std::move(message));
        }
    }
}

void Queue::remove(Removal why)
{
    m_host = nullptr;
    purge();
    for (Consumer *consumer : std::exchange(m_consumers, {})) {
        if (why != Removal::HostGone
            && !consumer->isStarting) // which finds out when it is answered
            consumer->channel->queueGone(consumer);
    }
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
