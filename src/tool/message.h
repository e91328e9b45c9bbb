#ifndef QTAMQP_TOOL_MESSAGE_H
#define QTAMQP_TOOL_MESSAGE_H

// Messages as options and as JSON.

#include "command.h"

#include <QtAmqp/qamqpdelivery.h>

namespace Tool {

// `options` and one for each property of a message, for the table of a command.
std::vector<Option> withMessageOptions(std::initializer_list<Option> options);

// A message with these properties and no body; throws a Failure.
QAmqpMessage readProperties(const Arguments &arguments);

// One line: envelope, properties, body.
QByteArray toJsonLine(const QAmqpDelivery &delivery);

// The same without an envelope.
QByteArray toJsonLine(const QAmqpMessage &message);

// The body and a newline, or the line of JSON.
QByteArray toOutput(const QAmqpDelivery &delivery, bool json);

} // namespace Tool

#endif
