// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "flood.h"

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>

#include <QtCore/qurl.h>

#include <ctime>

using namespace Qt::StringLiterals;

namespace DesktopTest {

Flood::Flood(const QString &exchange, const QList<Letter> &letters, qint64 count)
    : m_exchange(exchange), m_letters(letters), m_count(count)
{
    start();
}

Flood::~Flood()
{
    quit();
    wait();
}

void Flood::run()
{
    constexpr qint64 underWay = 4000;
    QAmqpConnection connection;
    QAmqpChannel *channel = connection.createChannel();
    channel->setConfirms(false);
    qint64 sent = 0;
    QTimer pump;
    QObject::connect(&pump, &QTimer::timeout, channel, [&] {
        const qint64 most = std::min(m_count, m_delivered + underWay);
        for (int i = 0; i < 500 && sent < most && channel->isReadyToPublish(); ++i, ++sent) {
            const Letter &letter = m_letters[sent % m_letters.size()];
            channel->publish(m_exchange, letter.routingKey, letter.message);
        }
    });
    QObject::connect(&connection, &QAmqpConnection::opened, &pump,
                     [&] { pump.start(std::chrono::milliseconds(1)); });
    connection.open(QUrl(qEnvironmentVariable("QTAMQP_TEST_URL")));
    exec();
}

StallMeter::StallMeter() : m_statistics(u"/proc/thread-self/schedstat"_s)
{
    m_beat.setTimerType(Qt::PreciseTimer);
    connect(&m_beat, &QTimer::timeout, this, &StallMeter::measure);
}

void StallMeter::start()
{
    // Without it (the kernel may lack it) waiting counts as the window's own time.
    if (!m_statistics.isOpen() && !m_statistics.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
        qWarning("the kernel does not tell how long a thread waited for a processor");
    m_clock.invalidate();
    m_gap = m_ownGap = m_turn = 0;
    m_beat.start(std::chrono::milliseconds(1));
}

void StallMeter::measure()
{
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    const double computed = double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
    m_statistics.seek(0);
    const double waited = m_statistics.readAll().split(' ').value(1).toDouble() / 1e6;
    if (m_clock.isValid()) {
        const double gap = double(m_clock.nsecsElapsed()) / 1e6;
        m_gap = std::max(m_gap, gap);
        m_ownGap = std::max(m_ownGap, gap - (waited - m_waited));
        m_turn = std::max(m_turn, computed - m_computed);
    }
    m_clock.start();
    m_computed = computed;
    m_waited = waited;
}

QString StallMeter::text() const
{
    return u"the longest turn computed %1 ms; the event loop was away for %2 ms at most, %3 ms of a "
           "processor that was free"_s.arg(m_turn, 0, 'f', 1)
                   .arg(m_gap, 0, 'f', 1)
                   .arg(m_ownGap, 0, 'f', 1);
}

double residentMemory()
{
    QFile file(u"/proc/self/statm"_s);
    return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toDouble() / 256 : 0;
}

} // namespace DesktopTest
