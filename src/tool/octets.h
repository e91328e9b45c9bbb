#ifndef QTAMQP_TOOL_OCTETS_H
#define QTAMQP_TOOL_OCTETS_H

// Texts that need not be UTF-8: arguments, and names that a broker tells. As everywhere in QtAmqp an octet
// that is no UTF-8 is a lone surrogate in a QString, U+DC80 for 80 to U+DCFF for FF.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

namespace Tool {

QString textOf(QByteArrayView octets);
QByteArray octetsOf(const QString &text);
inline bool isUtf8(const QString &text) { return text.isValidUtf16(); }

} // namespace Tool

#endif
