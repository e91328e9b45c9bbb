// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/qamqpblockingconnection_p.h"

#include "blocking/qamqpblockingchannel_p.h"
#include "blocking/qamqpblockingoutbox_p.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qurl.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

/*!
    \class QAmqpBlockingConnection
    \inmodule QtAmqp
    \brief A connection whose calls wait, for programs without an event loop of their own.

    \snippet snippets.cpp blocking

    The connection does its input and output in a thread of its own, so that heartbeats are sent whatever the
    program does meanwhile. A QCoreApplication object must exist; \c exec() need not run. Calls may come from
    any thread, and several threads may share a connection and its channels. Each call returns a QAmqpResult
    before its timeout is over. When the link is lost, the connection is made again by itself, see
    \l {Lost links}: calls wait for that where they can. Without recovery, and when it is given up, every call that
    waits returns with the reason.

    Callbacks (of timers, consumers, returned messages, a blocked or lost connection) never run by themselves:
    they run inside processDataEvents(), sleep(), QAmqpBlockingChannel::startConsuming() and the loop
    over QAmqpBlockingChannel::consume(), one at a time for each connection. Inside a callback all calls
    work, but no other callback runs. A timer that is due waits for one other callback at most.

    \sa Blocking, Threads
*/

/*! Makes a connection that is closed: call setUp() if need be, then open(). */
QAmqpBlockingConnection::QAmqpBlockingConnection()
    : d(std::make_shared<QAmqpBlockingConnectionPrivate>())
{
    d->q = this;
}

/*! Makes a connection and opens it with \a options. isOpen() and lastError() show whether that succeeded;
    every call on a connection that could not be opened fails with NotOpen and the reason. */
QAmqpBlockingConnection::QAmqpBlockingConnection(const QAmqpConnectionOptions &options)
    : QAmqpBlockingConnection()
{
    static_cast<void>(open(options)); // lastError() has the error
}

/*! Makes a connection and opens it with the options of \a url, see QAmqpConnectionOptions::fromUrl(). */
QAmqpBlockingConnection::QAmqpBlockingConnection(const QUrl &url)
    : QAmqpBlockingConnection(QAmqpConnectionOptions::fromUrl(url))
{
}

/*! Closes the connection as close() does, waiting 10 s at most, and ends its thread. Channels that are
    left refuse every call with NotOpen, and so do outboxes: see QAmqpBlockingOutbox for what waits in them. A
    connection that is open when the QCoreApplication is destroyed, such as a static one, is closed by that. In a
    process that fork() made nothing is closed, see \l {After fork()}. */
QAmqpBlockingConnection::~QAmqpBlockingConnection()
{
    d->end(u"the connection was destroyed"_s);
    const std::lock_guard lock(d->dispatcher.mutex());
    d->q = nullptr;
}

/*! Opens the connection with \a options, and waits until it is open or has failed. Gives up if timeout() is
    over (Timeout) or a stop is requested (Cancelled). Fails with InvalidArgument, and leaves options() as
    they are, if there is no QCoreApplication, or the connection is open, recovering, opening or closing. A
    connection that has ended may be opened again; its channels then need QAmqpBlockingChannel::open().

    How often this is tried is QAmqpConnectionOptions::retryPolicy(); what happens when the link is lost later is
    QAmqpConnectionOptions::setRecoveryEnabled(). */
QAmqpResult<void> QAmqpBlockingConnection::open(const QAmqpConnectionOptions &options)
{
    return d->open(options);
}

/*! \overload
    Opens the connection with the options of \a url, see QAmqpConnectionOptions::fromUrl(). */
QAmqpResult<void> QAmqpBlockingConnection::open(const QUrl &url)
{
    return open(QAmqpConnectionOptions::fromUrl(url));
}

/*! \overload
    Opens the connection with its present options(). */
QAmqpResult<void> QAmqpBlockingConnection::open() { return d->open(std::nullopt); }

QAmqpError QAmqpBlockingConnectionPrivate::begin(const QString &what)
{
    if (!QCoreApplication::instance())
        return blockingError(
                Kind::InvalidArgument,
                u"%1: there is no QCoreApplication object; make one in main() first, exec() need not run",
                what);
    addToProcess(this);
    const std::lock_guard lock(dispatcher.mutex());
    if (!std::exchange(begun, true)) {
        thread.begin([this] {
            connection = new QAmqpConnection;
            watch();
        });
    }
    return {};
}

