// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "bytes.h"
#include "color.h"
#include "command.h"
#include "help.h"
#include "nearest.h"
#include "output.h"
#include "run.h"

#include <QtCore/qcoreapplication.h>

#include <algorithm>
#include <iterator>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

const Command *const messageCommands[] = {
        &publishCommand, &outboxCommand, &consumeCommand, &getCommand,
        &tapCommand,     &moveCommand,   &copyCommand,
};
const Command *const topologyCommands[] = {
        &declareQueueCommand, &declareExchangeCommand, &bindCommand,           &unbindCommand,
        &purgeCommand,        &deleteQueueCommand,     &deleteExchangeCommand,
};
const Command *const requestCommands[] = {&callCommand, &serveCommand};
const Command *const brokerCommands[] = {
        &infoCommand,
        &pingCommand,
        &perfCommand,
#ifdef QTAMQP_WITH_BROKER
        &brokerCommand,
#endif
};

const CommandGroup groups[] = {
        {"Messages", messageCommands},
        {"Queues and exchanges", topologyCommands},
        {"Requests and replies", requestCommands},
        {"Brokers", brokerCommands},
};

// The options that may come before or after the name of the command.
constexpr Option everywhere[] = {
        {"b,broker", "NAME",
         "The broker that a section [NAME] of the file qamqp/brokers.conf describes; see the manual."},
        {"url", "URL",
         "The broker: amqp://USER:PASSWORD@HOST:PORT/VHOST, amqps:// for TLS; only HOST is needed. "
         "The default is $QAMQP_URL, or else amqp://localhost. Options such as cacertfile and heartbeat "
         "follow as ?KEY=VALUE&…, see QAmqpConnectionOptions::fromUrl()."},
        {"password-file", "FILE", "Read the password from the first line of FILE."},
        {"timeout", "SECONDS", "Give up after this time, with exit status 5."},
        {"json", nullptr, "Print one JSON object in each line."},
        {"color", "WHEN",
         "Use colors: auto, which is the default, does so on a terminal unless $NO_COLOR is set; always; never.",
         colorModes},
        {"h,help", nullptr, "Print this help."},
};

constexpr Option insteadOfACommand[] = {
        {"version", nullptr, "Print the version."},
        {"man", nullptr, "Print the man page; qamqp --man | man -l - shows it."},
        {"completion", "SHELL",
         "Print what lets a shell complete commands, options and names: eval \"$(qamqp --completion bash)\".",
         "bash fish zsh"},
};

// Returns the commands whose name begins with the word: for "declare", those for queues and exchanges.
std::vector<const Command *> commandsOf(const QString &word)
{
    std::vector<const Command *> found;
    std::copy_if(
            commands().begin(), commands().end(), std::back_inserter(found),
            [&](const Command *command) { return text(command->name).startsWith(word + u' '); });
    return found;
}

// Returns what is wrong with an option that may not come before the command.
QString misplaced(const QString &argument, const QString &name)
{
    for (const Command *command : commands()) {
        for (const Option &option : command->options) {
            if (names(option).contains(name))
                return u"%1 stands before the command"_s.arg(argument);
        }
    }
    return u"unknown option %1"_s.arg(argument.section(u'=', 0, 0))
            + didYouMean(name, longNames(programOptions()));
}

// Takes the words of the command's name out of `arguments`; global options may be between them.
QStringList takeName(QStringList &arguments)
{
    QStringList words;
    qsizetype at = 0;
    while (at < arguments.size() && words.size() < 2) {
        const QString &argument = arguments.at(at);
        if (!argument.startsWith(u'-')) {
            words += arguments.takeAt(at);
            if (findCommand(words.join(u' ')))
                break;
            continue;
        }
        const QString name = argument.section(u'=', 0, 0).mid(argument.startsWith("--"_L1) ? 2 : 1);
        const auto option = std::find_if(std::begin(everywhere), std::end(everywhere),
                                         [&](const Option &o) { return names(o).contains(name); });
        if (option == std::end(everywhere)) {
            if (words.isEmpty())
                throw Failure{BadUsage, misplaced(argument, name) + u"; see qamqp --help"_s};
            break;
        }
        const bool isApart = option->value && !argument.contains(u'=');
        // Behind the command the letter may be one of its own.
        if (!argument.startsWith("--"_L1))
            arguments[at].replace(0, name.size() + 1, u"--"_s + names(*option).constLast());
        at += isApart ? 2 : 1;
    }
    return words;
}

