// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_SHAREDVALUE_H
#define QTAMQP_VALUES_SHAREDVALUE_H

// What the value classes are made of: a private class with the members, which copies share until one of them is
// changed.
//
// A value whose pointer is null has the defaults of all members. So an error that is none, an empty message or
// options of which none was set need no memory.

#include <QtAmqp/qtamqpglobal.h>

#include <atomic>
#include <memory>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The base of the private classes. It is equal to any other, so that only the members are compared.
class SharedValue : public QSharedData
{
public:
    bool operator==(const SharedValue &) const { return true; }
};

template<typename Private>
Q_NEVER_INLINE const Private &
defaults() // inlined, every getter would hold the code that makes them
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

// Something that a shared value keeps because making it is slow. It is made when it is first asked for. Values
// are shared between threads, which may ask at the same time: each sees it only when it is complete, and if
// several have made it, the first one is kept. It may be changed by whoever may change the value, which is then
// not shared.
template<typename T>
class MadeOnce
{
public:
    MadeOnce() = default;
    MadeOnce(const MadeOnce &) { } // not copied, since a copy is about to be changed
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

    bool operator==(const MadeOnce &) const { return true; } // it follows from the value

private:
    mutable std::atomic<T *> m_made = nullptr;
};

template<typename T>
using Argument = std::conditional_t<std::is_trivially_copyable_v<T>, T, const T &>;

} // namespace QtAmqpPrivate

// Defines what Q_AMQP_COPYABLE declares, except for comparing and printing.
#define QTAMQP_COPYABLE(Class) \
  Class::Class() = default; \
  Class::Class(const Class &other) = default; \
  Class::Class(Class &&other) noexcept = default; \
  Class &Class::operator=(const Class &other) = default; \
  Class &Class::operator=(Class &&other) noexcept = default; \
  Class::~Class() = default;

// Defines what Q_AMQP_VALUE declares, except for printing.
#define QTAMQP_VALUE(Class) \
  QTAMQP_COPYABLE(Class) \
  bool operator==(const Class &a, const Class &b) { return QtAmqpPrivate::equal(a.d, b.d); }

// Defines the getter of the private member of the same name, and its setter, which can be chained.
#define QTAMQP_FIELD(Class, Type, getter, setter) \
  Type Class::getter() const { return QtAmqpPrivate::peek(d).getter; } \
  Class &Class::setter(QtAmqpPrivate::Argument<Type> value) \
  { \
    QtAmqpPrivate::edit(d).getter = value; \
    return *this; \
  }

QT_END_NAMESPACE

#endif
