// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FILTER_H
#define QTAMQP_TOOL_FILTER_H

// Which messages qamqp move and copy take: those that fit each --filter.

#include "command.h"
#include "field.h"

namespace Tool {

// Whether the text is that of a pattern in which * stands for any bytes and ? for any one byte.
bool fitsPattern(QByteArrayView pattern, QByteArrayView text);

inline constexpr Option filterOption = {
        "filter", "EXPRESSION",
        "Take only messages that fit: NAME=PATTERN, in which * stands for any text and ? for one byte, NAME!=PATTERN, or "
        "NAME~TEXT, which looks for TEXT. NAME is routing-key, exchange, body, a property such as content-type, or "
        "header:HEADER. Repeatable; all of them must fit."};

class Filter
{
public:
    // Reads the option --filter. Throws a Failure if it is wrong.
    explicit Filter(const Arguments &arguments);

    bool isEmpty() const { return m_conditions.empty(); }
    bool fits(const QAmqpDelivery &delivery) const;

private:
    enum Relation { Fits, FitsNot, Contains };
    struct Condition
    {
        Field field;
        Relation relation;
        QByteArray text;
    };

    static Condition read(const QString &expression);

    std::vector<Condition> m_conditions;
};

} // namespace Tool

#endif
