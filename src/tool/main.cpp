// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp, the command-line tool: everything in it goes through the public API.

#include "bytes.h"
#include "command.h"
#include "platform.h"

#include <QtCore/qcoreapplication.h>

int main(int argc, char **argv)
{
    Tool::keepStandardStreams();
    Tool::ignoreBrokenPipe();
    // Standard error is for the one line that says what went wrong; Qt's warnings (of a locale that is
    // not UTF-8, as cron has it) are none of it.
    qInstallMessageHandler([](QtMsgType type, const QMessageLogContext &, const QString &text) {
        if (type == QtFatalMsg)
            std::fprintf(stderr, "%s\n", qPrintable(text));
    });
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("qamqp"));
    QCoreApplication::setApplicationVersion(QStringLiteral(QTAMQP_VERSION));
    QStringList arguments = QCoreApplication::arguments();
#ifndef Q_OS_WIN
    // Qt would drop a byte order mark, and put another character for what is not UTF-8.
    arguments.clear();
    for (int i = 0; i < argc; ++i)
        arguments += Tool::textOf(argv[i]);
#endif
    return Tool::main(arguments);
}
