// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The table of promises (tests/parity/parity.txt) against the tests: each row is there, once, and each
// test it names runs. Besides, rules that only the sources can show.

#include "testmain.h"

#include <QtCore/qdir.h>
#include <QtCore/qdiriterator.h>
#include <QtCore/qfile.h>
#include <QtCore/qhash.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qset.h>
#include <QtTest/qtest.h>

using namespace Qt::StringLiterals;

namespace {

const QString root = QStringLiteral(QTAMQP_SOURCE_DIR);

// How many rows each section has; a row that is left out shows here.
struct Section
{
    const char *name;
    int rows;
};

constexpr Section sections[] = {
        {"adapters", 6}, {"decisions", 4}, {"1.1", 20},        {"1.2", 11},    {"1.3", 16},
        {"1.4", 10},     {"1.5", 23},      {"1.6", 6},         {"1.7", 6},     {"1.8", 20},
        {"1.9", 16},     {"1.10", 21},     {"1.11", 3},        {"1.12", 1},    {"1.13", 1},
        {"1.14", 7},     {"1.15", 1},      {"1.16", 19},       {"1.17", 11},   {"1.18", 17},
        {"1.19", 36},    {"1.20", 4},      {"1.21", 8},        {"wishes", 20}, {"4", 59},
        {"defects", 39}, {"security", 31}, {"advisories", 14}, {"habits", 8},
};

// What is not built yet, and the sections that may say so.
const QHash<QString, QStringList> laterParts = {
        {u"issue: recovery"_s, {u"wishes"_s, u"defects"_s}},
};

struct Row
{
    QString section;
    QString name;
    QString tests;
};

QString contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QList<Row> parse(const QString &table, QStringList &errors)
{
    QList<Row> rows;
    int number = 0;
    for (const QString &line : table.split(u'\n')) {
        ++number;
        if (line.trimmed().isEmpty() || line.startsWith(u'#'))
            continue;
        const QStringList columns = line.split(u" | "_s);
        if (columns.size() != 3) {
            errors += u"line %1 does not have three columns"_s.arg(number);
            continue;
        }
        rows.append({columns.at(0).trimmed(), columns.at(1).trimmed(), columns.at(2).trimmed()});
    }
    return rows;
}

QStringList checkRows(const QList<Row> &rows)
{
    QStringList errors;
    QHash<QString, int> counted;
    QSet<QString> seen;
    for (const Row &row : rows) {
        ++counted[row.section];
        const QString name = row.section + u" | "_s + row.name;
        if (row.name.isEmpty() || row.tests.isEmpty())
            errors += name + u" is empty"_s;
        if (seen.contains(name))
            errors += name + u" is there twice"_s;
        seen.insert(name);
    }
    for (const Section &section : sections) {
        const QString name = QString::fromLatin1(section.name);
        if (const int rowsThere = counted.take(name); rowsThere != section.rows)
            errors += u"section %1 has %2 rows instead of %3"_s.arg(name).arg(rowsThere).arg(
                    section.rows);
    }
    for (const QString &section : counted.keys())
        errors += u"section %1 is not known"_s.arg(section);
    return errors;
}

// The functions that QtTest runs: private slots without arguments of classes that the file registers.
QSet<QString> slotsOf(const QString &source)
{
    static const QRegularExpression classes(
            uR"(^class (\w+)[^;{]*: public \w+(?:\s*, \w+)?\n\{(.*?)^\};)"_s,
            QRegularExpression::MultilineOption | QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression sectionsOfSlots(
            uR"(^private Q_SLOTS:\n(.*?)(?=^(?:public|protected|private)\b|\z))"_s,
            QRegularExpression::MultilineOption | QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression functions(uR"(^    void (\w+)\(\)(?:;|\s*$|\s*\{))"_s,
                                              QRegularExpression::MultilineOption);
    static const QRegularExpression helpers(
            u"^(?:init|cleanup|initTestCase|cleanupTestCase|\\w+_data)$"_s);
    QSet<QString> names;
    for (auto type = classes.globalMatch(source); type.hasNext();) {
        const QRegularExpressionMatch match = type.next();
        const QRegularExpression registered(
                u"^QTAMQP_(?:BROKER_)?TEST\\(%1\\)$"_s.arg(match.captured(1)),
                QRegularExpression::MultilineOption);
        if (!registered.match(source).hasMatch())
            continue;
        for (auto part = sectionsOfSlots.globalMatch(match.captured(2)); part.hasNext();) {
            const QString declarations = part.next().captured(1);
            for (auto it = functions.globalMatch(declarations); it.hasNext();) {
                const QString name = it.next().captured(1);
                if (!helpers.match(name).hasMatch())
                    names.insert(name);
            }
        }
    }
    return names;
}

// Those that Python's unittest runs.
QSet<QString> methodsOf(const QString &source)
{
    static const QRegularExpression functions(uR"(^    def (test_\w+)\(self\):)"_s,
                                              QRegularExpression::MultilineOption);
    QSet<QString> names;
    for (auto it = functions.globalMatch(source); it.hasNext();)
        names.insert(it.next().captured(1));
    return names;
}

class Tests
{
public:
    // What is wrong with `test`, or nothing.
    QString check(const QString &test)
    {
        static const QRegularExpression form(uR"(^(\w+)\.(\w+)::(\w+)$)"_s);
        const QRegularExpressionMatch match = form.match(test);
        if (!match.hasMatch())
            return test + u" is not folder.unit::function"_s;
        const bool python = match.captured(1) == u"interop";
        const QString path = root + u"/tests/"_s + match.captured(1)
                + (python ? u"/%1.py"_s : u"/tst_%1.cpp"_s).arg(match.captured(2));
        if (!m_files.contains(path)) {
            const QString source = contents(path);
            m_files.insert(path, python ? methodsOf(source) : slotsOf(source));
        }
        return m_files.value(path).contains(match.captured(3)) ? QString()
                                                               : test + u" does not exist"_s;
    }

private:
    QHash<QString, QSet<QString>> m_files;
};

QStringList checkTests(const QList<Row> &rows)
{
    QStringList errors;
    Tests tests;
    for (const Row &row : rows) {
        if (laterParts.value(row.tests).contains(row.section))
            continue;
        for (const QString &test : row.tests.split(u' ', Qt::SkipEmptyParts)) {
            if (const QString error = tests.check(test); !error.isEmpty())
                errors += u"%1 | %2: %3"_s.arg(row.section, row.name, error);
        }
    }
    return errors;
}

// The lines of the library's sources that match, as file:line.
QStringList linesWith(const QRegularExpression &what)
{
    QStringList found;
    for (QDirIterator it(root + u"/src"_s, {u"*.cpp"_s, u"*.h"_s}, QDir::Files,
                         QDirIterator::Subdirectories);
         it.hasNext();) {
        const QString path = it.next();
        int number = 0;
        for (const QString &line : contents(path).split(u'\n')) {
            ++number;
            if (what.match(line).hasMatch())
                found += u"%1:%2"_s.arg(path).arg(number);
        }
    }
    return found;
}

} // namespace

class TestParity : public QObject
{
    Q_OBJECT

private:
    QList<Row> m_rows;

private Q_SLOTS:
    void initTestCase()
    {
        QStringList errors;
        m_rows = parse(contents(root + u"/tests/parity/parity.txt"_s), errors);
        QCOMPARE(errors, QStringList());
        QVERIFY(!m_rows.isEmpty());
    }

    void everyRowIsThereOnce()
    {
        const QString wrong = checkRows(m_rows).join(u'\n');
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }

    void everyTestExistsAndRuns()
    {
        const QString wrong = checkTests(m_rows).join(u'\n');
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }

    void whatIsWrongIsSeen()
    {
        QStringList errors;
        const QString table = u"# comment\n\n1.12 | prefetch | codec.table::numbersConvert\n"
                              "1.12 | prefetch | later\nno columns\n1.99 | x | a.b::c\n"_s;
        const QList<Row> rows = parse(table, errors);
        QCOMPARE(errors, QStringList(u"line 5 does not have three columns"_s));
        const QStringList wrong = checkRows(rows);
        QVERIFY(wrong.contains(u"1.12 | prefetch is there twice"_s));
        QVERIFY(wrong.contains(u"section 1.12 has 2 rows instead of 1"_s));
        QVERIFY(wrong.contains(u"section 1.99 is not known"_s));
        QVERIFY(wrong.contains(u"section 1.1 has 0 rows instead of 20"_s));
        QCOMPARE(checkTests(rows),
                 QStringList({u"1.12 | prefetch: later is not folder.unit::function"_s,
                              u"1.99 | x: a.b::c does not exist"_s}));
    }

    void onlyWhatRunsIsATest()
    {
        const QString source =
                u"class A : public QObject\n{\n    Q_OBJECT\n\nprivate:\n"
                "    void helper();\nprivate Q_SLOTS:\n    void init();\n"
                "    void declared();\n    void here() { }\n    void below()\n    {\n    }\n"
                "    // void commentedOut();\n    void rows_data();\n"
                "    void withArgument(int);\nprivate:\n    void another();\n};\n"
                "class B : public QObject\n{\nprivate Q_SLOTS:\n    void unregistered();\n};\n"
                "QTAMQP_TEST(A)\n"_s;
        QCOMPARE(slotsOf(source), QSet<QString>({u"declared"_s, u"here"_s, u"below"_s}));
        QCOMPARE(methodsOf(u"    def test_a(self):\n    def helper(self):\n"_s),
                 QSet<QString>({u"test_a"_s}));
    }

    // A certificate that does not verify is never accepted afterwards: only errors that the application named
    // before, each of one certificate, are ignored, in one place.
    void tlsErrorsAreIgnoredForNamedCertificatesAlone()
    {
        QCOMPARE(linesWith(QRegularExpression(u"(?:\\.|->)ignoreSslErrors\\s*\\(\\s*\\)"_s)),
                 QStringList());
        QCOMPARE(linesWith(QRegularExpression(u"m_tls->ignoreSslErrors"_s)).size(), 1);
    }

    // No content type, header or body names a class that is then made.
    void noMessageBecomesAnObject()
    {
        QCOMPARE(linesWith(QRegularExpression(
                         u"QMetaType::fromName|QDataStream|->newInstance|qUncompress"_s)),
                 QStringList());
    }
};

QTAMQP_TEST(TestParity)
#include "tst_parity.moc"
