// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What happens to a QAmqpBlockingConnection in its I/O thread, how much it keeps, and what its calls say
// when they fail.

#include "blocking/qamqpblockingchannel_p.h"

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;

// Messages that no prefetch bounds: from here on reading stops, until half of them were taken. While
// someone needs what the broker sends it goes on to a multiple of that.
constexpr qint64 MaxWaiting = 1000;
constexpr qint64 MaxWaitingBytes = 8 * 1024 * 1024;
constexpr int MostForReaders = 10;

// Of a broker that blocks and unblocks while nobody runs callbacks the last changes are told.
constexpr int MaxBlockedChanges = 100;

// What it throws would end the I/O thread, and the program with it.
static QAmqpError prepared(QAmqpConnection *connection,
                           const std::function<void(QAmqpConnection *)> &prepare)
{
    QString what = QStringLiteral("something that is no std::exception");
    try {
        prepare(connection);
        return {};
    } catch (const std::exception &exception) {
        what = QString::fromLocal8Bit(exception.what());
    } catch (...) { // told in the same way
    }
    return blockingError(
            Kind::InvalidArgument,
            QStringLiteral("open(): the function given to setUp() threw an exception: %1")
                    .arg(what));
}

void QAmqpBlockingConnectionPrivate::startOpening(const Answer<void> &answer,
                                                  const std::optional<QAmqpConnectionOptions> &with)
{
    if (connection->state() != QAmqpConnection::State::Closed)
        return answer->give(blockingError(
                Kind::InvalidArgument,
                QStringLiteral("open(): the connection is open already, opening or closing")));
    std::function<void(QAmqpConnection *)> prepare;
    QAmqpConnectionOptions before; // what they hold goes without the mutex
    {
        const std::lock_guard lock(dispatcher.mutex());
        before = std::exchange(options, with.value_or(options));
        prepare = setUp;
        silenced = false;
    }
    connection->setOptions(with.value_or(before));
    if (prepare) {
        if (const QAmqpError error = prepared(connection, prepare))
            return answer->give(error);
    }
    failure = QAmqpError();
    opener = answer;
    connection->open();
}

void QAmqpBlockingConnectionPrivate::watch()
{
    QObject::connect(connection, &QAmqpConnection::opened, connection, [this] { tellOpened(); });
    QObject::connect(connection, &QAmqpConnection::closed, connection, [this] { tellClosed(); });
    QObject::connect(connection, &QAmqpConnection::errorOccurred, connection,
                     [this](const QAmqpError &error) { failure = error; });
    QObject::connect(connection, &QAmqpConnection::endpointChanged, connection,
                     [this](const QString &endpoint) {
                         const std::lock_guard lock(dispatcher.mutex());
                         now.endpoint = endpoint;
                     });
    QObject::connect(connection, &QAmqpConnection::blockedChanged, connection,
                     [this](bool blocked) { reportBlocked(blocked); });
}

void QAmqpBlockingConnectionPrivate::tellOpened()
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
        lookAtReading();
    }
    if (const auto answer = std::exchange(opener, nullptr))
        answer->give(QAmqpResult<void>());
}

void QAmqpBlockingConnectionPrivate::tellClosed()
{
    {
        const std::lock_guard lock(dispatcher.mutex());
        if (now.open && failure && !silenced) {
            closedWaits = true;
            dispatcher.post(&closedHandler, singleEvent([this, reason = failure]() -> Callback {
                closedWaits = false;
                if (!closedHandler)
                    return {};
                return [handler = closedHandler, reason] { (*handler)(reason); };
            }));
        }
        now.open = false;
        now.blocked = false;
        now.lastError = failure;
        dispatcher.changed();
    }
    if (const auto answer = std::exchange(opener, nullptr))
        answer->give(failure ? failure
                             : blockingError(Kind::Cancelled,
                                             QStringLiteral("open(): the connection was closed")));
    for (const Answer<void> &answer : std::exchange(closers, {}))
        answer->give(failure);
}

