// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pieces of code that the reference shows (\snippet). The tests compile them.

#include <QtAmqp/QtAmqp>

#include <QtCore/qcoreapplication.h>
#include <QtCore/qdebug.h>
#include <QtCore/qfile.h>
#include <QtCore/qpointer.h>
#include <QtCore/qsavefile.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtCore/qurl.h>
#include <QtNetwork/qabstractsocket.h>
#include <QtNetwork/qlocalsocket.h>
#include <QtNetwork/qsslerror.h>

#include <csignal>
#include <utility>

#include <unistd.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

void connection()
{
    //! [connection]
    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    QAmqpQueue *queue = channel->queue(u"hello"_s);
    connection.open(QUrl(u"amqp://localhost"_s));
    queue->declare();
    queue->publish("Hello, world!");
    //! [connection]
}

void queue(QAmqpChannel *channel)
{
    //! [queue]
    QAmqpQueue *orders = channel->queue(u"orders"_s);
    QObject::connect(orders, &QAmqpQueue::messageReceived, [](const QAmqpDelivery &delivery) {
        qInfo() << delivery.body();
        delivery.ack();
    });
    orders->declare(QAmqpQueueOptions().setDurable());
    orders->consume();
    //! [queue]
}

void options()
{
    //! [options]
    const auto options = QAmqpConnectionOptions()
                                 .setHostName(u"broker.example"_s)
                                 .setTlsEnabled(true)
                                 .setHeartbeat(30s);
    //! [options]
    Q_UNUSED(options);
}

void queueArguments()
{
    //! [queue arguments]
    const auto orders = QAmqpQueueOptions()
                                .setDurable()
                                .setType(QAmqpQueueOptions::Quorum)
                                .setDeadLetterExchange(u"orders.dead"_s)
                                .setDeliveryLimit(5);
    const auto recent = QAmqpQueueOptions().setMessageTtl(10min).setMaxLength(1000);
    //! [queue arguments]
    Q_UNUSED(orders);
    Q_UNUSED(recent);
}

void table()
{
    // clang-format off
    //! [table]
    QAmqpTable arguments { { u"x-message-ttl"_s, 60000 }, { u"x-max-length"_s, 1000 } };
    //! [table]
    // clang-format on
}

void future(QAmqpQueue *queue)
{
    //! [future]
    queue->declare(QAmqpQueueOptions().setDurable())
            .then([](const QAmqpQueueInfo &info) { qInfo() << info.messageCount; })
            .onFailed([](const QAmqpException &e) { qWarning() << e.error(); });
    //! [future]
}

void whenAll(QAmqpQueue *orders, QAmqpQueue *prices)
{
    //! [when all]
    QList<QFuture<QAmqpQueueInfo>> declared{orders->declare(), prices->declare()};
    QtFuture::whenAll(declared.begin(), declared.end())
            .then([](const QList<QFuture<QAmqpQueueInfo>> &all) {
                for (const auto &one : all)
                    qInfo() << one.result().name; // throws what it failed with
            });
    //! [when all]
}

void ignoredCertificate(QAmqpConnection *connection, const QSslCertificate &known)
{
    //! [ignored certificate]
    connection->ignoreSslErrors({QSslError(QSslError::SelfSignedCertificate, known)});
    connection->open();
    //! [ignored certificate]
}

void refusedOrUnreachable(QAmqpConnection *connection)
{
    //! [socket error]
    QObject::connect(connection, &QAmqpConnection::errorOccurred, [](const QAmqpError &error) {
        if (error.socketError() == QAbstractSocket::ConnectionRefusedError)
            qWarning() << "The machine is there, but no broker runs on it.";
        else if (error.kind() == QAmqpError::HostUnreachable)
            qWarning() << "There is no way to the machine.";
    });
    //! [socket error]
}

void messageAsJson(const QAmqpDelivery &delivery, QAmqpChannel *channel)
{
    //! [json]
    const QByteArray line = delivery.toJson(); // keep it in a file, for instance

    const auto kept = QAmqpDelivery::fromJson(line);
    if (const QString error = kept.errorString(); !error.isEmpty())
        qWarning() << error;
    else
        channel->publish(kept.exchange(), kept.routingKey(), kept);
    //! [json]
}

