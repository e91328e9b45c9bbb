// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "help.h"

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

// A help with more commands than this is easier to read in groups.
constexpr size_t mostWithoutGroups = 15;

constexpr qsizetype width = 80;

constexpr StatusText statuses[] = {
        {"0", "done"},
        {"1", "bad usage or file"},
        {"2", "broker not reached or connection lost, which may work later"},
        {"3", "refused by the broker (login, virtual host, permission, a precondition)"},
        {"4", "message nacked or returned"},
        {"5", "timed out or too few messages"},
        {"130", "ended by Ctrl-C"},
        {"143", "ended by SIGTERM"},
};

QString wrapped(const QString &line)
{
    QString lines;
    qsizetype column = 0;
    for (const QString &word : line.split(u' ')) {
        const bool fits = column + 1 + word.size() < width;
        if (column > 0)
            lines += fits ? u' ' : u'\n';
        column = (column > 0 && fits ? column + 1 : 0) + word.size();
        lines += word;
    }
    return lines + u'\n';
}

} // namespace

std::span<const StatusText> statusTexts() { return statuses; }

QString statusHelp()
{
    QStringList all;
    for (const StatusText &status : statuses)
        all += text(status.number) + u' ' + text(status.meaning);
    return wrapped(u"Exit status: "_s + all.join(", "_L1) + u'.');
}

QString summaries(std::span<const Command *const> commands)
{
    QString lines;
    for (const Command *command : commands) {
        lines += u"  %1  %2\n"_s.arg(text(command->name).leftJustified(16), text(command->summary));
    }
    return lines;
}

QString generalHelp()
{
    QString help = u"Usage: qamqp COMMAND [OPTIONS]\n"
                   "Publishes, consumes and looks after messages of an AMQP 0-9-1 broker.\n\n"_s;
    if (commands().size() <= mostWithoutGroups)
        help += u"Commands:\n"_s + summaries(commands());
    else {
        for (const CommandGroup &group : commandGroups())
            help += text(group.title) + u":\n"_s + summaries(group.commands);
    }
    help += u"\nFirst steps:\n  qamqp declare queue hello\n  qamqp publish --queue hello 'Hello, world!'\n"
            "  qamqp consume hello --count 1\n\n"_s;
    help += wrapped(
            u"Each command has a help of its own, such as qamqp publish --help, and all of it is in man qamqp. "
            "The broker is named by --url, by --broker, or by the environment variable QAMQP_URL."_s);
    return help + statusHelp();
}

} // namespace Tool
