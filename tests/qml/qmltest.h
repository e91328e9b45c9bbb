// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_QMLTEST_H
#define QTAMQP_TESTS_QMLTEST_H

// What the tests of the QML module share: a document from a string, its properties and functions, and
// waiting. Any warning, QML's or ours, fails the test.

#include "testmain.h"

#include <QtCore/qpointer.h>
#include <QtCore/qregularexpression.h>
#include <QtCore/qtimer.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlcontext.h>
#include <QtQml/qqmlengine.h>
#include <QtQml/qqmlexpression.h>
#include <QtQml/qqmlextensionplugin.h>
#include <QtTest/qsignalspy.h>

#include <memory>

namespace QtAmqpTest {

constexpr int QmlPatience = 20'000;

// For what is shown when each failure and each lost link is final.
inline QUrl withoutRecovery(QUrl url)
{
    url.setQuery(QStringLiteral("recovery=off"));
    return url;
}

class Scene
{
public:
    // `qml` is a list of objects, in which URL stands for `url`.
    explicit Scene(QByteArray qml, const QUrl &url = {}, const QVariantMap &context = {})
    {
        qml.replace("URL", url.toEncoded());
        for (auto it = context.cbegin(); it != context.cend(); ++it)
            engine.rootContext()->setContextProperty(it.key(), it.value());
        QQmlComponent component(&engine);
        component.setData("import QtQml\nimport QtQml.Models\nimport QtAmqp\n"
                          "QtObject { property list<QtObject> items: ["
                                  + qml + "] }",
                          QUrl(QStringLiteral("qrc:/scene.qml")));
        root.reset(component.create());
        if (!root)
            qFatal("%s", qPrintable(component.errorString()));
    }

    // The value of an expression, in which the ids of the document are known.
    QVariant value(const QString &expression)
    {
        QQmlExpression run(qmlContext(root.get()), root.get(), expression);
        const QVariant result = run.evaluate();
        if (run.hasError())
            qWarning("%s: %s", qPrintable(expression), qPrintable(run.error().toString()));
        return result;
    }
    QVariant value(const char *expression) { return value(QString::fromUtf8(expression)); }
    QString text(const char *expression) { return value(expression).toString(); }
    bool holds(const char *expression) { return value(expression).toBool(); }

    // Whether that is so before long. It waits for events rather than polls, which takes a fraction of the time.
    bool becomes(const char *expression)
    {
        QTimer late;
        late.setSingleShot(true);
        late.start(QmlPatience);
        while (!holds(expression)) {
            if (!late.isActive())
                return false;
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        }
        return true;
    }

    QQmlEngine engine;
    std::unique_ptr<QObject> root;
};

} // namespace QtAmqpTest

#define TRY_HOLDS(scene, expression) QVERIFY2((scene).becomes(expression), expression)

#endif
