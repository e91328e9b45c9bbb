// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/qamqpoutbox_p.h"

#include "values/bytes.h"
#include "values/errorkinds.h"
#include "values/wiretext.h"

#include <QtCore/qdebug.h>
#include <QtCore/qmetaobject.h>
#include <QtCore/qthread.h>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;

/*!
    \class QAmqpOutbox
    \inmodule QtAmqp
    \brief Keeps messages until the broker has confirmed them, and publishes them as often as that takes.

    publish() takes a message at any time: before the connection is open, while it recovers, when it is closed, even
    when there is none. The outbox publishes in the order of its ids on a channel of its own, with confirms. What the
    broker had not confirmed when the link or the channel was lost is published again before newer messages, with the
    same message-id. So every message that was accepted is delivered at least once, and delivered() tells it; or it
    leaves the outbox for a reason, which failed() tells: the broker refused it, it reached no queue, its time was over,
    or it was dropped for a newer one.

    \snippet outbox.cpp outbox

    A message that the broker has got twice has the same message-id twice. A message without one gets it from the
    outbox, unless setAddsMessageIds() says otherwise: 16 hexadecimal digits that no other outbox has, a hyphen, and the
    id. Consumers tell duplicates by it, see QAmqpConsumeOptions::setDeduplication(). What the broker keeps through its
    own restart is another question: give the message QAmqpMessage::DeliveryMode::Persistent and publish it to a durable
    queue.

    This class keeps the messages in memory: they are lost with the object. QAmqpFileOutbox of the component
    QtAmqp::Outbox keeps them in a file and is used in the same way; it is a class and a library of its own since it
    needs QtSql, which the library itself does not.

    Work is done once for each turn of the event loop: a message leaves at the end of the turn in which it was
    published at the earliest, and signals are emitted from there. For sending an outbox loads some 1,000 messages and
    window() more, of 8 MiB together (or one that is larger); with a file all others are on the disk alone.

    One outbox may publish to any number of exchanges, and one connection may have several outboxes. A connection may
    be destroyed before its outbox. All calls belong to the thread of the outbox, which is that of the connection.

    \sa QAmqpFileOutbox, {When the link is lost}, {https://www.rabbitmq.com/docs/confirms}
*/

/*!
    \enum QAmqpOutbox::Overflow
    What publish() does when the outbox is full.
    \value Refuse      It returns 0 and takes nothing.
    \value DropOldest  The oldest messages leave the outbox for the new one, as failed() tells (LimitExceeded). First go
                       those that are not on their way to the broker; one that is may have arrived.
*/
/*!
    \enum QAmqpOutbox::Rejection
    What becomes of a message that the broker did not take: it sent basic.nack, or returned the message since no queue
    took it (that needs the flag Mandatory), or closed the channel over it, for example since the exchange is missing.
    \value Fail   The message leaves the outbox, and failed() tells why.
    \value Retry  The outbox pauses for retryDelay(), and publishes the message again before newer ones.
*/
/*! \class QAmqpOutboxMessage
    \inmodule QtAmqp
    \inheaderfile QAmqpOutbox
    \brief A message in an outbox: its id, where it is published to, and when it expires (an invalid time: never). */

/*! \fn void QAmqpOutbox::delivered(quint64 firstId, quint64 lastId)
    The broker has confirmed the messages \a firstId to \a lastId and is responsible for them now; they have left the
    outbox. Each message is told once by this signal or by failed(), but not those that left while the program was not
    running to hear of it. */
/*! \fn void QAmqpOutbox::failed(quint64 id, const QAmqpError &why)
    The message \a id has left the outbox without being confirmed. \a why is Nacked; Unroutable; what the broker closed
    the channel with (NotFound, AccessRefused, PreconditionFailed and so on); Timeout, after messageTimeout();
    LimitExceeded, if it was dropped for a newer message or its properties do not fit one frame; Interrupted, if
    maximumAttempts() were made and the link was lost each time; InvalidArgument, if its name or properties cannot be
    sent, or its row in the file is damaged; and DeviceFailed, if it could not be written to the file and was thus
    never accepted. */
