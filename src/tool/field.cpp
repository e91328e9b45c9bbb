// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "field.h"

#include "bytes.h"
#include "message.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Bytes = std::optional<QByteArray>;
using Property = QAmqpMessage::Property;

constexpr auto headerPrefix = "header:"_L1;

Bytes bodyOf(const QAmqpMessage &message, const QAmqpDelivery *) { return message.body(); }

Bytes sizeOf(const QAmqpMessage &message, const QAmqpDelivery *)
{
    return QByteArray::number(message.body().size());
}

Bytes exchangeOf(const QAmqpMessage &, const QAmqpDelivery *delivery)
{
    return delivery ? Bytes(bytesOf(delivery->exchange())) : Bytes();
}

Bytes routingKeyOf(const QAmqpMessage &, const QAmqpDelivery *delivery)
{
    return delivery ? Bytes(bytesOf(delivery->routingKey())) : Bytes();
}

Bytes redeliveredOf(const QAmqpMessage &, const QAmqpDelivery *delivery)
{
    return delivery ? Bytes(delivery->isRedelivered() ? "true" : "false") : Bytes();
}

Bytes headersOf(const QAmqpMessage &message, const QAmqpDelivery *)
{
    return message.has(Property::Headers) ? Bytes(message.headers().toJson()) : Bytes();
}

Bytes deliveryModeOf(const QAmqpMessage &message, const QAmqpDelivery *)
{
    return message.has(Property::DeliveryMode)
            ? Bytes(QByteArray::number(int(message.deliveryMode())))
            : Bytes();
}

Bytes priorityOf(const QAmqpMessage &message, const QAmqpDelivery *)
{
    return message.has(Property::Priority) ? Bytes(QByteArray::number(message.priority()))
                                           : Bytes();
}

Bytes timestampOf(const QAmqpMessage &message, const QAmqpDelivery *)
{
    return message.has(Property::Timestamp)
            ? Bytes(message.timestamp().toUTC().toString(Qt::ISODate).toUtf8())
            : Bytes();
}

struct Named
{
    const char *name;
    Bytes (*read)(const QAmqpMessage &message, const QAmqpDelivery *delivery);
};

constexpr Named fields[] = {
        {"body", bodyOf},
        {"size", sizeOf},
        {"exchange", exchangeOf},
        {"routing-key", routingKeyOf},
        {"redelivered", redeliveredOf},
        {"headers", headersOf},
        {"delivery-mode", deliveryModeOf},
        {"priority", priorityOf},
        {"timestamp", timestampOf},
};

Field headerNamed(const QString &name)
{
    return [name](const QAmqpMessage &message, const QAmqpDelivery *) -> Bytes {
        const QAmqpTable headers = message.headers();
        return headers.contains(name) ? Bytes(textOfValue(headers.value(name))) : Bytes();
    };
}

} // namespace

std::optional<Field> fieldNamed(const QString &name)
{
    if (name.startsWith(headerPrefix) && name.size() > headerPrefix.size())
        return headerNamed(name.sliced(headerPrefix.size()));
    for (const Named &each : fields) {
        if (name == QLatin1StringView(each.name))
            return each.read;
    }
    for (const TextProperty &row : textProperties()) {
        if (name != QLatin1StringView(row.option))
            continue;
        return [property = row.property](const QAmqpMessage &message,
                                         const QAmqpDelivery *) -> Bytes {
            return message.has(property) ? Bytes(message.bytes(property)) : Bytes();
        };
    }
    return {};
}

QString fieldNames()
{
    QStringList all;
    for (const Named &each : fields)
        all += QLatin1StringView(each.name);
    for (const TextProperty &row : textProperties())
        all += QLatin1StringView(row.option);
    return all.join(", "_L1) + u" and header:NAME"_s;
}

} // namespace Tool