QString unknownCommand(const QStringList &words)
{
    QStringList known;
    for (const Command *command : commandsOf(words.constFirst()))
        known += text(command->name);
    if (!known.isEmpty())
        return u"the command is not complete: write %1"_s.arg(known.join(" or "_L1));
    for (const Command *command : commands())
        known += text(command->name);
    const QString meant = nearest(words.join(u' '), known);
    return u"there is no command \"%1\"%2; there are %3"_s.arg(
            words.join(u' '), meant.isEmpty() ? QString() : u" (did you mean %1?)"_s.arg(meant),
            known.join(", "_L1));
}

// Returns false if the first argument is no such option.
bool runInsteadOfACommand(const QStringList &arguments)
{
    const QString first = arguments.value(0);
    if (first == "--version"_L1)
        print("qamqp " QTAMQP_VERSION_STR "\n");
    else if (first == "--man"_L1)
        print(manPage());
    else if (first == "--completion"_L1 || first.startsWith("--completion="_L1))
        print(completionScript(first.contains(u'=') ? first.section(u'=', 1) : arguments.value(1)));
    else if (first == "--complete"_L1) // only those scripts write it
        print(completions(arguments.mid(1)));
    else
        return false;
    return true;
}

void runCommand(QStringList arguments, QString *name)
{
    if (runInsteadOfACommand(arguments))
        return;
    if (arguments.value(0) == "help"_L1) {
        arguments.removeFirst();
        arguments += u"--help"_s;
    }
    const QStringList words = takeName(arguments);
    const bool wantsHelp = arguments.contains("--help"_L1) || arguments.contains("-h"_L1);
    if (words.isEmpty() && !wantsHelp)
        throw Failure{BadUsage, u"no command; see qamqp --help"_s};
    if (words.isEmpty())
        return print(generalHelp().toUtf8());
    const Command *command = findCommand(words.join(u' '));
    if (const auto these = commandsOf(words.constFirst()); !command && wantsHelp && !these.empty())
        return print(summaries(these).toUtf8());
    if (!command)
        throw Failure{BadUsage, unknownCommand(words)};
    *name += u' ' + text(command->name);
    const Arguments parsed(*command, arguments);
    if (parsed.isSet("help"))
        return print(parsed.help().toUtf8());
    Run run(parsed);
    command->run(run);
}

} // namespace

std::span<const CommandGroup> commandGroups() { return groups; }

std::span<const Command *const> commands()
{
    static const std::vector<const Command *> all = [] {
        std::vector<const Command *> commands;
        for (const CommandGroup &group : groups)
            commands.insert(commands.end(), group.commands.begin(), group.commands.end());
        return commands;
    }();
    return all;
}

const Command *findCommand(const QString &name)
{
    const auto all = commands();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Command *c) { return name == text(c->name); });
    return found == all.end() ? nullptr : *found;
}

std::span<const Option> globalOptions() { return everywhere; }

std::span<const Option> programOptions() { return insteadOfACommand; }

int main(const QStringList &arguments)
{
    QString name = u"qamqp"_s;
    try {
        runCommand(arguments.mid(1), &name);
    } catch (const Failure &failure) {
        if (!failure.text.isEmpty())
            complain(name, failure.text, Severity::Error);
        return failure.status;
    }
    return Done;
}

} // namespace Tool
