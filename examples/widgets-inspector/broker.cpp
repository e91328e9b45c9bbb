// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "broker.h"

#include "messagemodel.h"
#include "valuetext.h"

#include <QtAmqp/QAmqpRpcClient>
#include <QtCore/QElapsedTimer>

using namespace Qt::StringLiterals;

Broker::Broker(QObject *parent) : QObject(parent)
{
    connect(&m_connection, &QAmqpConnection::stateChanged, this, &Broker::stateChanged);
    connect(&m_connection, &QAmqpConnection::opened, this, &Broker::opened);
    connect(&m_connection, &QAmqpConnection::closed, this, &Broker::closed);
    connect(&m_connection, &QAmqpConnection::closed, this, &Broker::openNext);
    connect(&m_connection, &QAmqpConnection::blockedChanged, this, &Broker::stateChanged);
    connect(&m_connection, &QAmqpConnection::nextAttemptChanged, this, &Broker::stateChanged);
    connect(&m_connection, &QAmqpConnection::recovered, this, &Broker::recovered);
    connect(&m_connection, &QAmqpConnection::linkLost, this,
            [this](const QAmqpError &error) { Q_EMIT lost(error.text()); });
    connect(&m_connection, &QAmqpConnection::errorOccurred, this,
            [this](const QAmqpError &error) { Q_EMIT failed(error.text()); });
}

void Broker::open(const QAmqpConnectionOptions &options)
{
    m_next = options;
    if (m_connection.state() == QAmqpConnection::Closed)
        openNext();
    else
        m_connection.close(); // in good order, so that publishes and acknowledgements arrive
}

void Broker::reopen()
{
    if (m_connection.isRecovering())
        m_connection.reconnectNow();
    else
        m_connection.open();
}

void Broker::openNext()
{
    if (!m_next)
        return;
    m_connection.setOptions(m_next->setConnectionName(u"Inspector"_s));
    m_next.reset();
    m_connection.open();
}

QAmqpChannel *Broker::newChannel()
{
    QAmqpChannel *channel = m_connection.createChannel();
    connect(channel, &QAmqpChannel::closed, channel, &QObject::deleteLater);
    return channel;
}

// Reports an error. A lost connection is reported once, by the connection itself.
void Broker::report(const QAmqpError &error)
{
    if (error.scope() != QAmqpError::Connection)
        Q_EMIT failed(error.text());
}

// Every request ends here, with its value or with an error.
template<typename T, typename Then>
void Broker::finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel)
{
    future.then(this, then)
            .onFailed(this, [this](const QAmqpException &exception) { report(exception.error()); })
            .then(this, [channel] {
                if (channel)
                    channel->close();
            });
}

void Broker::peek(const QString &queue, int most) { fetch(queue, most, false); }

void Broker::hold(const QString &queue, int most) { fetch(queue, most, true); }

void Broker::fetch(const QString &queue, int most, bool hold)
{
    if (m_fetching || m_holding)
        return;
    QAmqpChannel *channel = newChannel();
    connect(channel, &QAmqpChannel::closed, this, [this, hold, channel] {
        m_holding.clear();
        const bool wasFetched = !m_fetching; // else the fetch has reported its error itself
        setFetching(false);
        if (!hold)
            return;
        // RabbitMQ waits half an hour for an acknowledgement.
        if (const QAmqpError error = channel->lastError(); error && wasFetched)
            report(error);
        Q_EMIT released();
    });
    // What was fetched goes back when the link is lost.
    connect(channel, &QAmqpChannel::interrupted, channel, [channel] { channel->close(); });
    if (hold)
        m_holding = channel;
    setFetching(true);
    const auto fetch = std::make_shared<Fetch>(Fetch{queue, most, hold, channel});
    // Many messages are requested at a time, since each answer of a remote broker takes long.
    constexpr int together = 64;
    for (int i = 0; i < together; ++i)
        fetchNext(fetch);
}

void Broker::setFetching(bool fetching)
{
    m_fetching = fetching;
    Q_EMIT stateChanged();
}

void Broker::fetchNext(const std::shared_ptr<Fetch> &fetch)
{
    if (fetch->wanted <= 0 || !fetch->channel)
        return;
    --fetch->wanted;
    ++fetch->awaited;
    fetch->channel->get(fetch->queue)
            .then(this,
                  [this, fetch](const std::optional<QAmqpDelivery> &delivery) {
                      fetched(fetch, delivery);
                  })
            .onFailed(this, [this, fetch](const QAmqpException &exception) {
                // The first error ends the whole fetch.
                if (std::exchange(fetch->wanted, -1) >= 0)
                    report(exception.error());
                if (--fetch->awaited == 0)
                    finishFetch(fetch);
            });
}

void Broker::fetched(const std::shared_ptr<Fetch> &fetch,
                     const std::optional<QAmqpDelivery> &delivery)
{
    --fetch->awaited;
    fetch->more = delivery ? delivery->remainingMessages() : 0;
    if (delivery) {
        fetch->deliveries += *delivery;
        fetch->bytes += delivery->size();
    }
    if (delivery && fetch->bytes < MessageModel::MaxBytes)
        fetchNext(fetch);
    else
        fetch->wanted = std::min(fetch->wanted, 0);
    if (fetch->awaited == 0)
        finishFetch(fetch);
}

