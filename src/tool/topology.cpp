// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp declare, bind, unbind, purge and delete.

#include "json.h"
#include "output.h"
#include "run.h"
#include "typedvalue.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

void declareQueue(Run &run)
{
    const Arguments &arguments = run.arguments();
    const QString type = arguments.value("type");
    QAmqpTable table = readTable(arguments.values("argument"), "argument");
    if (arguments.isSet("type")) {
        if (type != "classic"_L1 && type != "quorum"_L1 && type != "stream"_L1) {
            throw Failure{BadUsage, u"--type \"%1\" is not classic, quorum or stream"_s.arg(type)};
        }
        table.insert(u"x-queue-type"_s, type);
    }
    const bool replicated = type == "quorum"_L1 || type == "stream"_L1; // these must be durable
    const bool durable = arguments.isSet("durable") || replicated;
    // Nobody knows the name of such a queue to delete it; it must not be exclusive, or it would end with this
    // connection.
    const bool passing =
            arguments.operands().isEmpty() && !durable && !table.contains(u"x-expires"_s);
    if (passing)
        table.insert(u"x-expires"_s, qint32(std::chrono::milliseconds(1h).count()));
    Session session(run);
    const QAmqpQueueInfo info = run.wait(session.channel()->declareQueue(
            arguments.operands().value(0),
            QAmqpQueueOptions()
                    .setPassive(arguments.isSet("passive"))
                    .setDurable(durable)
                    .setExclusive(false)
                    .setAutoDelete(arguments.isSet("auto-delete") || passing)
                    .setArguments(table)));
    session.close();
    if (run.json()) {
        return print(JsonObject()
                             .addText("queue", info.name)
                             .addNumber("message_count", info.messageCount)
                             .addNumber("consumer_count", info.consumerCount)
                             .line());
    }
    print(u"%1: messages %2, consumers %3\n"_s
                  .arg(QAmqpError::printable(info.name), QString::number(info.messageCount),
                       QString::number(info.consumerCount))
                  .toUtf8());
}

void declareExchange(Run &run)
{
    const Arguments &arguments = run.arguments();
    const QString name = arguments.operands().constFirst();
    const QString type = arguments.isSet("type") ? arguments.value("type") : u"direct"_s;
    Session session(run);
    run.wait(session.channel()->declareExchange(
            name, type,
            QAmqpExchangeOptions()
                    .setPassive(arguments.isSet("passive"))
                    .setDurable(arguments.isSet("durable"))
                    .setAutoDelete(arguments.isSet("auto-delete"))
                    .setInternal(arguments.isSet("internal"))
                    .setArguments(readTable(arguments.values("argument"), "argument"))));
    session.close();
    if (!run.json())
        return;
    JsonObject json;
    json.addText("exchange", name);
    if (!arguments.isSet("passive") || arguments.isSet("type")) // otherwise it is not known
        json.addText("type", type);
    print(json.line());
}

void bindOrUnbind(Run &run, bool bind)
{
    const Arguments &arguments = run.arguments();
    const bool toQueue = arguments.isSet("queue");
    arguments.refuseTogether("queue", "to-exchange");
    if (!arguments.isSet("exchange") || (!toQueue && !arguments.isSet("to-exchange"))) {
        throw Failure{BadUsage, u"give --exchange and one of --queue and --to-exchange"_s};
    }
    const QString source = arguments.value("exchange");
    const QString destination = arguments.value(toQueue ? "queue" : "to-exchange");
    const QString key = arguments.value("routing-key");
    const QAmqpTable table = readTable(arguments.values("argument"), "argument");
    Session session(run);
    QAmqpChannel *channel = session.channel();
    const auto call = bind ? (toQueue ? &QAmqpChannel::bindQueue : &QAmqpChannel::bindExchange)
                           : (toQueue ? &QAmqpChannel::unbindQueue : &QAmqpChannel::unbindExchange);
    run.wait((channel->*call)(destination, source, key, table));
    session.close();
    if (run.json()) {
        print(JsonObject()
                      .addText("exchange", source)
                      .addText(toQueue ? "queue" : "to_exchange", destination)
                      .addText("routing_key", key)
                      .add("arguments", table.toJson())
                      .add("bound", bind)
                      .line());
    }
}

void bind(Run &run) { bindOrUnbind(run, true); }

void unbind(Run &run) { bindOrUnbind(run, false); }

void printCount(Run &run, const QString &queue, const char *member, quint32 count)
{
    if (run.json())
        return print(JsonObject().addText("queue", queue).addNumber(member, count).line());
    print(u"%1: messages %2 %3\n"_s.arg(queue, QLatin1StringView(member), QString::number(count))
                  .toUtf8());
}

void purge(Run &run)
{
    const QString queue = run.arguments().operands().constFirst();
    Session session(run);
    const quint32 count = run.wait(session.channel()->purgeQueue(queue));
    session.close();
    printCount(run, queue, "purged", count);
}

void deleteQueue(Run &run)
{
    const QString queue = run.arguments().operands().constFirst();
    QAmqpChannel::DeleteFlags flags = QAmqpChannel::Unconditionally;
    flags.setFlag(QAmqpChannel::IfUnused, run.arguments().isSet("if-unused"));
    flags.setFlag(QAmqpChannel::IfEmpty, run.arguments().isSet("if-empty"));
    Session session(run);
    const quint32 count = run.wait(session.channel()->deleteQueue(queue, flags));
    session.close();
    printCount(run, queue, "deleted", count);
}

