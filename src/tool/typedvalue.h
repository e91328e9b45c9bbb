// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_TYPEDVALUE_H
#define QTAMQP_TOOL_TYPEDVALUE_H

// Values of AMQP tables as text: those of --header and --argument, and what is shown of a header.

#include <QtAmqp/qamqptable.h>
#include <QtCore/qstringlist.h>

#include <optional>

namespace Tool {

// Reads each "key=type:value". Throws a Failure that quotes the wrong entry and the name of the `option`.
QAmqpTable readTable(const QStringList &entries, const char *option);

// The types that an entry may name.
QStringList typeNames();

// Reads seconds since 1970, an ISO 8601 time or "now".
std::optional<quint64> readTimestamp(const QString &text);

// Returns text as it is, numbers in decimal, bytes in base64, and tables and arrays as JSON.
QByteArray textOfValue(const QAmqpValue &value);

} // namespace Tool

#endif
