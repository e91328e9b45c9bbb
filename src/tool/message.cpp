#include "message.h"

#include "json.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Property = QAmqpMessage::Property;

struct TextProperty
{
    const char *option;
    QByteArray json; // as RabbitMQ's management tools call it
    Property property;
    void (QAmqpMessage::*set)(const QString &);
};

const TextProperty textProperties[] = {
        {"content-type", "content_type", Property::ContentType, &QAmqpMessage::setContentType},
        {"content-encoding", "content_encoding", Property::ContentEncoding,
         &QAmqpMessage::setContentEncoding},
        {"correlation-id", "correlation_id", Property::CorrelationId,
         &QAmqpMessage::setCorrelationId},
        {"reply-to", "reply_to", Property::ReplyTo, &QAmqpMessage::setReplyTo},
        {"expiration", "expiration", Property::Expiration, &QAmqpMessage::setExpiration},
        {"message-id", "message_id", Property::MessageId, &QAmqpMessage::setMessageId},
        {"type", "type", Property::Type, &QAmqpMessage::setType},
        {"user-id", "user_id", Property::UserId, &QAmqpMessage::setUserId},
        {"app-id", "app_id", Property::AppId, &QAmqpMessage::setAppId},
        {"cluster-id", "cluster_id", Property::ClusterId, &QAmqpMessage::setClusterId},
};

QByteArray propertiesJson(const QAmqpMessage &message)
{
    JsonObject json;
    for (const TextProperty &row : textProperties) {
        if (message.has(row.property))
            json.addOctets(row.json, row.json + "_base64", message.bytes(row.property));
    }
    if (message.has(Property::Headers))
        json.add("headers", toJson(message.headers()));
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
        json.addOctets("properties_error", {}, error.toUtf8());
    return json.addOctets("body", "body_base64", message.body());
}

} // namespace

std::vector<Option> withMessageOptions(std::initializer_list<Option> options)
{
    std::vector<Option> all = options;
    all.insert(
            all.end(),
            {
                    {"p,persistent", nullptr,
                     "Survives a restart of the broker, in a durable queue."},
                    {"content-type", "TEXT", "Such as application/json."},
                    {"content-encoding", "TEXT", "Such as gzip."},
                    {"header", "KEY=TYPE:VALUE",
                     "A header of any AMQP type: bool, int8, uint8, int16, uint16, int32, uint32, "
                     "int64, float, double, decimal, string, bytes (base64), timestamp, array and "
                     "table (JSON), void. Repeatable."},
                    {"delivery-mode", "1|2", "1 transient, 2 persistent."},
                    {"priority", "0-255", "For queues with x-max-priority."},
                    {"correlation-id", "TEXT", "What an answer belongs to."},
                    {"reply-to", "QUEUE", "Where answers go."},
                    {"expiration", "MILLISECONDS", "How long it may wait in a queue."},
                    {"message-id", "TEXT", "The application's identifier."},
                    {"timestamp", "TIME", "Seconds since 1970, an ISO 8601 time, or now."},
                    {"type", "TEXT", "The application's kind of message."},
                    {"user-id", "NAME", "Must be the connection's user."},
                    {"app-id", "TEXT", "The application."},
                    {"cluster-id", "TEXT", "Of no use any more."},
            });
    return all;
}

QAmqpMessage readProperties(const Arguments &arguments)
{
    QAmqpMessage message;
    arguments.refuseTogether("persistent", "delivery-mode");
    for (const TextProperty &row : textProperties) {
        if (arguments.isSet(row.option))
            (message.*row.set)(arguments.value(row.option));
    }
    if (arguments.isSet("header"))
        message.setHeaders(readTable(arguments.values("header"), "header"));
    const quint64 mode =
            arguments.number("delivery-mode", 1, 2, arguments.isSet("persistent") ? 2 : 0);
    if (mode > 0)
        message.setDeliveryMode(QAmqpMessage::DeliveryMode(mode));
    if (arguments.isSet("priority"))
        message.setPriority(quint8(arguments.number("priority", 0, 255, 0)));
    if (arguments.isSet("timestamp")) {
        const auto seconds = readTimestamp(arguments.value("timestamp"));
        const QDateTime time = seconds ? QAmqpValue::timestamp(*seconds).toDateTime() : QDateTime();
        if (!time.isValid()) {
            throw Failure{
                    BadUsage,
                    u"--timestamp \"%1\" is neither seconds since 1970, an ISO 8601 time nor now"_s
                            .arg(arguments.value("timestamp"))};
        }
        message.setTimestamp(time);
    }
    if (const QString error = message.errorString(); !error.isEmpty())
        throw Failure{BadUsage, u"the message cannot be sent: %1"_s.arg(error)};
    return message;
}

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

QByteArray toOutput(const QAmqpDelivery &delivery, bool json)
{
    return json ? toJsonLine(delivery) : delivery.body() + '\n';
}

} // namespace Tool
