// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The half of an outbox that publishes, and its turn. What the channel tells only moves messages; the application's
// slots run at the end of a turn alone.

#include "api/qamqpoutbox_p.h"

#include "values/errorkinds.h"
#include "values/qamqpmessage_p.h"

#include <QtCore/qmetaobject.h>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using namespace QtAmqpPrivate;
using Kind = QAmqpError::Kind;
using Origin = QAmqpError::Origin;

void QAmqpOutboxPrivate::setConnection(QAmqpConnection *connection)
{
    if (m_connection)
        m_connection->disconnect(q);
    dropChannel();
    m_connection = connection;
    m_heldUntil.reset();
    if (connection) {
        QObject::connect(connection, &QAmqpConnection::stateChanged, q, [this] { schedule(); });
        QObject::connect(connection, &QObject::destroyed, q, [this] { setConnection(nullptr); });
    }
    schedule();
}

// What was sent on it and not confirmed is to be sent on the next one.
void QAmqpOutboxPrivate::dropChannel()
{
    if (m_channel)
        m_channel->disconnect(q);
    delete m_channel;
    while (!m_sent.isEmpty())
        putBack(m_sent.take(m_sent.begin()));
    m_lostCount = 0;
}

void QAmqpOutboxPrivate::openChannel()
{
    m_channel = m_connection->createChannel(q);
    if (!m_channel) { // it belongs to another thread, of which the connection has warned
        hold();
        return;
    }
    QAmqpChannel *const channel = m_channel;
    QObject::connect(channel, &QAmqpChannel::confirmed, q,
                     [this](quint64 first, quint64 last) { confirmed(first, last); });
    QObject::connect(channel, &QAmqpChannel::nacked, q,
                     [this](quint64 first, quint64 last) { nacked(first, last); });
    QObject::connect(channel, &QAmqpChannel::indeterminate, q,
                     [this](quint64 first, quint64 last) { indeterminate(first, last); });
    QObject::connect(channel, &QAmqpChannel::messageReturned, q,
                     [this](const QAmqpReturn &message) { returned(message); });
    QObject::connect(channel, &QAmqpChannel::errorOccurred, q,
                     [this](const QAmqpError &error) { channelFailed(error); });
    QObject::connect(channel, &QAmqpChannel::readyToPublish, q, [this] { schedule(); });
    const auto isOver = [this] {
        m_lostCount = 0; // no message is the reason for what comes later
        schedule();
    };
    QObject::connect(channel, &QAmqpChannel::interrupted, q, isOver);
    QObject::connect(channel, &QAmqpChannel::closed, q, isOver);
}

void QAmqpOutboxPrivate::hold() { m_heldUntil = TimePoint::clock::now() + settings.retryDelay; }

// Whether there is something to send and a channel that can send it.
bool QAmqpOutboxPrivate::isReady()
{
    if (isPaused || !m_store || !m_connection)
        return false;
    if (m_waiting.isEmpty() && m_lastRead + 1 >= m_nextId)
        return false;
    if (m_heldUntil)
        return false;
    if (!m_channel)
        openChannel();
    else if (m_channel->state() == QAmqpChannel::State::Closed
             && m_connection->state() != QAmqpConnection::State::Closing)
        m_channel->open();
    if (m_channel && m_channel->state() == QAmqpChannel::State::Closed && m_channel->lastError()
        && m_connection->state() != QAmqpConnection::State::Closing) {
        hold();
        report(m_cannotSend, m_channel->lastError());
    }
    return m_channel && m_channel->isOpen();
}

// Gets the next messages from the store, and returns whether there are any.
bool QAmqpOutboxPrivate::load()
{
    while (m_store && m_waiting.isEmpty() && m_lastRead + 1 < m_nextId) {
        std::vector<OutboxEntry> entries;
        if (const QAmqpError error =
                    m_store->read(m_lastRead, MostLoaded, MostLoadedBytes, entries)) {
            report(m_cannotSend, error);
            hold();
            return false;
        }
        for (const OutboxEntry &entry : entries) {
            if (!isRemoved(entry.id))
                m_waiting.append(entry);
        }
        m_lastRead = entries.empty() ? m_nextId - 1 : entries.back().id;
    }
    return !m_waiting.isEmpty();
}

