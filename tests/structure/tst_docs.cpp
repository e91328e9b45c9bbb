// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The reference leaves nothing out. qdoc says nothing of a public function without a comment, it only
// hides it: so each public class must have its \class, and each of its functions a comment.

#include "testmain.h"
#include "values/connectionoptiontable.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

constexpr auto Lines = QRegularExpression::MultilineOption;
constexpr auto All = QRegularExpression::DotMatchesEverythingOption;

QString readFile(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// "Class::function" of everything that is not private, and "Class" itself.
QSet<QString> publicNames(const QString &header)
{
    static const QRegularExpression definition(
            u"^(?:class|struct)(?: Q_AMQP\\w*_EXPORT)? (\\w+)[^;{]*\\{(.*?)^\\};"_s, Lines | All);
    static const QRegularExpression noise(u"//[^\\n]*|\\bQ_\\w+\\([^\\n]*"_s);
    static const QRegularExpression function(
            u"^    (?! )(?!friend |explicit operator )(?:[^\\n(]*?[ *&])?(~?\\w+)\\("_s, Lines);
    QSet<QString> names;
    for (auto it = definition.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const QString name = match.captured(1);
        names += name;
        QString body = match.captured(2);
        body = body.left(body.indexOf(u"\nprivate:"_s)).remove(noise);
        for (auto f = function.globalMatch(body); f.hasNext();)
            names += name + "::"_L1 + f.next().captured(1);
    }
    static const QRegularExpression space(u"^namespace (QAmqp\\w+)\\s*\\{(.*?)^\\}"_s, Lines | All);
    static const QRegularExpression free(u"^(?:Q_AMQP\\w*_EXPORT )?[\\w:<>]+ (\\w+)\\("_s, Lines);
    for (auto it = space.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        for (auto f = free.globalMatch(match.captured(2)); f.hasNext();)
            names += match.captured(1) + "::"_L1 + f.next().captured(1);
    }
    return names;
}

// Functions that read and write properties share the property's comment: "Class::function" to
// "Class::property".
QHash<QString, QString> accessors(const QString &header)
{
    static const QRegularExpression token(
            u"^class Q_AMQP\\w*_EXPORT (\\w+)|Q_PROPERTY\\(\\S+ (\\w+) READ (\\w+)(?: WRITE (\\w+))?"_s,
            Lines);
    QHash<QString, QString> properties;
    QString name;
    for (auto it = token.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        if (!match.captured(1).isEmpty())
            name = match.captured(1) + "::"_L1;
        for (const int group : {3, 4}) {
            if (!match.captured(group).isEmpty())
                properties.insert(name + match.captured(group), name + match.captured(2));
        }
    }
    return properties;
}

// What the comments are about: named by a command in them, or defined right behind them.
QSet<QString> documentedNames(const QString &source)
{
    static const QRegularExpression comment(u"/\\*!(.*?)\\*/(?=((?:(?!/\\*)[^{;])*))"_s, All);
    static const QRegularExpression command(
            u"\\\\(?:class|property) ([\\w:]+)|\\\\fn [^\\n(]*?(\\w+::~?\\w+)\\("_s);
    static const QRegularExpression defined(u"(?:^|[ *&])(\\w+::~?\\w+)\\("_s, Lines);
    QSet<QString> names;
    for (auto it = comment.globalMatch(source); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        for (auto c = command.globalMatch(match.captured(1)); c.hasNext();) {
            const QRegularExpressionMatch named = c.next();
            names += named.captured(1) + named.captured(2);
        }
        if (const auto d = defined.match(match.captured(2)); d.hasMatch())
            names += d.captured(1);
    }
    return names;
}

} // namespace

