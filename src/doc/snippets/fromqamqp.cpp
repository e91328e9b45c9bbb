// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Coming from qamqp" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;

//! [program]
int program(QCoreApplication &app)
{
    QAmqpConnection connection(QUrl(u"amqp://guest:guest@localhost"_s));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpQueue *queue = channel->queue(u"hello"_s);
    QObject::connect(queue, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &message) {
        qInfo() << message.text();
        message.ack();
    });
    connection.open();
    queue->declare();
    queue->consume();
    queue->publish("Hello, world!");
    return app.exec();
}
//! [program]

void queues(QAmqpChannel *channel, QAmqpExchange *exchange)
{
    //! [queue]
    QAmqpQueue *queue = channel->queue(u"orders"_s);
    queue->declare(QAmqpQueueOptions().setDurable().setAutoDelete()); // what qamqp does by default
    queue->bind(exchange, u"order.*"_s);
    queue->unbind(exchange, u"order.*"_s);
    queue->purge().then([](quint32 messages) { qInfo() << "purged" << messages; });
    queue->deleteQueue(QAmqpChannel::IfUnused | QAmqpChannel::IfEmpty);
    //! [queue]
}

void publishing(QAmqpChannel *channel)
{
    //! [publish]
    QAmqpExchange *exchange = channel->exchange(u"shop"_s);
    exchange->declare(QAmqpExchange::Topic, QAmqpExchangeOptions().setDurable());
    QAmqpMessage message(R"({"article":17})");
    message.setContentType(u"application/json"_s);
    message.setHeader(u"attempt"_s, 1);
    exchange->publish(u"order.new"_s, message, QAmqpChannel::Mandatory); // the key comes first
    channel->allConfirmed().then([] { qInfo("The broker has all of them."); });
    //! [publish]
}

void consuming(QAmqpQueue *queue)
{
    //! [consume]
    queue->consume(QAmqpConsumeOptions().setPrefetch(10).setExclusive());
    queue->get().then([](const std::optional<QAmqpDelivery> &message) {
        if (message)
            message->ack();
        else
            qInfo("The queue is empty.");
    });
    //! [consume]
}
