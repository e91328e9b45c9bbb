// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_TYPEDVALUE_H
#define QTAMQP_TOOL_TYPEDVALUE_H

// Values of AMQP tables as text, for --header and --argument.

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

} // namespace Tool

#endif
