// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_SHAREDVALUE_H
#define QTAMQP_VALUES_SHAREDVALUE_H

// What the value classes are made of: a private class with the members, shared until it is changed.
//
// A value whose pointer is null stands for one with all defaults: an error that is none, a message
// without content, options that were not touched need no memory.

#include <QtAmqp/qtamqpglobal.h>

#include <atomic>
#include <memory>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// Base of the private classes; equal to any other, so that the members alone are compared.
class SharedValue : public QSharedData
{
public:
    bool operator==(const SharedValue &) const { return true; }
};

template<typename Private>
Q_NEVER_INLINE const Private &defaults() // or every getter would hold code that makes them
{
    static const Private values;
    return values;
}

template<typename Private>
const Private &peek(const QSharedDataPointer<Private> &d)
{
    return d ? *d : defaults<Private>();
}

template<typename Private>
Private &edit(QSharedDataPointer<Private> &d)
{
    if (!d)
        d = new Private;
    return *d;
}

template<typename Private>
bool equal(const QSharedDataPointer<Private> &a, const QSharedDataPointer<Private> &b)
{
    return a == b || peek(a) == peek(b);
}

// What a shared value keeps aside because making it again and again is slow: made by the first who asks.
// Values are shared between threads, each of which may ask at once: what is made is published whole, and
// of several the first counts. Only who may change the value, since nobody shares it, may change this.
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

template<typename T>
using Argument = std::conditional_t<std::is_trivially_copyable_v<T>, T, const T &>;

} // namespace QtAmqpPrivate

// Defines what Q_AMQP_COPYABLE declares, but for comparing and printing.
#define QTAMQP_COPYABLE(Class) \
  Class::Class() = default; \
  Class::Class(const Class &other) = default; \
  Class::Class(Class &&other) noexcept = default; \
  Class &Class::operator=(const Class &other) = default; \
  Class &Class::operator=(Class &&other) noexcept = default; \
  Class::~Class() = default;

// Defines what Q_AMQP_VALUE declares, but for printing.
#define QTAMQP_VALUE(Class) \
  QTAMQP_COPYABLE(Class) \
  bool operator==(const Class &a, const Class &b) { return QtAmqpPrivate::equal(a.d, b.d); }

// Defines the getter and the chained setter of the private member that is called like the getter.
#define QTAMQP_FIELD(Class, Type, getter, setter) \
  Type Class::getter() const { return QtAmqpPrivate::peek(d).getter; } \
  Class &Class::setter(QtAmqpPrivate::Argument<Type> value) \
  { \
    QtAmqpPrivate::edit(d).getter = value; \
    return *this; \
  }

QT_END_NAMESPACE

#endif
