// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "testmain.h"

#include <QtCore/qcoreapplication.h>
#include <QtCore/qfileinfo.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace QtAmqpTest {

namespace {

constexpr int Skipped = 77; // SKIP_RETURN_CODE in CMakeLists.txt

std::vector<TestClass> &testClasses()
{
    static std::vector<TestClass> classes;
    return classes;
}

int runOne(const TestClass &testClass, const QStringList &arguments)
{
    if (testClass.needsBroker && qEnvironmentVariableIsEmpty("QTAMQP_TEST_URL")) {
        std::printf("SKIP   : %s: needs RabbitMQ; run tests/run.sh, or set QTAMQP_TEST_URL\n",
                    qPrintable(testClass.name));
        return Skipped;
    }
    return QTest::qExec(testClass.create().get(), arguments);
}

int noSuchTest(const QString &wanted)
{
    std::fprintf(stderr, "No test class here is called \"%s\". There are:\n", qPrintable(wanted));
    for (const TestClass &testClass : testClasses())
        std::fprintf(stderr, "    %s (%s)\n", qPrintable(testClass.unit),
                     qPrintable(testClass.name));
    return 1;
}

int run(QStringList arguments)
{
    QString wanted;
    if (arguments.size() > 1 && !arguments.at(1).startsWith(u'-'))
        wanted = arguments.takeAt(1);

    int failures = 0;
    int ran = 0;
    int skipped = 0;
    for (const TestClass &testClass : testClasses()) {
        if (!wanted.isEmpty() && wanted != testClass.name && wanted != testClass.unit)
            continue;
        const int result = runOne(testClass, arguments);
        ++ran;
        if (result == Skipped)
            ++skipped;
        else
            failures += result;
    }
    if (ran == 0)
        return noSuchTest(wanted);
    if (skipped == ran)
        return Skipped;
    return std::min(failures, Skipped - 1);
}

} // namespace

bool registerTest(TestClass testClass)
{
    testClasses().push_back(std::move(testClass));
    return true;
}

QString unitOf(const char *file)
{
    QString unit = QFileInfo(QString::fromUtf8(file)).completeBaseName();
    if (unit.startsWith(u"tst_"))
        unit.remove(0, 4);
    return unit;
}

} // namespace QtAmqpTest

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    return QtAmqpTest::run(application.arguments());
}
