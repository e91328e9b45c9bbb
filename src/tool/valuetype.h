#ifndef QTAMQP_TOOL_VALUETYPE_H
#define QTAMQP_TOOL_VALUETYPE_H

// The types of AMQP's tables: what they are called, and how a text of each is read.

#include <QtAmqp/qamqptable.h>

#include <optional>

namespace Tool {

struct ValueType
{
    QAmqpValue::Type type;
    const char *name;
    const char *form; // what the text must be
    std::optional<QAmqpValue> (*read)(const QString &text);

    QString rule() const; // a sentence
};

const ValueType *findType(const QString &name);
const ValueType *findType(QAmqpValue::Type type);
QStringList typeNames();

std::optional<QAmqpValue> readBytes(const QString &base64);

} // namespace Tool

#endif
