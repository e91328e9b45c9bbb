// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp understands what the reference says to it: each command line that is shown gets as far as the broker, which is
// not there. (Those of README.md and of the help run against one, see tst_examples.cpp.)

#include "tool/tooltest.h"

#include <QtCore/qdir.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qtemporarydir.h>

#include <memory>

using namespace Qt::StringLiterals;
using namespace ToolTest;

namespace {

// What stands behind "qamqp" in the blocks of a page, up to a pipe, a redirection or the end.
QStringList commandLines(const QString &page)
{
    static const QRegularExpression block(u"\\\\badcode\\n(.*?)\\\\endcode"_s,
                                          QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression command(
            u"\\bqamqp ((?:'[^']*'|\"[^\"]*\"|[^'\"|;&<>#)\\n])*)"_s);
    QStringList found;
    for (auto it = block.globalMatch(page); it.hasNext();) {
        const QString text = it.next().captured(1).replace(u"\\\n"_s, u" "_s);
        for (auto c = command.globalMatch(text); c.hasNext();)
            found += c.next().captured(1).trimmed();
    }
    return found;
}

// As a shell does it.
QStringList words(const QString &line)
{
    QProcess shell;
    shell.start(
            u"bash"_s,
            {u"-c"_s,
             u"set -f; url=amqp://127.0.0.1:1; set -- "_s + line + u"; printf '%s\\n' \"$@\""_s});
    shell.waitForFinished();
    return QString::fromUtf8(shell.readAllStandardOutput()).split(u'\n', Qt::SkipEmptyParts);
}

} // namespace

class TestPages : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("QTAMQP_TEST_URL", "amqp://127.0.0.1:1");
        qputenv("HOME", m_folder.path().toUtf8());
        QVERIFY(QDir::setCurrent(m_folder.path()));
    }

    void commandLinesAreUnderstood_data()
    {
        QTest::addColumn<QString>("line");
        static const QRegularExpression waits(u"^(?:broker|.*--(?:outbox|retry))\\b"_s);
        const QDir folder(QStringLiteral(QTAMQP_SOURCE_DIR "/src/doc"));
        for (const QString &name : folder.entryList({u"*.qdoc"_s})) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QIODevice::ReadOnly));
            for (const QString &line : commandLines(QString::fromUtf8(file.readAll()))) {
                // Brackets are no command line, and what has a colon is output; the others do not end by themselves.
                if (!line.contains(u"[OPTIONS]") && !words(line).value(0).endsWith(u':')
                    && !line.contains(waits))
                    QTest::newRow(qPrintable(name + u": "_s + line)) << line;
            }
        }
    }

    void commandLinesAreUnderstood()
    {
        QFETCH(const QString, line);
        static const QRegularExpression missing(
                u"No such file or directory|there (?:is no (?:file|folder)|are no messages in) "_s);
        const QStringList arguments = words(line);
        QVERIFY(!arguments.isEmpty());
        for (const QString &name : arguments) { // a file that it reads
            if (name.endsWith(u".json"_s) || name.endsWith(u"-password"_s)) {
                QFile file(name);
                QVERIFY(file.open(QIODevice::WriteOnly));
                file.write("{}");
            }
        }
        const Result result = run(arguments);
        QVERIFY2(result.status == 0 || result.status == 2
                         || QString::fromUtf8(result.errors).contains(missing),
                 result.errors.constData());
    }

    void wrongOnesAreSeen()
    {
        QCOMPARE(commandLines(u"\\badcode\n  a | qamqp get 'b|c' --jsn # d\n\\endcode"_s),
                 QStringList({u"get 'b|c' --jsn"_s}));
        QCOMPARE(words(u"get 'b c' \"$url\""_s),
                 QStringList({u"get"_s, u"b c"_s, u"amqp://127.0.0.1:1"_s}));
        QCOMPARE(run({u"get"_s, u"hello"_s, u"--jsn"_s}).status, 1);
    }
};

QTAMQP_TEST(TestPages)
#include "tst_pages.moc"
