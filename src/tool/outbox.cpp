// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp outbox: shows what is in the file of an outbox, or sends it.

#include "boxsender.h"
#include "filebox.h"
#include "format.h"
#include "json.h"
#include "output.h"

#include <QtCore/qfileinfo.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

QString counted(qint64 count, const QString &what)
{
    return u"%1 %2%3"_s.arg(QString::number(count), what, count == 1 ? QString() : u"s"_s);
}

QByteArray lineOf(const QAmqpOutboxMessage &message)
{
    const QString target = message.exchange.isEmpty()
            ? u"queue \"%1\""_s.arg(message.routingKey)
            : u"exchange \"%1\" with routing key \"%2\""_s.arg(message.exchange,
                                                               message.routingKey);
    QString line = u"message %1: %2 to %3"_s.arg(
            QString::number(message.id), counted(message.message.size(), u"byte"_s), target);
    if (!message.message.messageId().isEmpty())
        line += u", message-id "_s + message.message.messageId();
    if (message.expires.isValid())
        line += u", expires "_s + message.expires.toUTC().toString(Qt::ISODateWithMs);
    return QAmqpError::printable(line).toUtf8() + '\n';
}

QByteArray jsonOf(const QAmqpOutboxMessage &message)
{
    JsonObject json;
    json.add("id", QByteArray::number(message.id))
            .addText("exchange", message.exchange)
            .addText("routing_key", message.routingKey)
            .addNumber("bytes", message.message.size())
            .addText("message_id", message.message.messageId());
    if (message.expires.isValid())
        json.addText("expires", message.expires.toUTC().toString(Qt::ISODateWithMs));
    return json.line();
}

// Nothing is sent or changed: the outbox does that from the event loop, which does not run.
void show(const Run &run, const QAmqpOutbox &box, const QString &fileName)
{
    std::optional<MessageFormat> format;
    if (run.arguments().isSet("format"))
        format.emplace(run.arguments().value("format"));
    else
        print(run.json() ? JsonObject()
                                   .addNumber("count", box.count())
                                   .addNumber("bytes", box.bytes())
                                   .line()
                         : u"%1: %2, %3\n"_s
                                   .arg(fileName, counted(box.count(), u"message"_s),
                                        counted(box.bytes(), u"byte"_s))
                                   .toUtf8());
    qint64 shown = 0;
    for (quint64 last = 0;;) {
        const QList<QAmqpOutboxMessage> some = box.messages(1000, last);
        if (some.isEmpty())
            break;
        QByteArray lines;
        for (const QAmqpOutboxMessage &message : some)
            lines += format ? (*format)({.message = message.message, .waiting = &message})
                            : (run.json() ? jsonOf(message) : lineOf(message));
        print(lines);
        last = some.constLast().id;
        shown += some.size();
    }
    if (shown != box.count())
        throw Failure{BadUsage,
                      u"only %1 of %2 messages in %3 can be read"_s.arg(
                              QString::number(shown), QString::number(box.count()), fileName)};
}

void send(Run &run, const QString &fileName)
{
    BoxSender sender(run, fileName);
    const Counting counting(run.progress(), [&]() -> Standing {
        const Tally tally = sender.tally();
        return {tally.confirmed, tally.summary(),
                u"waiting for the broker to confirm %1"_s.arg(sender.unconfirmed())};
    });
    try {
        sender.finish();
    } catch (const Failure &failure) {
        sender.settle();
        throw sender.reported(run, failure);
    }
    sender.report(run);
}

void outbox(Run &run)
{
    run.arguments().refuseTogether("format", "json");
    run.arguments().refuseTogether("format", "send");
    const QString fileName = run.arguments().operands().constFirst();
    const QFileInfo file(fileName);
    if (!file.exists())
        throw Failure{BadUsage, u"there is no file %1"_s.arg(fileName)};
    if (file.isFile() && file.size() == 0)
        throw Failure{BadUsage, u"the file %1 is empty, and no outbox"_s.arg(fileName)};
    if (run.arguments().isSet("send"))
        return send(run, fileName);
    show(run, *openFileBox(fileName), fileName);
}

constexpr Option options[] = {
        {"send", nullptr,
         "Publish the messages, each to where it was to go, and wait until the broker has confirmed them."},
        formatOption,
        windowOption,
        retryOption,
};

} // namespace

const Command outboxCommand = {
        "outbox",
        "FILE",
        1,
        "Show or send the messages in the file of an outbox",
        "FILE is what publish --outbox or a program with QAmqpFileOutbox has written. A line for the whole and one\n"
        "for each message is printed: its number in the file, how many bytes it has, and where it is to go. That\n"
        "needs no broker and changes nothing, but nobody else may have the file open.\n"
        "With --send it ends like publish: with status 0 when all messages are confirmed, with status 4 when some\n"
        "were not taken. What could not be sent stays in FILE.\n",
        "qamqp declare queue hello\n"
        "seq 3 | qamqp publish -q hello --lines --outbox hello.box\n"
        "qamqp outbox hello.box\n"
        "qamqp outbox hello.box --json\n"
        "qamqp outbox hello.box --send --retry 10\n",
        options,
        outbox,
};

} // namespace Tool