bool QAmqpOutboxPrivate::hasRoom(const Shelf::Message &message) const
{
    const qsizetype most = message.id <= m_suspectsUntil ? 1 : settings.window;
    return m_sent.isEmpty()
            || (m_sent.size() < most && m_sent.bytes() + message.size() <= MostSentBytes);
}

// Why the message is not to be sent, or not once more.
QAmqpError QAmqpOutboxPrivate::unfitness(const Shelf::Message &message, qint64 now) const
{
    if (!message.damage.isEmpty())
        return invalidArgument(u"the row of the message in the file is damaged: %1",
                               message.damage);
    if (settings.maximumAttempts > 0 && message.attempts >= settings.maximumAttempts)
        return message.rejection
                ? message.rejection
                : operationError(Kind::Interrupted, Origin::Transport,
                                 u"the message was sent %1 times, and each time the link was lost "
                                 "before the broker had confirmed it; it may have arrived",
                                 message.attempts);
    if (message.isExpired(now))
        return operationError(Kind::Timeout, Origin::Library,
                              u"the time that the message had in the outbox is over");
    return {};
}

void QAmqpOutboxPrivate::send()
{
    constexpr std::size_t mostNews = 10'000; // in one turn

    if (!isReady())
        return;
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    while (load() && m_news.size() < mostNews) {
        const Shelf::Iterator first = m_waiting.begin();
        if (const QAmqpError why = unfitness(first->second, now)) {
            finish(m_waiting.take(first), why);
            continue;
        }
        if (!hasRoom(first->second) || !m_channel->isReadyToPublish() || !sendFirst())
            return;
    }
}

// Returns whether others may follow.
bool QAmqpOutboxPrivate::sendFirst()
{
    const Shelf::Iterator first = m_waiting.begin();
    const OutboxEntry &entry = first->second;
    const quint64 tag =
            m_channel->publish(entry.exchange, entry.routingKey, entry.message, entry.flags);
    if (tag != 0) {
        if (++first->second.attempts > 1)
            ++publishedAgain;
        first->second.returned = {};
        m_sent.add(tag, m_waiting.take(first));
        return true;
    }
    const QAmqpError why = m_channel->lastError();
    // The properties and the frame around them; other limits are those of the channel for now.
    const bool isTooLarge = why.kind() == Kind::LimitExceeded
            && QAmqpMessagePrivate::of(entry.message).properties.size() + 64
                    > qsizetype(m_connection->frameMax());
    const bool isInvalid = why.kind() == Kind::InvalidArgument
            && m_connection->hasCapability(u"publisher_confirms"_s);
    if (isTooLarge || isInvalid) {
        finish(m_waiting.take(first), why);
        return true;
    }
    if (m_channel->isOpen()) {
        hold();
        report(m_cannotSend, why);
    }
    return false;
}

// The message is to be sent again.
void QAmqpOutboxPrivate::putBack(Shelf::Node message)
{
    m_checksExpiry = m_checksExpiry || message.mapped().expires;
    const quint64 id = message.mapped().id;
    m_waiting.add(id, std::move(message));
}

void QAmqpOutboxPrivate::reject(Shelf::Node message, const QAmqpError &why)
{
    const bool isOver =
            settings.maximumAttempts > 0 && message.mapped().attempts >= settings.maximumAttempts;
    if (settings.rejection == QAmqpOutbox::Rejection::Fail || isOver)
        return finish(message, why);
    message.mapped().rejection = why;
    putBack(std::move(message));
    hold();
}

