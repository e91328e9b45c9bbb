// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef EPOLLTRANSPORT_H
#define EPOLLTRANSPORT_H

// Runs a connection on a loop of epoll(7) that the application has already. The data of its events is the
// address of this transport, and ready() is to be called for each of them.

#include "streamtransport.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>

class EpollTransport final : public StreamTransport
{
public:
    explicit EpollTransport(int epoll) : m_epoll(epoll)
    {
        control(EPOLL_CTL_ADD, m_wake, EPOLLIN);
        control(EPOLL_CTL_ADD, m_timer, EPOLLIN);
    }
    ~EpollTransport() override
    {
        abort();
        ::close(m_wake); // also removes it from the epoll set
        ::close(m_timer);
    }

    bool ready()
    {
        eventfd_t count = 0;
        eventfd_read(m_wake, &count);
        eventfd_read(m_timer, &count); // a timerfd is read in the same way
        return process();
    }

    void setDeadline(std::optional<TimePoint> deadline) override
    {
        using namespace std::chrono;
        itimerspec timer{}; // zero stops the timer
        if (deadline) {
            const auto left = std::max<nanoseconds>(*deadline - TimePoint::clock::now(), 1ns);
            timer.it_value.tv_sec = duration_cast<seconds>(left).count();
            timer.it_value.tv_nsec = (left % 1s).count();
        }
        timerfd_settime(m_timer, 0, &timer, nullptr);
    }
    void requestTurn() override { eventfd_write(m_wake, 1); }

private:
    void watch(int socket, bool readable, bool writable) override
    {
        if (m_watched != socket && m_watched >= 0)
            control(EPOLL_CTL_DEL, m_watched, 0);
        const int what = m_watched == socket ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        if (socket >= 0)
            control(what, socket, (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U));
        m_watched = socket;
    }
    void control(int what, int fd, quint32 events)
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = this;
        epoll_ctl(m_epoll, what, fd, &event);
    }

    const int m_epoll;
    const int m_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int m_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int m_watched = -1;
};

#endif
