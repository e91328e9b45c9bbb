// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The layers as a table, and every #include against it.
//
// A layer may include itself and what its row names. A public header belongs to the layer of its
// .cpp. Text in comments and string literals does not count.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qmap.h>
#include <QtCore/qregularexpression.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

enum class Io { Allowed, Forbidden };
enum class Modules { Core, Network, Sql, Any };

struct Layer
{
    const char *name;
    const char *folder;
    const char *mayInclude;
    Modules modules = Modules::Core;
    Io io = Io::Allowed; // Forbidden: no QObject, no timer, no socket, no clock
};

// From the bottom up. "public" stands for the headers in include without any internals.
constexpr Layer layers[] = {
        {"values", "src/values/", "", Modules::Core, Io::Forbidden},
        {"codec", "src/codec/", "values", Modules::Core, Io::Forbidden},
        {"protocol", "src/protocol/", "codec values", Modules::Core, Io::Forbidden},
        {"transport", "src/transport/", "protocol codec values", Modules::Network},
        {"api", "src/api/", "transport protocol codec values", Modules::Network},
        {"outbox", "src/outbox/", "api codec values", Modules::Sql},
        {"testbroker", "src/testbroker/", "codec values", Modules::Network},
        {"blocking", "src/blocking/", "public", Modules::Network},
        {"tool", "src/tool/", "public", Modules::Any},
        {"qml", "qml/", "public", Modules::Any},
        {"snippets", "src/doc/snippets/", "public", Modules::Any},
        {"examples", "examples/", "public", Modules::Any},
};

// Public headers outside the api layer; all others are the api's.
const QMap<QString, QString> publicHeaders = {
        {u"qtamqpglobal.h"_s, u"values"_s},
        {u"qtamqpversion.h"_s, u"values"_s},
        {u"qamqptable.h"_s, u"values"_s},
        {u"qamqpmessage.h"_s, u"values"_s},
        {u"qamqperror.h"_s, u"values"_s},
        {u"qamqpconnectionoptions.h"_s, u"values"_s},
        {u"qamqpcredentials.h"_s, u"values"_s},
        {u"qamqpoperationoptions.h"_s, u"values"_s},
        {u"qamqpreturn.h"_s, u"values"_s},
        {u"qamqprecoveryreport.h"_s, u"values"_s},
        {u"qamqpretrypolicy.h"_s, u"values"_s},
        {u"qamqptransport.h"_s, u"transport"_s},
        {u"qamqpresult.h"_s, u"values"_s},
        {u"qamqpblockingchannel.h"_s, u"blocking"_s},
        {u"qamqpblockingconnection.h"_s, u"blocking"_s},
        {u"qamqpblockingconsumer.h"_s, u"blocking"_s},
        {u"qamqpblockingoutbox.h"_s, u"blocking"_s},
};

QString layerOfPublicHeader(const QString &header) { return publicHeaders.value(header, u"api"_s); }

const Layer *findLayer(const QString &name)
{
    for (const Layer &layer : layers) {
        if (name == QLatin1StringView(layer.name))
            return &layer;
    }
    return nullptr;
}

const Layer *layerOfFile(const QString &path)
{
    if (path.startsWith(u"include/QtAmqpTest/"))
        return findLayer(u"testbroker"_s);
    if (path.startsWith(u"include/QtAmqpOutbox/"))
        return findLayer(u"outbox"_s);
    if (path.startsWith(u"include/QtAmqp/"))
        return findLayer(layerOfPublicHeader(path.section(u'/', -1)));
    for (const Layer &layer : layers) {
        if (path.startsWith(QLatin1StringView(layer.folder)))
            return &layer;
    }
    return nullptr;
}

bool mayInclude(const Layer &layer, const QString &target)
{
    const QStringList allowed = QString::fromLatin1(layer.mayInclude).split(u' ');
    return target == QLatin1StringView(layer.name) || allowed.contains(target)
            || (allowed.contains(u"public"_s) && target == u"public");
}

QRegularExpression regex(const char *pattern, QRegularExpression::PatternOptions options = {})
{
    return QRegularExpression(QString::fromLatin1(pattern), options);
}

