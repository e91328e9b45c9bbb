#ifndef QTAMQP_TESTS_PROBE_H
#define QTAMQP_TESTS_PROBE_H

// What documents cannot do themselves: flood an exchange from another thread, and watch how long the
// event loop is held up meanwhile.

#include <QtAmqp/qamqpchannel.h>
#include <QtAmqp/qamqpconnection.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qfile.h>
#include <QtCore/qthread.h>
#include <QtCore/qtimer.h>
#include <QtQuick/qquickwindow.h>

#include <ctime>

class Probe : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString url READ url CONSTANT FINAL)
    Q_PROPERTY(int seconds READ seconds CONSTANT FINAL)
    Q_PROPERTY(double longestTurn READ longestTurn FINAL)
    Q_PROPERTY(double longestGap READ longestGap FINAL)
public:
    explicit Probe(QObject *parent = nullptr) : QObject(parent)
    {
        m_tick.setTimerType(Qt::PreciseTimer);
        connect(&m_tick, &QTimer::timeout, this, &Probe::measure);
    }
    ~Probe() override { stopFlood(); }

    QString url() const { return qEnvironmentVariable("QTAMQP_TEST_URL"); }
    // 30 s are what is promised; the everyday run takes less.
    int seconds() const
    {
        const int given = qEnvironmentVariableIntValue("QTAMQP_FLOOD_SECONDS");
        return given > 0 ? given : 3;
    }
    double longestTurn() const { return m_longestTurn; }
    double longestGap() const { return m_longestGap; }

    Q_INVOKABLE bool screenshot(QQuickWindow *window, const QString &name) const
    {
        return window->grabWindow().save(QStringLiteral(SCREENSHOTS "/") + name);
    }

    // Publishes to `exchange` as fast as the broker takes it.
    Q_INVOKABLE void flood(const QString &exchange)
    {
        m_worker = new QObject;
        m_worker->moveToThread(&m_thread);
        connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
        m_thread.start();
        QMetaObject::invokeMethod(m_worker, [worker = m_worker, exchange, url = url()] {
            auto *connection = new QAmqpConnection(QAmqpConnectionOptions::fromUrl(url), worker);
            QAmqpChannel *channel = connection->createChannel();
            channel->setConfirms(false);
            auto *timer = new QTimer(worker);
            connect(timer, &QTimer::timeout, channel, [=, number = 0]() mutable {
                for (int i = 0; i < 100 && channel->isReadyToPublish(); ++i) {
                    const QString key = QStringLiteral("sensor.%1").arg(number % 10);
                    channel->publish(exchange, key,
                                     "{\"number\":" + QByteArray::number(number++) + '}');
                }
            });
            connect(connection, &QAmqpConnection::opened, timer, [timer] { timer->start(0); });
            connection->open();
        });
        m_longestTurn = m_longestGap = 0;
        m_since.invalidate();
        m_tick.start(5);
    }

    Q_INVOKABLE void stopFlood()
    {
        m_tick.stop();
        m_thread.quit();
        m_thread.wait();
    }

    // The memory of this process in MiB, 0 where that is not told.
    Q_INVOKABLE int memory() const
    {
        QFile file(QStringLiteral("/proc/self/statm"));
        return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toInt() / 256
                                              : 0;
    }

private:
    // On a machine that does other things as well, only the time in which this thread ran is its fault.
    static double threadTime()
    {
        timespec time;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
    }
    void measure()
    {
        const double ran = threadTime();
        if (m_since.isValid()) {
            m_longestGap = qMax(m_longestGap, double(m_since.nsecsElapsed()) / 1e6);
            m_longestTurn = qMax(m_longestTurn, ran - m_ran);
        }
        m_since.start();
        m_ran = ran;
    }

    QThread m_thread;
    QObject *m_worker = nullptr;
    QTimer m_tick;
    QElapsedTimer m_since;
    double m_ran = 0;
    double m_longestTurn = 0;
    double m_longestGap = 0;
};

#endif
