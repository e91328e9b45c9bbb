// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_MESSAGE_H
#define QTAMQP_TOOL_MESSAGE_H

// Messages as options.

#include "command.h"

#include <QtAmqp/qamqpdelivery.h>

namespace Tool {

struct TextProperty
{
    const char *option;
    QAmqpMessage::Property property;
    void (QAmqpMessage::*set)(const QString &);
};

std::span<const TextProperty> textProperties();

// `options` and one for each property of a message, for the table of a command.
std::vector<Option> withMessageOptions(std::initializer_list<Option> options);

// `message` with the properties that are given as options; throws a Failure.
QAmqpMessage withProperties(const Arguments &arguments, QAmqpMessage message = {});

} // namespace Tool

#endif
