// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_PROBE_H
#define QTAMQP_TESTS_PROBE_H

// What documents cannot do themselves: flood an exchange from another thread, watch how long the event
// loop is held up meanwhile, make temporary files, take pictures.

#include "desktop/desktoptest.h"
#include "desktop/flood.h"
#include "qml/quick/documentation.h"

#include <qamqpquickmessage.h>
#include <QtCore/qtemporarydir.h>
#include <QtGui/qguiapplication.h>
#include <QtQuick/qquickwindow.h>
#include <QtTest/qtest.h>

#include <limits>
#include <memory>

class Probe : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString url READ url CONSTANT FINAL)
    Q_PROPERTY(int seconds READ seconds CONSTANT FINAL)
    Q_PROPERTY(double longestTurn READ longestTurn FINAL)
    Q_PROPERTY(double longestGap READ longestGap FINAL)
    Q_PROPERTY(QString measured READ measured FINAL)
    Q_PROPERTY(double memory READ memory FINAL)
public:
    using QObject::QObject;

    // Empty if there is no broker, for want of which something is skipped then.
    QString url() const
    {
        const QString given = qEnvironmentVariable("QTAMQP_TEST_URL");
        if (given.isEmpty())
            skipped = true;
        return given;
    }
    static inline bool skipped = false;

    // 30 s are what is promised, which the CTest qml.quick.flood takes; otherwise it is shorter.
    int seconds() const
    {
        const int given = qEnvironmentVariableIntValue("QTAMQP_FLOOD_SECONDS");
        return given > 0 ? given : 3;
    }
    double longestTurn() const { return m_meter.longestTurn(); }
    // Without the time in which other work had the processor.
    double longestGap() const { return m_meter.longestOwnGap(); }
    QString measured() const { return m_meter.text(); }
    double memory() const { return DesktopTest::residentMemory(); }

    // What a queue would have received: a document cannot make a message without a broker.
    Q_INVOKABLE QAmqpQuickMessage message(const QString &text, const QString &type) const
    {
        QAmqpMessage message(text.toUtf8());
        message.setType(type);
        return message;
    }
    Q_INVOKABLE QAmqpQuickMessage timestampedMessage(double seconds) const
    {
        QAmqpMessage message;
        message.setTimestamp(QDateTime::fromSecsSinceEpoch(qint64(seconds)));
        return message;
    }
    // The name of a file that is gone when the program ends.
    Q_INVOKABLE QString temporaryFile(const QString &name) const { return m_folder.filePath(name); }
    // Two pictures, with the colours of a light and of a dark desktop.
    Q_INVOKABLE bool photograph(QQuickWindow *window, const QString &name) const
    {
        return DesktopTest::photograph(name, [window] {
            QTest::qWait(100); // until it is drawn anew
            return window->grabWindow();
        });
    }

    // What is wrong in the QML that the documentation shows, with its place.
    Q_INVOKABLE QStringList errorsOfDocumentation() const
    {
        const QList<Documentation::Block> blocks = Documentation::blocks(root());
        QStringList found;
        for (const Documentation::Block &block : blocks) {
            const QString errors = errorsOf(Documentation::document(block));
            if (!errors.isEmpty())
                found += block.where + QLatin1Char(' ') + errors;
        }
        if (blocks.size() < 20)
            found += QStringLiteral("too few blocks were found");
        return found;
    }
    Q_INVOKABLE QString errorsOf(const QString &code) const
    {
        const QString text = code.startsWith(QLatin1StringView("import"))
                ? code
                : Documentation::document({{}, {}, code});
        return Documentation::errors(qobject_cast<QQmlEngine *>(parent()), text,
                                     root().filePath(QStringLiteral("examples/testing-qml")));
    }

    // Publishes to `exchange` as fast as what comes is told by delivered().
    Q_INVOKABLE void flood(const QString &exchange)
    {
        QList<DesktopTest::Flood::Letter> letters;
        for (int i = 0; i < 10; ++i)
            letters.append({QStringLiteral("sensor.%1").arg(i),
                            QAmqpMessage("{\"number\":" + QByteArray::number(i) + '}')});
        m_flood = std::make_unique<DesktopTest::Flood>(exchange, letters,
                                                       std::numeric_limits<qint64>::max());
    }
    Q_INVOKABLE void delivered()
    {
        if (m_flood) // the last come behind it
            m_flood->delivered(1);
    }
    Q_INVOKABLE void measure() { m_meter.start(); }
    Q_INVOKABLE void stopFlood()
    {
        m_meter.stop();
        m_flood.reset();
    }

private:
    static QDir root() { return QDir(QStringLiteral(SOURCES "/../../..")); }

    QTemporaryDir m_folder;
    std::unique_ptr<DesktopTest::Flood> m_flood;
    DesktopTest::StallMeter m_meter;
};

#endif
