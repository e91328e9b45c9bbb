// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef LIBEVTRANSPORT_H
#define LIBEVTRANSPORT_H

// Runs a connection on a loop of libev.

#include "streamtransport.h"

#include <ev.h>

class LibevTransport final : public StreamTransport
{
public:
    explicit LibevTransport(struct ev_loop *loop) : m_loop(loop)
    {
        ev_init(&m_io, [](struct ev_loop *, ev_io *w, int) { processOf(w->data); });
        ev_init(&m_timer, [](struct ev_loop *, ev_timer *w, int) { processOf(w->data); });
        ev_async_init(&m_wake, [](struct ev_loop *, ev_async *w, int) { processOf(w->data); });
        m_io.data = m_timer.data = m_wake.data = this;
        ev_async_start(m_loop, &m_wake);
    }
    ~LibevTransport() override
    {
        abort();
        ev_timer_stop(m_loop, &m_timer);
        ev_async_stop(m_loop, &m_wake);
    }

    void setDeadline(std::optional<TimePoint> deadline) override
    {
        ev_timer_stop(m_loop, &m_timer);
        if (!deadline)
            return;
        const std::chrono::duration<double> left = *deadline - TimePoint::clock::now();
        ev_now_update(m_loop); // timers count from the time of the loop
        ev_timer_set(&m_timer, left.count(), 0.);
        ev_timer_start(m_loop, &m_timer);
    }
    void requestTurn() override { ev_async_send(m_loop, &m_wake); }

private:
    static void processOf(void *transport) { static_cast<LibevTransport *>(transport)->process(); }

    void watch(int socket, bool readable, bool writable) override
    {
        ev_io_stop(m_loop, &m_io);
        if (socket < 0)
            return;
        ev_io_set(&m_io, socket, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
        ev_io_start(m_loop, &m_io);
    }

    struct ev_loop *const m_loop;
    ev_io m_io;
    ev_timer m_timer;
    ev_async m_wake;
};

#endif
