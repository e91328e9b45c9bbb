// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Each example is a project of its own and has its page in the reference, which says how to run it and names classes
// that it uses. The page of one with a window shows it in light and dark, with data, without a broker and after a
// lost link.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qhash.h>
#include <QtCore/qregularexpression.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

// All files of a folder in examples, as one text.
QString sourcesOf(const QString &example)
{
    QString all;
    QDirIterator it(root.filePath(u"examples/"_s + example), {u"*.cpp"_s, u"*.h"_s, u"*.qml"_s},
                    QDir::Files, QDirIterator::Subdirectories);
    while (it.hasNext())
        all += contents(it.next());
    return all;
}

} // namespace

class TestExamples : public QObject
{
    Q_OBJECT

private:
    QHash<QString, QString> m_pages; // by example

private Q_SLOTS:
    void initTestCase()
    {
        static const QRegularExpression page(u"/\\*!\\s*\\\\example ([\\w-]+)\\n(.*?)\\*/"_s,
                                             QRegularExpression::DotMatchesEverythingOption);
        const QDir folder(root.filePath(u"src/doc"_s));
        for (const QString &file : folder.entryList({u"*.qdoc"_s})) {
            const QString text = contents(folder.filePath(file));
            for (auto it = page.globalMatch(text); it.hasNext();) {
                const QRegularExpressionMatch match = it.next();
                m_pages.insert(match.captured(1), match.captured(2));
            }
        }
    }

    void eachIsAProjectWithAPage_data()
    {
        QTest::addColumn<QString>("example");
        const QDir folder(root.filePath(u"examples"_s));
        for (const QString &name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
            if (name != u"loops") // which is what others share
                QTest::newRow(qPrintable(name)) << name;
        }
        for (const QString &name : m_pages.keys())
            QVERIFY2(folder.exists(name), qPrintable(name));
    }

    void eachIsAProjectWithAPage()
    {
        QFETCH(const QString, example);
        static const QRegularExpression title(u"\\\\title ([^\\n]+)"_s);
        static const QRegularExpression type(u"\\b(?:QAmqp|Amqp)[A-Z]\\w+"_s);
        static const QRegularExpression run(
                u"\\\\badcode\\n *(?:example_|tst_|qml |qamqp-inspector )"_s);
        const QString folder = u"examples/"_s + example + u'/';
        const QString project = contents(folder + u"CMakeLists.txt"_s);
        QVERIFY(project.contains(u"find_package(QtAmqp"_s)
                || project.contains(u"qtamqp_own_code("_s)
                || QFile::exists(root.filePath(folder + example + u".qmlproject"_s)));

        const QString page = m_pages.value(example);
        QVERIFY(page.contains(run) || page.contains(u"examples/run.sh"_s));
        const QString name = title.match(page).captured(1);
        QVERIFY(!name.isEmpty());
        QVERIFY2(contents(u"src/doc/examples.qdoc"_s).contains(u"\\l {"_s + name + u'}'),
                 "the list of examples leaves it out");

        QString sources = sourcesOf(example);
        if (example.startsWith(u"loop-"_s))
            sources += sourcesOf(u"loops"_s);
        int named = 0;
        for (auto it = type.globalMatch(page); it.hasNext(); ++named) {
            const QString used = it.next().captured();
            QVERIFY2(sources.contains(used), qPrintable(used));
        }
        QVERIFY(named > 0);
    }

    void eachWindowIsShown()
    {
        static const QRegularExpression window(
                u"\\bQ(?:Gui)?Application \\w+\\(|QUICK_TEST_MAIN"_s);
        static const QRegularExpression first(u"\\\\image ([\\w-]+)-light\\.png"_s);
        int windows = 0;
        for (auto it = m_pages.begin(); it != m_pages.end(); ++it) {
            if (!contents(u"examples/"_s + it.key() + u"/main.cpp"_s).contains(window))
                continue;
            ++windows;
            const QString picture = first.match(it.value()).captured(1);
            for (const char *state : {"", "-no-broker", "-lost"}) {
                for (const char *colours : {"-light.png ", "-dark.png "}) {
                    const QString name =
                            picture + QLatin1StringView(state) + QLatin1StringView(colours);
                    QVERIFY2(it.value().contains(u"\\image "_s + name),
                             qPrintable(it.key() + u" does not show "_s + name));
                }
            }
        }
        QVERIFY(windows >= 5);
    }
};

QTAMQP_TEST(TestExamples)
#include "tst_examples.moc"
