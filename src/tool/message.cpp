// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "message.h"

#include "typedvalue.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

using Property = QAmqpMessage::Property;

const TextProperty texts[] = {
        {"content-type", Property::ContentType, &QAmqpMessage::setContentType},
        {"content-encoding", Property::ContentEncoding, &QAmqpMessage::setContentEncoding},
        {"correlation-id", Property::CorrelationId, &QAmqpMessage::setCorrelationId},
        {"reply-to", Property::ReplyTo, &QAmqpMessage::setReplyTo},
        {"expiration", Property::Expiration, &QAmqpMessage::setExpiration},
        {"message-id", Property::MessageId, &QAmqpMessage::setMessageId},
        {"type", Property::Type, &QAmqpMessage::setType},
        {"user-id", Property::UserId, &QAmqpMessage::setUserId},
        {"app-id", Property::AppId, &QAmqpMessage::setAppId},
        {"cluster-id", Property::ClusterId, &QAmqpMessage::setClusterId},
};

} // namespace

std::span<const TextProperty> textProperties() { return texts; }

std::vector<Option> withMessageOptions(std::initializer_list<Option> options)
{
    std::vector<Option> all = options;
    all.insert(
            all.end(),
            {
                    {"p,persistent", nullptr,
                     "The message survives a restart of the broker in a durable queue."},
                    {"content-type", "TEXT", "Such as application/json."},
                    {"content-encoding", "TEXT", "Such as gzip."},
                    {"header", "KEY=TYPE:VALUE",
                     "A header of any AMQP type: bool, int8, uint8, int16, uint16, int32, uint32, "
                     "int64, float, double, decimal, string, bytes (base64), timestamp, array and "
                     "table (JSON), void. KEY=VALUE is a string. Repeatable."},
                    {"delivery-mode", "1|2", "1 transient, 2 persistent."},
                    {"priority", "0-255", "The priority, for queues with x-max-priority."},
                    {"correlation-id", "TEXT", "Names the request that an answer belongs to."},
                    {"reply-to", "QUEUE", "Where answers go."},
                    {"expiration", "MILLISECONDS", "How long the message may wait in a queue."},
                    {"message-id", "TEXT", "The application's identifier."},
                    {"timestamp", "TIME", "Seconds since 1970, an ISO 8601 time, or now."},
                    {"type", "TEXT", "The application's kind of message."},
                    {"user-id", "NAME", "The sender, who must be the connection's user."},
                    {"app-id", "TEXT", "The application."},
                    {"cluster-id", "TEXT", "Of no use any more."},
            });
    return all;
}

QAmqpMessage withProperties(const Arguments &arguments, QAmqpMessage message)
{
    arguments.refuseTogether("persistent", "delivery-mode");
    for (const TextProperty &row : texts) {
        if (arguments.isSet(row.option))
            (message.*row.set)(arguments.value(row.option));
    }
    if (arguments.isSet("header")) {
        QAmqpTable headers = message.headers();
        for (const auto &[name, value] : readTable(arguments.values("header"), "header").entries())
            headers.insert(QString::fromUtf8(name), value);
        message.setHeaders(headers);
    }
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

} // namespace Tool
