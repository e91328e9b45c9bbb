// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Prints the log lines whose routing key fits a pattern: * stands for one word, # for any number.
// usage: receivelogs [--url URL] PATTERN..., for example "kern.*" "*.critical" or "#"

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpConsumer>
#include <QtAmqp/QAmqpExchange>
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
    parser.addPositionalArgument(u"pattern"_s, u"Which lines to print."_s, u"pattern..."_s);
    parser.process(app);
    if (parser.positionalArguments().isEmpty())
        parser.showHelp(1);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpExchange *logs = channel->exchange(u"topic_logs"_s);
    QAmqpQueue *queue = channel->queue();
    QObject::connect(queue, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &line) {
        qInfo().noquote() << line.routingKey() << line.text();
    });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    logs->declare(QAmqpExchange::Topic);
    queue->declare(QAmqpQueueOptions().setExclusive());
    for (const QString &pattern : parser.positionalArguments())
        queue->bind(logs->name(), pattern);
    const QAmqpConsumer *consumer = queue->consume(QAmqpConsumeOptions().setNoAck());
    QObject::connect(consumer, &QAmqpConsumer::started,
                     [] { qInfo() << "Waiting for logs. To exit press Ctrl+C"; });
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
