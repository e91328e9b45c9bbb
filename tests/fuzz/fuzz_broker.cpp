// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// For libFuzzer: a client that is logged in sends anything at all to the broker's core, and time passes. Invariant:
// nothing crashes, what the broker holds is a small multiple of what was sent, it never wants to be woken in the
// past for ever, and the end of the link leaves no consumer and no channel behind.
//
// The input is a list of steps: a byte that says what, and what belongs to it. So a mutation changes the order
// of whole frames as easily as a byte within one.
//
//   0 channel size(2) bytes   a method frame
//   1 channel size(2) bytes   a header frame
//   2 channel size(2) bytes   a body frame
//   3 size(2) bytes           mere bytes
//   4 n                       n × 100 ms pass
//   5                         what the broker has written is read
//   6 kind n                  a fault at the n-th byte of either direction

#include "codec/frame.h"
#include "testbroker/connection.h"

#include <QtAmqpTest/qamqptestfault.h>

#include <cstdlib>

using namespace QtAmqpPrivate;
using namespace std::chrono_literals;
namespace Broker = QtAmqpPrivate::Broker;

namespace {

class Fuzzing
{
public:
    Fuzzing(const uint8_t *data, size_t size)
        : m_input(reinterpret_cast<const char *>(data), qsizetype(size)), m_core({}, m_now)
    {
        m_link = m_core.accept({}, m_now);
        login();
    }

    ~Fuzzing()
    {
        m_link->lost(m_now);
        m_core.forget(m_link);
        for (const auto &[name, queue] : m_core.virtualHost("/")->queues())
            check(queue->consumers().empty() && queue->unacknowledgedCount() == 0);
        check(m_core.replyConsumers().empty());
    }

    void run()
    {
        while (!m_input.isEmpty()) {
            const quint8 what = next();
            if (what < 3)
                frame(quint8(what + 1));
            else if (what == 3)
                send(bytes());
            else if (what == 4)
                pass(100ms * next());
            else if (what == 5)
                read();
            else if (what == 6)
                fault();
            check(m_link->outputSize() < 32 * 1024 * 1024);
        }
    }

private:
    static void check(bool isTrue)
    {
        if (!isTrue)
            std::abort();
    }

    quint8 next()
    {
        if (m_input.isEmpty())
            return 0;
        const quint8 value = quint8(m_input[0]);
        m_input = m_input.sliced(1);
        return value;
    }
    QByteArrayView bytes()
    {
        const qsizetype wanted = next() << 8 | next();
        const qsizetype size = std::min(wanted, m_input.size());
        const QByteArrayView taken = m_input.first(size);
        m_input = m_input.sliced(size);
        return taken;
    }

    void login()
    {
        send(QByteArrayView(ProtocolHeader, ProtocolHeaderSize));
        sendFrame(1, 0,
                  QByteArrayView("\0\12\0\13\0\0\0\0\5PLAIN\0\0\0\14\0guest\0guest\5en_US", 36));
        sendFrame(1, 0, QByteArrayView("\0\12\0\37\7\377\0\2\0\0\0\12", 12));
        sendFrame(1, 0, QByteArrayView("\0\12\0\50\1/\0\0", 8));
        check(m_link->isOpen());
        sendFrame(1, 1, QByteArrayView("\0\24\0\12\0", 5));
    }

    void frame(quint8 type)
    {
        const quint16 channel = next() % 4;
        sendFrame(type, channel, bytes());
    }
    void sendFrame(quint8 type, quint16 channel, QByteArrayView payload)
    {
        QByteArray frame(payload.size() + FrameOverhead, Qt::Uninitialized);
        Writer out(frame.data());
        out.write(type);
        out.write(channel);
        out.write(quint32(payload.size()));
        out.bytes(payload);
        out.write(FrameEnd);
        send(frame);
    }
    void send(QByteArrayView sent)
    {
        if (m_link->wantsInput())
            m_link->received(sent, m_now);
        m_core.takeReady();
    }
    void pass(std::chrono::milliseconds duration)
    {
        const TimePoint until = m_now + duration;
        int turns = 0;
        for (auto at = m_core.nextTimeout(); at && *at <= until; at = m_core.nextTimeout()) {
            m_now = std::max(m_now, *at);
            m_core.timeout(m_now);
            check(++turns < 100'000);
        }
        m_now = until;
    }
    void read()
    {
        while (!m_link->takeOutput().isEmpty()) { }
    }
    void fault()
    {
        QAmqpTestFault fault(QAmqpTestFault::Kind(next() % 19));
        const quint8 at = next();
        fault.setDelay(5ms).setBytesPerSecond(100'000);
        if (at % 2)
            fault.atReceivedByte(at);
        else
            fault.atSentByte(at);
        m_core.addFault(fault, m_now);
    }

    QByteArrayView m_input;
    TimePoint m_now = TimePoint(1000h);
    Broker::BrokerCore m_core;
    Broker::Connection *m_link = nullptr;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fuzzing(data, size).run();
    return 0;
}
