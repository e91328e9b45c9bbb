// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Each name that the documentation shows is there: in the reference (what qdoc reads), in README.md and what it
// links to, in the comments of the examples and in what the library prints; C++ against the public headers, QML
// against the types of the module, the tool's options and the like against the sources. qdoc says nothing of a
// name that it cannot link. The map of the source names what is not public: tst_map looks at it.

#include "structure/comments.h"
#include "structure/declarations.h"
#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qhash.h>
#include <QtCore/qlibraryinfo.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using comments::Comment;
using comments::isForeign;
using declarations::regex;
using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList files(const QStringList &folders, const QStringList &patterns)
{
    QStringList found;
    for (const QString &folder : folders) {
        QDirIterator it(root.filePath(folder), patterns, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            found += it.next();
    }
    return found;
}

// Of each match the last group that took part in it.
QStringList all(const QString &text, const QRegularExpression &expression)
{
    QStringList found;
    for (auto it = expression.globalMatch(text); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        found += match.captured(match.lastCapturedIndex());
    }
    return found;
}

// What types have, by their names; a member of an enum class as "Kind::Timeout" alone.
class Names
{
public:
    void addHeader(const QString &header)
    {
        static const QRegularExpression function(u"^Q_AMQP\\w*_EXPORT [\\w *]*?(\\w+)\\("_s,
                                                 QRegularExpression::MultilineOption);
        const QStringList functions = all(header, function);
        m_all += QSet<QString>(functions.begin(), functions.end());
        static const QRegularExpression base(
                u"^(?:class|struct)[^;{:(]*? (\\w+)(?: final)?\\s*: public (\\w+)"_s,
                QRegularExpression::MultilineOption);
        for (auto it = base.globalMatch(header); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            m_bases.insert(match.captured(1), match.captured(2));
        }
        for (const QString &declaration : declarations::of(header))
            add(declaration.section(u": "_s, 0, 0), declaration.section(u": "_s, 1));
    }

    // A header of the QML module: what moc tells QML of its class, under the name that it has there.
    void addQmlHeader(const QString &header)
    {
        static const QRegularExpression type(
                regex(R"(^class Q_AMQP(?:TEST)?QUICK_EXPORT (\w+)\s*:?(?: public (\w+))?)"
                      R"((.*?QML_(?:ANONYMOUS|\w+\((\w+)\)).*?)^\};)"));
        static const QRegularExpression shown(
                u"(?:^Q_PROPERTY\\(|^Q_INVOKABLE |^enum |^Q_SIGNAL )"_s);
        for (auto it = type.globalMatch(header); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            Names there;
            QString code = match.captured();
            code.replace(regex(R"(^(?=    void \w+\([^;]*;))"), u"Q_SIGNAL "_s);
            for (const QString &declaration : declarations::of(code)) {
                const QString text = declaration.section(u": "_s, 1);
                if (text.contains(shown))
                    add(match.captured(1), text);
            }
            if (match.lastCapturedIndex() == 4)
                m_bases.insert(match.captured(4), match.captured(1));
            if (!match.captured(2).isEmpty())
                m_bases.insert(match.captured(1), match.captured(2));
        }
    }

    bool isType(const QString &name) const
    {
        return m_members.contains(name) || m_bases.contains(name);
    }

    bool has(const QString &type, const QString &name) const
    {
        for (QString t = type; !t.isEmpty(); t = m_bases.value(t)) {
            if (t == name || m_members.value(t).contains(name) || isOfQt(t, name))
                return true;
        }
        return false;
    }

    bool hasEnumerator(const QString &type, const QString &name) const
    {
        const QSet<QString> names = m_members.value(type);
        return std::any_of(names.begin(), names.end(), [end = "::"_L1 + name](const QString &one) {
            return one.endsWith(end);
        });
    }

    bool isMember(const QString &name) const { return m_all.contains(name); }

    static bool isOfQt(const QString &type, const QString &member);

private:
    void add(const QString &type, const QString &declaration)
    {
        static const QRegularExpression enumerator(u"^enum (class )?(\\w+)(?: (\\w+).*)?$"_s);
        static const QRegularExpression name(
                u"^(?:Q_PROPERTY\\(.*?(\\w+) (?:READ|MEMBER).*|Q_DECLARE_FLAGS\\((\\w+).*|"
                "using (\\w+).*)$"
                "|(\\w+)\\(|(\\w+)(?: =.*)?$"_s);
        static const QRegularExpression nested(u"^struct (\\w+) (.+)$"_s);
        QStringList names;
        if (const auto inner = nested.match(declaration); inner.hasMatch()) {
            for (const QString &member : all(inner.captured(2), name))
                names << inner.captured(1) + "::"_L1 + member << member;
        } else if (const auto match = enumerator.match(declaration); match.hasMatch()) {
            names << match.captured(2) << match.captured(2) + "::"_L1 + match.captured(3);
            if (match.captured(1).isEmpty())
                names += match.captured(3);
        } else {
            names = all(declaration, name);
        }
        m_members[type] += QSet<QString>(names.begin(), names.end());
        m_all += m_members.value(type);
    }

    QHash<QString, QSet<QString>> m_members;
    QHash<QString, QString> m_bases;
    QSet<QString> m_all;
};

// By the header of that name, where Qt is installed with it; without a member, whether there is one.
bool Names::isOfQt(const QString &type, const QString &member)
{
    static QHash<QString, QString> headers;
    if (!type.startsWith(u'Q') || type.startsWith(u"QAmqp"))
        return false;
    if (!headers.contains(type)) {
        const QDir folder(QLibraryInfo::path(QLibraryInfo::HeadersPath));
        QString &text = headers[type];
        for (const QString &module : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
            const QString path = folder.filePath(module + u'/' + type);
            if (QFile::exists(path))
                text = contents(
                        folder.filePath(module + u'/' + contents(path).section(u'"', 1, 1)));
        }
    }
    return headers.value(type).contains(
            QRegularExpression("\\b"_L1 + member.section(u"::"_s, -1) + "\\b"_L1));
}

} // namespace

