// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_COMEBACKSCENE_H
#define QTAMQP_TESTS_COMEBACKSCENE_H

// Scenes in which a queue or a consumer is away for a while.

#include "recoveryscene.h"

namespace QtAmqpTest {

inline QueueDeclare autoDelete(QByteArrayView queue)
{
    QueueDeclare method = declare(queue);
    method.autoDelete = true;
    return method;
}
inline BasicConsume consumeAlone(QByteArrayView queue, QByteArrayView tag)
{
    BasicConsume method = consume(queue, tag);
    method.exclusive = true;
    return method;
}

// The queue that a basic.consume names, and empty for all other methods.
inline QByteArray queueOf(quint32 method, QByteArrayView fields)
{
    Reader in(fields);
    return method == BasicConsume::info.id() ? decode<BasicConsume>(in).queue.toByteArray()
                                             : QByteArray();
}

// Another client's consumer, which has the queue for itself if it is exclusive.
inline std::shared_ptr<Broker::Consumer> consumerOfAnother(const Broker::QueuePointer &queue,
                                                           bool exclusive)
{
    const auto consumer = std::make_shared<Broker::Consumer>();
    consumer->exclusive = exclusive;
    consumer->queue = queue;
    return consumer;
}

// A consumer of queue "q" with this option, and a channel with confirms.
struct Consuming
{
    explicit Consuming(bool returns, const QueueDeclare &queue = durable("q"))
    {
        channel = scene.open();
        channel->selectConfirms();
        channel->request(queue);
        channel->request(bind("q", "amq.direct"));
        consumer = channel->consume(consume("q", "c"), {}, 10, returns);
        scene.pair.run();
    }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
    RequestId consumer = 0;
};

// A consumer of queue "q", which another client has declared.
struct ConsumingOfAnother
{
    explicit ConsumingOfAnother(bool returns)
    {
        channel = scene.open();
        channel->selectConfirms();
        declareIt();
        consumer = channel->consume(consume("q", "c"), {}, 10, returns);
        scene.pair.run();
    }
    void declareIt() { scene.host().declareQueue("q", {.durable = true}, 0); }

    RecoveryScene scene;
    ChannelCore *channel = nullptr;
    RequestId consumer = 0;
};

} // namespace QtAmqpTest

#endif
