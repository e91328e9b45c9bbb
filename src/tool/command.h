// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TOOL_COMMAND_H
#define QTAMQP_TOOL_COMMAND_H

// A subcommand as data: its name, its arguments, its help, and its function. Each is in a file of its own;
// commands.cpp lists them and finds the one that the command line asks for, arguments.cpp reads what follows its name.

#include <QtCore/qcommandlineparser.h>
#include <QtCore/qstring.h>

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace Tool {

enum Status {
    Done = 0,
    BadUsage = 1, // options, a URL, or a file that cannot be read or written
    NoConnection = 2, // the broker was not reached, or the connection was lost: it may work later
    Refused = 3, // the broker refused a request or the login
    NotTaken = 4, // a message was returned or nacked
    TooLate = 5, // the time is up, or fewer messages came than were asked for
    BySignal = 128, // plus the signal's number: 130 for Ctrl-C
};

// Thrown to end the command: a line for standard error (none if the text is empty), and the exit status.
struct Failure
{
    int status;
    QString text;
};

class Run;

struct Option
{
    const char *names; // short and long, such as "q,queue"
    const char *value = nullptr; // the value in the help, such as "NAME"; null for a switch
    const char *help = nullptr;
    const char *values =
            nullptr; // all that there are, or the usual ones, with a blank between them
};

struct Command
{
    const char *name; // one word or two, such as "declare queue"
    const char *operands; // what follows the options, such as "QUEUE" or "[BODY]"
    int mostOperands; // the least number is that of operands without brackets
    const char *summary; // one line for the help
    const char *details; // more text for the help, may be empty
    const char *examples; // one on each line
    std::span<const Option> options;
    void (*run)(Run &);
};

// The texts of the tables are UTF-8.
inline QString text(const char *utf8) { return QString::fromUtf8(utf8); }

inline QStringList names(const Option &option) { return text(option.names).split(u','); }

// Commands that belong together, in the help.
struct CommandGroup
{
    const char *title;
    std::span<const Command *const> commands;
};

std::span<const CommandGroup> commandGroups();
// All commands, in the order of the help.
std::span<const Command *const> commands();
// Returns null if there is no such command.
const Command *findCommand(const QString &name);
// The options that each command has, and those that stand instead of a command.
std::span<const Option> globalOptions();
std::span<const Option> programOptions();
// The long names of these options and of the global ones.
QStringList longNames(std::span<const Option> options);

// The part of the command line that follows the name of the command.
class Arguments
{
public:
    // Throws a Failure that says what is wrong with `arguments`.
    Arguments(const Command &command, const QStringList &arguments);

    const Command &command() const { return m_command; }
    QString help() const;
    bool isSet(const char *option) const;
    QString value(const char *option) const;
    QStringList values(const char *option) const;
    const QStringList &operands() const { return m_operands; }
    std::optional<QByteArray> body() const; // the operand BODY, which may be any bytes
    // These throw a Failure that says what the value may be.
    quint64 number(const char *option, quint64 least, quint64 most, quint64 otherwise) const;
    std::optional<std::chrono::milliseconds> seconds(const char *option) const;
    // The time of --retry: how long to go on without a connection that is lost. 0: the command ends at once, as it does
    // if it has no such option.
    std::chrono::milliseconds retryTime() const;
    void refuseTogether(const char *one, const char *other) const;

private:
    QString parserError() const;
    void checkOptions() const;
    void checkOperands() const;

    const Command &m_command;
    QCommandLineParser m_parser;
    QStringList m_operands;
};

extern const Command publishCommand;
extern const Command outboxCommand;
extern const Command consumeCommand;
extern const Command getCommand;
extern const Command tapCommand;
extern const Command moveCommand;
extern const Command copyCommand;
extern const Command declareQueueCommand;
extern const Command declareExchangeCommand;
extern const Command bindCommand;
extern const Command unbindCommand;
extern const Command purgeCommand;
extern const Command deleteQueueCommand;
extern const Command deleteExchangeCommand;
extern const Command callCommand;
extern const Command serveCommand;
extern const Command perfCommand;
extern const Command pingCommand;
extern const Command infoCommand;
extern const Command brokerCommand;

// Runs the command that the command line asks for, and returns the exit status.
int main(const QStringList &arguments);

} // namespace Tool

#endif
