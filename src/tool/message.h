// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_MESSAGE_H
#define QTAMQP_TOOL_MESSAGE_H

// The options that stand for the properties of a message.

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

// Returns `options` and one option for each property of a message, for the table of a command.
std::vector<Option> withMessageOptions(std::initializer_list<Option> options);

// Returns `message` with the properties that are given as options. Throws a Failure if one is wrong.
QAmqpMessage withProperties(const Arguments &arguments, QAmqpMessage message = {});

} // namespace Tool

#endif
