// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Works at the tasks of the queue "tasks", one at a time. Start several: each task goes to one that
// is free, and the task of a worker that dies goes to another.
// usage: worker [--url URL]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtAmqp/QAmqpQueue>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QTimer>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpQueue *queue = channel->queue(u"tasks"_s);
    QObject::connect(queue, &QAmqpQueue::messageReceived, [&](const QAmqpDelivery &task) {
        qInfo().noquote() << "Received" << task.text();
        // Work that takes time must not keep the event loop from its heartbeats; here, it is a timer.
        // Without the acknowledgement at its end the broker gives the task to another worker.
        QTimer::singleShot(std::chrono::seconds(task.body().count('.')), &app, [task] {
            qInfo().noquote() << "Done" << task.text();
            task.ack();
        });
    });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    queue->declare(QAmqpQueueOptions().setDurable());
    // No second task before the first is acknowledged: that is what makes the dispatch fair.
    const QAmqpConsumer *consumer = queue->consume(QAmqpConsumeOptions().setPrefetch(1));
    QObject::connect(consumer, &QAmqpConsumer::started,
                     [] { qInfo() << "Waiting for tasks. To exit press Ctrl+C"; });
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
