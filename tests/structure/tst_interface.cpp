// What is public stays: each declaration in tests/structure/interface.txt is still in the public headers,
// with the same parameters in the same order. New ones need not be listed at once; one that goes or
// changes is a break for users and wants a reason, and then a change of that file.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qfile.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QString root = QStringLiteral(QTAMQP_SOURCE_DIR);

QString contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QRegularExpression regex(const char *pattern)
{
    return QRegularExpression(QString::fromLatin1(pattern),
                              QRegularExpression::MultilineOption
                                      | QRegularExpression::DotMatchesEverythingOption);
}

// Where the bracket that opens at `from` is closed.
qsizetype closing(const QString &code, qsizetype from)
{
    int depth = 0;
    for (qsizetype at = from; at < code.size(); ++at) {
        depth += code.at(at) == u'{';
        if (code.at(at) == u'}' && --depth == 0)
            return at;
    }
    return code.size();
}

// The statements of a class that are not private, without the bodies of functions.
QStringList statements(QString body)
{
    body.replace(regex(R"(\bQ_(?:OBJECT|GADGET)\b|\bQ_(?:ENUM|FLAG)\(\w+\))"), QString());
    body.replace(regex(R"((\bQ_AMQP_VALUE\w*\([^)]*\)|\bQ_PROPERTY\([^)]*\)))"), u"\\1;"_s);
    QStringList found;
    QString text;
    bool isPublic = false;
    for (qsizetype at = 0; at < body.size(); ++at) {
        const QChar c = body.at(at);
        const QString word = text.simplified();
        if (c == u':' && body.mid(at, 2) != u"::" && !body.mid(at - 1, 1).startsWith(u':')
            && QStringList({u"public"_s, u"public Q_SLOTS"_s, u"Q_SIGNALS"_s, u"protected"_s,
                            u"private"_s})
                       .contains(word)) {
            isPublic = word != u"private";
            text.clear();
        } else if (c == u'{' && !word.contains(u'=')) {
            const qsizetype end = closing(body, at);
            if (word.startsWith(u"enum"))
                for (const QString &value : body.mid(at + 1, end - at - 1).split(u','))
                    if (!value.trimmed().isEmpty() && isPublic)
                        found += word.section(u" :"_s, 0, 0) + u" "_s + value.simplified();
            if (!word.startsWith(u"enum") && isPublic)
                found += word;
            text.clear();
            at = body.mid(end + 1).trimmed().startsWith(u';') ? body.indexOf(u';', end) : end;
        } else if (c == u';') {
            if (isPublic && !word.isEmpty() && !word.startsWith(u"friend"))
                found += word;
            text.clear();
        } else {
            text += c;
        }
    }
    return found;
}

// "QAmqpQueue: QString name() const" and so on.
QStringList declarations(QString header)
{
    header.replace(regex(R"(//[^\n]*|/\*.*?\*/)"), QString());
    header.replace(regex(R"(^#(?:[^\n]*\\\n)*[^\n]*$)"), QString());
    QStringList found;
    static const QRegularExpression type =
            regex(R"(^(?:class|struct)(?: Q_AMQP_EXPORT)? (\w+)[^;{]*\{)");
    for (auto it = type.globalMatch(header); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        const qsizetype start = match.capturedEnd() - 1;
        QString body = header.mid(start + 1, closing(header, start) - start - 1);
        if (match.captured().startsWith(u"struct"))
            body.prepend(u"public:"_s);
        for (const QString &statement : statements(body))
            found += match.captured(1) + u": "_s + statement;
    }
    return found;
}

} // namespace

class TestInterface : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsPublicStays()
    {
        QSet<QString> there;
        const QDir folder(root + u"/include/QtAmqp"_s);
        for (const QString &name : folder.entryList({u"*.h"_s})) {
            for (const QString &declaration : declarations(contents(folder.filePath(name))))
                there.insert(declaration);
        }
        const QStringList listed = contents(root + u"/tests/structure/interface.txt"_s)
                                           .split(u'\n', Qt::SkipEmptyParts);
        QVERIFY(listed.size() > 100);
        QStringList gone;
        for (const QString &line : listed) {
            if (!line.startsWith(u'#') && !there.contains(line))
                gone += line;
        }
        QVERIFY2(gone.isEmpty(), qPrintable(u"gone or changed:\n"_s + gone.join(u'\n')));
    }

    // Each type has an operator for QDebug, be it by a macro; what only others derive from has none.
    void everythingPublicCanBePrinted()
    {
        const QStringList exempt = {u"QAmqpTransport"_s, u"QAmqpTransportClient"_s,
                                    u"QAmqpPublishResult"_s}; // which is a QAmqpResult
        static const QRegularExpression type = regex(
                R"(^(?:class|struct)(?: \[\[nodiscard\]\])?(?: Q_AMQP_EXPORT)? (QAmqp\w+)[^;{]*\{)");
        QString all;
        const QDir folder(root + u"/include/QtAmqp"_s);
        for (const QString &name : folder.entryList({u"*.h"_s}))
            all += contents(folder.filePath(name));
        QSet<QString> missing;
        int found = 0;
        for (auto it = type.globalMatch(all); it.hasNext(); ++found) {
            const QString name = it.next().captured(1);
            const QRegularExpression printed(
                    u"\\bQ_AMQP_(?:COPYABLE|VALUE)\\(%1\\b|"
                    "QDebug operator<<\\(QDebug debug, const %1(?:<T>)? [&*]\\w+\\)"_s.arg(name));
            if (!all.contains(printed) && !exempt.contains(name))
                missing.insert(name);
        }
        QVERIFY(found > 30);
        QVERIFY2(missing.isEmpty(), qPrintable(missing.values().join(u", "_s)));
    }

    void declarationsAreFound()
    {
        const QString header =
                u"class Other;\n#define A(x) \\\n  x;\nclass Q_AMQP_EXPORT One : public QObject\n{\n"
                "    Q_OBJECT\n    Q_PROPERTY(int n READ n)\npublic:\n    enum class E : quint8 { A, B = 2 };\n"
                "    One(); // comment\n    int n(const QString &a = QString(),\n          int b = 1) const;\n"
                "    int inlined() const { return 1; }\nQ_SIGNALS:\n    void changed();\nprivate:\n"
                "    int hidden;\n};\nstruct Two\n{\n    int value = 0;\n};\n"_s;
        QCOMPARE(declarations(header),
                 QStringList({u"One: enum class E A"_s, u"One: enum class E B = 2"_s,
                              u"One: One()"_s,
                              u"One: int n(const QString &a = QString(), int b = 1) const"_s,
                              u"One: int inlined() const"_s, u"One: void changed()"_s,
                              u"Two: int value = 0"_s}));
    }
};

QTAMQP_TEST(TestInterface)
#include "tst_interface.moc"
