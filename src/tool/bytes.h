// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_BYTES_H
#define QTAMQP_TOOL_BYTES_H

// Texts that need not be UTF-8: arguments of the command line, and names that come from a broker. As
// everywhere in QtAmqp, a byte that is not UTF-8 becomes a lone surrogate in a QString, U+DC80 for 80 to
// U+DCFF for FF.

#include <QtAmqp/qamqptable.h>

namespace Tool {

inline QString textOf(const QByteArray &bytes) { return QAmqpValue::string(bytes).toString(); }
inline QByteArray bytesOf(const QString &text) { return QAmqpValue(text).toBytes(); }
inline bool isUtf8(const QString &text) { return text.isValidUtf16(); }

} // namespace Tool

#endif
