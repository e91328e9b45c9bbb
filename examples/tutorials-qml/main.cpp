// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Runs one of the tutorials beside this file, as Qt's own tool `qml` does where the module is installed.
// usage: tutorials-qml FILE [--url URL] [--set PROPERTY=TEXT]...

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtQml/QQmlApplicationEngine>
#include <QtQml/QQmlExtensionPlugin>

#ifdef QTAMQP_STATIC
Q_IMPORT_QML_PLUGIN(QtAmqpPlugin)
#endif

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker."_s, u"url"_s, u"amqp://guest:guest@localhost"_s});
    parser.addOption({u"set"_s, u"Sets a property of the program."_s, u"property=text"_s});
    parser.addPositionalArgument(u"file"_s, u"The program."_s);
    parser.process(app);
    if (parser.positionalArguments().size() != 1)
        parser.showHelp(1);

    QVariantMap properties{{u"url"_s, parser.value(u"url"_s)}};
    const QStringList settings = parser.values(u"set"_s);
    for (const QString &setting : settings)
        properties.insert(setting.section(u'=', 0, 0), setting.section(u'=', 1));
    QQmlApplicationEngine engine;
    engine.setInitialProperties(properties);
    engine.load(QUrl::fromLocalFile(parser.positionalArguments().constFirst()));
    return engine.rootObjects().isEmpty() ? 1 : app.exec();
}
