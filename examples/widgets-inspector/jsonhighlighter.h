// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_JSONHIGHLIGHTER_H
#define INSPECTOR_JSONHIGHLIGHTER_H

#include <QtGui/QSyntaxHighlighter>

// Colours the names and values of JSON, in shades that suit a light and a dark palette.
class JsonHighlighter : public QSyntaxHighlighter
{
    Q_OBJECT
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

    void setEnabled(bool enabled) { m_enabled = enabled; }
    void setDark(bool dark) { m_dark = dark; }

protected:
    void highlightBlock(const QString &text) override;

private:
    bool m_enabled = true;
    bool m_dark = false;
};

#endif