QAmqpResult<void> QAmqpBlockingConnectionPrivate::open(
        const std::optional<QAmqpConnectionOptions> &with)
{
    if (const QAmqpError error = begin(u"open()"_s)) {
        const std::lock_guard lock(dispatcher.mutex());
        return now.lastError = error;
    }
    const auto result = call<QAmqpResult<void>>(
            u"open()"_s, deadlineAfter(timeout),
            [this, with](const Answer<void> &answer) { startOpening(answer, with); },
            AtStop::EndAtOnce);
    const Kind kind = result.error().kind();
    if (kind == Kind::Timeout || (kind == Kind::Cancelled && dispatcher.isStopRequested()))
        abort(); // also if it has opened meanwhile: open() returns an error
    const std::lock_guard lock(dispatcher.mutex());
    if (!result && !now.open)
        now.lastError = result.error();
    return result;
}

// From now on no callbacks but those of timers are called, until the connection is opened again.
void QAmqpBlockingConnectionPrivate::silence()
{
    std::vector<std::shared_ptr<QAmqpBlockingChannelPrivate>> all; // destroyed without the mutex
    const std::lock_guard lock(dispatcher.mutex());
    silenced = true;
    dispatcher.drop(this);
    for (const auto &outbox : outboxes)
        outbox->silence();
    for (const auto &channel : channels)
        all.push_back(channel.lock());
    for (const auto &channel : all) {
        if (channel)
            channel->silence();
    }
}

/*! Closes the connection when everything asked for before is done, and cuts it after \a deadline
    (Timeout). Succeeds if it is closed already. As soon as it is called, no callbacks but those of timers run
    any more; messages that came and were not seen go back to their queues. While the connection recovers there is
    no link to close it on: it ends at once, and what waits for the link fails. */
QAmqpResult<void> QAmqpBlockingConnection::close(std::chrono::milliseconds deadline)
{
    return d->close(deadline);
}

QAmqpResult<void> QAmqpBlockingConnectionPrivate::close(std::chrono::milliseconds deadline)
{
    silence();
    if (!current().open)
        return {};
    using Clock = TimePoint::clock;
    const TimePoint end =
            Clock::now() + std::clamp(deadline, std::chrono::milliseconds::zero(), Century);
    const auto result = call<QAmqpResult<void>>(
            u"close()"_s, end + std::chrono::milliseconds(50), // the core keeps the deadline itself
            [this, end](const Answer<void> &answer) {
                answerAtEnd(answer);
                connection->close(std::chrono::ceil<std::chrono::milliseconds>(
                        std::max(end - Clock::now(), Clock::duration::zero())));
            },
            AtStop::GoOn);
    if (!result)
        abort();
    return result;
}

// Called when the connection object or the QCoreApplication is destroyed; channels and consumers may be left.
void QAmqpBlockingConnectionPrivate::end(const QString &why)
{
    if (orphaned)
        return keepForEver(shared_from_this());
    if (QCoreApplication::instance()) // without it the I/O thread handles no events
        static_cast<void>(close(std::chrono::seconds(10)));
    thread.end([this, &why] {
        endOutboxes(blockingError(Kind::NotOpen, why));
        delete std::exchange(connection, nullptr);
        failure = blockingError(Kind::NotOpen, why);
        closed();
        for (const auto &weak : channels) {
            if (const auto channel = weak.lock())
                channel->closed(failure);
        }
    });
    removeFromProcess(this);
    dispatcher.clear();
    std::vector<std::shared_ptr<QAmqpBlockingOutboxPrivate>> old; // destroyed without the mutex
    {
        const std::lock_guard lock(dispatcher.mutex());
        old.swap(outboxes);
        channels.clear();
        begun = false;
    }
    for (const auto &outbox : old)
        outbox->forgetCallbacks();
}

/*! Cuts the link at once, without closing the connection to the broker. Calls that wait fail, and no
    callbacks but those of timers are called any more. */
void QAmqpBlockingConnection::abort()
{
    d->silence();
    d->abort();
}

void QAmqpBlockingConnectionPrivate::abort()
{
    // A second is enough, since only the I/O thread is waited for.
    static_cast<void>(call<QAmqpResult<void>>(
            u"abort()"_s, deadlineAfter(std::chrono::seconds(1)),
            [this](const Answer<void> &answer) {
                answerAtEnd(answer);
                connection->abort();
            },
            AtStop::GoOn));
}

