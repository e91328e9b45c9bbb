// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/publisher.h"

#include "blocking/qamqpblockingchannel_p.h"

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

using Kind = QAmqpError::Kind;

// What may be under way without confirms, where no window was set; and in bytes in any case.
constexpr quint64 MaxUnsent = 1000;
constexpr qint64 MaxBytes = 8 * 1024 * 1024;
// What may have failed within a window and is kept for waitForConfirms(); in bytes as much as above.
constexpr qsizetype MaxFailed = 1000;

// Whether less than a part of what may count does: one of `parts` equal ones.
bool Publisher::hasRoom(quint64 parts) const
{
    const quint64 most = isConfirming() ? m_window : MaxUnsent;
    return m_counted == 0
            || (m_counted < std::max<quint64>(most / parts, 1)
                && m_countedBytes < MaxBytes / qint64(parts));
}

// Why nothing is to be published within a window, or without confirms.
QAmqpError Publisher::refusal(bool confirmed) const
{
    if (confirmed && (m_failed.size() >= MaxFailed || m_failedBytes >= MaxBytes))
        return blockingError(
                Kind::LimitExceeded,
                QStringLiteral(
                        "basic.publish: %1 messages have failed and are kept for waitForConfirms(); call that first")
                        .arg(m_failed.size()));
    return m_channel->refusal("basic.publish");
}

QAmqpPublishResult Publisher::publish(Outgoing message)
{
    std::unique_lock lock(m_channel->mutex());
    message.number = ++m_lastNumber;
    message.confirmed = isConfirming();
    if (message.confirmed && m_window == 1) {
        lock.unlock();
        return m_channel->wait<QAmqpPublishResult>(
                "basic.publish", [this, message = std::move(message)](const Answered &answer) {
                    Outgoing outgoing = message;
                    outgoing.answer = answer;
                    send(std::move(outgoing));
                });
    }
    QAmqpError error = refusal(message.confirmed);
    if (!error && !hasRoom(1)) {
        m_channel->connection->countReaders(1);
        // Half of it at once: a thread that is woken for each message gets little done.
        Patience patience(m_channel->connection->dispatcher, m_channel->deadline(),
                          AtStop::EndSoon);
        patience.wait(m_room, lock, [this] { return hasRoom(2) || !m_channel->isUsable(); });
        m_channel->connection->countReaders(-1);
        error = refusal(message.confirmed);
        if (!error && !hasRoom(1)) {
            lock.unlock();
            return m_channel->connection->unanswered("basic.publish: room for one more message",
                                                     patience);
        }
    }
    if (error)
        return error;
    const quint64 number = message.number;
    const qsizetype size = message.message.size();
    ++m_counted;
    m_countedBytes += size;
    lock.unlock();
    const bool posted = m_channel->connection->thread.post(
            [channel = m_channel->shared_from_this(), message = std::move(message)]() mutable {
                channel->publisher.send(std::move(message));
            });
    if (posted)
        return number;
    lock.lock();
    --m_counted;
    m_countedBytes -= size;
    tellRoom();
    lock.unlock();
    return m_channel->connection->notOpen("basic.publish");
}

void Publisher::send(Outgoing &&message)
{
    QAmqpChannel *const channel = m_channel->channel;
    const quint64 tag = channel
            ? channel->publish(message.exchange, message.routingKey, message.message, message.flags)
            : 0;
    if (tag == 0) {
        const QAmqpError error =
                channel ? channel->lastError() : m_channel->connection->notOpen("basic.publish");
        const std::lock_guard lock(m_channel->mutex());
        settle(message, error);
        tellRoom();
    } else if (message.confirmed) {
        m_unanswered.emplace(tag, std::move(message));
    } else {
        ++m_held;
        m_heldBytes += message.message.size();
        if (channel->isReadyToPublish())
            letGo();
    }
}

// Without confirms: what was published has left, or goes with the channel.
void Publisher::letGo()
{
    const std::lock_guard lock(m_channel->mutex());
    m_counted -= std::exchange(m_held, 0);
    m_countedBytes -= std::exchange(m_heldBytes, 0);
    tellRoom();
}

