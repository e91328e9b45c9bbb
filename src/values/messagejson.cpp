// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "values/json.h"

#include "values/qamqpmessage_p.h"
#include "values/tableformat.h"

#include <QtCore/qendian.h>

#include <limits>

QT_BEGIN_NAMESPACE

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

namespace QtAmqpPrivate {

namespace {

// Returns the name of the property that the management tools of RabbitMQ use.
QByteArray nameOf(const PropertyRow &row) { return QByteArray(row.name).replace('-', '_'); }

// Adds the headers as JSON if that can be read back to the same bytes, and else in base64.
void addHeaders(JsonObject &json, const QByteArray &name, const QByteArray &entries)
{
    const QByteArray headers = toJson(decodeTable(entries));
    if (encodeTable(tableFromJson(readJson(headers))) == entries)
        json.add(name, headers);
    else
        json.add(name + "_base64", jsonBase64(entries));
}

void addProperty(JsonObject &json, const PropertyRow &row, const QByteArray &bytes)
{
    const QByteArray name = nameOf(row);
    switch (row.shape) {
    case PropertyShape::Text: json.addBytes(name, bytes); break;
    case PropertyShape::Table: addHeaders(json, name, bytes.sliced(4)); break; // without their size
    case PropertyShape::Byte: json.add(name, QByteArray::number(quint8(bytes.front()))); break;
    case PropertyShape::Timestamp:
        json.add(name, QByteArray::number(qFromBigEndian<quint64>(bytes.constData())));
        break;
    }
}

void readHeaders(JsonMembers &members, const QByteArray &name, QAmqpMessage &message)
{
    const QAmqpValue headers = members.take(name);
    const auto bytes = members.base64(name + "_base64");
    if (bytes) {
        QAmqpMessagePrivate::editable(message).set(QAmqpMessage::Property::Headers,
                                                   bigEndian(quint32(bytes->size())) + *bytes);
    }
    if (headers.type() == Type::Invalid)
        return;
    if (bytes)
        throw JsonError{u"properties has both headers and headers_base64"_s};
    if (headers.type() != Type::Table && headers.type() != Type::Array)
        throw JsonError{u"headers are not a JSON object"_s};
    message.setHeaders(tableFromJson(headers));
}

void readProperty(JsonMembers &members, const PropertyRow &row, QAmqpMessage &message)
{
    const QByteArray name = nameOf(row);
    QAmqpMessagePrivate &d = QAmqpMessagePrivate::editable(message);
    switch (row.shape) {
    case PropertyShape::Text:
        if (const auto bytes = members.bytes(name))
            d.setBytes(row.property, *bytes);
        break;
    case PropertyShape::Table: readHeaders(members, name, message); break;
    case PropertyShape::Byte:
        if (const auto number = members.number(name, std::numeric_limits<quint8>::max()))
            d.set(row.property, bigEndian(quint8(*number)));
        break;
    case PropertyShape::Timestamp:
        if (const auto seconds = members.number(name, std::numeric_limits<quint64>::max()))
            d.set(row.property, bigEndian(*seconds));
        break;
    }
}

QAmqpMessage readProperties(const QAmqpValue &json)
{
    JsonMembers members(json, u"properties"_s);
    QAmqpMessage message;
    const auto flags = members.number("flags", std::numeric_limits<quint16>::max());
    const auto list = members.base64("list_base64");
    if (flags || list) {
        message = QAmqpMessagePrivate::make({}, quint16(flags.value_or(0)),
                                            list.value_or(QByteArray()));
    }
    for (const PropertyRow &row : propertyRows())
        readProperty(members, row, message);
    members.finish();
    return message;
}

// Returns null only if there is no such member: an empty text is not null.
QByteArray readName(JsonMembers &members, const QByteArray &name)
{
    const auto bytes = members.bytes(name);
    return !bytes || !bytes->isNull() ? bytes.value_or(QByteArray()) : QByteArray("");
}

} // namespace

void addMessage(JsonObject &json, const QAmqpMessage &message)
{
    const QAmqpMessagePrivate &d = QAmqpMessagePrivate::of(message);
    JsonObject properties;
    if (d.isMalformed) {
        properties.add("flags", QByteArray::number(d.flags));
        properties.add("list_base64", jsonBase64(d.properties));
    }
    // Texts come first, so that people can read the JSON more easily.
    for (const bool isText : {true, false}) {
        for (const PropertyRow &row : propertyRows()) {
            if (message.has(row.property) && (row.shape == PropertyShape::Text) == isText)
                addProperty(properties, row, message.bytes(row.property));
        }
    }
    json.add("properties", properties.json());
    if (const QString error = message.propertiesError(); !error.isEmpty())
        json.add("properties_error", jsonText(error.toUtf8()));
    if (d.refusals.contains(QAmqpMessagePrivate::Body))
        json.add("body", "null");
    else
        json.addBytes("body", message.body());
}

QAmqpMessage readMessage(QByteArrayView json, JsonEnvelope *envelope)
{
    try {
        JsonMembers members(readJson(json), u"the message"_s);
        envelope->exchange = readName(members, "exchange");
        envelope->routingKey = readName(members, "routing_key");
        envelope->consumerTag = readName(members, "consumer_tag");
        envelope->deliveryTag =
                members.number("delivery_tag", std::numeric_limits<quint64>::max()).value_or(0);
        envelope->remaining = quint32(
                members.number("message_count", std::numeric_limits<quint32>::max()).value_or(0));
        envelope->redelivered = members.truth("redelivered").value_or(false);
        members.take("properties_error"); // the properties have that error again
        QAmqpMessage message;
        if (const QAmqpValue properties = members.take("properties");
            properties.type() != Type::Invalid)
            message = readProperties(properties);
        if (members.takeNull("body"))
            QAmqpMessagePrivate::editable(message).dropBody();
        else
            message.setBody(members.bytes("body").value_or(QByteArray()));
        members.finish();
        return message;
    } catch (const JsonError &error) {
        return QAmqpMessagePrivate::makeUnread(error.text);
    }
}

} // namespace QtAmqpPrivate

using namespace QtAmqpPrivate;

/*!
    Returns the whole message as one line of JSON in UTF-8, without a newline: its properties and its body.
    \c{qamqp publish --json-lines} accepts it, see \l {Messages as JSON} for the form. fromJson() makes an
    equal message of it, whatever the message holds: with the same properties, the types and order of its
    headers, bytes that are not UTF-8, and properties that cannot be read. A body that was too large to be
    kept is null.

    \sa QAmqpDelivery::toJson()
*/
QByteArray QAmqpMessage::toJson() const
{
    JsonObject json;
    addMessage(json, *this);
    return json.json();
}

/*!
    Makes a message of \a json: the result of toJson() or QAmqpDelivery::toJson(), or a similar object written
    by hand, whose headers may be plain JSON. Members that describe a delivery are ignored.

    If it cannot be read, errorString() says what is wrong and where, and publishing the message is refused.
*/
QAmqpMessage QAmqpMessage::fromJson(QByteArrayView json)
{
    JsonEnvelope envelope;
    return readMessage(json, &envelope);
}

QT_END_NAMESPACE
