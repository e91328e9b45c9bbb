// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Public headers compile alone in C++17: CMakeLists.txt beside this file makes one source of each.
// Here: none is left out, each has its forwarding headers, and nothing in them troubles a user.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qfile.h>
#include <QtCore/qmap.h>
#include <QtCore/qregularexpression.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QDir publicFolder(QStringLiteral(QTAMQP_SOURCE_DIR "/include"));
const QDir buildFolder(QStringLiteral(QT_TESTCASE_BUILDDIR "/structure"));

QString readFile(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// As they are included: QtAmqp/qamqptable.h and so on.
QStringList publicHeaders(const QString &filter = u"*"_s)
{
    QStringList headers;
    for (const QString &library : {u"QtAmqp"_s, u"QtAmqpOutbox"_s, u"QtAmqpTest"_s}) {
        const QDir folder(publicFolder.filePath(library));
        for (const QString &name : folder.entryList({filter}, QDir::Files, QDir::Name))
            headers += library + u'/' + name;
    }
    return headers;
}

QString withoutCommentsAndStrings(QString code)
{
    static const QRegularExpression tokens(u"//[^\\n]*|/\\*.*?\\*/|\"(?:[^\"\\\\\\n]|\\\\.)*\""_s,
                                           QRegularExpression::DotMatchesEverythingOption);
    return code.remove(tokens);
}

struct Rule
{
    const char *pattern;
    const char *why;
};

constexpr Rule rules[] = {
        {"\\bsignals\\s*:", "write Q_SIGNALS"},
        {"\\bslots\\s*:", "write Q_SLOTS"},
        {"\\b(emit|foreach|forever)\\b", "a keyword of Qt that users may switch off"},
        {"std::span|#\\s*include\\s*<span>", "std::span is C++20"},
        {"[{,]\\s*\\.[a-z]\\w*\\s*[={]", "designated initialisers are C++20"},
        {"\\b(concept|requires|co_await|co_return|consteval|constinit|char8_t)\\b",
         "a word of C++20"},
        {"<=>", "the comparison of C++20"},
        {"#\\s*include\\s*<(concepts|ranges|format|compare|bit|source_location|coroutine|numbers)>",
         "a header of C++20"},
        {"#\\s*include\\s*\"", "include <QtAmqp/...>, which is found in an installed package too"},
        {"\\bQ_FOREACH\\b", "not with QT_NO_FOREACH"},
        {"using\\s+namespace\\b", "it would reach into the user's code"},
        {"#\\s*pragma\\s+once", "write a guard, like the others"},
};

QStringList broken(const QString &code)
{
    QStringList why;
    // The rule on quoted includes must see the quotes: strings go, includes stay.
    static const QRegularExpression quoted(u"#\\s*include\\s*\""_s);
    const QString bare = withoutCommentsAndStrings(code)
            + (quoted.match(code).hasMatch() ? u"#include \""_s : QString());
    for (const Rule &rule : rules) {
        if (QRegularExpression(QString::fromLatin1(rule.pattern)).match(bare).hasMatch())
            why += QString::fromLatin1(rule.why);
    }
    return why;
}

} // namespace

