// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What happens to a QAmqpBlockingConnection in its I/O thread, how much it keeps, and what its calls say
// when they fail.

#include "blocking/qamqpblockingconsumer_p.h"
#include "blocking/qamqpblockingoutbox_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

// When so many messages wait that are not bounded by a prefetch, reading stops until half of them were taken.
// While a call needs something that the broker sends, reading stops only when a multiple of that waits.
constexpr qint64 MaxWaiting = 1000;
constexpr qint64 MaxWaitingBytes = 8 * 1024 * 1024;
constexpr int TimesForReaders = 10;

// If a broker blocks and unblocks while nobody runs callbacks, the last changes are kept.
constexpr qsizetype MaxEvents = 100;

void QAmqpBlockingConnectionPrivate::startOpening(const Answer<void> &answer,
                                                  const std::optional<QAmqpConnectionOptions> &with)
{
    if (connection->state() != QAmqpConnection::State::Closed)
        return answer->give(
                blockingError(Kind::InvalidArgument,
                              u"open(): the connection is open already, opening or closing"));
    std::function<void(QAmqpConnection *)> prepare;
    QAmqpConnectionOptions before; // destroyed without the mutex, since functions in them may be
    {
        const std::lock_guard lock(dispatcher.mutex());
        before = std::exchange(options, with.value_or(options));
        prepare = setUp;
        silenced = false;
    }
    connection->setOptions(with.value_or(before));
    if (prepare) {
        const auto error = exceptionIn(u"open(): the function given to setUp()"_s,
                                       [&] { prepare(connection); });
        if (error)
            return answer->give(error);
    }
    failure = QAmqpError();
    waiters.push_back([answer](const QAmqpError &error) { answer->give(error); });
    connection->open();
}

void QAmqpBlockingConnectionPrivate::watch()
{
    QObject::connect(connection, &QAmqpConnection::opened, connection, [this] { opened(); });
    QObject::connect(connection, &QAmqpConnection::closed, connection, [this] { closed(); });
    QObject::connect(connection, &QAmqpConnection::linkLost, connection,
                     [this](const QAmqpError &cause) { interrupted(cause); });
    QObject::connect(connection, &QAmqpConnection::recovered, connection,
                     [this](const QAmqpRecoveryReport &report) { recovered(report); });
    QObject::connect(connection, &QAmqpConnection::errorOccurred, connection,
                     [this](const QAmqpError &error) { failure = error; });
    QObject::connect(connection, &QAmqpConnection::endpointChanged, connection,
                     [this](const QString &endpoint) {
                         const std::lock_guard lock(dispatcher.mutex());
                         now.endpoint = endpoint;
                     });
    QObject::connect(connection, &QAmqpConnection::blockedChanged, connection,
                     [this](bool blocked) {
                         const std::lock_guard lock(dispatcher.mutex());
                         now.blocked = blocked;
                         now.blockedReason = connection->blockedReason();
                         post([this, blocked, reason = now.blockedReason] {
                             return blocked ? blockedHandler.with(reason) : unblockedHandler.with();
                         });
                     });
}

void QAmqpBlockingConnectionPrivate::opened()
{
    {
        const std::lock_guard lock(dispatcher.mutex());
        now = {.open = true,
               .endpoint = connection->endpoint(),
               .channelMax = connection->channelMax(),
               .frameMax = connection->frameMax(),
               .heartbeat = connection->heartbeat(),
               .serverProperties = connection->serverProperties()};
        reading = true;
        updateReading();
    }
    answerAll(waiters, {});
}

void QAmqpBlockingConnectionPrivate::interrupted(const QAmqpError &cause)
{
    {
        const std::lock_guard lock(dispatcher.mutex());
        now.recovering = true;
        now.lastError = cause;
        post([this, cause] { return interruptedHandler.with(cause); });
    }
    answerAll(lossWaiters, {});
}

// The new link may be to another host, which negotiates something else.
void QAmqpBlockingConnectionPrivate::recovered(const QAmqpRecoveryReport &report)
{
    const std::lock_guard lock(dispatcher.mutex());
    now.recovering = false;
    now.lastError = QAmqpError();
    now.channelMax = connection->channelMax();
    now.frameMax = connection->frameMax();
    now.heartbeat = connection->heartbeat();
    now.serverProperties = connection->serverProperties();
    post([this, report] { return recoveredHandler.with(report); });
}

void QAmqpBlockingConnectionPrivate::closed()
{
    {
        const std::lock_guard lock(dispatcher.mutex());
        if (now.open && failure)
            post([this, reason = failure] { return closedHandler.with(reason); });
        now.open = now.recovering = now.blocked = false;
        now.blockedReason.clear();
        now.lastError = failure;
        dispatcher.changed();
    }
    answerAll(lossWaiters, {}); // the connection was closed before it could tell of the loss
    answerAll(waiters,
              failure ? failure
                      : blockingError(Kind::Cancelled, u"open(): the connection was closed"));
}

