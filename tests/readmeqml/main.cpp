// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Shows the document of a file, with another URL than amqp://localhost in it, and tells how many rows its list has
// whenever that changes.

#include <QtCore/qfile.h>
#include <QtCore/qurl.h>
#include <QtGui/qguiapplication.h>
#include <QtQml/qqmlcomponent.h>
#include <QtQml/qqmlengine.h>
#include <QtQuick/qquickitem.h>
#include <QtQuick/qquickview.h>

#include <cstdio>

namespace {

class Teller : public QObject
{
    Q_OBJECT
public:
    explicit Teller(QObject *list) : m_list(list) { }

public Q_SLOTS:
    void tell()
    {
        std::printf("%d\n", m_list->property("count").toInt());
        std::fflush(stdout);
    }

private:
    QObject *const m_list;
};

} // namespace

int main(int argc, char **argv)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    qputenv("QT_QUICK_BACKEND", "software");
    QGuiApplication app(argc, argv);
    QFile file(app.arguments().value(1));
    if (!file.open(QIODevice::ReadOnly))
        return 1;
    QQmlEngine engine;
    QQmlComponent component(&engine);
    component.setData(file.readAll().replace("amqp://localhost", app.arguments().value(2).toUtf8()),
                      QUrl::fromLocalFile(file.fileName()));
    QQuickView view(&engine, nullptr);
    QObject *const list = component.create();
    if (!list) {
        qCritical().noquote() << component.errorString();
        return 1;
    }
    view.setContent(component.url(), &component, list);
    Teller teller(list);
    QObject::connect(list, SIGNAL(countChanged()), &teller, SLOT(tell()));
    view.show();
    return app.exec();
}

#include "main.moc"
