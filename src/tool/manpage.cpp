// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The man page, in the language of man(7). What is text in the table of commands must not be taken for that language:
// everything from there goes through escaped().

#include "help.h"

#include <QtAmqp/qtamqpversion.h>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

struct Note
{
    const char *name;
    const char *meaning;
};

constexpr Note environment[] = {
        {"QAMQP_URL", "The broker, if there is neither --url nor --broker."},
        {"QAMQP_MANAGEMENT",
         "The management plugin, if there is neither --management nor --broker."},
        {"QAMQP_CONFIG", "The file that has brokers with names, instead of the one below FILES."},
        {"NO_COLOR", "If it is set and not empty, the output has no colors."},
};

constexpr Note files[] = {
        {"~/.config/qamqp/brokers.conf",
         "Brokers with names, for --broker. It is in $XDG_CONFIG_HOME/qamqp if that variable is set."},
};

constexpr char brokersFile[] = "[staging]\n"
                               "url = amqps://me@staging.example/orders\n"
                               "password-file = ~/.qamqp-staging\n";

constexpr char description[] =
        "qamqp publishes, consumes and looks after messages of an AMQP 0-9-1 broker such as RabbitMQ. Each run does one "
        "COMMAND. Standard output has the result and nothing else, as text or, with --json, as one JSON object in each "
        "line; standard error has one line for each thing that went wrong, and on a terminal the progress of what takes "
        "longer than a second.";

constexpr char firstSteps[] = "qamqp declare queue hello\n"
                              "qamqp publish --queue hello 'Hello, world!'\n"
                              "qamqp consume hello --count 1\n"
                              "qamqp get hello --count 100 --json > saved.jsonl\n"
                              "qamqp publish --json-lines --file saved.jsonl\n";

// Returns text of one line as it is to be shown. A minus sign would become a hyphen, and what begins a line with a
// point a request.
QString escaped(const QString &plain)
{
    QString line;
    for (const char32_t c : plain.toUcs4()) {
        switch (c) {
        case U'\\': line += u"\\e"_s; break;
        case U'-': line += u"\\-"_s; break;
        case U'\'': line += u"\\(aq"_s; break;
        case U'`': line += u"\\(ga"_s; break;
        case U'^': line += u"\\(ha"_s; break;
        case U'~': line += u"\\(ti"_s; break;
        case U'"': line += u"\\(dq"_s; break;
        default:
            line += c < 0x80 ? QString(QChar(char16_t(c)))
                             : u"\\[u%1]"_s.arg(QString::number(c, 16).toUpper(), 4, u'0');
        }
    }
    return line.startsWith(u'.') ? u"\\&"_s + line : line;
}

QString escaped(const char *utf8) { return escaped(text(utf8)); }

QString section(const char *title) { return u".SH "_s + escaped(title) + u'\n'; }

QString bold(const QString &plain) { return u"\\fB"_s + escaped(plain) + u"\\fR"_s; }

// Returns the arguments of a command, of which only [, ] and ... are no names.
QString synopsis(const Command &command)
{
    QString line = bold(u"qamqp "_s + text(command.name)) + u" [\\fIOPTIONS\\fR]"_s;
    for (const QString &word : text(command.operands).split(u' ', Qt::SkipEmptyParts)) {
        QString operand;
        bool inName = false;
        for (const QChar c : word) {
            if (c.isLetter() != inName) {
                inName = !inName;
                operand += inName ? u"\\fI"_s : u"\\fR"_s;
            }
            operand += escaped(QString(c));
        }
        line += u' ' + operand + (inName ? u"\\fR"_s : QString());
    }
    return line + u'\n';
}

QString entry(const QString &tag, const char *meaning)
{
    return u".TP\n"_s + tag + u'\n' + escaped(meaning) + u'\n';
}

QString entries(std::span<const Option> options)
{
    QString all;
    for (const Option &option : options) {
        QStringList tags;
        for (const QString &name : names(option))
            tags += bold((name.size() == 1 ? u"-"_s : u"--"_s) + name);
        QString tag = tags.join(", "_L1);
        if (option.value)
            tag += u" \\fI"_s + escaped(option.value) + u"\\fR"_s;
        all += entry(tag, option.help);
    }
    return all;
}

QString entries(std::span<const Note> notes)
{
    QString all;
    for (const Note &note : notes)
        all += entry(bold(text(note.name)), note.meaning);
    return all;
}

// Text that is filled anew: a paragraph ends with a line that ends a sentence, and lines that begin with blanks stay as
// they are.
QString paragraphs(const QString &plain)
{
    QString all;
    bool asItIs = false;
    for (const QString &line : plain.split(u'\n')) {
        const bool indented = line.startsWith(u' ');
        if (indented != asItIs)
            all += indented ? u".RS 4\n.nf\n"_s : u".fi\n.RE\n"_s;
        asItIs = indented;
        if (!line.isEmpty())
            all += escaped(line.trimmed()) + u'\n';
        if (!indented && (line.isEmpty() || line.endsWith(u'.') || line.endsWith(u':')))
            all += u".PP\n"_s;
    }
    return asItIs ? all + u".fi\n.RE\n"_s : all;
}

QString lines(const char *examples)
{
    QString all = u".PP\n.RS 4\n.nf\n"_s;
    for (const QString &line : text(examples).split(u'\n', Qt::SkipEmptyParts))
        all += escaped(line) + u'\n';
    return all + u".fi\n.RE\n"_s;
}

QString chapter(const Command &command)
{
    QString page = u".SS "_s + escaped(command.name) + u'\n' + synopsis(command);
    page += u".PP\n"_s + escaped(command.summary) + u".\n.PP\n"_s;
    page += paragraphs(text(command.details).trimmed());
    return page + entries(command.options) + u".PP\nFor example:\n"_s + lines(command.examples);
}

} // namespace

QByteArray manPage()
{
    QString page = u".\\\" Made by qamqp --man.\n.TH QAMQP 1 \"\" \"QtAmqp " QTAMQP_VERSION_STR
                   "\" \"User Commands\"\n.nh\n.ad l\n"_s;
    page += section("NAME") + u"qamqp \\- messages and queues of an AMQP broker\n"_s;
    page += section("SYNOPSIS")
            + u"\\fBqamqp\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENT\\fR...]\n"_s;
    page += section("DESCRIPTION") + escaped(description) + u'\n';
    page += section("COMMANDS");
    for (const Command *command : commands())
        page += chapter(*command);
    page += section("OPTIONS") + u"Each command has these too, and they may stand before it:\n"_s;
    page += entries(globalOptions()) + u".PP\nInstead of a command there may be:\n"_s;
    page += entries(programOptions());
    page += section("ENVIRONMENT") + entries(environment);
    page += section("FILES") + entries(files)
            + u".PP\nEach broker has a section in it, such as:\n"_s + lines(brokersFile);
    page += section("EXIT STATUS");
    for (const StatusText &status : statusTexts())
        page += entry(bold(text(status.number)), status.meaning);
    page += section("EXAMPLES") + u"A queue, a message, and both ways to take messages:\n"_s
            + lines(firstSteps);
    page += section("SEE ALSO")
            + u"The documentation of QtAmqp, whose page \\(lqThe qamqp tool\\(rq says more.\n"
              ".BR rabbitmqctl (8)\n"_s;
    return page.toUtf8();
}

} // namespace Tool
