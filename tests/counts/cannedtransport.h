// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_CANNEDTRANSPORT_H
#define QTAMQP_TESTS_CANNEDTRANSPORT_H

// A transport in memory for counting what the client does: an AutoBroker answers until mute() is called, then only the
// bytes arrive that play() is given, and what the client writes is dropped. Neither of these two allocates anything.

#include "scripted/autobroker.h"

#include <QtAmqp/qamqptransport.h>

namespace QtAmqpTest {

class CannedTransport : public QAmqpTransport
{
public:
    void open(const QAmqpEndpoint &) override
    {
        opened();
        requestTurn();
    }
    void write(const QByteArray &block) override
    {
        written += block.size();
        if (!m_mute)
            m_toClient += m_broker.receive(block);
        m_wantsTurn = true;
    }
    qint64 bytesToWrite() const override { return 0; }
    void abort() override { }
    void setDeadline(std::optional<TimePoint>) override { }
    void requestTurn() override { m_wantsTurn = true; }

    void mute() { m_mute = true; }

    // Hands the bytes to the client, and goes on until it asks for no more.
    void play(QByteArrayView bytes = {})
    {
        for (int idle = 0;
             std::exchange(m_wantsTurn, false) || !bytes.isEmpty() || !m_toClient.isEmpty();) {
            const qsizetype fromTest = hand(bytes);
            const qsizetype fromBroker = hand(m_toClient);
            bytes = bytes.sliced(fromTest);
            m_toClient.remove(0, fromBroker);
            turn();
            idle = fromTest + fromBroker > 0 ? 0 : idle + 1;
            if (idle == 100'000)
                qFatal("the client takes nothing more");
        }
    }

    qint64 written = 0;

private:
    qsizetype hand(QByteArrayView bytes)
    {
        qsizetype room = 0;
        char *memory = bytes.isEmpty() ? nullptr : receiveBuffer(&room);
        const qsizetype size = memory ? std::min(room, bytes.size()) : 0;
        if (size > 0) {
            memcpy(memory, bytes.data(), size_t(size));
            received(size);
        }
        return size;
    }

    AutoBroker m_broker;
    QByteArray m_toClient;
    bool m_mute = false;
    bool m_wantsTurn = false;
};

} // namespace QtAmqpTest

#endif
