// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// What is public stays: each declaration in tests/structure/interface.txt is still in the public headers,
// with the same parameters in the same order. New ones need not be listed at once; one that goes or
// changes is a break for users and wants a reason, and then a change of that file.

#include "structure/declarations.h"
#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qfile.h>
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

QStringList headers()
{
    QStringList paths;
    for (const QString &library :
         {u"/include/QtAmqp"_s, u"/include/QtAmqpOutbox"_s, u"/include/QtAmqpTest"_s}) {
        const QDir folder(root + library);
        for (const QString &name : folder.entryList({u"*.h"_s}))
            paths += folder.filePath(name);
    }
    return paths;
}

} // namespace

class TestInterface : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsPublicStays()
    {
        QSet<QString> there;
        for (const QString &path : headers()) {
            for (const QString &declaration : declarations::of(contents(path)))
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
        static const QRegularExpression type = declarations::regex(
                R"(^(?:class|struct)(?: \[\[nodiscard\]\])?(?: Q_AMQP\w*_EXPORT)? (QAmqp\w+)[^;{]*\{)");
        QString all;
        for (const QString &path : headers())
            all += contents(path);
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
                "    int hidden;\n};\nstruct Two\n{\n    struct In\n    {\n        int deep = 0;\n    };\n    int value = 0;\n};\n"_s;
        QCOMPARE(declarations::of(header),
                 QStringList({u"One: Q_PROPERTY(int n READ n)"_s, u"One: enum class E A"_s,
                              u"One: enum class E B = 2"_s, u"One: One()"_s,
                              u"One: int n(const QString &a = QString(), int b = 1) const"_s,
                              u"One: int inlined() const"_s, u"One: void changed()"_s,
                              u"Two: struct In int deep = 0"_s, u"Two: struct In"_s,
                              u"Two: int value = 0"_s}));
    }
};

QTAMQP_TEST(TestInterface)
#include "tst_interface.moc"
