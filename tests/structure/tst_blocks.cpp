// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What the documentation shows as code is code: C++ comes from files that are compiled, CMake names targets and
// components that are there, shell has no errors of syntax and calls scripts that are there. QML is compiled by
// qml/quick/tst_documentation.qml, and what is said to qamqp is tried by tool/tst_pages.cpp.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qprocess.h>
#include <QtCore/qregularexpression.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

constexpr auto Lines = QRegularExpression::MultilineOption;
constexpr auto All = QRegularExpression::DotMatchesEverythingOption;

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList pages()
{
    QStringList found;
    for (const QString &folder : {u"src"_s, u"qml"_s}) {
        QDirIterator it(root.filePath(folder), {u"*.cpp"_s, u"*.qdoc"_s, u"*.qdocinc"_s},
                        QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            found += root.relativeFilePath(it.next());
    }
    return found;
}

struct Block
{
    enum Language { Cpp, CMake, Shell, Other };

    QString where;
    Language language;
    QString text;
};

Block::Language languageOf(const QString &text)
{
    static const QRegularExpression ours(u"\\bQAmqp\\w+\\b[^\\n]*;|^ *#include"_s, Lines);
    static const QRegularExpression cmake(
            u"\\b(?:target_link_libraries|find_package|add_subdirectory)\\("_s);
    static const QRegularExpression shell(
            u"\\A\\s*(?:# .*\\n\\s*)*(?:export |exec |cd |sudo |cmake |ctest |qamqp |qml |tail |date |seq |printf |echo |"
            "apt|dpkg|man |g\\+\\+ |git |pkg-config |openssl |QT_\\w+=|QAMQP_\\w+=|(?:build|examples|tests|src)/\\S+[ \\n]|"
            "(?:example|tst)_)"_s);
    if (text.contains(cmake))
        return Block::CMake;
    if (text.contains(shell))
        return Block::Shell;
    return text.contains(ours) ? Block::Cpp : Block::Other;
}

QList<Block> blocksOf(const QString &path)
{
    static const QRegularExpression code(u"\\\\(?:bad)?code\\n(.*?)\\\\endcode"_s, All);
    static const QRegularExpression fence(u"^```(\\w*)\\n(.*?)^```$"_s, Lines | All);
    static const QRegularExpression project(u"\\\\quotefromfile ([\\w-]+/CMakeLists\\.txt)"_s);
    const QString text = contents(path);
    QList<Block> found;
    const auto add = [&](const QRegularExpressionMatch &match) {
        const QString block = match.captured(match.lastCapturedIndex());
        const qsizetype line = QStringView(text).left(match.capturedStart()).count(u'\n') + 1;
        found += {path + u':' + QString::number(line), languageOf(block), block};
    };
    if (path.endsWith(u".md")) {
        for (auto it = fence.globalMatch(text); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            add(match);
            const QString tag = match.captured(1);
            found.last().language = tag == u"sh" ? Block::Shell
                    : tag == u"cmake"            ? Block::CMake
                    : tag == u"cpp"              ? Block::Cpp
                                                 : Block::Other;
        }
    } else {
        for (auto it = code.globalMatch(text); it.hasNext();)
            add(it.next());
        for (auto it = project.globalMatch(text); it.hasNext();) {
            const QString name = it.next().captured(1);
            found += {name, Block::CMake,
                      contents(u"src/doc/snippets/"_s + name) + contents(u"examples/"_s + name)};
        }
    }
    return found;
}

QList<Block> blocks()
{
    QList<Block> found;
    for (const QString &path : pages() + QStringList{u"README.md"_s, u".github/CONTRIBUTING.md"_s})
        found += blocksOf(path);
    return found;
}

} // namespace

