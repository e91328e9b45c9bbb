// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes what it is told, and what it could not publish when it ran before, and ends when the broker has all of it.
// It may be killed at any time, and the broker may be away.
// usage: outbox URL FILE [TEXT...]

#include <QtAmqp/QtAmqp>
#include <QtAmqpOutbox/QtAmqpOutbox>
#include <QtCore/QCoreApplication>
#include <QtCore/QDebug>

using namespace Qt::StringLiterals;

//! [outbox]
int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    auto options = QAmqpConnectionOptions::fromUrl(arguments.value(1));
    options.setRetryPolicy(QAmqpRetryPolicy::endless()); // until there is a broker
    QAmqpConnection connection(options);
    connection.createChannel()->queue(u"notes"_s)->declare(QAmqpQueueOptions().setDurable());

    QAmqpFileOutbox box(&connection);
    if (!box.open(arguments.value(2)))
        qFatal("%s", qPrintable(box.lastError().text()));
    box.setRejection(QAmqpOutbox::Retry); // as long as the queue is missing
    for (const QString &text : arguments.mid(3))
        box.publish({}, u"notes"_s, text.toUtf8(), QAmqpChannel::Mandatory);
    if (box.count() == 0)
        return 0;
    QObject::connect(&box, &QAmqpOutbox::countChanged, [&box] {
        qInfo("%lld messages wait", box.count());
        if (box.count() == 0)
            QCoreApplication::quit();
    });
    connection.open();
    return app.exec();
}
//! [outbox]
