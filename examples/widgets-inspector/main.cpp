// Looks into the queues of a broker: see mainwindow.h for what it can do.
// usage: widgets-inspector [--url URL] [--queue QUEUE]

#include "mainwindow.h"

#include <QtCore/QCommandLineParser>
#include <QtWidgets/QApplication>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QApplication::setOrganizationName(u"QtAmqp"_s);
    QApplication::setApplicationName(u"Inspector"_s);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker to connect to at once."_s, u"url"_s});
    parser.addOption({u"queue"_s, u"The queue to look at."_s, u"queue"_s});
    parser.process(app);

    MainWindow window;
    window.show();
    window.setQueue(parser.value(u"queue"_s));
    if (parser.isSet(u"url"_s))
        window.connectTo(QAmqpConnectionOptions::fromUrl(parser.value(u"url"_s)));
    else
        window.askForBroker();
    return app.exec();
}
