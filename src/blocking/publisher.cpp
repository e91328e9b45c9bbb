// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/publisher.h"

#include "blocking/qamqpblockingchannel_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

// How many messages may count without confirms, which have no window; and how many bytes in any case.
constexpr quint64 MaxUnsent = 1000;
constexpr qint64 MaxBytes = 8 * 1024 * 1024;
// How many messages of a window may fail and are kept for waitForConfirms(), MaxBytes at most.
constexpr qsizetype MaxFailed = 1000;

QAmqpPublishResult Publisher::publish(Outgoing message)
{
    const QString what = u"basic.publish"_s;
    QAmqpBlockingConnectionPrivate *const connection = m_channel->connection.get();
    Dispatcher::Lock lock(m_channel->mutex());
    message.number = ++m_lastNumber;
    message.confirmed = isConfirming();
    if (message.confirmed && m_window == 1) {
        lock.unlock();
        return m_channel->call<QAmqpPublishResult>(
                what, [this, message = std::move(message)](const Answered &answer) mutable {
                    message.answer = answer;
                    send(std::move(message));
                });
    }
    QAmqpError error = refusal(message.confirmed);
    if (!error && !hasRoom(1)) {
        // Waits until half of the window is free: a thread that is woken for each message gets little done.
        const auto end = connection->dispatcher.await(
                lock, m_room, [this] { return hasRoom(2) || !m_channel->isOpen; },
                m_channel->deadline());
        error = refusal(message.confirmed);
        if (!error && !hasRoom(1))
            error = connection->unanswered(u"basic.publish: room for one more message"_s, end);
    }
    if (error)
        return error;
    const quint64 number = message.number;
    const qint64 size = message.message.size();
    const bool posted = connection->thread.post(
            [channel = m_channel->shared_from_this(), message = std::move(message)]() mutable {
                channel->publisher.send(std::move(message));
            });
    if (!posted)
        return connection->notOpen(what);
    ++m_counted;
    m_countedBytes += size;
    return number;
}

// Whether less than one of `parts` equal parts of the limits is in use.
bool Publisher::hasRoom(quint64 parts) const
{
    const quint64 most = isConfirming() ? m_window : MaxUnsent;
    return m_counted == 0
            || (m_counted < std::max<quint64>(most / parts, 1)
                && m_countedBytes < MaxBytes / qint64(parts));
}

// Returns why a message cannot be published in a window or without confirms, or no error.
QAmqpError Publisher::refusal(bool confirmed) const
{
    if (confirmed && (m_failed.size() >= MaxFailed || m_failedBytes >= MaxBytes))
        return blockingError(
                Kind::LimitExceeded,
                u"basic.publish: %1 messages have failed and are kept for waitForConfirms(); call that first",
                QString::number(m_failed.size()));
    return m_channel->refusal(u"basic.publish"_s);
}

void Publisher::send(Outgoing &&message)
{
    QAmqpChannel *const channel = m_channel->channel;
    const quint64 tag = channel
            ? channel->publish(message.exchange, message.routingKey, message.message, message.flags)
            : 0;
    if (tag == 0) {
        const std::lock_guard lock(m_channel->mutex());
        settle(message,
               channel ? channel->lastError() : m_channel->connection->notOpen(u"basic.publish"_s));
        wakeForRoom();
    } else if (message.confirmed) {
        m_unanswered.emplace(tag, std::move(message));
    } else {
        ++m_held;
        m_heldBytes += message.message.size();
        if (channel->isReadyToPublish())
            letGo();
    }
}

// Without confirms: all messages were sent, or are lost with the channel.
void Publisher::letGo()
{
    const std::lock_guard lock(m_channel->mutex());
    m_counted -= std::exchange(m_held, 0);
    m_countedBytes -= std::exchange(m_heldBytes, 0);
    wakeForRoom();
}

void Publisher::wakeForRoom()
{
    if (hasRoom(2))
        m_room.notify_all();
}

void Publisher::watch(QAmqpChannel *channel)
{
    QObject::connect(channel, &QAmqpChannel::confirmed, channel,
                     [this](quint64 first, quint64 last) { settle(first, last, {}); });
    QObject::connect(channel, &QAmqpChannel::nacked, channel, [this](quint64 first, quint64 last) {
        const QAmqpError error(
                Kind::Nacked, QAmqpError::Scope::Operation, QAmqpError::Origin::Broker,
                u"the broker refused the message (basic.nack); a queue may be full, or the broker in trouble"_s);
        settle(first, last, error);
    });
    QObject::connect(channel, &QAmqpChannel::indeterminate, channel,
                     [this](quint64 first, quint64 last) { m_lost.emplace_back(first, last); });
    QObject::connect(channel, &QAmqpChannel::messageReturned, channel,
                     [this](const QAmqpReturn &message) { returned(message); });
    QObject::connect(channel, &QAmqpChannel::readyToPublish, channel, [this] { letGo(); });
}

static QAmqpError unansweredError(Kind kind, const QString &text, const QAmqpError &reason)
{
    QAmqpError error(kind, QAmqpError::Scope::Operation, reason.origin(), text);
    return error.setReply(reason.replyCode(), reason.replyText()).setCause(reason);
}

static QString mayHaveArrived(const QString &why)
{
    return u"the broker did not answer for the message, which may have arrived: "_s + why;
}

// The link is lost, and the channel recovers. What had left over that link fails; what waits is sent on the next one.
void Publisher::interrupted(const QAmqpError &cause)
{
    const QAmqpError error =
            unansweredError(Kind::Interrupted, mayHaveArrived(cause.text()), cause);
    for (const auto &[first, last] : std::exchange(m_lost, {}))
        settle(first, last, error);
}

