// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_FLOOD_H
#define QTAMQP_TESTS_FLOOD_H

#include <QtAmqp/qamqpmessage.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qfile.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>

#include <atomic>
#include <functional>

namespace DesktopTest {

// A publisher in a thread of its own: as fast as the messages are delivered, with a few thousand of
// them under way, so that it is the window that sets the pace and no queue grows.
class Flood : public QThread
{
    Q_OBJECT
public:
    struct Letter
    {
        QString routingKey;
        QAmqpMessage message;
    };

    // `letters` are sent in turn, `count` altogether.
    Flood(const QString &exchange, const QList<Letter> &letters, qint64 count);
    ~Flood() override;

    void delivered(qint64 messages) { m_delivered += messages; }
    qint64 deliveredSoFar() const { return m_delivered; }

protected:
    void run() override;

private:
    const QString m_exchange;
    const QList<Letter> m_letters;
    const qint64 m_count;
    std::atomic<qint64> m_delivered = 0;
};

// How long the event loop of this thread was away between two turns: as the clock saw it, without the
// time in which the thread was ready to run but other work had the processor, and what it computed.
class StallMeter : public QObject
{
    Q_OBJECT
public:
    StallMeter();

    void start();
    void stop() { m_beat.stop(); }
    // In milliseconds.
    double longestGap() const { return m_gap; }
    double longestOwnGap() const { return m_ownGap; }
    double longestTurn() const { return m_turn; }
    QString text() const;

private:
    void measure();

    QTimer m_beat;
    QElapsedTimer m_clock;
    QFile m_statistics;
    double m_computed = 0;
    double m_waited = 0;
    double m_gap = 0;
    double m_ownGap = 0;
    double m_turn = 0;
};

// The memory of this process in MiB.
double residentMemory();

} // namespace DesktopTest

#endif
