// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp call: one request, and its reply.

#include "input.h"
#include "message.h"
#include "missing.h"
#include "output.h"
#include "platform.h"
#include "printer.h"
#include "run.h"

#include <QtAmqp/qamqprpcclient.h>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

void checkOptions(const Arguments &arguments)
{
    arguments.refuseTogether("queue", "exchange");
    arguments.refuseTogether("queue", "routing-key");
    if (!arguments.isSet("queue") && !arguments.isSet("exchange")
        && !arguments.isSet("routing-key"))
        throw Failure{
                BadUsage,
                u"the request needs a target: give --queue, or --exchange and --routing-key; see qamqp call --help"_s};
    if (!arguments.operands().isEmpty() && arguments.isSet("file"))
        throw Failure{BadUsage, u"BODY and --file do not go together; leave one out"_s};
    for (const char *own : {"reply-to", "correlation-id"}) {
        if (arguments.isSet(own))
            throw Failure{BadUsage,
                          u"--%1 is chosen by call; leave it out"_s.arg(QLatin1StringView(own))};
    }
}

QByteArray readBody(Run &run)
{
    const Arguments &arguments = run.arguments();
    if (const auto body = arguments.body())
        return *body;
    const bool isTyped = !arguments.isSet("file") && isTerminal(Stream::Input);
    if (isTyped)
        complain(u"qamqp call"_s, u"reading standard input; Ctrl-D ends it"_s);
    Input input(arguments.value("file"), Input::Whole);
    run.setDoing(u"reading the request"_s);
    if (isTyped)
        run.progress().hide();
    run.waitUntil([&] { return input.hasNext(); });
    return input.takeNext();
}

void call(Run &run)
{
    const Arguments &arguments = run.arguments();
    checkOptions(arguments);
    const Printer toOutput(arguments);
    QAmqpMessage request = withProperties(arguments);
    request.setBody(readBody(run));
    Session session(run);
    declareMissing(run, session.connection(), arguments.value("queue"),
                   arguments.value("exchange"));
    QAmqpRpcClient client(session.channel());
    if (arguments.isSet("timeout")) // the timeout of the whole run is enough
        client.setTimeout(0ms);
    run.setDoing(u"waiting for the reply"_s);
    const bool toQueue = arguments.isSet("queue");
    const QAmqpMessage reply =
            run.wait(client.call(toQueue ? QString() : arguments.value("exchange"),
                                 arguments.value(toQueue ? "queue" : "routing-key"), request));
    session.close();
    print(toOutput(reply));
}

const std::vector<Option> options = withMessageOptions({
        {"q,queue", "QUEUE", "The server's queue."},
        {"e,exchange", "EXCHANGE", "Publish to this exchange, with --routing-key."},
        {"r,routing-key", "KEY", "Empty by default."},
        {"f,file", "FILE", "Read the request from FILE."},
        declareOption,
        rawOption,
        formatOption,
});

} // namespace

const Command callCommand = {
        "call",
        "[BODY]",
        1,
        "Send a request and print the reply",
        "The request is BODY, or is read from standard input. Prints the body of the reply and a newline,\n"
        "with --raw the body alone, or with --json an object with its properties and body. Status 5 if no\n"
        "reply comes within --timeout, 30 seconds by default; status 4 if no queue takes the request.\n",
        "qamqp declare queue uppercase\n"
        "qamqp serve --queue uppercase --count 2 -- tr a-z A-Z &\n"
        "qamqp call --queue uppercase hello\n"
        "echo '{\"id\":7}' | qamqp call -q uppercase --timeout 5 --json --content-type application/json\n",
        options,
        call,
};

} // namespace Tool
