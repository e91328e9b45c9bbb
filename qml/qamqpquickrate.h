// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKRATE_H
#define QAMQPQUICKRATE_H

#include <QtCore/qbasictimer.h>
#include <QtCore/qelapsedtimer.h>
#include <QtCore/qobject.h>

QT_BEGIN_NAMESPACE

// Measures messages per second, once a second. There is no timer while there are no messages.
class QAmqpQuickRate : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    void count(int messages = 1)
    {
        m_count += messages;
        if (!m_timer.isActive()) {
            m_timer.start(1000, this);
            m_since.start();
        }
    }
    qreal perSecond() const { return m_perSecond; }

Q_SIGNALS:
    void changed();

protected:
    void timerEvent(QTimerEvent *) override
    {
        if (m_count == 0)
            m_timer.stop();
        m_perSecond = qreal(std::exchange(m_count, 0)) * 1000 / qreal(qMax(1, m_since.restart()));
        Q_EMIT changed();
    }

private:
    QBasicTimer m_timer;
    QElapsedTimer m_since;
    int m_count = 0;
    qreal m_perSecond = 0;
};

QT_END_NAMESPACE

#endif
