// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Connects, publishes one message to the exchange "example", and closes.

#include <QtAmqp/QtAmqp>
#include <QtCore/QtCore>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    try {
        QAmqpBlockingConnection connection(QUrl(app.arguments().value(1, u"amqp://localhost"_s)));
        QAmqpBlockingChannel channel = connection.createChannel().value();
        channel.publish(u"example"_s, u"test"_s, "Test Message"_ba).value();
    } catch (const QAmqpException &exception) {
        qCritical("%s", exception.what());
        return 1;
    }
}
