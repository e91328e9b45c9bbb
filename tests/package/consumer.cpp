// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A user's program: values, objects, and with an URL as its argument one message there and back.
// run.sh knows what it prints.

#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QTextStream>
#include <QtCore/QTimer>
#include <QtCore/QUrl>

using namespace std::chrono_literals;

static_assert(__cplusplus == 201703L, "a user needs C++17 only");

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QTextStream out(stdout);

    const auto options = QAmqpConnectionOptions::fromUrl(QUrl("amqp://me@example.com/shop"));
    QAmqpMessage message(QByteArray("hello"));
    message.setHeaders({{"answer", 42}});
    out << options.hostName() << ' ' << options.virtualHost() << ' ' << message.body() << ' '
        << message.headers().value("answer").toInt() << Qt::endl;

    QAmqpConnection connection(options);
    QAmqpChannel *channel = connection.createChannel();
    out << connection.metaObject()->className() << ' ' << channel->isOpen() << Qt::endl;
    if (argc < 2)
        return 0;

    QObject::connect(&connection, &QAmqpConnection::errorOccurred, [&](const QAmqpError &error) {
        out << error.text() << Qt::endl;
        QCoreApplication::exit(1);
    });
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);
    QAmqpQueue *queue = channel->queue();
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        out << "received " << delivery.body() << Qt::endl;
        delivery.ack();
        connection.close();
    });
    connection.open(QUrl(argv[1]));
    queue->declare(QAmqpQueueOptions().setExclusive());
    queue->publish(message);
    queue->consume();
    QTimer::singleShot(30s, [] { QCoreApplication::exit(2); });
    return app.exec();
}
