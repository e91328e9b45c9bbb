// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A program that ends without waiting for anything: it acknowledges 400 messages of one queue, publishes 400
// to another, and goes. broker.goodbye starts it and looks whether RabbitMQ has all of them.
//
//   goodbye URL INBOX OUTBOX main|worker|blocking WAY
//
// WAY says how it ends. In the main thread: "delete" deletes the connection in a slot and runs on for a while,
// "later" does so by deleteLater() and quits, "close" closes it and quits, "quit" quits and destroys it behind exec(), "static" leaves it
// to the end of the process, "leak" never deletes it. In a worker: "delete", "close" and "quit" as before, "finished"
// deletes it with the thread's finished(), "behind" from the main thread when the thread is over, "run" is a
// thread without an event loop of its own. With a blocking connection: "delete", "static" and "leak" as before,
// "worker" uses and deletes it in another thread.

#include <QtAmqp/qamqpblockingconnection.h>
#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtAmqp/qamqpconsumer.h>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qeventloop.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtCore/qurl.h>

#include <chrono>
#include <functional>
#include <thread>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int Messages = 400;

// Calls `done` in a slot, when all is said and nothing is answered.
void work(QAmqpConnection &connection, const QStringList &arguments,
          const std::function<void()> &done)
{
    QAmqpChannel *channel = connection.createChannel();
    QAmqpConsumer *consumer =
            channel->consume(arguments.at(2), QAmqpConsumeOptions().setPrefetch(0));
    auto unseen = std::make_shared<int>(Messages);
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, channel,
                     [=](const QAmqpDelivery &delivery) {
                         delivery.ack();
                         if (--*unseen > 0)
                             return;
                         for (int i = 0; i < Messages; ++i) {
                             if (channel->publish({}, arguments.at(3), QByteArray("goodbye")) == 0)
                                 qFatal("a publish was refused");
                         }
                         done();
                     });
    QObject::connect(&connection, &QAmqpConnection::errorOccurred,
                     [](const QAmqpError &error) { qFatal("%s", qPrintable(error.text())); });
    connection.open(QUrl(arguments.at(1)));
}

int inMain(const QStringList &arguments)
{
    const QString way = arguments.at(5);
    auto *connection = new QAmqpConnection;
    const std::unique_ptr<QAmqpConnection> owned(way == u"quit" ? connection : nullptr);
    if (way == u"static")
        static const std::unique_ptr<QAmqpConnection> atTheEnd(connection);
    work(*connection, arguments, [=] {
        if (way == u"delete") {
            delete connection;
            return QTimer::singleShot(100ms, QCoreApplication::instance(), &QCoreApplication::quit);
        }
        if (way == u"later")
            connection->deleteLater();
        if (way == u"close")
            connection->close();
        QCoreApplication::quit();
    });
    return QCoreApplication::exec();
}

class Worker : public QThread
{
public:
    explicit Worker(const QStringList &arguments) : m_arguments(arguments) { }
    QAmqpConnection *connection = nullptr;

private:
    void run() override
    {
        const QString way = m_arguments.at(5);
        connection = new QAmqpConnection;
        if (way == u"run") {
            const std::unique_ptr<QAmqpConnection> owned(connection);
            QEventLoop loop;
            work(*connection, m_arguments, [&] { loop.quit(); });
            loop.exec();
            return;
        }
        if (way == u"finished")
            connect(this, &QThread::finished, connection, &QObject::deleteLater);
        work(*connection, m_arguments, [=, this] {
            if (way == u"delete")
                delete connection;
            if (way == u"close")
                connection->close();
            quit();
        });
        exec();
        if (way == u"quit")
            delete connection;
    }

    const QStringList m_arguments;
};

int inWorker(const QStringList &arguments)
{
    Worker worker(arguments);
    QObject::connect(&worker, &QThread::finished, QCoreApplication::instance(),
                     &QCoreApplication::quit);
    worker.start();
    const int status = QCoreApplication::exec();
    worker.wait();
    if (arguments.at(5) == u"behind")
        delete worker.connection;
    return status;
}

void workBlocking(QAmqpBlockingConnection &connection, const QStringList &arguments)
{
    connection.open(QUrl(arguments.at(1))).value();
    QAmqpBlockingChannel channel = connection.createChannel().value();
    channel.setConfirmWindow(Messages + 1); // no publish waits for its answer
    const QAmqpBlockingConsumer consumer =
            channel.consume(arguments.at(2), QAmqpConsumeOptions().setPrefetch(0));
    for (int i = 0; i < Messages; ++i)
        consumer.next().value().ack();
    for (int i = 0; i < Messages; ++i)
        channel.publish({}, arguments.at(3), QByteArray("goodbye")).value();
}

int inBlocking(const QStringList &arguments)
{
    const QString way = arguments.at(5);
    auto connection = std::make_unique<QAmqpBlockingConnection>();
    if (way == u"worker") {
        std::thread([&] {
            workBlocking(*connection, arguments);
            connection.reset();
        }).join();
        return 0;
    }
    workBlocking(*connection, arguments);
    if (way == u"static")
        static const auto atTheEnd = std::move(connection);
    else if (way == u"leak")
        static_cast<void>(connection.release());
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() != 6)
        return 2;
    if (arguments.at(4) == u"blocking")
        return inBlocking(arguments);
    return arguments.at(4) == u"main" ? inMain(arguments) : inWorker(arguments);
}
