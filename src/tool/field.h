// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FIELD_H
#define QTAMQP_TOOL_FIELD_H

// A part of a message by the name that --filter and --format have for it.

#include <QtAmqp/qamqpdelivery.h>

#include <functional>
#include <optional>

namespace Tool {

// Returns the part as bytes, or nothing if the message has no such part. A reply has no delivery.
using Field = std::function<std::optional<QByteArray>(const QAmqpMessage &message,
                                                      const QAmqpDelivery *delivery)>;

// Returns nothing if there is no such name.
std::optional<Field> fieldNamed(const QString &name);

// The names, for the text of an error.
QString fieldNames();

} // namespace Tool

#endif
