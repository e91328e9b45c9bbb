// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Keeps a message in a file, with nothing but the installed package.

#include <QtAmqpOutbox/QAmqpFileOutbox>

#include <QtCore/qcoreapplication.h>

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QAmqpFileOutbox box;
    if (!box.open(application.arguments().value(1)))
        qFatal("%s", qPrintable(box.lastError().text()));
    return box.publish({}, QStringLiteral("q"), QByteArray("hello")) != 0 && box.flush() ? 0 : 1;
}
