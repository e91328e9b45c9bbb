// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef POLLTRANSPORT_H
#define POLLTRANSPORT_H

// Runs a connection on poll(2).

#include "streamtransport.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

class PollTransport final : public StreamTransport
{
public:
    ~PollTransport() override
    {
        abort();
        ::close(m_fds[0].fd);
    }

    void setDeadline(std::optional<TimePoint> deadline) override { m_deadline = deadline; }
    void requestTurn() override { eventfd_write(m_fds[0].fd, 1); }

    // Waits for something to happen and lets the connection work. Returns false if this transport has been deleted.
    bool runOnce()
    {
        poll(m_fds, 2, timeout());
        eventfd_t count = 0;
        eventfd_read(m_fds[0].fd, &count);
        return process();
    }

private:
    void watch(int socket, bool readable, bool writable) override
    {
        m_fds[1] = {socket, short((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)), 0};
    }
    int timeout() const
    {
        using namespace std::chrono;
        if (!m_deadline)
            return -1;
        const auto left = ceil<milliseconds>(*m_deadline - TimePoint::clock::now());
        return int(std::clamp<qint64>(left.count(), 0, 60000));
    }

    pollfd m_fds[2] = {{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), POLLIN, 0}, {-1, 0, 0}};
    std::optional<TimePoint> m_deadline;
};

#endif