/*! Has \a function called before each open() to prepare the QAmqpConnection inside, such as its TLS
    configuration or its transport. It runs in the I/O thread, where no blocking call may be made. If it
    throws, open() fails with InvalidArgument. */
void QAmqpBlockingConnection::setUp(std::function<void(QAmqpConnection *connection)> function)
{
    const std::lock_guard lock(d->dispatcher.mutex());
    d->setUp.swap(function); // the old function is destroyed without the mutex
}

/*! Returns how long a call waits at most. */
std::chrono::milliseconds QAmqpBlockingConnection::timeout() const { return d->timeout; }

/*! Makes each call wait for \a timeout at most; the default is 30 s. Channels that are opened from now on get
    the same timeout. A call that gives up does not take its request back: the broker may still do it. */
void QAmqpBlockingConnection::setTimeout(std::chrono::milliseconds timeout)
{
    d->timeout = std::max(timeout, std::chrono::milliseconds(1));
}

/*! Returns whether the connection is open. It stays open while it recovers, since calls wait for the link then;
    this differs from QAmqpConnection::isOpen(). \sa isRecovering() */
bool QAmqpBlockingConnection::isOpen() const { return d->current().open; }

/*! Returns whether the link is lost and the connection is being made again: from the loss until channels, declared
    queues and exchanges and consumers are back. lastError() is the loss meanwhile. May be called from any thread.
    \sa onInterrupted(), onRecovered() */
bool QAmqpBlockingConnection::isRecovering() const { return d->current().recovering; }

/*! Returns the peer of the link in use, or of the present attempt, as QAmqpConnection::endpoint() does; empty
    while closed. */
QString QAmqpBlockingConnection::endpoint() const { return d->current().endpoint; }

/*! Returns whether the broker has stopped accepting messages. \sa onBlocked() */
bool QAmqpBlockingConnection::isBlocked() const { return d->current().blocked; }

/*! Returns why the connection is blocked, in the words of the broker. */
QString QAmqpBlockingConnection::blockedReason() const { return d->current().blockedReason; }

/*! Returns why the connection could not be opened, or has ended; while isRecovering(), why the link was lost. No
    error while the link is up, and after the connection was closed in good order. */
QAmqpError QAmqpBlockingConnection::lastError() const { return d->current().lastError; }

/*! Returns the options that open() used. */
QAmqpConnectionOptions QAmqpBlockingConnection::options() const
{
    return d->dispatcher.locked([this] { return d->options; });
}

/*! Returns how many channels may be open at once, as negotiated. After a recovery this and what else was negotiated
    is that of the new link. */
quint16 QAmqpBlockingConnection::channelMax() const { return d->current().channelMax; }

/*! Returns the largest frame in bytes, as negotiated. */
quint32 QAmqpBlockingConnection::frameMax() const { return d->current().frameMax; }

/*! Returns the heartbeat interval as negotiated, 0 if there are none. */
std::chrono::seconds QAmqpBlockingConnection::heartbeat() const { return d->current().heartbeat; }

/*! Returns the properties with which the server describes itself. */
QAmqpTable QAmqpBlockingConnection::serverProperties() const
{
    return d->current().serverProperties;
}

/*! Returns whether the server has the capability \a name, such as \c basic.nack. */
bool QAmqpBlockingConnection::hasCapability(const QString &name) const
{
    return serverProperties().value(u"capabilities"_s).toTable().value(name).toBool();
}

/*! Opens a channel. Fails with NotOpen if the connection is not open, and with LimitExceeded if all
    its channels are in use. While the connection recovers, waits until that is done, timeout() at most. */
QAmqpResult<QAmqpBlockingChannel> QAmqpBlockingConnection::createChannel()
{
    QAmqpBlockingChannel channel(std::make_shared<QAmqpBlockingChannelPrivate>(d));
    if (const QAmqpError error = channel.open().error())
        return error;
    return channel;
}

/*! \fn QAmqpResult<QAmqpBlockingChannel> QAmqpBlockingConnection::channel()
    \deprecated
    The former name of createChannel(). */

/*! Makes an outbox in memory, which publishes through this connection and may be used by all threads: what it has
    accepted is published when the connection is open, and again if the link is lost before the broker has confirmed it.
    Each call makes another one. The connection need not be open; it keeps the outbox until it is destroyed itself or
    QAmqpBlockingOutbox::close() is called. Fails with InvalidArgument if there is no QCoreApplication. */
