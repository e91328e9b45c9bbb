// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_SESSION_H
#define QTAMQP_TESTS_SESSION_H

// A blocking connection to RabbitMQ, with a channel.

#include "blockingtest.h"

#include <QtCore/qurl.h>

namespace QtAmqpTest {

inline QUrl url() { return QUrl(qEnvironmentVariable("QTAMQP_TEST_URL")); }

struct Session
{
    Session() : connection(url()), channel(connection.createChannel().value()) { }
    // One that stays when its consumers go.
    QString queue(const QAmqpQueueOptions &options =
                          QAmqpQueueOptions().setExclusive().setAutoDelete(false))
    {
        return channel.declareQueue(QString(), options).value().name;
    }
    QAmqpBlockingConnection connection;
    QAmqpBlockingChannel channel;
};

} // namespace QtAmqpTest

#endif
