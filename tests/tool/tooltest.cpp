// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "tool/tooltest.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

extern const char *const programPath;

namespace ToolTest {

Program::Program(const QStringList &arguments)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("QAMQP_URL"), BrokerTest::environment("QTAMQP_TEST_URL"));
    m_process.setProcessEnvironment(environment);
    m_process.setProgram(programName());
    m_process.setArguments(arguments);
    // A test that is run in the background of a script has Ctrl-C ignored, and would pass that on.
    m_process.setChildProcessModifier([] { std::signal(SIGINT, SIG_DFL); });
    QObject::connect(&m_process, &QProcess::readyReadStandardOutput,
                     [this] { m_output += m_process.readAllStandardOutput(); });
    QObject::connect(&m_process, &QProcess::readyReadStandardError,
                     [this] { m_errors += m_process.readAllStandardError(); });
    m_process.start();
}

Program::~Program()
{
    m_process.disconnect();
    if (!isRunning())
        return;
    QTest::qFail("the program was still running", __FILE__, __LINE__);
    m_process.kill();
    m_process.waitForFinished();
}

void Program::write(const QByteArray &input) { m_process.write(input); }

void Program::closeInput() { m_process.closeWriteChannel(); }

void Program::signal(int number) { ::kill(pid_t(m_process.processId()), number); }

bool Program::waitForOutput(qsizetype bytes)
{
    return waitFor([&] { return m_output.size() >= bytes || !isRunning(); })
            && m_output.size() >= bytes;
}

int Program::status()
{
    if (!waitFor([this] { return !isRunning(); })) {
        qWarning() << "does not end:" << m_process.arguments() << m_errors;
        return -1;
    }
    m_output += m_process.readAllStandardOutput();
    m_errors += m_process.readAllStandardError();
    if (m_process.exitStatus() != QProcess::NormalExit) {
        qWarning() << "crashed:" << m_process.arguments() << m_process.errorString() << m_errors;
        return -1;
    }
    return m_process.exitCode();
}

Result run(const QStringList &arguments, const QByteArray &input)
{
    Program tool(arguments);
    tool.write(input);
    tool.closeInput();
    const int status = tool.status();
    return {status, tool.output(), tool.errors()};
}

QString programName() { return QString::fromUtf8(programPath); }

QJsonObject json(const QByteArray &line) { return QJsonDocument::fromJson(line).object(); }

QList<QJsonObject> jsonLines(const QByteArray &output)
{
    QList<QJsonObject> objects;
    for (const QByteArray &line : output.split('\n')) {
        if (!line.isEmpty())
            objects += json(line);
    }
    return objects;
}

bool canMakeTerminals()
{
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    const bool isUnlocked = master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0;
    const int terminal = isUnlocked ? ::open(::ptsname(master), O_RDWR | O_NOCTTY) : -1;
    ::close(terminal);
    ::close(master);
    return terminal >= 0;
}

} // namespace ToolTest