class TestBlocks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // What stands in a comment is compiled by nobody: a \snippet or \quotefromfile takes its place. A line that
    // includes a header is checked by tst_headers.
    void cppComesFromFiles()
    {
        static const QRegularExpression include(u"^ *#include <QtAmqp\\w*/\\w+>\\n"_s, Lines);
        QStringList bad;
        for (const Block &block : blocks()) {
            if (block.language != Block::Cpp || block.where.startsWith(u"README.md"))
                continue; // whose programs tst_readme compares with examples
            QString rest = block.text;
            if (!rest.remove(include).trimmed().isEmpty())
                bad += block.where;
        }
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
    }

    void shownFilesAreCompiled()
    {
        static const QRegularExpression shown(u"\\\\(?:snippet|quotefromfile) ([\\w./-]+)"_s);
        const QString compiled = contents(u"tests/structure/CMakeLists.txt"_s)
                + contents(u"tests/CMakeLists.txt"_s) + contents(u"tests/package/stranger.sh"_s);
        QStringList bad;
        int count = 0;
        for (const QString &page : pages()) {
            const QString text = contents(page);
            for (auto it = shown.globalMatch(text); it.hasNext(); ++count) {
                const QString file = it.next().captured(1);
                const QString folder = file.section(u'/', 0, 0);
                const QFileInfo example(root.filePath(u"examples/"_s + file));
                const QString project =
                        contents(u"examples/"_s + file.section(u'/', 0, 0) + u"/CMakeLists.txt"_s);
                const QString snippet = u"src/doc/snippets/"_s + file;
                const bool isNoCpp = example.suffix() == u"qml" || example.suffix() == u"txt";
                const bool built = file.contains(u'/') && example.exists()
                        ? isNoCpp || project.contains(example.fileName())
                                || project.contains(u"file(GLOB"_s)
                        : QFile::exists(root.filePath(snippet))
                                && (isNoCpp || compiled.contains(snippet));
                if (!built)
                    bad += page + u": "_s + file;
            }
        }
        QVERIFY(count > 50);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
    }

    void cmakeNamesWhatIsThere()
    {
        static const QRegularExpression target(u"\\bQtAmqp::(\\w+)"_s);
        static const QRegularExpression components(u"QtAmqp\\b[^)]*?COMPONENTS ([\\w ]+)\\)"_s);
        static const QRegularExpression variable(u"\\b(QTAMQP_\\w+)"_s);
        static const QRegularExpression call(
                u"^ *(\\w+)\\([^()]*(?:\\([^()]*\\)[^()]*)*\\)(?: *#.*)?\\n"_s, Lines);
        static const QRegularExpression comment(u"^ *#.*\\n"_s, Lines);
        QString sources;
        for (const char *path : {"CMakeLists.txt", "src/CMakeLists.txt", "qml/CMakeLists.txt",
                                 "qml/test/CMakeLists.txt", "src/doc/CMakeLists.txt",
                                 "src/install.cmake", "src/QtAmqpConfig.cmake.in"})
            sources += contents(QString::fromLatin1(path));
        QStringList bad;
        int count = 0;
        for (const Block &block : blocks()) {
            if (block.language != Block::CMake)
                continue;
            ++count;
            QString rest = block.text;
            if (!rest.remove(comment).remove(call).trimmed().isEmpty())
                bad += block.where + u" is no CMake: "_s + rest.trimmed();
            for (auto it = target.globalMatch(block.text); it.hasNext();) {
                const QString name = it.next().captured(1);
                if (!sources.contains("QtAmqp::"_L1 + name)
                    && !sources.contains("EXPORT_NAME "_L1 + name))
                    bad += block.where + u": QtAmqp::"_s + name;
            }
            for (auto it = components.globalMatch(block.text); it.hasNext();) {
                for (const QString &name : it.next().captured(1).split(u' ', Qt::SkipEmptyParts)) {
                    if (!sources.contains("QtAmqp::"_L1 + name))
                        bad += block.where + u": component "_s + name;
                }
            }
            for (auto it = variable.globalMatch(block.text); it.hasNext();) {
                const QString name = it.next().captured(1);
                if (!sources.contains(name))
                    bad += block.where + u": "_s + name;
            }
        }
        QVERIFY(count > 3);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
    }

    void shellHasNoErrors()
    {
        static const QRegularExpression script(
                u"(?:^|[\\s\"])((?:examples|tests|src|packaging)/[\\w./-]+)"_s, Lines);
        static const QRegularExpression example(u"^ *(example|tst)_([\\w-]+)"_s, Lines);
        QByteArray all;
        QStringList bad;
        int count = 0;
        for (const Block &block : blocks()) {
            if (block.language != Block::Shell)
                continue;
            ++count;
            // Brackets stand for what may be left out.
            if (!block.text.contains(u"[OPTIONS]"))
                all += "# " + block.where.toUtf8() + "\n(\n" + block.text.toUtf8() + "\n)\n";
            for (auto it = script.globalMatch(block.text); it.hasNext();) {
                const QString path = it.next().captured(1);
                if (!QFile::exists(root.filePath(path)))
                    bad += block.where + u": "_s + path;
            }
            for (auto it = example.globalMatch(block.text); it.hasNext();) {
                const QRegularExpressionMatch match = it.next();
                if (match.captured(1) == u"example"
                    && !QFile::exists(root.filePath(u"examples/"_s + match.captured(2))))
                    bad += block.where + u": "_s + match.captured();
            }
        }
        QVERIFY(count > 20);
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
        QProcess shell;
        shell.start(u"bash"_s, {u"-n"_s});
        shell.write(all);
        shell.closeWriteChannel();
        QVERIFY(shell.waitForFinished());
        const QByteArray errors = shell.readAllStandardError();
        const int line = errors.mid(errors.indexOf("line ") + 5).split(':').first().toInt();
        const QByteArrayList lines = all.split('\n');
        QVERIFY2(shell.exitCode() == 0, (errors + lines.mid(line - 8, 9).join('\n')).constData());
    }

    void pathsInCodeFontAreThere()
    {
        static const QRegularExpression path(
                u"\\\\c ?\\{?((?:examples|tests|src|include|qml)/[\\w/.-]*\\w)\\}?(?=[\\s,.;:)])"_s);
        QStringList bad;
        for (const QString &page : pages()) {
            const QString text = contents(page);
            for (auto it = path.globalMatch(text); it.hasNext();) {
                const QString name = it.next().captured(1);
                if (!QFile::exists(root.filePath(name)))
                    bad += page + u": "_s + name;
            }
        }
        QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
    }

    void languagesAreKnownApart()
    {
        QCOMPARE(languageOf(u"    QAmqpConnection connection;\n"_s), Block::Cpp);
        QCOMPARE(languageOf(u"    #include <QtAmqp/QtAmqp>\n"_s), Block::Cpp);
        QCOMPARE(languageOf(u"    find_package(QtAmqp REQUIRED)\n"_s), Block::CMake);
        QCOMPARE(languageOf(u"    qamqp declare queue a\n"_s), Block::Shell);
        QCOMPARE(languageOf(u"    tail -f a | qamqp publish\n"_s), Block::Shell);
        QCOMPARE(languageOf(u"    connection = pika.BlockingConnection()\n"_s), Block::Other);
    }
};

QTAMQP_TEST(TestBlocks)
#include "tst_blocks.moc"