void QAmqpBlockingConnectionPrivate::addOutbox(
        const std::shared_ptr<QAmqpBlockingOutboxPrivate> &outbox)
{
    const std::lock_guard lock(dispatcher.mutex());
    outboxes.push_back(outbox);
}

void QAmqpBlockingConnectionPrivate::removeOutbox(const QAmqpBlockingOutboxPrivate *outbox)
{
    const std::lock_guard lock(dispatcher.mutex());
    std::erase_if(outboxes, [=](const auto &each) { return each.get() == outbox; });
}

void QAmqpBlockingConnectionPrivate::endOutboxes(const QAmqpError &why)
{
    for (const auto &outbox : dispatcher.locked([this] { return outboxes; }))
        outbox->end(why);
}

void QAmqpBlockingConnectionPrivate::answerAtEnd(const Answer<void> &answer)
{
    if (connection->state() == QAmqpConnection::State::Closed)
        answer->give(QAmqpResult<void>());
    else
        waiters.push_back([this, answer](const QAmqpError &) { answer->give(failure); });
}

bool QAmqpBlockingConnectionPrivate::isUsable() const
{
    return connection && (connection->isOpen() || connection->isRecovering());
}

// What an end or a loss does to channels and requests is emitted before the connection tells of it itself.
void QAmqpBlockingConnectionPrivate::afterEnd(const std::function<void()> &what)
{
    const auto waiter = [what](const QAmqpError &) { what(); };
    if (now.open && !isUsable())
        waiters.push_back(waiter);
    else if (connection && connection->isRecovering() && !now.recovering)
        lossWaiters.push_back(waiter);
    else
        what();
}

void QAmqpBlockingConnectionPrivate::post(const LookUp &lookUp)
{
    if (silenced)
        return;
    dispatcher.post(this, weak_from_this(), lookUp);
    if (dispatcher.count(this) > MaxEvents)
        dispatcher.dropFirst(this);
}

void QAmqpBlockingConnectionPrivate::countWaiting(qint64 messages, qint64 bytes)
{
    waitingMessages += messages;
    waitingBytes += bytes;
    const auto isReached = [this](bool before, int times) {
        const int parts = before ? 2 : 1;
        return waitingMessages >= times * MaxWaiting / parts
                || waitingBytes >= times * MaxWaitingBytes / parts;
    };
    tooManyWait = isReached(tooManyWait, 1);
    tooManyForReaders = isReached(tooManyForReaders, TimesForReaders);
    updateReading();
}

void QAmqpBlockingConnectionPrivate::countReaders(int change)
{
    readers += change;
    updateReading();
}

void QAmqpBlockingConnectionPrivate::updateReading()
{
    const bool wanted = !tooManyWait || (readers > 0 && !tooManyForReaders);
    if (wanted == reading)
        return;
    reading = wanted;
    thread.post([this, wanted] { connection->setReading(wanted); });
}

void QAmqpBlockingConnectionPrivate::orphan()
{
    orphaned = true;
    now.open = now.recovering = false;
    now.lastError = blockingError(
            Kind::NotOpen,
            u"the connection belongs to the process that opened it; after fork() a process opens connections of its own");
    // Events that wait belong to the other process, which calls their callbacks itself.
    dispatcher.drop(this);
    for (const auto &outbox : outboxes)
        outbox->silence();
    for (const auto &weak : channels) {
        if (const auto channel = weak.lock()) {
            for (const auto &consumer : channel->consumers)
                consumer->takeAll();
            channel->publisher.silence();
            channel->setClosed(now.lastError);
            channel->publisher.giveUp(now.lastError);
        }
    }
}

QAmqpError QAmqpBlockingConnectionPrivate::unanswered(const QString &what,
                                                      Dispatcher::End end) const
{
    if (end == Dispatcher::End::Stopped)
        return blockingError(
                Kind::Cancelled,
                u"%1: a stop was requested and ended the wait; what was asked for may be done yet",
                what);
    QString text = u"%1 was not answered in time"_s.arg(what);
    if (now.blocked)
        text += u"; the broker has blocked the connection: "_s + now.blockedReason;
    if (tooManyForReaders)
        text += u"; nothing is read, since %1 messages that were returned, or came without acknowledgement or prefetch, wait to be taken"_s
                        .arg(waitingMessages);
    return timedOut(text);
}

QAmqpError QAmqpBlockingConnectionPrivate::timedOut(QString text) const
{
    if (!now.recovering)
        return blockingError(Kind::Timeout, text);
    text += u"; the link is lost, and the connection tries to recover: "_s + now.lastError.text();
    return blockingError(Kind::Timeout, text).setCause(now.lastError);
}

QAmqpError QAmqpBlockingConnectionPrivate::notOpen(const QString &what) const
{
    const QString advice = orphaned ? u"make a new one"_s : u"open() it"_s;
    return endedError(u"%1: the connection is not open; %2"_s.arg(what, advice), now.lastError);
}

QAmqpError QAmqpBlockingConnectionPrivate::refusal(const QString &what, bool wasOpen) const
{
    if (now.open)
        return {};
    return wasOpen && now.lastError ? now.lastError : notOpen(what);
}

QT_END_NAMESPACE
