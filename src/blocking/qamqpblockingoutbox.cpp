// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "blocking/qamqpblockingoutbox_p.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qcoreevent.h>

QT_BEGIN_NAMESPACE

using namespace QtAmqpPrivate;
using namespace Qt::StringLiterals;
using Kind = QAmqpError::Kind;

// If messages leave an outbox and nobody runs callbacks, so many of the last ones are kept to be told. Messages that
// were delivered one after the other count as one.
constexpr std::size_t MaxNews = 10'000;

/*!
    \class QAmqpBlockingOutbox
    \inmodule QtAmqp
    \brief An outbox of a QAmqpBlockingConnection, for any number of threads.

    \snippet outbox.cpp blocking outbox

    QAmqpBlockingConnection::outbox() makes it: a QAmqpOutbox, or a QAmqpFileOutbox, which lives and publishes in the
    connection's own thread. This object is a handle to it. A handle can be copied, copies stand for the same
    outbox, and all functions may be called from any thread at the same time. They may be called before the connection
    is open, while it recovers, and after it was closed: publish() does not wait for the broker.

    The outbox lives as long as its connection, also without a handle, and goes on when the connection is opened again.
    QAmqpBlockingConnection::close() does not wait for it; call waitUntilEmpty() before. What is in it when the
    connection is destroyed stays in its file. An outbox in memory loses it, and prints a warning that says how many
    messages these were.

    Callbacks run where those of the connection run: inside QAmqpBlockingConnection::processDataEvents(),
    QAmqpBlockingConnection::sleep() and the other calls that \l {Callbacks} names, and not after
    QAmqpBlockingConnection::close().

    \sa QAmqpOutbox, {Blocking}
*/

QAmqpBlockingOutbox::QAmqpBlockingOutbox(std::shared_ptr<QAmqpBlockingOutboxPrivate> dd)
    : d(std::move(dd))
{
}

/*!
    Takes \a message for \a exchange with \a routingKey and \a flags, and returns its id as QAmqpOutbox::publish()
    does: 1, 2, 3 and so on. When the call returns, the message is accepted: with a file, it was written. So a call
    takes as long as writing takes, up to a few milliseconds with QAmqpFileOutbox::Durability::Power. What several
    threads publish at the same time is written together. Messages of one thread are published in their order.

    Fails with what QAmqpOutbox::lastError() says if the message is refused: LimitExceeded, InvalidArgument, NotOpen,
    DeviceFailed; with the reason of QAmqpOutbox::failed() if it leaves the outbox at once, which is not told by a
    callback then; and with NotOpen once the outbox is closed. Fails with Timeout if the connection's own thread
    does not answer within QAmqpBlockingConnection::timeout(); the message may be in the outbox then.
*/
QAmqpResult<quint64> QAmqpBlockingOutbox::publish(const QString &exchange,
                                                  const QString &routingKey,
                                                  const QAmqpMessage &message,
                                                  QAmqpChannel::PublishFlags flags) const
{
    return d->ask<quint64>(u"publish()"_s,
                           [d = d.get(), exchange, routingKey, message, flags](const auto &answer) {
                               d->publish(answer, exchange, routingKey, message, flags);
                           });
}

/*! Returns how many messages are in the outbox: published and neither delivered nor failed. Once it is closed, how
    many were left in it. */
qint64 QAmqpBlockingOutbox::count() const
{
    return d->locked([this] { return d->count; });
}

/*! Returns how many bytes these messages have, see QAmqpOutbox::bytes(). */
qint64 QAmqpBlockingOutbox::bytes() const
{
    return d->locked([this] { return d->bytes; });
}

/*! Returns why the outbox refused a message the last time or could not do its work, see QAmqpOutbox::lastError(). */
QAmqpError QAmqpBlockingOutbox::lastError() const
{
    return d->locked([this] { return d->lastError; });
}

/*! Waits until the outbox is empty, QAmqpBlockingConnection::timeout() at most. No callback runs meanwhile. Returns
    the reason if a message has left the outbox since the last call without being delivered, that of the first one if
    there are several; success means that all were delivered. Fails with Timeout if messages are left, and with NotOpen
    if the outbox was closed with messages in it. */
QAmqpResult<void> QAmqpBlockingOutbox::waitUntilEmpty() const
{
    return d->waitUntilEmpty(deadlineAfter(d->connection->timeout));
}

/*! \overload
    Waits for \a timeout at most. */