// Blanks comments, and string literals if asked; lines stay lines.
QString withoutComments(const QString &code, bool withoutStrings)
{
    static const QRegularExpression tokens =
            regex("//[^\\n]*|/\\*.*?\\*/|\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)+'",
                  QRegularExpression::DotMatchesEverythingOption);
    QString result;
    qsizetype last = 0;
    for (auto it = tokens.globalMatch(code); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const bool isComment = match.captured().startsWith(u'/');
        result += code.sliced(last, match.capturedStart() - last);
        result += isComment || withoutStrings ? QString(match.captured().count(u'\n'), u'\n')
                                              : match.captured();
        last = match.capturedEnd();
    }
    return result + code.sliced(last);
}

QString checkInclude(const Layer &layer, const QString &path, const QString &target, bool quoted)
{
    static const QRegularExpression privateQt =
            regex("(^|/)private/|^qpa/|^Qt[A-Z][a-zA-Z]*/.*_p\\.h$|^q[a-z]+_p\\.h$");
    const QString prefix = target.section(u'/', 0, 0);
    const bool isPublicHeader = path.startsWith(u"include/");
    const bool seesInternals = !QLatin1StringView(layer.mayInclude).contains("public"_L1);

    if (privateQt.match(target).hasMatch() && !prefix.startsWith(u"QtAmqp") && !quoted)
        return u"includes a private header of Qt"_s;
    if (prefix == u"QtAmqp") {
        const QString header = target.section(u'/', 1);
        if (!seesInternals || mayInclude(layer, layerOfPublicHeader(header)))
            return {};
        return u"includes upward, from %1 to %2"_s.arg(QLatin1StringView(layer.name),
                                                       layerOfPublicHeader(header));
    }
    if (prefix == u"QtAmqpTest") { // no part of QtAmqp needs it
        const bool mayTest = layer.modules == Modules::Any;
        if (mayTest || QLatin1StringView(layer.name) == "testbroker"_L1)
            return {};
        return u"includes the library for tests"_s;
    }
    if (prefix == u"QtAmqpOutbox") { // the library does without it
        const bool mayUse = layer.modules == Modules::Any || layer.modules == Modules::Sql;
        return mayUse ? QString() : u"includes the outbox in a file"_s;
    }
    if (quoted) {
        if (isPublicHeader)
            return u"is public and includes something private"_s;
        if (target.contains(u".."))
            return u"includes by a path that climbs"_s;
        if (target.endsWith(u".moc") || (target.startsWith(u"moc_") && !target.contains(u'/')))
            return {};
        if (const Layer *other = findLayer(prefix); other && target.contains(u'/')) {
            if (mayInclude(layer, QLatin1StringView(other->name)))
                return {};
            return u"includes %1"_s.arg(QLatin1StringView(
                    seesInternals ? "upward, or a layer that its row does not name"
                                  : "what is not public"));
        }
        if (seesInternals)
            return u"includes without naming a layer"_s;
        return target.contains(u'/') ? u"includes what is not its own"_s : QString();
    }
    const bool showsTests =
            QStringList{u"snippets"_s, u"examples"_s}.contains(QLatin1StringView(layer.name));
    if (prefix == u"QtTest" && !showsTests)
        return u"includes QtTest"_s;
    if (layer.modules == Modules::Any || !target.startsWith(u"Qt") || prefix == u"QtCore")
        return {};
    if (prefix == u"QtNetwork" && layer.modules == Modules::Network)
        return {};
    if (prefix == u"QtSql" && layer.modules == Modules::Sql)
        return {};
    return u"includes %1, which its row does not name"_s.arg(prefix);
}

