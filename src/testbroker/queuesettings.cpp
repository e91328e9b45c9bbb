// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testbroker/queuesettings.h"

#include <algorithm>

QT_BEGIN_NAMESPACE

namespace QtAmqpPrivate::Broker {

using namespace Qt::StringLiterals;
using Type = QAmqpValue::Type;

const char *typeName(const QAmqpValue &value)
{
    switch (value.type()) {
    case Type::Boolean: return "bool";
    case Type::Int8: return "byte";
    case Type::UInt8: return "unsignedbyte";
    case Type::Int16: return "short";
    case Type::UInt16: return "unsignedshort";
    case Type::Int32: return "signedint";
    case Type::UInt32: return "unsignedint";
    case Type::Int64: return "long";
    case Type::Float: return "float";
    case Type::Double: return "double";
    case Type::Decimal: return "decimal";
    case Type::String: return "longstr";
    case Type::Bytes: return "binary";
    case Type::Timestamp: return "timestamp";
    case Type::Array: return "array";
    case Type::Table: return "table";
    case Type::Void:
    case Type::Invalid: break;
    }
    return "void";
}

namespace {

bool isInteger(const QAmqpValue &value)
{
    switch (value.type()) {
    case Type::Int8:
    case Type::UInt8:
    case Type::Int16:
    case Type::UInt16:
    case Type::Int32:
    case Type::UInt32:
    case Type::Int64: return true;
    default: return false;
    }
}

QByteArray textOf(const QAmqpValue &value)
{
    if (value.type() == Type::Boolean)
        return value.toBool() ? "true" : "false";
    return isInteger(value) ? QByteArray::number(value.toInt()) : value.toString().toUtf8();
}

// Reads the arguments one by one, until one is refused.
class ArgumentReader
{
public:
    ArgumentReader(const QAmqpTable &arguments, const QByteArray &what)
        : m_arguments(arguments), m_what(what)
    {
    }

    const Refusal &refusal() const { return m_refusal; }

    std::optional<qint64> number(const char *name, qint64 least = 0,
                                 qint64 most = std::numeric_limits<qint64>::max(),
                                 const QByteArray &tooLarge = "{value_too_large,")
    {
        const auto value = find(name);
        if (!value)
            return {};
        if (!isInteger(*value)) {
            refuseValue(name, QByteArray("\"expected integer, got ") + typeName(*value) + '"');
            return {};
        }
        const qint64 number = value->toInt();
        if (number < 0)
            refuseValue(name, "{value_negative," + QByteArray::number(number) + '}');
        else if (number < least)
            refuseValue(name, "{value_zero," + QByteArray::number(number) + '}');
        else if (number > most)
            refuseValue(name, tooLarge + QByteArray::number(number) + '}');
        return number;
    }

    std::optional<QByteArray> text(const char *name)
    {
        const auto value = find(name);
        if (!value)
            return {};
        if (value->type() != Type::String)
            refuseValue(name, QByteArray("{unacceptable_type,") + typeName(*value) + '}');
        return value->toString().toUtf8();
    }

    bool flag(const char *name)
    {
        const auto value = find(name);
        if (value && value->type() != Type::Boolean)
            refuseValue(name, QByteArray("{unacceptable_type,") + typeName(*value) + '}');
        return value && value->toBool();
    }

    // Names of exchanges are judged with other words.
    std::optional<QByteArray> name(const char *name)
    {
        const auto value = find(name);
        if (value && value->type() != Type::String && !m_refusal)
            m_refusal = refuse(ReplyCode::PreconditionFailed,
                               QByteArray("invalid type '") + typeName(*value) + "' for arg '"
                                       + name + "' in " + m_what);
        return value ? std::optional(value->toString().toUtf8()) : std::nullopt;
    }

    template<typename T>
    std::optional<T> choice(const char *name, std::initializer_list<std::pair<const char *, T>> all,
                            const QByteArray &otherwise)
    {
        const auto given = text(name);
        if (!given)
            return {};
        for (const auto &[choiceName, choice] : all) {
            if (*given == choiceName)
                return choice;
        }
        refuseValue(name, QByteArray(otherwise).replace("%1", *given));
        return {};
    }

