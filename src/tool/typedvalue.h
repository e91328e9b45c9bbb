// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_TYPEDVALUE_H
#define QTAMQP_TOOL_TYPEDVALUE_H

// Values of AMQP tables as text, for --header and --argument.

#include <QtAmqp/qamqptable.h>
#include <QtCore/qstring.h>

#include <optional>

namespace Tool {

// Reads each "key=type:value". Throws a Failure that quotes what is wrong; `option` names where it stood.
QAmqpTable readTable(const QStringList &entries, const char *option);

// Seconds since 1970, an ISO 8601 time or "now".
std::optional<quint64> readTimestamp(const QString &text);

} // namespace Tool

#endif
