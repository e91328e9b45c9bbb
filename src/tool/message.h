#ifndef QTAMQP_TOOL_MESSAGE_H
#define QTAMQP_TOOL_MESSAGE_H

// Messages as options and as JSON.

#include "command.h"

#include <QtAmqp/qamqpdelivery.h>

namespace Tool {

struct TextProperty
{
    const char *option;
    QByteArray json; // as RabbitMQ's management tools call it
    QAmqpMessage::Property property;
    void (QAmqpMessage::*set)(const QString &);
};

std::span<const TextProperty> textProperties();

// `options` and one for each property of a message, for the table of a command.
std::vector<Option> withMessageOptions(std::initializer_list<Option> options);

// `message` with the properties that are given as options; throws a Failure.
QAmqpMessage withProperties(const Arguments &arguments, QAmqpMessage message = {});

// One line: envelope, properties, body.
QByteArray toJsonLine(const QAmqpDelivery &delivery);

// The same without an envelope.
QByteArray toJsonLine(const QAmqpMessage &message);

struct Outgoing
{
    QAmqpMessage message;
    std::optional<QString> exchange;
    std::optional<QString> routingKey;
};

// What toJsonLine() returned. Throws a JsonError.
Outgoing fromJsonLine(QByteArrayView line);

} // namespace Tool

#endif
