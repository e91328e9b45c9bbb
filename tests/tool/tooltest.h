// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_TOOLTEST_H
#define QTAMQP_TESTS_TOOLTEST_H

// Runs qamqp as a user does: arguments and standard input in; output, errors and exit status out.

#include "broker/brokertest.h"

#include <QtCore/qjsondocument.h>
#include <QtCore/qjsonobject.h>
#include <QtCore/qprocess.h>

#include <csignal>

namespace ToolTest {

using namespace BrokerTest;

class Program
{
public:
    // Its broker is the test's node, unless `arguments` have a --url. Standard input stays open.
    explicit Program(const QStringList &arguments);
    ~Program(); // ends what is still running, and fails the test

    void write(const QByteArray &input);
    void closeInput();
    void signal(int number);
    bool waitForOutput(qsizetype bytes);
    const QByteArray &output() const { return m_output; }
    const QByteArray &errors() const { return m_errors; }
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    // Waits for its end; -1 if it crashed or does not end.
    int status();

private:
    QProcess m_process;
    QByteArray m_output;
    QByteArray m_errors;
};

struct Result
{
    int status = -1;
    QByteArray output;
    QByteArray errors;
};

// Runs it to its end.
Result run(const QStringList &arguments, const QByteArray &input = {});

QString programName();

// Whether there are pseudo terminals; a root without /dev/pts has none.
bool canMakeTerminals();

QJsonObject json(const QByteArray &line);
QList<QJsonObject> jsonLines(const QByteArray &output);

} // namespace ToolTest

// Runs it, and fails the test unless it ends like this; errors is the whole of standard error.
#define VERIFY_RUN(result, expectedStatus, expectedErrors) \
  do { \
    const ToolTest::Result finished = (result); \
    QCOMPARE(QString::fromUtf8(finished.errors), QString(expectedErrors)); \
    QCOMPARE(finished.status, expectedStatus); \
  } while (false)

#endif
