// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_API_DELIVERYWATCH_H
#define QTAMQP_API_DELIVERYWATCH_H

#include <QtAmqp/qamqpdelivery.h>
#include <QtCore/qobject.h>

#include <functional>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Hears of deliveries that were settled or have become stale, by whichever copy and in whichever thread that
// happened: `check` is called soon after in the thread of `object`, once for all that has happened meanwhile. It
// lives no longer than `object`, and is made and destroyed in its thread.
//
// Only a delivery that was marked is told of when it is settled, so that the others cost nothing. A lost link
// and a channel that ends are told of in any case: they are rare.
class DeliveryWatch
{
public:
    DeliveryWatch(QObject *object, std::function<void()> check);
    ~DeliveryWatch();

    // Marks a delivery, and returns whether it can still be settled. If not, nothing more will be told of it.
    static bool mark(const QAmqpDelivery &delivery);
    // Something was settled, or may be stale now. May be called in any thread, and calls nobody back at once.
    static void notify();

private:
    Q_DISABLE_COPY_MOVE(DeliveryWatch)

    QObject *const m_object;
    const std::function<void()> m_check;
    bool m_isWanted = false; // guarded by the mutex of all watches
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