class TestHeaders : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyHeaderIsCompiledAlone()
    {
        QStringList compiled =
                readFile(buildFolder.filePath(u"headers.txt"_s)).split(u'\n', Qt::SkipEmptyParts);
        compiled.sort();
        QStringList expected = publicHeaders();
        expected.sort();
        QVERIFY(expected.size() > 30);
        QCOMPARE(compiled, expected);
        // A source includes its header twice, and before that only what is nothing but a line with it, and its licence.
        static const QRegularExpression forwarding(
                u"\\A(?://[^\\n]*\\n)+\\n#include <([^>]+)>\\n\\z"_s);
        static const QRegularExpression notOfAName(u"[^A-Za-z0-9_]"_s);
        QMap<QString, QString> sources;
        for (const QString &header : std::as_const(compiled)) {
            const auto line = forwarding.match(readFile(publicFolder.filePath(header)));
            const QString compiledAs = line.hasMatch() ? line.captured(1) : header;
            sources[compiledAs] += u"#include <%1>\n"_s.arg(header);
        }
        QVERIFY(sources.size() > 20);
        for (auto it = sources.cbegin(); it != sources.cend(); ++it) {
            const QString name = QString(it.key()).replace(notOfAName, u"_"_s);
            QCOMPARE(readFile(buildFolder.filePath(u"headers/"_s + name + u".cpp"_s)),
                     it.value() + u"#include <%1>\n"_s.arg(it.key()));
        }
    }

    // That these two compile as well is the test: behind the macros of X11 and of windows.h, and with
    // -fno-exceptions -fno-rtti.
    void everyHeaderIsCompiledBehindMacrosAndWithoutExceptions()
    {
        for (const QString &source : {u"behind_macros"_s, u"without_exceptions"_s}) {
            const QString code = readFile(buildFolder.filePath(u"headers/%1.cpp"_s.arg(source)));
            QCOMPARE(code.startsWith(u"#include \"structure/macros.h\"\n"),
                     source == u"behind_macros");
            for (const QString &header : publicHeaders(u"*.h"_s))
                QVERIFY2(code.contains(u"#include <%1>\n"_s.arg(header)), qPrintable(header));
        }
    }

    void everyClassHasAForwardingHeader()
    {
        static const QRegularExpression declaration(
                u"^(?:class|struct)\\s+Q_AMQP\\w*_EXPORT\\s+(QAmqp\\w+)\\s*(?:final\\s*)?(?:$|:|\\{)"_s,
                QRegularExpression::MultilineOption);
        int classes = 0;
        for (const QString &header : publicHeaders(u"*.h"_s)) {
            const QString code = readFile(publicFolder.filePath(header));
            for (auto it = declaration.globalMatch(code); it.hasNext();) {
                const QString name = it.next().captured(1);
                ++classes;
                const QString folder = header.section(u'/', 0, 0) + u'/';
                QVERIFY2(readFile(publicFolder.filePath(folder + name))
                                 .endsWith(u"\n\n#include <%1>\n"_s.arg(header)),
                         qPrintable(u"%1 in %2 has no forwarding header"_s.arg(name, header)));
            }
        }
        QVERIFY(classes >= 15);
    }

    void everyForwardingHeaderForwards()
    {
        static const QRegularExpression one(
                u"\\A(?://[^\\n]*\\n)+\\n#include <(\\w+/\\w+\\.h)>\\n\\z"_s);
        for (const QString &header : publicHeaders()) {
            const QString name = header.section(u'/', 1);
            if (header.endsWith(u".h") || name == header.section(u'/', 0, 0)) // all of a library
                continue;
            const QRegularExpressionMatch match =
                    one.match(readFile(publicFolder.filePath(header)));
            QVERIFY2(match.hasMatch(), qPrintable(header));
            const QRegularExpression declaration(
                    u"\\b(class|struct|namespace)( \\[\\[nodiscard\\]\\])?( Q_AMQP\\w*_EXPORT)? %1\\b"_s
                            .arg(name));
            QVERIFY2(readFile(publicFolder.filePath(match.captured(1))).contains(declaration),
                     qPrintable(header));
        }
    }

    void theWholeIncludesEveryHeader()
    {
        for (const QString &header : publicHeaders(u"*.h"_s)) {
            const QString library = header.section(u'/', 0, 0);
            const QString whole = readFile(publicFolder.filePath(library + u'/' + library));
            if (!header.endsWith(u"global.h"))
                QVERIFY2(whole.contains(u"#include <%1>\n"_s.arg(header)), qPrintable(header));
        }
    }

    void everyHeaderHasItsGuard()
    {
        for (const QString &header : publicHeaders(u"*.h"_s)) {
            const QString guard = header.section(u'/', 1).toUpper().replace(u'.', u'_');
            const QString code = readFile(publicFolder.filePath(header));
            const QString begin = u"#ifndef %1\n#define %1\n"_s.arg(guard);
            QVERIFY2(code.section(u"\n\n"_s, 1).startsWith(begin), qPrintable(header));
            QVERIFY2(code.endsWith(u"#endif\n"), qPrintable(header));
        }
    }

    void noHeaderTroublesItsUser()
    {
        for (const QString &header : publicHeaders()) {
            const QStringList why = broken(readFile(publicFolder.filePath(header)));
            QVERIFY2(why.isEmpty(), qPrintable(header + u": "_s + why.join(u"; ")));
        }
    }

    void troubleIsSeen_data()
    {
        QTest::addColumn<QString>("code");
        QTest::addColumn<bool>("bad");
        const auto row = [](const char *name, const char *code, bool bad) {
            QTest::newRow(name) << QString::fromLatin1(code) << bad;
        };
        row("signals", "class A {\nsignals:\n};", true);
        row("public slots", "public slots:", true);
        row("emit", "void f() { emit g(); }", true);
        row("span", "void f(std::span<int> s);", true);
        row("designated", "auto a = Options{.prefetch = 5};", true);
        row("designated, second", "f({a, .b{1}});", true);
        row("comparison", "auto operator<=>(const A &) const = default;", true);
        row("requires", "template<typename T> requires true void f();", true);
        row("quoted include", "#include \"qamqptable.h\"\n", true);
        row("header of C++20", "#include <compare>\n", true);
        row("namespace", "using namespace std;", true);
        row("macros", "Q_SIGNALS:\npublic Q_SLOTS:\nvoid f() { Q_EMIT g(); }", false);
        row("in a comment", "// signals: are emitted; std::span\n/* emit */", false);
        row("in a string", "auto s = \"emit signals:\";", false);
        row("member access", "int f(A a, B b) { return a.x = b.y; }", false);
        row("ellipsis", "template<typename... T> void f(T &&...t);", false);
    }

    void troubleIsSeen()
    {
        QFETCH(QString, code);
        QFETCH(bool, bad);
        QCOMPARE(!broken(code).isEmpty(), bad);
    }
};

QTAMQP_TEST(TestHeaders)
#include "tst_headers.moc"
