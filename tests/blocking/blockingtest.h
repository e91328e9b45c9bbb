// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_BLOCKINGTEST_H
#define QTAMQP_TESTS_BLOCKINGTEST_H

#include "testmain.h"

#include <QtAmqp/qamqpblockingconnection.h>

#include <thread>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Kind = QAmqpError::Kind;

namespace QtAmqpTest {

// Fails the test, saying why, if a call has failed.
template<typename Result>
bool check(const Result &result, const char *file, int line)
{
    if (result)
        return true;
    QTest::qFail(qPrintable(u"the call failed: "_s + result.error().text()), file, line);
    return false;
}

} // namespace QtAmqpTest

#define OK(...) \
  do { \
    if (!QtAmqpTest::check((__VA_ARGS__), __FILE__, __LINE__)) \
      return; \
  } while (false)

#endif
