// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp publish: every message is confirmed unless --no-confirms is given, and failures are listed.

#include "boxsender.h"
#include "message.h"
#include "missing.h"
#include "output.h"
#include "source.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

std::unique_ptr<Sender> makeSender(Run &run, const Source &source)
{
    const Arguments &arguments = run.arguments();
    if (arguments.isSet("outbox"))
        return std::make_unique<BoxSender>(run, arguments.value("outbox"));
    if (arguments.isSet("no-confirms") || source.isLargeFile())
        return std::make_unique<ChannelSender>(run, !arguments.isSet("no-confirms"));
    return std::make_unique<BoxSender>(run);
}

Standing standingOf(const Sender &sender, bool isReading)
{
    const Tally tally = sender.tally();
    const quint64 unsettled = sender.unconfirmed();
    return {tally.published, tally.summary(),
            unsettled > 0 ? u"waiting for the broker to confirm %1"_s.arg(unsettled)
                          : QString(isReading ? u"waiting for input"_s : QString())};
}

void sendAll(Run &run, Source &source, Sender &sender)
{
    constexpr int mostAtATime = 256;

    for (int sent = 1;; ++sent) {
        run.waitUntil([&] { return source.isOver() || (source.hasNext() && sender.isReady()); });
        if (source.isOver())
            break;
        if (const std::optional<Outgoing> next = source.takeNext())
            sender.send(*next);
        if (sent % mostAtATime == 0) {
            QCoreApplication::processEvents();
            run.check();
        }
    }
}

// What was read of the input goes to the file too, since nobody could read it once more.
void keepRest(Source &source, Sender &sender)
{
    source.end();
    try {
        Run::settle(
                [&] {
                    while (source.hasNext()) {
                        if (const std::optional<Outgoing> next = source.takeNext())
                            sender.send(*next);
                    }
                    return source.isOver();
                },
                1s);
    } catch (const Failure &) {
        return; // another one ends the command
    }
}

// By a connection of its own, before the first message.
void declareTarget(Run &run)
{
    const Arguments &arguments = run.arguments();
    if (!arguments.isSet("declare"))
        return;
    arguments.refuseTogether("declare", "outbox");
    const QString exchange = arguments.value("exchange");
    const QString queue = arguments.isSet("queue") ? arguments.value("queue")
            : exchange.isEmpty()                   ? arguments.value("routing-key")
                                                   : QString();
    if (queue.isEmpty() && exchange.isEmpty())
        throw Failure{BadUsage, u"--declare needs --queue or --exchange"_s};
    Link link(run);
    link.open([&] { return link.connection().isOpen(); });
    declareMissing(run, link.connection(), queue, exchange);
    link.close();
}

void publish(Run &run)
{
    Source source(run.arguments());
    declareTarget(run);
    const std::unique_ptr<Sender> sender = makeSender(run, source);
    bool isReading = source.isStream();
    const Counting counting(run.progress(), [&] { return standingOf(*sender, isReading); });
    if (source.isTyped())
        run.progress().hide();
    try {
        sendAll(run, source, *sender);
        isReading = false;
        sender->finish();
    } catch (const Failure &failure) {
        if (run.arguments().isSet("outbox") && failure.status != BadUsage)
            keepRest(source, *sender);
        sender->settle();
        throw sender->reported(run, failure);
    }
    sender->report(run);
}

const std::vector<Option> options = withMessageOptions({
        {"q,queue", "QUEUE", "Publish to this queue, through the default exchange."},
        {"e,exchange", "EXCHANGE", "Publish to this exchange, with --routing-key."},
        {"r,routing-key", "KEY", "Empty by default."},
        {"f,file", "FILE", "Read the body (or the lines) from FILE."},
        {"lines", nullptr, "Send each line of the input as a message."},
        {"json-lines", nullptr,
         "Send the messages that get and consume printed with --json, each as it was and to where it went, "
         "unless another target or other properties are given here."},
        {"from", "DIR",
         "Send the messages that consume, get and tap have saved with --save, in the order of their names, as "
         "--json-lines does."},
        {"n,count", "N", "Send the message N times."},
        {"size", "N", "A body of N bytes."},
        {"mandatory", nullptr,
         "A message that reaches no queue is an error, exit status 4. This is the default for messages to a queue and "
         "with --json-lines."},
        {"no-mandatory", nullptr, "Let the broker drop a message that reaches no queue."},
        declareOption,
        {"no-confirms", nullptr, "Do not ask the broker to confirm."},
        windowOption,
        {"outbox", "FILE",
         "Keep each message in FILE until the broker has confirmed it, and take messages while the broker is away too. "
         "What is in FILE from an earlier run is sent first; qamqp outbox FILE shows it."},
        retryOption,
});

} // namespace

const Command publishCommand = {
        "publish",
        "[BODY]",
        1,
        "Send messages to an exchange or a queue",
        "The body is BODY, which may be any bytes, or is read from standard input. With confirms, which is the\n"
        "default, the command ends when the broker has taken responsibility for each message. A message for a\n"
        "queue that does not exist is an error, status 4, which names the queue; with --no-mandatory the broker\n"
        "drops it.\n"
        "--json-lines sends an object in each line: exchange, routing_key, properties and body as get and\n"
        "consume print them with --json, every property, header type and byte as it was. What is not UTF-8\n"
        "stands in base64 under a name that ends in _base64. Other members of such a line, such as\n"
        "delivery_tag, count for nothing. What stands on the command line comes before what stands there.\n"
        "If a line is wrong or refused it ends, having sent the lines before it.\n"
        "If the connection is lost it goes on when that is back, and publishes again what was sent and not\n"
        "confirmed; such a message may arrive twice. If that lasts longer than --retry, it names the messages\n"
        "that were not confirmed by their numbers.\n"
        "With --outbox FILE nothing that was read is lost if that happens, or if this command is killed: the\n"
        "messages stay in FILE, and the next run with it sends them. While there is input it goes on without a\n"
        "broker for as long as it takes; the time of --retry begins at the end of the input. If it ends before\n"
        "all is confirmed, it says how many messages stay in FILE.\n",
        "qamqp declare queue hello\n"
        "qamqp publish --queue hello 'Hello, world!'\n"
        "qamqp publish -q hello --header attempt=int32:1 --header 'tags=array:[\"a\",\"b\"]' --priority 5 job\n"
        "echo '{\"id\":7}' | qamqp publish -q hello --persistent --content-type application/json\n"
        "qamqp get hello --json | qamqp publish --json-lines\n"
        "date | qamqp publish -e amq.topic -r app.log --lines\n"
        "date | qamqp publish -q hello --lines --outbox app.box\n"
        "qamqp publish -q hello --size 1024 --count 1000\n"
        "qamqp get hello --count 2 --save messages\n"
        "qamqp publish --from messages\n"
        "qamqp publish --declare -q new 'The queue is there now.'\n",
        options,
        publish,
};

} // namespace Tool