// What is wrong in one file, a line each.
QStringList checkFile(const QString &path, const QString &code)
{
    const Layer *layer = layerOfFile(path);
    if (!layer)
        return {path + u": lies in no layer"_s};

    QStringList wrong;
    static const QRegularExpression include = regex("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]");
    int number = 0;
    const QStringList lines = withoutComments(code, false).split(u'\n');
    for (const QString &line : lines) {
        ++number;
        const QRegularExpressionMatch match = include.match(line);
        if (!match.hasMatch())
            continue;
        const QString problem =
                checkInclude(*layer, path, match.captured(2), match.captured(1) == u"\"");
        if (!problem.isEmpty())
            wrong += u"%1:%2: %3 (%4)"_s.arg(path).arg(number).arg(problem, match.captured(2));
    }

    // A public header of the values layer may be a Q_GADGET; the word QObject is forbidden all the same.
    if (layer->io == Io::Forbidden) {
        static const QRegularExpression forbidden = regex(
                "\\b(QObject|Q_OBJECT|QTimer|QBasicTimer|QTimerEvent|QEventLoop|QCoreApplication|QThread\\w*|QElapsedTimer|QDeadlineTimer|QIODevice|Q\\w*Socket\\w*|QTcpServer|QHostInfo|QFuture\\w*|QPromise|currentDateTime\\w*|currentDate|currentTime|currentSecsSinceEpoch|currentMSecsSinceEpoch|gettimeofday|clock_gettime|std::time|sleep_for|std::thread|std::mutex)\\b|\\bnow\\s*\\(");
        number = 0;
        const QStringList codeLines = withoutComments(code, true).split(u'\n');
        for (const QString &line : codeLines) {
            ++number;
            if (const auto match = forbidden.match(line); match.hasMatch())
                wrong += u"%1:%2: uses %3, which %4 may not know"_s.arg(path).arg(number).arg(
                        match.captured().trimmed(), QLatin1StringView(layer->name));
        }
    }
    return wrong;
}

// Lines outside QDoc blocks.
int countLines(const QString &code)
{
    static const QRegularExpression qdoc =
            regex("/\\*!.*?\\*/\\n?", QRegularExpression::DotMatchesEverythingOption);
    return int(QString(code).remove(qdoc).count(u'\n'));
}

constexpr int MaxLines = 500;
const QString methodTable = u"src/codec/methods.h"_s;

QString sourcePath(const QString &path) { return QStringLiteral(QTAMQP_SOURCE_DIR "/") + path; }

QString readFile(const QString &path)
{
    QFile file(sourcePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList sourceFiles(const QStringList &folders)
{
    static const QRegularExpression code = regex("\\.(h|cpp|cc|hpp|mm|inl)$|include/QtAmqp/\\w+$");
    QStringList files;
    const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));
    for (const QString &folder : folders) {
        QDirIterator it(root.filePath(folder), QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext()) {
            const QString path = root.relativeFilePath(it.next());
            if (code.match(path).hasMatch())
                files.append(path);
        }
    }
    files.sort();
    return files;
}

} // namespace