void Publisher::tellRoom()
{
    if (hasRoom(2))
        m_room.notify_all();
}

void Publisher::watch(QAmqpChannel *channel)
{
    QObject::connect(channel, &QAmqpChannel::confirmed, channel,
                     [this](quint64 first, quint64 last) { settle(first, last, {}); });
    QObject::connect(channel, &QAmqpChannel::nacked, channel, [this](quint64 first, quint64 last) {
        QAmqpError error(
                Kind::Nacked, QAmqpError::Scope::Operation, QAmqpError::Origin::Broker,
                QStringLiteral(
                        "the broker refused the message (basic.nack); a queue may be full, or the broker in trouble"));
        settle(first, last, error);
    });
    QObject::connect(channel, &QAmqpChannel::messageReturned, channel,
                     [this](const QAmqpReturn &message) { tellReturned(message); });
    QObject::connect(channel, &QAmqpChannel::readyToPublish, channel, [this] { letGo(); });
}

// What is indeterminate ends here, with the reason.
void Publisher::tellClosed(const QAmqpError &reason)
{
    letGo();
    if (m_unanswered.empty())
        return;
    QString text = reason ? reason.text() : QStringLiteral("the channel was closed");
    // The guilty one is known if no other is unanswered.
    if (m_unanswered.size() > 1 || reason.method() != u"basic.publish")
        text.prepend(QStringLiteral(
                "the broker did not answer for the message, which may have arrived: "));
    QAmqpError error(reason ? reason.kind() : Kind::Cancelled, QAmqpError::Scope::Operation,
                     reason.origin(), text);
    error.setReply(reason.replyCode(), reason.replyText()).setCause(reason);
    settle(m_unanswered.begin()->first, m_unanswered.rbegin()->first, error);
}

void Publisher::settle(quint64 firstTag, quint64 lastTag, const QAmqpError &error)
{
    const std::lock_guard lock(m_channel->mutex());
    auto next = m_unanswered.lower_bound(firstTag);
    while (next != m_unanswered.end() && next->first <= lastTag) {
        settle(next->second, error);
        next = m_unanswered.erase(next);
    }
    tellRoom();
}

void Publisher::settle(Outgoing &message, const QAmqpError &why)
{
    const QAmqpError error = why ? why : message.returnError;
    if (error && message.returned.isEmpty())
        message.returned.append(QAmqpReturn(message.message, 0, QString(), message.exchange,
                                            message.routingKey, message.number));
    if (message.answer)
        return message.answer->give(error ? QAmqpPublishResult(error, message.returned)
                                          : QAmqpPublishResult(message.number));
    --m_counted;
    m_countedBytes -= message.message.size();
    if (!message.confirmed) // nobody may ask what became of it
        return;
    if (!error) {
        ++m_confirmed;
        return;
    }
    if (!m_failure)
        m_failure = error;
    m_failed += message.returned;
    m_failedBytes += message.message.size();
}

void Publisher::tellReturned(const QAmqpReturn &message)
{
    const auto found = m_unanswered.find(message.publishTag());
    if (found == m_unanswered.end())
        return callBack(message);
    Outgoing &outgoing = found->second;
    outgoing.returned = {QAmqpReturn(message, message.replyCode(), message.replyText(),
                                     message.exchange(), message.routingKey(), outgoing.number)};
    outgoing.returnError = QAmqpError(
            Kind::Unroutable, QAmqpError::Scope::Operation, QAmqpError::Origin::Broker,
            QStringLiteral(
                    "the message to exchange \"%1\" with routing key \"%2\" reached no queue: %3")
                    .arg(message.exchange(), message.routingKey(), message.replyText()));
    outgoing.returnError.setReply(message.replyCode(), message.replyText());
}

