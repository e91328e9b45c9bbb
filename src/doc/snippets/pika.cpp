// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The programs of the page "Coming from Pika" (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>

using namespace Qt::StringLiterals;

//! [publish]
int publish(QCoreApplication &app)
{
    QAmqpConnection connection;
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    QAmqpChannel *channel = connection.createChannel();
    connection.open();
    channel->publish(u"example"_s, u"test"_s, QByteArray("Test Message"));
    connection.close(); // when the broker has confirmed it
    return app.exec();
}
//! [publish]

//! [consume]
int consume(QCoreApplication &app)
{
    QAmqpConnection connection;
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    QAmqpChannel *channel = connection.createChannel();
    QAmqpConsumer *consumer = channel->consume(u"test"_s);
    int count = 0;
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, [&](const QAmqpDelivery &message) {
        qInfo() << message;
        message.ack();
        if (++count == 10) {
            consumer->cancel().then([&](int requeued) {
                qInfo("Requeued %d messages", requeued);
                connection.close();
            });
        }
    });
    connection.open();
    return app.exec();
}
//! [consume]

//! [confirm]
void publishAndSee(QAmqpChannel *channel)
{
    channel->publishConfirmed(u""_s, u"orders"_s, QByteArray("Test Message"),
                              QAmqpChannel::Mandatory)
            .then([](quint64) { qInfo("the broker has it"); })
            .onFailed([](const QAmqpException &e) { qWarning() << e.error(); });
}
//! [confirm]
