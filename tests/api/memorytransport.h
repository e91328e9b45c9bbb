// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_MEMORYTRANSPORT_H
#define QTAMQP_TESTS_MEMORYTRANSPORT_H

// Thousands of sessions in a few seconds: an AutoBroker behind a transport that needs no socket and no event loop.

#include "apitest.h"
#include "scripted/autobroker.h"

#include <QtAmqp/qamqptransport.h>

namespace QtAmqpTest {

class MemoryTransport;

// Both ends of a connection to a broker in memory, without a socket or an event loop: run() plays until there is
// nothing to do. While it is mute the broker does not get what was written.
struct Wire
{
    MemoryTransport *transport = nullptr; // null once it is gone
    std::unique_ptr<AutoBroker> broker;
    QByteArray toBroker;
    QByteArray toClient;
    bool isMute = false;
    bool wantsTurn = false;

    void deliver()
    {
        if (!isMute && broker && !toBroker.isEmpty())
            toClient += broker->receive(std::exchange(toBroker, {}));
    }
    void setMute(bool mute)
    {
        isMute = mute;
        wantsTurn = true;
    }
    void inject(const QByteArray &bytes)
    {
        toClient += bytes;
        wantsTurn = true;
    }
    bool run(); // false if it goes on and on
    void lose();
};

class MemoryTransport : public QAmqpTransport
{
public:
    explicit MemoryTransport(std::shared_ptr<Wire> wire) : m_wire(std::move(wire))
    {
        m_wire->transport = this;
    }
    ~MemoryTransport() override { m_wire->transport = nullptr; }

    void open(const QAmqpEndpoint &) override
    {
        m_wire->broker = std::make_unique<AutoBroker>();
        m_wire->toClient.clear();
        m_wire->toBroker.clear();
        opened();
        requestTurn();
    }
    void write(const QByteArray &block) override
    {
        m_wire->toBroker += block;
        m_wire->wantsTurn = true;
    }
    qint64 bytesToWrite() const override { return m_wire->isMute ? m_wire->toBroker.size() : 0; }
    void close() override { abort(); }
    void abort() override { m_wire->broker.reset(); }
    void setDeadline(std::optional<TimePoint>) override { }
    void requestTurn() override { m_wire->wantsTurn = true; }

    void runOnce()
    {
        m_wire->deliver();
        qsizetype size = 0;
        char *memory = m_wire->toClient.isEmpty() ? nullptr : receiveBuffer(&size);
        size = std::min(size, m_wire->toClient.size());
        if (size > 0) {
            memcpy(memory, m_wire->toClient.constData(), size_t(size));
            m_wire->toClient.remove(0, size);
            received(size);
            requestTurn();
        }
        const std::shared_ptr<Wire> wire = m_wire;
        if (turn() && !wire->toClient.isEmpty() && receiveBuffer(&size) && size > 0)
            requestTurn();
    }
    using QAmqpTransport::lost;

private:
    const std::shared_ptr<Wire> m_wire;
};

inline bool Wire::run()
{
    for (int turns = 0; transport && std::exchange(wantsTurn, false); ++turns) {
        if (turns == 1000)
            return false;
        transport->runOnce();
    }
    return true;
}

inline void Wire::lose()
{
    broker.reset();
    transport->lost(u"reset"_s);
    wantsTurn = true;
}

} // namespace QtAmqpTest

#endif
