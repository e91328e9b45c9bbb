// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_TESTING_CLIENT_H
#define QTAMQP_TESTS_TESTING_CLIENT_H

#include "testmain.h"

#include <QtAmqp/QtAmqp>
#include <QtAmqpTest/QtAmqpTest>
#include <QtTest/qsignalspy.h>

#include <thread>

// A connection with a channel, as an application has it.
struct Client
{
    explicit Client(const QUrl &url = {})
    {
        if (!url.isEmpty())
            connection.open(url);
    }

    // Declares the queue, sends itself a message and acknowledges it. Returns what arrived.
    QByteArray roundTrip(const QByteArray &body = "hello")
    {
        QByteArray arrived;
        QAmqpQueue *const queue = channel->queue();
        QObject::connect(queue, &QAmqpQueue::messageReceived, queue,
                         [&](const QAmqpDelivery &delivery) {
                             arrived = delivery.body();
                             delivery.ack();
                         });
        queue->declare();
        queue->consume();
        const auto published = QAmqpTest::result(queue->publishConfirmed(body));
        if (!published || !QAmqpTest::waitUntil([&] { return !arrived.isNull(); }))
            qWarning() << "not arrived:" << published.error() << connection.lastError();
        queue->disconnect(queue);
        return arrived;
    }

    bool waitForOpen()
    {
        return QAmqpTest::waitUntil([&] { return channel->isOpen(); });
    }
    bool waitForError()
    {
        return QAmqpTest::waitUntil([&] { return connection.lastError().isError(); });
    }

    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
};

#endif
