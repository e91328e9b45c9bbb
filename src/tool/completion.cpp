// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What a shell completes. The scripts in completions/ know nothing of the commands: they ask this program.

#include "configuration.h"
#include "help.h"
#include "names.h"
#include "typedvalue.h"

#include <QtCore/qfile.h>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Tool {

namespace {

struct Answer
{
    QString kind = u"words"_s;
    QStringList lines;

    void add(const QString &word, const char *description = nullptr)
    {
        lines += description ? word + u'\t' + text(description) : word;
    }
};

const Option *findOption(std::span<const Option> options, const QString &name)
{
    const auto found = std::find_if(options.begin(), options.end(), [&](const Option &option) {
        return names(option).contains(name);
    });
    return found == options.end() ? nullptr : &*found;
}

// The command line as far as it is written.
class Line
{
public:
    explicit Line(const QStringList &words)
    {
        for (const QString &word : words)
            read(word);
    }

    Answer complete(const QString &word) const
    {
        Answer answer;
        if (m_open)
            addValues(answer, *m_open, word);
        else if (word.startsWith("--"_L1) && word.contains(u'=') && !m_onlyOperands)
            addAssigned(answer, word);
        else if (word.startsWith(u'-') && !m_onlyOperands)
            addOptions(answer);
        else if (!m_command)
            addCommands(answer);
        else if (!m_isHelp)
            addOperands(answer, word);
        return answer;
    }

private:
    const Option *find(const QString &name) const
    {
        const Option *found = m_command ? findOption(m_command->options, name) : nullptr;
        if (!found)
            found = findOption(globalOptions(), name);
        return found || m_command ? found : findOption(programOptions(), name);
    }

    void read(const QString &word)
    {
        if (const Option *option = std::exchange(m_open, nullptr))
            return note(*option, word);
        if (m_onlyOperands || !word.startsWith(u'-') || word == "-"_L1)
            return readOperand(word);
        if (word == "--"_L1) {
            m_onlyOperands = true;
            return;
        }
        const bool isLong = word.startsWith("--"_L1);
        const QString name = isLong ? word.mid(2).section(u'=', 0, 0) : word.last(1);
        const Option *option = find(name);
        if (!option)
            return;
        m_given += option;
        if (option->value && !(isLong && word.contains(u'=')))
            m_open = option;
        else if (option->value)
            note(*option, word.section(u'=', 1));
    }

    void readOperand(const QString &word)
    {
        if (m_command) {
            ++m_operands;
            return;
        }
        if (word == "help"_L1 && m_name.isEmpty()) {
            m_isHelp = true;
            return;
        }
        m_name += word;
        m_command = findCommand(m_name.join(u' '));
    }

    // Keeps what says which broker to ask.
    void note(const Option &option, const QString &value)
    {
        const QString name = names(option).constLast();
        if (name == "management"_L1 || findOption(globalOptions(), name) == &option)
            m_broker += u"--%1=%2"_s.arg(name, value);
    }

    void addAssigned(Answer &answer, const QString &word) const
    {
        const Option *option = find(word.mid(2).section(u'=', 0, 0));
        if (!option || !option->value)
            return;
        addValues(answer, *option, word.section(u'=', 1));
        const QString before = word.section(u'=', 0, 0) + u'=';
        for (QString &line : answer.lines)
            line.prepend(before);
    }

    void addOptions(Answer &answer) const
    {
        const std::span<const Option> own = m_command ? m_command->options : programOptions();
        for (const std::span<const Option> options : {own, globalOptions()}) {
            for (const Option &option : options) {
                if (m_given.contains(&option)
                    && !QByteArrayView(option.help).contains("Repeatable"))
                    continue;
                for (const QString &name : names(option)) {
                    if (name.size() > 1)
                        answer.add(u"--"_s + name, option.help);
                }
            }
        }
    }