class TestNames : public QObject
{
    Q_OBJECT

private:
    QStringList wrong(const Comment &comment) const;
    QStringList wrongQualified(const QString &text, const QString &type = {}) const;
    QStringList wrongInCodeFont(const QStringList &words, const QString &type = {}) const;
    QStringList wrongInQml(QString code) const;
    bool isInSources(const QString &word) const
    {
        return m_sources.contains(QRegularExpression("\"(?:[^\"\\n]*[ ,])?"_L1
                                                     + QRegularExpression::escape(word)
                                                     + "(?:[=:, ][^\"\\n]*)?\""_L1));
    }

    Names m_names;
    QString m_sources; // of library, tool and QML module
    QSet<QString> m_titles; // of the pages and sections that \l may name

private Q_SLOTS:
    void initTestCase();
    void referenceNamesWhatIsThere_data();
    void referenceNamesWhatIsThere();
    void readmeNamesWhatIsThere_data();
    void readmeNamesWhatIsThere();
    void examplesAndTextsNameWhatIsThere();
    void optionsAndVariablesAreThere();
    void wrongNamesAreSeen_data();
    void wrongNamesAreSeen();
};

void TestNames::initTestCase()
{
    for (const QString &path : files({u"include"_s}, {u"*.h"_s}))
        m_names.addHeader(contents(path));
    for (const QString &path : files({u"qml"_s}, {u"*.h"_s}))
        m_names.addQmlHeader(contents(path));
    for (const QString &path : files({u"src"_s, u"qml"_s}, {u"*.cpp"_s, u"*.h"_s, u"*.txt"_s}))
        m_sources += contents(path);
    m_sources += contents(u"CMakeLists.txt"_s) + contents(u"src/install.cmake"_s);
    static const QRegularExpression comment = regex(R"(/\*!.*?\*/)");
    m_sources.remove(comment);
    static const QRegularExpression title(u"\\\\(?:title|section\\d) ([^\\n]+)"_s);
    for (const QString &path : files({u"src/doc"_s}, {u"*.qdoc"_s})) {
        const QStringList titles = all(contents(path), title);
        m_titles += QSet<QString>(titles.begin(), titles.end());
    }
    QVERIFY(m_names.has(u"QAmqpError"_s, u"Kind::Timeout"_s));
    QVERIFY(m_names.has(u"AmqpQueue"_s, u"errorString"_s));
    QVERIFY(m_titles.contains(u"Reliability"_s));
}