class TestLayering : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void includesGoDownward()
    {
        QStringList wrong;
        int checked = 0;
        for (const QString &path : sourceFiles({u"src"_s, u"include"_s, u"qml"_s, u"examples"_s})) {
            // The forwarding headers have no layer: they name one header each, or all.
            if (path.startsWith(u"include/") && !path.endsWith(u".h"))
                continue;
            const QString code = readFile(path);
            QVERIFY2(!code.isEmpty(), qPrintable(path));
            wrong += checkFile(path, code);
            ++checked;
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(u'\n' + wrong.join(u'\n')));
        QVERIFY(checked > 50);
    }

    void everyNamedHeaderExists()
    {
        for (auto it = publicHeaders.cbegin(); it != publicHeaders.cend(); ++it)
            QVERIFY2(QFileInfo::exists(sourcePath(u"include/QtAmqp/"_s + it.key())),
                     qPrintable(it.key()));
    }

    // A public header is of the layer in whose folder its .cpp lies.
    void publicHeadersBelongToTheLayerOfTheirSource()
    {
        int found = 0;
        for (const QString &path : sourceFiles({u"include/QtAmqp"_s})) {
            if (!path.endsWith(u".h"))
                continue;
            const QString header = path.section(u'/', -1);
            const QString unit = header.chopped(2);
            for (const Layer &layer : layers) {
                const QString source = QLatin1StringView(layer.folder) + unit + u".cpp"_s;
                if (!QFileInfo::exists(sourcePath(source)))
                    continue;
                ++found;
                QCOMPARE(layerOfPublicHeader(header), QLatin1StringView(layer.name));
            }
        }
        QVERIFY(found >= 8);
    }

    void everyFileIncludedByLayerExists()
    {
        static const QRegularExpression include = regex("^\\s*#\\s*include\\s*\"([a-z]+/[^\"]+)\"",
                                                        QRegularExpression::MultilineOption);
        for (const QString &path : sourceFiles({u"src"_s})) {
            const QString code = withoutComments(readFile(path), false);
            for (auto it = include.globalMatch(code); it.hasNext();) {
                const QString target = it.next().captured(1);
                QVERIFY2(QFileInfo::exists(sourcePath(u"src/"_s + target)),
                         qPrintable(path + u": "_s + target));
            }
        }
    }

    void filesAreAtMost500LinesLong()
    {
        QStringList wrong;
        for (const QString &path : sourceFiles({u"src"_s})) {
            const int lines = countLines(readFile(path));
            if (lines > MaxLines && path != methodTable)
                wrong += u"%1 has %2 lines outside QDoc"_s.arg(path).arg(lines);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(u'\n')));
        QVERIFY(countLines(readFile(methodTable)) > MaxLines); // else it needs no exception
    }

    void aViolationIsSeen_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("code");
        QTest::addColumn<bool>("bad");
        const auto row = [](const char *name, const char *path, const char *code, bool bad) {
            QTest::newRow(name) << QString::fromLatin1(path) << QString::fromLatin1(code) << bad;
        };
        const auto good = [&](const char *name, const char *path, const char *code) {
            row(name, path, code, false);
        };
        const auto bad = [&](const char *name, const char *path, const char *code) {
            row(name, path, code, true);
        };

        good("downward", "src/codec/x.h",
             "#include \"values/bytes.h\"\n#include <QtCore/qstring.h>\n");
        good("itself", "src/codec/x.h", "#include \"codec/y.h\"\n");
        good("two down", "src/api/x.cpp", "#include \"values/bytes.h\"\n");
        good("public of its layer", "src/values/x.cpp", "#include <QtAmqp/qamqptable.h>\n");
        good("facade to itself", "src/blocking/x.cpp", "#include \"blocking/y.h\"\n");
        good("moc", "src/api/x.cpp", "#include \"x.moc\"\n#include \"moc_x.cpp\"\n");
        good("in a comment", "src/codec/x.h",
             "// #include \"api/engine.h\"\n/*\n#include \"api/engine.h\"\n*/\n");
        good("word in a comment", "src/codec/x.h", "// no QObject here\nint a; /* QTimer */\n");
        good("word in a string", "src/codec/x.h",
             "auto s = \"QObject's // clock::now()\"; int b;\n");
        good("word inside a word", "src/values/x.h",
             "#include <QtCore/qobjectdefs.h>\nint unknown(int);\n");
        good("time as an argument", "src/protocol/x.h", "void timeout(TimePoint now);\n");
        good("private header of our own", "src/api/x.cpp", "#include \"api/qamqpchannel_p.h\"\n");
        good("example", "examples/a/main.cpp",
             "#include <QtAmqp/QAmqpConnection>\n#include <QtWidgets/qwidget.h>\n#include \"window.h\"\n");

        good("test library in an example", "examples/a/tst_a.cpp",
             "#include <QtAmqpTest/QtAmqpTest>\n#include <QtTest/qtest.h>\n");
        good("test library in itself", "src/testbroker/x.cpp",
             "#include <QtAmqpTest/qamqptest.h>\n#include <QtAmqp/qamqpresult.h>\n");
        good("between headers of the test library", "include/QtAmqpTest/x.h",
             "#include <QtAmqpTest/qtamqptestglobal.h>\n");

        good("QtSql in the outbox in a file", "src/outbox/x.cpp",
             "#include <QtAmqpOutbox/qamqpfileoutbox.h>\n#include <QtSql/qsqlquery.h>\n");
        bad("QtSql in the library", "src/api/x.cpp", "#include <QtSql/qsqlquery.h>\n");
        bad("the outbox in a file in the library", "src/api/x.cpp",
            "#include <QtAmqpOutbox/qamqpfileoutbox.h>\n");
        bad("test library in the library", "src/api/x.cpp", "#include <QtAmqpTest/qamqptest.h>\n");
        bad("test library in the facade", "src/blocking/x.cpp",
            "#include <QtAmqpTest/qamqptest.h>\n");
        bad("objects in the test library", "include/QtAmqpTest/x.h",
            "#include <QtAmqp/qamqpchannel.h>\n");
        bad("upward", "src/codec/x.h", "#include \"protocol/events.h\"\n");
        bad("upward from values", "src/values/x.cpp", "#include \"codec/frame.h\"\n");
        bad("upward to the api", "src/transport/x.cpp", "#include \"api/engine.h\"\n");
        bad("upward by a public header", "src/protocol/x.cpp",
            "#include <QtAmqp/qamqpchannel.h>\n");
        bad("upward by a forwarding header", "src/protocol/x.cpp",
            "#include <QtAmqp/QAmqpTransport>\n");
        bad("upward between public headers", "include/QtAmqp/qamqptable.h",
            "#include <QtAmqp/qamqpchannel.h>\n");
        bad("indented", "src/codec/x.h", "#  include   \"api/engine.h\"\n");
        bad("behind a comment", "src/codec/x.h", "/* a */ #include \"api/engine.h\"\n");
        bad("test broker to protocol", "src/testbroker/x.cpp", "#include \"protocol/events.h\"\n");
        bad("public to private", "include/QtAmqp/qamqpchannel.h", "#include \"api/engine.h\"\n");
        bad("facade to private", "src/blocking/x.cpp", "#include \"api/engine.h\"\n");
        bad("api to facade", "src/api/x.cpp", "#include <QtAmqp/qamqpblockingchannel.h>\n");
        bad("tool to private", "src/tool/x.cpp", "#include \"values/bytes.h\"\n");
        bad("qml to private", "qml/x.cpp", "#include \"api/engine.h\"\n");
        bad("example to private", "examples/a/main.cpp", "#include \"codec/frame.h\"\n");
        bad("climbing", "examples/a/main.cpp", "#include \"../../src/codec/frame.h\"\n");
        bad("without a layer", "src/codec/x.cpp", "#include \"frame.h\"\n");
        bad("private Qt", "src/api/x.cpp", "#include <QtCore/private/qobject_p.h>\n");
        bad("private Qt in an example", "examples/a/main.cpp", "#include <private/qobject_p.h>\n");
        bad("network in the protocol", "src/protocol/x.cpp", "#include <QtNetwork/qsslerror.h>\n");
        bad("widgets in the api", "src/api/x.cpp", "#include <QtWidgets/qwidget.h>\n");
        bad("QtTest in the library", "src/api/x.cpp", "#include <QtTest/qtest.h>\n");
        bad("no layer", "src/other/x.cpp", "int a;\n");
        bad("object", "src/protocol/x.h", "class X : public QObject {};\n");
        bad("timer", "src/codec/x.h", "QTimer timer;\n");
        bad("socket", "src/values/x.h", "QSslSocket *socket;\n");
        bad("clock", "src/protocol/x.cpp", "auto t = std::chrono::steady_clock::now();\n");
        bad("clock of Qt", "src/values/x.cpp", "auto t = QDateTime::currentDateTimeUtc();\n");
        bad("thread", "src/protocol/x.cpp", "std::mutex m;\n");
        bad("behind a string", "src/codec/x.h", "f(\"//\"); QObject *o;\n");
    }

    void aViolationIsSeen()
    {
        QFETCH(QString, path);
        QFETCH(QString, code);
        QFETCH(bool, bad);
        const QStringList wrong = checkFile(path, code);
        QVERIFY2(wrong.isEmpty() != bad, qPrintable(wrong.join(u'\n')));
    }

    void linesOfQDocDoNotCount()
    {
        QCOMPARE(countLines(u"a\nb\n"_s), 2);
        QCOMPARE(countLines(u"a\n/*!\n doc\n doc\n*/\nb\n"_s), 2);
        QCOMPARE(countLines(u"/* plain\ncomment */\n"_s), 2);
    }
};

QTAMQP_TEST(TestLayering)
#include "tst_layering.moc"
