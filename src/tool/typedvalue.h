#ifndef QTAMQP_TOOL_TYPEDVALUE_H
#define QTAMQP_TOOL_TYPEDVALUE_H

// Values of AMQP tables as text: --header and --argument in, JSON out and in. What is printed can be given
// again: {"type":"int8","value":5} means an int8 also inside a table or an array.

#include <QtAmqp/qamqptable.h>
#include <QtCore/qstring.h>

#include <optional>

namespace Tool {

struct JsonValue;

// Reads each "key=type:value". Throws a Failure that quotes what is wrong; `option` names where it stood.
QAmqpTable readTable(const QStringList &entries, const char *option);

// Seconds since 1970, an ISO 8601 time or "now".
std::optional<quint64> readTimestamp(const QString &text);

// {"type":"…","value":…}; text that is not UTF-8 has "base64" instead of "value".
QByteArray toJson(const QAmqpValue &value);
// An object of these; if a name is not UTF-8 or comes twice an array of them, each with "name" or
// "name_base64".
QByteArray toJson(const QAmqpTable &table);

// What toJson() returns, or plain JSON. These throw a JsonError.
QAmqpValue valueFromJson(const JsonValue &json);
QAmqpTable tableFromJson(const JsonValue &json);

} // namespace Tool

#endif
