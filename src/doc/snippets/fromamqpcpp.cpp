// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Coming from AMQP-CPP" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

//! [program]
int program(QCoreApplication &app)
{
    QAmqpConnection connection(QUrl(u"amqp://guest:guest@localhost"_s));
    QObject::connect(&connection, &QAmqpConnection::errorOccurred,
                     [](const QAmqpError &error) { qCritical().noquote() << error.text(); });
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    channel->declareQueue(u"hello"_s).then([](const QAmqpQueueInfo &queue) {
        qInfo() << queue.name << queue.messageCount << queue.consumerCount;
    });
    QAmqpConsumer *consumer = channel->consume(u"hello"_s);
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, [](const QAmqpDelivery &message) {
        qInfo() << message.body();
        message.ack();
    });
    return app.exec();
}
//! [program]

void topology(QAmqpChannel *channel)
{
    //! [topology]
    channel->declareExchange(u"shop"_s, QAmqpExchange::Topic, QAmqpExchangeOptions().setDurable());
    channel->declareQueue(u"orders"_s, QAmqpQueueOptions().setDurable().setExpires(2h));
    channel->bindQueue(u"orders"_s, u"shop"_s, u"order.*"_s); // the queue comes first
    channel->bindExchange(u"archive"_s, u"shop"_s, u"#"_s); // the destination comes first
    channel->deleteQueue(u"orders"_s, QAmqpChannel::IfUnused | QAmqpChannel::IfEmpty);
    channel->deleteExchange(u"shop"_s);
    //! [topology]
}

void publishing(QAmqpChannel *channel)
{
    //! [publish]
    QAmqpMessage message(R"({"article":17})");
    message.setContentType(u"application/json"_s);
    message.setDeliveryMode(QAmqpMessage::Persistent);
    channel->publishConfirmed(u"shop"_s, u"order.new"_s, message, QAmqpChannel::Mandatory)
            .then([](quint64) { qInfo("The broker has it."); })
            .onFailed([](const QAmqpException &e) { qWarning().noquote() << e.error().text(); });
    //! [publish]
}

void consuming(QAmqpChannel *channel, const QAmqpDelivery &delivery)
{
    //! [consume]
    channel->consume(u"orders"_s, QAmqpConsumeOptions().setPrefetch(10).setConsumerTag(u"till"_s));
    channel->get(u"orders"_s).then([](const std::optional<QAmqpDelivery> &message) {
        if (message)
            message->ack();
        else
            qInfo("The queue is empty.");
    });
    delivery.reject(QAmqpDelivery::Discard); // without it the message goes back to the queue
    //! [consume]
}

void transaction(QAmqpChannel *channel)
{
    //! [transaction]
    channel->txSelect();
    channel->publish(u"shop"_s, u"order.new"_s, "17");
    channel->txCommit()
            .then([] { qInfo("All of it is there."); })
            .onFailed([](const QAmqpException &) { qInfo("Nothing of it is there."); });
    //! [transaction]
}
