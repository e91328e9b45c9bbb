// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_MADEONCE_H
#define QTAMQP_VALUES_MADEONCE_H

// What a shared value keeps aside because making it again and again is slow: made by the first who asks.
// Values are shared between threads, each of which may ask at once: what is made is published whole, and
// of several the first counts. Only who may change the value, since nobody shares it, may change this.

#include <QtCore/qglobal.h>

#include <atomic>
#include <memory>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

template<typename T>
class MadeOnce
{
public:
    MadeOnce() = default;
    MadeOnce(const MadeOnce &) { } // a copy is about to be changed
    ~MadeOnce() { clear(); }

    template<typename Make>
    const T &get(Make make) const
    {
        if (const T *made = m_made.load(std::memory_order_acquire))
            return *made;
        auto mine = std::make_unique<T>(make());
        T *first = nullptr;
        if (m_made.compare_exchange_strong(first, mine.get(), std::memory_order_acq_rel))
            return *mine.release();
        return *first;
    }
    T *edit() { return m_made.load(std::memory_order_relaxed); }
    void clear() { delete m_made.exchange(nullptr, std::memory_order_relaxed); }

    bool operator==(const MadeOnce &) const { return true; } // it says nothing of its own

private:
    mutable std::atomic<T *> m_made = nullptr;
};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