class TestDocs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QDirIterator it(root.filePath(u"src"_s), {u"*.cpp"_s, u"*.qdoc"_s}, QDir::Files,
                        QDirIterator::Subdirectories);
        while (it.hasNext())
            m_documented += documentedNames(readFile(it.next()));
        QVERIFY(m_documented.contains(u"QAmqpChannel"_s));
    }

    void everythingPublicHasAComment_data()
    {
        QTest::addColumn<QString>("header");
        for (const QString &library :
             {u"include/QtAmqp"_s, u"include/QtAmqpOutbox"_s, u"include/QtAmqpTest"_s}) {
            const QDir folder(root.filePath(library));
            for (const QString &header : folder.entryList({u"qamqp*.h"_s}))
                QTest::newRow(qPrintable(header)) << folder.filePath(header);
        }
    }

    void everythingPublicHasAComment()
    {
        QFETCH(QString, header);
        const QString text = readFile(header);
        const QHash<QString, QString> properties = accessors(text);
        const QSet<QString> names = publicNames(text);
        QVERIFY(!names.isEmpty());
        QStringList missing;
        for (const QString &name : names) {
            if (!m_documented.contains(name) && !m_documented.contains(properties.value(name)))
                missing += name;
        }
        missing.sort();
        QVERIFY2(missing.isEmpty(), qPrintable(missing.join(u", "_s)));
    }

    void whatIsMissingIsSeen()
    {
        const QString header = u"class Q_AMQP_EXPORT A : public B\n{\n"
                               "    Q_PROPERTY(int p READ p WRITE setP)\npublic:\n    A();\n"
                               "    ~A() override;\n    int p() const;\n    void setP(int p);\n"
                               "    QList<B> &f(const C &c,\n                g(h));\n"
                               "private:\n    void hidden();\n};\n"_s;
        const QSet<QString> names = {u"A"_s,    u"A::A"_s,    u"A::~A"_s,
                                     u"A::p"_s, u"A::setP"_s, u"A::f"_s};
        QCOMPARE(publicNames(header), names);
        QCOMPARE(publicNames(u"namespace QAmqpA {\n\nQ_AMQP_TEST_EXPORT bool f(int a);\n"
                             "template<typename T>\nB<T> g(T t)\n{\n    h(t);\n}\n}\n"_s),
                 QSet<QString>({u"QAmqpA::f"_s, u"QAmqpA::g"_s}));
        QCOMPARE(accessors(header).value(u"A::setP"_s), u"A::p"_s);
        const QString source = u"/*! \\class A */\n/*! \\property A::p\n Text. */\nint A::q() {}\n"
                               "/*! \\fn A &A::operator=(A &&a)\n    \\fn A::~A()\n Text. */\n"
                               "/*! Text. */\nQList<B> &A::f(const C &c)\n{\n    A::g();\n}\n"
                               "A::A() { }\n"_s;
        const QSet<QString> documented = documentedNames(source);
        QVERIFY(documented.contains(u"A"_s) && documented.contains(u"A::p"_s));
        QVERIFY(documented.contains(u"A::~A"_s) && documented.contains(u"A::f"_s));
        QVERIFY(!documented.contains(u"A::A"_s) && !documented.contains(u"A::g"_s));
    }

    // By a table beside the function, in the order in which errors list them.
    void keysOfUrlsAreDocumentedAsTheyAreRead()
    {
        static const QRegularExpression table(uR"(\\header \\li Key (.*?)\\endtable)"_s, All);
        const QString source = readFile(root.filePath(u"src/values/qamqpconnectionoptions.cpp"_s));
        const QString documented = table.match(source).captured(1).simplified();
        QStringList rows = {u"\\li Sets \\li Value"_s};
        for (const QtAmqpPrivate::UrlKey &key : QtAmqpPrivate::urlKeys()) {
            rows += u"\\row \\li %1 \\li %2() \\li %3%4"_s.arg(
                    key.name, QLatin1StringView(key.setter), key.form,
                    key.isTlsOnly ? u", with amqps only"_s : QString());
        }
        QCOMPARE(documented, rows.join(u' '));
        QVERIFY(rows.size() > 20);
    }

private:
    QSet<QString> m_documented;
};

QTAMQP_TEST(TestDocs)
#include "tst_docs.moc"
