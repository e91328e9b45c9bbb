// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A connection over WebSocket, through a relay that is part of this program.
// usage: websocket [amqp://user:password@host:port/vhost]

#include "relay.h"

#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const auto options =
            QAmqpConnectionOptions::fromUrl(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
    const Relay relay(options.hostName(), options.port());
    int status = 0;

    QAmqpConnection connection(options);
    connection.setTransport(QAmqpTransport::overDevice([&](const QAmqpEndpoint &) {
        auto socket = std::make_unique<QWebSocket>();
        socket->open(relay.url());
        return std::make_unique<WebSocketDevice>(std::move(socket));
    }));
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });
    QAmqpChannel *channel = connection.createChannel();
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);

    QAmqpQueue *queue = channel->queue();
    queue->declare(QAmqpQueueOptions().setExclusive());
    queue->consume();
    queue->publish(QByteArray("Hello over a WebSocket!"));
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        qInfo().noquote() << delivery.text();
        delivery.ack();
        connection.close();
    });
    connection.open();
    return app.exec();
}
