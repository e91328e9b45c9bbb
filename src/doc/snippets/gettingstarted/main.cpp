// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QAmqpConnection connection(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
    QAmqpChannel *channel = connection.createChannel();
    QAmqpQueue *queue = channel->queue(u"hello"_s);

    const auto fail = [](const QAmqpError &error) { qCritical().noquote() << error.text(); };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(channel, &QAmqpChannel::confirmed, [] { qInfo("The broker has it."); });
    QObject::connect(&connection, &QAmqpConnection::closed, &app, &QCoreApplication::quit);

    connection.open();
    queue->declare();
    queue->publish("Hello from C++");
    connection.close(); // when all of this is done
    return app.exec() || channel->lastError();
}
