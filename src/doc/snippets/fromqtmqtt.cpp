// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code of the page "Coming from QtMqtt" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;

//! [program]
int program(QCoreApplication &app)
{
    QAmqpConnection connection(QUrl(u"amqp://guest:guest@localhost"_s));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpExchange *house = channel->exchange(u"house"_s);
    QAmqpQueue *temperatures = channel->queue();
    QObject::connect(temperatures, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &message) {
        qInfo() << message.routingKey() << message.body();
        message.ack();
    });
    connection.open();
    house->declare(QAmqpExchange::Topic);
    temperatures->declare();
    temperatures->bind(house, u"kitchen.*.temperature"_s);
    temperatures->consume();
    house->publish(u"kitchen.oven.temperature"_s, "180");
    return app.exec();
}
//! [program]

void session(QAmqpChannel *channel)
{
    //! [session]
    QAmqpQueue *mine = channel->queue(u"till 3"_s); // a name of its own, which the program keeps
    mine->declare(QAmqpQueueOptions().setDurable().setExpires(std::chrono::hours(24)));
    mine->bind(u"house"_s, u"kitchen.#"_s);
    mine->consume();
    //! [session]
}

void retained(QAmqpChannel *channel)
{
    //! [last value]
    QAmqpQueue *last = channel->queue(u"kitchen.oven.temperature"_s);
    last->declare(QAmqpQueueOptions().setDurable().setMaxLength(1)); // drops the one before
    last->bind(u"house"_s, u"kitchen.oven.temperature"_s);
    last->get().then([](const std::optional<QAmqpDelivery> &message) {
        if (message) {
            qInfo() << message->text();
            message->nack(); // goes back, for the next one who asks
        }
    });
    //! [last value]
}

void withDevices(QAmqpChannel *channel, QAmqpQueue *queue)
{
    //! [bridge]
    queue->bind(u"amq.topic"_s, u"kitchen.*.temperature"_s); // kitchen/+/temperature of MQTT
    channel->publish(u"amq.topic"_s, u"kitchen.oven.switch"_s, "off"); // kitchen/oven/switch
    //! [bridge]
}
