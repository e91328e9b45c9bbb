#ifndef QTAMQP_TOOL_JSONVALUE_H
#define QTAMQP_TOOL_JSONVALUE_H

// JSON that was read. Unlike QJsonValue this keeps the order of the members, a name that comes twice and
// the digits of a number, all of which belong to a message that is put back.

#include <QtCore/qbytearray.h>
#include <QtCore/qstring.h>

#include <vector>

namespace Tool {

struct JsonError
{
    QString text;
};

struct JsonValue
{
    enum Type { Null, Bool, Number, String, Array, Object };

    Type type = Null;
    QByteArray text; // a number or a truth value as written, or the octets of a string
    std::vector<JsonValue> elements; // of an array, or the values of an object
    std::vector<QByteArray> names; // of the values of an object

    // The first member of that name, or none.
    const JsonValue *find(QByteArrayView name) const;
};

// Throws a JsonError. In a string \udc80 to \udcff is an octet that is no UTF-8, as Python writes it.
JsonValue readJson(QByteArrayView utf8);

} // namespace Tool

#endif
