// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_TOPOLOGYTEST_H
#define QTAMQP_TESTS_TOPOLOGYTEST_H

// A connection of its own for each test, with a channel.

#include "everybroker.h"

namespace BrokerTest {

class TopologyTest
{
protected:
    void begin()
    {
        m_peer = std::make_unique<Peer>();
        m_channel = m_peer->channel();
        QVERIFY(m_peer->open());
    }

    void end()
    {
        if (!m_peer)
            return;
        QVERIFY(m_peer->close());
        QCOMPARE(m_peer->closed, 1);
        m_peer.reset();
    }

    // Waits for the channel to close and checks that its one error is this, told once.
    void closedByError(const ChannelLog &log, QAmqpError::Kind kind, int code,
                       const QString &method)
    {
        QVERIFY(waitFor([&] { return log.closed == 1; }));
        QCOMPARE(log.errors.size(), 1);
        const QAmqpError &error = log.errors.constFirst();
        QVERIFY2(error.kind() == kind, describe(error).constData());
        QCOMPARE(error.scope(), QAmqpError::Scope::Channel);
        QCOMPARE(error.origin(), QAmqpError::Origin::Broker);
        QCOMPARE(error.replyCode(), code);
        QCOMPARE(error.method(), method);
        QVERIFY(!error.replyText().isEmpty());
        QCOMPARE(m_peer->errors.size(), 0);
        QVERIFY(m_peer->connection.isOpen());
    }

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
};

} // namespace BrokerTest

#endif
