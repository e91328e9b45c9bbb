// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/range.h"

#include "values/errorkinds.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate {

QString Range::form() const
{
    const auto text = [](double number) { return QString::number(number, 'f', 0); };
    const QString number = formatted(kind == Whole ? u"a whole number%1%2" : u"a number%1%2",
                                     *unit ? " of " : "", unit);
    const QString meaning = *zero ? formatted(u" (%1)", zero) : QString();
    if (most == Unlimited)
        return formatted(u"%1, at least %2", number, text(least));
    if (*zero && least > 0)
        return formatted(u"0%1 or %2 from %3 to %4", meaning, number, text(least), text(most));
    if (kind == Seconds)
        return formatted(u"%1 from 0%2 to %3, such as 2.5", number, meaning, qint64(most) / 1000);
    return formatted(u"%1 from %2%3 to %4", number, text(least), meaning, text(most));
}

QString Range::error(const char *name) const
{
    return formatted(u"The %1 must be %2.", name, form());
}

QString firstError(std::initializer_list<QString> errors)
{
    const auto isError = [](const QString &text) { return !text.isEmpty(); };
    const auto *const first = std::find_if(errors.begin(), errors.end(), isError);
    return first == errors.end() ? QString() : *first;
}

} // namespace QtAmqpPrivate

QT_END_NAMESPACE