void QAmqpOutboxPrivate::confirmed(quint64 firstTag, quint64 lastTag)
{
    for (auto each = m_sent.lowerBound(firstTag); each != m_sent.end() && each->first <= lastTag;) {
        Shelf::Node message = m_sent.take(each++);
        const QAmqpError returned = message.mapped().returned;
        if (returned)
            reject(std::move(message), returned);
        else
            finish(message, {});
    }
    m_cannotSend = false;
    schedule();
}

void QAmqpOutboxPrivate::nacked(quint64 firstTag, quint64 lastTag)
{
    const QAmqpError why = operationError(Kind::Nacked, Origin::Broker,
                                          u"the broker refused the message (basic.nack)");
    for (auto each = m_sent.lowerBound(firstTag); each != m_sent.end() && each->first <= lastTag;)
        reject(m_sent.take(each++), why);
    schedule();
}

void QAmqpOutboxPrivate::indeterminate(quint64 firstTag, quint64 lastTag)
{
    for (auto each = m_sent.lowerBound(firstTag); each != m_sent.end() && each->first <= lastTag;) {
        Shelf::Node message = m_sent.take(each++);
        const quint64 id = message.mapped().id;
        m_lost.first = m_lostCount == 0 ? id : std::min(m_lost.first, id);
        m_lost.last = m_lostCount == 0 ? id : std::max(m_lost.last, id);
        ++m_lostCount;
        putBack(std::move(message));
    }
    schedule();
}

// Its confirm follows, and tells nothing then.
void QAmqpOutboxPrivate::returned(const QAmqpReturn &message)
{
    const Shelf::Iterator sent = m_sent.find(message.publishTag());
    if (sent == m_sent.end())
        return;
    sent->second.returned = operationError(
            Kind::Unroutable, Origin::Broker,
            u"the message to exchange \"%1\" with routing key \"%2\" reached no queue: %3",
            message.exchange(), message.routingKey(), message.replyText());
    sent->second.returned.setReply(message.replyCode(), message.replyText());
}

// The broker closes a channel over a message without saying which one: the exchange is missing, mostly. If several were
// on their way, they are sent one by one until that is known.
void QAmqpOutboxPrivate::channelFailed(const QAmqpError &error)
{
    const int lost = std::exchange(m_lostCount, 0);
    if (lost == 0) {
        hold();
        report(m_cannotSend, error);
    } else if (lost > 1) {
        m_suspectsUntil = m_lost.last;
    } else if (const Shelf::Iterator guilty = m_waiting.find(m_lost.first);
               guilty != m_waiting.end()) {
        m_suspectsUntil = 0;
        QAmqpError why = error;
        why.setScope(QAmqpError::Scope::Operation);
        reject(m_waiting.take(guilty), why);
    }
    schedule();
}

// A message leaves the outbox: for this reason, or, without one, since it is delivered.
void QAmqpOutboxPrivate::finish(quint64 id, qint64 size, const QAmqpError &why)
{
    --count;
    bytes = count == 0 ? 0 : bytes - size; // a file may have told another sum
    if (!m_fresh.empty() && id >= m_nextId - m_fresh.size())
        m_fresh[m_fresh.size() - (m_nextId - id)].id = 0;
    if (!m_removed.empty() && m_removed.back().last + 1 == id)
        m_removed.back().last = id;
    else
        m_removed.push_back({id, id});
    const bool continues =
            !why && !m_news.empty() && !m_news.back().why && m_news.back().last + 1 == id;
    if (continues)
        m_news.back().last = id;
    else
        m_news.push_back({id, id, why});
    schedule();
}

void QAmqpOutboxPrivate::finish(const Shelf::Node &message, const QAmqpError &why)
{
    finish(message.mapped().id, message.mapped().size(), why);
}

bool QAmqpOutboxPrivate::isRemoved(quint64 id) const
{
    return std::any_of(m_removed.cbegin(), m_removed.cend(),
                       [id](const Range &range) { return range.first <= id && id <= range.last; });
}