/*! \fn void QAmqpOutbox::countChanged()
    Emitted from the event loop, once for each turn in which count() or bytes() have changed. */
/*! \fn void QAmqpOutbox::publishRefused(const QAmqpError &error, quint64 messages)
    So many \a messages were given to publish() and refused: it returned 0. Emitted once for all such calls since the
    last turn of the event loop; \a error is that of the last one. If nobody is connected to it, the first one is
    warned of. */
/*! \fn void QAmqpOutbox::errorOccurred(const QAmqpError &error)
    The outbox cannot do its work because of \a error, and goes on trying: its channel cannot be opened, or its file
    cannot be written or read (DeviceFailed). Messages stay where they are. Emitted once until it works again. */
/*! \fn void QAmqpOutbox::lastErrorChanged(const QAmqpError &error)
    Emitted from the event loop when \a error has become what lastError() returns. */
/*! \fn void QAmqpOutbox::pausedChanged(bool paused)
    Emitted from the event loop when \a paused has become what isPaused() returns. */

/*! Makes an empty outbox in memory, a child of \a parent, that publishes through \a connection. The connection need not
    be open, and may be null; it does not own the outbox. */
QAmqpOutbox::QAmqpOutbox(QAmqpConnection *connection, QObject *parent)
    : QAmqpOutbox(new QAmqpOutboxPrivate, connection, parent)
{
    d_ptr->begin(std::make_unique<OutboxMemory>());
}

/*! \internal For an outbox that begins without messages and without a place for them. */
QAmqpOutbox::QAmqpOutbox(QAmqpOutboxPrivate *dd, QAmqpConnection *connection, QObject *parent)
    : QObject(parent), d_ptr(dd)
{
    dd->attach(this);
    dd->setConnection(connection);
}

/*! Destroys the outbox, in silence, and what is in memory alone. Messages that were on their way to the broker are
    sent, but their confirms are not waited for. */
QAmqpOutbox::~QAmqpOutbox()
{
    const auto d = d_ptr;
    d->leave();
}

/*! Returns the connection, null if there is none or it was destroyed. */
QAmqpConnection *QAmqpOutbox::connection() const { return d_ptr->connection(); }

/*! Publishes through \a connection from now on, or keeps everything while that is null. What is on its way through the
    former connection and not confirmed is published again, and may thus arrive twice. The connection must live in the
    thread of the outbox. */
void QAmqpOutbox::setConnection(QAmqpConnection *connection)
{
    if (!d_ptr->isForeign("setConnection") && connection != d_ptr->connection())
        d_ptr->setConnection(connection);
}

/*!
    Takes \a message for \a exchange (empty: the default exchange) with \a routingKey, and returns its id: 1, 2, 3 and
    so on through the life of the outbox and, if it has one, of its file. \a flags are those of QAmqpChannel::publish().
    Never waits. What becomes of the message is told by delivered() or failed().

    Returns 0, takes nothing and sets lastError() if the outbox is full (LimitExceeded), a name or a property cannot
    be sent (InvalidArgument), or its file is not open (NotOpen) or cannot be written (DeviceFailed).
    publishRefused() follows. From a foreign thread it prints a warning and returns 0.

    The message is accepted with the end of this turn of the event loop, when everything published in it is written
    together, or earlier with QAmqpFileOutbox::flush(). If that fails, failed() tells the ids that were returned
    already; after that each publish() writes by itself, and returns 0 until that works again.
*/
quint64 QAmqpOutbox::publish(const QString &exchange, const QString &routingKey,
                             const QAmqpMessage &message, QAmqpChannel::PublishFlags flags)
{
    if (d_ptr->isForeign("publish"))
        return 0;
    return d_ptr->publish(
            {.exchange = exchange, .routingKey = routingKey, .message = message, .flags = flags});
}

/*! \property QAmqpOutbox::count
    How many messages are in the outbox: published and neither delivered nor failed. */
qint64 QAmqpOutbox::count() const { return d_ptr->count; }

/*! \property QAmqpOutbox::bytes
    How many bytes the bodies and the properties of these messages have, see QAmqpMessage::size(). */
