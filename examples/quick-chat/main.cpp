// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A chat room: every window that is open on the same broker shows what is said in any of them. Everything but
// the command line is in chat.qml.
//
//     example_quick-chat [--url amqp://localhost] [--nick NAME]

#include <QtCore/QCommandLineParser>
#include <QtGui/QGuiApplication>
#include <QtQml/QQmlApplicationEngine>

int main(int argc, char **argv)
{
    QGuiApplication application(argc, argv);
    QCommandLineParser arguments;
    const QCommandLineOption url(QStringLiteral("url"), QStringLiteral("The broker."),
                                 QStringLiteral("url"), QStringLiteral("amqp://localhost"));
    // Not --name: on X11 Qt itself takes this option, and others such as --title, for its windows.
    const QCommandLineOption nick(QStringLiteral("nick"), QStringLiteral("Who you are."),
                                  QStringLiteral("name"), QStringLiteral("Somebody"));
    arguments.addOptions({url, nick});
    arguments.addHelpOption();
    arguments.process(application);

    QQmlApplicationEngine engine;
    engine.setInitialProperties({{QStringLiteral("url"), arguments.value(url)},
                                 {QStringLiteral("nick"), arguments.value(nick)}});
    engine.load(QUrl(QStringLiteral("qrc:/chat.qml")));
    return engine.rootObjects().isEmpty() ? 1 : application.exec();
}
