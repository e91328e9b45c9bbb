// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "bytes.h"
#include "color.h"
#include "command.h"
#include "help.h"
#include "nearest.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

// The only argument that need not be UTF-8.
constexpr auto bodyOperand = "[BODY]"_L1;

// A letter that stands for one of the first options stands for none of the later ones.
void addOptions(QCommandLineParser &parser, std::initializer_list<std::span<const Option>> lists)
{
    QStringList taken;
    for (const std::span<const Option> options : lists) {
        for (const Option &option : options) {
            QStringList own = names(option);
            own.removeIf([&](const QString &name) { return taken.contains(name); });
            parser.addOption({own, text(option.help), text(option.value)});
            taken += own;
        }
    }
}

} // namespace

QStringList longNames(std::span<const Option> options)
{
    QStringList all;
    for (const std::span<const Option> some : {options, globalOptions()}) {
        for (const Option &option : some)
            all += names(option).constLast();
    }
    return all;
}

Arguments::Arguments(const Command &command, const QStringList &arguments) : m_command(command)
{
    addOptions(m_parser, {command.options, globalOptions()});
    try {
        const bool isParsed = m_parser.parse(QStringList(u"qamqp"_s) + arguments);
        if (isSet("color"))
            setColorMode(value("color"));
        if (!isParsed)
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
    std::for_each(globalOptions().begin(), globalOptions().end(), checkText);
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
    return help + u'\n' + statusHelp();
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

} // namespace Tool
