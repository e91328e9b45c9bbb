// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Connects through the input and output of another program. Here that is socat; "ssh -W" or "kubectl exec" would
// do as well. Any QIODevice can be used in this way.
// usage: tunnel [amqp://user:password@host:port/vhost]

#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QProcess>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    int status = 0;

    QAmqpConnection connection;
    connection.setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &endpoint) {
        auto tunnel = std::make_unique<QProcess>();
        tunnel->setProcessChannelMode(QProcess::ForwardedErrorChannel);
        tunnel->start(u"socat"_s,
                      {u"-"_s, u"TCP:%1:%2"_s.arg(endpoint.hostName).arg(endpoint.port)});
        return tunnel;
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
    queue->publish(QByteArray("Hello through a tunnel!"));
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &delivery) {
        qInfo().noquote() << delivery.text();
        delivery.ack();
        connection.close();
    });
    connection.open(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
    return app.exec();
}
