// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/printable.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

// The C0 and C1 controls, the separators of lines and paragraphs, and what Unicode Technical Report 36
// warns of: overrides, embeddings and isolates of direction.
static bool isHarmful(QChar c)
{
    const char16_t code = c.unicode();
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e)
            || (code >= 0x2066 && code <= 0x2069);
}

static QString escape(QChar c)
{
    switch (c.unicode()) {
    case u'\n': return QStringLiteral("\\n");
    case u'\r': return QStringLiteral("\\r");
    case u'\t': return QStringLiteral("\\t");
    default: break;
    }
    return c.unicode() < 0x100 ? QStringLiteral("\\x%1").arg(c.unicode(), 2, 16, QLatin1Char('0'))
                               : QStringLiteral("\\u%1").arg(c.unicode(), 4, 16, QLatin1Char('0'));
}

QString QtAmqpPrivate::printable(const QString &text)
{
    if (std::none_of(text.begin(), text.end(), isHarmful))
        return text;
    QString escaped;
    escaped.reserve(2 * text.size());
    for (const QChar c : text) {
        if (isHarmful(c))
            escaped += escape(c);
        else
            escaped += c;
    }
    return escaped;
}

QT_END_NAMESPACE
