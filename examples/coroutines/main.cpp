// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Awaits requests and confirms in C++20 coroutines. QCoro makes futures awaitable; QtAmqp needs nothing for
// it.
// usage: coroutines [amqp://user:password@host:port/vhost]

#include <QCoroFuture>
#include <QCoroTask>

#include <QtAmqp/QtAmqp>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>
#include <QtCore/QUrl>

using namespace Qt::StringLiterals;

QCoro::Task<> converse(QAmqpConnection &connection, int &status)
{
    QAmqpChannel *channel = connection.createChannel();
    try {
        // The first of these waits for the connection too.
        const QAmqpQueueInfo queue =
                co_await channel->declareQueue(QString(), QAmqpQueueOptions().setExclusive());
        qInfo().noquote() << "declared" << queue.name;
        for (const char *body : {"one", "two", "three"}) {
            const quint64 tag =
                    co_await channel->publishConfirmed(QString(), queue.name, QAmqpMessage(body));
            qInfo() << "confirmed" << tag;
        }
        while (const auto message = co_await channel->get(queue.name)) {
            qInfo().noquote() << "got" << message->text();
            message->ack();
        }
        status = 0; // success: only the next request fails, on purpose
        co_await channel->purgeQueue(u"no such queue"_s);
    } catch (const QAmqpException &exception) {
        if (!connection.lastError()) // main() prints an error of the connection
            qInfo().noquote() << "refused:" << exception.error().text();
    }
    connection.close();
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    int status = 1;
    QAmqpConnection connection;
    QObject::connect(&connection, &QAmqpConnection::closed, [&] { app.exit(status); });
    QObject::connect(&connection, &QAmqpConnection::errorOccurred, [&](const QAmqpError &error) {
        qCritical().noquote() << error.text();
        status = 1;
    });
    connection.open(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
    converse(connection, status); // runs up to its first co_await, and goes on from the event loop
    return app.exec();
}
