// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTMAIN_H
#define QTAMQP_TESTMAIN_H

#include <QtTest/qtest.h>

#include <memory>

// One program holds all test classes of a folder, one class per file. A file ends with
//
//     QTAMQP_TEST(TestFrame)
//     #include "tst_frame.moc"
//
// and `tst_codec frame` or `tst_codec TestFrame` runs that class alone; what follows the name goes
// to QTest: a function, -v2, and so on. Without a name every class runs.

namespace QtAmqpTest {

struct TestClass
{
    QString name;
    QString unit; // tst_frame.cpp: frame
    bool needsBroker = false;
    std::unique_ptr<QObject> (*create)() = nullptr;
};

bool registerTest(TestClass testClass);
QString unitOf(const char *file);

template<typename T>
bool registerTest(const char *name, const char *file, bool needsBroker)
{
    return registerTest({QString::fromLatin1(name), unitOf(file), needsBroker,
                         [] { return std::unique_ptr<QObject>(std::make_unique<T>()); }});
}

} // namespace QtAmqpTest

#define QTAMQP_REGISTER_TEST(Class, needsBroker) \
  [[maybe_unused]] static const bool registered##Class = \
          QtAmqpTest::registerTest<Class>(#Class, __FILE__, needsBroker);

#define QTAMQP_TEST(Class) QTAMQP_REGISTER_TEST(Class, false)

// For a class that needs RabbitMQ: skipped, saying why, if QTAMQP_TEST_URL does not name one.
#define QTAMQP_BROKER_TEST(Class) QTAMQP_REGISTER_TEST(Class, true)

#endif
