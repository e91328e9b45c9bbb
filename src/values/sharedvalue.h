// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_SHAREDVALUE_H
#define QTAMQP_VALUES_SHAREDVALUE_H

// The base of the value classes: each has a private class with the members, which copies share until one of
// them is changed.
//
// A value whose pointer is null has the defaults of all members. So an error that means "no error", an empty
// message and default options need no memory.

#include <QtAmqp/qtamqpglobal.h>

#include <atomic>
#include <memory>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The base of the private classes. Any two are equal, so that only the members of derived classes count.
class SharedValue : public QSharedData
{
public:
    bool operator==(const SharedValue &) const { return true; }
};

template<typename Private>
Q_NEVER_INLINE const Private &
defaults() // not inlined, since every getter would contain the code that makes the defaults
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

// An object that a shared value keeps because it is slow to make. It is made when it is first asked for.
// Threads that share the value may ask at the same time: each gets a complete object, and if several have
// made one, the first is kept. It may be changed only together with its value, which is not shared then.
template<typename T>
class MadeOnce
{
public:
    MadeOnce() = default;
    MadeOnce(const MadeOnce &) { } // not copied, since a value is copied only to be changed
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

    bool operator==(const MadeOnce &) const { return true; } // other members of the value decide

private:
    mutable std::atomic<T *> m_made = nullptr;
};

template<typename T>
using Argument = std::conditional_t<std::is_trivially_copyable_v<T>, T, const T &>;

} // namespace QtAmqpPrivate

// Defines what Q_AMQP_COPYABLE declares, except for comparison and debug output.
#define QTAMQP_COPYABLE(Class) \
  Class::Class() = default; \
  Class::Class(const Class &other) = default; \
  Class::Class(Class &&other) noexcept = default; \
  Class &Class::operator=(const Class &other) = default; \
  Class &Class::operator=(Class &&other) noexcept = default; \
  Class::~Class() = default;

// Defines what Q_AMQP_VALUE declares, except for debug output.
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