void errors(QAmqpConnection *connection, QAmqpChannel *channel)
{
    //! [errors]
    const auto fail = [](const QAmqpError &error) { qCritical().noquote() << error.text(); };
    QObject::connect(connection, &QAmqpConnection::errorOccurred, fail);
    QObject::connect(channel, &QAmqpChannel::errorOccurred, fail);
    //! [errors]
}

void worker()
{
    //! [worker]
    QThread thread;
    auto *connection = new QAmqpConnection(QAmqpConnectionOptions().setHostName(u"broker"_s));
    connection->moveToThread(&thread);
    QObject::connect(&thread, &QThread::started, connection, qOverload<>(&QAmqpConnection::open));
    QObject::connect(&thread, &QThread::finished, connection, &QObject::deleteLater);
    thread.start();
    // At the end:
    thread.quit();
    thread.wait();
    //! [worker]
}

void then(QAmqpChannel *channel, QObject *context)
{
    //! [then]
    channel->declareQueue(u"orders"_s)
            .then(context, [](const QAmqpQueueInfo &queue) { qInfo() << queue.messageCount; })
            .onFailed(context, [](const QAmqpException &exception) {
                qWarning() << exception.error().text();
            });
    //! [then]
}

void device(QAmqpConnection &connection)
{
    //! [device]
    connection.setTransport(QAmqpTransport::overDevice([](const QAmqpEndpoint &) {
        auto socket = std::make_unique<QLocalSocket>();
        socket->connectToServer(u"/run/broker.socket"_s);
        return socket;
    }));
    //! [device]
}

void streamedPublish(QAmqpChannel *uploads)
{
    //! [streamed publish]
    auto file = std::make_shared<QFile>(u"backup.tar"_s);
    if (!file->open(QIODevice::ReadOnly))
        return;
    QAmqpMessage properties;
    properties.setDeliveryMode(QAmqpMessage::Persistent);
    uploads->publishConfirmed(QString(), u"backups"_s, file.get(), file->size(), properties)
            .then(uploads, [file](quint64) { qInfo() << "the broker has it"; })
            .onFailed(uploads, [file](const QAmqpException &exception) {
                qWarning() << exception.error().text();
            });
    //! [streamed publish]
}

void bodySink(QAmqpChannel *channel, QObject *context)
{
    //! [bodysink]
    QAmqpConsumer *consumer = channel->consume(u"backups"_s);
    auto file = std::make_shared<QSaveFile>(u"backup.tar"_s);
    consumer->setBodySink(
            [file](const QAmqpDelivery &, quint64 size) -> QIODevice * {
                qInfo() << size << "bytes are coming";
                return file->open(QIODevice::WriteOnly) ? file.get() : nullptr;
            },
            1024 * 1024);
    QObject::connect(consumer, &QAmqpConsumer::messageReceived, context,
                     [file](const QAmqpDelivery &delivery) {
                         if (!file->isOpen() || file->commit())
                             delivery.ack();
                         else
                             delivery.nack();
                     });
    QObject::connect(consumer, &QAmqpConsumer::messageDiscarded, context,
                     [file](const QAmqpDelivery &delivery, const QAmqpError &error) {
                         qWarning() << error.text();
                         file->cancelWriting();
                         file->commit();
                         delivery.nack();
                     });
    //! [bodysink]
}

class MyTransport : public QAmqpTransport
{
public:
    void streamIsReadable();

private:
    int m_fd = -1;
    bool m_ended = false;
};

//! [transport]
void MyTransport::streamIsReadable()
{
    qsizetype room = 0;
    while (char *buffer = receiveBuffer(&room)) {
        const auto bytes = ::read(m_fd, buffer, size_t(room));
        if (bytes <= 0) {
            m_ended = bytes == 0; // and the errors, which are left out here
            break;
        }
        received(bytes);
    }
    if (std::exchange(m_ended, false))
        lost(QAmqpError(QAmqpError::ConnectionLost, QAmqpError::Connection, QAmqpError::Transport,
                        u"the stream ended"_s));
    if (!turn())
        return; // *this does not exist any more
    // Here, and only here: look whether more is to be read or written.
}
//! [transport]