void Broker::finishFetch(const std::shared_ptr<Fetch> &fetch)
{
    if (!fetch->channel || !fetch->channel->isOpen())
        return;
    if (fetch->hold && !fetch->deliveries.isEmpty()) {
        setFetching(false);
        return Q_EMIT held(fetch->queue, fetch->deliveries, fetch->more);
    }
    fetch->channel->nackAll(QAmqpDelivery::Requeue);
    // When the channel is closed, the messages are in the queue again.
    connect(fetch->channel, &QAmqpChannel::closed, this, [this, fetch] {
        if (const QAmqpError error = fetch->channel->lastError())
            return report(error);
        Q_EMIT peeked(fetch->queue, fetch->deliveries, fetch->more);
    });
    fetch->channel->close();
}

void Broker::release()
{
    if (m_holding)
        m_holding->close();
}

void Broker::move(const QList<QAmqpDelivery> &messages, const QString &exchange,
                  const QString &routingKey)
{
    QAmqpChannel *channel = newChannel();
    QList<QFuture<void>> outcomes;
    for (const QAmqpDelivery &message : messages) {
        // Mandatory: a message that no queue takes comes back, and its future fails.
        outcomes +=
                channel->publishConfirmed(exchange, routingKey, message, QAmqpChannel::Mandatory)
                        .then(this, [this, message](quint64) {
                            if (message.ack())
                                Q_EMIT moved(message);
                            else
                                Q_EMIT failed(tr("A message was published, but it was no longer "
                                                 "held: it is in its old queue as well"));
                        });
    }
    finish(
            QtFuture::whenAll(outcomes.begin(), outcomes.end()),
            [this](const QList<QFuture<void>> &ended) {
                for (QFuture<void> each : ended)
                    each.waitForFinished(); // throws if it failed
                Q_EMIT done(howMany(ended.size(), tr("1 message moved"), tr("%1 messages moved")));
            },
            channel);
}

void Broker::count(const QString &queue)
{
    QAmqpChannel *channel = newChannel();
    finish(
            channel->declareQueue(queue, QAmqpQueueOptions().setPassive(true)),
            [this, queue](const QAmqpQueueInfo &info) { Q_EMIT counted(queue, info.messageCount); },
            channel);
}

void Broker::look(const QString &queue)
{
    if (!m_connection.isOpen())
        return;
    QAmqpChannel *channel = newChannel();
    channel->declareQueue(queue, QAmqpQueueOptions().setPassive(true))
            .then(this,
                  [this, queue, channel = QPointer(channel)](const QAmqpQueueInfo &info) {
                      Q_EMIT seen(queue, info.messageCount);
                      if (channel)
                          channel->close();
                  })
            .onFailed(this, [this, queue](const QAmqpException &) {
                Q_EMIT seen(queue, std::nullopt); // and the channel is closed
            });
}

void Broker::consume(const QString &queue)
{
    stopConsuming();
    QAmqpChannel *channel = newChannel();
    m_consumer = channel->consume(queue, QAmqpConsumeOptions().setPrefetch(1000));
    if (!m_consumer)
        return Q_EMIT failed(channel->lastError().text());
    connect(m_consumer, &QAmqpConsumer::messageReceived, this,
            [this](const QAmqpDelivery &delivery) {
                delivery.ack();
                Q_EMIT received(delivery);
            });
    connect(m_consumer, &QAmqpConsumer::cancelled, this, [this, queue](const QAmqpError &reason) {
        m_consumer.clear();
        if (reason && reason.scope() != QAmqpError::Connection)
            Q_EMIT failed(tr("No longer consuming from %1: %2").arg(queue, reason.text()));
        Q_EMIT consumingChanged();
    });
    Q_EMIT consumingChanged();
}

void Broker::setPaused(bool paused)
{
    if (!m_consumer)
        return;
    if (paused)
        m_consumer->pause();
    else
        m_consumer->resume();
}

void Broker::stopConsuming()
{
    if (m_consumer)
        m_consumer->channel()->close(); // messages that a pause holds go back to the queue
}

void Broker::purge(const QString &queue)
{
    QAmqpChannel *channel = newChannel();
    finish(
            channel->purgeQueue(queue),
            [this, queue](quint32 messages) {
                Q_EMIT done(howMany(messages, tr("1 message removed from %2"),
                                    tr("%1 messages removed from %2"))
                                    .arg(queue));
            },
            channel);
}

void Broker::publish(const QString &exchange, const QString &routingKey,
                     const QAmqpMessage &message)
{
    QAmqpChannel *channel = newChannel();
    // Mandatory: a message that no queue takes comes back and is reported as a failure.
    finish(
            channel->publishConfirmed(exchange, routingKey, message, QAmqpChannel::Mandatory),
            [this](quint64) { Q_EMIT done(tr("Published, and confirmed by the broker")); },
            channel);
}

void Broker::call(const QString &exchange, const QString &routingKey, const QAmqpMessage &request)
{
    QAmqpChannel *channel = newChannel();
    auto *client = new QAmqpRpcClient(channel, channel);
    QElapsedTimer time;
    time.start();
    finish(
            client->call(exchange, routingKey, request, std::chrono::seconds(10)),
            [this, time](const QAmqpMessage &reply) { Q_EMIT replied(reply, time.elapsed()); },
            channel);
}