// The messages that the broker has not answered for fail with the reason.
void Publisher::channelClosed(const QAmqpError &reason)
{
    letGo();
    m_lost.clear();
    if (m_unanswered.empty())
        return;
    QString text = reason ? reason.text() : u"the channel was closed"_s;
    // If only one message is unanswered, it is the one to blame, and has not arrived.
    if (m_unanswered.size() > 1 || reason.method() != u"basic.publish")
        text = mayHaveArrived(text);
    const QAmqpError error =
            unansweredError(reason ? reason.kind() : Kind::Cancelled, text, reason);
    settle(m_unanswered.begin()->first, m_unanswered.rbegin()->first, error);
}

void Publisher::settle(quint64 firstTag, quint64 lastTag, const QAmqpError &error)
{
    const std::lock_guard lock(m_channel->mutex());
    const auto first = m_unanswered.lower_bound(firstTag);
    const auto end = m_unanswered.upper_bound(lastTag);
    for (auto next = first; next != end; ++next)
        settle(next->second, error);
    m_unanswered.erase(first, end);
    wakeForRoom();
}

void Publisher::settle(Outgoing &message, const QAmqpError &why)
{
    const QAmqpError error = why ? why : message.returned;
    QList<QAmqpReturn> failed;
    if (error)
        failed.append(QAmqpReturn(message.message, message.returned.replyCode(),
                                  message.returned.replyText(), message.exchange,
                                  message.routingKey, message.number));
    if (message.answer)
        return message.answer->giveLocked(error ? QAmqpPublishResult(error, failed)
                                                : QAmqpPublishResult(message.number));
    --m_counted;
    m_countedBytes -= message.message.size();
    if (!message.confirmed) // waitForConfirms() does not return its outcome
        return;
    m_confirmed += !error;
    if (!m_failure)
        m_failure = error;
    if (error)
        m_failedBytes += message.message.size();
    m_failed += failed;
}

void Publisher::returned(const QAmqpReturn &message)
{
    const auto found = m_unanswered.find(message.publishTag());
    if (found == m_unanswered.end()) {
        const std::lock_guard lock(m_channel->mutex());
        return keep(message);
    }
    const QString text =
            u"the message to exchange \"%1\" with routing key \"%2\" reached no queue: %3"_s.arg(
                    message.exchange(), message.routingKey(), message.replyText());
    found->second.returned = QAmqpError(Kind::Unroutable, QAmqpError::Scope::Operation,
                                        QAmqpError::Origin::Broker, text)
                                     .setReply(message.replyCode(), message.replyText());
}

// Without a callback only the last returns are kept, for a callback that may be set later.
void Publisher::keep(const QAmqpReturn &message)
{
    if (m_channel->silenced)
        return;
    Dispatcher &dispatcher = m_channel->connection->dispatcher;
    dispatcher.post(this, m_channel->weak_from_this(), [this, message] {
        countReturns(-1, -message.size());
        return m_returnedHandler.with(message);
    });
    countReturns(1, message.size());
    while (!m_returnedHandler && m_returns > 1
           && (m_returns > MaxFailed || m_returnBytes > MaxBytes))
        dispatcher.dropFirst(this);
}

// With a callback all returns are kept, and count like messages that are not bounded by a prefetch.
void Publisher::countReturns(qint64 messages, qint64 bytes)
{
    m_returns += messages;
    m_returnBytes += bytes;
    const qint64 counted = m_returnedHandler ? m_returns : 0;
    const qint64 countedBytes = m_returnedHandler ? m_returnBytes : 0;
    m_channel->connection->countWaiting(
            counted - std::exchange(m_countedReturns, counted),
            countedBytes - std::exchange(m_countedReturnBytes, countedBytes));
}

void Publisher::silence()
{
    m_channel->connection->dispatcher.drop(this);
    countReturns(-m_returns, -m_returnBytes);
}

// Called in a process that fork() made, where the outcomes will never be known.
void Publisher::giveUp(const QAmqpError &reason)
{
    m_counted = 0;
    m_failure = reason;
}

QAmqpPublishResult Publisher::waitForConfirms(TimePoint deadline)
{
    QAmqpBlockingConnectionPrivate *const connection = m_channel->connection.get();
    Dispatcher::Lock lock(m_channel->mutex());
    if (!isConfirming())
        return blockingError(
                Kind::InvalidArgument,
                u"waitForConfirms() needs confirms, which setConfirms(false) or txSelect() turned off");
    const auto isDone = [&] { return m_counted == 0; };
    const auto end = connection->dispatcher.await(lock, m_room, isDone, deadline);
    if (end != Dispatcher::End::Done)
        return connection->unanswered(u"waitForConfirms(): of %1 messages"_s.arg(m_counted), end);
    const quint64 confirmed = std::exchange(m_confirmed, 0);
    m_failedBytes = 0;
    if (const QAmqpError error = std::exchange(m_failure, {}))
        return QAmqpPublishResult(error, std::exchange(m_failed, {}));
    return confirmed;
}

void Publisher::setWindow(quint64 messages)
{
    m_window = std::max<quint64>(messages, 1);
    wakeForRoom();
}

void Publisher::onReturned(std::function<void(const QAmqpReturn &)> function)
{
    m_returnedHandler.set(m_channel->mutex(), std::move(function));
    m_channel->locked([this] { countReturns(); });
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
