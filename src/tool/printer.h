// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_PRINTER_H
#define QTAMQP_TOOL_PRINTER_H

// Formats the messages that get, consume, tap and call print: the body and a newline, or as --json, --raw and
// --format say. With --save each delivery is saved first, and its file named instead of the body.

#include "folder.h"
#include "format.h"

#include <memory>

namespace Tool {

class Printer
{
public:
    // Throws a Failure if the options are wrong.
    explicit Printer(const Arguments &arguments);

    // These throw a Failure if they cannot save the message.
    void append(QByteArray &to, const QAmqpDelivery &delivery) const;
    QByteArray operator()(const QAmqpDelivery &delivery) const;
    QByteArray operator()(const QAmqpMessage &message) const; // a reply, without an envelope

private:
    enum Form { Body, Raw, Json, Format };

    Form m_form = Body;
    std::optional<MessageFormat> m_format;
    std::shared_ptr<MessageFolder> m_folder; // where each message is saved before it is printed
};

constexpr Option rawOption = {"raw", nullptr, "Print the bytes of the body and nothing else."};

} // namespace Tool

#endif
