#include "blocking/qamqpblockingconnection_p.h"

#include "blocking/qamqpblockingchannel_p.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qurl.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;
using Snapshot = QAmqpBlockingConnectionPrivate::Snapshot;

// Messages that no prefetch bounds: from here on reading stops, until half of them were taken. While
// someone needs what the broker sends it goes on to a multiple of that.
constexpr qint64 MaxWaiting = 1000;
constexpr qint64 MaxWaitingBytes = 8 * 1024 * 1024;
constexpr int MostForReaders = 10;

// Of a broker that blocks and unblocks while nobody runs callbacks the last changes are told.
constexpr int MaxBlockedChanges = 100;

/*!
    \class QAmqpBlockingConnection
    \inmodule QtAmqp
    \brief A connection whose calls wait: for programs without an event loop of their own.

    \snippet snippets.cpp blocking

    The connection does its input and output in a thread of its own, so that heartbeats go on whatever
    the program does meanwhile. A QCoreApplication object must exist; \c exec() need not run. Calls may
    come from any thread, several threads may share a connection and its channels, and each call returns
    by its timeout with a QAmqpResult. When the link is lost, every call that waits returns with the
    reason.

    Callbacks (of timers, consumers, returned messages, a blocked connection) never run by themselves:
    they run inside processDataEvents(), sleep(), QAmqpBlockingChannel::startConsuming() and the loop
    over QAmqpBlockingChannel::consume(), one at a time for each connection. Inside a callback all calls
    work, but no other callback runs. A timer that is due waits for at most one other callback.

    \sa Blocking, Threads
*/

/*! Makes a connection that is closed: call setUp() if need be, then open(). */
QAmqpBlockingConnection::QAmqpBlockingConnection()
    : d(std::make_shared<QAmqpBlockingConnectionPrivate>())
{
}

/*! Makes a connection and opens it with \a options. isOpen() and lastError() tell how that went; every
    call on a connection that could not be opened fails with NotOpen and the reason. */
QAmqpBlockingConnection::QAmqpBlockingConnection(const QAmqpConnectionOptions &options)
    : QAmqpBlockingConnection()
{
    static_cast<void>(open(options)); // told by lastError()
}

/*! Makes a connection and opens it with the options of \a url, see QAmqpConnectionOptions::fromUrl(). */
QAmqpBlockingConnection::QAmqpBlockingConnection(const QUrl &url)
    : QAmqpBlockingConnection(QAmqpConnectionOptions::fromUrl(url))
{
}

/*! Closes the connection as close() does, waiting 10 s at most, and ends its thread. Channels that are
    left refuse every call with NotOpen. */
QAmqpBlockingConnection::~QAmqpBlockingConnection() { d->end(); }

/*! Opens with \a options, and waits until that is done or has failed, or the timeout() is over
    (Timeout; the attempt is given up). Fails with InvalidArgument, and leaves options() as they are, if
    there is no QCoreApplication, or the connection is open, opening or closing. A connection that was
    closed or lost may be opened again; its channels then need QAmqpBlockingChannel::open(). */
QAmqpResult<void> QAmqpBlockingConnection::open(const QAmqpConnectionOptions &options)
{
    return d->open(&options);
}

/*! Opens with the options of \a url, see QAmqpConnectionOptions::fromUrl(). */
QAmqpResult<void> QAmqpBlockingConnection::open(const QUrl &url)
{
    return open(QAmqpConnectionOptions::fromUrl(url));
}

/*! Opens with the options() of before. */
QAmqpResult<void> QAmqpBlockingConnection::open() { return d->open(nullptr); }

QAmqpResult<void> QAmqpBlockingConnectionPrivate::open(const QAmqpConnectionOptions *wanted)
{
    if (!QCoreApplication::instance()) {
        const QAmqpError error = blockingError(
                Kind::InvalidArgument,
                QStringLiteral(
                        "open(): there is no QCoreApplication object; make one in main() first, exec() need not run"));
        const std::lock_guard lock(dispatcher.mutex());
        return now.lastError = error;
    }
    {
        const std::lock_guard lock(dispatcher.mutex());
        if (!std::exchange(begun, true))
            thread.begin([this] {
                connection = new QAmqpConnection;
                watch();
            });
    }
    const auto result = wait<QAmqpResult<void>>(
            "open()", deadlineAfter(timeout()),
            [this, with = wanted ? std::optional(*wanted) : std::nullopt](
                    const Answer<void> &answer) { startOpening(answer, with); });
    if (!result && result.error().kind() == Kind::Timeout)
        abort(); // also if it has come to be open by now: the caller is told that it is not
    if (!result) {
        const std::lock_guard lock(dispatcher.mutex());
        if (!now.open)
            now.lastError = result.error();
    }
    return result;
}

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
                     [this](bool blocked) { tellBlocked(blocked); });
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

