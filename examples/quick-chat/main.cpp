// A chat room: every window that is open on the same broker sees what is said in any of them. All of
// it is in chat.qml.
//
//     example_quick-chat [--url amqp://localhost] [--name NAME]

#include <QtCore/QCommandLineParser>
#include <QtGui/QGuiApplication>
#include <QtQml/QQmlApplicationEngine>

int main(int argc, char **argv)
{
    QGuiApplication application(argc, argv);
    QCommandLineParser arguments;
    const QCommandLineOption url(QStringLiteral("url"), QStringLiteral("The broker."),
                                 QStringLiteral("url"), QStringLiteral("amqp://localhost"));
    const QCommandLineOption name(QStringLiteral("name"), QStringLiteral("Who you are."),
                                  QStringLiteral("name"), QStringLiteral("Somebody"));
    arguments.addOptions({url, name});
    arguments.addHelpOption();
    arguments.process(application);

    QQmlApplicationEngine engine;
    engine.setInitialProperties({{QStringLiteral("url"), arguments.value(url)},
                                 {QStringLiteral("name"), arguments.value(name)}});
    engine.load(QUrl(QStringLiteral("qrc:/chat.qml")));
    return engine.rootObjects().isEmpty() ? 1 : application.exec();
}