// "A::b" and what looks like a type of the library, wherever it stands.
QStringList TestNames::wrongQualified(const QString &text, const QString &type) const
{
    static const QRegularExpression qualified(
            u"(?<![\\w:])((?:[A-Z]|amqp)\\w*)::~?(\\w+(?:::\\w+)*)"_s);
    static const QRegularExpression dotted(u"\\b(Amqp[A-Z]\\w+)\\.(\\w+)"_s);
    static const QRegularExpression single(u"(?<![\\w/:-])(?:QAmqp\\w+|[Aa]mqp[A-Z]\\w+)"_s);
    static const QSet<QString> others = {u"std"_s, u"Qt"_s, u"QtFuture"_s, u"QCoro6"_s,
                                         u"TestCase"_s};
    QStringList bad;
    for (const QRegularExpression &expression : {qualified, dotted}) {
        for (auto it = expression.globalMatch(text); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            const QString first = match.captured(1);
            const bool found = others.contains(first) || m_names.has(first, match.captured(2))
                    || m_names.has(type, match.captured()) || match.captured(2) == u"operator"
                    || (first == u"QtAmqp" && m_sources.contains(match.captured()))
                    || (type.isEmpty() && m_names.isMember(match.captured()));
            if (!found)
                bad += match.captured();
        }
    }
    for (auto it = single.globalMatch(text); it.hasNext();) {
        const QString name = it.next().captured();
        if (!m_names.isType(name))
            bad += name;
    }
    return bad;
}

// A word alone in code font is a name of the type that is spoken of, on a page one of any type; a
// parameter or a word of another world, which then is in the sources as it stands.
QStringList TestNames::wrongInCodeFont(const QStringList &words, const QString &type) const
{
    static const QRegularExpression word(u"^\\w+$"_s);
    static const QRegularExpression letter(u"^(?:\\d+|.)$"_s);
    QStringList bad;
    for (const QString &one : words) {
        if (!one.contains(word) || one.contains(letter) || isForeign(one) || m_names.isType(one)
            || m_titles.contains(one) || isInSources(one))
            continue;
        const bool found = type.isEmpty()
                ? m_names.isMember(one)
                : m_names.has(type, one) || m_names.hasEnumerator(type, one)
                        || (type.startsWith(u"Amqp") && m_names.has(u"amqpMessage"_s, one));
        if (!found)
            bad += one;
    }
    return bad;
}

QStringList TestNames::wrong(const Comment &comment) const
{
    static const QRegularExpression block = regex(R"(\\(?:qml|code)\n(.*?)\\end(?:qml|code))");
    static const QRegularExpression signature(
            u"\\\\(?:fn|qmlmethod|qmlsignal|property|qmlproperty) [^\\n]*(?:\\n[^\\n]*\\))?"_s);
    static const QRegularExpression call(u"(?<![\\w:.>])([a-z]\\w*)\\("_s);
    static const QRegularExpression codeFont(
            u"\\\\[cl](?![a-z]) ?(?:\\{([^}\\n]*)\\}|([^ \\n]*[^ \\n.,;:)]))"_s);
    QStringList bad = wrongQualified(comment.text, comment.type);
    for (const QString &code : all(comment.text, block))
        bad += wrongInQml(code);
    QString text = comment.text;
    text.remove(block).remove(signature);
    for (const QString &name : all(text, call)) {
        const bool found =
                comment.type.isEmpty() ? m_names.isMember(name) : m_names.has(comment.type, name);
        if (!found && !isForeign(name))
            bad += name + "()"_L1;
    }
    return bad + wrongInCodeFont(all(text, codeFont), comment.type);
}

