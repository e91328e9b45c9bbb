// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FORMAT_H
#define QTAMQP_TOOL_FORMAT_H

// The option --format: a text in which placeholders stand for the parts of a message.

#include "command.h"
#include "field.h"

namespace Tool {

class MessageFormat
{
public:
    // Throws a Failure if a placeholder or an escape in the text stands for nothing.
    explicit MessageFormat(const QString &given);

    // Returns the text for a message, and a newline.
    QByteArray operator()(const Shown &shown) const;

private:
    struct Part
    {
        QByteArray text;
        Field field = {}; // what follows the text, if anything does
        bool isExact = false; // its bytes are not escaped
    };

    qsizetype readPlaceholder(qsizetype at);
    qsizetype readEscape(qsizetype at);
    void add(const QString &name);
    Failure wrong(const QString &what) const;

    const QString m_given;
    std::vector<Part> m_parts;
};

inline constexpr Option formatOption = {
        "format", "FORMAT",
        "Print a line of this text: %b in it is the body, %r the routing key, %e the exchange, %i the message id, %c the "
        "correlation id, %t the content type, %s the size of the body, %f the file of --save, %{NAME} any property, such as "
        "%{priority}, or with %{header:NAME} a header, and %% a percent sign; \\n is a newline, \\r a carriage return, \\t "
        "a tab, \\0 a NUL and \\\\ a backslash."};

} // namespace Tool

#endif
