// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "field.h"

#include "bytes.h"
#include "message.h"
#include "typedvalue.h"

#include <span>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Bytes = std::optional<QByteArray>;
using Property = QAmqpMessage::Property;

constexpr auto headerPrefix = "header:"_L1;

Bytes bodyOf(const Shown &shown) { return shown.message.body(); }

Bytes sizeOf(const Shown &shown) { return QByteArray::number(shown.message.body().size()); }

Bytes exchangeOf(const Shown &shown)
{
    if (shown.delivery)
        return bytesOf(shown.delivery->exchange());
    return shown.waiting ? Bytes(bytesOf(shown.waiting->exchange)) : Bytes();
}

Bytes routingKeyOf(const Shown &shown)
{
    if (shown.delivery)
        return bytesOf(shown.delivery->routingKey());
    return shown.waiting ? Bytes(bytesOf(shown.waiting->routingKey)) : Bytes();
}

Bytes redeliveredOf(const Shown &shown)
{
    return shown.delivery ? Bytes(shown.delivery->isRedelivered() ? "true" : "false") : Bytes();
}

Bytes headersOf(const Shown &shown)
{
    return shown.message.has(Property::Headers) ? Bytes(shown.message.headers().toJson()) : Bytes();
}

Bytes deliveryModeOf(const Shown &shown)
{
    return shown.message.has(Property::DeliveryMode)
            ? Bytes(QByteArray::number(int(shown.message.deliveryMode())))
            : Bytes();
}

Bytes priorityOf(const Shown &shown)
{
    return shown.message.has(Property::Priority)
            ? Bytes(QByteArray::number(shown.message.priority()))
            : Bytes();
}

Bytes timestampOf(const Shown &shown)
{
    return shown.message.has(Property::Timestamp)
            ? Bytes(shown.message.timestamp().toUTC().toString(Qt::ISODate).toUtf8())
            : Bytes();
}

Bytes fileOf(const Shown &shown)
{
    return shown.file.isEmpty() ? Bytes() : Bytes(shown.file.toUtf8());
}

struct Named
{
    const char *name;
    Bytes (*read)(const Shown &shown);
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
        {"file", fileOf}, // stays the last: fieldsOf() leaves it out for messages in a queue
};

std::span<const Named> fieldsOf(FieldsOf which)
{
    return std::span(fields).first(std::size(fields) - (which == FieldsOf::Printed ? 0 : 1));
}

Field headerNamed(const QString &name)
{
    return [name](const Shown &shown) -> Bytes {
        const QAmqpTable headers = shown.message.headers();
        return headers.contains(name) ? Bytes(textOfValue(headers.value(name))) : Bytes();
    };
}

} // namespace

std::optional<Field> fieldNamed(const QString &name, FieldsOf which)
{
    if (name.startsWith(headerPrefix) && name.size() > headerPrefix.size())
        return headerNamed(name.sliced(headerPrefix.size()));
    for (const Named &each : fieldsOf(which)) {
        if (name == QLatin1StringView(each.name))
            return each.read;
    }
    for (const TextProperty &row : textProperties()) {
        if (name != QLatin1StringView(row.option))
            continue;
        return [property = row.property](const Shown &shown) -> Bytes {
            return shown.message.has(property) ? Bytes(shown.message.bytes(property)) : Bytes();
        };
    }
    return {};
}

QString fieldNames(FieldsOf which)
{
    QStringList all;
    for (const Named &each : fieldsOf(which))
        all += QLatin1StringView(each.name);
    for (const TextProperty &row : textProperties())
        all += QLatin1StringView(row.option);
    return all.join(", "_L1) + u" and header:NAME"_s;
}

} // namespace Tool
