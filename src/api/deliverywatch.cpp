// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "api/deliverywatch.h"

#include "api/qamqpdelivery_p.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

namespace {

struct Watches
{
    std::mutex mutex;
    std::vector<DeliveryWatch *> all;
};

Watches &watches()
{
    static Watches
            watches; // is there before the first watch, and so is destroyed behind the last one
    return watches;
}

// How many there are. It needs no destructor, so that what ends with the process may ask as well.
std::atomic<int> watchCount = 0;

} // namespace

DeliveryWatch::DeliveryWatch(QObject *object, std::function<void()> check)
    : m_object(object), m_check(std::move(check))
{
    const std::lock_guard lock(watches().mutex);
    watches().all.push_back(this);
    ++watchCount;
}

DeliveryWatch::~DeliveryWatch()
{
    const std::lock_guard lock(watches().mutex);
    std::erase(watches().all, this);
    --watchCount;
}

bool DeliveryWatch::mark(const QAmqpDelivery &delivery)
{
    return QAmqpDeliveryPrivate::watch(delivery) && !delivery.isStale();
}

void DeliveryWatch::notify()
{
    if (watchCount == 0)
        return;
    const std::lock_guard lock(watches().mutex);
    for (DeliveryWatch *watch : watches().all) {
        if (std::exchange(watch->m_isWanted, true))
            continue;
        // The event is dropped if the object is destroyed, so that the watch is there when it arrives.
        const auto check = [watch] {
            {
                const std::lock_guard inner(watches().mutex);
                watch->m_isWanted = false;
            }
            watch->m_check();
        };
        QMetaObject::invokeMethod(watch->m_object, check, Qt::QueuedConnection);
    }
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