// In QML each property and handler of our types, and what is read of an object by its id.
QStringList TestNames::wrongInQml(QString code) const
{
    static const QRegularExpression string(u"\"[^\"\\n]*\"|//[^\\n]*"_s);
    static const QRegularExpression token(
            u"(\\w+) *\\{|(\\{)|(\\})|(?<![\\w.])(\\w+):|\\b(\\w+)\\.(\\w+)"_s);
    static const QRegularExpression changed(u"Changed$"_s);
    static const QRegularExpression id(u"\\bid: (\\w+)"_s);
    static const QRegularExpression connection(u"\\bconnection: (\\w+)"_s);
    code.remove(string);
    QHash<QString, QString> ids;
    for (const QString &name : all(code, connection))
        ids.insert(name, u"AmqpConnection"_s);
    QStringList bad;
    for (const bool check : {false, true}) { // ids are known from the whole of it
        QStringList open;
        for (auto it = token.globalMatch(code); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            const QString type = open.value(open.size() - 1);
            const QString name = match.captured(4);
            if (!match.captured(1).isEmpty() || !match.captured(2).isEmpty()) {
                open += match.captured(1);
            } else if (!match.captured(3).isEmpty()) {
                open.removeLast();
            } else if (name == u"id") {
                const QRegularExpressionMatch named = id.match(code, match.capturedStart());
                ids.insert(named.captured(1), type);
            } else if (!name.isEmpty() && check && m_names.isType(type)) {
                QString handled = name.mid(2, 1).toLower() + name.mid(3);
                handled.remove(changed);
                if (!m_names.has(type, name) && !m_names.has(type, handled))
                    bad += type + u'.' + name;
            } else if (check && m_names.isType(ids.value(match.captured(5)))) {
                if (!m_names.has(ids.value(match.captured(5)), match.captured(6))
                    && !code.contains(u"property var "_s + match.captured(6)))
                    bad += match.captured();
            }
        }
    }
    return bad;
}

void TestNames::referenceNamesWhatIsThere_data()
{
    QTest::addColumn<QString>("path");
    for (const QString &path : files({u"src"_s, u"qml"_s}, {u"*.cpp"_s, u"*.qdoc"_s})) {
        if (!path.endsWith(u"/source.qdoc"))
            QTest::newRow(qPrintable(root.relativeFilePath(path))) << path;
    }
}

void TestNames::referenceNamesWhatIsThere()
{
    QFETCH(QString, path);
    QStringList bad;
    for (const Comment &comment : comments::of(contents(path)))
        bad += wrong(comment);
    bad.removeDuplicates();
    QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
}

void TestNames::readmeNamesWhatIsThere_data()
{
    QTest::addColumn<QString>("file");
    for (const char *file :
         {"README.md", ".github/CHANGELOG.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"})
        QTest::newRow(file) << QString::fromLatin1(file);
}

void TestNames::readmeNamesWhatIsThere()
{
    QFETCH(QString, file);
    static const QRegularExpression block = regex(R"(^```.*?^```$)");
    static const QRegularExpression codeFont(u"`([^`\\n]+)`"_s);
    static const QRegularExpression path(u"^(?:examples|tests|src|include|qml)/[\\w/.-]+$"_s);
    static const QRegularExpression call(u"(?<![\\w:])(\\w+)\\("_s);
    static const QRegularExpression link(u"\\]\\((?!https?:)([^)]+)\\)"_s);
    QString readme = contents(file);
    QVERIFY(!readme.isEmpty());
    QStringList bad = wrongQualified(readme);
    readme.remove(block);
    for (const QString &target : all(readme, link)) {
        if (!QFileInfo::exists(QFileInfo(root.filePath(file)).dir().filePath(target)))
            bad += target;
    }
    for (const QString &code : all(readme, codeFont)) {
        if (code.contains(path) && !QFile::exists(root.filePath(code)))
            bad += code;
        for (const QString &name : all(code, call)) {
            if (!m_names.isMember(name) && !isForeign(name))
                bad += name + "()"_L1;
        }
    }
    QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
}

