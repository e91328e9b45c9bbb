// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "filter.h"

#include "bytes.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

// After a mismatch the last * takes one byte more.
bool fitsPattern(QByteArrayView pattern, QByteArrayView text)
{
    qsizetype p = 0;
    qsizetype t = 0;
    qsizetype star = -1; // behind the last * of the pattern
    qsizetype taken = 0; // where the text goes on behind what that * has taken
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            taken = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star >= 0) {
            p = star;
            t = ++taken;
        } else {
            return false;
        }
    }
    return std::all_of(pattern.begin() + p, pattern.end(), [](char c) { return c == '*'; });
}

Filter::Filter(const Arguments &arguments)
{
    const QStringList expressions = arguments.values("filter");
    for (const QString &expression : expressions)
        m_conditions.push_back(read(expression));
}

// The name ends at the first = or ~; the name of a header may have a colon and a ! in it.
Filter::Condition Filter::read(const QString &expression)
{
    const auto wrong = [&](const QString &what) {
        return Failure{BadUsage, u"--filter \"%1\": %2"_s.arg(expression, what)};
    };
    const auto isRelation = [](QChar c) { return c == u'=' || c == u'~'; };
    const auto found = std::find_if(expression.begin(), expression.end(), isRelation);
    if (found == expression.end())
        throw wrong(u"write NAME=PATTERN, NAME!=PATTERN or NAME~TEXT, such as routing-key=app.*"_s);
    const qsizetype at = found - expression.begin();
    const bool isNot = *found == u'=' && at > 0 && expression.at(at - 1) == u'!';
    const QString name = expression.first(isNot ? at - 1 : at);
    const std::optional<Field> field = fieldNamed(name, FieldsOf::Queued);
    if (!field)
        throw wrong(u"there is no \"%1\" in a message; there are %2"_s.arg(
                name, fieldNames(FieldsOf::Queued)));
    return {*field,
            *found == u'~'  ? Contains
                    : isNot ? FitsNot
                            : Fits,
            bytesOf(expression.sliced(at + 1))};
}

// What a message does not have fits no pattern.
bool Filter::fits(const QAmqpDelivery &delivery) const
{
    const Shown shown{.message = delivery, .delivery = &delivery};
    return std::all_of(m_conditions.begin(), m_conditions.end(), [&](const Condition &condition) {
        const std::optional<QByteArray> value = condition.field(shown);
        switch (condition.relation) {
        case Contains: return value && value->contains(condition.text);
        case FitsNot: return !value || !fitsPattern(condition.text, *value);
        case Fits: break;
        }
        return value && fitsPattern(condition.text, *value);
    });
}

} // namespace Tool
