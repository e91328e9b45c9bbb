// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_LOOPTRANSPORT_H
#define QTAMQP_TRANSPORT_LOOPTRANSPORT_H

// What the transports on the Qt event loop share: turns are posted events, and the deadline is a timer.

#include <QtAmqp/qamqptransport.h>
#include <QtCore/qbasictimer.h>
#include <QtCore/qobject.h>
#include <QtCore/qpointer.h>
#include <QtCore/qthread.h>

#include <atomic>

QT_BEGIN_NAMESPACE

class QIODevice;

namespace QtAmqpPrivate {

class LoopTransport
    : public QObject
    , public QAmqpTransport
{
public:
    ~LoopTransport() override;

    void setDeadline(std::optional<TimePoint> deadline) override;
    void requestTurn() override;
    // Requests a turn in case that a slot of the present turn runs an event loop of its own. If none does, the
    // end of the present turn does what there is to do.
    void requestTurnInLoops()
    {
        if (m_running)
            m_wanted = true;
        else
            requestTurn();
    }
    // Whether an event loop will still call this transport: the current thread is that of the transport, and
    // neither the thread nor the application is about to end.
    bool goesOn() const;

protected:
    // To be called when the transport is opened, in the thread whose end it has to notice.
    void watchThread();
    bool event(QEvent *event) override;
    void timerEvent(QTimerEvent *event) override;
    // This is the last thing that an event does, since the object may be gone afterwards.
    virtual void runTurn() = 0;
    // Whether there may be something to read.
    virtual bool mayRead() const = 0;
    // Hands over the bytes that have arrived, as far as the connection has room for them.
    void readFrom(QIODevice &device);
    // Implements waitForTurn() with this device; null if there is none yet.
    bool waitFor(QIODevice *device, std::chrono::milliseconds limit);
    // Whether the device's error is only that nothing arrived while waitFor() waited, which is no loss.
    static bool isOnlyLate(const QIODevice &device);
    // Whether the connection has room for bytes. If it has not, it requests the next turn itself.
    bool hasRoom();

private:
    class Running;
    void giveTurn();
    static void applicationEnds();
    void threadEnds(); // or the application is about to end, if this is the main thread
    void startTimer();

    QBasicTimer m_timer;
    QPointer<QThread> m_watched;
    QMetaObject::Connection m_threadEnd;
    std::optional<TimePoint> m_deadline;
    TimePoint m_armed; // when the timer fires, which is at m_deadline or before
    std::atomic<bool> m_turnPosted = false;
    Running *m_running = nullptr; // the innermost of its turns on the stack
    bool m_wanted = false; // by requestTurnInLoops()
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