qint64 QAmqpOutbox::bytes() const { return d_ptr->bytes; }

/*! Returns the first messages of the outbox, in the order of their ids, at most \a maximum of them and only those
    behind \a afterId; so a loop can go through all of them. Those under way are among them. The list is shorter if
    they have more than 8 MiB, but not empty because of that. */
QList<QAmqpOutboxMessage> QAmqpOutbox::messages(qsizetype maximum, quint64 afterId) const
{
    return d_ptr->messages(maximum, afterId);
}

/*! Returns how many of these messages are on their way: sent, and not confirmed. If this is 0 after pause(), the outbox
    can be closed or destroyed, and no message arrives twice because of that. countChanged() tells of confirms. */
int QAmqpOutbox::unconfirmed() const { return d_ptr->unconfirmed(); }

/*! Returns how often this object has sent a message once more: since the link or the channel was lost, or with
    Rejection::Retry since the broker had not taken it. So many duplicates at most were made. What an earlier program
    had sent from the same file does not count. */
quint64 QAmqpOutbox::publishedAgain() const { return d_ptr->publishedAgain; }

/*! \property QAmqpOutbox::paused
    Whether pause() was called, and resume() was not called since. */
bool QAmqpOutbox::isPaused() const { return d_ptr->isPaused; }

/*! Sends nothing more until resume(). Messages are taken all the same, and what is on its way still arrives. */
void QAmqpOutbox::pause()
{
    if (!d_ptr->isForeign("pause"))
        d_ptr->setPaused(true);
}

/*! Goes on sending. */
void QAmqpOutbox::resume()
{
    if (!d_ptr->isForeign("resume"))
        d_ptr->setPaused(false);
}

/*! \property QAmqpOutbox::lastError
    Why publish() returned 0 the last time, or what errorOccurred() told, whichever was later. */
QAmqpError QAmqpOutbox::lastError() const { return d_ptr->lastError; }

/*! Returns how many messages the outbox takes: 100,000 by default, and without limit (0) with a file. */
qint64 QAmqpOutbox::maximumCount() const { return d_ptr->settings.maximumCount; }

/*! Takes at most so many \a messages, 0: without limit. What is in the outbox already stays. */
void QAmqpOutbox::setMaximumCount(qint64 messages)
{
    d_ptr->settings.maximumCount = std::max<qint64>(messages, 0);
}

/*! Returns how many bytes() the outbox takes: 64 MiB by default, and without limit (0) with a file. */
qint64 QAmqpOutbox::maximumBytes() const { return d_ptr->settings.maximumBytes; }

/*! Takes at most so many \a bytes, 0: without limit. A message that is larger by itself is refused whatever
    overflow() says. */
void QAmqpOutbox::setMaximumBytes(qint64 bytes)
{
    d_ptr->settings.maximumBytes = std::max<qint64>(bytes, 0);
}

/*! Returns what publish() does when the outbox is full, Refuse by default. */
QAmqpOutbox::Overflow QAmqpOutbox::overflow() const { return d_ptr->settings.overflow; }

/*! Makes publish() do as \a overflow says when the outbox is full. */
void QAmqpOutbox::setOverflow(Overflow overflow) { d_ptr->settings.overflow = overflow; }

/*! Returns the time that messages have, without limit (0) by default. */
std::chrono::milliseconds QAmqpOutbox::messageTimeout() const
{
    return d_ptr->settings.messageTimeout;
}

/*! Gives each message that is published from now on so much time (\a timeout, 0: without limit): then it leaves the
    outbox with failed() and Timeout, unless it is on its way and its confirm comes. The end of that time is kept with
    the message as a time of the wall clock, so that it also passes while the program does not run. What queues do with
    old messages is another question: see QAmqpMessage::setExpiration(). */
void QAmqpOutbox::setMessageTimeout(std::chrono::milliseconds timeout)
{
    d_ptr->settings.messageTimeout = std::max(timeout, std::chrono::milliseconds(0));
}