void QAmqpBlockingConnectionPrivate::tellBlocked(bool blocked)
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

QAmqpError QAmqpBlockingConnectionPrivate::timedOut(const char *what) const
{
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

// No callbacks but those of timers are called from now on, until it is opened again.
void QAmqpBlockingConnectionPrivate::silence()
{
    thread.post([self = shared_from_this()] {
        for (const auto &weak : self->channels) {
            if (const auto channel = weak.lock())
                channel->silence();
        }
    });
    Dispatcher::Dropped dropped; // goes without the mutex
    const std::lock_guard lock(dispatcher.mutex());
    silenced = true;
    dispatcher.dropAll(dropped);
}

/*! Closes the connection when everything asked for before is done, and cuts it after \a deadline
    (Timeout). Succeeds if it is closed already. From the call on no callbacks are called but those of
    timers; messages that came and were not seen go back to their queues. */
QAmqpResult<void> QAmqpBlockingConnection::close(std::chrono::milliseconds deadline)
{
    return d->close(deadline);
}

QAmqpResult<void> QAmqpBlockingConnectionPrivate::close(std::chrono::milliseconds deadline)
{
    silence();
    {
        const std::lock_guard lock(dispatcher.mutex());
        if (!now.open)
            return {};
    }
    const TimePoint end =
            Clock::now() + std::clamp(deadline, std::chrono::milliseconds::zero(), Century);
    auto result = wait<QAmqpResult<void>>(
            "close()", end + std::chrono::milliseconds(50), // the core keeps the deadline
            [this, end](const Answer<void> &answer) {
                if (connection->state() == QAmqpConnection::State::Closed)
                    return answer->give(QAmqpResult<void>());
                closers.push_back(answer);
                connection->close(std::chrono::ceil<std::chrono::milliseconds>(
                        std::max(end - Clock::now(), Clock::duration::zero())));
            });
    if (!result)
        abort();
    return result;
}

// The connection object goes; channels and consumers may be left.
void QAmqpBlockingConnectionPrivate::end()
{
    static_cast<void>(close(std::chrono::seconds(10)));
    thread.end([this] {
        delete std::exchange(connection, nullptr);
        for (const auto &weak : std::exchange(channels, {})) {
            if (const auto channel = weak.lock())
                channel->tellClosed(blockingError(Kind::NotOpen,
                                                  QStringLiteral("the connection was destroyed")));
        }
    });
    dispatcher.clear();
    const std::lock_guard lock(dispatcher.mutex());
    now.open = false;
    dispatcher.changed();
}

/*! Cuts the link at once, without a word to the broker. Calls that wait fail, and no callbacks are called
    any more but those of timers. */
void QAmqpBlockingConnection::abort()
{
    d->silence();
    d->abort();
}

void QAmqpBlockingConnectionPrivate::abort()
{
    // That nothing is waited for but the I/O thread makes a second enough.
    static_cast<void>(wait<QAmqpResult<void>>(
            "abort()", deadlineAfter(std::chrono::seconds(1)), [this](const Answer<void> &answer) {
                if (connection->state() == QAmqpConnection::State::Closed)
                    return answer->give(QAmqpResult<void>());
                closers.push_back(answer);
                connection->abort();
            }));
}

/*! Has \a function prepare the QAmqpConnection inside before each open(): its TLS configuration, its
    transport. It is called in the I/O thread, where no blocking call may be made. If it throws, open()
    fails with InvalidArgument. */
void QAmqpBlockingConnection::setUp(std::function<void(QAmqpConnection *connection)> function)
{
    const std::lock_guard lock(d->dispatcher.mutex());
    d->setUp.swap(function); // the old one goes without the mutex
}

/*! Returns how long a call waits. */
std::chrono::milliseconds QAmqpBlockingConnection::timeout() const { return d->timeout(); }

/*! Makes each call wait for \a timeout at most, 30 s unless set. The calls of channels that are made
    from now on do, too. What the broker was asked for stays asked for when a call gives up. */
void QAmqpBlockingConnection::setTimeout(std::chrono::milliseconds timeout)
{
    d->setTimeout(timeout);
}

void QAmqpBlockingConnectionPrivate::setTimeout(std::chrono::milliseconds timeout)
{
    m_timeout = std::max(timeout, std::chrono::milliseconds(1));
}

/*! Returns whether the connection is open. */
bool QAmqpBlockingConnection::isOpen() const { return d->current(&Snapshot::open); }

/*! Returns where the link in use goes, or the one that is being made, as QAmqpConnection::endpoint();
    empty while closed. */
QString QAmqpBlockingConnection::endpoint() const { return d->current(&Snapshot::endpoint); }

/*! Returns whether the broker has stopped taking messages. \sa onBlocked() */
bool QAmqpBlockingConnection::isBlocked() const { return d->current(&Snapshot::blocked); }

/*! Returns what the broker gave as the reason for isBlocked(). */
QString QAmqpBlockingConnection::blockedReason() const
{
    const std::lock_guard lock(d->dispatcher.mutex());
    return d->now.blocked ? d->now.blockedReason : QString();
}

/*! Returns why the connection could not be opened, or was lost; no error while it is open and after
    it was closed in good order. */
QAmqpError QAmqpBlockingConnection::lastError() const { return d->current(&Snapshot::lastError); }

/*! Returns the options that open() used. */
QAmqpConnectionOptions QAmqpBlockingConnection::options() const
{
    const std::lock_guard lock(d->dispatcher.mutex());
    return d->options;
}

/*! Returns how many channels may be open at once, as negotiated. */
quint16 QAmqpBlockingConnection::channelMax() const { return d->current(&Snapshot::channelMax); }

/*! Returns the largest frame in octets, as negotiated. */
quint32 QAmqpBlockingConnection::frameMax() const { return d->current(&Snapshot::frameMax); }

/*! Returns the heartbeat interval as negotiated, 0 if there are none. */
std::chrono::seconds QAmqpBlockingConnection::heartbeat() const
{
    return d->current(&Snapshot::heartbeat);
}

/*! Returns what the server told about itself. */
QAmqpTable QAmqpBlockingConnection::serverProperties() const
{
    return d->current(&Snapshot::serverProperties);
}

/*! Returns whether the server has the capability \a name, such as \c basic.nack. */
bool QAmqpBlockingConnection::hasCapability(const QString &name) const
{
    return serverProperties().value(QStringLiteral("capabilities")).toTable().value(name).toBool();
}

/*! Opens a channel. Fails with NotOpen if the connection is not open, and with LimitExceeded if all
    its channels are in use. */
QAmqpResult<QAmqpBlockingChannel> QAmqpBlockingConnection::channel()
{
    auto channel = d->makeChannel();
    if (!channel)
        return channel.error();
    return QAmqpBlockingChannel(*std::move(channel));
}

QAmqpResult<std::shared_ptr<QAmqpBlockingChannelPrivate>>
QAmqpBlockingConnectionPrivate::makeChannel()
{
    auto channel = std::make_shared<QAmqpBlockingChannelPrivate>(shared_from_this());
    const auto opened = channel->open();
    if (opened)
        return channel;
    channel->abandon();
    return opened.error();
}

/*! Gives the broker a new \a secret, an OAuth 2 token mostly, with a \a reason for its log. */
QAmqpResult<void> QAmqpBlockingConnection::updateSecret(const QString &secret,
                                                        const QString &reason)
{
    const auto result = d->wait<QAmqpResult<void>>(
            "connection.update-secret", deadlineAfter(timeout()),
            [d = d.get(), secret, reason](const auto &answer) {
                giveWhenEnded(answer, d->connection->updateSecret(secret, reason));
            });
    d->awaitEnd(result.error(), d->now.open);
    if (!result && result.error().kind() == Kind::NotOpen)
        return d->notOpen("connection.update-secret");
    return result;
}

/*! Calls \a callback once when \a delay is over and a wait runs callbacks. Returns a number, never 0,
    for cancelTimer(). */
quint64 QAmqpBlockingConnection::callLater(std::chrono::milliseconds delay,
                                           std::function<void()> callback)
{
    return d->dispatcher.callAt(deadlineAfter(delay), std::move(callback));
}

/*! Takes back what callLater() was asked for as \a timer. Returns \c false, and does nothing, if it has
    been called or taken back already. */
bool QAmqpBlockingConnection::cancelTimer(quint64 timer)
{
    return d->dispatcher.cancelTimer(timer);
}

/*! Has the thread that waits for callbacks call \a callback as soon as it can. This, like every other
    function here, may be called from any thread. Fails with NotOpen if the connection is not open. */
QAmqpResult<void> QAmqpBlockingConnection::addCallbackThreadsafe(std::function<void()> callback)
{
    if (!isOpen())
        return d->notOpen("addCallbackThreadsafe()");
    d->dispatcher.callAt(QAmqpBlockingConnectionPrivate::Clock::now(), std::move(callback));
    return {};
}

/*! Has \a callback called, with the broker's reason, when the broker stops taking messages. The callback
    that is set when it is told is the one that is called. Of changes that nobody waited for the last 100
    are told. */
void QAmqpBlockingConnection::onBlocked(std::function<void(const QString &reason)> callback)
{
    auto handler = shared(std::move(callback)); // the old one goes without the mutex
    const std::lock_guard lock(d->dispatcher.mutex());
    d->blockedHandler.swap(handler);
}

/*! Has \a callback called when the broker takes messages again. */
void QAmqpBlockingConnection::onUnblocked(std::function<void()> callback)
{
    auto handler = shared(std::move(callback)); // the old one goes without the mutex
    const std::lock_guard lock(d->dispatcher.mutex());
    d->unblockedHandler.swap(handler);
}

/*! Runs the callbacks that are ready; if none is, waits up to \a timeLimit for some. Returns how many
    ran. If none did, fails with NotOpen if the connection was not open, and with the reason if it is lost
    meanwhile. Inside a callback it only waits. */
QAmqpResult<int> QAmqpBlockingConnection::processDataEvents(std::chrono::milliseconds timeLimit)
{
    const auto keep = d; // a callback may destroy this object
    std::unique_lock lock(d->dispatcher.mutex());
    const bool wasOpen = keep->now.open;
    const int count = keep->dispatcher.pass(
            lock, [&] { return !keep->now.open; }, deadlineAfter(timeLimit));
    if (const QAmqpError error = keep->refusal("processDataEvents()", wasOpen); error && count == 0)
        return error;
    return count;
}

/*! Waits for \a duration and runs callbacks meanwhile; inside a callback it only waits. With 0 it runs the
    callbacks that are ready and returns. Fails with NotOpen if the connection is not open, and with the
    reason as soon as it is lost; returns early when a stop is requested. */
QAmqpResult<void> QAmqpBlockingConnection::sleep(std::chrono::milliseconds duration)
{
    const auto keep = d;
    std::unique_lock lock(d->dispatcher.mutex());
    const bool wasOpen = keep->now.open;
    keep->dispatcher.wait(
            lock, [&] { return !keep->now.open; }, deadlineAfter(duration));
    return keep->refusal("sleep()", wasOpen);
}

/*! Ends all waits for callbacks and messages, now and from now on: startConsuming(), loops over
    consume(), processDataEvents() and sleep() return within 50 ms. Other calls go on. This function may
    be called from a signal handler. */
void QAmqpBlockingConnection::requestStop() noexcept { d->dispatcher.requestStop(true); }

/*! Returns whether requestStop() was called. */
bool QAmqpBlockingConnection::isStopRequested() const noexcept
{
    return d->dispatcher.isStopRequested();
}

/*! Makes waits work again after requestStop(). */
void QAmqpBlockingConnection::clearStopRequest() noexcept { d->dispatcher.requestStop(false); }

QDebug operator<<(QDebug debug, const QAmqpBlockingConnection &connection)
{
    const QDebugStateSaver saver(debug);
    const QString endpoint = connection.endpoint();
    return debug.nospace() << "QAmqpBlockingConnection("
                           << (endpoint.isEmpty() ? connection.options().endpoint() : endpoint)
                           << (connection.isOpen() ? ", open)" : ", closed)");
}

QT_END_NAMESPACE
