// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_RECOVERINGSESSION_H
#define QTAMQP_TESTS_RECOVERINGSESSION_H

// A blocking connection whose link is lost and comes back as a test wants it.

#include "blockingtest.h"
#include "threadedbroker.h"

#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qtimer.h>

namespace QtAmqpTest {

// The link stays lost until the test wants it back.
struct RecoveringSession
{
    RecoveringSession()
    {
        connection.setUp([this](QAmqpConnection *made) { inside = made; });
        connection.setTimeout(20s);
        const auto policy =
                QAmqpRetryPolicy::endless().setInitialDelay(1h).setMaximumDelay(1h).setJitter(0);
        if (const auto opened = connection.open(broker.options().setRecoveryPolicy(policy));
            !opened)
            qFatal("no connection: %s", qPrintable(opened.error().text()));
        channel = connection.createChannel().value();
    }
    void awaitLoss() { QTRY_VERIFY_WITH_TIMEOUT(connection.isRecovering(), 20'000); }
    void lose()
    {
        broker.drop();
        awaitLoss();
    }
    // Soon, so that a call that is made next begins before.
    void comeBack()
    {
        QMetaObject::invokeMethod(inside, [link = inside] {
            QTimer::singleShot(20ms, link, &QAmqpConnection::reconnectNow);
        });
    }
    void loseAndComeBack()
    {
        lose();
        comeBack();
    }
    void publish(const QString &key, const QByteArray &body = "m"_ba)
    {
        OK(channel->publish({}, key, body));
    }

    ThreadedBroker broker;
    QAmqpConnection *inside = nullptr;
    QAmqpBlockingConnection connection;
    std::optional<QAmqpBlockingChannel> channel;
};

inline bool isLoss(const QAmqpError &error)
{
    return error.kind() == Kind::ConnectionLost && error.scope() == QAmqpError::Scope::Connection;
}

} // namespace QtAmqpTest

#endif
