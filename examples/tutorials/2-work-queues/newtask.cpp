// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Puts one task into the queue "tasks": each dot of its text is a second of work.
// usage: newtask [--url URL] [TEXT...]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.addPositionalArgument(u"text"_s, u"What to do."_s, u"[text...]"_s);
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpQueue *queue = channel->queue(u"tasks"_s);
    QObject::connect(channel, &QAmqpChannel::confirmed, &connection, [&] { connection.close(); });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    // A durable queue and persistent messages outlive a restart of the broker.
    queue->declare(QAmqpQueueOptions().setDurable());
    const QString text = parser.positionalArguments().join(u' ');
    QAmqpMessage task(text.isEmpty() ? "Hello World!"_ba : text.toUtf8());
    task.setDeliveryMode(QAmqpMessage::Persistent);
    queue->publish(task);
    qInfo().noquote() << "Sent" << task.text();
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
