// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes one log line with a routing key such as kern.critical to the exchange "topic_logs".
// usage: emitlog [--url URL] [KEY [TEXT...]]

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
    parser.addPositionalArgument(u"key"_s, u"The routing key, words with dots."_s, u"[key]"_s);
    parser.addPositionalArgument(u"text"_s, u"The line."_s, u"[text...]"_s);
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    int status = 0;
    QAmqpExchange *logs = channel->exchange(u"topic_logs"_s);
    QObject::connect(channel, &QAmqpChannel::confirmed, &connection, [&] { connection.close(); });
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    logs->declare(QAmqpExchange::Topic);
    const QStringList arguments = parser.positionalArguments();
    const QString key = arguments.value(0, u"anonymous.info"_s);
    const QString text = arguments.size() > 1 ? arguments.sliced(1).join(u' ') : u"Hello World!"_s;
    logs->publish(key, text.toUtf8());
    qInfo().noquote() << "Sent" << key << text;
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
