// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The map of the source, src/doc/source.qdoc, shows every file of the library and names nothing that is not
// there. A word in code font is a file, with its path or without its ending, a test of CTest, or a name of the
// sources; of "Class::function()" the function is in the class.

#include "structure/declarations.h"
#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qfileinfo.h>
#include <QtCore/qhash.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QDir root(QStringLiteral(QTAMQP_SOURCE_DIR));

QString contents(const QString &path)
{
    QFile file(root.filePath(path));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QSet<QString> words(const QString &text)
{
    static const QRegularExpression word(u"\\w+"_s);
    QSet<QString> found;
    for (auto it = word.globalMatch(text); it.hasNext();)
        found += it.next().captured();
    return found;
}

QStringList inCodeFont(const QString &page)
{
    static const QRegularExpression codeFont(u"\\\\c ?(?:\\{([^}\\n]*)\\}|(\\S*\\w))"_s);
    QStringList found;
    for (auto it = codeFont.globalMatch(page); it.hasNext();) {
        const QRegularExpressionMatch match = it.next();
        found += match.captured(match.lastCapturedIndex());
    }
    return found;
}

} // namespace

class TestMap : public QObject
{
    Q_OBJECT

private:
    bool isThere(const QString &word) const;

    QString m_page = contents(u"src/doc/source.qdoc"_s);
    QHash<QString, QSet<QString>> m_classes; // the words that stand in each
    QSet<QString> m_words; // of the headers of the library and of the tests
    QSet<QString> m_files; // of the library, without path and ending

private Q_SLOTS:
    void initTestCase();
    void namesWhatIsThere();
    void showsEveryFile();
    void wrongNamesAreSeen_data();
    void wrongNamesAreSeen();
};

void TestMap::initTestCase()
{
    static const QRegularExpression type = declarations::regex(
            R"(^(?:class|struct)(?: \[\[nodiscard\]\])?(?: Q_AMQP\w*_EXPORT)? (\w+)[^;{]*\{)");
    static const QRegularExpression own(u"/src/(?!tool/|doc/).*/(?!qamqp)(\\w+)\\.\\w+$"_s);
    for (const QString &folder : {u"include"_s, u"src"_s, u"tests"_s}) {
        QDirIterator it(root.filePath(folder), {u"*.h"_s, u"*.cpp"_s}, QDir::Files,
                        QDirIterator::Subdirectories);
        while (it.hasNext()) {
            const QString path = it.next();
            if (const auto match = own.match(path); match.hasMatch())
                m_files += match.captured(1);
            if (!path.endsWith(u".h"))
                continue;
            const QString text = contents(path);
            m_words += words(text);
            for (auto found = type.globalMatch(text); found.hasNext();) {
                const QRegularExpressionMatch match = found.next();
                const qsizetype start = match.capturedEnd() - 1;
                const qsizetype end = declarations::closing(text, start);
                m_classes[match.captured(1)] += words(text.mid(start, end - start));
            }
        }
    }
    QVERIFY(m_files.contains(u"frame"_s) && m_classes.contains(u"QAmqpChannel"_s));
}

bool TestMap::isThere(const QString &word) const
{
    static const QRegularExpression test(u"^(\\w+)\\.(\\w+)$"_s);
    static const QRegularExpression member(u"^(\\w+)::(\\w+)(?:\\(\\))?$"_s);
    if (word.contains(u'/') || root.exists(word))
        return root.exists(word);
    if (const auto match = member.match(word); match.hasMatch())
        return m_classes.value(match.captured(1)).contains(match.captured(2));
    if (const auto match = test.match(word); match.hasMatch())
        return root.exists(u"tests/%1/tst_%2.cpp"_s.arg(match.captured(1), match.captured(2)));
    return m_files.contains(word) || m_words.contains(QString(word).remove(u"()"_s));
}

void TestMap::namesWhatIsThere()
{
    const QStringList endings = {u".cpp"_s, u"_p.h"_s, u"tst_NAME.cpp"_s, u"FOLDER.NAME"_s};
    QStringList bad;
    for (const QString &word : inCodeFont(m_page)) {
        if (!isThere(word) && !endings.contains(word))
            bad += word;
    }
    QVERIFY2(bad.isEmpty(), qPrintable(bad.join(u", "_s)));
}

void TestMap::showsEveryFile()
{
    const QStringList shown = inCodeFont(m_page);
    QStringList missing;
    for (const QString &file : std::as_const(m_files)) {
        if (!shown.contains(file))
            missing += file;
    }
    missing.sort();
    QVERIFY2(missing.isEmpty(), qPrintable(missing.join(u", "_s)));
}

void TestMap::wrongNamesAreSeen_data()
{
    QTest::addColumn<QString>("right");
    QTest::addColumn<QString>("wrong");
    QTest::newRow("file") << u"frame"_s << u"fraem"_s;
    QTest::newRow("path") << u"src/codec/frame.h"_s << u"src/codec/fraem.h"_s;
    QTest::newRow("function") << u"Engine::turn()"_s << u"Engine::receiveBytes()"_s;
    QTest::newRow("class") << u"ScriptedServer"_s << u"ScriptedSurfer"_s;
    QTest::newRow("test") << u"codec.frame"_s << u"codec.engine"_s;
}

void TestMap::wrongNamesAreSeen()
{
    QFETCH(QString, right);
    QFETCH(QString, wrong);
    QVERIFY(isThere(right));
    QVERIFY(!isThere(wrong));
    QCOMPARE(inCodeFont("\\c "_L1 + right + ", \\c {"_L1 + wrong + u'}').join(u' '),
             right.section(u'(', 0, 0) + u' ' + wrong);
}

QTAMQP_TEST(TestMap)
#include "tst_map.moc"
