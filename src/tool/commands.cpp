// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "bytes.h"
#include "command.h"
#include "output.h"
#include "run.h"

#include <QtCore/qcoreapplication.h>

#include <algorithm>
#include <iterator>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

const Command *const commands[] = {
        &publishCommand,     &outboxCommand,         &consumeCommand,
        &getCommand,         &declareQueueCommand,   &declareExchangeCommand,
        &bindCommand,        &unbindCommand,         &purgeCommand,
        &deleteQueueCommand, &deleteExchangeCommand, &callCommand,
        &serveCommand,       &perfCommand,           &pingCommand,
#ifdef QTAMQP_WITH_BROKER
        &brokerCommand,
#endif
};

// The options that may come before or after the name of the command.
constexpr Option globalOptions[] = {
        {"url", "URL",
         "The broker: amqp://USER:PASSWORD@HOST:PORT/VHOST, amqps:// for TLS; only HOST is needed. "
         "The default is $QAMQP_URL, or else amqp://localhost. Options such as cacertfile and heartbeat "
         "follow as ?KEY=VALUE&…, see QAmqpConnectionOptions::fromUrl()."},
        {"password-file", "FILE", "Read the password from the first line of FILE."},
        {"timeout", "SECONDS", "Give up after this time, with exit status 5."},
        {"json", nullptr, "Print one JSON object in each line."},
        {"h,help", nullptr, "Print this help."},
};

// The only argument that need not be UTF-8.
constexpr auto bodyOperand = "[BODY]"_L1;

constexpr char statusHelp[] =
        "Exit status: 0 done, 1 bad usage or file, 2 broker not reached or connection lost, which may work\n"
        "later, 3 refused by the broker (login, virtual host, permission, a precondition), 4 message nacked\n"
        "or returned, 5 timed out or too few messages, 130 ended by Ctrl-C, 143 ended by SIGTERM.\n";

QString text(const char *utf8) { return QString::fromUtf8(utf8); }

QStringList names(const Option &option) { return text(option.names).split(u','); }

void addOptions(QCommandLineParser &parser, std::span<const Option> options)
{
    for (const Option &option : options)
        parser.addOption({names(option), text(option.help), text(option.value)});
}

// Returns the commands whose name begins with the word: for "declare", those for queues and exchanges.
std::vector<const Command *> commandsOf(const QString &word)
{
    std::vector<const Command *> found;
    std::copy_if(
            std::begin(commands), std::end(commands), std::back_inserter(found),
            [&](const Command *command) { return text(command->name).startsWith(word + u' '); });
    return found;
}

QString summaries(std::span<const Command *const> which)
{
    QString lines;
    for (const Command *command : which)
        lines += u"  %1  %2\n"_s.arg(text(command->name).leftJustified(17), text(command->summary));
    return lines;
}

QString generalHelp()
{
    QString help = u"Usage: qamqp COMMAND [OPTIONS]\n"
                   "Publishes, consumes and looks after messages of an AMQP 0-9-1 broker such as "
                   "RabbitMQ.\n\nCommands:\n"_s;
    help += summaries(commands);
    help += u"\nFirst steps:\n  qamqp declare queue hello\n  qamqp publish --queue hello 'Hello, world!'\n"
            "  qamqp consume hello --count 1\n"_s;
    help += u"\nEach command has a help of its own: qamqp publish --help. The broker is named by --url or in\n"
            "the environment: export QAMQP_URL=amqp://user@host/vhost, with --password-file FILE.\n\n"_s;
    return help + text(statusHelp);
}

const Command *findCommand(const QString &name)
{
    const auto found = std::find_if(std::begin(commands), std::end(commands),
                                    [&](const Command *c) { return name == text(c->name); });
    return found == std::end(commands) ? nullptr : *found;
}

QStringList longNames(std::span<const Option> options)
{
    QStringList all;
    for (const std::span<const Option> some : {options, std::span<const Option>(globalOptions)}) {
        for (const Option &option : some)
            all += names(option).constLast();
    }
    return all;
}

