// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_FIELD_H
#define QTAMQP_TOOL_FIELD_H

// A part of a message by the name that --filter and --format have for it.

#include <QtAmqp/qamqpdelivery.h>
#include <QtAmqp/qamqpoutbox.h>

#include <functional>
#include <optional>

namespace Tool {

// A message, and what is known of it besides.
struct Shown
{
    const QAmqpMessage &message;
    const QAmqpDelivery *delivery = nullptr; // the same message, if a queue has delivered it
    const QAmqpOutboxMessage *waiting = nullptr; // the same message, if it waits in an outbox
    QString file = {}; // where it was saved
};

// Returns the part as bytes, or nothing if the message has no such part.
using Field = std::function<std::optional<QByteArray>(const Shown &shown)>;

// A message in a queue is in no file; one that is printed may have been saved to one.
enum class FieldsOf { Queued, Printed };

// Returns nothing if there is no such name.
std::optional<Field> fieldNamed(const QString &name, FieldsOf which);

// The names, for the text of an error.
QString fieldNames(FieldsOf which);

} // namespace Tool

#endif
