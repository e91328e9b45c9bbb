// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The pages of the reference as a stranger goes through them: the entrance names each, they are one chain in reading
// order, and what they quote is there, all of it.

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
const QString entrance = u"QtAmqp"_s;

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList files(const QString &folder, const QStringList &patterns)
{
    QStringList found;
    QDirIterator it(root.filePath(folder), patterns, QDir::Files, QDirIterator::Subdirectories);
    while (it.hasNext())
        found += it.next();
    return found;
}

struct Page
{
    QString previous;
    QString next;
    QString text;
};

} // namespace

class TestPages : public QObject
{
    Q_OBJECT

private:
    QHash<QString, Page> m_pages; // by title

private Q_SLOTS:
    void initTestCase()
    {
        static const QRegularExpression comment(u"/\\*!.*?\\*/"_s,
                                                QRegularExpression::DotMatchesEverythingOption);
        const auto line = [](const QString &text, const QString &command) {
            const QRegularExpression expression(u"\\\\%1 ([^\\n]+)"_s.arg(command));
            return expression.match(text).captured(1);
        };
        for (const QString &path : files(u"src/doc"_s, {u"*.qdoc"_s})) {
            const QString source = contents(path);
            for (auto it = comment.globalMatch(source); it.hasNext();) {
                const QString text = it.next().captured();
                if (!line(text, u"page"_s).isEmpty())
                    m_pages.insert(
                            line(text, u"title"_s),
                            {line(text, u"previouspage"_s), line(text, u"nextpage"_s), text});
            }
        }
        QVERIFY(m_pages.contains(entrance));
        QVERIFY(m_pages.size() > 30);
    }

    void theEntranceNamesEachPage()
    {
        const QString text = m_pages.value(entrance).text;
        for (auto page = m_pages.cbegin(); page != m_pages.cend(); ++page) {
            if (page.key() != entrance)
                QVERIFY2(text.contains("\\l {"_L1 + page.key() + u'}'), qPrintable(page.key()));
        }
    }

    void pagesAreOneChain()
    {
        QStringList read;
        QString before;
        for (QString title = entrance; !title.isEmpty(); title = m_pages.value(title).next) {
            QVERIFY2(m_pages.contains(title) && !read.contains(title), qPrintable(title));
            QVERIFY2(m_pages.value(title).previous == before, qPrintable(title));
            read += title;
            before = title;
        }
        for (auto page = m_pages.cbegin(); page != m_pages.cend(); ++page) {
            const bool isInChain = !page->previous.isEmpty() || !page->next.isEmpty();
            QVERIFY2(isInChain == read.contains(page.key()), qPrintable(page.key()));
        }
        QVERIFY(read.size() > 30);
    }

    // Whoever copies the pieces one behind the other has the program.
    void theTourIsItsPieces()
    {
        static const QRegularExpression marker(u"^ *//! \\[(\\w+)\\]$"_s);
        static const QRegularExpression quote(u"\\\\snippet tour\\.cpp (\\w+)"_s);
        QStringList pieces;
        QString open;
        for (const QString &line : contents(u"src/doc/snippets/tour.cpp"_s).split(u'\n')) {
            if (const auto match = marker.match(line); match.hasMatch()) {
                if (open.isEmpty())
                    pieces += match.captured(1);
                open = open.isEmpty() ? match.captured(1) : QString();
            } else if (open.isEmpty()) {
                QVERIFY2(line.isEmpty() || line.startsWith(u"//"), qPrintable(line));
            }
        }
        QStringList quoted;
        const QString page = contents(u"src/doc/tour.qdoc"_s);
        for (auto it = quote.globalMatch(page); it.hasNext();)
            quoted += it.next().captured(1);
        QCOMPARE(quoted, pieces);
        QVERIFY(pieces.size() > 5);
    }

    // A piece of code that no page quotes is compiled for nothing.
    void eachSnippetIsQuoted()
    {
        static const QRegularExpression marker(u"//! \\[([^\\]]+)\\]"_s);
        QString all;
        for (const QString &folder : {u"src"_s, u"qml"_s, u"include"_s}) {
            for (const QString &path : files(folder, {u"*.cpp"_s, u"*.qdoc"_s}))
                all += contents(path);
        }
        int count = 0;
        const QDir snippets(root.filePath(u"src/doc/snippets"_s));
        for (const QString &path : files(u"src/doc/snippets"_s, {u"*.cpp"_s})) {
            const QString source = contents(path);
            for (auto it = marker.globalMatch(source); it.hasNext(); ++count) {
                const QString quote = "\\snippet "_L1 + snippets.relativeFilePath(path) + u' '
                        + it.next().captured(1) + u'\n';
                QVERIFY2(all.contains(quote), qPrintable(quote));
            }
        }
        QVERIFY(count > 100);
    }
};

QTAMQP_TEST(TestPages)
#include "tst_pages.moc"