/*! Returns how often a message is sent at most, without limit (0) by default. */
int QAmqpOutbox::maximumAttempts() const { return d_ptr->settings.maximumAttempts; }

/*! Lets a message leave with failed() after so many \a attempts, 0: without limit. Only sending counts, and it counts
    anew when the program is started again. */
void QAmqpOutbox::setMaximumAttempts(int attempts)
{
    d_ptr->settings.maximumAttempts = std::max(attempts, 0);
}

/*! Returns what becomes of messages that the broker did not take, Fail by default. */
QAmqpOutbox::Rejection QAmqpOutbox::rejection() const { return d_ptr->settings.rejection; }

/*! Does with messages that the broker did not take what \a rejection says. With Retry one message that is never taken
    is tried for ever, unless setMaximumAttempts() or setMessageTimeout() limit that; others go on between its attempts,
    at most window() of them in each retryDelay(). */
void QAmqpOutbox::setRejection(Rejection rejection) { d_ptr->settings.rejection = rejection; }

/*! Returns how long the outbox pauses before it tries again what failed, a second by default. */
std::chrono::milliseconds QAmqpOutbox::retryDelay() const { return d_ptr->settings.retryDelay; }

/*! Pauses for \a delay when the broker did not take a message and rejection() is Retry, and when the channel could not
    be opened. */
void QAmqpOutbox::setRetryDelay(std::chrono::milliseconds delay)
{
    d_ptr->settings.retryDelay = std::max(delay, std::chrono::milliseconds(0));
}

/*! Returns how many messages may be sent and not confirmed, 1,000 by default. */
int QAmqpOutbox::window() const { return d_ptr->settings.window; }

/*! Sends at most so many \a messages (1 or more) before the broker confirms some. A smaller window means fewer
    duplicates when the link is lost, and less speed over a long distance. */
void QAmqpOutbox::setWindow(int messages)
{
    d_ptr->settings.window = std::max(messages, 1);
    d_ptr->schedule();
}

/*! Returns whether messages without a message-id get one, which is so by default. */
bool QAmqpOutbox::addsMessageIds() const { return d_ptr->settings.addsMessageIds; }

/*! Gives a message-id to messages that are published from now on and have none, if \a adds is set. Without it they are
    sent exactly as they were published, and consumers cannot tell a duplicate by its message-id. */
void QAmqpOutbox::setAddsMessageIds(bool adds) { d_ptr->settings.addsMessageIds = adds; }

/*! \relates QAmqpOutbox
    Writes how much is in \a outbox, and its last error, to \a debug. */
QDebug operator<<(QDebug debug, const QAmqpOutbox *outbox)
{
    const QDebugStateSaver saver(debug);
    debug.nospace();
    if (!outbox)
        return debug << "QAmqpOutbox(null)";
    debug << "QAmqpOutbox(" << outbox->count() << " messages, " << outbox->bytes() << " bytes";
    if (outbox->isPaused())
        debug << ", paused";
    if (outbox->lastError())
        debug << ", " << outbox->lastError();
    return debug << ')';
}

bool operator==(const QAmqpOutboxMessage &a, const QAmqpOutboxMessage &b)
{
    return a.id == b.id && a.exchange == b.exchange && a.routingKey == b.routingKey
            && a.message == b.message && a.flags == b.flags && a.expires == b.expires;
}

QDebug operator<<(QDebug debug, const QAmqpOutboxMessage &message)
{
    const QDebugStateSaver saver(debug);
    return debug.nospace() << "QAmqpOutboxMessage(" << message.id << ", exchange "
                           << message.exchange << ", routing key " << message.routingKey << ", "
                           << message.message << ')';
}

QAmqpOutboxPrivate::~QAmqpOutboxPrivate() = default;

bool QAmqpOutboxPrivate::isForeign(const char *function) const
{
    if (QThread::currentThread() == q->thread())
        return false;
    qWarning("QtAmqp: QAmqpOutbox::%s() was called from another thread and does nothing; use "
             "QMetaObject::invokeMethod()",
             function);
    return true;
}

