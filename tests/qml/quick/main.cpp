// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The views that programs are made of, in a window, by Qt Quick Test: one tst_*.qml per subject. Any
// warning of QML fails the run. What needs RabbitMQ is skipped without QTAMQP_TEST_URL; then the run ends
// with 77, which CTest takes for skipped, though the rest was tested.

#include "probe.h"

#include <QtCore/qcoreapplication.h>
#include <QtQml/qqmlcontext.h>
#include <QtQml/qqmlengine.h>
#include <QtQuickTest/quicktest.h>

#include <atomic>
#include <cstdio>

namespace {

std::atomic<int> warnings = 0;
QtMessageHandler previous = nullptr;

void countWarnings(QtMsgType type, const QMessageLogContext &context, const QString &text)
{
    // The platform may lack a folder or a font; what comes from a document or a module may not be.
    const bool ours = text.contains(QLatin1StringView("qml"))
            || text.contains(QLatin1StringView("QML"))
            || QLatin1StringView(context.category).startsWith(QLatin1StringView("qt.amqp"));
    if (type == QtWarningMsg && ours) {
        ++warnings;
        std::fprintf(stderr, "a warning, which fails the run: %s\n", qPrintable(text));
    }
    previous(type, context, text);
}

class Setup : public QObject
{
    Q_OBJECT

public Q_SLOTS:
    void qmlEngineAvailable(QQmlEngine *engine)
    {
        engine->rootContext()->setContextProperty(QStringLiteral("probe"), new Probe(engine));
    }
};

} // namespace

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    if (qEnvironmentVariableIsEmpty("QT_QUICK_BACKEND"))
        qputenv("QT_QUICK_BACKEND", "software");
    qputenv("QT_QUICK_CONTROLS_STYLE", "Fusion"); // the same everywhere
    previous = qInstallMessageHandler(countWarnings);
    Setup setup;
    const int failures = quick_test_main_with_setup(argc, argv, "quick", SOURCES, &setup);
    if (failures || warnings)
        return 1;
    return Probe::skipped ? 77 : 0;
}

#include "main.moc"
