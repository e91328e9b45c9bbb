// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// qamqp, the command-line tool. It uses nothing but the public API.

#include "bytes.h"
#include "command.h"
#include "platform.h"

#include <QtCore/qcoreapplication.h>

int main(int argc, char **argv)
{
    Tool::keepStandardStreams();
    Tool::ignoreBrokenPipe();
    // Standard error is for the line that says what went wrong. Qt's own warnings, such as that about a
    // locale without UTF-8 (as under cron), are not shown.
    qInstallMessageHandler([](QtMsgType type, const QMessageLogContext &, const QString &text) {
        if (type == QtFatalMsg)
            std::fprintf(stderr, "%s\n", qPrintable(text));
    });
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("qamqp"));
    QCoreApplication::setApplicationVersion(QStringLiteral(QTAMQP_VERSION_STR));
    QStringList arguments = QCoreApplication::arguments();
#ifndef Q_OS_WIN
    // Qt would drop a byte order mark, and replace bytes that are not UTF-8.
    arguments.clear();
    for (int i = 0; i < argc; ++i)
        arguments += Tool::textOf(argv[i]);
#endif
    return Tool::main(arguments);
}
