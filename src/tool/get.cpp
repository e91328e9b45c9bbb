// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp get: takes messages one by one, without a subscription.

#include "output.h"
#include "platform.h"
#include "printer.h"
#include "run.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Tool {

namespace {

// Writes and waits for it in the event loop, so that a slow reader delays only the next message.
void write(Run &run, Writer &writer, const QByteArray &bytes)
{
    const quint64 before = writer.written();
    const auto isWritten = [&] {
        if (const auto failure = writer.failure())
            throw *failure;
        return writer.written() > before;
    };
    writer.write(bytes, {});
    try {
        run.waitUntil(isWritten);
    } catch (const Failure &) {
        // After a failure the message may still be printed, and then it is acknowledged.
        if (writer.failure() || !Run::settle(isWritten, 2s))
            throw;
    }
}

void get(Run &run)
{
    const Arguments &arguments = run.arguments();
    arguments.refuseTogether("ack", "requeue");
    if (arguments.isSet("queue") == !arguments.operands().isEmpty())
        throw Failure{BadUsage, u"give one QUEUE; see qamqp get --help"_s};
    const QString queue =
            arguments.isSet("queue") ? arguments.value("queue") : arguments.operands().constFirst();
    const quint64 count = arguments.number("count", 1, std::numeric_limits<qint64>::max(), 1);
    const bool requeue = arguments.isSet("requeue");
    const Printer toOutput(arguments);
    Session session(run);
    run.setDoing(u"getting messages from \"%1\""_s.arg(queue));
    Writer writer;
    if (isPipe(Stream::Output)) // another program may write to the terminal
        run.progress().hide();
    const Counting counting(run.progress(), [&]() -> Standing {
        return {writer.written(), u"%1 of %2 messages"_s.arg(writer.written()).arg(count), {}};
    });
    for (quint64 got = 0; got < count; ++got) {
        const std::optional<QAmqpDelivery> delivery = run.wait(session.channel()->get(queue));
        if (!delivery) {
            session.close();
            throw Failure{TooLate,
                          got == 0 ? u"queue \"%1\" is empty"_s.arg(queue)
                                   : u"queue \"%1\" had %2 of %3 messages"_s.arg(
                                           queue, QString::number(got), QString::number(count))};
        }
        write(run, writer, toOutput(*delivery));
        if (!requeue) // otherwise it is held to the end, so that it does not come again at once
            delivery->ack();
    }
    session.close();
}

constexpr Option options[] = {
        {"q,queue", "QUEUE", "The same as the argument QUEUE."},
        {"n,count", "N", "How many messages to take, 1 by default; status 5 if there are fewer."},
        {"ack", nullptr, "Take them out of the queue, which is the default."},
        {"requeue", nullptr, "Look only: put them back."},
        rawOption,
        formatOption,
        saveOption,
};

} // namespace

const Command getCommand = {
        "get",
        "[QUEUE]",
        1,
        "Take messages that are in a queue",
        "Prints as consume does. A message is acknowledged after it was written.\n",
        "qamqp declare queue hello\n"
        "seq 3 | qamqp publish --queue hello --lines\n"
        "qamqp get hello\n"
        "qamqp get hello --requeue --json\n"
        "qamqp get hello --count 2 --json > messages.jsonl\n"
        "qamqp publish --json-lines --file messages.jsonl\n"
        "qamqp get hello --raw > body\n",
        options,
        get,
};

} // namespace Tool
