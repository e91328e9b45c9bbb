// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

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

    // Fetches up to `most` messages, or fewer if they are large, without acknowledging them, and gives
    // them back. The broker puts them where they were; they have the mark "redelivered" from then on. A
    // quorum queue counts this as a delivery: with a delivery limit it drops what was peeked at too often.
    // One fetch at a time: two would hide messages from each other.
    void peek(const QString &queue, int most);
    // The same, but keeps them until each is acknowledged or requeued; those left at release(), or when
    // the connection ends, are in the queue again.
    void hold(const QString &queue, int most);
    bool isFetching() const { return m_fetching; }
    bool isHolding() const { return !m_holding.isNull(); }
    void release();
    // Publishes what is held elsewhere, and acknowledges each when the broker has confirmed that a queue
    // has it. Whatever goes wrong, it stays held.
    void move(const QList<QAmqpDelivery> &messages, const QString &exchange,
              const QString &routingKey);

    // Asks how many messages are ready, which counted() reports.
    void count(const QString &queue);
    // Takes messages out of the queue for good until stopConsuming(); each is acknowledged as it comes.
    void consume(const QString &queue);
    void setPaused(bool paused);
    void stopConsuming();
    bool isConsuming() const { return !m_consumer.isNull(); }

    void purge(const QString &queue);
    void publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message);
    void call(const QString &exchange, const QString &routingKey, const QAmqpMessage &request);

Q_SIGNALS:
    void stateChanged();
    void opened();
    void closed();
    void consumingChanged();
    void peeked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void held(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void released(); // what was held and not settled is in the queue again
    void moved(const QAmqpDelivery &delivery);
    void counted(const QString &queue, quint32 messages);
    void received(const QAmqpDelivery &delivery);
    void replied(const QAmqpMessage &reply, qint64 milliseconds);
    void done(const QString &text);
    void failed(const QString &text);

private:
    struct Fetch
    {
        QString queue;
        int wanted; // how many are still to be asked for
        bool hold;
        QPointer<QAmqpChannel> channel;
        QList<QAmqpDelivery> deliveries = {};
        qsizetype bytes = 0;
        quint32 more = 0;
        int awaited = 0;
    };

    void openNext();
    QAmqpChannel *newChannel();
    void fetch(const QString &queue, int most, bool hold);
    void fetchNext(const std::shared_ptr<Fetch> &fetch);
    void fetched(const std::shared_ptr<Fetch> &fetch, const std::optional<QAmqpDelivery> &delivery);
    void finishFetch(const std::shared_ptr<Fetch> &fetch);
    void setFetching(bool fetching);
    void tell(const QAmqpError &error);
    template<typename T, typename Then>
    void finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel = {});

    QAmqpConnection m_connection;
    std::optional<QAmqpConnectionOptions> m_next; // when the connection before is closed
    QPointer<QAmqpConsumer> m_consumer;
    QPointer<QAmqpChannel> m_holding;
    bool m_fetching = false;
};

#endif