QAmqpResult<void> QAmqpBlockingOutbox::waitUntilEmpty(std::chrono::milliseconds timeout) const
{
    return d->waitUntilEmpty(deadlineAfter(timeout));
}

/*! Closes the outbox for all its handles, and returns how many messages were left in it. A file keeps them for the next
    outbox that opens it; in memory they are lost. Messages that were on their way may arrive. Fails with NotOpen if
    the outbox is closed already. */
QAmqpResult<qint64> QAmqpBlockingOutbox::close() const
{
    const auto left = d->ask<qint64>(u"close()"_s, [d = d.get()](const auto &answer) {
        d->finish(blockingError(Kind::NotOpen, u"close() was called"));
        d->connection->removeOutbox(d);
        answer->give(d->locked([d] { return d->count; }));
    });
    if (left)
        d->forgetCallbacks();
    return left;
}

/*! Has \a callback called with the ids when messages were delivered: all from the first to the last one. The callback
    counts that is set when it is called. If no call runs callbacks, the last 10,000 changes that this function and
    onFailed() tell of are kept. \sa QAmqpOutbox::delivered() */
void QAmqpBlockingOutbox::onDelivered(
        std::function<void(quint64 firstId, quint64 lastId)> callback) const
{
    d->deliveredHandler.set(d->mutex(), std::move(callback));
}

/*! Has \a callback called with the id and the reason when a message has left the outbox without being delivered. Set it
    before the first publish() in order to hear of each. \sa QAmqpOutbox::failed(), onDelivered() */
void QAmqpBlockingOutbox::onFailed(
        std::function<void(quint64 id, const QAmqpError &why)> callback) const
{
    d->failedHandler.set(d->mutex(), std::move(callback));
}

QDebug operator<<(QDebug debug, const QAmqpBlockingOutbox &outbox)
{
    const QDebugStateSaver saver(debug);
    const bool isClosed = outbox.d->locked([&] { return outbox.d->closed; });
    return debug.nospace() << "QAmqpBlockingOutbox(" << outbox.count() << " messages, "
                           << outbox.bytes() << " bytes" << (isClosed ? ", closed)" : ")");
}

QAmqpError QAmqpBlockingOutboxPrivate::closedError(const QString &what) const
{
    return endedError(u"%1: the outbox is closed"_s.arg(what), m_closeReason);
}

QAmqpResult<void> QAmqpBlockingOutboxPrivate::waitUntilEmpty(TimePoint deadline)
{
    const QString what = u"waitUntilEmpty()"_s;
    if (connection->thread.isCurrent())
        return blockingError(Kind::InvalidArgument,
                             u"%1: called in the I/O thread, which would wait for itself", what);
    Dispatcher::Lock lock(mutex());
    if (connection->orphaned)
        return connection->notOpen(what);
    const auto isOver = [this] { return count == 0 || closed; };
    const auto end = connection->dispatcher.await(lock, m_emptied, isOver, deadline);
    if (end == Dispatcher::End::Stopped)
        return connection->unanswered(what, end);
    if (end == Dispatcher::End::TimedOut) {
        const QString state = connection->now.open ? QString() : u"; the connection is not open"_s;
        return connection->timedOut(
                u"%1: %2 messages are left in the outbox%3"_s.arg(what).arg(count).arg(state));
    }
    if (count > 0)
        return closedError(what);
    return std::exchange(m_firstFailure, {});
}

// They may hold handles to this outbox, and thus themselves.
void QAmqpBlockingOutboxPrivate::forgetCallbacks()
{
    deliveredHandler.set(mutex(), {});
    failedHandler.set(mutex(), {});
}

void QAmqpBlockingOutboxPrivate::silence()
{
    connection->dispatcher.drop(this);
    m_news.clear();
}

QAmqpError QAmqpBlockingOutboxPrivate::make(const Make &make)
{
    const QString what = u"outbox(): the function that makes the outbox"_s;
    if (const QAmqpError error = exceptionIn(what, [&] { m_box = make(connection->connection); }))
        return error;
    if (!m_box)
        return blockingError(Kind::InvalidArgument, u"%1 returned null", what);
    if (m_box->thread() != QThread::currentThread())
        return blockingError(Kind::InvalidArgument, u"%1 returned one of another thread", what);
    if (const QAmqpError error = m_box->lastError()) { // its file could not be opened
        delete m_box;
        return error;
    }
    watch();
    counted();
    return {};
}

