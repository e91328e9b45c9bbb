#ifndef INSPECTOR_BROKER_H
#define INSPECTOR_BROKER_H

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtAmqp/QAmqpDelivery>
#include <QtCore/QPointer>

#include <optional>

// What the window asks of the broker. Each operation has a channel of its own, so that one that the
// broker refuses (and that ends its channel) disturbs no other.
class Broker : public QObject
{
    Q_OBJECT
public:
    explicit Broker(QObject *parent = nullptr);

    void open(const QAmqpConnectionOptions &options);
    void reopen() { m_connection.open(); }
    void close() { m_connection.close(); }
    const QAmqpConnection &connection() const { return m_connection; }

    // Fetches up to `limit` messages without acknowledging them and gives them back. The broker puts
    // them where they were; they have the mark "redelivered" from then on. A quorum queue counts this
    // as a delivery: with a delivery limit it drops what was looked at too often. One look at a time:
    // two would hide messages from each other.
    void look(const QString &queue, int limit);
    bool isLooking() const { return !m_looking.isNull(); }
    // Takes messages out of the queue until stopConsuming().
    void consume(const QString &queue);
    void setPaused(bool paused);
    void stopConsuming();
    bool isConsuming() const { return !m_consumer.isNull(); }

    void purge(const QString &queue);
    void publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message);
    void call(const QString &exchange, const QString &routingKey, const QAmqpMessage &request);

Q_SIGNALS:
    void stateChanged();
    void consumingChanged();
    void received(const QAmqpDelivery &delivery);
    void looked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void replied(const QAmqpMessage &reply, qint64 milliseconds);
    void done(const QString &text);
    void failed(const QString &text);

private:
    struct Look
    {
        QString queue;
        int wanted; // how many are still to be asked for
        QPointer<QAmqpChannel> channel;
        QList<QAmqpDelivery> deliveries = {};
        quint32 more = 0;
        int awaited = 0;
    };

    QAmqpChannel *newChannel();
    void fetchNext(const std::shared_ptr<Look> &look);
    void fetched(const std::shared_ptr<Look> &look, const std::optional<QAmqpDelivery> &delivery);
    void giveBack(const std::shared_ptr<Look> &look);
    void tell(const QAmqpError &error);
    template<typename T, typename Then>
    void finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel = {});

    QAmqpConnection m_connection;
    QPointer<QAmqpConsumer> m_consumer;
    QPointer<QAmqpChannel> m_looking;
};

#endif
