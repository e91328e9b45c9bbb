// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The README's first program is the one in examples/readme, which the tests build and run.

#include "testmain.h"

#include <QtCore/QFile>
#include <QtTest/QTest>

using namespace Qt::StringLiterals;

class TestReadme : public QObject
{
    Q_OBJECT

private:
    static QString contents(const QString &file)
    {
        QFile source(QStringLiteral(QTAMQP_SOURCE_DIR "/") + file);
        return source.open(QIODevice::ReadOnly) ? QString::fromUtf8(source.readAll()) : QString();
    }

    // A program as it is shown: without the lines about its licence.
    static QString program(const QString &file) { return contents(file).section(u"\n\n"_s, 1); }

private Q_SLOTS:
    void firstProgramIsTheExampleAndShort()
    {
        const QString shown =
                contents(u"README.md"_s).section(u"```cpp\n"_s, 1, 1).section(u"```"_s, 0, 0);
        QCOMPARE(shown, program(u"examples/readme/main.cpp"_s));
        QVERIFY(!shown.isEmpty());
        QVERIFY(shown.count(u'\n') <= 25);
    }

    void qmlProgramIsTheExampleAndShort()
    {
        const QString shown =
                contents(u"README.md"_s).section(u"```qml\n"_s, 1, 1).section(u"```"_s, 0, 0);
        QCOMPARE(shown, program(u"examples/readme-qml/hello.qml"_s));
        QVERIFY(!shown.isEmpty());
        QVERIFY(shown.count(u'\n') <= 15);
    }

    void commandsExist()
    {
        const QString readme = contents(u"README.md"_s);
        for (const QString &command :
             {u"tests/run.sh"_s, u"examples/run.sh"_s, u"tests/bench/run.sh"_s}) {
            QVERIFY2(readme.contains(command), qPrintable(command));
            QVERIFY2(!contents(command).isEmpty(), qPrintable(command));
        }
    }
};

QTAMQP_TEST(TestReadme)
#include "tst_readme.moc"
