// Messages as lines of JSON, and back: what was printed is the whole message.

#include "json.h"
#include "jsonvalue.h"
#include "message.h"
#include "octets.h"
#include "typedvalue.h"
#include "valuetype.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Property = QAmqpMessage::Property;

QByteArray propertiesJson(const QAmqpMessage &message)
{
    JsonObject json;
    for (const TextProperty &row : textProperties()) {
        if (message.has(row.property))
            json.addOctets(row.json, row.json + "_base64", message.bytes(row.property));
    }
    if (message.has(Property::Headers)) {
        const QByteArray octets = message.propertiesError().isEmpty()
                ? QByteArray()
                : message.bytes(Property::Headers).sliced(4); // behind their size
        if (octets.isEmpty())
            json.add("headers", toJson(message.headers()));
        else
            json.add("headers_base64", '"' + octets.toBase64() + '"');
    }
    if (message.has(Property::DeliveryMode))
        json.addNumber("delivery_mode", quint8(message.bytes(Property::DeliveryMode).front()));
    if (message.has(Property::Priority))
        json.addNumber("priority", message.priority());
    if (message.has(Property::Timestamp)) {
        quint64 seconds = 0;
        const QByteArray octets = message.bytes(Property::Timestamp);
        for (const char octet : octets)
            seconds = seconds << 8 | quint8(octet);
        json.add("timestamp", QByteArray::number(seconds));
    }
    return json.json();
}

JsonObject &addMessage(JsonObject &json, const QAmqpMessage &message)
{
    json.add("properties", propertiesJson(message));
    if (const QString error = message.propertiesError(); !error.isEmpty())
        json.addText("properties_error", error);
    return json.addOctets("body", "body_base64", message.body());
}

// The members of an object, each to be taken once; what is left is a mistake.
class Members
{
public:
    Members(const JsonValue &object, const QString &what) : m_what(what)
    {
        if (object.type != JsonValue::Object)
            throw JsonError{u"%1 is not a JSON object"_s.arg(what)};
        for (std::size_t i = 0; i < object.names.size(); ++i) {
            if (take(object.names[i]))
                throw JsonError{u"%1 has \"%2\" twice"_s.arg(what, textOf(object.names[i]))};
            m_left.emplace_back(object.names[i], &object.elements[i]);
        }
    }

    const JsonValue *take(QByteArrayView name)
    {
        for (auto &[member, value] : m_left) {
            if (member == name)
                return std::exchange(value, nullptr);
        }
        return nullptr;
    }

    // Text, or octets in base64 under the other name.
    std::optional<QByteArray> octets(const QByteArray &name)
    {
        const JsonValue *text = take(name);
        const QByteArray other = name + "_base64";
        const JsonValue *base64 = take(other);
        if (!text && !base64)
            return {};
        if (text && base64)
            throw JsonError{u"%1 has both %2 and %3"_s.arg(m_what, textOf(name), textOf(other))};
        if (text && text->type == JsonValue::String)
            return text->text;
        const auto read = base64 ? readBytes(textOf(base64->text)) : std::nullopt;
        if (!read)
            throw JsonError{u"%1 is not %2"_s.arg(textOf(text ? name : other),
                                                  text ? u"text"_s : u"base64"_s)};
        return read->toBytes();
    }

    std::optional<quint64> number(QByteArrayView name, quint64 least, quint64 most)
    {
        const JsonValue *value = take(name);
        if (!value)
            return {};
        bool ok = value->type == JsonValue::Number;
        const quint64 number = ok ? value->text.toULongLong(&ok) : 0;
        if (!ok || number < least || number > most) {
            throw JsonError{u"%1 is not a whole number from %2 to %3"_s.arg(
                    textOf(name), QString::number(least), QString::number(most))};
        }
        return number;
    }

    void finish() const
    {
        for (const auto &[name, value] : m_left) {
            if (value)
                throw JsonError{u"%1 has an unknown member \"%2\""_s.arg(m_what, textOf(name))};
        }
    }

private:
    const QString m_what;
    std::vector<std::pair<QByteArray, const JsonValue *>> m_left;
};

void readProperties(const JsonValue &json, QAmqpMessage &message)
{
    Members members(json, u"properties"_s);
    for (const TextProperty &row : textProperties()) {
        if (const auto octets = members.octets(row.json))
            (message.*row.set)(octets->isEmpty() ? u""_s : textOf(*octets)); // null would be absent
    }
    if (const JsonValue *headers = members.take("headers")) {
        if (headers->type != JsonValue::Object && headers->type != JsonValue::Array)
            throw JsonError{u"headers are not a JSON object"_s};
        message.setHeaders(tableFromJson(*headers));
    }
    if (const auto mode = members.number("delivery_mode", 1, 255))
        message.setDeliveryMode(QAmqpMessage::DeliveryMode(*mode));
    if (const auto priority = members.number("priority", 0, 255))
        message.setPriority(quint8(*priority));
    if (const auto seconds = members.number("timestamp", 0, std::numeric_limits<quint64>::max())) {
        const QDateTime time = QAmqpValue::timestamp(*seconds).toDateTime();
        if (!time.isValid())
            throw JsonError{u"timestamp is beyond what can be sent"_s};
        message.setTimestamp(time);
    }
    members.finish();
    if (const QString error = message.errorString(); !error.isEmpty())
        throw JsonError{u"the message cannot be sent: %1"_s.arg(error)};
}

std::optional<QString> readName(Members &members, const QByteArray &name)
{
    const auto octets = members.octets(name);
    return octets ? std::optional(textOf(*octets)) : std::nullopt;
}

} // namespace

QByteArray toJsonLine(const QAmqpDelivery &delivery)
{
    JsonObject json;
    json.addText("exchange", delivery.exchange());
    json.addText("routing_key", delivery.routingKey());
    json.add("redelivered", delivery.isRedelivered());
    json.add("delivery_tag", QByteArray::number(delivery.deliveryTag()));
    if (delivery.consumerTag().isEmpty())
        json.addNumber("message_count", delivery.remainingMessages());
    else
        json.addText("consumer_tag", delivery.consumerTag());
    return addMessage(json, delivery).line();
}

QByteArray toJsonLine(const QAmqpMessage &message)
{
    JsonObject json;
    return addMessage(json, message).line();
}

Outgoing fromJsonLine(QByteArrayView line)
{
    const JsonValue json = readJson(line);
    Members members(json, u"the message"_s);
    if (const auto error = members.octets("properties_error")) {
        throw JsonError{
                u"it came with properties that cannot be read (%1) and cannot be put back; without "
                "properties_error and headers_base64 it goes without its headers"_s.arg(
                        textOf(*error))};
    }
    Outgoing outgoing;
    outgoing.exchange = readName(members, "exchange");
    outgoing.routingKey = readName(members, "routing_key");
    // These tell how it came, which says nothing of how it goes.
    for (const char *of :
         {"redelivered", "delivery_tag", "message_count", "consumer_tag", "consumer_tag_base64"})
        members.take(of);
    outgoing.message.setBody(members.octets("body").value_or(QByteArray()));
    if (const JsonValue *properties = members.take("properties"))
        readProperties(*properties, outgoing.message);
    members.finish();
    return outgoing;
}

} // namespace Tool