QAmqpResult<QAmqpBlockingOutbox> QAmqpBlockingConnection::outbox()
{
    return outbox([](QAmqpConnection *connection) { return new QAmqpOutbox(connection); });
}

/*! \overload
    Takes the outbox that \a make returns: a QAmqpFileOutbox, after it has opened its file, or one in memory with other
    limits. The function is called once, in the connection's own thread, where the outbox stays; no
    blocking call may be made there. The connection owns the outbox.

    \snippet outbox.cpp blocking file outbox

    Fails with the outbox's own lastError() if there is one when the function returns: then the file could not be opened.
    Fails with InvalidArgument if the function returns null or throws, or if there is no QCoreApplication. */
QAmqpResult<QAmqpBlockingOutbox> QAmqpBlockingConnection::outbox(
        const std::function<QAmqpOutbox *(QAmqpConnection *connection)> &make)
{
    if (const QAmqpError error = d->begin(u"outbox()"_s))
        return error;
    const auto box = std::make_shared<QAmqpBlockingOutboxPrivate>(d);
    return box->ask<QAmqpBlockingOutbox>(u"outbox()"_s, [box, make](const auto &answer) {
        if (const QAmqpError error = box->make(make))
            return answer->give(error);
        if (answer->isAbandoned()) // nobody will have a handle to it
            return box->finish(blockingError(Kind::Timeout, u"outbox() has given up"));
        box->connection->addOutbox(box);
        answer->give(QAmqpBlockingOutbox(box));
    });
}

/*! Gives the broker a new \a secret, mostly an OAuth 2 token, with a \a reason for its log. Fails with Interrupted
    if the link is lost before the broker has answered, and with NotOpen while the connection recovers: each new link
    logs in with the QAmqpConnectionOptions::credentials(), which may ask for a new token each time, see
    QAmqpCredentials::provided(). */
QAmqpResult<void> QAmqpBlockingConnection::updateSecret(const QString &secret,
                                                        const QString &reason)
{
    return d->call<QAmqpResult<void>>(
            u"connection.update-secret"_s, deadlineAfter(timeout()),
            [d = d.get(), secret, reason](const auto &answer) {
                giveWhenEnded(answer, d->connection->updateSecret(secret, reason), d);
            });
}

/*! Calls \a callback once when \a delay is over and a wait runs callbacks. Returns a number, never 0,
    for cancelTimer(). */
quint64 QAmqpBlockingConnection::callLater(std::chrono::milliseconds delay,
                                           std::function<void()> callback)
{
    return d->dispatcher.callAt(deadlineAfter(delay), std::move(callback));
}

/*! Cancels the \a timer that callLater() made. Returns \c false, and does nothing, if its callback was called
    or the timer was cancelled before. */
bool QAmqpBlockingConnection::cancelTimer(quint64 timer)
{
    return d->dispatcher.cancelTimer(timer);
}

/*! Has \a callback called as soon as possible, by the thread that runs callbacks. Like every function here it
    may be called from any thread. Fails with NotOpen if the connection is not open. */
QAmqpResult<void> QAmqpBlockingConnection::addCallbackThreadsafe(std::function<void()> callback)
{
    const QAmqpError error = d->dispatcher.locked(
            [this] { return d->refusal(u"addCallbackThreadsafe()"_s, false); });
    if (!error)
        d->dispatcher.callAt(TimePoint::clock::now(), std::move(callback));
    return error;
}

/*! Has \a callback called, with the broker's reason, when the broker stops accepting messages. The callback
    counts that is set when it is called, not when the broker stopped. If no call runs callbacks, the last 100
    changes are kept. */
void QAmqpBlockingConnection::onBlocked(std::function<void(const QString &reason)> callback)
{
    d->blockedHandler.set(d->dispatcher.mutex(), std::move(callback));
}

/*! Has \a callback called when the broker accepts messages again. */
void QAmqpBlockingConnection::onUnblocked(std::function<void()> callback)
{
    d->unblockedHandler.set(d->dispatcher.mutex(), std::move(callback));
}

/*! Has \a callback called, with the cause, when the link is lost and the connection recovers: once for each link
    that is lost, also when that happens before a recovery was done. The callback counts that is set when it is
    called. If no call runs callbacks, the last 100 changes of the connection are kept. It is not called when the
    connection ends with the link, see onClosed(). \sa isRecovering(), {Lost links} */
