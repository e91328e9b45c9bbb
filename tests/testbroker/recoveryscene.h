// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_RECOVERYSCENE_H
#define QTAMQP_TESTS_RECOVERYSCENE_H

// A client that recovers, its broker, and everything that the client told and the broker was asked.

#include "corepair.h"

#include "values/tableformat.h"

#include <QtTest/qtest.h>

#include <deque>

namespace QtAmqpTest {

using namespace Qt::StringLiterals;

inline QueueDeclare declare(QByteArrayView queue)
{
    QueueDeclare method;
    method.queue = queue;
    return method;
}
inline QueueDeclare durable(QByteArrayView queue)
{
    QueueDeclare method = declare(queue);
    method.durable = true;
    return method;
}
inline QueueDeclare exclusive(QByteArrayView queue)
{
    QueueDeclare method = declare(queue);
    method.exclusive = true;
    return method;
}
inline ExchangeDeclare exchange(QByteArrayView name, bool autoDelete = false)
{
    ExchangeDeclare method;
    method.exchange = name;
    method.type = "direct";
    method.autoDelete = autoDelete;
    return method;
}
inline QueueBind bind(QByteArrayView queue, QByteArrayView source, QByteArrayView key = "k")
{
    QueueBind method;
    method.queue = queue;
    method.exchange = source;
    method.routingKey = key;
    return method;
}
inline BasicConsume consume(QByteArrayView queue, QByteArrayView tag)
{
    BasicConsume method;
    method.queue = queue;
    method.consumerTag = tag;
    return method;
}
inline BasicPublish publishTo(QByteArrayView key, QByteArrayView exchangeName = {})
{
    BasicPublish method;
    method.exchange = exchangeName;
    method.routingKey = key;
    return method;
}
inline QAmqpMessage persistent(const QByteArray &body)
{
    QAmqpMessage message(body);
    message.setDeliveryMode(QAmqpMessage::DeliveryMode::Persistent);
    return message;
}

inline QAmqpConnectionOptions recovering() { return QAmqpConnectionOptions().setHeartbeat(0s); }

class RecoveryScene
{
public:
    struct Asked // a method that came to the broker
    {
        quint64 connection = 0;
        quint16 channel = 0;
        quint32 method = 0;
        QByteArray fields = {};
    };

    explicit RecoveryScene(const QAmqpConnectionOptions &options = recovering(),
                           const Broker::BrokerSettings &settings = {})
        : pair(settings, 1, options)
    {
        pair.reconnects = true;
        pair.onEvent = [this](const Event &event) {
            events.push_back(event);
            if (onEvent)
                onEvent(event);
        };
        pair.broker.setObserver([this](Broker::Connection &connection, quint16 channel,
                                       quint32 method, QByteArrayView fields) {
            asked.push_back({connection.id(), channel, method, fields.toByteArray()});
            return !onAsked || onAsked(connection, channel, method, fields);
        });
    }

    // Opens the connection and a channel.
    ChannelCore *open()
    {
        ChannelCore *const channel = pair.client->addChannel(1);
        pair.open();
        pair.run();
        return channel;
    }

    // The link ends, and both sides notice.
    void lose() { pair.cut(); }
    // The link ends, and so much time passes that all is well again if it can be.
    bool loseAndRecover()
    {
        lose();
        return recover();
    }
    bool recover(std::chrono::milliseconds limit = 5s)
    {
        const int before = count<Recovered>();
        for (std::chrono::milliseconds passed{0}; passed < limit && before == count<Recovered>();
             passed += 10ms)
            pair.pass(10ms);
        return !pair.client->isRecovering() && pair.client->state() == ConnectionState::Open;
    }

    template<typename T>
    std::vector<T> all() const
    {
        std::vector<T> found;
        for (const Event &event : events) {
            if (const T *each = std::get_if<T>(&event))
                found.push_back(*each);
        }
        return found;
    }
    template<typename T>
    int count() const
    {
        return int(std::count_if(events.begin(), events.end(), [](const Event &event) {
            return std::holds_alternative<T>(event);
        }));
    }
    template<typename T>
    T last() const
    {
        const std::vector<T> found = all<T>();
        return found.empty() ? T() : found.back();
    }
    int ends(RequestId request) const
    {
        const std::vector<Replied> replies = all<Replied>();
        return int(std::count_if(replies.begin(), replies.end(), [&](const Replied &replied) {
            return replied.request == request;
        }));
    }
    Replied end(RequestId request) const
    {
        for (const Replied &replied : all<Replied>()) {
            if (replied.request == request)
                return replied;
        }
        return {};
    }
    // Whether the request ended once, and how.
    bool endedWell(RequestId request) const
    {
        return ends(request) == 1 && !end(request).error.isError();
    }
    bool wasInterrupted(RequestId request) const
    {
        return ends(request) == 1 && end(request).error.kind() == QAmqpError::Kind::Interrupted;
    }
    // The outcomes of a publish.
    std::vector<Outcome> outcomes(quint64 tag) const
    {
        std::vector<Outcome> found;
        for (const Settled &settled : all<Settled>()) {
            if (settled.firstTag <= tag && tag <= settled.lastTag)
                found.push_back(settled.outcome);
        }
        return found;
    }
    template<typename Method>
    int asks() const
    {
        return int(std::count_if(asked.begin(), asked.end(), [](const Asked &each) {
            return each.method == Method::info.id();
        }));
    }
    void forget()
    {
        events.clear();
        asked.clear();
    }

    Broker::VirtualHost &host() { return *pair.broker.virtualHost("/"); }
    Broker::QueuePointer queue(QByteArrayView name) { return host().queue(name); }
    // Another client does something to the broker's entities.
    void brokerDeletes(QByteArrayView name)
    {
        if (const Broker::QueuePointer found = queue(name))
            host().removeQueue(*found);
        pair.broker.settleDown(pair.now);
    }
    void put(const QByteArray &queueName, const QByteArray &body)
    {
        pair.broker.publish("/", {}, queueName, persistent(body), pair.now);
        pair.run();
    }

    CorePair pair;
    std::deque<Event> events;
    std::vector<Asked> asked;
    std::function<void(const Event &)> onEvent;
    std::function<bool(Broker::Connection &, quint16, quint32, QByteArrayView)> onAsked;
};

inline bool settle(ChannelCore *channel, const Delivered &delivered,
                   Settlement how = Settlement::Ack, bool multiple = false)
{
    const DeliveryMarkPointer mark(new DeliveryMark);
    mark->deliveryTag = delivered.deliveryTag;
    mark->generation = delivered.generation;
    channel->show(delivered.deliveryTag);
    return channel->settle(mark, how, multiple) == Settling::Accepted;
}

} // namespace QtAmqpTest

#endif