void QAmqpBlockingConnectionPrivate::reportBlocked(bool blocked)
{
    Dispatcher::Dropped dropped; // goes without the mutex
    const std::lock_guard lock(dispatcher.mutex());
    now.blocked = blocked;
    now.blockedReason = connection->blockedReason();
    if (silenced)
        return;
    dispatcher.post(this, singleEvent([this, blocked, reason = now.blockedReason] {
                        return blockedCallback(blocked, reason);
                    }));
    if (++blockedChanges > MaxBlockedChanges) { // in pairs, so that they alternate
        dispatcher.dropFirst(this, dropped);
        dispatcher.dropFirst(this, dropped);
    }
}

Callback QAmqpBlockingConnectionPrivate::blockedCallback(bool blocked, const QString &reason)
{
    --blockedChanges;
    if (blocked && blockedHandler)
        return [handler = blockedHandler, reason] { (*handler)(reason); };
    if (!blocked && unblockedHandler)
        return [handler = unblockedHandler] { (*handler)(); };
    return {};
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
    tooManyForReaders = isReached(tooManyForReaders, MostForReaders);
    lookAtReading();
}

void QAmqpBlockingConnectionPrivate::countReaders(int change)
{
    readers += change;
    lookAtReading();
}

void QAmqpBlockingConnectionPrivate::lookAtReading()
{
    const bool wanted = !tooManyWait || (readers > 0 && !tooManyForReaders);
    if (wanted == reading)
        return;
    reading = wanted;
    thread.post([this, wanted] { connection->setReading(wanted); });
}

QAmqpError QAmqpBlockingConnectionPrivate::unanswered(const char *what,
                                                      const Patience &patience) const
{
    if (patience.isStopped())
        return blockingError(
                Kind::Cancelled,
                QStringLiteral(
                        "%1: a stop was requested and ended the wait; what was asked for may be done yet")
                        .arg(QLatin1StringView(what)));
    QString text = QStringLiteral("%1 was not answered in time").arg(QLatin1StringView(what));
    const std::lock_guard lock(dispatcher.mutex());
    if (now.blocked)
        text += QStringLiteral("; the broker has blocked the connection: ") + now.blockedReason;
    if (tooManyForReaders)
        text += QStringLiteral(
                        "; nothing is read, since %1 messages that were returned, or came without acknowledgement or prefetch, wait to be taken")
                        .arg(waitingMessages);
    return blockingError(Kind::Timeout, text);
}

// A request's failure is told before the end of its channel or connection, which follows at once. Who
// learns the one shall see the other.
void QAmqpBlockingConnectionPrivate::awaitEnd(const QAmqpError &error, const bool &open)
{
    bool ofConnection = false;
    bool ofChannel = false;
    for (QAmqpError reason = error; reason; reason = reason.cause()) {
        ofConnection = ofConnection || reason.scope() == QAmqpError::Scope::Connection;
        // What the broker says of one request and not of its message (312, 313) ends the channel.
        ofChannel = ofChannel || reason.scope() == QAmqpError::Scope::Channel
                || (reason.replyCode() != 0 && reason.kind() != Kind::Unroutable);
    }
    if (!ofConnection && !ofChannel)
        return;
    std::unique_lock lock(dispatcher.mutex());
    dispatcher.waitOnly(
            lock, [&] { return !open && !(ofConnection && now.open); },
            deadlineAfter(std::chrono::milliseconds(50)));
}

QAmqpError QAmqpBlockingConnectionPrivate::notOpen(const char *what) const
{
    const std::lock_guard lock(dispatcher.mutex());
    return notOpenNow(what);
}

QAmqpError QAmqpBlockingConnectionPrivate::notOpenNow(const char *what) const
{
    if (orphaned)
        return blockingError(
                Kind::NotOpen,
                QStringLiteral(
                        "%1: the connection belongs to the process that opened it; after fork() a process opens connections of its own")
                        .arg(QLatin1StringView(what)));
    const QAmqpError &reason = now.lastError;
    QAmqpError error = blockingError(
            Kind::NotOpen,
            QStringLiteral("%1: the connection is not open; open() it").arg(QLatin1StringView(what))
                    + (reason ? QStringLiteral(". It ended because: ") + reason.text()
                              : QString()));
    return reason ? error.setCause(reason) : error;
}

QAmqpError QAmqpBlockingConnectionPrivate::refusal(const char *what, bool wasOpen) const
{
    if (now.open)
        return {};
    return wasOpen && now.lastError ? now.lastError : notOpenNow(what);
}

QT_END_NAMESPACE