void QAmqpBlockingConnection::onInterrupted(std::function<void(const QAmqpError &cause)> callback)
{
    d->interruptedHandler.set(d->dispatcher.mutex(), std::move(callback));
}

/*! Has \a callback called when the connection has recovered: channels are open again, what was declared is there,
    and consumers get messages. The report says how long it took, which queues have another name now, and what could
    not be brought back. By the time it is called, the link may be lost once more. \sa isRecovering() */
void QAmqpBlockingConnection::onRecovered(
        std::function<void(const QAmqpRecoveryReport &report)> callback)
{
    d->recoveredHandler.set(d->dispatcher.mutex(), std::move(callback));
}

/*! Has \a callback called, with the reason, when an open connection has ended: because the broker closed it, or
    its link was lost and it does not recover, or no more; not
    after close() or abort() on this side. Like all callbacks it is called by a call that waits: after the
    connection has ended, processDataEvents() and sleep() call it if no other call did. */
void QAmqpBlockingConnection::onClosed(std::function<void(const QAmqpError &reason)> callback)
{
    d->closedHandler.set(d->dispatcher.mutex(), std::move(callback));
}

/*! Runs the callbacks that are ready; if there are none, waits for \a timeLimit at most until there are.
    Returns how many ran. If none did, fails with NotOpen if the connection was not open, and with the reason
    if it has ended meanwhile. Inside a callback it only waits. */
QAmqpResult<int> QAmqpBlockingConnection::processDataEvents(std::chrono::milliseconds timeLimit)
{
    const auto keep = d; // a callback may destroy this object
    Dispatcher::Lock lock(keep->dispatcher.mutex());
    const bool wasOpen = keep->now.open;
    const TimePoint deadline = deadlineAfter(timeLimit);
    int count = 0;
    keep->dispatcher.run(
            lock, [] { return false; }, TimePoint(), &count); // runs those that are ready
    if (count == 0)
        keep->dispatcher.run(
                lock, [&] { return count > 0 || keep->isOver(); }, deadline, &count);
    const QAmqpError error = keep->refusal(u"processDataEvents()"_s, wasOpen);
    return error && count == 0 ? QAmqpResult<int>(error) : QAmqpResult<int>(count);
}

/*! Waits for \a duration and runs callbacks meanwhile; inside a callback it only waits. With 0 it runs the
    callbacks that are ready and returns. Fails with NotOpen if the connection is not open, and with the
    reason as soon as it ends; goes on while it recovers. Returns early when a stop is requested. */
QAmqpResult<void> QAmqpBlockingConnection::sleep(std::chrono::milliseconds duration)
{
    const auto keep = d;
    Dispatcher::Lock lock(keep->dispatcher.mutex());
    const bool wasOpen = keep->now.open;
    keep->dispatcher.run(
            lock, [&] { return keep->isOver(); }, deadlineAfter(duration));
    return keep->refusal(u"sleep()"_s, wasOpen);
}

/*! Ends all waits. Calls that wait for callbacks, for messages or for a link return within 50 ms, now and
    from now on: QAmqpBlockingChannel::startConsuming(), loops over QAmqpBlockingChannel::consume(),
    processDataEvents(), sleep() and open(). Other calls that wait now, for an answer or for room in a window,
    get half a second more, in which a working broker answers, and then return Cancelled; close() keeps its
    deadline. Calls that begin later work as usual, so that a program can tidy up. This function may be
    called from a signal handler. */
void QAmqpBlockingConnection::requestStop() noexcept { d->dispatcher.requestStop(true); }

/*! Returns whether requestStop() was called. */
bool QAmqpBlockingConnection::isStopRequested() const noexcept
{
    return d->dispatcher.isStopRequested();
}

/*! Makes calls wait again after requestStop(). */
void QAmqpBlockingConnection::clearStopRequest() noexcept { d->dispatcher.requestStop(false); }

QDebug operator<<(QDebug debug, const QAmqpBlockingConnection &connection)
{
    const QDebugStateSaver saver(debug);
    const QString endpoint = connection.endpoint();
    return debug.nospace() << "QAmqpBlockingConnection("
                           << (endpoint.isEmpty() ? connection.options().endpoint() : endpoint)
                           << (connection.isRecovering()     ? ", recovering)"
                                       : connection.isOpen() ? ", open)"
                                                             : ", closed)");
}

QT_END_NAMESPACE
