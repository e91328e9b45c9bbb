// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp consume: a message is acknowledged after it was written; all others go back to the queue.

#include "consumption.h"
#include "missing.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

// Returns the queue to consume from: that of the options, or a temporary one that is declared and bound here.
QString prepareQueue(Run &run, Session &session)
{
    const Arguments &arguments = run.arguments();
    const QString given =
            arguments.isSet("queue") ? arguments.value("queue") : arguments.operands().value(0);
    declareMissing(run, session.connection(), given, arguments.value("exchange"));
    if (!arguments.isSet("exchange"))
        return given;
    const QString queue =
            run.wait(session.channel()->declareQueue(
                             QString(), QAmqpQueueOptions().setExclusive().setAutoDelete()))
                    .name;
    QStringList keys = arguments.values("binding");
    if (keys.isEmpty())
        keys += QString();
    for (const QString &key : std::as_const(keys))
        run.wait(session.channel()->bindQueue(queue, arguments.value("exchange"), key));
    return queue;
}

void checkOptions(const Arguments &arguments)
{
    const bool operand = !arguments.operands().isEmpty();
    const int sources = arguments.isSet("queue") + arguments.isSet("exchange") + operand;
    if (sources != 1)
        throw Failure{BadUsage, u"give one of QUEUE and --exchange; see qamqp consume --help"_s};
    if (arguments.isSet("binding") && !arguments.isSet("exchange"))
        throw Failure{BadUsage, u"--binding is for --exchange; a queue keeps its bindings"_s};
    if (arguments.isSet("no-ack") && arguments.isSet("count")) {
        throw Failure{BadUsage,
                      u"--no-ack and --count do not go together: messages that are on their "
                      "way when the count is reached would be lost; leave --no-ack out"_s};
    }
}

void consume(Run &run)
{
    checkOptions(run.arguments());
    consumeAll(run, [&run](Session &session) { return prepareQueue(run, session); });
}

constexpr Option options[] = {
        {"q,queue", "QUEUE", "The same as the argument QUEUE."},
        {"e,exchange", "EXCHANGE", "Consume from a temporary queue that is bound to EXCHANGE."},
        {"b,binding", "KEY",
         "The routing key of the temporary queue's binding, empty by default. Repeatable."},
        {"n,count", "N", "End after N messages; status 5 if fewer came within --timeout."},
        {"prefetch", "N",
         "How many messages may be unacknowledged at a time, 250 by default, 0 for no limit."},
        {"no-ack", nullptr, "Let the broker forget a message as it sends it."},
        {"exclusive", nullptr, "Ask to be the queue's only consumer."},
        declareOption,
        retryOption,
        rawOption,
        formatOption,
        saveOption,
        {"argument", "KEY=TYPE:VALUE",
         "An argument of the subscription, such as "
         "x-stream-offset=first. Repeatable."},
};

} // namespace

const Command consumeCommand = {
        "consume",
        "[QUEUE]",
        1,
        "Print messages as they come",
        "Prints each body and a newline; with --raw the body alone, as it comes; with --format a line of one's own; with\n"
        "--json an object with the envelope, all properties (headers with their AMQP types) and the body,\n"
        "which publish --json-lines takes. A text or name that is not UTF-8 is in base64 under a name with\n"
        "_base64 behind it; headers with such names, or with a name twice, are an array of entries.\n"
        "A message is acknowledged after it was written; if the reader of the output goes away it ends at\n"
        "once, and what was not written goes back to the queue. With --timeout and no --count it ends in\n"
        "time with status 0. If the connection is lost it goes on when that is back; messages that were not\n"
        "acknowledged come again, and may be printed twice.\n",
        "qamqp declare queue hello\n"
        "seq 20 | qamqp publish --queue hello --lines\n"
        "qamqp consume hello --count 10 --timeout 5 --json\n"
        "qamqp consume hello --timeout 1 --format '%r: %b'\n"
        "qamqp consume --exchange amq.topic --binding 'app.*' --binding 'db.#' --timeout 1\n"
        "qamqp declare queue events --type stream\n"
        "qamqp consume events --argument x-stream-offset=first --prefetch 100 --timeout 1\n",
        options,
        consume,
};

} // namespace Tool
