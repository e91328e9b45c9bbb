// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Publishes through an outbox in a file, and prints "accepted N" when the messages up to the id N are accepted. Whoever
// started it kills it at any time. It ends when it has published so many messages and all of them are delivered.
//
//   outbox_program FILE URL MESSAGES

#include <QtAmqp/QtAmqp>
#include <QtAmqpOutbox/QtAmqpOutbox>
#include <QtCore/qcoreapplication.h>
#include <QtCore/qrandom.h>
#include <QtCore/qtimer.h>

#include <cstdio>

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    int left = arguments.value(3).toInt();

    QAmqpConnection connection;
    QAmqpFileOutbox box(&connection);
    if (!box.open(arguments.value(1))) {
        fprintf(stderr, "%s\n", qPrintable(box.lastError().text()));
        return 1;
    }
    connection.open(QUrl(arguments.value(2)));

    const auto quitIfDone = [&] {
        if (left == 0 && box.count() == 0)
            QCoreApplication::quit();
    };
    QObject::connect(&box, &QAmqpOutbox::countChanged, &application, quitIfDone);
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &application, [&] {
        if (left == 0) {
            timer.stop();
            return quitIfDone();
        }
        const int some = std::min(left, QRandomGenerator::global()->bounded(1, 60));
        left -= some;
        quint64 id = 0;
        for (int i = 0; i < some; ++i)
            id = box.publish({}, QStringLiteral("q"),
                             QByteArray(QRandomGenerator::global()->bounded(300), 'x'));
        // This comes after the turn of the outbox, which publish() has asked for.
        QMetaObject::invokeMethod(
                &application,
                [id] {
                    printf("accepted %llu\n", id);
                    fflush(stdout);
                },
                Qt::QueuedConnection);
    });
    timer.start(0);
    return application.exec();
}
