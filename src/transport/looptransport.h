// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TRANSPORT_LOOPTRANSPORT_H
#define QTAMQP_TRANSPORT_LOOPTRANSPORT_H

// What transports on the Qt event loop share: turns as posted events, the deadline as a timer.

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
    // Whether the event loop of this thread will call it: it is the transport's, and neither it nor the
    // application is at its end.
    bool goesOn() const;

protected:
    // To be called as it is opened: this is the thread whose end it has to know.
    void watchThread();
    bool event(QEvent *event) override;
    void timerEvent(QTimerEvent *event) override;
    // The last thing an event does: this object may be gone afterwards.
    virtual void runTurn() = 0;
    // Hands over what has arrived, as far as there is room for it.
    void readFrom(QIODevice &device);
    // waitForTurn() by this device, null if there is none yet.
    bool waitFor(QIODevice *device, std::chrono::milliseconds limit);
    // Who has no room takes care of the next turn, and is not asked again and again until then.
    bool hasRoom();

private:
    static void applicationEnds();
    void threadEnds(); // or the application, in its thread
    void startTimer();

    QBasicTimer m_timer;
    QPointer<QThread> m_watched;
    QMetaObject::Connection m_threadEnd;
    std::optional<TimePoint> m_deadline;
    TimePoint m_armed; // what the timer runs for, at the latest m_deadline
    std::atomic<bool> m_turnPosted = false;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
