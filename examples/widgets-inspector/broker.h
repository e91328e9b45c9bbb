// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_BROKER_H
#define INSPECTOR_BROKER_H

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtAmqp/QAmqpDelivery>
#include <QtAmqp/QAmqpRecoveryReport>
#include <QtCore/QPointer>

#include <optional>

// The requests of the window to the broker. Each operation has a channel of its own, so that one that the
// broker refuses, which ends its channel, affects no other.
class Broker : public QObject
{
    Q_OBJECT
public:
    explicit Broker(QObject *parent = nullptr);

    void open(const QAmqpConnectionOptions &options);
    void reopen();
    void close() { m_connection.close(); }
    const QAmqpConnection &connection() const { return m_connection; }

    // Fetches up to `most` messages, or fewer if they are large, without acknowledging them, and gives them
    // back. The broker puts them where they were, and marks them as redelivered. A quorum queue counts this
    // as a delivery: with a delivery limit it drops messages that were fetched too often. There is one fetch
    // at a time, since two would hide messages from each other.
    void peek(const QString &queue, int most);
    // The same, but keeps the messages until each is acknowledged or requeued. Those that are left at
    // release(), or when the connection is lost or ends, are in the queue again.
    void hold(const QString &queue, int most);
    bool isFetching() const { return m_fetching; }
    bool isHolding() const { return !m_holding.isNull(); }
    void release();
    // Publishes held messages to another place, and acknowledges each when the broker has confirmed that a
    // queue has it. If anything goes wrong, the message stays held.
    void move(const QList<QAmqpDelivery> &messages, const QString &exchange,
              const QString &routingKey);

    // Asks how many messages are ready, which counted() reports.
    void count(const QString &queue);
    // The same without a word if that fails: seen() tells in any case, with nothing if there is no such queue.
    void look(const QString &queue);
    // Takes messages out of the queue for good until stopConsuming(); each is acknowledged when it comes.
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
    void lost(const QString &text); // the connection, which is being made again
    void recovered(const QAmqpRecoveryReport &report);
    void consumingChanged();
    void peeked(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void held(const QString &queue, const QList<QAmqpDelivery> &deliveries, quint32 more);
    void released(); // messages that were held and not settled are in the queue again
    void moved(const QAmqpDelivery &delivery);
    void counted(const QString &queue, quint32 messages);
    void seen(const QString &queue, std::optional<quint32> messages);
    void received(const QAmqpDelivery &delivery);
    void replied(const QAmqpMessage &reply, qint64 milliseconds);
    void done(const QString &text);
    void failed(const QString &text);

private:
    struct Fetch
    {
        QString queue;
        int wanted; // how many messages are still to be requested
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
    void report(const QAmqpError &error);
    template<typename T, typename Then>
    void finish(QFuture<T> future, Then then, const QPointer<QAmqpChannel> &channel = {});

    QAmqpConnection m_connection;
    std::optional<QAmqpConnectionOptions> m_next; // used when the present connection is closed
    QPointer<QAmqpConsumer> m_consumer;
    QPointer<QAmqpChannel> m_holding;
    bool m_fetching = false;
};

#endif
