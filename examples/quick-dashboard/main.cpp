// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A control room for telemetry in Qt Quick. Everything but the command line is in the QML files beside this
// one.
// usage: quick-dashboard [--url URL] [--exchange NAME]

#include <QtCore/QCommandLineParser>
#include <QtGui/QGuiApplication>
#include <QtQml/QQmlApplicationEngine>
#include <QtQml/QQmlExtensionPlugin>

#ifdef QTAMQP_STATIC
Q_IMPORT_QML_PLUGIN(QtAmqpPlugin)
#endif

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QGuiApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.addOption({u"exchange"_s, u"The topic exchange, telemetry by default."_s, u"name"_s,
                      u"telemetry"_s});
    parser.process(app);

    QQmlApplicationEngine engine;
    engine.setInitialProperties(
            {{u"url"_s, parser.value(u"url"_s)}, {u"exchangeName"_s, parser.value(u"exchange"_s)}});
    QObject::connect(
            &engine, &QQmlApplicationEngine::objectCreated, &app,
            [](const QObject *object) {
                if (!object)
                    QCoreApplication::exit(1);
            },
            Qt::QueuedConnection);
    engine.load(QUrl(u"qrc:/Dashboard/Main.qml"_s));
    return app.exec();
}