// Without a handler the last ones are kept, for one that may be set yet.
void Publisher::callBack(const QAmqpReturn &message)
{
    Dispatcher::Dropped dropped; // goes without the mutex
    const std::lock_guard lock(m_channel->mutex());
    if (m_silenced)
        return;
    Dispatcher &dispatcher = m_channel->connection->dispatcher;
    dispatcher.post(this, singleEvent([this, channel = m_channel->shared_from_this(), message] {
                        return returnedCallback(message);
                    }));
    ++m_returns;
    m_returnBytes += message.size();
    while (!m_returnedHandler && m_returns > 1
           && (m_returns > MaxFailed || m_returnBytes > MaxBytes))
        dispatcher.dropFirst(this, dropped);
    countReturns();
}

Callback Publisher::returnedCallback(const QAmqpReturn &message)
{
    --m_returns;
    m_returnBytes -= message.size();
    countReturns();
    if (!m_returnedHandler)
        return {};
    return [handler = m_returnedHandler, message] { (*handler)(message); };
}

// With a handler all of them wait, as messages do that no prefetch bounds.
void Publisher::countReturns()
{
    const qint64 messages = m_returnedHandler ? m_returns : 0;
    const qint64 bytes = m_returnedHandler ? m_returnBytes : 0;
    m_channel->connection->countWaiting(messages - std::exchange(m_countedReturns, messages),
                                        bytes - std::exchange(m_countedReturnBytes, bytes));
}

void Publisher::silence(Dispatcher::Dropped &dropped)
{
    m_silenced = true;
    m_channel->connection->dispatcher.drop(this, dropped);
}

QAmqpPublishResult Publisher::waitForConfirms(TimePoint deadline)
{
    const QAmqpBlockingCall call(m_channel->connection.get());
    std::unique_lock lock(m_channel->mutex());
    if (!isConfirming())
        return blockingError(
                Kind::InvalidArgument,
                QStringLiteral(
                        "waitForConfirms() needs confirms, which setConfirms(false) or txSelect() turned off"));
    Patience patience(m_channel->connection->dispatcher, deadline, AtStop::EndSoon);
    const auto done = [this] { return m_counted == 0 || m_channel->connection->orphaned; };
    if (!patience.wait(m_room, lock, done)) {
        const quint64 left = m_counted;
        lock.unlock();
        return m_channel->connection->unanswered(
                qPrintable(QStringLiteral("waitForConfirms(): of %1 messages").arg(left)),
                patience);
    }
    if (m_channel->connection->orphaned)
        return m_channel->connection->notOpenNow("waitForConfirms()");
    const quint64 confirmed = std::exchange(m_confirmed, 0);
    m_failedBytes = 0;
    if (const QAmqpError error = std::exchange(m_failure, {}))
        return QAmqpPublishResult(error, std::exchange(m_failed, {}));
    return confirmed;
}

QAmqpResult<void> Publisher::setConfirms(bool enabled)
{
    const auto result = m_channel->wait<QAmqpResult<void>>(
            "setConfirms()", [this, enabled](const AnswerPointer<QAmqpResult<void>> &answer) {
                QAmqpChannel *const channel = m_channel->channel;
                answer->give(channel->setConfirms(enabled) ? QAmqpError() : channel->lastError());
            });
    const std::lock_guard lock(m_channel->mutex());
    if (result)
        m_confirms = enabled;
    return result;
}

void Publisher::setTransactional()
{
    const std::lock_guard lock(m_channel->mutex());
    m_transactional = true;
}

bool Publisher::confirms() const
{
    const std::lock_guard lock(m_channel->mutex());
    return isConfirming();
}

quint64 Publisher::window() const
{
    const std::lock_guard lock(m_channel->mutex());
    return m_window;
}

void Publisher::setWindow(quint64 messages)
{
    const std::lock_guard lock(m_channel->mutex());
    m_window = std::max<quint64>(messages, 1);
    tellRoom();
}

quint64 Publisher::unconfirmed() const
{
    const std::lock_guard lock(m_channel->mutex());
    return isConfirming() ? m_counted : 0;
}

void Publisher::onReturned(std::function<void(const QAmqpReturn &)> function)
{
    Handler<const QAmqpReturn &> handler =
            shared(std::move(function)); // the old one goes without the mutex
    const std::lock_guard lock(m_channel->mutex());
    m_returnedHandler.swap(handler);
    countReturns();
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
