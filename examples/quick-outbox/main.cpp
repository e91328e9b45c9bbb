// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Notes that are written at any time and sent when there is a broker, even if the window was closed in between.
// Everything but the command line is in outbox.qml.
// usage: quick-outbox [--url URL] [--file FILE]

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
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://localhost"_s});
    parser.addOption({u"file"_s, u"Where notes are kept."_s, u"file"_s, u"notes.box"_s});
    parser.process(app);

    QQmlApplicationEngine engine;
    engine.setInitialProperties(
            {{u"url"_s, parser.value(u"url"_s)}, {u"file"_s, parser.value(u"file"_s)}});
    engine.load(QUrl(u"qrc:/outbox.qml"_s));
    return engine.rootObjects().isEmpty() ? 1 : app.exec();
}
