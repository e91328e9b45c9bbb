// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Computes Fibonacci numbers for whoever asks through the queue "rpc_queue".
// usage: server [--url URL]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpRpcServer>
#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

#include <utility>

using namespace Qt::StringLiterals;

static quint64 fib(int n)
{
    quint64 a = 0;
    quint64 b = 1;
    while (n-- > 0)
        a = std::exchange(b, a + b);
    return a;
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    QAmqpRpcServer server(channel, u"rpc_queue"_s);
    int status = 0;
    const auto fail = [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
        connection.close();
    };
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, fail);
    // A request that cannot be answered is reported, and the server goes on.
    QObject::connect(&server, &QAmqpRpcServer::errorOccurred,
                     [](const QAmqpError &error) { qWarning().noquote() << error.text(); });
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    server.setHandler([](const QAmqpDelivery &request) -> QAmqpMessage {
        const int n = request.text().toInt();
        qInfo().noquote() << u"fib(%1)"_s.arg(n);
        return QByteArray::number(fib(n)); // goes to the request's reply-to with its correlation-id
    });
    channel->declareQueue(u"rpc_queue"_s).then(&app, [](const QAmqpQueueInfo &) {
        qInfo() << "Waiting for requests. To exit press Ctrl+C";
    });
    server.start(1); // one request at a time: several servers share the work
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
