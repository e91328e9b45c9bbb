// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CONSUMETEST_H
#define QTAMQP_TESTS_CONSUMETEST_H

// A queue of its own for each test, a channel that publishes and one that consumes.

#include "everybroker.h"

namespace BrokerTest {

class ConsumeTest
{
protected:
    void begin()
    {
        m_peer = std::make_unique<Peer>();
        m_channel = m_peer->channel();
        m_publisher = m_peer->channel();
        QVERIFY(m_peer->open());
        m_queue = uniqueName();
        VERIFY_OK(m_publisher->declareQueue(m_queue));
    }

    void end()
    {
        if (!m_peer)
            return;
        QVERIFY(!failure(m_publisher->deleteQueue(m_queue)));
        QVERIFY(m_peer->close());
        QVERIFY(m_peer->errors.isEmpty());
        m_peer.reset();
    }

    void publish(int count, const QString &queue = {})
    {
        for (int i = 0; i < count; ++i)
            m_publisher->publish({}, queue.isEmpty() ? m_queue : queue, QByteArray::number(i));
        VERIFY_OK(m_publisher->allConfirmed());
    }

    std::unique_ptr<Peer> m_peer;
    QAmqpChannel *m_channel = nullptr;
    QAmqpChannel *m_publisher = nullptr;
    QString m_queue;
};

} // namespace BrokerTest

#endif