// Returns how many letters must be added, dropped, changed or swapped to make one word of the other.
qsizetype distance(const QString &one, const QString &other)
{
    QList<QList<qsizetype>> rows(one.size() + 1, QList<qsizetype>(other.size() + 1));
    for (qsizetype i = 0; i <= one.size(); ++i) {
        for (qsizetype j = 0; j <= other.size(); ++j) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            const bool same = one.at(i - 1) == other.at(j - 1);
            rows[i][j] = std::min(
                    {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && one.at(i - 1) == other.at(j - 2)
                    && one.at(i - 2) == other.at(j - 1);
            if (swapped)
                rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows.constLast().constLast();
}

// Returns the known word that was probably meant, or an empty text if none is similar.
QString nearest(const QString &word, const QStringList &known)
{
    QString best;
    qsizetype least = std::max(word.size() / 3, qsizetype(1)) + 1;
    for (const QString &candidate : known) {
        const qsizetype far = candidate.startsWith(word) ? 1 : distance(word, candidate);
        if (far < least && far < candidate.size()) {
            best = candidate;
            least = far;
        }
    }
    return best;
}

QString didYouMean(const QString &option, const QStringList &known)
{
    const QString meant = nearest(option, known);
    return meant.isEmpty() ? QString() : u" (did you mean --%1?)"_s.arg(meant);
}

// Returns what is wrong with an option that may not come before the command.
QString misplaced(const QString &argument, const QString &name)
{
    for (const Command *command : commands) {
        for (const Option &option : command->options) {
            if (names(option).contains(name))
                return u"%1 stands before the command"_s.arg(argument);
        }
    }
    return u"unknown option %1"_s.arg(argument.section(u'=', 0, 0))
            + didYouMean(name, QStringList(u"version"_s) + longNames({}));
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
        const auto option = std::find_if(std::begin(globalOptions), std::end(globalOptions),
                                         [&](const Option &o) { return names(o).contains(name); });
        if (option == std::end(globalOptions)) {
            if (words.isEmpty())
                throw Failure{BadUsage, misplaced(argument, name) + u"; see qamqp --help"_s};
            break;
        }
        at += option->value && !argument.contains(u'=') ? 2 : 1;
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
    for (const Command *command : commands)
        known += text(command->name);
    const QString meant = nearest(words.join(u' '), known);
    return u"there is no command \"%1\"%2; there are %3"_s.arg(
            words.join(u' '), meant.isEmpty() ? QString() : u" (did you mean %1?)"_s.arg(meant),
            known.join(", "_L1));
}

void runCommand(QStringList arguments, QString *name)
{
    if (arguments.value(0) == "--version"_L1) {
        print("qamqp " QTAMQP_VERSION_STR "\n");
        return;
    }
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

Arguments::Arguments(const Command &command, const QStringList &arguments) : m_command(command)
{
    addOptions(m_parser, command.options);
    addOptions(m_parser, globalOptions);
    try {
        if (!m_parser.parse(QStringList(u"qamqp"_s) + arguments))
            throw Failure{BadUsage, parserError()};
        m_operands = m_parser.positionalArguments();
        if (isSet("help"))
            return;
        checkOptions();
        checkOperands();
    } catch (const Failure &wrong) {
        throw Failure{BadUsage, u"%1; see qamqp %2 --help"_s.arg(wrong.text, text(command.name))};
    }
}

QString Arguments::parserError() const
{
    QString error = m_parser.errorText();
    error = error.left(1).toLower() + error.mid(1).chopped(error.endsWith(u'.') ? 1 : 0);
    const QStringList unknown = m_parser.unknownOptionNames();
    return unknown.isEmpty()
            ? error
            : error + didYouMean(unknown.constFirst(), longNames(m_command.options));
}

void Arguments::checkOptions() const
{
    const auto checkText = [this](const Option &option) {
        const QString name = names(option).constLast();
        const QStringList given = m_parser.values(name);
        if (!std::all_of(given.begin(), given.end(), isUtf8))
            throw Failure{BadUsage, u"--%1 is not UTF-8"_s.arg(name)};
    };
    std::for_each(std::begin(globalOptions), std::end(globalOptions), checkText);
    for (const Option &option : m_command.options) {
        const QString name = names(option).constLast();
        const QStringList given = m_parser.values(name);
        checkText(option);
        if (given.isEmpty())
            continue;
        // Of an option that is given twice one value would be dropped, unless the help says "Repeatable".
        if (!text(option.help).contains("Repeatable"_L1) && given.size() > 1)
            throw Failure{BadUsage, u"--%1 was given twice"_s.arg(name)};
        if ((name == "file"_L1 || name == "queue"_L1 || name == "outbox"_L1)
            && given.constFirst().isEmpty())
            throw Failure{BadUsage, u"--%1 is empty"_s.arg(name)};
    }
}

void Arguments::checkOperands() const
{
    const QStringList wanted = text(m_command.operands).split(u' ', Qt::SkipEmptyParts);
    const auto least = std::count_if(wanted.begin(), wanted.end(),
                                     [](const QString &word) { return !word.startsWith(u'['); });
    if (m_operands.size() < least)
        throw Failure{BadUsage, u"%1 is missing"_s.arg(wanted.at(m_operands.size()))};
    if (m_operands.size() > m_command.mostOperands) {
        throw Failure{
                BadUsage,
                u"\"%1\" is one argument too many"_s.arg(m_operands.at(m_command.mostOperands))};
    }
    for (qsizetype i = 0; i < m_operands.size(); ++i) {
        const QString &name = wanted.at(std::min(i, wanted.size() - 1));
        if (name != bodyOperand && !isUtf8(m_operands.at(i)))
            throw Failure{BadUsage,
                          u"%1 is not UTF-8"_s.arg(QString(name).remove(u'[').remove(u']'))};
    }
}

std::optional<QByteArray> Arguments::body() const
{
    return text(m_command.operands) == bodyOperand && !m_operands.isEmpty()
            ? std::optional(bytesOf(m_operands.constFirst()))
            : std::nullopt;
}

QString Arguments::help() const
{
    // The first line is left out: there the parser names the program by its path.
    const QString options = m_parser.helpText().section(u'\n', 1).trimmed();
    QString help =
            u"Usage: qamqp %1 [OPTIONS] %2"_s.arg(text(m_command.name), text(m_command.operands))
                    .trimmed();
    help += u'\n' + text(m_command.summary) + u".\n"_s;
    if (*m_command.details)
        help += u'\n' + text(m_command.details);
    help += u'\n' + options + u"\n\nExamples:\n"_s;
    const QStringList examples = text(m_command.examples).split(u'\n', Qt::SkipEmptyParts);
    for (const QString &line : examples)
        help += u"  "_s + line + u'\n';
    return help + u'\n' + text(statusHelp);
}

bool Arguments::isSet(const char *option) const { return m_parser.isSet(text(option)); }

QString Arguments::value(const char *option) const { return m_parser.value(text(option)); }

QStringList Arguments::values(const char *option) const { return m_parser.values(text(option)); }

quint64 Arguments::number(const char *option, quint64 least, quint64 most, quint64 otherwise) const
{
    if (!isSet(option))
        return otherwise;
    const QString given = value(option);
    bool ok =
            std::all_of(given.begin(), given.end(), [](QChar c) { return c >= u'0' && c <= u'9'; });
    const quint64 number = ok ? given.toULongLong(&ok) : 0;
    if (!ok || number < least || number > most) {
        throw Failure{BadUsage,
                      u"--%1 \"%2\" is not a whole number from %3 to %4"_s.arg(
                              text(option), given, QString::number(least), QString::number(most))};
    }
    return number;
}

std::optional<std::chrono::milliseconds> Arguments::seconds(const char *option) const
{
    if (!isSet(option))
        return {};
    bool ok = false;
    const double seconds = value(option).toDouble(&ok);
    if (!ok || !(seconds > 0 && seconds <= 2147483)) {
        throw Failure{BadUsage,
                      u"--%1 \"%2\" is not a number of seconds such as 2.5"_s.arg(text(option),
                                                                                  value(option))};
    }
    return std::chrono::milliseconds(qMax(qint64(1), qRound64(seconds * 1000)));
}

std::chrono::milliseconds Arguments::retryTime() const
{
    const auto isRetry = [](const Option &option) {
        return names(option).constLast() == "retry"_L1;
    };
    if (std::none_of(m_command.options.begin(), m_command.options.end(), isRetry))
        return std::chrono::milliseconds::zero();
    if (!isSet("retry"))
        return std::chrono::seconds(60);
    bool ok = false;
    if (value("retry").toDouble(&ok) == 0 && ok)
        return std::chrono::milliseconds::zero();
    return *seconds("retry");
}

void Arguments::refuseTogether(const char *one, const char *other) const
{
    if (isSet(one) && isSet(other)) {
        throw Failure{
                BadUsage,
                u"--%1 and --%2 do not go together; leave one out"_s.arg(text(one), text(other))};
    }
}

int main(const QStringList &arguments)
{
    QString name = u"qamqp"_s;
    try {
        runCommand(arguments.mid(1), &name);
    } catch (const Failure &failure) {
        if (!failure.text.isEmpty())
            complain(name, failure.text);
        return failure.status;
    }
    return Done;
}

} // namespace Tool