// What compiles needs no look; comments and strings do.
void TestNames::examplesAndTextsNameWhatIsThere()
{
    static const QRegularExpression comment(u"//[^\\n]*|^#[^\\n]*"_s,
                                            QRegularExpression::MultilineOption);
    static const QRegularExpression text(u"\"(?:[^\"\\\\\\n]|\\\\.)*\""_s);
    QStringList bad;
    for (const QString &path : files({u"examples"_s}, {u"*.cpp"_s, u"*.h"_s, u"*.qml"_s}))
        bad += wrongQualified(all(contents(path), comment).join(u'\n'));
    bad += wrongQualified(all(m_sources, text).join(u'\n'));
    bad.removeDuplicates();
    QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
}

void TestNames::optionsAndVariablesAreThere()
{
    static const QRegularExpression option(u"(?<![\\w-])--([a-z][a-z-]+)"_s);
    static const QRegularExpression variable(u"\\b(QT?AMQP_[A-Z_]+)"_s);
    static const QRegularExpression category(u"\\b(qt\\.amqp\\.\\w+)"_s);
    // Which have options too.
    QString others = contents(u"tests/bench/run.py"_s);
    QVERIFY(!others.isEmpty());
    for (const QString &path : files({u"examples"_s}, {u"main.cpp"_s}))
        others += contents(path);
    QStringList bad;
    for (const QString &path : files({u"src/doc"_s}, {u"*.qdoc"_s})) {
        if (path.endsWith(u"/source.qdoc"))
            continue;
        const QString page = contents(path);
        for (const QString &name : all(page, option)) {
            if (!isInSources(name) && !isForeign(name) && !others.contains("\"--"_L1 + name + u'"')
                && !others.contains('"'_L1 + name + '"'_L1))
                bad += "--"_L1 + name;
        }
        for (const QString &name : all(page, variable) + all(page, category)) {
            if (!m_sources.contains(name))
                bad += name;
        }
    }
    QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
}

void TestNames::wrongNamesAreSeen_data()
{
    QTest::addColumn<QString>("comment");
    QTest::addColumn<QString>("found");
    QTest::newRow("enumerator without its enum")
            << u"\\page a\n QAmqpMessage::MessageId"_s << u"QAmqpMessage::MessageId"_s;
    QTest::newRow("member") << u"\\class QAmqpQueue\n \\c declared()"_s << u"declared()"_s;
    QTest::newRow("inherited") << u"\\class QAmqpDelivery\n body(), destroy()"_s << u"destroy()"_s;
    QTest::newRow("type") << u"\\page a\n see QAmqpSession"_s << u"QAmqpSession"_s;
    QTest::newRow("word") << u"\\page a\n \\c{notAName}, \\c true"_s << u"notAName"_s;
    QTest::newRow("link") << u"\\page a\n \\l {Reliability}, \\l Nowhere."_s << u"Nowhere"_s;
    QTest::newRow("Qt") << u"\\page a\n QObject::connect(), QObject::conect()"_s
                        << u"QObject::conect"_s;
    QTest::newRow("other library")
            << u"\\page a\n\\title Coming from X\n\\row \\li XClient::go()\n \\li QAmqpQueue::go()"_s
            << u"QAmqpQueue::go"_s;
    QTest::newRow("QML value") << u"\\qmltype AmqpQueue\n AmqpQueue.AckSometimes"_s
                               << u"AmqpQueue.AckSometimes"_s;
    QTest::newRow("QML block") << u"\\page a\n\\qml\nAmqpQueue { id: q; nam: \"a:b\"\n"
                                  "onReadyChanged: { q.purg() } }\n\\endqml"_s
                               << u"AmqpQueue.nam, q.purg"_s;
}

void TestNames::wrongNamesAreSeen()
{
    QFETCH(QString, comment);
    QFETCH(QString, found);
    const QList<Comment> one = comments::of(u"/*! "_s + comment + u" */"_s);
    QCOMPARE(one.size(), 1);
    QCOMPARE(wrong(one.first()).join(u", "_s), found);
}

QTAMQP_TEST(TestNames)
#include "tst_names.moc"