void QAmqpOutboxPrivate::attach(QAmqpOutbox *outbox)
{
    q = outbox;
    m_timer = new QTimer(q);
    m_timer->setSingleShot(true);
    QObject::connect(m_timer, &QTimer::timeout, q, [this] { turn(); });
}

void QAmqpOutboxPrivate::begin(std::unique_ptr<OutboxStore> store)
{
    const OutboxStore::Contents contents = store->contents();
    m_store = std::move(store);
    m_boxId = contents.boxId;
    m_nextId = contents.lastId + 1;
    m_lastRead = 0;
    count = contents.count;
    bytes = contents.bytes;
    m_checksExpiry = count > 0;
    m_cannotWrite = m_cannotSend = m_commitsAtOnce = false;
    if (count > 0)
        schedule();
}

QAmqpError QAmqpOutboxPrivate::end()
{
    const QAmqpError error = commit();
    dropChannel(); // whose confirms are about messages of this store
    m_waiting.clear();
    m_fresh.clear();
    m_removed.clear();
    m_commitAgainAt.reset();
    m_heldUntil.reset();
    m_suspectsUntil = 0;
    m_nextExpiry = 0;
    count = bytes = 0;
    m_store.reset();
    schedule();
    return error;
}

void QAmqpOutboxPrivate::leave()
{
    commit();
    dropChannel();
    q = nullptr;
}

void QAmqpOutboxPrivate::setPaused(bool paused)
{
    isPaused = paused;
    schedule();
}

void QAmqpOutboxPrivate::setLastError(const QAmqpError &error)
{
    lastError = error;
    schedule();
}

QAmqpError QAmqpOutboxPrivate::refusal(const OutboxEntry &entry) const
{
    if (!m_store)
        return notOpen(u"publish(): the outbox has no file; open() one before");
    for (const QString *const name : {&entry.exchange, &entry.routingKey}) {
        const QByteArray utf8 = wireFromText(*name);
        if (utf8.size() > MaxShortString)
            return invalidArgument(
                    u"publish(): the name \"%1…\" has %2 bytes of UTF-8, AMQP allows 255; shorten it",
                    name->first(32), utf8.size());
    }
    if (const QString reason = entry.message.errorString(); !reason.isEmpty())
        return invalidArgument(u"the message cannot be sent: %1", reason);
    return {};
}

void QAmqpOutboxPrivate::refuse(const QAmqpError &error)
{
    ++m_refused;
    m_refusedError = error;
    setLastError(error);
}

quint64 QAmqpOutboxPrivate::publish(OutboxEntry entry)
{
    QAmqpError error = refusal(entry);
    if (!error)
        error = accept(entry);
    if (!error)
        return entry.id;
    refuse(error);
    return 0;
}

// Makes the outbox small enough for a message of this size.
QAmqpError QAmqpOutboxPrivate::makeRoom(qint64 size)
{
    const auto isFull = [&] {
        return (settings.maximumCount > 0 && count >= settings.maximumCount)
                || (settings.maximumBytes > 0 && bytes + size > settings.maximumBytes);
    };
    const bool canFit = settings.maximumBytes == 0 || size <= settings.maximumBytes;
    while (isFull()) {
        if (!canFit || settings.overflow == QAmqpOutbox::Overflow::Refuse || !dropOldest())
            return operationError(
                    QAmqpError::Kind::LimitExceeded, QAmqpError::Origin::Library,
                    u"the outbox is full: it has %1 messages of %2 bytes, and the limits are %3 and %4",
                    count, bytes, settings.maximumCount, settings.maximumBytes);
    }
    return {};
}

bool QAmqpOutboxPrivate::dropOldest()
{
    const QAmqpError why =
            operationError(QAmqpError::Kind::LimitExceeded, QAmqpError::Origin::Library,
                           u"the outbox is full, and a newer message was to be kept");
    load();
    // Whether that has arrived will not be known.
    Shelf &oldest = m_waiting.isEmpty() ? m_sent : m_waiting;
    if (oldest.isEmpty())
        return false;
    finish(oldest.take(oldest.begin()), why);
    return true;
}