    // Of the arguments that RabbitMQ knows a type of queue takes only some.
    void refuseOthers(std::initializer_list<const char *> known,
                      std::initializer_list<const char *> taken, const char *type)
    {
        for (const char *name : known) {
            const bool isTaken = std::any_of(taken.begin(), taken.end(), [&](const char *other) {
                return qstrcmp(name, other) == 0;
            });
            if (!isTaken && find(name) && !m_refusal)
                m_refusal = refuse(ReplyCode::PreconditionFailed,
                                   QByteArray("invalid arg '") + name + "' for " + m_what
                                           + " of queue type rabbit_" + type + "_queue");
        }
    }

    void refuseValue(const char *name, const QByteArray &why)
    {
        if (m_refusal)
            return;
        m_refusal = refuse(ReplyCode::PreconditionFailed,
                           QByteArray("invalid arg '") + name + "' for " + m_what + ": " + why);
    }

private:
    std::optional<QAmqpValue> find(const char *name) const
    {
        const QString key = QString::fromLatin1(name);
        return m_arguments.contains(key) ? std::optional(m_arguments.value(key)) : std::nullopt;
    }

    const QAmqpTable &m_arguments;
    const QByteArray &m_what;
    Refusal m_refusal;
};

// A number and one of Y, M, D, h, m, s.
std::optional<std::chrono::seconds> ageFromText(const QByteArray &text)
{
    static constexpr std::pair<char, qint64> units[] = {
            {'Y', 31'536'000}, {'M', 2'592'000}, {'D', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};
    bool ok = false;
    const qint64 number = text.chopped(text.isEmpty() ? 0 : 1).toLongLong(&ok);
    for (const auto &[letter, seconds] : units) {
        if (ok && number >= 0 && number < 1'000'000 && text.endsWith(letter))
            return std::chrono::seconds(number * seconds);
    }
    return {};
}

Refusal checkReplicated(const QueueSettings &settings, const QByteArray &what)
{
    const auto invalid = [&](const char *property) {
        return refuse(ReplyCode::PreconditionFailed,
                      QByteArray("invalid property '") + property + "' for " + what);
    };
    if (settings.type == QueueType::Classic)
        return {};
    if (settings.arguments.contains(QStringLiteral("x-max-priority")))
        return refuse(ReplyCode::PreconditionFailed,
                      "invalid arg 'x-max-priority' for " + what + " of queue type "
                              + (settings.type == QueueType::Quorum ? "rabbit_quorum_queue"
                                                                    : "rabbit_stream_queue"));
    if (!settings.durable)
        return invalid("non-durable");
    if (settings.autoDelete)
        return invalid("auto-delete");
    if (settings.exclusive)
        return invalid("exclusive-owner");
    return {};
}

void refuseOthers(ArgumentReader &in, QueueType type)
{
    static const std::initializer_list<const char *> known = {"x-expires",
                                                              "x-message-ttl",
                                                              "x-dead-letter-exchange",
                                                              "x-dead-letter-routing-key",
                                                              "x-dead-letter-strategy",
                                                              "x-max-length",
                                                              "x-max-length-bytes",
                                                              "x-max-in-memory-length",
                                                              "x-max-in-memory-bytes",
                                                              "x-max-priority",
                                                              "x-overflow",
                                                              "x-queue-mode",
                                                              "x-single-active-consumer",
                                                              "x-quorum-initial-group-size",
                                                              "x-delivery-limit",
                                                              "x-max-age",
                                                              "x-stream-max-segment-size-bytes",
                                                              "x-initial-cluster-size"};
    if (type == QueueType::Classic) {
        in.refuseOthers(known,
                        {"x-expires", "x-message-ttl", "x-dead-letter-exchange",
                         "x-dead-letter-routing-key", "x-max-length", "x-max-length-bytes",
                         "x-max-priority", "x-overflow", "x-queue-mode",
                         "x-single-active-consumer"},
                        "classic");
    } else if (type == QueueType::Quorum) {
        in.refuseOthers(known,
                        {"x-expires", "x-message-ttl", "x-dead-letter-exchange",
                         "x-dead-letter-routing-key", "x-dead-letter-strategy", "x-max-length",
                         "x-max-length-bytes", "x-max-in-memory-length", "x-max-in-memory-bytes",
                         "x-overflow", "x-single-active-consumer", "x-quorum-initial-group-size",
                         "x-delivery-limit"},
                        "quorum");
    } else {
        in.refuseOthers(known,
                        {"x-max-length-bytes", "x-max-age", "x-stream-max-segment-size-bytes",
                         "x-initial-cluster-size"},
                        "stream");
    }
}

} // namespace

Refusal readArguments(QueueSettings &settings, const QByteArray &what)
{
    using std::chrono::milliseconds;
    constexpr qint64 longestTime = 315'360'000'000; // ten years
    ArgumentReader in(settings.arguments, what);
    settings.type = in.choice<QueueType>("x-queue-type",
                                         {{"classic", QueueType::Classic},
                                          {"quorum", QueueType::Quorum},
                                          {"stream", QueueType::Stream}},
                                         "\"unsupported queue type '%1'\"")
                            .value_or(QueueType::Classic);
    settings.overflow =
            in.choice<Overflow>("x-overflow",
                                {{"drop-head", Overflow::DropHead},
                                 {"reject-publish", Overflow::RejectPublish},
                                 {"reject-publish-dlx", Overflow::RejectPublishDeadLetter}},
                                "invalid_overflow")
                    .value_or(Overflow::DropHead);
    // These change nothing here.
    in.choice<int>("x-queue-mode", {{"default", 0}, {"lazy", 1}},
                   "\"unsupported queue mode '%1'\"");
    in.choice<int>("x-dead-letter-strategy", {{"at-most-once", 0}, {"at-least-once", 1}},
                   "invalid_dlx_strategy");
    for (const char *name :
         {"x-max-in-memory-length", "x-max-in-memory-bytes", "x-stream-max-segment-size-bytes"})
        in.number(name);
    for (const char *name : {"x-quorum-initial-group-size", "x-initial-cluster-size"})
        in.number(name, 1);
    if (const auto time = in.number("x-message-ttl", 0, longestTime))
        settings.messageTtl = milliseconds(*time);
    if (const auto time = in.number("x-expires", 1, longestTime))
        settings.expires = milliseconds(*time);
    settings.maxLength = in.number("x-max-length");
    settings.maxBytes = in.number("x-max-length-bytes");
    if (const QAmqpValue limit = settings.arguments.value(u"x-delivery-limit"_s);
        isInteger(limit) && limit.toInt() >= 0)
        settings.deliveryLimit = limit.toInt();
    const auto priority = in.number("x-max-priority", 0, 255, "{max_value_exceeded,");
    settings.maxPriority = int(std::clamp<qint64>(priority.value_or(0), 0, 255));
    settings.singleActiveConsumer = in.flag("x-single-active-consumer");
    settings.deadLetterExchange = in.name("x-dead-letter-exchange");
    settings.deadLetterRoutingKey = in.text("x-dead-letter-routing-key");
    if (settings.deadLetterRoutingKey && !settings.deadLetterExchange)
        in.refuseValue("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined");
    if (const auto age = in.text("x-max-age")) {
        settings.maxAge = ageFromText(*age);
        if (!settings.maxAge)
            in.refuseValue("x-max-age", "invalid_max_age");
    }
    if (settings.type == QueueType::Classic && settings.exclusive)
        settings.durable = false; // it goes with its connection
    refuseOthers(in, settings.type);
    return in.refusal() ? in.refusal() : checkReplicated(settings, what);
}

Refusal checkConsumerArguments(const QAmqpTable &arguments, QueueType type, const QByteArray &what)
{
    ArgumentReader in(arguments, what);
    if (const QAmqpValue priority = arguments.value(u"x-priority"_s);
        priority.isValid() && !isInteger(priority))
        in.refuseValue("x-priority",
                       QByteArray("\"expected integer, got ") + typeName(priority) + '"');
    in.flag("x-cancel-on-ha-failover");
    if (type != QueueType::Stream)
        in.refuseOthers({"x-stream-offset"}, {}, type == QueueType::Quorum ? "quorum" : "classic");
    return in.refusal();
}

Refusal checkMatch(const QAmqpTable &arguments)
{
    const QAmqpValue match = arguments.value(u"x-match"_s);
    if (!match.isValid())
        return {};
    if (match.type() != Type::String)
        return refuse(ReplyCode::PreconditionFailed,
                      QByteArray("Invalid x-match field type ") + typeName(match) + " (value "
                              + textOf(match) + "); expected longstr");
    for (const char16_t *known : {u"all", u"any", u"all-with-x", u"any-with-x"}) {
        if (match.toString() == QStringView(known))
            return {};
    }
    return refuse(ReplyCode::PreconditionFailed,
                  "Invalid x-match field value <<\"" + textOf(match)
                          + "\">>; expected all, any, all-with-x, or any-with-x");
}

Refusal checkAlternate(const QAmqpTable &arguments, const QByteArray &what)
{
    ArgumentReader in(arguments, what);
    in.name("alternate-exchange");
    return in.refusal();
}

Refusal compareFlag(const char *name, bool given, bool present, const QByteArray &what)
{
    const auto text = [](bool value) { return QByteArray(value ? "true" : "false"); };
    if (given == present)
        return {};
    return refuse(ReplyCode::PreconditionFailed,
                  QByteArray("inequivalent arg '") + name + "' for " + what + ": received '"
                          + text(given) + "' but current is '" + text(present) + '\'');
}

Refusal compareArguments(const char *const *names, const QAmqpTable &given,
                         const QAmqpTable &present, const QByteArray &what)
{
    const auto text = [](const QAmqpTable &table, const QString &name, bool isInBoth) {
        if (!table.contains(name))
            return QByteArray("none");
        const QAmqpValue value = table.value(name);
        const QByteArray quoted = '\'' + textOf(value) + '\'';
        return isInBoth ? quoted : "the value " + quoted + " of type '" + typeName(value) + '\'';
    };
    for (; *names; ++names) {
        const QString name = QString::fromLatin1(*names);
        const QAmqpValue a = given.value(name);
        const QAmqpValue b = present.value(name);
        if (given.contains(name) == present.contains(name)
            && (a == b || (isInteger(a) && isInteger(b) && a.toInt() == b.toInt())))
            continue;
        const bool isInBoth = given.contains(name) && present.contains(name);
        return refuse(ReplyCode::PreconditionFailed,
                      QByteArray("inequivalent arg '") + *names + "' for " + what + ": received "
                              + text(given, name, isInBoth) + " but current is "
                              + text(present, name, isInBoth));
    }
    return {};
}

Refusal compareSettings(const QueueSettings &given, const QueueSettings &present,
                        const QByteArray &what)
{
    static constexpr const char *names[] = {"x-expires",
                                            "x-message-ttl",
                                            "x-dead-letter-exchange",
                                            "x-dead-letter-routing-key",
                                            "x-max-length",
                                            "x-max-length-bytes",
                                            "x-single-active-consumer",
                                            "x-max-priority",
                                            "x-overflow",
                                            "x-queue-mode",
                                            nullptr};
    static constexpr const char *ofQuorum[] = {"x-delivery-limit", nullptr};
    static constexpr const char *ofStream[] = {"x-max-age", nullptr};
    static constexpr const char *type[] = {"x-queue-type", nullptr};
    static constexpr const char *types[] = {"classic", "quorum", "stream"};
    if (const auto refusal = compareFlag("durable", given.durable, present.durable, what))
        return refusal;
    if (const auto refusal = compareFlag("auto_delete", given.autoDelete, present.autoDelete, what))
        return refusal;
    const QString typeName = given.arguments.contains(u"x-queue-type"_s)
            ? given.arguments.value(u"x-queue-type"_s).toString()
            : u"classic"_s;
    if (typeName != QLatin1StringView(types[int(present.type)]))
        return compareArguments(type, given.arguments, present.arguments, what);
    if (present.type == QueueType::Quorum) {
        if (const auto refusal =
                    compareArguments(ofQuorum, given.arguments, present.arguments, what))
            return refusal;
    } else if (present.type == QueueType::Stream) {
        if (const auto refusal =
                    compareArguments(ofStream, given.arguments, present.arguments, what))
            return refusal;
    }
    return compareArguments(names, given.arguments, present.arguments, what);
}

} // namespace QtAmqpPrivate::Broker

QT_END_NAMESPACE
