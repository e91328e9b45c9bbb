// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The man page, and what shells complete. Both are made from the table that the help is made from, so that the help says
// what must be there. No broker is needed, only something that answers as its management plugin does.

#include "tool/httpserver.h"
#include "tool/tooltest.h"

#include <QtCore/qregularexpression.h>
#include <QtCore/qstandardpaths.h>
#include <QtCore/qtemporarydir.h>

#include <algorithm>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

// What bash would make of a line before it calls the function of a completion.
constexpr char bashHarness[] = R"(
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_qamqp qamqp 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
)";

constexpr char zshHarness[] = R"(
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1=; fpath=(${1:h} \$fpath); autoload -Uz compinit; compinit -u -D; source $1; zstyle ':completion:*' list-prompt ''; echo ready"
zpty -r shell out '*ready*ready*'
zpty -w -n shell "$2"$'\t'
for i in {1..100}; do
    zpty -r -t shell out && seen+=$out
    [[ $seen == *$3* ]] && break
    sleep 0.05
done
print -r -- "$seen"
)";

QStringList wordsOfBash(const QString &line)
{
    static const QRegularExpression word(u"[=:]+|[^\\s=:]+"_s);
    QStringList words;
    for (auto it = word.globalMatch(line); it.hasNext();)
        words += it.next().captured();
    if (line.endsWith(u' '))
        words += QString();
    return words;
}

} // namespace

