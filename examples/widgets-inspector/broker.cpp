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

// Every request ends here with its value or with what went wrong.
template<typename T, typename Then>
void Broker::finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel)
{
    future.then(this, then)
            .onFailed(this,
                      [this](const QAmqpException &exception) {
                          // A lost connection is told once, by the connection.
                          if (exception.error().scope() != QAmqpError::Scope::Connection)
                              Q_EMIT failed(exception.error().text());
                      })
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
    fetchNext(std::make_shared<Look>(Look{queue, limit, channel, {}}));
}

void Broker::fetchNext(const std::shared_ptr<Look> &look)
{
    finish(look->channel->get(look->queue),
           [this, look](std::optional<QAmqpDelivery> delivery) { fetched(look, delivery); });
}

void Broker::fetched(const std::shared_ptr<Look> &look,
                     const std::optional<QAmqpDelivery> &delivery)
{
    if (delivery) {
        look->deliveries += *delivery;
        if (look->deliveries.size() < look->limit)
            return fetchNext(look);
    }
    look->channel->nackAll(QAmqpDelivery::Requeue);
    // When it is closed they are in the queue again.
    connect(look->channel, &QAmqpChannel::closed, this,
            [this, look, more = delivery ? delivery->remainingMessages() : 0] {
                Q_EMIT looked(look->queue, look->deliveries, more);
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
    connect(m_consumer, &QAmqpConsumer::cancelled, this, [this](const QAmqpError &reason) {
        m_consumer.clear();
        if (reason && reason.scope() != QAmqpError::Scope::Connection)
            Q_EMIT failed(reason.text());
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