// Messages that are on their way may still be confirmed. If they come back, this is done again.
void QAmqpOutboxPrivate::expire()
{
    constexpr qsizetype most = 1'000;

    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    if (!m_store || (!m_checksExpiry && (m_nextExpiry == 0 || m_nextExpiry > now)))
        return;
    const QAmqpError why = operationError(Kind::Timeout, Origin::Library,
                                          u"the time that the message had in the outbox is over");
    const std::vector<OutboxStore::Expired> expired =
            m_store->expired(now, most + m_sent.size() + qsizetype(m_removed.size()));
    bool any = false;
    for (const OutboxStore::Expired &each : expired) {
        const Shelf::Iterator waiting = m_waiting.find(each.id);
        if (waiting != m_waiting.end())
            finish(m_waiting.take(waiting), why);
        else if (each.id > m_lastRead && !isRemoved(each.id))
            finish(each.id, each.size, why);
        else
            continue;
        any = true;
    }
    m_checksExpiry = any && qsizetype(expired.size()) >= most;
    m_nextExpiry = m_store->nextExpiry(now);
    if (m_checksExpiry)
        schedule();
}

void QAmqpOutboxPrivate::schedule()
{
    if (q && !std::exchange(m_scheduled, true))
        QMetaObject::invokeMethod(
                q, [this] { turn(); }, Qt::QueuedConnection);
}

void QAmqpOutboxPrivate::turn()
{
    const auto keepAlive = shared_from_this(); // a slot may delete the outbox
    m_scheduled = false;
    if (m_heldUntil && *m_heldUntil <= TimePoint::clock::now())
        m_heldUntil.reset();
    expire();
    commit();
    send();
    arm();
    emitNews();
}

// Sets the timer to what comes first.
void QAmqpOutboxPrivate::arm()
{
    using namespace std::chrono;
    constexpr milliseconds longest = hours(1); // the wall clock may be set meanwhile

    std::optional<TimePoint> next = m_heldUntil;
    next = earlier(next, m_commitAgainAt);
    if (m_nextExpiry != 0) {
        const milliseconds left(m_nextExpiry - QDateTime::currentMSecsSinceEpoch());
        next = earlier(next, TimePoint::clock::now() + std::clamp(left, milliseconds(0), longest));
    }
    if (!next)
        return m_timer->stop();
    const auto left = ceil<milliseconds>(*next - TimePoint::clock::now());
    m_timer->start(std::clamp(left, milliseconds(0), longest));
}

void QAmqpOutboxPrivate::emitNews()
{
    while (q && !m_news.empty()) {
        const News news = m_news.front();
        m_news.pop_front();
        if (news.first == 0)
            Q_EMIT q->errorOccurred(news.why);
        else if (news.why)
            Q_EMIT q->failed(news.first, news.why);
        else
            Q_EMIT q->delivered(news.first, news.last);
    }
    if (q)
        emitState();
}

void QAmqpOutboxPrivate::emitState()
{
    const QPointer<QAmqpOutbox> alive(q);
    const bool isCounted = count == m_emittedCount && bytes == m_emittedBytes;
    m_emittedCount = count;
    m_emittedBytes = bytes;
    if (!isCounted)
        Q_EMIT q->countChanged();
    if (alive && m_emittedPaused != isPaused) {
        m_emittedPaused = isPaused;
        Q_EMIT q->pausedChanged(m_emittedPaused);
    }
    if (alive && !(m_emittedError == lastError)) {
        m_emittedError = lastError;
        const QAmqpError error = lastError;
        Q_EMIT q->lastErrorChanged(error);
    }
    if (!alive || m_refused == 0)
        return;
    const quint64 refused = std::exchange(m_refused, 0);
    const bool isHeard =
            q->isSignalConnected(QMetaMethod::fromSignal(&QAmqpOutbox::publishRefused));
    if (!isHeard && !std::exchange(m_refusalWarned, true))
        qWarning("QtAmqp: QAmqpOutbox::publish() refused %llu messages: %s", refused,
                 qPrintable(m_refusedError.text()));
    const QAmqpError error = m_refusedError;
    Q_EMIT q->publishRefused(error, refused);
}

QT_END_NAMESPACE
