// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_VALUES_RANGE_H
#define QTAMQP_VALUES_RANGE_H

#include <QtCore/qstring.h>

#include <initializer_list>
#include <limits>
#include <type_traits>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

// The numbers that an option can have, and how errors and the reference describe them.
struct Range
{
    static constexpr double Unlimited = std::numeric_limits<double>::infinity();
    // Seconds may have a fraction when they are text; the range itself is in milliseconds.
    enum Kind { Whole, Real, Seconds };

    double least = 0;
    double most = Unlimited;
    const char *unit = ""; // in the plural, if there is one
    const char *zero = ""; // what 0 stands for; it is then allowed even if `least` is more
    Kind kind = Whole;

    constexpr bool contains(double number) const // NaN is in no range
    {
        return (number >= least && number <= most) || (*zero && number == 0);
    }
    // Returns the end of a sentence that begins with "It must be".
    QString form() const;
    // Returns an empty text if the range contains the value: a number, a time, or a time that may be missing.
    template<typename T>
    QString error(const char *name, const T &value) const
    {
        if constexpr (std::is_arithmetic_v<T>)
            return contains(double(value)) ? QString() : error(name);
        else if constexpr (requires { value.count(); })
            return error(name, value.count());
        else
            return value ? error(name, *value) : QString();
    }

private:
    QString error(const char *name) const;
};

// Returns the first text that is not empty, if there is one.
QString firstError(std::initializer_list<QString> errors);

constexpr double LongestTime =
        std::numeric_limits<int>::max(); // in milliseconds, the limit of QTimer
constexpr Range AnyTimeout{0, LongestTime, "seconds", "off", Range::Seconds};
constexpr Range RetryDelay{0, LongestTime, "seconds", "", Range::Seconds};
constexpr Range TimeToLive{0, 4294967295, "milliseconds"}; // of a message, by RabbitMQ
constexpr Range AttemptCount{0, std::numeric_limits<int>::max(), "", "without end"};

} // namespace QtAmqpPrivate

QT_END_NAMESPACE

#endif
