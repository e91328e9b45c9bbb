// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The program of the page "The five-minute tour". The tests run it, and compare what it prints with the page.

//! [begin]
#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QUrl url(app.arguments().value(1, u"amqp://localhost"_s));
    //! [begin]

    //! [connect]
    QAmqpConnection connection(url);
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    //! [connect]

    //! [errors]
    const auto fail = [](const QAmqpError &error) { qCritical().noquote() << error.text(); };
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    //! [errors]

    //! [exchange]
    QAmqpExchange *weather = channel->exchange(u"weather"_s);
    weather->declare(QAmqpExchange::Topic);
    //! [exchange]

    //! [bind]
    QAmqpQueue *rain = channel->queue();
    rain->declare();
    rain->bind(weather, u"*.rain"_s);
    //! [bind]

    //! [consume]
    QObject::connect(rain, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &delivery) {
        qInfo().noquote() << delivery.routingKey() << delivery.text();
        delivery.ack();
    });
    rain->consume();
    //! [consume]

    //! [publish]
    weather->publish(u"oslo.rain"_s, "until noon");
    weather->publish(u"oslo.wind"_s, "from the west"); // nobody asked for it
    //! [publish]

    //! [confirm]
    weather->publishConfirmed(u"bergen.rain"_s, "as always", QAmqpChannel::Mandatory)
            .then([](quint64) { qInfo("The broker has the forecast for Bergen."); })
            .onFailed([](const QAmqpException &e) { qWarning().noquote() << e.error().text(); });
    //! [confirm]

    //! [serve]
    channel->declareQueue(u"uppercase"_s, QAmqpQueueOptions().setExclusive());
    QAmqpRpcServer server(channel, u"uppercase"_s);
    server.setHandler([](const QAmqpDelivery &request) { return request.text().toUpper(); });
    server.start();
    //! [serve]

    //! [call]
    QAmqpRpcClient client(channel);
    client.call(u"uppercase"_s, "hello")
            .then([](const QAmqpMessage &reply) { qInfo().noquote() << reply.text(); })
            .onFailed([](const QAmqpException &e) { qWarning().noquote() << e.error().text(); })
            .then([&connection] { connection.close(); });
    //! [call]

    //! [run]
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    app.exec();
    //! [run]

    //! [blocking]
    try {
        QAmqpBlockingConnection blocking(url);
        QAmqpBlockingChannel waiting = blocking.createChannel().value();
        const QString sun = waiting.declareQueue().value().name;
        waiting.bindQueue(sun, u"weather"_s, u"bergen.#"_s).value();
        waiting.publish(u"weather"_s, u"bergen.sun"_s, "at last").value();
        for (const QAmqpDelivery &delivery : waiting.consume(sun)) {
            qInfo().noquote() << delivery.routingKey() << delivery.text();
            delivery.ack();
            break;
        }
        waiting.deleteExchange(u"weather"_s).value();
    } catch (const QAmqpException &e) {
        qCritical().noquote() << e.error().text();
        return 1;
    }
    return 0;
}
//! [blocking]