void deleteExchange(Run &run)
{
    const QString exchange = run.arguments().operands().constFirst();
    const auto flags = run.arguments().isSet("if-unused") ? QAmqpChannel::IfUnused
                                                          : QAmqpChannel::Unconditionally;
    Session session(run);
    run.wait(session.channel()->deleteExchange(exchange, flags));
    session.close();
    if (run.json())
        print(JsonObject().addText("exchange", exchange).add("deleted", true).line());
}

constexpr Option argument = {"argument", "KEY=TYPE:VALUE",
                             "An argument of any AMQP type, such as x-max-length=int32:1000 or "
                             "x-overflow=reject-publish. Repeatable."};
constexpr Option passive = {"passive", nullptr, "Declare nothing, only ask whether it exists."};
constexpr Option autoDelete = {"auto-delete", nullptr,
                               "It is deleted when it was used and is not used any more."};

constexpr Option queueOptions[] = {
        {"durable", nullptr, "It survives a restart of the broker."},
        {"type", "TYPE", "classic, quorum or stream; the last two are durable.",
         "classic quorum stream"},
        autoDelete,
        passive,
        argument,
};
constexpr Option exchangeOptions[] = {
        {"type", "TYPE", "direct (the default), fanout, topic, headers or a plugin's.",
         "direct fanout topic headers"},
        {"durable", nullptr, "It survives a restart of the broker."},
        {"internal", nullptr, "Only other exchanges can publish to it."},
        autoDelete,
        passive,
        argument,
};
constexpr Option bindOptions[] = {
        {"e,exchange", "EXCHANGE", "Where messages come from."},
        {"q,queue", "QUEUE", "Where they go."},
        {"to-exchange", "EXCHANGE", "Where they go instead."},
        {"r,routing-key", "KEY", "The routing key of the binding, empty by default."},
        argument,
};
constexpr Option unused = {"if-unused", nullptr, "Delete it only if nothing uses it."};
constexpr Option deleteQueueOptions[] = {
        unused, {"if-empty", nullptr, "Delete it only if it has no messages."}};
constexpr Option deleteExchangeOptions[] = {unused};

} // namespace

const Command declareQueueCommand = {
        "declare queue",
        "[QUEUE]",
        1,
        "Make a queue, or ask for its counts",
        "Prints the name, and how many messages and consumers it has. Without QUEUE the broker chooses a\n"
        "name. Such a queue is deleted after its last consumer, or when nothing has used it for an hour, unless\n"
        "it is declared with --durable, --type quorum or --type stream, or has an x-expires of its own. It is\n"
        "not exclusive, since it would be deleted with the connection of this command.\n",
        "qamqp declare queue\n"
        "qamqp declare queue jobs --durable\n"
        "qamqp declare queue orders --type quorum --argument x-delivery-limit=int32:5\n"
        "qamqp declare queue jobs --passive --json\n",
        queueOptions,
        declareQueue,
};
const Command declareExchangeCommand = {
        "declare exchange",
        "EXCHANGE",
        1,
        "Make an exchange",
        "",
        "qamqp declare exchange logs --type topic --durable\n"
        "qamqp declare exchange in --type fanout --argument alternate-exchange=lost\n",
        exchangeOptions,
        declareExchange,
};
const Command bindCommand = {
        "bind",
        "",
        0,
        "Let messages of an exchange flow into a queue or exchange",
        "",
        "qamqp declare exchange logs --type topic\n"
        "qamqp declare queue errors\n"
        "qamqp bind --exchange logs --queue errors --routing-key '*.error'\n"
        "qamqp bind -e amq.topic --to-exchange logs -r '#'\n"
        "qamqp bind -e amq.headers -q errors --argument x-match=any --argument type=pdf\n",
        bindOptions,
        bind,
};
const Command unbindCommand = {
        "unbind",
        "",
        0,
        "Remove a binding",
        "The routing key and the arguments must be those with which it was bound.\n",
        "qamqp declare queue errors\n"
        "qamqp bind --exchange amq.topic --queue errors --routing-key '*.error'\n"
        "qamqp unbind --exchange amq.topic --queue errors --routing-key '*.error'\n",
        bindOptions,
        unbind,
};
const Command purgeCommand = {
        "purge",
        "QUEUE",
        1,
        "Remove all messages that are ready in a queue",
        "Prints how many there were. Messages that a consumer has not acknowledged yet stay.\n",
        "qamqp declare queue hello\n"
        "qamqp purge hello\n",
        {},
        purge,
};
const Command deleteQueueCommand = {
        "delete queue",
        "QUEUE",
        1,
        "Delete a queue with its messages",
        "Prints how many messages were deleted with it, 0 if there was no such queue.\n",
        "qamqp declare queue hello\n"
        "qamqp delete queue hello --if-empty --if-unused\n",
        deleteQueueOptions,
        deleteQueue,
};
const Command deleteExchangeCommand = {
        "delete exchange",
        "EXCHANGE",
        1,
        "Delete an exchange",
        "",
        "qamqp declare exchange logs\n"
        "qamqp delete exchange logs --if-unused\n",
        deleteExchangeOptions,
        deleteExchange,
};

} // namespace Tool
