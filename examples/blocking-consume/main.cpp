// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Takes ten messages from the queue "test", and gives the others that came back to the queue.

#include <QtAmqp/QtAmqp>
#include <QtCore/QtCore>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    try {
        QAmqpBlockingConnection connection(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        for (const QAmqpDelivery &delivery : channel.consume(u"test"_s)) {
            qInfo() << delivery << delivery.body();
            delivery.ack();
            if (delivery.deliveryTag() == 10)
                break;
        }
        qInfo("Requeued %d messages", channel.cancel().value());
    } catch (const QAmqpException &exception) {
        qCritical("%s", exception.what());
        return 1;
    }
}