    void addCommands(Answer &answer) const
    {
        for (const Command *command : commands()) {
            const QStringList words = text(command->name).split(u' ');
            if (words.size() > m_name.size() && words.first(m_name.size()) == m_name)
                answer.add(words.at(m_name.size()), command->summary);
        }
        if (m_name.isEmpty() && !m_isHelp)
            answer.add(u"help"_s, "Print the help of a command");
        // Of "declare queue" and "declare exchange" one "declare" is enough.
        const auto wordOf = [](const QString &line) { return line.section(u'\t', 0, 0); };
        const auto end = std::unique(answer.lines.begin(), answer.lines.end(),
                                     [&](const QString &one, const QString &other) {
                                         return wordOf(one) == wordOf(other);
                                     });
        answer.lines.erase(end, answer.lines.end());
    }

    void addOperands(Answer &answer, const QString &word) const
    {
        const QStringList all = text(m_command->operands).split(u' ', Qt::SkipEmptyParts);
        if (m_operands < m_command->mostOperands)
            addOfKind(answer, all.at(std::min(m_operands, all.size() - 1)), word);
        else if (!m_onlyOperands)
            addOptions(answer);
    }

    void addValues(Answer &answer, const Option &option, const QString &word) const
    {
        const QString name = text(option.value);
        if (names(option).constLast() == "broker"_L1) {
            answer.lines += brokerNames();
        } else if (option.values) {
            for (const QString &value : text(option.values).split(u' '))
                answer.add(value);
        } else if (name.contains(u'|')) {
            for (const QString &value : name.split(u'|'))
                answer.add(value);
        } else {
            addOfKind(answer, name, word);
        }
    }

    // Adds what a name such as QUEUE or [FILE] in the help stands for.
    void addOfKind(Answer &answer, const QString &inHelp, const QString &word) const
    {
        QString name = inHelp;
        name.remove(u'[');
        const auto end =
                std::find_if_not(name.cbegin(), name.cend(), [](QChar c) { return c.isLetter(); });
        name.truncate(end - name.cbegin());
        if (inHelp == "KEY=TYPE:VALUE"_L1)
            return addTypes(answer, word);
        if (name == "FILE"_L1 || name == "ARGUMENT"_L1)
            answer.kind = u"files"_s;
        else if (name == "DIR"_L1)
            answer.kind = u"folders"_s;
        else if (name == "COMMAND"_L1)
            answer.kind = u"programs"_s;
        else if (name == "QUEUE"_L1 || name == "SOURCE"_L1 || name == "TARGET"_L1)
            answer.lines += namesOnBroker(NameOf::Queue, m_broker);
        else if (name == "EXCHANGE"_L1)
            answer.lines += namesOnBroker(NameOf::Exchange, m_broker);
    }

    static void addTypes(Answer &answer, const QString &word)
    {
        if (!word.contains(u'='))
            return;
        answer.kind = u"parts"_s;
        for (const QString &type : typeNames())
            answer.add(word.section(u'=', 0, 0) + u'=' + type + u':');
    }

    const Command *m_command = nullptr;
    QStringList m_name; // what of its name is there
    const Option *m_open = nullptr; // whose value follows
    QList<const Option *> m_given;
    QStringList m_broker;
    qsizetype m_operands = 0;
    bool m_onlyOperands = false;
    bool m_isHelp = false;
};

} // namespace

QByteArray completions(const QStringList &words)
{
    const Answer answer = Line(words.first(std::max(words.size() - 1, qsizetype(0))))
                                  .complete(words.isEmpty() ? QString() : words.constLast());
    QString lines = answer.kind + u'\n';
    for (const QString &line : answer.lines)
        lines += line + u'\n';
    return lines.toUtf8();
}

QByteArray completionScript(const QString &shell)
{
    const Option *const option = findOption(programOptions(), u"completion"_s);
    const QStringList shells = text(option->values).split(u' ');
    QFile script(u":/completions/qamqp."_s + shell);
    if (!shells.contains(shell) || !script.open(QIODevice::ReadOnly))
        throw Failure{BadUsage,
                      u"there is no completion for \"%1\"; there is one for %2"_s.arg(
                              shell, shells.join(", "_L1))};
    return script.readAll();
}

} // namespace Tool
