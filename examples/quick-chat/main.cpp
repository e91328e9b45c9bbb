// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// A chat room: every window that is open on the same broker sees what is said in any of them. All of
// it is in chat.qml.
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
    // Not --name, which is a window's on X11: Qt takes it, as it takes --title and others.
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
