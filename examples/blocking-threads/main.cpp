// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Hands the messages of the queue "test" to other threads, which acknowledge them, and ends when none has
// come for two seconds.

#include <QtAmqp/QtAmqp>
#include <QtCore/QtCore>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

static void work(const QAmqpDelivery &delivery)
{
    QThread::msleep(50);
    qInfo() << QThread::currentThreadId() << "has done" << delivery.text();
    delivery.ack();
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    try {
        QAmqpBlockingConnection connection(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        QThreadPool workers;
        for (const QAmqpDelivery &delivery : channel.consume(u"test"_s, {}, 2s))
            workers.start([delivery] { work(delivery); });
    } catch (const QAmqpException &exception) {
        qCritical("%s", exception.what());
        return 1;
    }
}
