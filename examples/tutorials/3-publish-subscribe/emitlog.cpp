// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes one log line to the exchange "logs", which copies it to every queue bound to it.
// usage: emitlog [--url URL] [TEXT...]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpExchange>
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
    parser.addPositionalArgument(u"text"_s, u"The line."_s, u"[text...]"_s);
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpExchange *logs = channel->exchange(u"logs"_s);
    QObject::connect(channel, &QAmqpChannel::confirmed, &connection, [&] { connection.close(); });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    logs->declare(QAmqpExchange::Fanout);
    const QString text = parser.positionalArguments().join(u' ');
    const QAmqpMessage line(text.isEmpty() ? "info: Hello World!"_ba : text.toUtf8());
    logs->publish(QString(), line); // a fanout exchange does not look at the routing key
    qInfo().noquote() << "Sent" << line.text();
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
