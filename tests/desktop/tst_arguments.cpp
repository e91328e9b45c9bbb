// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Qt takes some arguments for itself, on X11 more than elsewhere (--name, --title, --geometry, --icon,
// --display): an option of a program that is called so never comes to it. Needs the platform xcb.
//
//     tst_arguments PROGRAM...

#include <QtCore/qprocess.h>
#include <QtCore/qregularexpression.h>
#include <QtGui/qguiapplication.h>
#include <QtTest/qtest.h>

#include <cstdio>

#ifdef WITH_WIDGETS
#  include <QtWidgets/qapplication.h>
using Application = QApplication;
#else
using Application = QGuiApplication;
#endif

using namespace Qt::StringLiterals;

namespace {

QStringList outputOf(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.start(program, arguments);
    if (!process.waitForFinished() || process.exitStatus() != QProcess::NormalExit)
        return {};
    return QString::fromUtf8(process.readAllStandardOutput()).split(u'\n', Qt::SkipEmptyParts);
}

// What a program of Qt has of these arguments, once Qt has had them.
QStringList left(const QStringList &arguments)
{
    return outputOf(QCoreApplication::applicationFilePath(), QStringList(u"--left"_s) + arguments);
}

} // namespace

class TestArguments : public QObject
{
    Q_OBJECT

public:
    explicit TestArguments(const QStringList &programs) : m_programs(programs) { }

private:
    QStringList m_programs;

private Q_SLOTS:
    void takesSomeForItself()
    {
        QCOMPARE(left({u"--name"_s, u"x"_s, u"--url"_s}), QStringList(u"--url"_s));
    }

    void leavesOptionsToTheProgram_data()
    {
        QTest::addColumn<QString>("option");
        static const QRegularExpression named(u"--[a-z-]+"_s);
        for (const QString &program : std::as_const(m_programs)) {
            const QStringList help = outputOf(program, {u"--help"_s});
            QVERIFY2(!help.isEmpty(), qPrintable(program));
            for (const QString &line : help) {
                auto names = named.globalMatch(line.section(u"  "_s, 0, 1));
                while (names.hasNext()) {
                    const QString option = names.next().captured();
                    QTest::addRow("%s %s", qPrintable(program.section(u'/', -1)),
                                  qPrintable(option))
                            << option;
                }
            }
        }
    }
    void leavesOptionsToTheProgram()
    {
        QFETCH(QString, option);
        QCOMPARE(left({option, u"value"_s}), QStringList({option, u"value"_s}));
    }
};

int main(int argc, char **argv)
{
    const bool shows = argc > 1 && qstrcmp(argv[1], "--left") == 0;
    Application app(argc, argv);
    if (shows) {
        const QStringList arguments = QCoreApplication::arguments().mid(2);
        for (const QString &argument : arguments)
            std::puts(qPrintable(argument));
        return 0;
    }
    TestArguments test(QCoreApplication::arguments().mid(1));
    return QTest::qExec(&test, {QCoreApplication::applicationFilePath()});
}

#include "tst_arguments.moc"