void QAmqpBlockingOutboxPrivate::watch()
{
    QObject::connect(m_box, &QAmqpOutbox::delivered, m_box, [this](quint64 first, quint64 last) {
        const std::lock_guard lock(mutex());
        tell({first, last});
    });
    QObject::connect(m_box, &QAmqpOutbox::failed, m_box,
                     [this](quint64 id, const QAmqpError &why) { failed(id, why); });
    QObject::connect(m_box, &QAmqpOutbox::countChanged, m_box, [this] { counted(); });
    QObject::connect(m_box, &QAmqpOutbox::lastErrorChanged, m_box, [this](const QAmqpError &error) {
        const std::lock_guard lock(mutex());
        lastError = error;
    });
    // The result of publish() has told it, so that the outbox need not warn.
    QObject::connect(m_box, &QAmqpOutbox::publishRefused, m_box, [] {});
    QObject::connect(m_box, &QObject::destroyed, [this] { gone(); });
}

// The outbox commits at the end of its turn, which is queued by now; what is queued behind that comes after it.
void QAmqpBlockingOutboxPrivate::publish(const Answer<quint64> &answer, const QString &exchange,
                                         const QString &routingKey, const QAmqpMessage &message,
                                         QAmqpChannel::PublishFlags flags)
{
    const quint64 id = m_box->publish(exchange, routingKey, message, flags);
    if (id == 0)
        return answer->give(m_box->lastError());
    m_asking.emplace(id, answer);
    QMetaObject::invokeMethod(
            m_box, [this, id] { accepted(id); }, Qt::QueuedConnection);
}

void QAmqpBlockingOutboxPrivate::accepted(quint64 id)
{
    if (const auto asking = m_asking.extract(id))
        asking.mapped()->give(id);
}

void QAmqpBlockingOutboxPrivate::failed(quint64 id, const QAmqpError &why)
{
    const auto asking = m_asking.extract(id);
    if (asking && !asking.mapped()->isAbandoned())
        return asking.mapped()->give(why);
    const std::lock_guard lock(mutex());
    if (!m_firstFailure)
        m_firstFailure = why;
    tell({id, id, why});
}

void QAmqpBlockingOutboxPrivate::counted()
{
    const std::lock_guard lock(mutex());
    count = m_box->count();
    bytes = m_box->bytes();
    if (count == 0)
        m_emptied.notify_all();
}

void QAmqpBlockingOutboxPrivate::tell(const News &news)
{
    if (connection->silenced)
        return;
    const bool continues = !news.why && !m_news.empty() && !m_news.back().why
            && m_news.back().last + 1 == news.first;
    if (continues) {
        m_news.back().last = news.last;
        return;
    }
    m_news.push_back(news);
    connection->dispatcher.post(this, weak_from_this(), [this] { return nextCallback(); });
    if (m_news.size() > MaxNews)
        connection->dispatcher.dropFirst(this);
}

Callback QAmqpBlockingOutboxPrivate::nextCallback()
{
    const News news = m_news.front();
    m_news.pop_front();
    return news.why ? failedHandler.with(news.first, news.why)
                    : deliveredHandler.with(news.first, news.last);
}

void QAmqpBlockingOutboxPrivate::finish(const QAmqpError &why)
{
    locked([&] { m_closeReason = why; });
    // Its turn, and what is queued behind that. Without a QCoreApplication no events are delivered.
    if (m_box)
        QCoreApplication::sendPostedEvents(m_box, QEvent::MetaCall);
    if (m_box)
        counted();
    delete m_box;
}

// With the connection.
void QAmqpBlockingOutboxPrivate::end(const QAmqpError &why)
{
    const bool isInMemory = m_box && !m_box->inherits("QAmqpFileOutbox");
    finish(why);
    const qint64 left = locked([this] { return count; });
    if (isInMemory && left > 0)
        qWarning(
                "QtAmqp: %lld messages in an outbox in memory were not delivered and are lost, since %s; "
                "QAmqpBlockingOutbox::waitUntilEmpty() waits for them",
                left, qPrintable(why.text()));
}

void QAmqpBlockingOutboxPrivate::gone()
{
    {
        const std::lock_guard lock(mutex());
        closed = true;
        m_emptied.notify_all();
    }
    const QAmqpError unknown = blockingError(
            Kind::NotOpen,
            u"publish(): the outbox was closed meanwhile; the message may be in its file");
    for (const auto &[id, answer] : std::exchange(m_asking, {}))
        answer->give(unknown);
}

QT_END_NAMESPACE