class TestCompletion : public QObject
{
    Q_OBJECT

private:
    // Runs a program that finds qamqp in its path.
    Result shell(const QString &program, const QStringList &arguments)
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"PATH"_s, m_folder.path() + u':' + environment.value(u"PATH"_s));
        environment.insert(u"HOME"_s, m_folder.path());
        environment.insert(u"QAMQP_CONFIG"_s, m_folder.filePath(u"brokers.conf"_s));
        QProcess process;
        process.setProcessEnvironment(environment);
        process.setWorkingDirectory(m_folder.path());
        process.start(program, arguments);
        if (!waitFor([&] { return process.state() == QProcess::NotRunning; }))
            return {};
        return {process.exitCode(), process.readAllStandardOutput(),
                process.readAllStandardError()};
    }

    QByteArrayList completedByBash(const QString &line)
    {
        const Result result =
                shell(u"bash"_s,
                      QStringList{u"--norc"_s, u"-c"_s, QString::fromUtf8(bashHarness), u"bash"_s,
                                  scriptFor(u"bash"_s), line}
                              + wordsOfBash(line));
        if (!result.errors.isEmpty())
            qWarning("%s", result.errors.constData());
        QByteArrayList words = result.output.split('\n');
        words.removeAll(QByteArray());
        std::sort(words.begin(), words.end());
        return words;
    }

    QString scriptFor(const QString &name)
    {
        const QString fileName = m_folder.filePath(u"qamqp."_s + name);
        QFile file(fileName);
        if (!file.exists() && file.open(QIODevice::WriteOnly))
            file.write(run({u"--completion"_s, name}).output);
        return fileName;
    }

    static QByteArrayList summaries()
    {
        static const QRegularExpression line(u"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]"_s,
                                             QRegularExpression::MultilineOption);
        QByteArrayList all;
        const QString help = QString::fromUtf8(run({u"--help"_s}).output);
        for (auto it = line.globalMatch(help); it.hasNext();)
            all += it.next().captured(1).toUtf8();
        return all;
    }

    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        qunsetenv("QTAMQP_TEST_URL");
        QVERIFY(QFile::link(programName(), m_folder.filePath(u"qamqp"_s)));
        QVERIFY(QDir(m_folder.path()).mkdir(u"folder of files"_s));
        QFile file(m_folder.filePath(u"body.json"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QFile brokers(m_folder.filePath(u"brokers.conf"_s));
        QVERIFY(brokers.open(QIODevice::WriteOnly));
        brokers.write("[staging]\nurl = amqp://staging.example\n");
    }

    void manPageHasAllOfTheHelp()
    {
        const Result page = run({u"--man"_s});
        QCOMPARE(page.status, 0);
        QCOMPARE(page.errors, QByteArray());
        qsizetype at = 0;
        for (const char *section :
             {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "ENVIRONMENT", "FILES",
              "EXIT STATUS", "EXAMPLES", "SEE ALSO"}) {
            at = page.output.indexOf("\n.SH "_ba + section + '\n', at);
            QVERIFY2(at >= 0, section);
        }
        const QByteArrayList commands = summaries();
        QVERIFY(commands.size() >= 16);
        static const QRegularExpression option(u"--[a-z][a-z-]*"_s);
        for (const QByteArray &command : commands) {
            const qsizetype begin = page.output.indexOf("\n.SS " + command + '\n');
            QVERIFY2(begin >= 0, command.constData());
            const QByteArray own =
                    page.output.sliced(begin, page.output.indexOf("\n.S", begin + 1) - begin)
                            .replace("\\-", "-")
                    + page.output.sliced(page.output.indexOf("\n.SH OPTIONS")).replace("\\-", "-");
            const Result help =
                    run(QString::fromUtf8(command).split(u' ') + QStringList{u"--help"_s});
            const QString options = QString::fromUtf8(help.output).section(u"\nOptions:\n"_s, 1);
            for (auto it = option.globalMatch(options); it.hasNext();) {
                const QByteArray name = it.next().captured().toUtf8();
                QVERIFY2(own.contains(name), (command + ' ' + name).constData());
            }
        }
    }

    void manFindsNothingWrongWithThePage()
    {
        if (QStandardPaths::findExecutable(u"man"_s).isEmpty())
            QSKIP("man is not installed");
        QFile file(m_folder.filePath(u"qamqp.1"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(run({u"--man"_s}).output);
        file.close();
        const Result checked = shell(u"man"_s,
                                     {u"--warnings"_s, u"-E"_s, u"UTF-8"_s, u"-l"_s, u"-Tutf8"_s,
                                      u"-Z"_s, file.fileName()});
        QCOMPARE(checked.errors, QByteArray());
        QCOMPARE(checked.status, 0);
        const Result shown =
                shell(u"man"_s, {u"-l"_s, u"-Tascii"_s, u"-P"_s, u"cat"_s, file.fileName()});
        QVERIFY(shown.output.contains("--header 'tags=array:[\"a\",\"b\"]'"));
    }

    void bashCompletes_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QByteArrayList>("words");
        const auto row = [](const char *name, const QString &line, const QByteArrayList &words) {
            QTest::newRow(name) << line << words;
        };
        row("a command", u"qamqp pub"_s, {"publish"});
        row("commands", u"qamqp d"_s, {"declare", "delete"});
        row("half of a command", u"qamqp declare "_s, {"exchange", "queue"});
        row("a command behind options", u"qamqp --url amqp://h pur"_s, {"purge"});
        row("help of a command", u"qamqp help pin"_s, {"ping"});
        row("nothing behind that", u"qamqp help ping "_s, {});
        row("instead of a command", u"qamqp --v"_s, {"--version"});
        row("a shell", u"qamqp --completion f"_s, {"fish"});
        row("options", u"qamqp declare queue --du"_s, {"--durable"});
        row("an option that is there", u"qamqp declare queue --durable --du"_s, {});
        row("one that is repeatable", u"qamqp publish --header a=b --head"_s, {"--header"});
        row("nothing but options", u"qamqp ping --c"_s, {"--color", "--count"});
        row("a value", u"qamqp declare queue --type "_s, {"classic", "quorum", "stream"});
        row("an assigned value", u"qamqp declare exchange --type=f"_s, {"fanout"});
        row("a number", u"qamqp publish --delivery-mode "_s, {"1", "2"});
        row("a type", u"qamqp publish --header a=int"_s, {"int16:", "int32:", "int64:", "int8:"});
        row("a type behind an equals sign", u"qamqp publish --header=a=bo"_s, {"bool:"});
        row("a broker of the file", u"qamqp --broker st"_s, {"staging"});
        row("a file", u"qamqp publish --file bo"_s, {"body.json"});
        row("an assigned file", u"qamqp publish --file=bo"_s, {"body.json"});
        row("a file as an operand", u"qamqp outbox bo"_s, {"body.json"});
        row("the file of a redirection", u"qamqp publish -q a < bo"_s, {"body.json"});
        row("no value of a switch", u"qamqp publish --lines= "_s, {});
        row("no options behind --", u"qamqp outbox -- --js"_s, {});
    }

    void bashCompletes()
    {
        QFETCH(QString, line);
        QFETCH(QByteArrayList, words);
        QCOMPARE(completedByBash(line), words);
    }

    void bashCompletesCommands()
    {
        QByteArrayList expected = {"help"};
        for (const QByteArray &command : summaries()) {
            const QByteArray first = command.split(' ').constFirst();
            if (!expected.contains(first))
                expected += first;
        }
        std::sort(expected.begin(), expected.end());
        QCOMPARE(completedByBash(u"qamqp "_s), expected);
    }

    void namesComeFromTheBroker_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<QByteArray>("asked");
        QTest::addColumn<QByteArrayList>("words");
        QTest::newRow("queues") << u"qamqp tap --management %1 --queue "_s
                                << R"([{"name":"orders"},{"name":"o r"},{"name":"a\nb"}])"_ba
                                << "GET /api/queues/%2F?"_ba << QByteArrayList{"o\\ r", "orders"};
        QTest::newRow("exchanges") << u"qamqp tap --management=%1 --url amqp://h/v "_s
                                   << R"([{"name":""},{"name":"logs"}])"_ba
                                   << "GET /api/exchanges/v?"_ba << QByteArrayList{"logs"};
        // Whoever may declare a queue must not run commands in the shells of others.
        const QByteArray hostile =
                "[{\"name\":\"a$(id)\"},{\"name\":\"a`id`'\"},{\"name\":\"a b\"}]";
        QTest::newRow("hostile names")
                << u"qamqp tap --management %1 --queue a"_s << hostile << "GET /api/queues/%2F?"_ba
                << QByteArrayList{"a\\ b", "a\\$\\(id\\)", "a\\`id\\`\\'"};
        QTest::newRow("hostile names behind a quote")
                << u"qamqp tap --management %1 --queue \"a"_s << hostile
                << "GET /api/queues/%2F?"_ba << QByteArrayList{"a b"};
        QTest::newRow("hostile names behind another quote")
                << u"qamqp tap --management %1 --queue 'a"_s << hostile << "GET /api/queues/%2F?"_ba
                << QByteArrayList{"a b"};
    }

    void namesComeFromTheBroker()
    {
        QFETCH(QString, line);
        QFETCH(QByteArray, answer);
        QFETCH(QByteArray, asked);
        QFETCH(QByteArrayList, words);
        HttpServer plugin;
        plugin.setAnswer(answer);
        QByteArrayList
                completed; // a busy machine may not answer within the second that the program waits
        for (int i = 0; i < 50 && completed != words; ++i)
            completed = completedByBash(line.arg(plugin.url()));
        QCOMPARE(completed, words);
        QVERIFY2(plugin.asked().startsWith(asked), plugin.asked().constData());
    }

    // Somebody waits for the prompt.
    void brokerThatIsAwayIsNoError()
    {
        const HttpServer silent;
        QCOMPARE(completedByBash(u"qamqp tap --management %1 --queue "_s.arg(silent.url())),
                 QByteArrayList());
        QCOMPARE(completedByBash(u"qamqp consume --url amqp://broker.example "_s),
                 QByteArrayList());
    }

    void fishCompletes()
    {
        if (QStandardPaths::findExecutable(u"fish"_s).isEmpty())
            QSKIP("fish is not installed");
        const auto completed = [this](const QString &line) {
            return shell(u"fish"_s,
                         {u"--no-config"_s, u"-c"_s,
                          u"source %1; complete -C '%2'"_s.arg(scriptFor(u"fish"_s), line)});
        };
        QCOMPARE(completed(u"qamqp pub"_s).output,
                 "publish\tSend messages to an exchange or a queue\n");
        QCOMPARE(completed(u"qamqp declare queue --type=q"_s).output, "--type=quorum\n");
        QCOMPARE(completed(u"qamqp publish --file bod"_s).output, "body.json\n");
        QCOMPARE(completed(u"qamqp publish --file=bod"_s).output, "--file=body.json\n");
        QCOMPARE(completed(u"qamqp outbox fol"_s).errors, QByteArray());
    }

    void zshCompletes()
    {
        if (QStandardPaths::findExecutable(u"zsh"_s).isEmpty())
            QSKIP("zsh is not installed");
        if (!canMakeTerminals())
            QSKIP("zsh completes on a terminal only, and /dev/pts is not mounted");
        const auto completed = [this](const QString &line, const QString &expected) {
            return shell(u"zsh"_s,
                         {u"-f"_s, u"-c"_s, QString::fromUtf8(zshHarness), u"zsh"_s,
                          scriptFor(u"zsh"_s), line, expected});
        };
        QVERIFY(completed(u"qamqp pub"_s, u"publish"_s).output.contains("publish"));
        QVERIFY(completed(u"qamqp declare queue --type q"_s, u"quorum"_s)
                        .output.contains("quorum"));
        QVERIFY(completed(u"qamqp outbox bod"_s, u"body.json"_s).output.contains("body.json"));
    }

    void unknownShell()
    {
        VERIFY_RUN(
                run({u"--completion"_s, u"tcsh"_s}), 1,
                u"qamqp: there is no completion for \"tcsh\"; there is one for bash, fish, zsh\n"_s);
    }
};

QTAMQP_TEST(TestCompletion)
#include "tst_completion.moc"
