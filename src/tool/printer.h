// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PRINTER_H
#define QTAMQP_TOOL_PRINTER_H

// Formats the messages that get, consume and call print: the body and a newline, or as --json, --raw and
// --format say.

#include "command.h"

#include <QtAmqp/qamqpdelivery.h>

namespace Tool {

class Printer
{
public:
    // Throws a Failure if the options are wrong.
    explicit Printer(const Arguments &arguments);

    QByteArray operator()(const QAmqpDelivery &delivery) const;
    QByteArray operator()(const QAmqpMessage &message) const; // a reply, without an envelope

private:
    enum Form { Body, Raw, Json, Format };

    Form m_form = Body;
    QByteArray m_format;
};

constexpr Option rawOption = {"raw", nullptr, "Print the bytes of the body and nothing else."};
constexpr Option formatOption = {
        "format", "FORMAT",
        "Print a line of this text: %b in it is the body, %r the routing key, %e the exchange, %i the message "
        "id, %c the correlation id, %t the content type, %s the size of the body, %% a percent sign."};

} // namespace Tool

#endif
