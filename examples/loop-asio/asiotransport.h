// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef ASIOTRANSPORT_H
#define ASIOTRANSPORT_H

// Runs a connection on stand-alone Asio. Only one thread may run the io_context.

#include "streamtransport.h"

#include <asio.hpp>

#include <memory>

class AsioTransport final : public StreamTransport
{
public:
    explicit AsioTransport(asio::io_context &context) : m_context(context) { }
    ~AsioTransport() override
    {
        abort();
        *m_self = nullptr;
    }

    void setDeadline(std::optional<TimePoint> deadline) override
    {
        m_timer.expires_at(deadline.value_or(TimePoint::max())); // cancels the present wait
        m_timer.async_wait([self = m_self](asio::error_code cancelled) {
            if (!cancelled)
                processOf(*self);
        });
    }
    void requestTurn() override
    {
        asio::post(m_context, [self = m_self] { processOf(*self); });
    }

private:
    using Stream = asio::posix::stream_descriptor;

    // Asio calls its handlers also if the transport has been deleted meanwhile.
    static void processOf(AsioTransport *transport)
    {
        if (transport)
            transport->process();
    }
    void watch(int socket, bool readable, bool writable) override
    {
        if (m_stream.is_open() && m_stream.native_handle() != socket)
            m_stream.release(); // ends the waits; the socket belongs to the base class
        if (socket >= 0 && !m_stream.is_open())
            m_stream.assign(socket);
        if (readable)
            await(Stream::wait_read);
        if (writable)
            await(Stream::wait_write);
    }
    void await(Stream::wait_type what)
    {
        if (std::exchange(m_awaits[what], true))
            return;
        m_stream.async_wait(what, [what, self = m_self](asio::error_code) {
            if (*self)
                (*self)->m_awaits[what] = false;
            processOf(*self);
        });
    }

    asio::io_context &m_context;
    asio::steady_timer m_timer{m_context};
    Stream m_stream{m_context};
    bool m_awaits[2] = {false, false}; // wait_read, wait_write
    const std::shared_ptr<AsioTransport *> m_self = std::make_shared<AsioTransport *>(this);
};

#endif
