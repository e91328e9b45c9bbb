// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "jsonhighlighter.h"

#include <QtCore/QRegularExpression>

using namespace Qt::StringLiterals;

void JsonHighlighter::highlightBlock(const QString &text)
{
    if (!m_enabled)
        return;
    const QColor name(m_dark ? u"#7cb7ff"_s : u"#0b57b0"_s);
    const QColor string(m_dark ? u"#8fd694"_s : u"#1c7a35"_s);
    const QColor number(m_dark ? u"#f0b35e"_s : u"#a2500a"_s);
    const QColor word(m_dark ? u"#d79bff"_s : u"#8024b8"_s);

    static const QRegularExpression tokens(
            u"(\"(?:[^\"\\\\]|\\\\.)*\")(\\s*:)?|(-?\\d[\\d.eE+-]*)|\\b(true|false|null)\\b"_s);
    for (auto it = tokens.globalMatch(text); it.hasNext();) {
        const QRegularExpressionMatch token = it.next();
        if (token.hasCaptured(1))
            setFormat(int(token.capturedStart(1)), int(token.capturedLength(1)),
                      token.hasCaptured(2) ? name : string);
        else
            setFormat(int(token.capturedStart()), int(token.capturedLength()),
                      token.hasCaptured(3) ? number : word);
    }
}