void blocking()
{
    //! [blocking]
    QAmqpBlockingConnection connection(QUrl(u"amqp://localhost"_s));
    QAmqpBlockingChannel channel = connection.createChannel().value();
    channel.declareQueue(u"hello"_s).value();
    channel.publish({}, u"hello"_s, "Hello, world!"_ba).value();
    //! [blocking]
}

void blockingConsume(QAmqpBlockingChannel &channel)
{
    //! [blocking consume]
    for (const QAmqpDelivery &delivery : channel.consume(u"hello"_s)) {
        qInfo() << delivery.text();
        delivery.ack();
        if (delivery.text() == u"quit")
            break;
    }
    qInfo() << "requeued" << channel.cancel().value();
    //! [blocking consume]
}

QAmqpError blockingNext(QAmqpBlockingChannel &channel)
{
    //! [blocking next]
    const QAmqpBlockingConsumer messages = channel.consume(u"hello"_s);
    for (;;) {
        const auto delivery = messages.next();
        if (!delivery)
            return delivery.error(); // Timeout and Cancelled are this program's own doing
        qInfo() << delivery->text();
        delivery->ack();
    }
    //! [blocking next]
}

void blockingHandler(QAmqpBlockingConnection &connection, QAmqpBlockingChannel &channel)
{
    //! [blocking handler]
    channel.consume(u"hello"_s, [](const QAmqpDelivery &delivery) { delivery.ack(); }).value();
    connection.callLater(1min, [&] { channel.stopConsuming().value(); });
    channel.startConsuming().value();
    //! [blocking handler]
}

void blockingWindow(QAmqpBlockingChannel &channel, const QByteArrayList &bodies)
{
    //! [blocking window]
    channel.setConfirmWindow(1000);
    for (const QByteArray &body : bodies)
        channel.publish({}, u"hello"_s, body).value();
    const auto outcome = channel.waitForConfirms();
    for (const QAmqpReturn &failed : outcome.messages())
        qWarning() << outcome.error().text() << failed;
    //! [blocking window]
}

void blockingStop()
{
    //! [blocking stop]
    static QAmqpBlockingConnection connection(QUrl(u"amqp://localhost"_s));
    std::signal(SIGINT, [](int) { connection.requestStop(); });
    //! [blocking stop]
}

void blockingRecovery(QAmqpBlockingConnection &connection)
{
    //! [blocking recovery]
    connection.onInterrupted(
            [](const QAmqpError &cause) { qWarning() << "The link is lost:" << cause.text(); });
    connection.onRecovered([](const QAmqpRecoveryReport &report) {
        qInfo() << "It is back after" << report.duration().count() << "ms";
        for (const QAmqpError &skipped : report.skipped())
            qWarning() << "Not everything is:" << skipped.text();
    });
    //! [blocking recovery]
}

void result(QAmqpBlockingChannel &channel)
{
    //! [result]
    if (const auto queue = channel.declareQueue(u"orders"_s))
        qInfo() << queue->messageCount; // there is a value
    else
        qWarning() << queue.error().text();

    qInfo() << channel.purgeQueue(u"orders"_s).value(); // or throws a QAmqpException
    //! [result]
}

void rpcClient(QAmqpConnection *connection)
{
    //! [rpc client]
    auto *client = new QAmqpRpcClient(connection->createChannel());
    client->call(u"uppercase"_s, "hello")
            .then([](const QAmqpMessage &reply) { qInfo() << reply.body(); })
            .onFailed([](const QAmqpException &failure) { qWarning() << failure.error(); });
    //! [rpc client]
}

//! [message handler]
QPointer<QAmqpChannel> logChannel;

void publishLog(QtMsgType, const QMessageLogContext &context, const QString &text)
{
    if (logChannel && qstrcmp(context.category, "qt.amqp.frames") != 0)
        logChannel->publish(QString(), u"log"_s, QAmqpMessage(text.toUtf8()));
}
//! [message handler]

void rpcServer(QAmqpChannel *channel)
{
    //! [rpc server]
    channel->declareQueue(u"uppercase"_s);
    auto *server = new QAmqpRpcServer(channel, u"uppercase"_s);
    server->setHandler([](const QAmqpDelivery &request) { return request.text().toUpper(); });
    server->start();
    //! [rpc server]
}
