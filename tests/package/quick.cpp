// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A user's program with the QML module: from C++, by its library, and from QML, by its import.

#include <QtCore/qcoreapplication.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlengine.h>

#include <qamqpquickconnection.h>
#include <qamqpquickqueue.h>

#include <cstdio>
#include <memory>

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QQmlEngine engine;
    QQmlComponent component(&engine);
    component.setData("import QtAmqp\nAmqpConnection { AmqpQueue { objectName: \"AmqpQueue\" } }",
                      {});
    const std::unique_ptr<QObject> root(component.create());
    const auto *connection = qobject_cast<QAmqpQuickConnection *>(root.get());
    if (!connection) {
        std::fprintf(stderr, "%s\n", qPrintable(component.errorString()));
        return 1;
    }
    const auto *queue = connection->findChild<QAmqpQuickQueue *>();
    if (!queue || queue->connection() != connection)
        return 2;
    std::printf("%s %s\n", qPrintable(connection->stateText()), qPrintable(queue->objectName()));
}