QAmqpError QAmqpOutboxPrivate::accept(OutboxEntry &entry)
{
    // So many at most wait for one commit, however long the turn of the event loop is.
    constexpr std::size_t mostFresh = 10'000;
    entry.id = m_nextId;
    if (settings.addsMessageIds && !entry.message.has(QAmqpMessage::Property::MessageId))
        entry.message.setMessageId(m_boxId + u'-' + QString::number(entry.id));
    const qint64 size = entry.size();
    if (const QAmqpError error = makeRoom(size))
        return error;
    if (settings.messageTimeout.count() > 0)
        entry.expires = QDateTime::currentMSecsSinceEpoch() + settings.messageTimeout.count();
    if (const QAmqpError error = m_store->append(entry)) {
        undo(error, 0);
        return error;
    }
    ++m_nextId;
    ++count;
    bytes += size;
    m_fresh.push_back({entry.id, size});
    if (m_lastRead + 1 == entry.id && m_waiting.size() < MostLoaded
        && m_waiting.bytes() + size <= MostLoadedBytes) { // it need not be read again
        m_waiting.append(entry);
        m_lastRead = entry.id;
    }
    if (entry.expires && (m_nextExpiry == 0 || entry.expires < m_nextExpiry))
        m_nextExpiry = entry.expires;
    schedule();
    return m_commitsAtOnce || m_fresh.size() >= mostFresh ? commit(entry.id) : QAmqpError();
}

QAmqpError QAmqpOutboxPrivate::commit(quint64 except)
{
    m_commitAgainAt.reset();
    if (!m_store || (m_fresh.empty() && m_removed.empty()))
        return {};
    QAmqpError error;
    for (const Range &range : m_removed) {
        error = m_store->remove(range.first, range.last);
        if (error)
            break;
    }
    if (!error)
        error = m_store->commit();
    if (error) {
        undo(error, except);
        return error;
    }
    if (!m_fresh.empty())
        m_commitsAtOnce = false;
    m_fresh.clear();
    m_removed.clear();
    m_cannotWrite = false;
    if (count == 0)
        m_store->emptied();
    return {};
}

// Nothing was written since the last commit. What was removed is still to be removed.
void QAmqpOutboxPrivate::undo(const QAmqpError &error, quint64 except)
{
    for (const Fresh &fresh : m_fresh) {
        if (fresh.id == 0)
            continue;
        --count;
        bytes -= fresh.size;
        if (fresh.id != except)
            m_news.push_back({fresh.id, fresh.id, error});
    }
    if (!m_fresh.empty()) {
        const quint64 first = m_nextId - m_fresh.size();
        while (m_waiting.lowerBound(first) != m_waiting.end())
            m_waiting.take(m_waiting.lowerBound(first));
        // The ids are not used again, and nothing is to be read there.
        if (m_lastRead + 1 >= first)
            m_lastRead = m_nextId - 1;
    }
    m_fresh.clear();
    m_commitsAtOnce = true;
    m_commitAgainAt = TimePoint::clock::now() + std::chrono::seconds(1);
    report(m_cannotWrite, error);
}

// It cannot go on for now.
void QAmqpOutboxPrivate::report(bool &isKnown, const QAmqpError &trouble)
{
    if (!std::exchange(isKnown, true))
        m_news.push_back({0, 0, trouble});
    setLastError(trouble);
}

QList<QAmqpOutboxMessage> QAmqpOutboxPrivate::messages(qsizetype maximum, quint64 afterId)
{
    constexpr qint64 mostBytes = 8 * 1024 * 1024;

    QList<QAmqpOutboxMessage> all;
    std::vector<OutboxEntry> entries;
    if (m_store && maximum > 0)
        m_store->read(afterId, maximum, mostBytes, entries);
    for (const OutboxEntry &entry : entries) {
        if (!isRemoved(entry.id))
            all.append(
                    {entry.id, entry.exchange, entry.routingKey, entry.message, entry.flags,
                     entry.expires ? QDateTime::fromMSecsSinceEpoch(entry.expires) : QDateTime()});
    }
    return all;
}

QT_END_NAMESPACE
