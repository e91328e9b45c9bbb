// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Asks the server for a Fibonacci number, waiting at most ten seconds for the answer.
// usage: client [--url URL] [N]

#include <QtAmqp/QAmqpChannel>
#include <QtAmqp/QAmqpConnection>
#include <QtAmqp/QAmqpRpcClient>
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
    parser.addPositionalArgument(u"n"_s, u"Which Fibonacci number."_s, u"[n]"_s);
    parser.process(app);

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    QAmqpRpcClient client(channel);
    client.setTimeout(std::chrono::seconds(10));
    int status = 0;
    // The future says why the connection failed, too.
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, [&] { status = 1; });
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });

    // The future ends with the reply, or with an error: there is no server, the time is over, the link is
    // lost.
    const QString n = parser.positionalArguments().value(0, u"30"_s);
    qInfo().noquote() << u"Requesting fib(%1)"_s.arg(n);
    client.call(QString(), u"rpc_queue"_s, n.toUtf8())
            .then(&app,
                  [&](const QAmqpMessage &reply) {
                      qInfo().noquote() << "Got" << reply.text();
                      connection.close();
                  })
            .onFailed(&app, [&](const QAmqpException &exception) {
                qCritical().noquote() << exception.error().text();
                status = 1;
                connection.close();
            });
    connection.open(QUrl(parser.value(u"url"_s)));
    return app.exec();
}
