#include "broker.h"

#include <QtAmqp/QAmqpRpcClient>
#include <QtCore/QElapsedTimer>
#include <QtCore/QLocale>

using namespace Qt::StringLiterals;

Broker::Broker(QObject *parent) : QObject(parent)
{
    connect(&m_connection, &QAmqpConnection::stateChanged, this, &Broker::stateChanged);
    connect(&m_connection, &QAmqpConnection::blockedChanged, this, &Broker::stateChanged);
    connect(&m_connection, &QAmqpConnection::errorOccurred, this,
            [this](const QAmqpError &error) { Q_EMIT failed(error.text()); });
}

void Broker::open(const QAmqpConnectionOptions &options)
{
    m_connection.abort();
    m_connection.setOptions(QAmqpConnectionOptions(options).setConnectionName(u"Inspector"_s));
    m_connection.open();
}

QAmqpChannel *Broker::newChannel()
{
    QAmqpChannel *channel = m_connection.createChannel();
    connect(channel, &QAmqpChannel::closed, channel, &QObject::deleteLater);
    return channel;
}

// A lost connection is told once, by the connection.
void Broker::tell(const QAmqpError &error)
{
    if (error.scope() != QAmqpError::Scope::Connection)
        Q_EMIT failed(error.text());
}

// Every request ends here with its value or with what went wrong.
template<typename T, typename Then>
void Broker::finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel)
{
    future.then(this, then)
            .onFailed(this, [this](const QAmqpException &exception) { tell(exception.error()); })
            .then(this, [channel] {
                if (channel)
                    channel->close();
            });
}

void Broker::look(const QString &queue, int limit)
{
    if (m_looking)
        return;
    QAmqpChannel *channel = newChannel();
    m_looking = channel;
    connect(channel, &QAmqpChannel::closed, this, [this] {
        m_looking.clear();
        Q_EMIT stateChanged();
    });
    Q_EMIT stateChanged();
    const auto look = std::make_shared<Look>(Look{queue, limit, channel});
    // Many are asked for at a time: far from the broker each answer takes long to come.
    constexpr int together = 64;
    for (int i = 0; i < together; ++i)
        fetchNext(look);
}

void Broker::fetchNext(const std::shared_ptr<Look> &look)
{
    if (look->wanted <= 0 || !look->channel)
        return;
    --look->wanted;
    ++look->awaited;
    look->channel->get(look->queue)
            .then(this,
                  [this, look](const std::optional<QAmqpDelivery> &delivery) {
                      fetched(look, delivery);
                  })
            .onFailed(this, [this, look](const QAmqpException &exception) {
                // One refusal ends them all.
                if (std::exchange(look->wanted, -1) >= 0)
                    tell(exception.error());
                if (--look->awaited == 0 && look->channel && look->channel->isOpen())
                    giveBack(look);
            });
}

void Broker::fetched(const std::shared_ptr<Look> &look,
                     const std::optional<QAmqpDelivery> &delivery)
{
    --look->awaited;
    look->more = delivery ? delivery->remainingMessages() : 0;
    if (delivery) {
        look->deliveries += *delivery;
        fetchNext(look);
    } else {
        look->wanted = std::min(look->wanted, 0);
    }
    if (look->awaited == 0)
        giveBack(look);
}

void Broker::giveBack(const std::shared_ptr<Look> &look)
{
    look->channel->nackAll(QAmqpDelivery::Requeue);
    // When it is closed they are in the queue again.
    connect(look->channel, &QAmqpChannel::closed, this, [this, look] {
        if (const QAmqpError error = look->channel->lastError())
            return tell(error);
        Q_EMIT looked(look->queue, look->deliveries, look->more);
    });
    look->channel->close();
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
        if (reason && reason.scope() != QAmqpError::Scope::Connection)
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
        m_consumer->channel()->close(); // what is held by a pause goes back to the queue
}

void Broker::purge(const QString &queue)
{
    QAmqpChannel *channel = newChannel();
    finish(
            channel->purgeQueue(queue),
            [this, queue](quint32 messages) {
                Q_EMIT done(
                        tr("%1 messages removed from %2").arg(QLocale().toString(messages), queue));
            },
            channel);
}

void Broker::publish(const QString &exchange, const QString &routingKey,
                     const QAmqpMessage &message)
{
    QAmqpChannel *channel = newChannel();
    // Mandatory: a message that no queue takes comes back and is told as a failure.
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
